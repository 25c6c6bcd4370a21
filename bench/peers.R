# What the measurements share: the canned server, the peers, and how figures are reported. Sourced by each script, from the
# root of the repository.
#
# A peer is a program that reads a command a line and answers with the seconds it took. Everything that is compared is
# measured in turn, in blocks, so that what the machine does besides falls on all alike; what counts is the median of the
# blocks' ratios.
library(kmsr)

build_examples <- function() {
  build <- c("build", "--release", "--quiet", "--locked", "-p", "kmsr-client", "--example", "canned", "--example", "floor")
  stopifnot(system2("cargo", c(build, "--manifest-path", "src/rust/Cargo.toml")) == 0)
}

example_program <- function(name) file.path("src/rust/target/release/examples", name)

start <- function(command, args = character(), ...) {
  # R's own libraries are none of theirs.
  environment <- c("current", LD_LIBRARY_PATH = "")
  processx::process$new(command, args, stdin = "|", stdout = "|", stderr = "", env = environment, ...)
}

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

# The server with the same answer for everybody, until the script ends: its URL.
canned_server <- function(delay_ms = 0) {
  build_examples()
  server <- start(example_program("canned"), c("0", delay_ms))
  servers <<- c(servers, server)
  read_line(server)
}
servers <- list()

canned_client <- function(url) {
  kms(credentials = list(creds = creds("AKIDEXAMPLE", "secret")), endpoint = url, region = "us-east-1")
}

# The pure Rust program and, where boto3 is installed, the Python one.
peers <- function(url) {
  found <- list(rust = start(example_program("floor"), url))
  if (!is.null(python())) {
    found$boto3 <- start(python(), c("bench/boto.py", url))
  }
  found
}

python <- function() {
  path <- Sys.getenv("KMSR_BENCH_PYTHON")
  if (nzchar(path)) path
}

# The seconds a peer takes for a command.
asked <- function(peer, command) {
  force(peer)
  force(command)
  function() {
    peer$write_input(paste0(command, "\n"))
    as.numeric(read_line(peer))
  }
}

# The seconds an expression takes.
taken <- function(code) {
  began <- proc.time()[["elapsed"]]
  force(code)
  proc.time()[["elapsed"]] - began
}

# Seconds of each program (a function that returns them) in each block, programs in turn, a first block not counted.
in_turn <- function(programs, blocks) {
  for (program in programs) program()
  gc()
  seconds <- replicate(blocks, vapply(programs, function(program) program(), 0))
  matrix(seconds, nrow = length(programs), dimnames = list(names(programs), NULL))
}

# Prints a figure, and keeps it for the table: how many times `peer` the program `ours` takes, or the other way round.
#
# `wanted` says what the ratio must be: list(at_most = ) or list(at_least = ).
report_ratio <- function(what, seconds, over, under, wanted = NULL) {
  ratios <- stats::quantile(seconds[over, ] / seconds[under, ], c(0.5, 0, 1), names = FALSE)
  report(what, sprintf("%s / %s", over, under), ratios[1], sprintf("%.2f to %.2f", ratios[2], ratios[3]), wanted)
}

report <- function(what, of, value, range = "", wanted = NULL) {
  met <- if (!is.null(wanted$at_most)) value <= wanted$at_most else if (!is.null(wanted$at_least)) value >= wanted$at_least
  wish <- if (!is.null(wanted$at_most)) {
    paste("at most", wanted$at_most)
  } else if (!is.null(wanted$at_least)) {
    paste("at least", wanted$at_least)
  } else {
    ""
  }
  cat(sprintf(
    "%s: %s = %.3g%s%s\n", what, of, value, if (nzchar(range)) sprintf(" (%s)", range) else "",
    if (nzchar(wish)) sprintf(", wanted %s%s", wish, if (met) "" else ": MISSED") else ""
  ))
  keep(data.frame(what, of, value, range, wish, met = if (is.null(met)) NA else met))
}

# Prints an absolute figure, for orientation.
report_value <- function(what, of, value, unit) {
  cat(sprintf("%s: %s %s %s\n", what, of, format(value, big.mark = ",", digits = 4), unit))
  keep(data.frame(what, of, value, range = unit, wish = "", met = NA))
}

keep <- function(row) {
  file <- Sys.getenv("KMSR_BENCH_RESULTS")
  if (nzchar(file)) {
    utils::write.table(row, file, append = TRUE, sep = "\t", row.names = FALSE, col.names = FALSE)
  }
}

report_seconds <- function(what, seconds, calls) {
  for (program in rownames(seconds)) {
    report_value(what, program, stats::median(seconds[program, ]) / calls * 1e6, "us a call")
  }
}
