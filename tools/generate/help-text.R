# Reads the prose of tools/api/help and refuses what is missing, and what describes nothing.

# A list: `operations` (a page each, by wire name), `shared` and `snippets` (texts by name), `errors` and `patterns`
# (data frames).
read_help <- function(folder, api) {
  shared <- parse_sections(read_text(file.path(folder, "members.md")))
  is_snippet <- startsWith(names(shared$sections), "snippet ")
  snippets <- shared$sections[is_snippet]
  names(snippets) <- sub("^snippet ", "", names(snippets))

  help <- list(
    operations = lapply(named(api$operations$operation), function(operation) {
      read_page(file.path(folder, "operations", paste0(operation, ".md")), snippets)
    }),
    shared = fill_snippets(shared$sections[!is_snippet], snippets),
    limits = shared$limits,
    errors = read_table(file.path(folder, "errors.tsv")),
    patterns = read_table(file.path(folder, "patterns.tsv"))
  )
  check_help(help, api, folder)
  help
}

# One operation's page. Fields: title, family, account, permission, see, description (paragraphs), sections, limits and
# examples (lines).
read_page <- function(path, snippets) {
  lines <- read_text(path)
  examples <- match("## examples", lines)
  if (is.na(examples) || !startsWith(lines[[1]], "# ")) stop(path, ": wants a title and examples", call. = FALSE)
  parsed <- parse_sections(lines[seq_len(examples - 1)])

  fields <- grep("^(family|account|permission|see): ", parsed$head, value = TRUE)
  page <- as.list(sub("^[a-z]+: ", "", fields))
  names(page) <- sub(": .*$", "", fields)
  if (is.null(page$family) || !isTRUE(page$account %in% c("any", "own", "none"))) {
    stop(path, ": wants a family, and an account that is any, own or none", call. = FALSE)
  }
  page$title <- sub("^# ", "", lines[[1]])
  page$see <- strsplit(if (is.null(page$see)) "" else page$see, ", *")[[1]]
  page$description <- paragraphs(parsed$head[!parsed$head %in% c(parsed$head[[1]], fields)])
  page$sections <- fill_snippets(parsed$sections, snippets)
  page$limits <- parsed$limits
  page$examples <- lines[-seq_len(examples)]
  page
}

# The text under every "## name [limits]", joined to one line each, and what comes before the first.
parse_sections <- function(lines) {
  heads <- grep("^## ", lines)
  if (length(heads) == 0) return(list(head = lines, sections = character(), limits = character()))
  ends <- c(heads[-1] - 1, length(lines))
  names <- sub(" *\\[.*$", "", sub("^## ", "", lines[heads]))
  texts <- Map(function(head, end) {
    body <- lines[setdiff(seq(head, end), head)]
    paste(body[body != "" & !startsWith(body, "# ")], collapse = " ")
  }, heads, ends)
  limits <- ifelse(grepl("\\[.*\\]$", lines[heads]), sub("^.*\\[(.*)\\]$", "\\1", lines[heads]), NA)
  list(
    head = lines[seq_len(heads[[1]] - 1)],
    sections = stats::setNames(unlist(texts), names),
    limits = stats::setNames(limits, names)
  )
}

fill_snippets <- function(texts, snippets) {
  for (name in names(snippets)) texts <- gsub(paste0("{{", name, "}}"), snippets[[name]], texts, fixed = TRUE)
  texts
}

paragraphs <- function(lines) {
  blocks <- split(lines[lines != ""], cumsum(lines == "")[lines != ""])
  unname(vapply(blocks, paste, "", collapse = " "))
}

read_text <- function(path) readLines(path, encoding = "UTF-8", warn = FALSE)

named <- function(values) stats::setNames(values, values)

# The text for an argument ("argument") or a result member ("value"): the operation's own, or the shared one.
member_text <- function(help, operation, kind, member) {
  name <- paste(kind, member)
  own <- help$operations[[operation]]$sections
  if (name %in% names(own)) own[[name]] else help$shared[[name]]
}

# The limits to print in place of the model's; NA for the model's.
member_limits <- function(help, operation, member) {
  name <- paste("argument", member)
  own <- help$operations[[operation]]$limits
  if (name %in% names(own)) own[[name]] else if (name %in% names(help$limits)) help$limits[[name]] else NA
}

check_help <- function(help, api, folder) {
  directions <- c(input = "argument", output = "value")
  members <- api$members[api$members$direction != "structure", ]
  wanted <- paste(directions[members$direction], members$member)
  own <- lapply(help$operations, function(page) names(page$sections))
  has_own <- mapply(function(name, operation) name %in% own[[operation]], wanted, members$owner)
  nested <- api$members[api$members$direction == "structure", ]
  structured <- paste0(nested$owner, ".", nested$member)

  refuse_unknown(wanted[!has_own], names(help$shared), "members.md lacks")
  refuse_unknown(structured, names(help$shared), "members.md lacks")
  refuse_unknown(names(help$shared), c(wanted[!has_own], structured), "members.md, never used")
  for (operation in names(own)) {
    known <- c(wanted[members$owner == operation], paste("error", errors_of(api, operation)))
    refuse_unknown(own[[operation]], known, paste0(operation, ".md, never used"))
    refuse_unknown(help$operations[[operation]]$see, api$operations$method, paste0(operation, ".md: see"))
  }
  refuse_unknown(api$errors$error, help$errors$error, "help/errors.tsv lacks")
  refuse_unknown(help$errors$error, api$errors$error, "help/errors.tsv, never used")
  refuse_unknown(setdiff(api$members$pattern, ""), help$patterns$pattern, "help/patterns.tsv lacks")
  refuse_unknown(help$patterns$pattern, api$members$pattern, "help/patterns.tsv, never used")
  pages <- sub("\\.md$", "", list.files(file.path(folder, "operations")))
  refuse_unknown(pages, api$operations$operation, "help/operations, no such operation")

  # Both would need escaping in Rd, and one would turn the rest of the line into a comment.
  texts <- c(help$shared, unlist(lapply(help$operations, function(page) c(page$description, page$sections))))
  bad <- grep("[%\\\\]|\\{\\{", texts, value = TRUE)
  if (length(bad) > 0) stop("a per cent sign, a backslash or an unknown snippet in: ", bad[[1]], call. = FALSE)
}
