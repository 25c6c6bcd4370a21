# Reads the tables of tools/api and refuses what does not hang together, so that the writers need not look again.

# A list of data frames, all columns character except the flags (logical) and the limits (integer), rows in file order.
read_api <- function(folder) {
  api <- list(
    operations = read_table(file.path(folder, "operations.tsv")),
    members = read_table(file.path(folder, "members.tsv")),
    enumerations = read_table(file.path(folder, "enumerations.tsv")),
    errors = read_table(file.path(folder, "errors.tsv"))
  )
  for (flag in c("required", "sensitive", "newer", "in_sdk")) {
    api$members[[flag]] <- parse_flag(api$members[[flag]], paste0("members.tsv: ", flag))
  }
  for (flag in c("newer", "emulated")) {
    api$operations[[flag]] <- parse_flag(api$operations[[flag]], paste0("operations.tsv: ", flag))
  }
  for (limit in c("min", "max")) {
    api$members[[limit]] <- as.integer(api$members[[limit]])
  }
  check_api(api)
  api
}

read_table <- function(path) {
  read.delim(path, quote = "", colClasses = "character", na.strings = character(), encoding = "UTF-8")
}

parse_flag <- function(text, where) {
  if (!all(text %in% c("yes", "no"))) stop(where, " must be yes or no", call. = FALSE)
  text == "yes"
}

check_api <- function(api) {
  refuse_repeats(api$operations$operation, "operations.tsv")
  refuse_repeats(api$operations$method, "operations.tsv")
  refuse_repeats(do.call(paste, api$members[c("owner", "direction", "member")]), "members.tsv")
  refuse_repeats(do.call(paste, api$enumerations), "enumerations.tsv")
  refuse_repeats(do.call(paste, api$errors), "errors.tsv")

  of_structures <- api$members$direction == "structure"
  refuse_unknown(api$members$direction, c("input", "output", "structure"), "members.tsv: direction")
  refuse_unknown(api$members$owner[!of_structures], api$operations$operation, "members.tsv: owner")
  refuse_unknown(api$errors$operation, api$operations$operation, "errors.tsv: operation")

  # The innermost names of the types must exist, and no structure or enumeration may be left over.
  leaves <- unique(type_leaf(api$members$type))
  scalars <- c("string", "blob", "timestamp", "boolean", "integer", "map<string,string>")
  named <- c(unique(api$members$owner[of_structures]), paste0("enum:", unique(api$enumerations$enumeration)))
  refuse_unknown(leaves, c(scalars, named), "members.tsv: type")
  refuse_unknown(named, leaves, "members.tsv and enumerations.tsv, never used")
}

refuse_repeats <- function(values, where) {
  repeated <- unique(values[duplicated(values)])
  if (length(repeated) > 0) stop(where, ": more than once: ", toString(repeated), call. = FALSE)
}

refuse_unknown <- function(values, known, where) {
  unknown <- setdiff(values, known)
  if (length(unknown) > 0) stop(where, ": ", toString(unknown), call. = FALSE)
}

# Byte order, whatever the locale.
sort_bytes <- function(values) sort(values, method = "radix")

members_of <- function(api, owner, direction) {
  api$members[api$members$owner == owner & api$members$direction == direction, ]
}

errors_of <- function(api, operation) {
  api$errors$error[api$errors$operation == operation]
}

values_of <- function(api, enumeration) {
  api$enumerations$value[api$enumerations$enumeration == enumeration]
}

is_list_type <- function(type) startsWith(type, "list<")

# "list<enum:KeySpec>" -> "enum:KeySpec"; other types are returned as they are.
element_type <- function(type) sub("^list<(.*)>$", "\\1", type)

# The innermost type of a list, however deep.
type_leaf <- function(type) {
  while (any(is_list_type(type))) type <- element_type(type)
  type
}

is_enum_type <- function(type) startsWith(type, "enum:")

enum_name <- function(type) sub("^enum:", "", type)

is_structure_type <- function(api, type) {
  type %in% api$members$owner[api$members$direction == "structure"]
}

# "AWSAccountId" -> "aws_account_id", as the SDK spells its setters.
snake_case <- function(name) {
  name <- gsub("([A-Z]+)([A-Z][a-z])", "\\1_\\2", name)
  tolower(gsub("([a-z0-9])([A-Z])", "\\1_\\2", name))
}
