# JSON by way of Rust: lists to objects and arrays, NULL to null, scalars to scalars.

to_json <- function(x, pretty = TRUE) {
  unwrap(rs_to_json(x, pretty))
}

# A JSON file of ours: refused if it is not, or of a later version.
read_json <- function(path, format, what) {
  force(path)
  text <- tryCatch(
    suppressWarnings(readLines(path, warn = FALSE, encoding = "UTF-8")),
    error = function(e) abort_kmsr(
      sprintf("The %s %s cannot be read.", what, path),
      class = c("kmsr_file_error", "kmsr_argument_error"),
      body = c(i = if (dir.exists(path)) {
        "It is a folder: name the file in it."
      } else if (!file.exists(path)) {
        sprintf("There is no such file%s.", if (grepl("^(/|[A-Za-z]:)", path)) "" else paste(" in", getwd()))
      } else {
        "May you read it?"
      }),
      argument = "path"
    )
  )
  data <- rs_from_json(paste(text, collapse = "\n"))
  if (!is.list(data) || !identical(data$format, format)) {
    abort_kmsr(
      sprintf("%s is not a %s.", path, what),
      class = c("kmsr_file_error", "kmsr_argument_error"),
      body = c(i = sprintf("A %s is JSON whose \"format\" is \"%s\".", what, format)),
      argument = "path"
    )
  }
  if (!isTRUE(data$version == 1)) {
    abort_kmsr(
      sprintf("The %s %s has version %s; this kmsr reads version 1.", what, path, format(data$version)),
      class = c("kmsr_file_error", "kmsr_argument_error"),
      body = c(i = "Use the kmsr that wrote it, or a newer one."),
      argument = "path"
    )
  }
  data
}

# A file is written beside its place and moved there: whole or not at all. Raw vectors as they are, text with a line break.
write_whole <- function(x, path) {
  bytes <- if (is.raw(x)) x else charToRaw(paste0(enc2utf8(x), "\n"))
  temporary <- tempfile(".kmsr-", tmpdir = dirname(path))
  on.exit(unlink(temporary))
  done <- tryCatch(
    {
      writeBin(bytes, temporary)
      file.rename(temporary, path)
    },
    error = function(e) FALSE,
    warning = function(w) FALSE
  )
  if (!done) {
    abort_kmsr(
      sprintf("%s cannot be written.", path),
      class = c("kmsr_file_error", "kmsr_argument_error"),
      body = c(i = "Does the folder exist, and may you write there?"),
      argument = "path"
    )
  }
  invisible(path)
}
