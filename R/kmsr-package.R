#' @keywords internal
#' @useDynLib kmsr, .registration = TRUE
"_PACKAGE"

# What a session remembers: the default client.
the <- new.env(parent = emptyenv())
