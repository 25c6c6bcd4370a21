# Checks that the places that state a version state the same one.
# Usage: Rscript tools/versions.R

description <- read.dcf("DESCRIPTION", c("Version", "SystemRequirements"))
cargo <- readLines("src/rust/Cargo.toml")
stated <- function(lines, pattern) sub(pattern, "\\1", grep(pattern, lines, value = TRUE)[[1L]])

same <- function(what, ...) {
  versions <- c(...)
  if (length(unique(versions)) > 1L) {
    stop(what, ": ", paste(names(versions), versions, collapse = ", "), call. = FALSE)
  }
}

# A development version has a fourth number, which cargo does not know.
same("The package's version",
  DESCRIPTION = sub("^([0-9]+\\.[0-9]+\\.[0-9]+).*", "\\1", description[, "Version"]),
  Cargo.toml = stated(cargo, "^version = \"([0-9.]+)\"$")
)
same("The oldest Rust",
  DESCRIPTION = stated(description[, "SystemRequirements"], ".*rustc >= ([0-9.]+).*"),
  Cargo.toml = stated(cargo, "^rust-version = \"([0-9.]+)\"$")
)
