# Writes src/Makevars (on Windows src/Makevars.win) from its template. Run by configure from the package's root.
#
# What a builder can choose, in the environment:
#   KMSR_PROFILE       cargo profile: "release" (default), "quick" for the development loop, or "dev"
#   KMSR_TARGET_DIR    cargo's target folder, an absolute path; default src/rust/target. Lets installs from fresh
#                      copies of the source build on what earlier ones built. Vendored crates are unpacked there too:
#                      cargo knows them by where they are.
#   CARGO_BUILD_JOBS   how many compilers at once; default 2, the most that CRAN allows
#   CARGO_HOME         where cargo keeps what it downloads; default ~/.cargo if that can be written, else a folder
#                      inside the build. Not used with a vendored archive, which always builds inside.

source("tools/msrv.R")

windows <- .Platform$OS.type == "windows"
rust_target <- "x86_64-pc-windows-gnu"
vendored <- file.exists("src/rust/vendor.tar.xz")

env_or <- function(name, default) {
  value <- Sys.getenv(name)
  if (nzchar(value)) value else default
}

profile <- env_or("KMSR_PROFILE", "release")
jobs <- env_or("CARGO_BUILD_JOBS", "2")

target_dir <- env_or("KMSR_TARGET_DIR", "rust/target")
own_target <- target_dir == "rust/target"
if (!own_target) {
  absolute <- grepl("^(/|[A-Za-z]:)", target_dir)
  if (!absolute || grepl("[[:space:]]", target_dir)) {
    stop_install("KMSR_TARGET_DIR must be an absolute path without spaces, not \"", target_dir, "\".")
  }
}

# On Windows, Rust's own target is that of another C compiler than R's; both may be there.
if (windows) {
  if (R.version$arch != "x86_64") {
    stop_install("on Windows, this package can be built for x86_64 alone, not for ", R.version$arch, ".")
  }
  libraries <- system2("rustc", c("--print", "target-libdir", "--target", rust_target), stdout = TRUE)
  if (!isTRUE(dir.exists(libraries))) {
    stop_install(
      "Rust has no libraries for R's C compiler: run `rustup target add ", rust_target, "` and try again."
    )
  }
}

# Cargo's own folder. A user's is used where there is one, so that nothing is downloaded twice.
cargo_home <- env_or("CARGO_HOME", file.path(home, ".cargo"))
inside <- vendored || file.access(cargo_home, 2L) != 0L

# By R itself: not every machine has a tar that knows xz.
if (vendored) {
  crates <- if (own_target) "src/rust" else target_dir
  dir.create(crates, showWarnings = FALSE, recursive = TRUE)
  unlink(file.path(crates, "vendor"), recursive = TRUE)
  utils::untar("src/rust/vendor.tar.xz", exdir = crates, tar = "internal")
}

# What Rust's standard library and the crates need from the system, and what makes the result small: no debug
# information (cargo's `strip` does nothing to a static library), and of the static library only what R's entry point
# reaches.
libs <- switch(
  if (windows) "Windows" else Sys.info()[["sysname"]],
  Windows = paste(
    "-lws2_32 -ladvapi32 -luserenv -lbcrypt -lncrypt -lcrypt32 -lsecur32 -lole32 -lntdll -lkernel32",
    "-Wl,-S"
  ),
  Darwin = paste(
    "-framework Security -framework SystemConfiguration -framework CoreFoundation -liconv",
    "-Wl,-S -Wl,-dead_strip"
  ),
  Linux = "-lpthread -ldl -lm -Wl,-s -Wl,--gc-sections -Wl,--exclude-libs,ALL",
  "-lpthread -lm"
)

# A user's build leaves nothing behind; in a checkout cargo's target folder is what makes the next build quick. A target
# folder elsewhere is its owner's.
tidy <- if (own_target) {
  c(if (inside) "rust/.cargo", if (vendored) c("rust/vendor", "rust/target"))
}

values <- list(
  TARGET_DIR = target_dir,
  PROFILE_DIR = if (profile == "dev") "debug" else profile,
  RUST_TARGET = rust_target,
  LIBS = libs,
  JOBS = jobs,
  CARGO_FLAGS = paste(c("--profile", profile, if (vendored) "--offline"), collapse = " "),
  PATH_EXPORT = if (nzchar(rust_folder)) {
    # As Rtools' shell writes it on Windows: /c/Users, not C:/Users.
    paste0("PATH=\"", sub("^([A-Za-z]):/", "/\\1/", rust_folder), ":$$PATH\"; export PATH;")
  } else {
    ""
  },
  CARGO_HOME_EXPORT = if (inside) {
    paste0("CARGO_HOME=\"", if (own_target) "`pwd`/rust" else target_dir, "/.cargo\"; export CARGO_HOME;")
  } else {
    ""
  },
  TIDY = if (is.null(tidy)) "@true" else paste("rm -rf", paste(tidy, collapse = " "))
)

template <- if (windows) "src/Makevars.win.in" else "src/Makevars.in"
lines <- readLines(template)
for (name in names(values)) {
  lines <- gsub(paste0("@", name, "@"), values[[name]], lines, fixed = TRUE)
}
# As bytes: on Windows lines would end in CR LF, which make takes for a part of the command.
makevars <- file(sub("\\.in$", "", template), open = "wb")
writeLines(lines, makevars)
close(makevars)

message(
  "Building with cargo profile \"", profile, "\"",
  if (vendored) " from the vendored crates, offline",
  if (inside && !vendored) ", with a cargo home inside the build"
)
