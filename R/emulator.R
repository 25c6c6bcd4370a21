#' A local AWS KMS to try things on
#'
#' `kms_emulator()` starts a strict AWS KMS inside this R process, on 127.0.0.1 only: keys, import, encryption, signatures
#' and MACs with real cryptography, and requests refused where AWS refuses them, down to a wrong signature. Examples,
#' notebooks and tests run on it without an AWS account.
#'
#' It is a test double, not an HSM: keys live in this process' memory and are gone when it ends. Nothing uses it unless
#' told to. Its account id is `000000000000`, which no AWS account has, and shows in every ARN.
#'
#' @param port The port to listen on; 0 for any that is free.
#' @param region The Region its client uses, one string. Keys live in the Region they were made in.
#' @return An environment of class `kms_emulator` with
#'   * `endpoint`, `region`, `creds`: what a client needs;
#'   * `client(...)`: a new client for it; arguments are further settings for `config` of [kms()];
#'   * `stop()`: ends it. It also ends when the object is garbage collected and when R ends.
#' @seealso [local_kms()] for tests.
#' @examples
#' emulator <- kms_emulator()
#' emulator
#' svc <- emulator$client()
#' key <- svc$create_key(Description = "first steps")$KeyMetadata
#' secret <- svc$encrypt(key$KeyId, "a secret")$CiphertextBlob
#' rawToChar(svc$decrypt(secret)$Plaintext)
#' emulator$stop()
#' @export
kms_emulator <- function(port = 0, region = "us-east-1") {
  if (!is_number(port) || port < 0 || port > 65535 || port != trunc(port)) {
    abort_argument("port", describe_value(port), "one whole number from 0 to 65535")
  }
  region <- check_string(region, "region")
  new_emulator(unwrap(rs_emulator(port, region)))
}

#' A local AWS KMS for the rest of a test
#'
#' Starts a [kms_emulator()], makes a client for it the session's default, and undoes both when the calling function or
#' test ends.
#'
#' @inheritParams kms_emulator
#' @param env The environment whose end is waited for: by default the calling function's.
#' @return The client, with the emulator as its attribute `"emulator"`.
#' @examples
#' first_key <- function() {
#'   svc <- local_kms()
#'   kms_create_key()
#'   length(svc$list_keys()$Keys)
#' }
#' first_key()
#' @export
local_kms <- function(port = 0, region = "us-east-1", env = parent.frame()) {
  emulator <- kms_emulator(port, region)
  svc <- emulator$client()
  attr(svc, "emulator") <- emulator
  old <- kms_default(svc)
  defer(
    {
      kms_default(old)
      emulator$stop()
    },
    env
  )
  svc
}

#' @export
format.kms_emulator <- function(x, ...) {
  c(
    "<kms_emulator> a local AWS KMS for trying and testing; not an HSM",
    paste0("  Endpoint: ", x$endpoint, if (!x$is_running()) " (stopped)"),
    paste0("  Region:   ", x$region),
    paste0("  Keys:     access key ", x$creds$access_key_id, ", secret ", redacted),
    "  Use:      svc <- emulator$client(); emulator$stop() ends it"
  )
}

#' @export
print.kms_emulator <- function(x, ...) {
  writeLines(format(x, ...))
  invisible(x)
}

#' @export
str.kms_emulator <- function(object, ...) {
  cat("", format(object)[1], "\n")
  invisible(NULL)
}

new_emulator <- function(pointer) {
  facts <- rs_emulator_describe(pointer)
  emulator <- new.env(parent = emptyenv())
  emulator$endpoint <- facts$endpoint
  emulator$region <- facts$region
  emulator$creds <- creds(facts$access_key_id, facts$secret_access_key)
  emulator$client <- function(...) {
    kms(
      config = list(...),
      credentials = list(creds = creds(facts$access_key_id, facts$secret_access_key)),
      endpoint = facts$endpoint,
      region = facts$region
    )
  }
  emulator$is_running <- function() rs_emulator_running(pointer)
  emulator$stop <- function() invisible(rs_emulator_stop(pointer))
  class(emulator) <- "kms_emulator"
  lockEnvironment(emulator, bindings = TRUE)
  emulator
}

# Runs an expression when the function whose environment is given ends.
defer <- function(expr, env) {
  thunk <- as.call(list(function() expr))
  do.call(base::on.exit, list(thunk, TRUE, FALSE), envir = env)
}
