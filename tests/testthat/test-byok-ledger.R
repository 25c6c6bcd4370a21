test_that("a ledger holds what was done and nothing secret", {
  emulator <- local_emulator()
  svc <- emulator$client()
  folder <- withr::local_tempdir()
  data <- many_files(2, folder)
  ledger <- local_ledger()
  result <- import_fast(svc, data, ledger)
  events <- ledger_events(ledger)
  of_row <- function(row) {
    vapply(Filter(function(event) identical(event$row, row), events), function(event) event$event, "")
  }
  expect_identical(of_row(1L), c("create", "key", "import", "imported", "done"))
  expect_identical(of_row(2L), of_row(1L))
  expect_identical(events[[1]]$format, "kmsr-ledger")

  text <- paste(readLines(ledger), collapse = "\n")
  bytes <- read_bytes(data$path[1])
  digits <- paste(bytes, collapse = "")
  for (secret in c(digits, jsonlite::base64_enc(bytes), emulator$creds[["secret_access_key"]])) {
    expect_false(grepl(secret, text, fixed = TRUE))
  }
  expect_false(grepl("ImportToken|EncryptedKeyMaterial|nonce", text))
})

test_that("two runs on one ledger are refused", {
  emulator <- local_emulator()
  svc <- emulator$client()
  ledger <- local_ledger()
  data <- many_keys(2)
  held <- rs_ledger_open(ledger)
  expect_snapshot(error = TRUE, byok_import_many(svc, data, ledger), transform = steady_ledger)
  rs_ledger_close(held$pointer)

  # Another process, ended by a kill, leaves no lock behind.
  child <- start_child(
    {
      held <- kmsr:::rs_ledger_open(ledger)
      writeLines("held")
      flush(stdout())
      Sys.sleep(60)
    },
    ledger = ledger
  )
  withr::defer(child$kill())
  await_line(child, "held")
  expect_error(byok_import_many(svc, data, ledger), "in use", class = "kmsr_ledger_error")
  expect_identical(nrow(emulator$log()), 0L)
  child$kill()
  expect_identical(import_fast(svc, data, ledger)$status, c("done", "done"))
})

test_that("a ledger of other data, and one that was changed, are refused", {
  emulator <- local_emulator()
  svc <- emulator$client()
  ledger <- local_ledger()
  data <- many_keys(3)
  data$alias <- c("a", "b", NA)
  import_fast(svc, data, ledger)
  emulator$clear_log()
  lines <- readLines(ledger)

  other <- data
  other$alias[2] <- "z"
  expect_snapshot(error = TRUE, transform = steady_ledger, {
    byok_import_many(svc, other, ledger)
    byok_import_many(svc, data[1:2, ], ledger)
    byok_import_many(svc, data[3:1, ], ledger)
    writeLines(sub("done", "gone", lines), ledger)
    byok_import_many(svc, data, ledger)
    writeLines(lines[-3], ledger)
    byok_import_many(svc, data, ledger)
    writeLines("to do: buy milk", ledger)
    byok_import_many(svc, data, ledger)
    rewrite_ledger(withr::local_tempfile(), lines)
    unlink(ledger)
    rewrite_ledger(ledger, sub("\"version\":1", "\"version\":2", lines))
    byok_import_many(svc, data, ledger)
    byok_import_many(svc, data, file.path(ledger, "no", "folder"))
  })
  expect_identical(nrow(emulator$log()), 0L)
})

test_that("a last line that was cut off is removed and made good", {
  emulator <- local_emulator()
  svc <- emulator$client()
  ledger <- local_ledger()
  data <- many_keys(3)
  first <- import_fast(svc, data, ledger)
  whole <- read_bytes(ledger)
  # At every line's middle, and without its end.
  ends <- which(whole == as.raw(10L))
  cuts <- c(ends[1] %/% 2, ends - 1, ends[-1] - 40)
  for (cut in cuts) {
    writeBin(whole[seq_len(cut)], ledger)
    expect_message(result <- import_fast(svc, data, ledger), "cut off")
    expect_identical(result$status, rep("done", 3))
    expect_length(readLines(ledger, warn = FALSE), length(ledger_events(ledger)))
    if (cut > ends[1]) {
      expect_identical(result$key_arn, first$key_arn)
    } else {
      # The first line itself: nothing is known, and a new import begins.
      expect_length(intersect(result$key_arn, first$key_arn), 0)
    }
  }
  expect_identical(count_calls(emulator, "ImportKeyMaterial"), 3L * (1L + sum(cuts < ends[1])))
})

test_that("the end of a ledger at any line leads to the same keys", {
  emulator <- local_emulator()
  svc <- emulator$client()
  ledger <- local_ledger()
  data <- many_keys(2)
  data$alias <- c("one", "two")
  first <- import_fast(svc, data, ledger)
  lines <- readLines(ledger)
  for (length in seq_along(lines)[-1]) {
    writeLines(lines[seq_len(length)], ledger)
    result <- import_fast(svc, data, ledger)
    expect_identical(result$status, c("done", "done"))
    # Before its CreateKey was written down, a row has no key to be found; its alias is taken then.
    expect_identical(result$key_arn, first$key_arn)
  }
  expect_length(all_keys(svc), 2)
  expect_identical(count_calls(emulator, "ImportKeyMaterial"), 2L)
})
