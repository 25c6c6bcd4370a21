# Runs every measurement and writes the table and the plot of bench/README.md.
#
#   Rscript bench/run.R
scripts <- file.path("bench", c(
  "warm-call.R", "map-decrypt.R", "cold-start.R", "large-results.R", "wrapping.R", "memory.R", "import-many.R"
))
results <- tempfile(fileext = ".tsv")
Sys.setenv(KMSR_BENCH_RESULTS = results)
began <- proc.time()[["elapsed"]]
for (script in scripts) {
  cat(sprintf("\n%s\n", script))
  status <- system2(file.path(R.home("bin"), "Rscript"), script)
  if (status != 0) stop(script, " failed", call. = FALSE)
}
minutes <- (proc.time()[["elapsed"]] - began) / 60

columns <- c("what", "of", "value", "range", "wish", "met")
figures <- utils::read.delim(results, header = FALSE, col.names = columns, na.strings = "NA")
figures[c("range", "wish")][is.na(figures[c("range", "wish")])] <- ""
is_ratio <- grepl(" / ", figures$of, fixed = TRUE)
number <- function(x) formatC(signif(x, 3), format = "fg", big.mark = ",")
row <- function(figure) {
  verdict <- if (is.na(figure$met)) "" else if (figure$met) "met" else "**missed**"
  sprintf("| %s | %s | %s | %s | %s | %s |", figure$what, figure$of, number(figure$value), figure$range, figure$wish, verdict)
}
table <- vapply(seq_len(nrow(figures)), function(i) row(figures[i, ]), "")

draw <- function(file) {
  drawn <- figures[is_ratio, ]
  drawn <- drawn[rev(seq_len(nrow(drawn))), ]
  faster <- !grepl("^kmsr", drawn$of)
  grDevices::png(file, width = 1400, height = 80 + 52 * nrow(drawn), res = 150)
  on.exit(grDevices::dev.off())
  graphics::par(mar = c(3.2, 15, 0.6, 3.2), mgp = c(2, 0.6, 0), las = 1, cex = 0.8)
  graphics::barplot(
    drawn$value, horiz = TRUE, log = "x", xlim = c(0.5, max(drawn$value) * 2), names.arg = paste0(drawn$what, "\n", drawn$of),
    col = ifelse(faster, "#2166ac", "#999999"), border = NA, xlab = "times as long (logarithmic)"
  ) -> at
  graphics::abline(v = 1, lty = 2)
  graphics::text(drawn$value, at, paste0(" ", number(drawn$value)), pos = 4, xpd = NA, offset = 0.2)
}
draw("bench/ratios.png")

machine <- Sys.info()
cpu <- unique(sub(".*: ", "", grep("^model name", readLines("/proc/cpuinfo"), value = TRUE)))
page <- readLines("bench/README.md")
from <- match("<!-- figures -->", page)
to <- match("<!-- end of figures -->", page)
stopifnot(!is.na(from), !is.na(to))
writeLines(c(
  page[seq_len(from)], "",
  sprintf(
    "Measured on %s with kmsr %s, %s, %s %s, %d cores (%s), in %.0f minutes.", format(Sys.Date(), "%d %B %Y"),
    utils::packageVersion("kmsr"), R.version.string, machine[["sysname"]], machine[["machine"]], parallel::detectCores(),
    paste(cpu, collapse = ", "), minutes
  ), "",
  "| measured | figure | value | range or unit | wanted | |", "|---|---|---:|---|---|---|", table, "",
  "![Ratios on a logarithmic scale](ratios.png)", "",
  page[seq(to, length(page))]
), "bench/README.md")
cat("\nwrote bench/README.md and bench/ratios.png\n")
