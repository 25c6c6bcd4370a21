# The roxygen block above every operation.

r_help <- function(operation, api, help) {
  page <- help$operations[[operation]]
  method <- api$operations$method[api$operations$operation == operation]
  arguments <- members_of(api, operation, "input")
  blocks <- c(
    list(page$title, c("@description", page$description[[1]])),
    as.list(page$description[-1]),
    list(help_syntax(method, arguments, api)),
    lapply(seq_len(nrow(arguments)), function(i) help_argument(arguments[i, ], api, help)),
    list(
      help_value(operation, api, help),
      help_errors(operation, api, help),
      help_permission(operation, page),
      help_see_also(operation, page),
      paste("@family", page$family),
      help_examples(page, api)
    )
  )
  lines <- unlist(lapply(blocks, function(block) c(block, "")))
  c(trimws(paste("#'", unlist(lapply(lines, wrap_line))), "right"), "#' @export")
}

# Prose is wrapped with its own indentation; lines marked as code (by code()) are left alone.
wrap_line <- function(line) {
  if (startsWith(line, code_mark)) return(substring(line, nchar(code_mark) + 1))
  if (line == "") return(line)
  indent <- nchar(line) - nchar(trimws(line, "left"))
  bullet <- if (startsWith(trimws(line, "left"), "* ")) 2 else 0
  strwrap(line, line_width - 3, indent = indent, exdent = indent + bullet)
}

code_mark <- "\001"

code <- function(lines) paste0(code_mark, lines)

help_syntax <- function(method, arguments, api) {
  values <- lapply(seq_len(nrow(arguments)), function(i) syntax_value(arguments$type[[i]], api))
  c(
    "@section Request syntax:",
    sprintf(
      "With a client made by [kms()]; `kms_%s()` takes the same arguments and uses the session's client.",
      method
    ),
    code(c("```", syntax_call(paste0("svc$", method), arguments$member, values), "```"))
  )
}

# A call as lines, one argument each, for values that are lines themselves.
syntax_call <- function(head, names, values) {
  if (length(names) == 0) return(paste0(head, "()"))
  arguments <- Map(function(name, value) {
    c(paste(name, "=", value[[1]]), value[-1])
  }, names, values)
  last <- length(arguments)
  arguments[-last] <- lapply(arguments[-last], function(lines) {
    lines[[length(lines)]] <- paste0(lines[[length(lines)]], ",")
    lines
  })
  c(paste0(head, "("), paste0("  ", unlist(arguments, use.names = FALSE)), ")")
}

syntax_value <- function(type, api) {
  if (is_list_type(type)) {
    inner <- syntax_value(element_type(type), api)
    if (length(inner) == 1) return(sprintf("list(%s)", inner))
    return(c("list(", paste0("  ", inner), ")"))
  }
  if (is_enum_type(type)) {
    return(syntax_alternatives(sprintf('"%s"', values_of(api, enum_name(type)))))
  }
  if (is_structure_type(api, type)) {
    members <- members_of(api, type, "structure")
    return(syntax_call("list", members$member, lapply(members$type, syntax_value, api = api)))
  }
  scalars <- c(
    string = '"string"', blob = 'charToRaw("bytes")', timestamp = 'as.POSIXct("2030-01-01")',
    boolean = "TRUE | FALSE", integer = "123", "map<string,string>" = 'list(name = "string")'
  )
  scalars[[type]]
}

# As many of the values as fit beside an argument's name.
syntax_alternatives <- function(values) {
  whole <- paste(values, collapse = " | ")
  if (nchar(whole) <= 60) return(whole)
  fitting <- max(1, sum(cumsum(nchar(values) + 3) <= 60))
  paste(c(values[seq_len(fitting)], "..."), collapse = " | ")
}

help_argument <- function(row, api, help) {
  need <- if (row$required) {
    "Required."
  } else if (row$instead != "") {
    sprintf("Required, unless `%s` is given.", row$instead)
  } else {
    "Optional."
  }
  limits <- member_limits(help, row$owner, row$member)
  c(
    paste(
      paste("@param", row$member), need, member_text(help, row$owner, "argument", row$member),
      argument_type(row, limits, api, help), if (row$sensitive) "Never printed or logged."
    ),
    structure_items(type_leaf(row$type), api, help, 0, argument_note)
  )
}

# A sentence: the R type, the limits, the allowed values.
argument_type <- function(row, limits, api, help) {
  type <- row$type
  if (is_enum_type(type)) return(one_of(values_of(api, enum_name(type))))
  if (is_list_type(type)) {
    element <- element_type(type)
    if (is_structure_type(api, element)) return("A list of named lists, each with:")
    size <- size_words(row, limits, "element")
    if (is_enum_type(element)) {
      return(paste0("A character vector", size, ". ", one_of(values_of(api, enum_name(element)), "Any of")))
    }
    return(paste0("A character vector", size, "."))
  }
  if (is_structure_type(api, type)) return("A named list with:")
  switch(type,
    string = paste0("A string", size_words(row, limits, "character"), pattern_words(row, help), "."),
    blob = paste0("A raw vector", size_words(row, limits, "byte"), "; of text, its UTF-8 bytes are sent."),
    integer = paste0("A whole number", range_words(row, limits), "."),
    boolean = "`TRUE` or `FALSE`.",
    timestamp = "A time: `POSIXct`, `POSIXlt`, `Date`, text in ISO 8601, or seconds since 1970-01-01 UTC.",
    "map<string,string>" = "A named list of strings, or a named character vector."
  )
}

one_of <- function(values, lead = "One of") {
  quoted <- sprintf('`"%s"`', values)
  if (length(quoted) == 1) return(sprintf("Always %s.", quoted))
  paste0(lead, " ", paste(quoted[-length(quoted)], collapse = ", "), " or ", quoted[[length(quoted)]], ".")
}

size_words <- function(row, limits, unit) {
  if (!is.na(limits)) return(sprintf(" of %s %ss", limits, unit))
  least <- if (is.na(row$min)) 0 else row$min
  if (is.na(row$max)) return("")
  if (least == row$max) return(sprintf(" of %d %ss", row$max, unit))
  if (least == 0) return(sprintf(" of at most %d %ss", row$max, unit))
  sprintf(" of %d to %d %ss", least, row$max, unit)
}

range_words <- function(row, limits) {
  if (!is.na(limits)) return(paste0(" from ", limits))
  if (is.na(row$max)) "" else sprintf(" from %d to %d", row$min, row$max)
}

pattern_words <- function(row, help) {
  words <- help$patterns$words[match(row$pattern, help$patterns$pattern)]
  if (row$pattern == "" || words == "") "" else paste0(", ", words)
}

# The members of a structure as a nested list; nothing for other types. `note` writes what stands in brackets.
structure_items <- function(type, api, help, depth, note) {
  if (!is_structure_type(api, type)) return(character())
  members <- members_of(api, type, "structure")
  unlist(lapply(seq_len(nrow(members)), function(i) {
    row <- members[i, ]
    text <- help$shared[[paste0(type, ".", row$member)]]
    help_item(row, text, api, help, depth, note)
  }))
}

help_item <- function(row, text, api, help, depth, note) {
  c(
    paste0(strrep("  ", depth), "* `", row$member, "` (", note(row, api), "): ", text, item_values(row, api)),
    structure_items(type_leaf(row$type), api, help, depth + 1, note)
  )
}

# The allowed values, where they are few enough to read in passing.
item_values <- function(row, api) {
  leaf <- type_leaf(row$type)
  if (!is_enum_type(leaf)) return("")
  values <- values_of(api, enum_name(leaf))
  if (length(values) == 1 || length(values) > 8) return("")
  paste0(" ", one_of(values, if (is_list_type(row$type)) "Any of" else "One of"))
}

argument_note <- function(row, api) {
  type <- switch(row$type,
    string = "string", blob = "raw vector", timestamp = "time", boolean = "`TRUE` or `FALSE`", integer = "number",
    "map<string,string>" = "named list of strings", "string"
  )
  paste0(type, if (row$required) ", required", if (row$sensitive) ", never printed or logged")
}

value_note <- function(row, api) {
  type <- if (is_structure_type(api, type_leaf(row$type))) {
    if (is_list_type(row$type)) "list of lists" else "list"
  } else if (is_list_type(row$type)) {
    "character vector"
  } else {
    switch(row$type,
      blob = "raw vector", timestamp = "`POSIXct`", boolean = "logical", integer = "number",
      "map<string,string>" = "named list of strings", "string"
    )
  }
  paste0(type, if (row$sensitive) ", never logged", if (row$newer) ", left out when the service does not send it")
}

help_value <- function(operation, api, help) {
  members <- members_of(api, operation, "output")
  if (nrow(members) == 0) return("@returns An empty list: the service answers with nothing but success.")
  c(
    paste("@returns A list. What the service leaves out is there but empty:", empty_words(members, api)),
    unlist(lapply(seq_len(nrow(members)), function(i) {
      text <- member_text(help, operation, "value", members$member[[i]])
      help_item(members[i, ], text, api, help, 0, value_note)
    }))
  )
}

# Which empty value stands for which kind of member, for the kinds that occur in this result.
empty_words <- function(members, api) {
  types <- members$type
  repeat {
    inner <- api$members$direction == "structure" & api$members$owner %in% type_leaf(types)
    more <- union(types, api$members$type[inner])
    if (length(more) == length(types)) break
    types <- more
  }
  scalar <- !is_list_type(types) & !is_structure_type(api, types)
  has <- function(...) any(types[scalar] %in% c(...))
  words <- c(
    if (any(is_enum_type(types[scalar])) || has("string", "blob")) {
      paste0("`character(0)` for text", if (has("blob")) " and bytes")
    },
    if (has("integer")) "`numeric(0)` for numbers",
    if (has("boolean")) "`logical(0)` for logicals",
    if (has("timestamp")) "a `POSIXct` of length 0 for times",
    if (any(is_list_type(types)) || has("map<string,string>")) "`list()` for lists"
  )
  paste0(paste(words, collapse = ", "), ".", if (has("timestamp")) " Times are in GMT.")
}

help_errors <- function(operation, api, help) {
  own <- help$operations[[operation]]$sections
  items <- vapply(errors_of(api, operation), function(error) {
    row <- help$errors[help$errors$error == error, ]
    name <- paste("error", error)
    text <- if (name %in% names(own)) own[[name]] else paste(row$meaning, row$remedy)
    sprintf("* `kmsr_%s`: %s", error, text)
  }, "")
  c(
    "@section Errors:",
    "Classes to catch by name; all of them are `kmsr_service_error` and `paws_error` too.",
    items,
    "",
    paste(
      "Every operation may also fail with `kmsr_AccessDeniedException` (you may not do this),",
      "`kmsr_ThrottlingException` (too many requests, even after trying again) and `kmsr_ValidationException` (an",
      "argument the service does not accept)."
    )
  )
}

help_permission <- function(operation, page) {
  permission <- if (is.null(page$permission)) sprintf("`kms:%s` on the key", operation) else page$permission
  account <- switch(page$account,
    any = "It works on keys of other accounts too, named by ARN, if their policies allow it.",
    own = "It works within your own account only.",
    none = NULL
  )
  c("@section Permission:", paste(c(paste0("You need ", permission, "."), account), collapse = " "))
}

help_see_also <- function(operation, page) {
  reference <- sprintf("<https://docs.aws.amazon.com/kms/latest/APIReference/API_%s.html>", operation)
  links <- sprintf("[kms_%s()]", page$see)
  sprintf("@seealso %s. AWS' own reference: %s.", paste(links, collapse = ", "), reference)
}

# Run on the emulator where it serves every operation of the example; shown with a real client otherwise.
help_examples <- function(page, api) {
  calls <- regmatches(page$examples, gregexpr("(?<=svc\\$)[a-z_]+", page$examples, perl = TRUE))
  served <- api$operations$method[api$operations$emulated]
  if (all(unlist(calls) %in% served)) {
    lines <- c("emulator <- kms_emulator()", "svc <- emulator$client()", page$examples, "emulator$stop()")
  } else {
    why <- "# Needs AWS: the emulator does not serve all of this."
    lines <- c("\\dontrun{", why, "svc <- kms()", page$examples, "}")
  }
  c("@examples", code(lines))
}
