# What an import of many keys gives back, and how it is shown.

new_import_many <- function(run) {
  rows <- run$rows
  field <- function(of) vapply(rows, function(row) first_or(of(row), NA_character_), "")
  receipt <- function(name) field(function(row) row$receipt[[name]])
  time <- function(name) time_from(vapply(rows, function(row) {
    if (is.null(row$receipt)) NA_real_ else as.numeric(row$receipt[[name]])
  }, 0))
  status <- field(function(row) row$status)
  ids <- field(function(row) row$id)
  # What was cut short goes on in the next run.
  status[!status %in% c("done", "failed")] <- "pending"
  failed <- function(of) field(function(row) if (row$status == "failed") of(row))
  table <- data.frame(
    id = ids,
    status = status,
    region = field(function(row) row$region),
    key_id = field(function(row) row$receipt$key_id %||% row$key$KeyId),
    key_arn = field(function(row) row$receipt$key_arn %||% row$key$Arn),
    alias = field(function(row) row$new_key$alias),
    key_spec = field(function(row) row$facts$key_spec),
    key_material_id = receipt("key_material_id"),
    wrapping_algorithm = receipt("wrapping_algorithm"),
    wrapping_key_spec = receipt("wrapping_key_spec"),
    expires = time("expires"),
    proof_method = field(function(row) row$receipt$proof$method),
    proven = vapply(rows, function(row) row$receipt$proof$proven %||% NA, NA),
    imported_at = time("imported_at"),
    seconds = vapply(rows, function(row) row$seconds, 0),
    error_step = failed(function(row) row$step),
    error_code = failed(function(row) row$error[["code"]]),
    error_message = failed(function(row) row$error$message)
  )
  structure(
    table,
    class = c("kms_import_many", "data.frame"),
    receipts = Filter(Negate(is.null), rlang::set_names(lapply(rows, function(row) row$receipt), ids)),
    conditions = Filter(Negate(is.null), rlang::set_names(lapply(rows, function(row) row$error), ids)),
    orphans = as.character(names(run$orphans)),
    ledger = run$ledger$path,
    run = list(
      started = time_from(as.numeric(run$started)), seconds = clock() - run$began, rows = run$left %||% 0,
      bound = run$bound %||% 0
    )
  )
}

#' @export
summary.kms_import_many <- function(object, ...) {
  failed <- object[object$status == "failed", ]
  reason <- ifelse(is.na(failed$error_code), failed$error_message, failed$error_code)
  groups <- split(failed$id, list(failed$error_step, reason), drop = TRUE, sep = ": ")
  structure(
    list(
      status = table(factor(object$status, c("done", "failed", "pending"))),
      regions = table(object$region),
      proven = sum(object$proven %in% TRUE),
      run = attr(object, "run"),
      failures = groups[order(-lengths(groups))],
      orphans = attr(object, "orphans"),
      ledger = attr(object, "ledger")
    ),
    class = "summary.kms_import_many"
  )
}

#' @export
format.summary.kms_import_many <- function(x, ...) {
  line <- function(label, value) sprintf("  %-9s %s", paste0(label, ":"), value)
  count <- x$status[x$status > 0]
  run <- x$run
  # Reasons that name a row are as many as the rows.
  shown <- utils::head(x$failures, if (length(x$failures) > 6) 5 else 6)
  hidden <- sum(lengths(x$failures)) - sum(lengths(shown))
  c(
    sprintf("<kms_import_many> %s: %s", counted(sum(x$status), "key"), paste(count, names(count), collapse = ", ")),
    if (x$status[["done"]] > 0) line("Proven", sprintf(
      "%d%s", x$proven, if (x$proven < x$status[["done"]]) "; of symmetric keys byok_verify() gives proof" else ""
    )),
    if (length(x$regions) > 1) line("Regions", paste(names(x$regions), x$regions, sep = " ", collapse = ", ")),
    if (run$rows > 0) line("This run", sprintf(
      "%s in %s, %.3g a second; the request rates allow %s", counted(run$rows, "row"), format_seconds(run$seconds),
      run$rows / run$seconds, format_seconds(run$bound)
    )),
    if (length(x$failures)) c("  Failed:", vapply(names(shown), function(name) {
      strwrap(sprintf("%d at %s (%s)", length(shown[[name]]), name, some(shown[[name]], 3)), 78, indent = 4, exdent = 6)[1]
    }, "", USE.NAMES = FALSE), if (hidden > 0) sprintf("    %d for other reasons, see `error_message`", hidden)),
    if (length(x$orphans)) c("  Created but not needed, see `delete_orphans`:", paste0("    ", utils::head(x$orphans, 5))),
    line("Ledger", x$ledger),
    if (x$status[["pending"]] > 0) "  To go on, run it again with the same data and ledger.",
    if (x$status[["failed"]] > 0) "  To try the failed rows again: retry_failed = TRUE. Why they failed: attr(x, \"conditions\")."
  )
}

#' @export
print.summary.kms_import_many <- function(x, ...) {
  writeLines(format(x, ...))
  invisible(x)
}

#' @export
print.kms_import_many <- function(x, ...) {
  # A part of it, without what was known of the run, is a plain data frame.
  if (is.null(attr(x, "run")) || !all(c("id", "status") %in% names(x))) {
    return(print(as.data.frame(x), ...))
  }
  print(summary(x))
  invisible(x)
}

#' @export
as.data.frame.kms_import_many <- function(x, ...) {
  attributes(x)[c("receipts", "conditions", "orphans", "ledger", "run")] <- NULL
  class(x) <- "data.frame"
  x
}

#' @export
`[.kms_import_many` <- function(x, ...) {
  as.data.frame(x)[...]
}

#' @export
plot.kms_import_many <- function(x, ...) {
  done <- sort(x$imported_at[!is.na(x$imported_at)])
  if (length(done) == 0) {
    abort_argument("x", "no key that was imported", "an import with at least one key done")
  }
  run <- attr(x, "run")
  total <- nrow(x)
  done <- within_seconds(done, run$started)
  start <- min(run$started, done)
  at_best <- if (run$rows > 0) run$started + run$bound
  old <- graphics::par(mar = c(4, 4.5, 3.5, 2), las = 1)
  on.exit(graphics::par(old))
  graphics::plot(
    c(start, done), c(0, seq_along(done)),
    type = "n", xlim = range(start, done, at_best), ylim = c(0, total * 1.04), xlab = "", ylab = "keys imported",
    bty = "n", xaxt = "n", yaxs = "i", main = "", ...
  )
  span <- range(start, done, at_best)
  if (diff(as.numeric(span)) < 120) {
    graphics::axis.POSIXct(1, span, format = "%H:%M:%S")
  } else {
    graphics::axis.POSIXct(1, span)
  }
  graphics::abline(h = total, col = "grey70", lty = 3)
  if (!is.null(at_best)) {
    graphics::segments(run$started, total - run$rows, at_best, total, col = "grey50", lty = 2, lwd = 2)
  }
  graphics::lines(c(start, done), c(0, seq_along(done)), type = "s", col = "#2166ac", lwd = 3)
  failed <- sum(x$status == "failed")
  graphics::title(
    main = sprintf("%d of %d keys imported%s", length(done), total, if (failed) sprintf(", %d failed", failed) else ""),
    adj = 0
  )
  graphics::legend(
    "bottomright", c("imported", if (!is.null(at_best)) "what the request rates allow"),
    col = c("#2166ac", if (!is.null(at_best)) "grey50"), lty = c(1, if (!is.null(at_best)) 2),
    lwd = c(3, if (!is.null(at_best)) 2), bty = "n", inset = c(0.01, 0.04)
  )
  invisible(x)
}

# Times are kept in whole seconds: those of the same second are spread over it, or over what is left of the first.
within_seconds <- function(times, started) {
  seconds <- as.numeric(times)
  from <- pmax(seconds, ifelse(seconds == floor(as.numeric(started)), as.numeric(started), seconds))
  share <- stats::ave(seconds, seconds, FUN = function(same) seq_along(same) / length(same))
  time_from(from + share * (seconds + 1 - from))
}

counted <- function(n, what) {
  sprintf("%s %s%s", format_count(n), what, if (n == 1) "" else "s")
}
