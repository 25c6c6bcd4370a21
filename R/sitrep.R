#' Where you stand
#'
#' `kms_sitrep()` tells in one call what a client is and what it reaches: versions, Region and endpoint and where each comes
#' from, whose credentials are used and which source gave them, whether this machine's clock fits the server's, how the
#' connection is protected, proxy, certificate authorities, retries and timeouts. It is the first thing to look at when
#' calls fail, and the first thing to show to who helps. **It holds no secret**: of credentials only the access key id is
#' shown.
#'
#' Every part is told by itself. Without a network, credentials or even a configuration that can be read, the others are
#' still told, and those say what is in the way.
#'
#' @details
#' Whose credentials they are is asked of the Security Token Service (`GetCallerIdentity`, which every identity may call);
#' when the endpoint is on this machine, of the server there. For the clock and the protection the endpoint is asked for
#' nothing, without a signature; no KMS operation is called.
#'
#' A clock that is more than five minutes off makes AWS refuse every signature. A key exchange is *post-quantum* when
#' recorded traffic stays secret even from whoever has a quantum computer one day: a hybrid with ML-KEM, such as
#' `X25519MLKEM768`.
#'
#' @param svc A client made by [kms()]; `NULL` for the session's default client.
#' @param timeout Seconds that each part may take, one number.
#' @param ... Not used: what is not an argument is refused, with the one that was probably meant.
#' @return A list of class `kms_sitrep`. Its elements are lists, and one that could not be told is a list with an element
#'   `error` that says why. [as.list()] makes a plain list of it.
#'   * `versions`: of kmsr, R, the system, the compiler and the Rust crates that decide how a call goes;
#'   * `region`, `endpoint`: `value` (`NULL` for none), and `source` in words; `endpoint` also `fips` and `dual_stack`;
#'   * `url`: where requests go, one string;
#'   * `profile`: `value`;
#'   * `retries`: `max_retries`, `mode`; `timeouts`: `connect_timeout`, `timeout`, `operation_timeout`, in seconds;
#'   * `credentials`: `access_key_id`, `source` in words, `expires` (a `POSIXct`, `NULL` for never); or `anonymous`;
#'   * `caller`: `account`, `arn`. Not there without credentials;
#'   * `server`: `status` of its answer, and `seconds` it took;
#'   * `clock`: `behind`, by how many seconds this machine's clock is behind the server's; negative when it is ahead. Exact
#'     to a second;
#'   * `tls`: `version`, `group` of the key exchange, `post_quantum`, `cipher`. Not there for `http://`;
#'   * `proxy`: `value` without user and password, `NULL` for none;
#'   * `authorities`: `value`, where certificate authorities come from besides or instead of the system's;
#'   * `configuration`, `connection`: there only when a client could not be made at all, with the `error`.
#' @seealso [paws_config_log()] to see what calls do.
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' kms_sitrep(svc)
#' kms_sitrep(svc)$caller$arn
#' emulator$stop()
#' @export
kms_sitrep <- function(svc = NULL, timeout = 5, ...) {
  check_dots()
  if (!is_number(timeout) || timeout <= 0) {
    abort_argument("timeout", describe_value(timeout), "one number of seconds above 0")
  }
  if (!is.null(svc)) {
    check_client(svc)
  }
  parts <- list(versions = sitrep_versions())
  handle <- attempt((svc %||% kms_default())$.internal$handle)
  if (is_trouble(handle)) {
    parts$configuration <- handle
  } else {
    parts <- c(parts, sitrep_settings(handle), sitrep_reached(handle, timeout))
  }
  structure(parts, class = "kms_sitrep")
}

#' @export
as.list.kms_sitrep <- function(x, ...) {
  unclass(x)
}

sitrep_versions <- function() {
  c(
    list(
      kmsr = as.character(utils::packageVersion("kmsr")),
      R = as.character(getRversion()),
      os = utils::sessionInfo()$running,
      platform = R.version$platform
    ),
    rs_built_with()
  )
}

# What was decided when the client was made.
sitrep_settings <- function(handle) {
  resolved <- handle$resolved
  settings <- handle$settings
  list(
    region = list(value = resolved$region, source = resolved$region_source),
    endpoint = list(
      value = resolved$endpoint, source = resolved$endpoint_source,
      fips = resolved$use_fips, dual_stack = resolved$use_dual_stack
    ),
    profile = list(value = resolved$profile),
    retries = list(max_retries = resolved$max_retries, mode = resolved$retry_mode),
    timeouts = list(
      connect_timeout = settings$connect_timeout %||% formals(config)$connect_timeout,
      timeout = settings$timeout %||% formals(config)$timeout,
      operation_timeout = settings$operation_timeout %||% Inf
    )
  )
}

# What was found by asking around. The endpoint that follows from the Region is known only here.
sitrep_reached <- function(handle, timeout) {
  told <- attempt(unwrap(with_client(handle, rs_sitrep, as.numeric(timeout))))
  if (is_trouble(told)) {
    return(list(connection = told))
  }
  asked <- c(caller = "GetCallerIdentity", server = "The endpoint", tls = "The handshake")
  told <- lapply(rlang::set_names(names(told)), function(part) {
    attempt(unwrap(told[[part]], if (part %in% names(asked)) asked[[part]]))
  })
  credentials <- drop_null(told$credentials %||% list(anonymous = TRUE))
  if (!is.null(credentials$expires)) {
    credentials$expires <- time_from(credentials$expires)
  }
  drop_null(list(
    url = told$endpoint,
    credentials = credentials,
    caller = told$caller,
    server = if (is_trouble(told$server)) told$server else told$server[c("status", "seconds")],
    clock = if (!is.null(told$server$ahead)) list(behind = told$server$ahead),
    tls = told$tls,
    proxy = if (is_trouble(told$proxy)) told$proxy else list(value = told$proxy),
    authorities = if (is_trouble(told$authorities)) told$authorities else list(value = if (length(told$authorities)) told$authorities)
  ))
}

# The value, or why there is none.
attempt <- function(expr) {
  tryCatch(expr, kmsr_error = function(e) list(error = rlang::cnd_message(e)))
}

is_trouble <- function(x) {
  is.list(x) && !is.null(x$error)
}

drop_null <- function(x) {
  x[!vapply(x, is.null, logical(1))]
}
