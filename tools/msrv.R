# Stops the installation, with one sentence that says what to install, when Rust is missing or older than what
# DESCRIPTION asks for; prints the versions in use otherwise. Sourced by tools/config.R.

stop_install <- function(...) {
  message("\nkmsr: ", ..., "\n")
  quit(save = "no", status = 1L)
}

# "rustc 1.95.0 (59807616e 2026-04-14)" to "1.95.0"; NULL if the tool cannot be run.
tool_version <- function(tool) {
  line <- tryCatch(
    suppressWarnings(system2(tool, "--version", stdout = TRUE, stderr = FALSE)),
    error = function(cnd) character()
  )
  pattern <- paste0("^", tool, " ([0-9]+\\.[0-9]+\\.[0-9]+).*$")
  line <- grep(pattern, line, value = TRUE)
  if (length(line) == 0L) NULL else sub(pattern, "\\1", line[[1L]])
}

required <- sub(
  ".*rustc >= ([0-9.]+).*", "\\1",
  read.dcf("DESCRIPTION", "SystemRequirements")[[1L]]
)

# Where rustup puts Rust, for shells that have not been told.
Sys.setenv(PATH = paste(
  Sys.getenv("PATH"), path.expand("~/.cargo/bin"),
  sep = .Platform$path.sep
))

remedy <- paste0(
  "install Rust ", required, " or newer from <https://www.rust-lang.org/tools/install>",
  " (or, with rustup, run `rustup update stable`) and try again."
)
for (tool in c("cargo", "rustc")) {
  version <- tool_version(tool)
  if (is.null(version)) {
    stop_install(
      "`", tool, "` was not found, and this package is built from Rust source: ", remedy
    )
  }
  if (utils::compareVersion(version, required) < 0) {
    stop_install(
      "`", tool, "` is version ", version, ", which is too old for this package: ", remedy
    )
  }
  message("Using ", tool, " ", version)
}
