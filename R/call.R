# The only road from an operation to Rust: sends it with the client behind a handle and returns its result, or raises the
# condition that says what went wrong.
call_operation <- function(handle, operation, arguments) {
  result <- with_client(handle, rs_call, operation, arguments)
  if (is.object(result)) unwrap(result, operation, arguments) else result
}

# Calls a function of the Rust half with the client behind a handle and the log's level, and writes the log. The client is
# made when there is none, or when the one there is belongs to another process.
with_client <- function(handle, rs_function, ...) {
  if (is.null(handle$pointer) || handle$lookups != the$lookups) {
    connect(handle)
  }
  level <- log_level()
  result <- rs_function(handle$pointer, ..., level)
  # What comes back is plain, unless there is something to tell: a failure or a log.
  if (!is.object(result)) {
    return(result)
  }
  result <- told(result)
  if (is_failure(result, "stale")) {
    connect(handle)
    result <- told(rs_function(handle$pointer, ..., level))
  }
  result
}

abort_missing_argument <- function(argument, method) {
  abort_kmsr(
    sprintf("argument \"%s\" is missing, with no default", argument),
    class = "kmsr_argument_error",
    body = c(i = sprintf("`%s()` needs `%s`; see `?kms_%s`.", method, argument, method)),
    argument = argument
  )
}

# A time argument as seconds since 1970, however R says it. Days are never taken for seconds.
timestamp_argument <- function(x, argument, also = "") {
  # A class can say what the object is not, and then no method knows what to do.
  seconds <- tryCatch(time_seconds(x), error = function(e) NA_real_)
  if (is.null(seconds)) {
    return(NULL)
  }
  # The years that ISO 8601 can write. Beyond, they are milliseconds or a mistake.
  if (length(seconds) != 1 || !is.finite(seconds) || seconds < -62167219200 || seconds >= 253402300800) {
    abort_argument(
      argument,
      given = describe_value(x),
      wanted = paste(
        paste0("one time: ", also, "a POSIXct, a Date (midnight UTC), an ISO 8601 string such as"),
        "\"2030-01-31T12:00:00Z\", or seconds since 1970"
      )
    )
  }
  seconds
}

# Seconds since 1970, as many as there are times; NA for what is none, whatever its class says; NULL for nothing.
time_seconds <- function(x) {
  if (length(x) == 0 && (is.atomic(x) || is.list(x))) {
    return(NULL)
  }
  if (inherits(x, "POSIXlt")) {
    x <- as.POSIXct(x)
  }
  if (is.list(x) && !is.object(x) && length(x) == 1) {
    x <- x[[1]]
  }
  if (is.character(x)) {
    parse_iso8601(unclass(x))
  } else if (!typeof(x) %in% c("double", "integer")) {
    NA_real_
  } else if (inherits(x, "Date")) {
    as.numeric(x) * 86400
  } else if (inherits(x, "POSIXct") || !is.object(x)) {
    as.numeric(x)
  } else {
    NA_real_
  }
}

# Seconds since 1970 of ISO 8601 dates and times; NA for what is none. A time without offset is UTC.
parse_iso8601 <- function(x) {
  date <- "(\\d{4}-\\d{2}-\\d{2})"
  time <- "(\\d{2}:\\d{2}(?::\\d{2}(?:\\.\\d+)?)?)"
  offset <- "(Z|[+-](?:[01]\\d|2[0-3]):?[0-5]\\d)"
  x[!validUTF8(x)] <- NA
  parts <- regmatches(x, regexec(sprintf("^%s(?:[T ]%s%s?)?$", date, time, offset), x, perl = TRUE))
  vapply(parts, function(part) {
    if (length(part) != 4) {
      return(NA_real_)
    }
    time <- if (nzchar(part[3])) part[3] else "00:00:00"
    if (nchar(time) == 5) time <- paste0(time, ":00")
    seconds <- as.numeric(as.POSIXct(paste(part[2], time), format = "%Y-%m-%d %H:%M:%OS", tz = "UTC"))
    offset <- sub(":", "", part[4], fixed = TRUE)
    if (nzchar(offset) && offset != "Z") {
      minutes <- as.numeric(substr(offset, 2, 3)) * 60 + as.numeric(substr(offset, 4, 5))
      seconds <- seconds - ifelse(startsWith(offset, "-"), -1, 1) * minutes * 60
    }
    seconds
  }, numeric(1))
}
