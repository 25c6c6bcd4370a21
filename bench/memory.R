# Memory over many calls: what the process grows by, and what R has to collect for each call.
#
#   Rscript bench/memory.R [calls]
source("bench/peers.R")
arguments <- as.numeric(commandArgs(trailingOnly = TRUE))
calls <- if (length(arguments) >= 1) arguments[1] else 100000

url <- canned_server()
svc <- canned_client(url)
call <- function(n) {
  for (i in seq_len(n)) {
    svc$get_parameters_for_import("1234abcd-12ab-34cd-56ef-1234567890ab", "RSAES_OAEP_SHA_256", "RSA_4096")
  }
}
resident <- function() {
  gc()
  status <- readLines("/proc/self/status")
  as.numeric(gsub("[^0-9]", "", grep("^VmRSS", status, value = TRUE)))
}
# What is allocated once, extendr's table of protected objects above all, is there by then: it stops growing after some
# some 300,000 calls, at 25 MB.
for (turn in 1:4) {
  call(calls)
  gc()
}
before <- resident()
call(calls)
grown <- (resident() - before) / 1024
report(
  sprintf("memory over %s calls", format(calls, big.mark = ",", scientific = FALSE)), "growth in MiB", grown,
  wanted = list(at_most = 2)
)

# R's allocations for one call, result included.
profile <- tempfile()
Rprofmem(profile, threshold = 0)
call(100)
Rprofmem(NULL)
bytes <- suppressWarnings(as.numeric(sub(" .*", "", readLines(profile))))
result <- utils::object.size(svc$get_parameters_for_import("1234abcd-12ab-34cd-56ef-1234567890ab", "RSAES_OAEP_SHA_256", "RSA_4096"))
report_value("R's garbage", "vectors allocated for a call", sum(!is.na(bytes)) / 100, "of them large")
report_value("R's garbage", "bytes in them", sum(bytes, na.rm = TRUE) / 100, sprintf("bytes; the result has %d", as.integer(result)))

# Many at once: what kms_map() holds besides its results.
blobs <- rep(list(as.raw(rep(7, 184))), 20000)
for (turn in 1:10) results <- kms_map(svc$decrypt, CiphertextBlob = blobs, progress = FALSE)
rm(results)
before <- resident()
for (turn in 1:5) results <- kms_map(svc$decrypt, CiphertextBlob = blobs, progress = FALSE)
held <- as.numeric(utils::object.size(results)) / 2^20
rm(results)
report(
  "memory over 100,000 mapped calls", "growth in MiB after the results are gone", (resident() - before) / 1024,
  sprintf("the results of 20,000 have %.0f", held), list(at_most = round(held))
)
