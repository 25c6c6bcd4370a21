# A plan as a person reads it.

#' @export
format.kms_import_plan <- function(x, width = getOption("width"), ...) {
  findings <- attr(x, "findings")
  errors <- findings[findings$level == "error", ]
  others <- findings[findings$level != "error", ]
  account <- attr(x, "account")
  count <- attr(x, "items")
  wrap <- function(text, first, rest) strwrap(text, width, initial = first, prefix = rest)
  c(
    sprintf(
      "<kms_import_plan> %s %s, %s%s", format_count(count), if (count == 1) "key" else "keys",
      if (nzchar(attr(x, "region"))) attr(x, "region") else "no Region",
      if (is.null(account)) "" else paste0(", account ", account)
    ),
    plan_table(x),
    wrap(format_duration(x), "  ", "  "),
    if (nrow(errors)) c("", "Would fail:"),
    format_findings(errors, count, wrap),
    if (nrow(others)) c("", "Worth knowing:"),
    format_findings(others, count, wrap),
    "",
    wrap(paste("Permissions:", paste(plan_permissions(x), collapse = ", ")), "", "  "),
    "  As an IAM policy: writeLines(attr(plan, \"policy\"))"
  )
}

#' @export
print.kms_import_plan <- function(x, ...) {
  writeLines(format(x, ...))
  invisible(x)
}

#' @export
as.data.frame.kms_import_plan <- function(x, row.names = NULL, optional = FALSE, ...) {
  data.frame(unclass(x)[names(x)], row.names = row.names)
}

# A part of the steps is no plan any more.
#' @export
`[.kms_import_plan` <- function(x, ...) {
  as.data.frame(x)[...]
}

plan_table <- function(x) {
  operation <- ifelse(is.na(x$operation), "-", x$operation)
  requests <- ifelse(is.na(x$operation), "-", format_count(x$requests))
  quota <- ifelse(is.na(x$quota), "-", format_count(x$quota))
  columns <- list(
    format(c("Step", x$step)),
    format(c("Operation", operation)),
    format(c("Requests", requests), justify = "right"),
    format(c("A second", quota), justify = "right"),
    c("What", x$what)
  )
  paste0("  ", do.call(paste, c(columns, sep = "  ")))
}

format_duration <- function(x) {
  seconds <- as.numeric(attr(x, "duration"), units = "secs")
  if (attr(x, "items") == 1) {
    return("Takes some seconds.")
  }
  narrowest <- x$operation[which.max(x$requests / x$quota)]
  older <- if (narrowest == "GetParametersForImport") {
    sprintf("; %s in older accounts, whose quota is 0.25", in_words(4 * seconds))
  }
  sprintf(
    "Takes at least %s, for the quota of %s: %s a second%s.", in_words(seconds), narrowest,
    format_count(max(x$quota[x$operation %in% narrowest])), older %||% ""
  )
}

in_words <- function(seconds) {
  if (seconds < 100) {
    sprintf("%.0f seconds", seconds)
  } else if (seconds < 100 * 60) {
    sprintf("%.0f minutes", seconds / 60)
  } else {
    sprintf("%.1f hours", seconds / 3600)
  }
}

# Grouped: what is found of many keys is said once, with their number.
format_findings <- function(findings, count, wrap) {
  bullets <- c(error = "x", warning = "!", note = "i")
  groups <- unique(findings[c("level", "message", "advice")])
  unlist(lapply(utils::head(seq_len(nrow(groups)), 20), function(i) {
    group <- groups[i, ]
    items <- findings$item[findings$level == group$level & findings$message == group$message]
    items <- items[!is.na(items)]
    where <- if (count > 1 && length(items)) sprintf(" (%s)", item_list(items)) else ""
    c(
      wrap(paste0(bullets[[group$level]], " ", group$message, where), "  ", "    "),
      if (nzchar(group$advice)) wrap(group$advice, "    ", "    ")
    )
  }))
}

item_list <- function(items) {
  shown <- paste(utils::head(items, 5), collapse = ", ")
  paste0(if (length(items) == 1) "item " else "items ", shown, if (length(items) > 5) sprintf(" and %d more", length(items) - 5))
}

plan_permissions <- function(x) {
  unique(unlist(strsplit(x$permission[!is.na(x$permission)], ", ", fixed = TRUE)))
}
