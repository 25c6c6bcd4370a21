# Large results: a page of 1,000 keys, from the wire to an R list, against pure Rust and boto3.
#
#   Rscript bench/large-results.R [blocks] [calls]
source("bench/peers.R")
arguments <- as.numeric(commandArgs(trailingOnly = TRUE))
blocks <- if (length(arguments) >= 1) arguments[1] else 9
calls <- if (length(arguments) >= 2) arguments[2] else 100

url <- canned_server()
svc <- canned_client(url)
programs <- c(
  list(kmsr = function() taken(for (i in seq_len(calls)) svc$list_keys(Limit = 1000))),
  lapply(peers(url), asked, sprintf("list %d", calls))
)
seconds <- in_turn(programs, blocks)
report_seconds("page of 1,000 keys", seconds, calls)
report_ratio("page of 1,000 keys", seconds, "kmsr", "rust")
if ("boto3" %in% rownames(seconds)) report_ratio("page of 1,000 keys", seconds, "boto3", "kmsr")
