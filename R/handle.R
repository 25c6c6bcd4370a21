# A handle is the changeable half of a client: an environment with the flat settings, the literal keys (an external
# pointer), what was looked up, and the connection to Rust (an external pointer, made at the first call). Copies of a
# client share it. Loaded from a file, or inherited by a forked child, its pointers are void and are made again.

new_handle <- function(config) {
  settings <- flatten_config(config)
  keys <- settings[c("secret_access_key", "session_token")]
  settings[c("secret_access_key", "session_token")] <- NULL

  handle <- new.env(parent = emptyenv())
  handle$settings <- settings
  handle$keys <- NULL
  if (!is.null(settings$access_key_id)) {
    keys <- list(keys$secret_access_key, keys$session_token %||% "")
    handle$secrets <- rs_secrets(keys[[1]], keys[[2]])
    if (isTRUE(getOption("kmsr.serialize_secrets"))) {
      handle$keys <- keys
    }
  }
  handle$resolved <- unwrap(rs_resolve(settings, handle$secrets))
  handle$pointer <- NULL
  handle$lookups <- the$lookups
  handle
}

# Makes the Rust half of a client, for the first time or again.
connect <- function(handle) {
  if (!is.null(handle$keys)) {
    handle$secrets <- rs_secrets(handle$keys[[1]], handle$keys[[2]])
  }
  # What was looked up when the client was made holds for as long as it lives, wherever it goes.
  settings <- handle$settings
  settings[c("region", "endpoint")] <- NULL
  settings$region <- handle$resolved$region
  settings$endpoint <- handle$resolved$endpoint
  handle$pointer <- unwrap(rs_client(settings, handle$secrets))
  handle$lookups <- the$lookups
}
