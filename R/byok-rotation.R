# A rotation: what was replaced by what, and what was checked.

new_rotation <- function(kind, key, old, new, receipt, replicas, checks, completed, rotated_at, aliases = character(),
                         notes = character()) {
  structure(
    list(
      kind = kind,
      key_id = key$KeyId,
      key_arn = key$Arn,
      key_spec = key$KeySpec,
      old = old,
      new = new,
      aliases = aliases,
      receipt = receipt,
      replicas = replicas,
      checks = checks,
      completed = completed,
      rotated_at = rotated_at,
      notes = notes
    ),
    class = "kms_rotation"
  )
}

new_checks <- function(check, region, passed) {
  data.frame(check = check, region = region, passed = passed)
}

no_checks <- function() {
  new_checks(character(), character(), logical())
}

#' @export
format.kms_rotation <- function(x, ...) {
  line <- function(label, value) sprintf("  %-9s %s", paste0(label, ":"), value)
  what <- if (x$kind == "material") "new material in the same key" else "a new key behind the same alias"
  c(
    sprintf("<kms_rotation> %s%s", what, if (x$completed) "" else "; AWS is still at work"),
    if (x$kind == "material") line("Key", x$key_arn),
    line("Spec", x$key_spec),
    line("From", x$old),
    line("To", x$new),
    if (length(x$aliases)) line("Alias", toString(x$aliases)),
    if (length(x$replicas)) line("Replicas", toString(names(x$replicas))),
    line("Expires", if (is.na(x$receipt$expires)) "never" else format_time(x$receipt$expires)),
    if (x$completed) line("Rotated", format_time(x$rotated_at)),
    if (nrow(x$checks)) "  Checks:",
    format_checks(x$checks),
    unlist(lapply(x$notes, strwrap, width = 100, initial = "  * ", prefix = "    "))
  )
}

#' @export
print.kms_rotation <- function(x, ...) {
  writeLines(format(x, ...))
  invisible(x)
}

format_checks <- function(checks) {
  if (nrow(checks) == 0) {
    return("  Checks:   none were made")
  }
  verdict <- ifelse(is.na(checks$passed), "left out", ifelse(checks$passed, "ok", "FAILED"))
  sprintf("    %-8s  %s (%s)", verdict, checks$check, checks$region)
}
