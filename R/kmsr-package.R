#' @keywords internal
#' @useDynLib kmsr, .registration = TRUE
"_PACKAGE"
