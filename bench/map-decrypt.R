# Decrypting 10,000 values: kms_map(), a loop, pure Rust and boto3 with as many at once.
#
#   Rscript bench/map-decrypt.R [blocks] [values] [at once]
source("bench/peers.R")
arguments <- as.numeric(commandArgs(trailingOnly = TRUE))
blocks <- if (length(arguments) >= 1) arguments[1] else 5
values <- if (length(arguments) >= 2) arguments[2] else 10000
active <- if (length(arguments) >= 3) arguments[3] else 32

url <- canned_server()
svc <- canned_client(url)
blobs <- rep(list(as.raw(rep(7, 184))), values)
programs <- c(
  list(
    kmsr = function() taken(kms_map(svc$decrypt, CiphertextBlob = blobs, max_active = active, progress = FALSE)),
    loop = function() taken(for (blob in blobs) svc$decrypt(blob))
  ),
  lapply(peers(url), asked, sprintf("decrypt %d %d", values, active))
)
seconds <- in_turn(programs, blocks)
what <- sprintf("%s decrypts", format(values, big.mark = ","))
report_seconds(what, seconds, values)
report_ratio(what, seconds, "kmsr", "rust", list(at_most = 1.5))
report_ratio(what, seconds, "loop", "kmsr")
if ("boto3" %in% rownames(seconds)) report_ratio(what, seconds, "boto3", "kmsr", list(at_least = 10))
