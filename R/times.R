# Times: always POSIXct in GMT, written as ISO 8601.

now <- function() {
  time_from(as.numeric(Sys.time()))
}

time_from <- function(seconds) {
  structure(seconds, class = c("POSIXct", "POSIXt"), tzone = "GMT")
}

format_time <- function(time) {
  format(time, "%Y-%m-%d %H:%M:%S UTC", tz = "UTC")
}

write_time <- function(time) {
  if (is.na(time)) NULL else format(time, "%Y-%m-%dT%H:%M:%SZ", tz = "UTC")
}

read_time <- function(text) {
  time_from(if (is.null(text)) NA_real_ else parse_iso8601(text))
}

# When material shall expire, as seconds since 1970; NULL for never. KMS takes up to 365 days ahead.
parse_expires <- function(expires, arg = "expires") {
  if (is.null(expires)) {
    return(NULL)
  }
  seconds <- if (inherits(expires, "difftime")) {
    as.numeric(Sys.time()) + as.numeric(expires, units = "secs")
  } else if (is_string(expires) && grepl("^\\s*[0-9.]+\\s*[a-z]+\\s*$", expires)) {
    as.numeric(Sys.time()) + parse_duration(expires, arg)
  } else {
    timestamp_argument(expires, arg, "text such as \"90 days\", ")
  }
  ahead <- seconds - as.numeric(Sys.time())
  if (length(ahead) != 1 || !is.finite(ahead) || ahead <= 0 || ahead > 365 * 86400) {
    abort_argument(
      arg,
      if (length(ahead) == 1 && is.finite(ahead)) format_time(time_from(seconds)) else describe_value(expires),
      "in the future and at most 365 days ahead",
      advice = if (is.numeric(expires) && !is.object(expires) && isTRUE(expires >= 1 && expires <= 365)) {
        sprintf("A number is seconds since 1970. For days from now, write \"%s days\".", format(expires))
      }
    )
  }
  seconds
}

# Seconds in text like "90 days".
parse_duration <- function(text, arg) {
  units <- c(second = 1, minute = 60, hour = 3600, day = 86400, week = 604800)
  parts <- regmatches(text, regexec("^\\s*([0-9]+\\.?[0-9]*)\\s*([a-z]+?)s?\\s*$", text, perl = TRUE))[[1]]
  if (length(parts) == 0 || !parts[3] %in% names(units)) {
    abort_argument(arg, paste0("\"", text, "\""), "a number with seconds, minutes, hours, days or weeks, such as \"90 days\"")
  }
  as.numeric(parts[2]) * units[[parts[3]]]
}
