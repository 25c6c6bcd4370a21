#' Settings for a client
#'
#' `config()`, `credentials()` and `creds()` build the nested lists that [kms()] takes, with the names filled in by
#' completion. Plain lists with the same names do as well. The functions are paws', with the settings of [kms()] added.
#'
#' @param credentials The result of `credentials()`.
#' @param endpoint The service's URL; `""` for the Region's own.
#' @param region The AWS Region; `""` to look it up.
#' @param close_connection Whether to close the connection after each call.
#' @param max_retries How many times a call that failed in a way that may pass is sent again.
#' @param connect_timeout Seconds a connection may take to be made.
#' @param s3_force_path_style,s3_virtual_address,sts_regional_endpoint,signature_version Accepted for scripts written for
#'   paws; no effect on AWS KMS.
#' @param timeout Seconds the service may take to begin its answer, for each attempt.
#' @param operation_timeout Seconds a call may take as a whole, retries included; `Inf` for no limit.
#' @param retry_mode `"standard"` or `"adaptive"`; `""` to look it up.
#' @param use_fips,use_dual_stack Whether to use the Region's FIPS 140 endpoint, or one with IPv6 as well.
#' @param creds The result of `creds()`.
#' @param profile The name of a profile in the shared AWS config and credentials files.
#' @param anonymous `TRUE` to send requests without a signature.
#' @param access_key_id,secret_access_key,session_token Literal keys; `session_token` belongs to temporary ones. See
#'   [kms()] for what becomes of them.
#' @param access_token Accepted for scripts written for paws; no effect on AWS KMS.
#' @param expiration When temporary keys expire: a `POSIXct`, or a number of seconds since 1970 (or of milliseconds, as
#'   paws has it). Expired keys are refused.
#' @param ... Not used: what is not an argument is refused, with the one that was probably meant.
#' @return A list of class `struct`, whose unknown elements are errors rather than `NULL`.
#' @seealso [kms()], which takes it; [kms_sitrep()] for what is used in the end.
#' @examples
#' config(
#'   credentials = credentials(profile = "analytics"),
#'   region = "eu-central-1",
#'   timeout = 20
#' )
#' @export
config <- function(credentials = NULL, endpoint = "", region = "", close_connection = FALSE, max_retries = 3,
                   connect_timeout = 10, s3_force_path_style = FALSE, s3_virtual_address = FALSE,
                   sts_regional_endpoint = "", signature_version = "", timeout = 60, operation_timeout = Inf,
                   retry_mode = "", use_fips = FALSE, use_dual_stack = FALSE, ...) {
  check_dots(setting_place)
  # What the caller left alone stays open to the environment and the shared config files.
  given <- setdiff(names(match.call()), "")
  settings <- as.list(environment())[setdiff(names(formals()), "...")]
  settings$credentials <- credentials %||% kmsr::credentials()
  new_struct(settings, open = setdiff(names(settings), c(given, "credentials")))
}

#' @rdname config
#' @export
credentials <- function(creds = NULL, profile = "", anonymous = FALSE) {
  new_struct(list(creds = creds %||% kmsr::creds(), profile = profile, anonymous = anonymous))
}

#' @rdname config
#' @export
creds <- function(access_key_id = "", secret_access_key = "", session_token = "", access_token = "",
                  expiration = Inf) {
  new_struct(list(
    access_key_id = access_key_id, secret_access_key = secret_access_key, session_token = session_token,
    access_token = access_token, expiration = expiration
  ))
}

#' @export
`$.struct` <- function(x, name) {
  if (!name %in% names(x)) {
    abort_kmsr(paste0("invalid element: ", name), class = "kmsr_argument_error", argument = name)
  }
  .subset2(x, name)
}

#' @export
print.struct <- function(x, ...) {
  utils::str(redact(unstruct(x)), give.attr = FALSE, no.list = TRUE, give.head = FALSE, comp.str = "")
  invisible(x)
}

#' @export
str.struct <- function(object, ...) {
  utils::str(redact(unstruct(object)), ...)
}

# The settings a client takes: name, and the check its value must pass.
config_checks <- list(
  endpoint = "url",
  region = "string",
  max_retries = "count",
  retry_mode = "mode",
  connect_timeout = "seconds",
  timeout = "seconds",
  operation_timeout = "seconds",
  close_connection = "flag",
  use_fips = "flag",
  use_dual_stack = "flag"
)

# Names that paws' clients take and that mean nothing to this one.
config_inert <- c(
  "endpoint_resolver", "enforce_should_retry_check", "disable_ssl", "retryer", "disable_param_validation",
  "disable_compute_checksums", "s3_force_path_style", "s3_virtual_address", "s3_disable_100_continue",
  "s3_use_accelerate", "s3_disable_content_md5_validation", "ec2_metadata_disable_timeout_override", "sleep_delay",
  "disable_rest_protocol_uri_cleaning", "sts_regional_endpoint", "signature_version", "partition_name"
)

credentials_checks <- list(creds = "list", profile = "string", anonymous = "flag")
credentials_inert <- c("force_refresh", "provider")

creds_checks <- list(
  access_key_id = "string", secret_access_key = "string", session_token = "string", expiration = "expiration"
)
creds_inert <- c("access_token", "provider_name")

# One list in the shape of paws' configuration out of the four arguments of kms(). The shorthand arguments win.
merge_config <- function(config, credentials, endpoint, region) {
  config <- drop_empty(unstruct(check_list(config, "config")))
  if (!is.null(credentials)) {
    credentials <- drop_empty(unstruct(check_list(credentials, "credentials")))
  }
  shorthand <- drop_empty(list(credentials = credentials, endpoint = endpoint, region = region))
  config <- utils::modifyList(config, shorthand)

  check_names(config, c("credentials", names(config_checks), config_inert), "config")
  check_settings(config, config_checks, "config$")
  check_list(config$credentials %||% list(), "config$credentials")
  check_names(config$credentials, c(names(credentials_checks), credentials_inert), "credentials")
  check_settings(config$credentials, credentials_checks, "credentials$")
  creds <- config$credentials$creds
  check_names(creds, c(names(creds_checks), creds_inert), "creds")
  check_settings(creds, creds_checks, "creds$")
  check_complete(creds)
  config
}

# The checked configuration as Rust takes it: one level, only what was set.
flatten_config <- function(config) {
  flat <- config[intersect(names(config_checks), names(config))]
  flat <- lapply(flat, function(value) if (is.numeric(value)) as.numeric(value) else value)
  if (identical(flat$operation_timeout, Inf)) {
    flat$operation_timeout <- NULL
  }
  keys <- config$credentials
  flat$profile <- keys$profile
  flat$anonymous <- keys$anonymous
  flat[names(creds_checks)[1:3]] <- keys$creds[names(creds_checks)[1:3]]
  flat$expiration <- expiration_seconds(keys$creds$expiration)
  flat
}

# The configuration as paws' clients show it: every setting there is, as it was given, looked up, or by default.
complete_config <- function(config, resolved) {
  found <- resolved[intersect(names(resolved), names(config_checks))]
  redact(Reduce(utils::modifyList, list(all_settings(kmsr::config()), config, drop_empty(found))))
}

all_settings <- function(x) {
  lapply(unclass(x)[names(x)], function(value) if (inherits(value, "struct")) all_settings(value) else value)
}

check_names <- function(given, known, what) {
  if (length(given) > 0 && !all(nzchar(names(given) %||% ""))) {
    abort_kmsr(
      sprintf("Every setting in `%s` must have a name.", what),
      class = "kmsr_argument_error",
      body = c(i = sprintf("Its settings: %s.", toString(settings_of(known)))),
      argument = what
    )
  }
  unknown <- setdiff(names(given), known)
  if (length(unknown) > 0) {
    unknown <- unknown[1]
    abort_kmsr(
      paste0("invalid name: ", unknown),
      class = "kmsr_argument_error",
      body = c(
        x = sprintf("`%s` has no setting `%s`.", what, unknown),
        i = setting_place(unknown) %||% did_you_mean(nearest(unknown, known), "`") %||%
          sprintf("Its settings: %s.", toString(settings_of(known)))
      ),
      argument = unknown
    )
  }
}

# Where a setting belongs that was given elsewhere.
setting_place <- function(name) {
  if (name %in% names(creds_checks)) {
    "Keys go into `credentials = list(creds = list(access_key_id = ..., secret_access_key = ...))`."
  } else if (name %in% names(credentials_checks)) {
    sprintf("It goes into `credentials = list(%s = ...)`.", name)
  } else if (name %in% names(config_checks)) {
    sprintf("It goes into `config = list(%s = ...)`.", name)
  }
}

# Those that mean something to this client.
settings_of <- function(known) {
  setdiff(known, c(config_inert, credentials_inert, creds_inert))
}

check_settings <- function(settings, checks, prefix) {
  for (name in intersect(names(settings), names(checks))) {
    value <- settings[[name]]
    wanted <- switch(checks[[name]],
      string = if (!is_string(value)) "one string",
      url = if (!is_string(value) || !grepl("^https?://[^/]", value)) {
        "one URL with its scheme, such as \"http://127.0.0.1:4599\""
      },
      count = if (!is_number(value) || value < 0 || value != trunc(value) || value > 1000) {
        "one whole number from 0 to 1000"
      },
      seconds = if (!is_number(value, infinite = TRUE) || value <= 0) "one number of seconds above 0",
      flag = if (!is_flag(value)) "TRUE or FALSE",
      mode = if (!is_string(value) || !value %in% c("standard", "adaptive")) "\"standard\" or \"adaptive\"",
      list = if (!is.list(value)) "a list, as `creds()` makes",
      expiration = if (!(inherits(value, "POSIXct") || is_number(value, infinite = TRUE)) || length(value) != 1) {
        "a POSIXct or a number of seconds since 1970"
      }
    )
    if (!is.null(wanted)) {
      abort_argument(paste0(prefix, name), describe_value(value), wanted)
    }
  }
}

# Half a key pair would silently become another identity.
check_complete <- function(creds) {
  has <- !vapply(creds[names(creds_checks)[1:3]], is_empty, logical(1))
  if (any(has) && !all(has[1:2])) {
    missing <- c("access_key_id", "secret_access_key")[!has[1:2]][1]
    abort_argument(paste0("creds$", missing), "nothing", "one string: keys come in pairs")
  }
}

check_list <- function(x, argument) {
  if (!is.list(x) || inherits(x, "kms_client")) {
    abort_argument(argument, describe_value(x), "a list")
  }
  x
}

expiration_seconds <- function(expiration) {
  if (is.null(expiration)) {
    return(NULL)
  }
  seconds <- as.numeric(expiration)
  # paws counts in milliseconds; seconds stay below this until the year 5138.
  if (!inherits(expiration, "POSIXct") && is.finite(seconds) && seconds > 1e11) {
    seconds <- seconds / 1000
  }
  if (is.finite(seconds)) max(seconds, 0)
}

new_struct <- function(settings, open = character()) {
  structure(settings, class = "struct", open = open)
}

# A struct as a plain list of what was set.
unstruct <- function(x) {
  if (inherits(x, "struct")) {
    open <- attr(x, "open")
    x <- unclass(x)
    attr(x, "open") <- NULL
    x <- x[setdiff(names(x), open)]
  }
  lapply(x, function(value) if (inherits(value, "struct")) unstruct(value) else value)
}

# Without what is not set, at any depth.
drop_empty <- function(x) {
  x <- lapply(x, function(value) if (is.list(value) && !is.object(value)) drop_empty(value) else value)
  x[!vapply(x, is_empty, logical(1))]
}

redact <- function(x) {
  if (!is.list(x)) {
    return(x)
  }
  secret <- names(x) %in% c("secret_access_key", "session_token", "access_token") & !vapply(x, is_empty, logical(1))
  x[secret] <- redacted
  x[] <- lapply(x, redact)
  x
}

is_string <- function(x) {
  is.character(x) && length(x) == 1 && !is.na(x)
}

is_flag <- function(x) {
  is.logical(x) && length(x) == 1 && !is.na(x)
}

is_number <- function(x, infinite = FALSE) {
  is.numeric(x) && length(x) == 1 && !is.na(x) && (infinite || is.finite(x))
}
