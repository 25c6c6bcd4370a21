# What a plot writes, as text: a PDF that is not compressed holds its strings.
plotted <- function(...) {
  path <- withr::local_tempfile(fileext = ".pdf")
  grDevices::pdf(path, width = 7, height = 4, compress = FALSE)
  device <- grDevices::dev.cur()
  withr::defer(if (device %in% grDevices::dev.list()) grDevices::dev.off(device))
  before <- graphics::par(no.readonly = TRUE)
  value <- withVisible(plot(...))
  after <- graphics::par(no.readonly = TRUE)
  grDevices::dev.off(device)
  expect_identical(value$visible, FALSE)
  expect_identical(value$value, ..1)
  expect_identical(after[c("mar", "mai", "xpd", "usr")], before[c("mar", "mai", "xpd", "usr")])
  lines <- grep("T[jJ]", readLines(path, warn = FALSE, encoding = "latin1"), value = TRUE, useBytes = TRUE)
  # Kerning splits strings: [(or) 20 (ders)] TJ.
  strings <- gsub("\\) *-?[0-9.]+ *\\(", "", lines, useBytes = TRUE)
  strings <- sub("^.*?\\((.*)\\).*$", "\\1", strings, perl = TRUE, useBytes = TRUE)
  gsub("\\\\([()])", "\\1", strings, useBytes = TRUE)
}

test_that("each key has its row, its sign and what is left", {
  text <- plotted(every_urgency())
  expect_identical(text[1], "7 imported keys in eu-central-1, 14 Mar 2026")
  expect_identical(text[2:9], c(
    "?", "no material (1)", "within 7 days (1)", "within 30 days (1)", "later (1)", "never expires (1)", "being deleted (1)",
    "unreadable (1)"
  ))
  labels <- c("00000000-1111...", "orders", "invoices", "webhooks, hooks", "release", "old", "00000000-1111...")
  expect_identical(text[text %in% labels], labels)
  words <- c("no material", "36 hours, 15 Mar", "20 days, 3 Apr", "200 days, 30 Sep", "never", "being deleted", "unreadable")
  expect_identical(text[text %in% words], words)
  expect_identical("today" %in% text, TRUE)
})

test_that("any number of keys can be drawn", {
  expect_identical(plotted(keys_over_a_year(0)), "0 imported keys in eu-central-1, 14 Mar 2026")
  expect_identical("key-1" %in% plotted(keys_over_a_year(1)), TRUE)
  expect_length(grep("^key-", plotted(keys_over_a_year(40))), 40)
})

test_that("too many keys are counted by month", {
  inventory <- keys_over_a_year(300)
  text <- plotted(inventory)
  expect_length(grep("^key-", text), 0)
  months <- c("Mar 2026", "Apr 2026", "Dec 2026", "Jan 2027", "Mar 2027")
  expect_identical(text[text %in% months], months)
  group <- kmsr:::urgency(inventory, inventory_day)
  coming <- format(inventory$expires[group %in% c("week", "month", "later")], "%b %Y")
  bars <- c(sum(group == "gone"), table(factor(coming, unique(coming))), sum(group == "never"))
  expect_identical(tail(text, length(bars)), as.character(bars), ignore_attr = TRUE)
  expect_length(grep("^key-", plotted(inventory, max_keys = 300)), 300)
})

test_that("title and limit are the caller's", {
  expect_identical(plotted(keys_over_a_year(2), main = "Ours")[1], "Ours")
  expect_identical(grep("imported", plotted(keys_over_a_year(2), main = "")), integer())
  expect_error(plot(keys_over_a_year(2), max_keys = 0), class = "kmsr_argument_error")
})

test_that("signs differ in colour and in shape", {
  urgent <- c("gone", "week", "month", "later", "never")
  expect_identical(anyDuplicated(kmsr:::urgency_colours[urgent]), 0L)
  expect_identical(anyDuplicated(kmsr:::urgency_shapes), 0L)
})
