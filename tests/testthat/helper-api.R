# Requests and answers of every operation, made from the API tables by the rules of the mirrored interface.

# The API tables; skips where they are not, as in a package check.
api_tables <- function() {
  tables <- testthat::test_path("..", "..", "tools", "generate", "tables.R")
  testthat::skip_if_not(file.exists(tables), "The API tables are part of the repository, not of the package")
  reader <- new.env()
  sys.source(tables, reader)
  reader$read_api(testthat::test_path("..", "..", "tools", "api"))
}

api_members <- function(api, owner, direction, newer = FALSE) {
  of_owner <- api$members$owner == owner & api$members$direction == direction
  # What is newer than the mirrored interface comes last.
  known <- which(of_owner & !api$members$newer)
  api$members[c(known, if (newer) which(of_owner & api$members$newer)), ]
}

# An operation's arguments, all given, and the JSON members they must become.
full_request <- function(api, operation, newer = FALSE) {
  members <- api_members(api, operation, "input", newer)
  list(
    arguments = fill_members(api, members, given_value),
    json = fill_members(api, members, sent_value)
  )
}

# An operation's result, every member there, and with every member missing.
full_result <- function(api, operation, newer = FALSE) {
  fill_members(api, api_members(api, operation, "output", newer), full_value, newer)
}

empty_result <- function(api, operation) {
  fill_members(api, api_members(api, operation, "output"), empty_value)
}

fill_members <- function(api, members, fill, ...) {
  values <- Map(function(type, name) fill(api, type, name, ...), members$type, members$member)
  if (length(values) == 0) list() else stats::setNames(values, members$member)
}

given_value <- function(api, type, name) {
  switch(kind_of(type),
    string = paste0(name, "-x"),
    blob = charToRaw(paste0("blob:", name)),
    timestamp = as.POSIXct(1893456000.75, origin = "1970-01-01", tz = "UTC"),
    boolean = TRUE,
    integer = 7,
    map = stats::setNames(rep(list(paste0(name, "-x")), 2), c("b", "a")),
    list = rep(list(given_value(api, inner_type(type), name)), 2),
    structure = fill_members(api, api_members(api, type, "structure"), given_value)
  )
}

sent_value <- function(api, type, name) {
  switch(kind_of(type),
    blob = jsonlite::base64_enc(charToRaw(paste0("blob:", name))),
    timestamp = 1893456000L,
    integer = 7L,
    list = rep(list(sent_value(api, inner_type(type), name)), 2),
    structure = fill_members(api, api_members(api, type, "structure"), sent_value),
    given_value(api, type, name)
  )
}

full_value <- function(api, type, name, newer) {
  switch(kind_of(type),
    string = paste0(name, "-\u00e9"),
    blob = charToRaw(paste0("blob:", name)),
    timestamp = gmt(1700000000.25),
    boolean = TRUE,
    integer = 365,
    map = stats::setNames(rep(list(paste0(name, "-\u00e9")), 2), c("k1", "k2")),
    list = {
      items <- rep(list(full_value(api, inner_type(type), name, newer)), 2)
      if (is.list(items[[1]])) items else unlist(items)
    },
    structure = fill_members(api, api_members(api, type, "structure", newer), full_value, newer)
  )
}

empty_value <- function(api, type, name) {
  switch(kind_of(type),
    string = character(),
    # Not raw(0): so it is in the mirrored interface.
    blob = character(),
    timestamp = gmt(numeric()),
    boolean = logical(),
    integer = numeric(),
    map = list(),
    list = list(),
    structure = fill_members(api, api_members(api, type, "structure"), empty_value)
  )
}

gmt <- function(seconds) structure(seconds, class = c("POSIXct", "POSIXt"), tzone = "GMT")

kind_of <- function(type) {
  if (startsWith(type, "enum:")) {
    "string"
  } else if (startsWith(type, "list<")) {
    "list"
  } else if (startsWith(type, "map<")) {
    "map"
  } else if (type %in% c("string", "blob", "timestamp", "boolean", "integer")) {
    type
  } else {
    "structure"
  }
}

inner_type <- function(type) sub("^list<(.*)>$", "\\1", type)

operation_of <- function(api, method) api$operations$operation[api$operations$method == method]

# JSON objects have no order.
sort_members <- function(x) {
  if (!is.list(x)) {
    return(x)
  }
  if (!is.null(names(x))) x <- x[order(names(x), method = "radix")]
  lapply(x, sort_members)
}
