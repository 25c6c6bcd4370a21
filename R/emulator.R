#' A local AWS KMS to try things on
#'
#' `kms_emulator()` starts a strict AWS KMS inside this R process, on 127.0.0.1 only: keys, import, encryption, signatures
#' and MACs with real cryptography, and requests refused where AWS refuses them, down to a wrong signature. Examples,
#' notebooks and tests run on it without an AWS account.
#'
#' It is a test double, not an HSM: keys live in this process' memory and are gone when it ends. Nothing uses it unless
#' told to. Its account id is `000000000000`, which no AWS account has, and shows in every ARN.
#'
#' @section What it can do:
#' Every operation of AWS KMS but those that need hardware: keys of all specs and both origins, aliases, tags, policies
#' (kept, not enforced), grants, deletion, data keys, rotation, multi-Region keys. Custom key store operations answer as an
#' account without one does. Any Region works; keys live in the Region a request is signed for.
#'
#' @section For tests:
#' * `advance("25 hours")` moves its clock forward: import tokens and key material expire, deletions fall due. Returns its
#'   time.
#' * `fault(operation, kind, ...)` makes calls go wrong. `operation` is the name of one operation, such as `"decrypt"`, or
#'   `NULL` for all. `kind` is `"throttle"`, `"error"` (with `code`, `message`, `status`), `"delay"` (with `seconds`; the
#'   operation happens), `"drop"` (it happens, but no answer comes) or `"cut"` (the answer breaks off). `after` calls are
#'   let through first, then `times` calls are hit (`Inf`, the default, for all).
#' * `clear_faults()` lets everything go right again.
#' * `new_key_delay(seconds)`: other calls find a new key only after a while, as happens on AWS.
#' * `clock_skew(seconds)`: it judges signatures by a clock that is ahead by so much.
#' * `quotas(speed)`: AWS' default request quotas, sped up: at 60, an hour's work takes a minute. `0` for none.
#' * `log()`: what was called, by whom, with what, as a data frame with CloudTrail's names; secrets are left out. It prints
#'   the columns that are looked at most.
#'   `clear_log()` forgets it.
#'
#' @section For other languages:
#' With `wait = TRUE` it prints what a shell, boto3, the AWS command line interface or Terraform need, and runs until it is
#' interrupted: `Rscript -e 'kmsr::kms_emulator(port = 4599, wait = TRUE)'`. What it prints are four environment variables:
#' `AWS_ENDPOINT_URL_KMS`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_REGION`.
#'
#' * boto3 and version 1 of the AWS command line interface read the Region from another variable:
#'   `export AWS_DEFAULT_REGION=$AWS_REGION`.
#' * Terraform's AWS provider asks other services who it is; `skip_credentials_validation`, `skip_requesting_account_id` and
#'   `skip_metadata_api_check` in the provider's block keep it from that.
#'
#' @param port The port to listen on, one whole number up to 65535; 0 for any that is free.
#' @param region The Region its client uses, one string.
#' @param store One string: a file to keep keys in, so that they outlive the process; `NULL` for memory alone. Key material
#'   lies in it unencrypted: for tests only.
#' @param quotas AWS' default request quotas, as a factor of their speed: 1 for AWS' own pace, 60 to have an hour's work done
#'   in a minute, 0 for none.
#' @param wait `TRUE` to print what other programs need and run until interrupted.
#' @param ... Not used: what is not an argument is refused, with the one that was probably meant.
#' @return An environment of class `kms_emulator` with
#'   * `endpoint`, `region`, `creds`: what a client needs;
#'   * `client(...)`: a new client for it; arguments are further settings for `config` of [kms()], or another `region`;
#'   * `stop()`: ends it. It also ends when R does, and when neither it nor a client of it is left; `is_running()`;
#'   * what tests need, see below.
#' @seealso [local_kms()] for tests.
#' @examples
#' emulator <- kms_emulator()
#' emulator
#' svc <- emulator$client()
#' key <- svc$create_key(Description = "first steps")$KeyMetadata
#' secret <- svc$encrypt(key$KeyId, "a secret")$CiphertextBlob
#' rawToChar(svc$decrypt(secret)$Plaintext)
#'
#' # What would happen if AWS throttled twice?
#' emulator$fault("decrypt", "throttle", times = 2)
#' rawToChar(svc$decrypt(secret)$Plaintext)
#' emulator$log()[c("eventName", "errorCode")]
#' emulator$stop()
#' @export
kms_emulator <- function(port = 0, region = "us-east-1", store = NULL, quotas = 0, wait = FALSE, ...) {
  check_dots()
  if (!is_number(port) || port < 0 || port > 65535 || port != trunc(port)) {
    abort_argument("port", describe_value(port), "one whole number from 0 to 65535")
  }
  region <- check_string(region, "region")
  store <- if (is.null(store)) "" else check_store(store)
  quotas <- check_count(quotas, "quotas")
  if (!is_flag(wait)) {
    abort_argument("wait", describe_value(wait), "TRUE or FALSE")
  }
  emulator <- new_emulator(unwrap(rs_emulator(port, region, store, quotas)))
  if (wait) {
    run_in_foreground(emulator)
  }
  emulator
}

#' A local AWS KMS for the rest of a test
#'
#' Starts a [kms_emulator()], makes a client for it the session's default, and undoes both when the calling function or
#' test ends.
#'
#' @inheritParams kms_emulator
#' @param env The environment whose end is waited for: by default the calling function's.
#' @return The client, with the emulator as its attribute `"emulator"`.
#' @seealso [kms_emulator()], [kms_default()]; `vignette("testing")`.
#' @examples
#' first_key <- function() {
#'   svc <- local_kms()
#'   kms_create_key()
#'   length(svc$list_keys()$Keys)
#' }
#' first_key()
#' @export
local_kms <- function(port = 0, region = "us-east-1", env = parent.frame(), ...) {
  check_dots()
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

# What is misspelt would be NULL, and calling that says nothing.
#' @export
`$.kms_emulator` <- function(x, name) {
  if (!exists(name, envir = x, inherits = FALSE)) {
    abort_kmsr(
      sprintf("An emulator has no `%s`.", name),
      class = "kmsr_argument_error",
      body = c(i = did_you_mean(nearest(name, names(x)), "`") %||% sprintf("It has: %s.", toString(sort(names(x))))),
      argument = name
    )
  }
  .subset2(x, name)
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
  # Not whether it runs in this process: a forked child's clients use its parent's.
  stopped <- FALSE
  check_running <- function() {
    if (stopped) {
      abort_kmsr(
        "The emulator was stopped.",
        class = "kmsr_emulator_error",
        body = c(i = "Start another one with `kms_emulator()`, and take a client of it.")
      )
    }
  }
  emulator <- new.env(parent = emptyenv())
  emulator$endpoint <- facts$endpoint
  emulator$region <- facts$region
  emulator$creds <- creds(facts$access_key_id, facts$secret_access_key)
  emulator$client <- function(..., region = facts$region) {
    check_running()
    svc <- kms(
      config = list(...),
      credentials = list(creds = creds(facts$access_key_id, facts$secret_access_key)),
      endpoint = facts$endpoint,
      region = region
    )
    # Its clients keep it alive: kms_emulator()$client() would lose it otherwise.
    assign("emulator", pointer, envir = svc$.internal$handle)
    svc
  }
  emulator$is_running <- function() rs_emulator_running(pointer)
  emulator$stop <- function() {
    stopped <<- TRUE
    invisible(rs_emulator_stop(pointer))
  }

  emulator$advance <- function(by) {
    check_running()
    invisible(time_from(rs_emulator_advance(pointer, as_seconds(by, "by"))))
  }
  emulator$fault <- function(operation, kind = c("throttle", "error", "delay", "drop", "cut"), ..., code = "KMSInternalException",
                             message = "", status = 500, seconds = 1, after = 0, times = Inf) {
    check_dots()
    check_running()
    kind <- check_choice(kind, c("throttle", "error", "delay", "drop", "cut"), "kind")
    if (!is_string(message)) {
      abort_argument("message", describe_value(message), "one string")
    }
    fault <- list(
      kind = kind, code = check_string(code, "code"), message = message, status = check_whole(status, "status", 400, 599),
      seconds = check_count(seconds, "seconds")
    )
    times <- if (identical(times, Inf)) 0 else check_whole(times, "times", 1)
    rs_emulator_fault(pointer, wire_name(operation), fault, check_whole(after, "after", 0), times)
    invisible(emulator)
  }
  emulator$clear_faults <- function() invisible(rs_emulator_clear_faults(pointer))
  emulator$new_key_delay <- function(seconds) {
    check_running()
    invisible(rs_emulator_new_key_delay(pointer, check_count(seconds, "seconds")))
  }
  emulator$clock_skew <- function(seconds) {
    check_running()
    if (!is_number(seconds)) abort_argument("seconds", describe_value(seconds), "one number")
    invisible(rs_emulator_skew(pointer, as.numeric(seconds)))
  }
  emulator$quotas <- function(speed) {
    check_running()
    invisible(rs_emulator_quotas(pointer, check_count(speed, "speed")))
  }
  emulator$log <- function() emulator_log(rs_emulator_log(pointer))
  emulator$clear_log <- function() invisible(rs_emulator_clear_log(pointer))

  class(emulator) <- "kms_emulator"
  lockEnvironment(emulator, bindings = TRUE)
  emulator
}

# For programs in other languages: tells them where it is, and stays.
run_in_foreground <- function(emulator) {
  on.exit(emulator$stop())
  writeLines(c(
    paste0("AWS_ENDPOINT_URL_KMS=", emulator$endpoint),
    paste0("AWS_ACCESS_KEY_ID=", .subset2(emulator$creds, "access_key_id")),
    paste0("AWS_SECRET_ACCESS_KEY=", .subset2(emulator$creds, "secret_access_key")),
    paste0("AWS_REGION=", emulator$region)
  ))
  flush(stdout())
  repeat Sys.sleep(3600)
}

# `describe_key` or `DescribeKey` as the wire has it; "" for NULL.
wire_name <- function(operation) {
  if (is.null(operation)) {
    return("")
  }
  operation <- check_string(operation, "operation")
  plain <- function(x) tolower(gsub("_", "", x, fixed = TRUE))
  method <- match(plain(sub("^kms_", "", operation)), plain(operation_methods))
  if (is.na(method)) {
    near <- nearest(operation, operation_methods)
    abort_argument(
      "operation", paste0("\"", operation, "\""), "the name of an operation, such as \"decrypt\"",
      advice = did_you_mean(near)
    )
  }
  gsub("(^|_)([a-z])", "\\U\\2", operation_methods[method], perl = TRUE)
}

# A length of time: text like "25 hours", a difftime, or seconds.
as_seconds <- function(x, arg) {
  if (inherits(x, "difftime")) {
    return(check_count(as.numeric(x, units = "secs"), arg))
  }
  if (is_string(x)) parse_duration(x, arg) else check_count(x, arg)
}

check_count <- function(x, arg) {
  if (!is_number(x) || x < 0) {
    abort_argument(arg, describe_value(x), "one number, 0 or more")
  }
  as.numeric(x)
}

check_whole <- function(x, arg, from, to = Inf) {
  if (!is_number(x) || x < from || x > to || x != trunc(x)) {
    abort_argument(arg, if (is_number(x)) format(x) else describe_value(x), if (is.finite(to)) {
      sprintf("one whole number from %d to %d", from, to)
    } else {
      sprintf("one whole number, %d or more", from)
    })
  }
  as.numeric(x)
}

check_store <- function(store) {
  store <- path.expand(check_string(store, "store"))
  if (!dir.exists(dirname(store)) || dir.exists(store)) {
    abort_argument("store", paste0("\"", store, "\""), "a file in a folder that exists, or NULL")
  }
  store
}

check_choice <- function(x, choices, arg) {
  if (identical(x, choices)) {
    return(choices[1])
  }
  if (!is_string(x) || !x %in% choices) {
    abort_argument(
      arg, if (is_string(x)) paste0("\"", x, "\"") else describe_value(x),
      paste("one of", paste0("\"", choices, "\"", collapse = ", ")),
      advice = if (is_string(x)) did_you_mean(nearest(x, choices))
    )
  }
  x
}

# Runs an expression when the function whose environment is given ends.
defer <- function(expr, env) {
  thunk <- as.call(list(function() expr))
  do.call(base::on.exit, list(thunk, TRUE, FALSE), envir = env)
}
