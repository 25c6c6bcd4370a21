# From nothing to the first answer, in a process of its own each time: an empty Rscript, one that loads kmsr and makes a call,
# boto3, and the AWS CLI.
#
#   Rscript bench/cold-start.R [blocks]
source("bench/peers.R")
arguments <- as.numeric(commandArgs(trailingOnly = TRUE))
blocks <- if (length(arguments) >= 1) arguments[1] else 15

url <- canned_server()
Sys.setenv(
  AWS_ENDPOINT_URL_KMS = url, AWS_ACCESS_KEY_ID = "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY = "secret",
  AWS_REGION = "us-east-1", AWS_DEFAULT_REGION = "us-east-1", AWS_EC2_METADATA_DISABLED = "true"
)
rscript <- file.path(R.home("bin"), "Rscript")
key <- "1234abcd-12ab-34cd-56ef-1234567890ab"
run <- function(command, ...) {
  force(command)
  arguments <- c(...)
  function() taken(stopifnot(processx::run(command, arguments, env = c("current", LD_LIBRARY_PATH = ""), error_on_status = FALSE)$status == 0))
}
programs <- list(
  `empty Rscript` = run(rscript, "--vanilla", "-e", "invisible(0)"),
  kmsr = run(
    rscript, "--vanilla", "-e", sprintf(".libPaths(%s)", deparse(.libPaths()[1])),
    "-e", sprintf("invisible(kmsr::kms()$describe_key(\"%s\"))", key)
  )
)
if (!is.null(python())) {
  programs$boto3 <- run(python(), "-c", sprintf("import boto3; boto3.client('kms').describe_key(KeyId='%s')", key))
  programs$`AWS CLI` <- run(file.path(dirname(python()), "aws"), "kms", "describe-key", "--key-id", key)
}
seconds <- in_turn(programs, blocks)
for (program in rownames(seconds)) {
  report_value("cold start", program, stats::median(seconds[program, ]) * 1000, "ms")
}
report_ratio("cold start", seconds, "kmsr", "empty Rscript", list(at_most = 1.2))
for (peer in setdiff(rownames(seconds), c("kmsr", "empty Rscript"))) {
  report_ratio("cold start", seconds, peer, "kmsr")
}
