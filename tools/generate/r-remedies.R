# What to do about each error of the service, for the messages of conditions.

r_error_remedies <- function(help) {
  errors <- help$errors
  lines <- sprintf("  %s = %s", errors$error, vapply(errors$remedy, deparse, character(1), width.cutoff = 500L))
  c(
    "",
    "# By error code: what to do about it.",
    "error_remedies <- c(",
    commas(lines),
    ")"
  )
}
