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
    writeLines(replace(lines, 4, sub("row", "Row", lines[4])), ledger)
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

# One row's ledger: header, create, key, import, imported, done. AWS did all of it.
one_row <- function(svc, ledger) {
  data <- many_keys(1, "SYMMETRIC_DEFAULT")
  data$alias <- "one"
  list(data = data, key_arn = import_fast(svc, data, ledger)$key_arn)
}

test_that("a last line that was cut off is removed and made good", {
  emulator <- local_emulator()
  svc <- emulator$client()
  ledger <- local_ledger()
  row <- one_row(svc, ledger)
  whole <- read_bytes(ledger)
  ends <- which(whole == as.raw(10L))
  expect_length(ends, 6)
  # In the middle of a line, at its last character, and without its end.
  for (cut in c(ends[2] + 10, ends[-(1:2)] - 1, ends[-(1:2)] - 2)) {
    writeBin(whole[seq_len(cut)], ledger)
    expect_message(result <- import_fast(svc, row$data, ledger), "cut off")
    expect_identical(result$status, "done")
    expect_identical(result$key_arn, row$key_arn)
    expect_match(result$key_material_id, "^[0-9a-f]{64}$")
    expect_silent(import_fast(svc, row$data, ledger))
  }
  expect_identical(all_keys(svc), row$key_arn)
  expect_identical(count_calls(emulator, "ImportKeyMaterial"), 1L)
})

test_that("a ledger that was cut off in its first line is begun again", {
  emulator <- local_emulator()
  svc <- emulator$client()
  ledger <- local_ledger()
  writeLines("{\"event\":\"ledger\",\"format\"", ledger, sep = "")
  expect_message(result <- import_fast(svc, many_keys(1), ledger), "cut off")
  expect_identical(result$status, "done")
  expect_identical(ledger_events(ledger)[[1]]$format, "kmsr-ledger")
})

test_that("from every line on, the import ends with the same key", {
  emulator <- local_emulator()
  svc <- emulator$client()
  ledger <- local_ledger()
  row <- one_row(svc, ledger)
  lines <- readLines(ledger)
  for (length in 2:6) {
    writeLines(lines[seq_len(length)], ledger)
    result <- import_fast(svc, row$data, ledger)
    expect_identical(result$status, "done")
    expect_identical(result$key_arn, row$key_arn)
  }
  expect_identical(all_keys(svc), row$key_arn)
  expect_identical(count_calls(emulator, "ImportKeyMaterial"), 1L)
})
