#' A client for AWS Key Management Service
#'
#' `kms()` makes a client: a list with one function per operation of the service, to be called like
#' `svc$describe_key(KeyId = "alias/my-key")`. It has the interface of `paws.security.identity::kms()`. Making a client
#' reads the environment and the shared AWS config files, but sends nothing and does not look for credentials; the first
#' call does.
#'
#' A client can be copied, saved with [saveRDS()], sent to another process, and used after a fork: it makes its
#' connections anew where it is. Its functions keep their client: `f <- svc$decrypt; f(x)` and
#' `lapply(ids, svc$describe_key)` use the client they were taken from.
#'
#' # Where settings come from
#'
#' | setting | looked up in this order |
#' |---|---|
#' | Region | `region`, `config`, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile in the shared config file |
#' | endpoint | `endpoint`, `config`, `AWS_ENDPOINT_URL_KMS`, `AWS_ENDPOINT_URL`, the profile's `services` section, the profile, the Region's own |
#' | credentials | keys given, `anonymous`, `profile` given, then: `AWS_ACCESS_KEY_ID` and its companions, the profile in the shared files, web identity token, container, instance metadata |
#' | profile | `profile` given, `AWS_PROFILE`, `default` |
#' | retries | `max_retries`, `AWS_MAX_ATTEMPTS` (less one), the profile's `max_attempts`, 3 |
#'
#' A `profile` given to the client wins over keys in the environment: who names an identity gets that one or an error.
#' Keys given to the client that have expired are refused, not replaced by another identity. `AWS_PROFILE` in the
#' environment does not win over keys in the environment. A source that has something broken, half a key pair or a role that
#' may not be assumed, ends the search: going on could end at another identity.
#'
#' A profile may have keys, a `credential_process`, an IAM Identity Center session (`sso_session`, after `aws sso login`), or
#' a role with `source_profile`, `credential_source` or `web_identity_token_file`. A role that asks for an MFA code cannot be
#' used.
#'
#' Credentials are looked up when they are first needed, and again five minutes before they expire, when the shared files
#' they came from change, and when the service refuses them. So a client in a long session keeps working. Keys in the
#' environment are looked at again when the service refuses them, and after [paws_reset_cache()].
#'
#' # Connections
#'
#' * Proxies: `https_proxy` and `http_proxy`, else `all_proxy`, but for hosts in `no_proxy`; each in lower or upper case. This
#'   machine and the addresses of instance and container metadata are never behind a proxy.
#' * Certificate authorities: the system's, and those in the PEM files that `AWS_CA_BUNDLE` and `CURL_CA_BUNDLE` name;
#'   `SSL_CERT_FILE` and `SSL_CERT_DIR` name others instead of the system's.
#' * TLS 1.3 or 1.2. The key exchange is post-quantum (`X25519MLKEM768`) wherever the server knows it, as AWS KMS does.
#'
#' [kms_sitrep()] tells what is used.
#'
#' # Settings in `config`
#'
#' Besides `credentials`, `endpoint` and `region`:
#' * `max_retries`: how many times a call that failed in a way that may pass is sent again; 0 or more. Quotas that
#'   waiting does not lift (`LimitExceededException`) are never retried.
#' * `retry_mode`: `"standard"` (default: exponential backoff with jitter) or `"adaptive"` (slows down when throttled).
#'   Also from `AWS_RETRY_MODE`.
#' * `connect_timeout`: seconds a connection may take to be made; 10 by default.
#' * `timeout`: seconds the service may take to begin its answer, for each attempt; 60 by default.
#' * `operation_timeout`: seconds a call may take as a whole, retries included; no limit by default.
#' * `close_connection`: `TRUE` to close the connection after each call.
#' * `use_fips`, `use_dual_stack`: `TRUE` for the Region's FIPS 140 endpoint, and for one with IPv6 as well. Also from
#'   `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`.
#'
#' Further names that paws knows are accepted and have no effect on AWS KMS.
#'
#' # Literal keys
#'
#' Keys given as `access_key_id` and `secret_access_key` are kept outside of R's memory and do not travel when a client is
#' saved or sent to another process; used there, it says so. Better let the other process find its own credentials. If
#' they must travel, set `options(kmsr.serialize_secrets = TRUE)` before making the client.
#'
#' @param config A list of settings, or the result of [config()].
#' @param credentials A list with `creds` (see [creds()]), `profile` or `anonymous`, or the result of [credentials()].
#' @param endpoint The service's URL, one string, such as `"http://127.0.0.1:4599"`.
#' @param region The AWS Region, one string, such as `"eu-central-1"`.
#' @param ... Not used: what is not an argument is refused, with the one that was probably meant, or where it belongs.
#' @return A list of class `kms_client` with a function for each operation, and `.internal`, whose element `config` holds
#'   the settings as looked up.
#' @seealso [kms_default()] for the client behind the exported `kms_*()` functions; [kms_emulator()] for a service to
#'   try things on.
#' @examples
#' emulator <- kms_emulator()
#' svc <- kms(
#'   config = list(credentials = list(creds = emulator$creds), timeout = 5),
#'   endpoint = emulator$endpoint, region = emulator$region
#' )
#' svc
#' svc$list_keys()
#' emulator$stop()
#' @export
kms <- function(config = list(), credentials = list(), endpoint = NULL, region = NULL, ...) {
  check_dots(setting_place)
  config <- merge_config(config, credentials, endpoint, region)
  new_client(config)
}

#' The session's default client
#'
#' The exported `kms_*()` functions, such as [kms_describe_key()], use one client for the whole session. It is made from
#' the environment when it is first needed. `kms_default()` shows it, replaces it, or forgets it.
#'
#' @param svc A client made by [kms()]; `NULL` to forget the current one, so that the next call makes a new one from the
#'   environment.
#' @return Without arguments the default client, made if there is none. Otherwise the client that was the default before,
#'   or `NULL`, invisibly.
#' @seealso [kms()]; [local_kms()] for the rest of a test.
#' @examples
#' emulator <- kms_emulator()
#' kms_default(emulator$client())
#' kms_list_keys()
#' kms_default(NULL)
#' emulator$stop()
#' @export
kms_default <- function(svc) {
  if (missing(svc)) {
    if (is.null(the$default)) {
      the$default <- kms()
    }
    return(the$default)
  }
  if (!is.null(svc)) {
    check_client(svc)
  }
  old <- the$default
  the$default <- svc
  the$default_is_set <- !is.null(svc)
  invisible(old)
}

# As with any list, the beginning of a name does, and what is not there is NULL. But a misspelt operation is told of: to
# call NULL says nothing.
#' @export
`$.kms_client` <- function(x, name) {
  value <- .subset2(x, name, exact = FALSE)
  if (!is.null(value)) {
    return(value)
  }
  near <- nearest(name, operation_methods)
  if (!is.na(near)) {
    abort_kmsr(
      sprintf("AWS KMS has no operation `%s`.", name),
      class = "kmsr_argument_error",
      body = c(i = did_you_mean(near, "`")),
      argument = name
    )
  }
}

#' @export
print.kms_client <- function(x, ...) {
  writeLines(format(x, ...))
  invisible(x)
}

#' @export
format.kms_client <- function(x, ...) {
  config <- x$.internal$config
  found <- x$.internal$handle$resolved
  keys <- config$credentials
  identity <- if (isTRUE(keys$anonymous)) {
    "anonymous: requests are not signed"
  } else if (!is_empty(keys$creds$access_key_id)) {
    paste0("access key ", keys$creds$access_key_id, ", secret ", redacted)
  } else if (!is_empty(keys$profile)) {
    paste0("profile \"", keys$profile, "\"")
  } else {
    "looked up at the first call"
  }
  or <- function(value, source, otherwise) {
    if (is_empty(value)) otherwise else if (identical(source, "given")) value else paste0(value, " (", source, ")")
  }
  c(
    "<kms_client> AWS Key Management Service",
    paste0("  Region:      ", or(found$region, found$region_source, "none yet: set one with region = or AWS_REGION")),
    paste0("  Endpoint:    ", or(found$endpoint, found$endpoint_source, "the Region's own")),
    paste0("  Credentials: ", identity),
    paste0("  Operations:  ", length(operation_methods), ", for example svc$describe_key(KeyId = \"alias/my-key\")"),
    "  Help:        ?kms_describe_key and so on; kms_sitrep(svc) tells where you stand"
  )
}

#' @export
str.kms_client <- function(object, ...) {
  cat(" AWS KMS client with", length(operation_methods), "operations\n")
  invisible(NULL)
}

# What tab completion offers after `svc$`: the operations.
#' @rawNamespace S3method(utils::.DollarNames, kms_client)
.DollarNames.kms_client <- function(x, pattern = "") {
  grep(pattern, operation_methods, value = TRUE)
}

redacted <- "<REDACTED>"

# A client is its operations, each a copy of the exported function that finds this client's handle instead of the
# session's, and `.internal`.
new_client <- function(config) {
  handle <- new_handle(config)
  # Not this frame, which would drag the literal keys along.
  scope <- list2env(list(handle = handle), parent = topenv())
  scope$client <- function() handle
  environment(scope$client) <- scope
  operations <- lapply(operation_methods, function(method) {
    operation <- get(paste0("kms_", method), envir = topenv(), mode = "function")
    environment(operation) <- scope
    operation
  })
  names(operations) <- operation_methods
  structure(
    c(operations, list(.internal = list(config = complete_config(config, handle$resolved), handle = handle))),
    class = "kms_client"
  )
}

# The session's default client's handle: what the exported operations use.
client <- function() {
  kms_default()$.internal$handle
}

check_client <- function(svc, arg = "svc") {
  if (!inherits(svc, "kms_client") || !is.environment(svc$.internal$handle)) {
    abort_argument(arg, given = describe_value(svc), wanted = "a client made by kms()")
  }
  invisible(svc)
}
