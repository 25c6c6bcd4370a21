#' Find the credentials a client would use
#'
#' `locate_credentials()` looks where a client looks (see [kms()]) and returns what it finds, as paws' function of the same
#' name does: **the secrets in clear**, for handing them to another program. Printing the result shows them. To see whose
#' credentials are in use without their secrets, ask [kms_sitrep()].
#'
#' `paws_reset_cache()` makes every client look up its credentials anew at its next call, and the session's default client,
#' unless it was set with [kms_default()], look up everything anew. It is rarely needed: credentials are looked up again on
#' their own before they expire, when the shared files they come from change, and when the service refuses them.
#'
#' @param profile The name of a profile in the shared AWS config and credentials files; `""` for the chain.
#' @param anonymous `TRUE` for the credentials of who signs nothing: all empty.
#' @return `locate_credentials()`: a list with `access_key_id`, `secret_access_key`, `session_token`, `access_token` (always
#'   empty), `expiration` (a `POSIXct`, or `Inf`) and `region` (empty when none is configured). An error of class
#'   `kmsr_credentials_error` when there are none.
#'
#'   `paws_reset_cache()`: nothing, invisibly.
#' @seealso [kms()] for where credentials are looked for; [kms_sitrep()].
#' @examplesIf requireNamespace("withr", quietly = TRUE)
#' withr::with_envvar(
#'   c(AWS_ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY = "not-a-real-secret"),
#'   locate_credentials()$access_key_id
#' )
#' @export
locate_credentials <- function(profile = "", anonymous = FALSE) {
  config <- merge_config(list(), list(profile = profile, anonymous = anonymous), NULL, NULL)
  handle <- new_handle(config)
  found <- unwrap(with_client(handle, rs_credentials)) %||% list()
  list(
    access_key_id = found$access_key_id %||% "",
    secret_access_key = found$secret_access_key %||% "",
    session_token = found$session_token %||% "",
    access_token = "",
    expiration = if (is.null(found$expiration)) Inf else time_from(found$expiration),
    region = handle$resolved$region %||% ""
  )
}

#' @rdname locate_credentials
#' @export
paws_reset_cache <- function() {
  the$lookups <- the$lookups + 1
  the$log_variables <- NULL
  if (!isTRUE(the$default_is_set)) {
    the$default <- NULL
  }
  invisible()
}
