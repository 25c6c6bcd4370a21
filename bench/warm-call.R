# A warm call from R against the same call in pure Rust (the AWS SDK as its manual says), in boto3 and in paws: one after the
# other, against a server whose answers are canned.
#
#   Rscript bench/warm-call.R [blocks] [calls]
#
# paws is measured where the environment variable KMSR_BENCH_PAWS names a library with paws.security.identity.
source("bench/peers.R")
arguments <- as.numeric(commandArgs(trailingOnly = TRUE))
blocks <- if (length(arguments) >= 1) arguments[1] else 15
calls <- if (length(arguments) >= 2) arguments[2] else 300

url <- canned_server()
key <- "1234abcd-12ab-34cd-56ef-1234567890ab"
one_by_one <- function(svc, calls) {
  force(svc)
  function() {
    taken(for (i in seq_len(calls)) svc$get_parameters_for_import(key, "RSAES_OAEP_SHA_256", "RSA_4096"))
  }
}

programs <- c(
  list(kmsr = one_by_one(canned_client(url), calls)),
  lapply(peers(url), asked, sprintf("parameters %d", calls))
)
paws <- Sys.getenv("KMSR_BENCH_PAWS")
if (nzchar(paws)) {
  loadNamespace("paws.security.identity", lib.loc = c(paws, .libPaths()))
  svc <- paws.security.identity::kms(
    credentials = list(creds = list(access_key_id = "AKIDEXAMPLE", secret_access_key = "secret")),
    endpoint = url, region = "us-east-1"
  )
  # Slow enough for a tenth of the calls to do.
  few <- one_by_one(svc, max(1, calls %/% 10))
  programs$paws <- function() few() * calls / max(1, calls %/% 10)
}

seconds <- in_turn(programs, blocks)
report_seconds("warm call", seconds, calls)
report_ratio("warm call", seconds, "kmsr", "rust", list(at_most = 1.2))
if ("boto3" %in% rownames(seconds)) report_ratio("warm call", seconds, "boto3", "kmsr", list(at_least = 5))
if ("paws" %in% rownames(seconds)) report_ratio("warm call", seconds, "paws", "kmsr", list(at_least = 30))

count <- jsonlite::fromJSON(paste0(url, "/count"))
report_value("warm call", "connections of all programs together", count$connections, sprintf("for %d requests", count$requests))
