# An emulator in a process of its own, for imports in others that are killed.
local_emulator_process <- function(quotas = 0, env = parent.frame()) {
  child <- start_child(
    {
      kms_emulator(quotas = quotas, wait = TRUE)
    },
    quotas = quotas
  )
  withr::defer(child$kill(), envir = env)
  lines <- character()
  deadline <- Sys.time() + 60
  while (length(lines) < 4 && Sys.time() < deadline) {
    child$poll_io(200)
    lines <- c(lines, child$read_output_lines())
  }
  stats::setNames(sub("^[^=]*=", "", lines), sub("=.*", "", lines))
}

test_that("killed again and again, an import ends with every key imported once", {
  skip_on_os("windows")
  settings <- local_emulator_process()
  withr::local_envvar(settings)
  folder <- withr::local_tempdir()
  data <- many_files(40, folder)
  ledger <- file.path(folder, "ledger.jsonl")
  kills <- 0
  for (after in c(0.15, 0.6, 1.1, Inf)) {
    child <- start_child(
      {
        writeLines("begins")
        flush(stdout())
        byok_import_many(
          kms(), data, ledger,
          wrapping_key_spec = "RSA_2048", wait = 1, rates = list(GetParametersForImport = 15), max_active = 8
        )
        writeLines("ended")
      },
      data = data, ledger = ledger, env = settings
    )
    await_line(child, "begins")
    if (is.finite(after)) {
      Sys.sleep(after)
      kills <- kills + child$is_alive()
      child$kill()
      child$wait(5000)
    }
  }
  expect_identical(kills, 3)
  expect_identical(finish_child(child), "ended")

  svc <- kms()
  result <- byok_import_many(svc, data, ledger)
  expect_identical(result$status, rep("done", 40))
  expect_identical(result$proven, rep(TRUE, 40))
  expect_length(unique(result$key_arn), 40)
  # No orphans: every key there is belongs to a row.
  expect_setequal(all_keys(svc), result$key_arn)
  aliases <- unlist(paginate_lapply(svc$list_aliases(), function(page) vapply(page$Aliases, function(alias) alias$AliasName, "")))
  expect_setequal(aliases, paste0("alias/", data$alias))
})

test_that("an interrupt tells where it stands, and the next run goes on", {
  skip_on_os("windows")
  settings <- local_emulator_process()
  withr::local_envvar(settings)
  folder <- withr::local_tempdir()
  data <- many_files(12, folder)
  ledger <- file.path(folder, "ledger.jsonl")
  child <- start_child(
    {
      writeLines("begins")
      flush(stdout())
      tryCatch(
        byok_import_many(
          kms(), data, ledger,
          wrapping_key_spec = "RSA_2048", wait = 1, rates = list(GetParametersForImport = 3)
        ),
        interrupt = function(condition) writeLines("interrupted")
      )
      # The ledger is free again.
      opened <- kmsr:::rs_ledger_open(ledger)
      writeLines(class(opened))
    },
    data = data, ledger = ledger, env = settings
  )
  await_line(child, "begins")
  Sys.sleep(1.5)
  child$interrupt()
  expect_identical(finish_child(child), c("interrupted", "list"))
  errors <- paste(readLines(child$get_error_file()), collapse = "\n")
  expect_match(errors, "rows are done, [0-9]+ were under way")
  expect_match(errors, "To go on, call byok_import_many", fixed = TRUE)
  result <- import_fast(kms(), data, ledger)
  expect_identical(result$status, rep("done", 12))
  expect_setequal(all_keys(kms()), result$key_arn)
})
