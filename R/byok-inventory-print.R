# An inventory as a person reads it, and as the data frame it is.

#' @export
format.kms_inventory <- function(x, n = 20, ...) {
  at <- inventory_time(x)
  if (nrow(x) == 0) {
    return(c(inventory_heading(x), inventory_unread(x)))
  }
  shown <- x[seq_len(min(n, nrow(x))), ]
  group <- urgency(shown, at)
  left <- time_left(shown, group, at)
  key <- key_label(shown)
  columns <- list(
    format(c("", unname(urgency_marks[as.character(group)]))),
    format(c("Expires", ifelse(is.na(shown$expires), "-", format(shown$expires, "%Y-%m-%d")))),
    format(c("Left", left)),
    format(c("Key", key)),
    format(c("Spec", ifelse(is.na(shown$key_spec), "-", shown$key_spec))),
    c("State", ifelse(is.na(shown$issue), shown$state, paste0(
      ifelse(is.na(shown$state), "", paste0(shown$state, "; ")), shown$issue
    )))
  )
  hidden <- nrow(x) - nrow(shown)
  c(
    inventory_heading(x),
    trimws(paste0("  ", do.call(paste, c(columns, sep = "  "))), "right"),
    if (hidden > 0) sprintf("  and %s more: print(x, n = Inf) shows all", format(hidden, big.mark = ",")),
    inventory_unread(x)
  )
}

#' @export
print.kms_inventory <- function(x, ...) {
  writeLines(format(x, ...))
  invisible(x)
}

#' @export
summary.kms_inventory <- function(object, ...) {
  at <- inventory_time(object)
  group <- urgency(object, at)
  coming <- object$expires[group %in% c("week", "month", "later")]
  structure(
    list(
      keys = nrow(object),
      regions = inventory_regions(object),
      urgency = table(group, dnn = NULL),
      key_spec = sort(table(object$key_spec, dnn = NULL), decreasing = TRUE),
      next_expiry = if (length(coming)) min(coming) else time_from(NA_real_),
      issues = sum(!is.na(object$issue)),
      as_of = at
    ),
    class = "summary.kms_inventory"
  )
}

#' @export
format.summary.kms_inventory <- function(x, ...) {
  counts <- x$urgency[x$urgency > 0]
  labels <- urgency_levels[names(counts)]
  c(
    sprintf("%s in %s, %s", count_keys(x$keys), toString(x$regions), format_time(x$as_of)),
    sprintf("  %s %s  %s", urgency_marks[names(counts)], format(labels), format(as.vector(counts), big.mark = ",")),
    if (!is.na(x$next_expiry)) sprintf("  Next expiry: %s", format_time(x$next_expiry)),
    if (length(x$key_spec)) sprintf("  Specs: %s", paste(as.vector(x$key_spec), names(x$key_spec), collapse = ", ")),
    if (x$issues > 0) sprintf("  %d could not be read whole: see the column `issue`.", x$issues)
  )
}

#' @export
print.summary.kms_inventory <- function(x, ...) {
  writeLines(format(x, ...))
  invisible(x)
}

# Rows of an inventory are an inventory; without the columns it is read by, it is a data frame.
#' @export
`[.kms_inventory` <- function(x, ...) {
  part <- NextMethod()
  if (!is.data.frame(part)) {
    return(part)
  }
  if (all(inventory_columns %in% names(part))) {
    attributes(part)[c("region", "as_of")] <- attributes(x)[c("region", "as_of")]
    class(part) <- c("kms_inventory", "data.frame")
  } else {
    class(part) <- "data.frame"
    attributes(part)[c("region", "as_of", "picked_from")] <- NULL
  }
  part
}

inventory_columns <- c("key_id", "alias", "key_spec", "state", "expires", "days_left", "key_arn", "issue")

# Signs that tell the groups apart without colour.
urgency_marks <- c(gone = "!!", week = "! ", month = "- ", later = "  ", never = "  ", leaving = "x ", unread = "? ")

# The moment an inventory's days are counted from.
inventory_time <- function(x) {
  attr(x, "as_of") %||% now()
}

inventory_regions <- function(x) {
  regions <- unique(vapply(strsplit(x$key_arn, ":", fixed = TRUE), function(part) part[4], ""))
  if (length(regions)) regions else attr(x, "region") %||% ""
}

inventory_heading <- function(x) {
  picked <- attr(x, "picked_from")
  place <- toString(inventory_regions(x))
  if ((picked$keys %||% nrow(x)) == 0) {
    return(sprintf("No keys with imported material in %s.", place))
  }
  if (is.null(picked)) {
    return(sprintf("<kms_inventory> %s in %s, %s", count_keys(nrow(x)), place, format_time(inventory_time(x))))
  }
  if (nrow(x) == 0) {
    return(sprintf(
      "None of %s in %s lacks its material or loses it within %s.", count_keys(picked$keys), place, picked$within
    ))
  }
  sprintf(
    "<kms_inventory> %d of %s in %s without material, or losing it within %s", nrow(x), count_keys(picked$keys), place,
    picked$within
  )
}

inventory_unread <- function(x) {
  unread <- attr(x, "picked_from")$unread %||% 0
  if (unread > 0) {
    sprintf("  %s could not be read, and may be among them: see `issue` in the inventory.", count_keys(unread, ""))
  }
}

count_keys <- function(n, kind = "imported ") {
  sprintf("%s %skey%s", format(n, big.mark = ","), kind, if (n == 1) "" else "s")
}

# What people call a key: its alias, else its id.
key_label <- function(x, width = 36) {
  label <- ifelse(x$alias == "", x$key_id, gsub("(^|, )alias/", "\\1", x$alias))
  long <- nchar(label) > width
  label[long] <- paste0(substr(label[long], 1, width - 3), "...")
  label
}

# The time that is left, in words.
time_left <- function(x, group, at) {
  left <- as.numeric(difftime(x$expires, at, units = "secs"))
  words <- unname(urgency_levels[as.character(group)])
  counted <- group %in% c("week", "month", "later")
  words[counted] <- vapply(left[counted], format_span, "")
  words[group == "never"] <- "never"
  words
}
