#' @export
print.kms_sitrep <- function(x, ...) {
  writeLines(format(x, ...))
  invisible(x)
}

#' @export
format.kms_sitrep <- function(x, ...) {
  lines <- lapply(intersect(names(sitrep_lines), names(x)), function(part) {
    told <- x[[part]]
    line <- if (is_trouble(told)) trouble(told$error) else sitrep_lines[[part]](told, x)
    label(sitrep_labels[[part]], strsplit(line, "\n", fixed = TRUE)[[1]])
  })
  c("<kms_sitrep> where this client stands", unlist(lines))
}

# The parts in the order they are read, and how each is put into words. Each gets the part and the whole.
sitrep_lines <- list(
  configuration = NULL,
  region = function(told, whole) {
    if (is.null(told$value)) trouble("none: set one with region = or AWS_REGION") else sourced(told$value, told$source)
  },
  endpoint = function(told, whole) {
    value <- whole$url %||% told$value
    if (is.null(value)) {
      return(if (is.null(whole$region$value)) trouble("none without a Region") else "the Region's own")
    }
    paste0(
      sourced(value, told$source %||% "the Region's own"),
      if (told$fips) ", FIPS 140",
      if (told$dual_stack) ", dual-stack"
    )
  },
  profile = function(told, whole) told$value,
  connection = NULL,
  credentials = function(told, whole) {
    if (isTRUE(told$anonymous)) {
      return("none: requests are not signed")
    }
    until <- if (!is.null(told$expires)) paste0(", until ", format_time(told$expires))
    paste0(sourced(paste("access key", told$access_key_id), told$source), until)
  },
  caller = function(told, whole) told$arn,
  server = function(told, whole) sprintf("answers in %.0f ms", told$seconds * 1000),
  clock = function(told, whole) clock_line(told$behind),
  tls = function(told, whole) {
    sprintf("%s, %s (%spost-quantum), %s", told$version, told$group, if (told$post_quantum) "" else "not ", told$cipher)
  },
  proxy = function(told, whole) told$value %||% "none",
  authorities = function(told, whole) {
    if (is.null(told$value)) "the system's" else paste(told$value, collapse = "\n")
  },
  retries = function(told, whole) sprintf("%g, %s", told$max_retries, told$mode),
  timeouts = function(told, whole) {
    total <- if (is.finite(told$operation_timeout)) sprintf("%g s", told$operation_timeout) else "no limit"
    sprintf("%g s to connect, %g s for an answer, %s in all", told$connect_timeout, told$timeout, total)
  },
  versions = function(told, whole) {
    crates <- told[setdiff(names(told), c("kmsr", "R", "os", "platform"))]
    paste0(
      sprintf("kmsr %s, R %s, %s, %s\n", told$kmsr, told$R, told$os, told$platform),
      paste(names(crates), crates, collapse = ", ")
    )
  }
)

sitrep_labels <- list(
  configuration = "Configuration", region = "Region", endpoint = "Endpoint", profile = "Profile",
  connection = "Connection", credentials = "Credentials", caller = "Identity", server = "Server", clock = "Clock",
  tls = "Protection", proxy = "Proxy", authorities = "Authorities", retries = "Retries", timeouts = "Timeouts",
  versions = "Versions"
)

label <- function(name, lines) {
  paste0("  ", format(c(paste0(name, ":"), rep("", length(lines) - 1)), width = 15), lines)
}

trouble <- function(text) {
  paste("!", text)
}

sourced <- function(value, source) {
  if (identical(source, "given")) value else sprintf("%s (%s)", value, source)
}

clock_line <- function(behind) {
  off <- round(abs(behind))
  if (off <= 2) {
    return("agrees with the server's")
  }
  line <- sprintf("%.0f s %s the server's", off, if (behind > 0) "behind" else "ahead of")
  # AWS refuses signatures that are older, or younger.
  if (off > 300) trouble(paste0(line, ": signatures are refused until this machine's clock is set")) else line
}
