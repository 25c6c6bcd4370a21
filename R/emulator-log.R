# What was called, in CloudTrail's words.

# CloudTrail's records as a data frame: a row a call, with what is nested in list columns.
emulator_log <- function(records) {
  text <- function(name) vapply(records, function(record) first_or(record[[name]], NA_character_), "")
  identity <- function(name) vapply(records, function(record) record$userIdentity[[name]], "")
  log <- data.frame(
    eventTime = time_from(parse_iso8601(text("eventTime"))),
    eventName = text("eventName"),
    awsRegion = text("awsRegion"),
    errorCode = text("errorCode"),
    errorMessage = text("errorMessage"),
    userName = identity("userName"),
    accessKeyId = identity("accessKeyId"),
    userAgent = text("userAgent"),
    readOnly = vapply(records, function(record) record$readOnly, NA),
    requestID = text("requestID"),
    eventID = text("eventID")
  )
  log$requestParameters <- lapply(records, function(record) record$requestParameters)
  log$responseElements <- lapply(records, function(record) record$responseElements)
  log$resources <- lapply(records, function(record) vapply(record$resources, function(resource) resource$ARN, ""))
  class(log) <- c("kms_emulator_log", class(log))
  log
}

# The whole of it is too wide to read. Who picked columns, so that the last of all is gone, sees those.
#' @export
print.kms_emulator_log <- function(x, ...) {
  shown <- c("eventTime", "eventName", "awsRegion", "errorCode")
  rest <- setdiff(names(x), shown)
  plain <- as.data.frame(x)
  if (!all(c(shown, "resources") %in% names(x))) {
    print(plain, ...)
  } else if (nrow(x) == 0) {
    writeLines("No calls.")
  } else {
    print(plain[shown], ...)
    writeLines(strwrap(paste("More columns:", toString(rest)), width = 78, initial = "# ", prefix = "#   "))
  }
  invisible(x)
}

#' @export
as.data.frame.kms_emulator_log <- function(x, ...) {
  class(x) <- setdiff(class(x), "kms_emulator_log")
  x
}
