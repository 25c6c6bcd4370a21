#' A timeline of expiries
#'
#' Draws an inventory: one row for each key, the most urgent on top, from today to when its material expires. Keys without
#' material stand at today's line, keys that never expire at the right edge. Colour and shape both tell how urgent it is,
#' so the picture can be read in grey and without telling red from green. More than `max_keys` keys are summed up by month.
#'
#' @param x An inventory, see [byok_inventory()], or rows of it.
#' @param max_keys The most keys to draw one by one.
#' @param main The title; `NULL` for one that says what is shown, `""` for none.
#' @param ... Not used.
#' @return `x`, invisibly.
#' @family bring your own key
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' orders <- byok_import(svc, key_material_random(), alias = "orders", expires = "12 days")
#' invoices <- byok_import(svc, key_material_random(), alias = "invoices", expires = "45 days")
#' webhooks <- byok_import(
#'   svc, key_material_random("HMAC_256"), alias = "webhooks", expires = "200 days"
#' )
#' release <- byok_import(svc, key_material_random("ECC_NIST_P256"), alias = "release")
#' waiting <- svc$create_key(Origin = "EXTERNAL")
#' plot(byok_inventory(svc))
#' emulator$stop()
#' @export
plot.kms_inventory <- function(x, max_keys = 40, main = NULL, ...) {
  if (!is_number(max_keys) || max_keys < 1) {
    abort_argument("max_keys", describe_value(max_keys), "one number of at least 1")
  }
  at <- inventory_time(x)
  group <- urgency(x, at)
  main <- main %||% sprintf(
    "%s in %s, %s", count_keys(nrow(x)), toString(inventory_regions(x)), format(at, "%d %b %Y", tz = "UTC")
  )
  old <- graphics::par(no.readonly = TRUE)
  on.exit(graphics::par(old))
  if (nrow(x) == 0) {
    draw_nothing(main)
  } else if (nrow(x) <= max_keys) {
    draw_timeline(x[order_by_urgency(x, at), ], sort(group), at, main)
  } else {
    draw_months(x, group, at, main)
  }
  invisible(x)
}

# Colours that people with any kind of colour vision tell apart (after Okabe and Ito), each with a shape of its own.
urgency_colours <- c(
  gone = "#A6122F", week = "#D55E00", month = "#E69F00", later = "#0072B2", never = "#777777", leaving = "#777777",
  unread = "#777777"
)
urgency_shapes <- c(gone = 4, week = 17, month = 18, later = 19, never = 1, leaving = 0, unread = 63)
# Shapes that look equally big.
urgency_sizes <- c(gone = 1.3, week = 1.5, month = 1.9, later = 1.4, never = 1.4, leaving = 1.3, unread = 1.3)

draw_timeline <- function(x, group, at, main) {
  rows <- nrow(x)
  today <- as.numeric(at)
  times <- as.numeric(x$expires)
  coming <- group %in% c("week", "month", "later")
  # At least a quarter, so that few days do not look like many.
  last <- max(times[coming], today + 90 * 86400)
  edge <- last + 0.03 * (last - today)
  place <- ifelse(coming, times, ifelse(group == "never", edge, today))
  y <- rev(seq_len(rows))
  signs <- as.character(group)

  labels <- plot_label(x)
  words <- point_label(x, group, at)
  size <- timeline_size(rows)
  frame_timeline(main, labels, words, size)
  # A single row does not fill the whole picture.
  air <- max(0, 3 - rows) / 2
  graphics::plot.window(
    c(today - 0.012 * (last - today), edge), c(0.4 - air, rows + 0.6 + air), xaxs = "i", yaxs = "i"
  )
  urgency_legend(group, urgency_shapes)

  soft <- grDevices::adjustcolor(graphics::par("fg"), 0.12)
  bounds <- graphics::par("usr")
  graphics::rect(
    today, bounds[3], today + 30 * 86400, bounds[4], border = NA, col = grDevices::adjustcolor("#E69F00", 0.10)
  )
  month_axis(today, last, soft)
  graphics::segments(rep(today, rows), y, ifelse(coming, today, edge), y, col = soft)
  graphics::segments(
    rep(today, rows), y, ifelse(coming, place, today), y, col = urgency_colours[signs], lwd = min(3, 5 * size), lend = 1
  )
  graphics::abline(v = today, lwd = 1.5)
  graphics::points(
    place, y, pch = urgency_shapes[signs], col = urgency_colours[signs], cex = size * urgency_sizes[signs], lwd = 2,
    xpd = NA
  )
  graphics::mtext(labels, side = 2, at = y, las = 1, line = 0.5, cex = size, adj = 1)
  graphics::text(
    place + graphics::strwidth("m", cex = size), y, words, adj = c(0, 0.5), cex = size,
    font = ifelse(group == "gone", 2, 1), xpd = NA
  )
}

plot_label <- function(x) {
  label <- key_label(x, 28)
  unnamed <- x$alias == ""
  label[unnamed] <- paste0(substr(x$key_id[unnamed], 1, 13), "...")
  label
}

# What stands beside a point.
point_label <- function(x, group, at) {
  words <- time_left(x, group, at)
  counted <- group %in% c("week", "month", "later")
  words[counted] <- paste0(words[counted], ", ", trimws(format(x$expires[counted], "%e %b", tz = "UTC")))
  words
}

# Makes room for the labels on the left, the words on the right, the title and the signs above.
frame_timeline <- function(main, labels, words, size) {
  graphics::par(mar = c(1.9, 1, if (nzchar(main)) 3.1 else 1.8, 1), xpd = FALSE)
  graphics::plot.new()
  inches <- function(text, font = 1) max(graphics::strwidth(text, units = "inches", cex = size, font = font))
  margins <- graphics::par("mai")
  margins[2] <- min(inches(labels) + 0.22, 0.4 * graphics::par("din")[1])
  margins[4] <- min(inches(words, font = 2) + 0.22, 0.3 * graphics::par("din")[1])
  graphics::par(mai = margins, new = TRUE)
  graphics::plot.new()
  if (nzchar(main)) {
    graphics::mtext(main, side = 3, line = 1.75, font = 2, adj = 0, at = graphics::grconvertX(0.012, "ndc", "user"))
  }
}

# The signs and what they mean, in one line, smaller where the line would be too long.
urgency_legend <- function(group, shapes) {
  counts <- table(group)
  counts <- counts[counts > 0]
  words <- sprintf("%s (%s)", urgency_levels[names(counts)], format(as.vector(counts), big.mark = ",", trim = TRUE))
  from <- graphics::grconvertX(0.02, "ndc", "user")
  room <- graphics::grconvertX(0.985, "ndc", "user") - from
  step <- function(cex) 2.6 * graphics::strwidth("m", cex = cex) + graphics::strwidth(words, cex = cex)
  size <- min(0.8, 0.8 * room / sum(step(0.8)))
  x <- from + c(0, cumsum(step(size)))[seq_along(words)]
  y <- graphics::grconvertY(graphics::grconvertY(1, "npc", "inches") + 0.6 * graphics::par("csi"), "inches", "user")
  signs <- names(counts)
  graphics::points(
    x, rep(y, length(x)), pch = shapes[signs], col = urgency_colours[signs], cex = size * urgency_sizes[signs], lwd = 2,
    xpd = NA
  )
  graphics::text(x + graphics::strwidth("m", cex = size), y, words, adj = c(0, 0.5), cex = size, xpd = NA)
}

# Letters as tall as the rows allow, between what can just be read and the usual size.
timeline_size <- function(rows) {
  line <- graphics::par("csi")
  height <- graphics::par("din")[2] - 5.4 * line
  max(0.5, min(0.9, 1.1 * height / rows / line))
}

month_axis <- function(from, to, colour) {
  months <- month_starts(from, to)
  graphics::abline(v = months, col = colour)
  format_month <- ifelse(format(months, "%m") == "01", format(months, "%b %Y"), format(months, "%b"))
  graphics::axis(1, at = c(from, months), labels = FALSE, lwd = 0, lwd.ticks = 1, tcl = -0.3)
  room <- graphics::strwidth("today", cex = 0.8)
  near <- as.numeric(months) - from < 1.2 * room
  graphics::mtext("today", side = 1, at = from, line = 0.4, cex = 0.8, font = 2)
  graphics::mtext(format_month[!near], side = 1, at = months[!near], line = 0.4, cex = 0.8)
}

# Too many keys for a row each: how many there are by month, stacked by urgency.
draw_months <- function(x, group, at, main) {
  coming <- group %in% c("week", "month", "later")
  last <- max(as.numeric(x$expires[coming]), as.numeric(at))
  months <- format(month_starts(as.numeric(at), last, first = TRUE), "%b %Y", tz = "UTC")
  bin <- ifelse(coming, format(x$expires, "%b %Y", tz = "UTC"), unname(urgency_levels[as.character(group)]))
  others <- urgency_levels[c("never", "leaving", "unread")]
  bins <- c(urgency_levels["gone"], months, others[others %in% bin])
  counts <- table(factor(bin, levels = unname(bins)), group)
  totals <- rowSums(counts)

  size <- timeline_size(length(bins))
  labels <- format(totals, big.mark = ",", trim = TRUE)
  frame_timeline(main, unname(bins), labels, size)
  graphics::plot.window(c(0, max(totals)), c(0.4, length(bins) + 0.6), xaxs = "i", yaxs = "i")
  urgency_legend(group, replace(urgency_shapes, TRUE, 15))
  ticks <- pretty(c(0, totals), 5)
  ticks <- ticks[ticks == trunc(ticks) & ticks <= max(totals)]
  graphics::abline(v = ticks, col = grDevices::adjustcolor(graphics::par("fg"), 0.12))
  graphics::mtext(format(ticks, big.mark = ",", trim = TRUE), side = 1, at = ticks, line = 0.3, cex = 0.8)
  y <- rev(seq_along(bins))
  from <- numeric(length(bins))
  for (level in colnames(counts)) {
    to <- from + counts[, level]
    some <- to > from
    graphics::rect(from[some], y[some] - 0.36, to[some], y[some] + 0.36, col = urgency_colours[[level]], border = NA)
    from <- to
  }
  graphics::mtext(bins, side = 2, at = y, las = 1, line = 0.6, cex = size, adj = 1)
  graphics::text(totals, y, labels, pos = 4, offset = 0.4, cex = size, xpd = NA)
}

# The first of each month up to a time: those after `from`, and with `first` the one before it.
month_starts <- function(from, to, first = FALSE) {
  days <- as.POSIXlt(time_from(from))
  days$mday <- 1L
  days$hour <- days$min <- days$sec <- 0
  months <- seq(as.POSIXct(days), by = "month", length.out = 15)
  months[as.numeric(months) <= to & (first | as.numeric(months) > from)]
}

draw_nothing <- function(main) {
  graphics::par(mar = c(1, 1, 1, 1))
  graphics::plot.new()
  graphics::text(0.5, 0.5, main)
}
