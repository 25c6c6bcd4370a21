# A warm call from R against the same call in pure Rust (the AWS SDK as its manual says), and against boto3 where
# bench/requirements.txt is installed: blocks of calls in turn, against a server whose answers are canned.
#
#   Rscript bench/warm-call.R [blocks] [calls]
#
# Prints microseconds per call (medians over the blocks) and the ratios, block by block.
library(kmsr)

arguments <- as.numeric(commandArgs(trailingOnly = TRUE))
blocks <- if (length(arguments) >= 1) arguments[1] else 9
calls <- if (length(arguments) >= 2) arguments[2] else 500

rust <- c("build", "--release", "--quiet", "--locked", "-p", "kmsr-client", "--example", "canned", "--example", "floor")
stopifnot(system2("cargo", c(rust, "--manifest-path", "src/rust/Cargo.toml")) == 0)
example <- function(name) file.path("src/rust/target/release/examples", name)

start <- function(command, args) processx::process$new(command, args, stdin = "|", stdout = "|")
read_line <- function(process) {
  repeat {
    line <- process$read_output_lines(1)
    if (length(line) > 0) {
      return(line)
    }
    if (!process$is_alive()) stop("a measured program has ended", call. = FALSE)
    process$poll_io(1000)
  }
}

server <- start(example("canned"), character())
url <- read_line(server)
svc <- kms(
  credentials = list(creds = creds("AKIDEXAMPLE", "secret")), endpoint = url, region = "us-east-1"
)
in_r <- function() {
  started <- proc.time()[["elapsed"]]
  for (i in seq_len(calls)) {
    svc$get_parameters_for_import("1234abcd-12ab-34cd-56ef-1234567890ab", "RSAES_OAEP_SHA_256", "RSA_4096")
  }
  proc.time()[["elapsed"]] - started
}
told <- function(process) {
  function() {
    process$write_input(sprintf("parameters %d\n", calls))
    as.numeric(read_line(process))
  }
}

programs <- list(kmsr = in_r, rust = told(start(example("floor"), url)))
python <- Sys.getenv("KMSR_BENCH_PYTHON", "python3")
if (system2(python, c("-c", shQuote("import boto3")), stdout = FALSE, stderr = FALSE) == 0) {
  programs$boto3 <- told(start(python, c("bench/boto.py", url)))
}

for (program in programs) program() # Warm.
seconds <- replicate(blocks, vapply(programs, function(program) program(), 0))
cat(sprintf("%-6s %7.0f us per call\n", rownames(seconds), apply(seconds, 1, median) / calls * 1e6), sep = "")
ratio <- function(a, b) stats::quantile(seconds[a, ] / seconds[b, ], c(0.5, 0, 1), names = FALSE)
report <- function(label, ratio) cat(sprintf("%s: %.2f (%.2f to %.2f)\n", label, ratio[1], ratio[2], ratio[3]))
report("kmsr / rust", ratio("kmsr", "rust"))
if ("boto3" %in% rownames(seconds)) report("boto3 / kmsr", ratio("boto3", "kmsr"))
invisible(server$kill())
