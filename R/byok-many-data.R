# The data frame of an import of many keys, checked row by row before anything is sent.

many_columns <- c(
  "id", "path", "material", "key_spec", "key_id", "region", "alias", "description", "tags", "policy", "key_usage",
  "multi_region", "expires", "material_description"
)

# The clients by Region.
many_clients <- function(svc) {
  if (inherits(svc, "kms_client")) {
    check_client(svc)
    return(rlang::set_names(list(svc), region_of(svc)))
  }
  if (!is.list(svc) || length(svc) == 0) {
    abort_argument("svc", describe_value(svc), "a client made by kms(), or a list of clients named by Region")
  }
  for (client in svc) {
    check_client(client)
  }
  regions <- vapply(svc, region_of, "")
  if (is.null(names(svc)) || !identical(unname(regions), names(svc)) || anyDuplicated(regions)) {
    abort_argument(
      "svc", paste("clients for", paste(regions, collapse = ", "), "under the names", paste(names(svc), collapse = ", ")),
      "one client for each Region, under the Region's name"
    )
  }
  svc
}

# A list of rows; or one error that names every row that cannot be imported as it is.
many_rows <- function(clients, data, wrapping_algorithm, wrapping_key_spec) {
  check_columns(data)
  ids <- row_ids(data)
  problems <- list()
  rows <- lapply(seq_len(nrow(data)), function(number) {
    tryCatch(
      new_row(number, ids[number], cells(data, number), clients, wrapping_algorithm, wrapping_key_spec),
      kmsr_error = function(error) {
        problems[[ids[number]]] <<- error
        NULL
      }
    )
  })
  if (length(problems) == 0) {
    problems <- twice(rows, "alias", function(row) row$new_key$alias)
    problems <- c(problems, twice(rows, "key", function(row) row$key_id))
  }
  if (length(problems) > 0) {
    abort_rows(problems, nrow(data))
  }
  rows
}

check_columns <- function(data) {
  if (!is.data.frame(data)) {
    abort_argument("data", describe_value(data), "a data frame with a row for every key")
  }
  if (nrow(data) == 0) {
    abort_argument("data", "no rows", "a data frame with a row for every key")
  }
  strange <- setdiff(names(data), many_columns)
  if (length(strange) > 0) {
    abort_argument(
      "data", sprintf("the column `%s`", strange[1]),
      paste("a data frame with columns among", paste(many_columns, collapse = ", ")),
      advice = did_you_mean(nearest(strange[1], many_columns), "`")
    )
  }
  sources <- intersect(c("path", "material"), names(data))
  if (length(sources) != 1) {
    abort_argument(
      "data", if (length(sources) == 0) "neither of them" else "both of them",
      "a data frame with a column `path` of files, or `material` of key material objects"
    )
  }
}

row_ids <- function(data) {
  ids <- if (is.null(data$id)) as.character(seq_len(nrow(data))) else as.character(data$id)
  if (anyNA(ids) || !all(nzchar(ids)) || anyDuplicated(ids)) {
    abort_argument("data", "some that are missing or there twice", "a data frame whose `id` names every row differently")
  }
  enc2utf8(ids)
}

# A row's values, without those that are missing.
cells <- function(data, number) {
  values <- lapply(data, function(column) column[[number]])
  missing <- vapply(values, function(value) is.null(value) || (is.atomic(value) && length(value) == 1 && is.na(value)), NA)
  values[!missing]
}

new_row <- function(number, id, cells, clients, wrapping_algorithm, wrapping_key_spec) {
  region <- cells$region %||% names(clients)[length(clients) == 1]
  if (!is_string(region) || is.null(clients[[region]])) {
    abort_argument("region", if (is_string(region)) region else "none", paste("one of", paste(names(clients), collapse = ", ")))
  }
  material <- row_material(cells)
  facts <- key_material_facts(material)
  if (!is.null(cells$key_spec) && !identical(cells$key_spec, facts$key_spec)) {
    abort_argument("key_spec", cells$key_spec, sprintf("%s, which the material is of", facts$key_spec))
  }
  check_material_description(cells$material_description, facts)
  key_id <- if (!is.null(cells$key_id)) as_key_id(cells$key_id)
  new_key <- list(
    alias = check_alias(cells$alias), description = cells$description, tags = row_tags(cells$tags),
    policy = cells$policy, key_usage = cells$key_usage, multi_region = cells$multi_region %||% FALSE
  )
  if (is.null(key_id)) {
    check_key_usage(new_key, facts)
    check_flag(new_key$multi_region, "multi_region")
  } else {
    check_existing(new_key)
  }
  list2env(list(
    number = number, id = id, svc = clients[[region]], region = region, key_id = key_id, new_key = new_key,
    # A file is read again when its turn comes, so that few secrets are in memory at a time.
    material = if (is.null(cells$path)) material, path = cells$path, facts = facts,
    evidence = NULL, valid_to = parse_expires(cells$expires), material_description = cells$material_description,
    wrapping = choose_wrapping(facts, wrapping_algorithm, wrapping_key_spec, region),
    status = "pending", step = "start", key = NULL, created = NA, result = NULL, request_ids = character(),
    error = NULL, receipt = NULL, started = NA, seconds = NA_real_, doubts = 0
  ), parent = emptyenv())
}

row_material <- function(cells) {
  if (!is.null(cells$path)) {
    return(key_material_file(cells$path, cells$key_spec))
  }
  if (!inherits(cells$material, "kms_key_material")) {
    abort_argument("material", describe_value(cells$material), "key material, as key_material_file() and its kin make it")
  }
  cells$material
}

# The material of a row, at its turn.
read_material <- function(row) {
  material <- row$material %||% key_material_file(row$path, row$facts$key_spec)
  if (!identical(key_material_facts(material), row$facts)) {
    abort_kmsr(
      sprintf("%s has changed since the import began.", row$path),
      class = "kmsr_key_material_error", reason = "changed"
    )
  }
  material
}

row_tags <- function(tags) {
  tags <- unlist(tags)
  if (length(tags) == 0) {
    return(NULL)
  }
  if (!is.character(tags) || is.null(names(tags)) || !all(nzchar(names(tags))) || anyDuplicated(names(tags))) {
    abort_argument("tags", describe_value(tags), "a named character vector, every name once")
  }
  if (import_tag %in% names(tags) || length(tags) > 49) {
    abort_argument("tags", sprintf("%d tags", length(tags)), sprintf("at most 49, without \"%s\"", import_tag))
  }
  tags
}

# Rows that want the same thing, which only one can have.
twice <- function(rows, what, of) {
  wanted <- vapply(rows, function(row) if (is.null(of(row))) NA_character_ else paste(row$region, of(row)), "")
  again <- which(duplicated(wanted) & !is.na(wanted))
  problems <- lapply(again, function(index) {
    first <- rows[[match(wanted[index], wanted)]]
    simpleError(sprintf("`%s` is the same as in row \"%s\".", what, first$id))
  })
  rlang::set_names(problems, vapply(rows[again], function(row) row$id, ""))
}

abort_rows <- function(problems, total) {
  message_of <- function(error) {
    given <- error[["given"]]
    paste0(error$message, if (is_string(given)) sprintf(" Given: %s.", given))
  }
  told <- sprintf("row \"%s\": %s", names(problems), vapply(problems, message_of, ""))
  abort_kmsr(
    sprintf("%d of %s cannot be imported. Nothing was sent.", length(problems), counted(total, "row")),
    class = "kmsr_argument_error",
    body = c(
      rlang::set_names(utils::head(told, 5), rep("x", min(5, length(told)))),
      i = if (length(told) > 5) "The field `problems` of this error has all of them."
    ),
    argument = "data", problems = problems
  )
}
