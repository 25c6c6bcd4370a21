#' Errors that kmsr raises
#'
#' Every error is a classed condition that [tryCatch()] can pick by class, most specific first, and that carries what is
#' known as fields. The classes and fields of paws are there too, so that code written for it keeps working.
#'
#' # The service refused
#'
#' A call the service answered with an error has the classes `kmsr_<Code>` (for example `kmsr_NotFoundException`),
#' `kmsr_service_error`, `paws_error`, `http_<status>` and `http_<hundred>` (for example `http_403`, `http_400`),
#' `http_error`, `kmsr_error`, `rlang_error`, `error`, `condition`, and the fields
#' * `code`: the service's error code, such as `"NotFoundException"`;
#' * `status_code`: the HTTP status, an integer (also as an attribute);
#' * `error_response`: the whole answer as a list (also as an attribute);
#' * `request_id`: the service's id of the request, to quote to AWS Support;
#' * `operation`: the operation's name, such as `"DescribeKey"`.
#'
#' # Everything else
#'
#' | class | what happened |
#' |---|---|
#' | `kmsr_argument_error` | an argument is missing or not what it must be; nothing was sent. Fields `argument`, `given`, `wanted` |
#' | `kmsr_credentials_error` | no usable credentials; the message says what was tried |
#' | `kmsr_missing_region_error` | no Region is configured |
#' | `kmsr_timeout_error` | no connection, no answer, or no end in time; field `phase` is `"connect"`, `"read"` or `"operation"` |
#' | `kmsr_transport_error` | no answer or not all of it: host not found, refused, not trusted, cut off. Timeouts have this class too |
#' | `kmsr_response_error` | an answer that is not the service's: a proxy's page, an empty or malformed body. Fields `status_code`, `response_body` |
#' | `kmsr_config_error` | a setting in the environment or the shared config files is not what it must be |
#' | `kmsr_nested_call_error` | a call from a finalizer or an event handler while another call waits for its answer |
#' | `kmsr_key_material_error` | key material that cannot be read, used or serialised |
#' | `kmsr_wrap_error` | key material that cannot be wrapped this way |
#' | `kmsr_alias_taken_error`, `kmsr_key_mismatch_error`, `kmsr_key_state_error` | an alias or key that the material cannot go to; nothing was changed |
#' | `kmsr_import_error` | an import that failed on its way, or a renewal (`kmsr_renewal_error`), a rotation (`kmsr_rotation_error`) or a deletion of material (`kmsr_deletion_error`); fields `step`, `key_id`, `key_arn`, `key_state`, `created`, besides the classes of what went wrong |
#' | `kmsr_current_material_error`, `kmsr_former_material_error`, `kmsr_pending_material_error` | material that a rotation cannot go to: the key works with it, has had it, or has other material waiting; nothing was changed |
#' | `kmsr_alias_error`, `kmsr_replicas_error` | a rotation without an alias to move, or without a client for each replica; nothing was changed |
#' | `kmsr_proof_error` | a key that holds other material; fields `key_arn`, `method` |
#' | `kmsr_bundle_error` | a bundle of [byok_request()] that is damaged, stale, or for something else; field `reason` |
#' | `kmsr_file_error` | a file of the package's that cannot be read or written |
#' | `kmsr_emulator_error` | the emulator could not start |
#' | `kmsr_ledger_error` | the ledger of an import of many keys is in use, of other data, or not as it was written |
#' | `kmsr_import_many_error` | an import of many keys ended early; field `result` is what was reached |
#' | `kmsr_map_error` | a call of [kms_map()] failed; fields `index`, `results`, besides the classes of what went wrong |
#' | `kmsr_unfinished_error` | stands in the results of [kms_map()] for a call that was not made or not waited for; field `sent` |
#' | `kmsr_unconfirmed_error` | a deletion that nobody confirmed |
#'
#' All have the class `kmsr_error`.
#'
#' # Warnings
#'
#' | class | what is left to do |
#' |---|---|
#' | `kmsr_deprecated_algorithm_warning` | AWS KMS does not take what was wrapped like this |
#' | `kmsr_inventory_warning` | the aliases could not be listed |
#' | `kmsr_material_missing_warning` | a renewed key still lacks another of its materials |
#' | `kmsr_rotation_incomplete_warning` | AWS is still at work on a rotation, so it could not be verified |
#' | `kmsr_map_interrupted` | [kms_map()] was interrupted and returned what is finished |
#'
#' All but the last have the class `kmsr_warning`.
#'
#' # Interrupts
#'
#' A user's interrupt is R's own `interrupt` condition, not an error; that of [kms_map()] has the class
#' `kmsr_map_interrupt` besides, and the field `results`. A limit set with [setTimeLimit()] raises R's own error.
#'
#' @seealso The page of an operation, such as [kms_decrypt()], for the errors it has and what to do about them.
#' @name kmsr-errors
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' tryCatch(
#'   svc$describe_key(KeyId = "alias/nobody"),
#'   kmsr_NotFoundException = function(e) e$code,
#'   paws_error = function(e) "something else"
#' )
#' emulator$stop()
NULL

# The only function that raises an error. `message` is the headline, `body` says what to do.
abort_kmsr <- function(message, class, body = NULL, ..., attributes = list(), call = NULL) {
  condition <- rlang::error_cnd(
    class = c(class, "kmsr_error"),
    message = message,
    body = if (length(body)) rlang::format_error_bullets(body),
    use_cli_format = FALSE,
    ...,
    call = call
  )
  for (name in names(attributes)) {
    attr(condition, name) <- attributes[[name]]
  }
  # Not rlang's own signal: a trace would hold the calls, and with them what was in their arguments.
  stop(condition)
}

abort_argument <- function(argument, given, wanted, call = NULL, advice = NULL) {
  abort_kmsr(
    sprintf("`%s` must be %s.", argument, wanted),
    class = "kmsr_argument_error",
    body = c(x = sprintf("Given: %s.", given), i = advice),
    argument = argument,
    given = given,
    wanted = wanted,
    call = call
  )
}

is_failure <- function(x, kind = NULL) {
  inherits(x, "kmsr_failure") && (is.null(kind) || identical(.subset2(x, "kind"), kind))
}

# The only road back from Rust: the value, or the condition of its failure.
unwrap <- function(result, operation = NULL, arguments = NULL) {
  if (!inherits(result, "kmsr_failure")) {
    return(result)
  }
  raise_failure(unclass(result), operation, arguments)
}

raise_failure <- function(failure, operation, arguments = NULL) {
  switch(failure$kind,
    interrupted = rlang::interrupt(),
    # What R itself wanted to raise while Rust was waiting.
    raised = stop(failure$condition),
    argument = abort_argument(failure$argument, failure$given, failure$wanted),
    service = raise_service_error(failure, operation, arguments),
    unreadable = abort_kmsr(
      sprintf("The answer (HTTP %d) cannot be read: %s.", failure$status_code, failure$message),
      class = c("kmsr_response_error", "paws_error", http_classes(failure$status_code)),
      body = c(
        i = "Is the endpoint really AWS KMS? A proxy or gateway in between may have answered.",
        " " = if (nzchar(failure$body)) paste0("It begins: ", excerpt(failure$body))
      ),
      status_code = failure$status_code,
      request_id = failure$request_id,
      response_body = failure$body,
      operation = operation,
      attributes = list(status_code = failure$status_code)
    ),
    timeout = raise_timeout(failure$phase, failure$message, operation),
    transport = raise_transport_error(failure$message, operation),
    credentials = raise_credentials_error(failure$message, operation),
    missing_region = abort_kmsr(
      "MissingRegion (HTTP NA). missing region",
      class = c("kmsr_missing_region_error", "paws_error", "http_error"),
      body = c(i = paste(
        "Say where the key is: `kms(region = \"eu-central-1\")`, the environment variable AWS_REGION, or",
        "`region` in the profile of the shared config file."
      )),
      operation = operation
    ),
    secrets_lost = abort_kmsr(
      "This client's literal keys did not come along when it was saved or sent to another process.",
      class = c("kmsr_credentials_error", "paws_error"),
      body = c(
        i = "Make a client here with `kms()`, best with credentials this process finds on its own.",
        i = "If keys must travel, set `options(kmsr.serialize_secrets = TRUE)` before making the client."
      ),
      operation = operation
    ),
    request = abort_kmsr(
      paste0(upper_first(failure$message), "."),
      class = "kmsr_config_error",
      operation = operation
    ),
    material_lost = abort_kmsr(
      "The key material of this object is gone: it never leaves the process that made it.",
      class = "kmsr_key_material_error",
      body = c(i = "Read or make it again here, with `key_material_file()` or its kin."),
      reason = "lost"
    ),
    refused = abort_kmsr(
      failure$message,
      class = paste0("kmsr_", failure$class, "_error"),
      reason = failure$reason
    )
  )
}

raise_service_error <- function(failure, operation, arguments) {
  abort_kmsr(
    sprintf("%s (HTTP %d). %s", failure$code, failure$status_code, failure$message),
    class = c(
      paste0("kmsr_", failure$code), "kmsr_service_error", "paws_error", http_classes(failure$status_code)
    ),
    body = c(
      i = service_advice(failure$code),
      i = switch(failure$code,
        ValidationException = spelling_advice(operation, arguments),
        NotFoundException = if (startsWith(failure$message, "Invalid keyId")) alias_advice(arguments$KeyId),
        InvalidCiphertextException = if (isTRUE(operation %in% c("Decrypt", "ReEncrypt"))) {
          "Is it the Region it was encrypted in, and the same encryption context?"
        }
      )
    ),
    code = failure$code,
    status_code = failure$status_code,
    error_response = failure$error_response,
    request_id = failure$request_id,
    operation = operation,
    attributes = failure[c("status_code", "error_response")]
  )
}

raise_timeout <- function(phase, message, operation) {
  abort_kmsr(
    paste0(operation %||% "The call", ": ", message, "."),
    class = c("kmsr_timeout_error", "kmsr_transport_error", "paws_error", "http_error"),
    body = c(i = timeout_advice(phase)),
    phase = phase,
    operation = operation
  )
}

raise_transport_error <- function(message, operation) {
  broken <- grepl("reading a body", message, fixed = TRUE)
  # The layers of the connection that pass a cause on each put a heading before it.
  headings <- paste0(
    "(?i)(^|: )(other|(io|response|client|connection|tcp connect|dns) error( \\(\\w+\\))?",
    "|error reading a body from connection)(?=: )"
  )
  cause <- sub("^: ", "", gsub(headings, "", message, perl = TRUE))
  abort_kmsr(
    sprintf("%s: %s. %s.", operation %||% "The call", if (broken) "the answer broke off" else "no answer", upper_first(cause)),
    class = c("kmsr_transport_error", "paws_error", "http_error"),
    body = c(i = transport_advice(cause)),
    operation = operation
  )
}

raise_credentials_error <- function(message, operation) {
  tried <- strsplit(message, "\n", fixed = TRUE)[[1]]
  several <- length(tried) > 1
  abort_kmsr(
    if (several) "No AWS credentials were found." else sub("([^.?!])$", "\\1.", upper_first(message)),
    class = c("kmsr_credentials_error", "paws_error"),
    body = c(
      if (several) rlang::set_names(tried, "x"),
      i = if (several) paste(
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile with",
        "`kms(credentials = list(profile = \"...\"))`, or run where a role is attached."
      )
    ),
    operation = operation
  )
}

# As paws has them: the exact status, then its hundred.
http_classes <- function(status) {
  unique(c(paste0("http_", status), paste0("http_", status %/% 100L * 100L), "http_error"))
}

timeout_advice <- function(phase) {
  switch(phase,
    connect = "Is the host reachable, and is a proxy needed? `connect_timeout` in the config is the limit.",
    read = "The service may have received the request all the same. `timeout` in the config is the limit.",
    operation = "`operation_timeout` in the config is the limit for a call with its retries."
  )
}

transport_advice <- function(message) {
  if (grepl("certificate", message)) {
    "If a company proxy re-signs TLS, name its certificate authority in AWS_CA_BUNDLE."
  } else if (grepl("tunnel|proxy", message)) {
    "It is the proxy that refuses: `kms_sitrep()` shows which one. Does it need a user and a password in its URL?"
  } else if (grepl("dns|lookup", message, ignore.case = TRUE)) {
    "Check the Region and the endpoint, and whether this machine may resolve names outside."
  } else if (grepl("refused", message, ignore.case = TRUE)) {
    paste(
      "Nothing listens there. Check the endpoint and the network; HTTPS_PROXY and NO_PROXY are honoured.",
      "If it was an emulator, it was stopped: start another one, and take a client of it."
    )
  } else {
    "Check the endpoint and the network; HTTPS_PROXY and NO_PROXY are honoured."
  }
}

# The beginning of a body that may be anything, fit to be printed.
excerpt <- function(body) {
  gsub("[[:cntrl:]]+", " ", substr(body, 1, 200))
}

upper_first <- function(x) {
  paste0(toupper(substr(x, 1, 1)), substring(x, 2))
}

# What a value is, in words, without its content.
describe_value <- function(x) rs_describe(x)

is_empty <- function(x) {
  is.null(x) || length(x) == 0 || identical(x, "")
}

`%||%` <- function(x, y) if (is.null(x)) y else x

# What to do about a service error: by its code, for the codes the operations list and those any operation can have.
service_advice <- function(code) {
  common <- c(
    AccessDeniedException = paste(
      "The identity lacks a permission: the key's policy, its grants and the IAM policies must allow this operation."
    ),
    ExpiredTokenException = paste(
      "The temporary credentials have expired: get fresh ones. A client that was given keys has to be made anew; one that",
      "looks for them finds the fresh ones at its next call."
    ),
    IncompleteSignature = "The signature did not arrive whole: does a proxy rewrite requests?",
    InvalidClientTokenId = "The service does not know this access key: is it active, and of this partition?",
    InvalidSignatureException = paste(
      "The secret key does not fit the access key, or this machine's clock is off by more than five minutes."
    ),
    MissingAuthenticationTokenException = "The request was not signed: give the client credentials.",
    NotAuthorizedException = "The service allows this to nobody; aliases that begin with `alias/aws/`, for example, are AWS' own.",
    OptInRequired = "The account is not signed up for this service or Region.",
    ServiceUnavailable = "The service is overloaded or away: try again in a while.",
    SignatureDoesNotMatch = "The secret key does not fit the access key.",
    ThrottlingException = "Too many calls a second: slow down, or raise `max_retries`.",
    UnrecognizedClientException = "The service does not know this access key or session token: is it active?",
    ValidationException = "The service does not take a value as it was given; its message says which."
  )
  known <- c(common, error_remedies)
  if (code %in% names(known)) known[[code]]
}
