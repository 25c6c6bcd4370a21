# Finds a Rust that is new enough for what DESCRIPTION asks for, and prints the versions in use. Stops the installation,
# with one sentence that says what to install, when there is none. Sourced by tools/config.R, which reads `rust_folder`.

stop_install <- function(...) {
  message("\nkmsr: ", ..., "\n")
  quit(save = "no", status = 1L)
}

# The user's home; what R calls "~" on Windows is the folder for documents.
home <- if (.Platform$OS.type == "windows") {
  chartr("\\", "/", Sys.getenv("USERPROFILE"))
} else {
  path.expand("~")
}

required <- sub(
  ".*rustc >= ([0-9.]+).*", "\\1",
  read.dcf("DESCRIPTION", "SystemRequirements")[[1L]]
)

# What is wrong with a tool, in words, or nothing. The tool's own first line is passed on: rustup's `cargo` is there but
# refuses to run when no toolchain was chosen.
look_at <- function(tool) {
  if (!nzchar(Sys.which(tool))) {
    return("was not found")
  }
  lines <- tryCatch(
    suppressWarnings(system2(tool, "--version", stdout = TRUE, stderr = TRUE)),
    error = conditionMessage
  )
  # "rustc 1.95.0 (59807616e 2026-04-14)"
  pattern <- paste0("^", tool, " ([0-9]+\\.[0-9]+\\.[0-9]+).*$")
  version <- sub(pattern, "\\1", grep(pattern, lines, value = TRUE))
  if (length(version) == 0L) {
    return(paste0("does not run (", c(lines[nzchar(lines)], "it says nothing")[[1L]], ")"))
  }
  if (utils::compareVersion(version[[1L]], required) < 0) {
    return(paste0("is version ", version[[1L]], ", which is too old"))
  }
  message("Using ", tool, " ", version[[1L]], " (", Sys.which(tool), ")")
  character()
}

# The first thing that is wrong with the Rust on the path.
problem <- function() {
  for (tool in c("cargo", "rustc")) {
    wrong <- look_at(tool)
    if (length(wrong) > 0L) {
      return(paste0("`", tool, "` ", wrong))
    }
  }
  NULL
}

# Where shells look comes first; then where rustup puts Rust, which many a shell has not been told, or which is newer
# than the system's own. `rust_folder` is empty if the path will do.
rust_folder <- ""
on_path <- problem()
if (!is.null(on_path)) {
  rust_folder <- file.path(home, ".cargo", "bin")
  Sys.setenv(PATH = paste(rust_folder, Sys.getenv("PATH"), sep = .Platform$path.sep))
  if (!is.null(problem())) {
    stop_install(
      on_path, ", and this package is built from Rust source: install Rust ", required,
      " or newer from <https://www.rust-lang.org/tools/install>",
      " (or, with rustup, run `rustup update stable`) and try again."
    )
  }
}
