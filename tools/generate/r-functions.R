# R/operations.R: one exported function per operation, and what the client needs to know about all of them.

r_functions <- function(api, help) {
  pages <- api$operations[api$operations$page != "", ]
  c(
    "",
    "# The operations' methods in the client's order: the mirrored interface's first, then the newer ones.",
    "operation_methods <- c(",
    commas(sprintf('  "%s"', api$operations$method)),
    ")",
    "",
    "# The operations that answer in pages, and the member that holds one page's items.",
    "operation_pages <- list(",
    commas(sprintf('  %s = "%s"', pages$method, pages$page)),
    ")",
    unlist(lapply(api$operations$operation, r_function, api = api, help = help))
  )
}

r_function <- function(operation, api, help) {
  method <- api$operations$method[api$operations$operation == operation]
  arguments <- members_of(api, operation, "input")
  c(
    "",
    r_help(operation, api, help),
    r_call(
      sprintf("kms_%s <- function", method),
      paste0(arguments$member, ifelse(has_default(arguments), " = NULL", "")),
      after = " {"
    ),
    unlist(lapply(which(!has_default(arguments)), function(i) r_missing(arguments[i, ], method))),
    r_invocation(operation, arguments),
    "}"
  )
}

# An argument has no default where the service requires it, or where the mirrored interface did so.
has_default <- function(arguments) !arguments$required & arguments$instead == ""

r_missing <- function(row, method) {
  abort <- sprintf('abort_missing_argument("%s", "%s")', row$member, method)
  if (row$required) return(sprintf("  if (missing(%s)) %s", row$member, abort))
  c(
    sprintf("  if (missing(%s)) {", row$member),
    sprintf("    if (is.null(%s)) %s", row$instead, abort),
    sprintf("    %s <- NULL", row$member),
    "  }"
  )
}

r_invocation <- function(operation, arguments) {
  values <- ifelse(
    arguments$type == "timestamp",
    sprintf('timestamp_argument(%s, "%s")', arguments$member, arguments$member),
    arguments$member
  )
  named <- sprintf("%s = %s", arguments$member, values)
  short <- sprintf('  call_operation(client(), "%s", list(%s))', operation, paste(named, collapse = ", "))
  if (nchar(short) <= line_width) return(short)
  c(
    "  call_operation(",
    "    client(),",
    sprintf('    "%s",', operation),
    "    list(",
    commas(paste0("      ", named)),
    "    )",
    "  )"
  )
}

r_call <- function(head, arguments, after) {
  short <- sprintf("%s(%s)%s", head, paste(arguments, collapse = ", "), after)
  if (nchar(short) <= line_width) return(short)
  c(paste0(head, "("), commas(paste0("  ", arguments)), paste0(")", after))
}
