# Imports many keys under AWS' request quotas, as the emulator has them, sped up, and tells how near the whole run comes to
# what the quota allows: GetParametersForImport, one call a second.
#
# Usage: Rscript bench/import-many.R [rows] [speed] [quota share] [kills]
#   rows         how many keys; 1000
#   speed        how much faster the emulator's time runs; 20. At 1 it is AWS' own pace.
#   quota share  the share of the quota to use; 0.9, as by default
#   kills        how often the import is killed and begun again; 3
#
# The emulator and the import run in processes of their own. Prints the seconds, the bound and the ratio of the two.

args <- commandArgs(trailingOnly = TRUE)
number <- function(index, default) if (length(args) >= index) as.numeric(args[[index]]) else default
rows <- number(1, 1000)
speed <- number(2, 20)
share <- number(3, 0.9)
kills <- number(4, 3)

source("bench/peers.R")
rscript <- file.path(R.home("bin"), "Rscript")
folder <- tempfile("import-many")
dir.create(folder)
log <- file.path(folder, "log")

run_r <- function(code, ...) {
  path <- tempfile(tmpdir = folder, fileext = ".R")
  writeLines(c(sprintf(".libPaths(%s)", paste(deparse(.libPaths()), collapse = "")), code), path)
  processx::process$new(rscript, c("--vanilla", path), stdout = "|", stderr = log, ...)
}

emulator <- run_r(sprintf("kmsr::kms_emulator(quotas = %s, wait = TRUE)", speed))
settings <- character()
while (length(settings) < 4) {
  emulator$poll_io(1000)
  settings <- c(settings, emulator$read_output_lines())
}
settings <- stats::setNames(sub("^[^=]*=", "", settings), sub("=.*", "", settings))
do.call(Sys.setenv, as.list(settings))

# Keys of two kinds, in files, as they would be.
keys <- file.path(folder, sprintf("key-%05d", seq_len(rows)))
for (key in keys) {
  writeBin(as.raw(sample(0:255, 32, replace = TRUE)), key)
}
data <- data.frame(
  id = sprintf("key-%05d", seq_len(rows)), path = keys,
  key_spec = rep_len(c("HMAC_256", "SYMMETRIC_DEFAULT"), rows), alias = sprintf("bench/%05d", seq_len(rows))
)
saveRDS(data, file.path(folder, "data.rds"))

# The emulator's wrapping keys are made before the clock runs: AWS has them ready.
svc <- kms()
warm <- svc$create_key(Origin = "EXTERNAL", KeySpec = "HMAC_256", KeyUsage = "GENERATE_VERIFY_MAC")$KeyMetadata
for (i in 1:12) {
  svc$get_parameters_for_import(warm$KeyId, "RSAES_OAEP_SHA_256", "RSA_4096")
}

child <- sprintf(
  "result <- kmsr::byok_import_many(kmsr::kms(), readRDS(%s), ledger = %s, speed = %s, quota_share = %s, wait = 2)
   print(result)
   saveRDS(as.data.frame(result), %s)",
  deparse(file.path(folder, "data.rds")), deparse(file.path(folder, "ledger.jsonl")), speed, share,
  deparse(file.path(folder, "result.rds"))
)
bound <- rows / (speed * share)
began <- proc.time()[["elapsed"]]
elapsed <- function() proc.time()[["elapsed"]] - began
killed <- 0
for (at in seq_len(kills) / (kills + 1)) {
  run <- run_r(child)
  Sys.sleep(max(0, at * bound - elapsed()))
  killed <- killed + run$is_alive()
  run$signal(9)
  run$wait()
}
run <- run_r(child)
while (run$is_alive()) {
  run$poll_io(1000)
}
seconds <- elapsed()
writeLines(run$read_all_output_lines())
if (run$get_exit_status() != 0) {
  stop("The import failed: ", paste(readLines(log), collapse = "\n"))
}

result <- readRDS(file.path(folder, "result.rds"))
imported <- unlist(paginate_lapply(svc$list_keys(), function(page) vapply(page$Keys, function(key) key$KeyArn, "")))
imported <- setdiff(imported, warm$Arn)
stopifnot(
  all(result$status == "done"),
  # Every key once, and none besides.
  setequal(result$key_arn, imported), length(imported) == rows
)
invisible(emulator$interrupt())
invisible(emulator$wait(5000))
unlink(folder, recursive = TRUE)
cat(sprintf(
  "\n%d keys imported once each, killed %d times, at %g times AWS' pace and %g of the quota\nseconds %.1f  bound %.1f  ratio %.3f  ratio to the whole quota %.3f\n",
  rows, killed, speed, share, seconds, bound, seconds / bound, seconds * speed / rows
))
report(
  sprintf("%s imports, killed %d times", format(rows, big.mark = ","), killed), "time / what the rates allow", seconds / bound,
  sprintf("%.0f s", seconds), list(at_most = 1.05)
)
