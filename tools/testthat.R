# Runs tests/testthat on the installed package and reports in the words of the task runner.
# Usage: Rscript tools/testthat.R [filter]

Sys.setenv(NOT_CRAN = "true")
args <- commandArgs(trailingOnly = TRUE)

if (!dir.exists("tests/testthat")) {
  stop("There are no tests in tests/testthat.", call. = FALSE)
}
results <- as.data.frame(testthat::test_dir(
  "tests/testthat",
  package = "kmsr",
  load_package = "installed",
  filter = if (length(args) > 0L) args[[1L]],
  reporter = testthat::CheckReporter$new(),
  stop_on_failure = FALSE
))

failed <- results$failed > 0L | results$error
skipped <- results$skipped & !failed
cat(sprintf(
  "\n%d passed, %d failed, %d skipped\n",
  sum(!failed & !skipped), sum(failed), sum(skipped)
))
quit(save = "no", status = as.integer(any(failed)))
