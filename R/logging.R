#' Log what calls do
#'
#' kmsr keeps a log in paws' terms: the same levels, options and lines. `paws_config_log()` sets the options, as paws' own
#' function does; [options()] does as well.
#'
#' | level | name | what it tells |
#' |---|---|---|
#' | 0 | | nothing |
#' | 1 | ERROR | nothing more: a call that fails raises an error |
#' | 2 | WARN | a request is sent again, and why; credentials that could not be refreshed. The default |
#' | 3 | INFO | which sources of credentials were tried, and which one had some |
#' | 4 | DEBUG | each request and answer in a line: attempt, status, request id, time taken, connection |
#' | 5 | TRACE | their headers and bodies |
#'
#' At no level are credentials, tokens, plaintexts or key material written: `<REDACTED>` stands for them, and a length for
#' other bytes.
#'
#' A line is `LEVEL [time]: message`. Lines are written by R when the call is over, to the standard output, where
#' [sink()] and notebooks see them, or at the end of a file.
#'
#' # Where settings come from
#'
#' | setting | looked up in this order |
#' |---|---|
#' | level | `options(kmsr.log_level = )`, `KMSR_LOG_LEVEL`, `options(paws.log_level = )`, `PAWS_LOG_LEVEL`, 2 |
#' | file | `options(kmsr.log_file = )`, `KMSR_LOG_FILE`, `options(paws.log_file = )`, `PAWS_LOG_FILE`, none |
#' | format of times | `options(kmsr.log_timestamp_fmt = )`, `KMSR_LOG_TIMESTAMP_FMT`, and the same of paws |
#'
#' So kmsr can be told to log more or less than paws in the same session. Environment variables are looked at once in a
#' session, and again after [paws_reset_cache()].
#'
#' @param level The level, a whole number from 0 to 5.
#' @param file A file to add lines to; `""` for the standard output. Its folder is made.
#' @param timestamp_fmt The format of times, as in [format.POSIXct()].
#' @return The former options, invisibly.
#' @seealso [kms_sitrep()] for what a client is and reaches.
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' old <- paws_config_log(level = 4L)
#' svc$list_keys()
#' options(old)
#' emulator$stop()
#' @export
paws_config_log <- function(level = 2L, file = "", timestamp_fmt = "%Y-%m-%d %H:%M:%OS3") {
  if (!is_number(level) || level != trunc(level) || level < 0 || level > 5) {
    abort_argument("level", describe_value(level), "one whole number from 0 to 5")
  }
  for (text in c("file", "timestamp_fmt")) {
    if (!is_string(get(text))) abort_argument(text, describe_value(get(text)), "one string")
  }
  if (nzchar(file)) {
    dir.create(dirname(file), showWarnings = FALSE, recursive = TRUE)
  }
  invisible(options(paws.log_level = as.integer(level), paws.log_file = file, paws.log_timestamp_fmt = timestamp_fmt))
}

# The level asked for, as Rust takes it. Whatever makes no sense is the default: a log must not get in the way. Asked at every
# call, so what can be quick is quick.
log_level <- function() {
  level <- log_setting("level")
  if (is.null(level)) {
    return(2L)
  }
  if (is.character(level)) {
    named <- match(toupper(level), c("ERROR", "WARN", "INFO", "DEBUG", "TRACE"))
    level <- if (is.na(named[1])) suppressWarnings(as.numeric(level)) else named
  }
  if (is_number(level)) as.integer(min(max(level, 0), 5)) else 2L
}

# kmsr's own setting, else paws'; of each the option, else the environment variable. NULL when there is none.
log_setting <- function(name) {
  variables <- the$log_variables
  if (is.null(variables)) {
    variables <- the$log_variables <- read_log_variables()
  }
  for (option in log_options[[name]]) {
    value <- getOption(option)
    if (is.null(value)) value <- variables[[option]]
    if (!is.null(value)) return(value)
  }
}

log_options <- lapply(
  c(level = "level", file = "file", timestamp_fmt = "timestamp_fmt"),
  function(setting) paste0(c("kmsr.log_", "paws.log_"), setting)
)

# What the environment says for each option that it says something for. Looked at once in a session, as paws does.
read_log_variables <- function() {
  options <- unlist(log_options, use.names = FALSE)
  values <- as.list(Sys.getenv(chartr(".", "_", toupper(options)), names = FALSE))
  names(values) <- options
  values[values != ""]
}

# A result of Rust without the log that may have come along with it, which is written.
told <- function(result) {
  if (!inherits(result, "kmsr_logged")) {
    return(result)
  }
  result <- unclass(result)
  write_log(result$events)
  result$value
}

write_log <- function(events) {
  file <- log_setting("file") %||% ""
  format <- log_setting("timestamp_fmt") %||% "%Y-%m-%d %H:%M:%OS3"
  time <- tryCatch(
    format(as.POSIXct(events$at, origin = "1970-01-01"), format),
    error = function(e) format(as.POSIXct(events$at, origin = "1970-01-01"))
  )
  level <- if (identical(file, "")) coloured(events$level) else events$level
  lines <- sprintf("%s [%s]: %s\n", level, time, events$message)
  tryCatch(
    cat(lines, file = file, sep = "", append = TRUE),
    # The call was made: what became of it matters more than where it is told.
    error = function(e) cat(lines, sep = ""),
    warning = function(w) cat(lines, sep = "")
  )
  if (identical(file, "")) utils::flush.console()
}

coloured <- function(level) {
  if (cli::num_ansi_colors() == 1) {
    return(level)
  }
  ifelse(level == "ERROR", cli::col_red(level), ifelse(
    level == "WARN", cli::col_yellow(level), ifelse(level == "INFO", level, cli::col_silver(level))
  ))
}
