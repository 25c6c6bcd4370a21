#' Bring your own key
#'
#' Imports key material into AWS KMS in one call: creates the KMS key if there is none, asks for import parameters, wraps
#' the material in Rust, imports it, waits until the key can be used, and proves as far as can be proven that KMS holds
#' what was sent. The result is a receipt to keep beside your own copy of the key: AWS has no other copy it would give
#' back, and importing again needs the same bytes.
#'
#' @section What happens, in order:
#' 1. Everything is checked before anything is changed: the material against the key, the alias, the expiry.
#' 2. Without `key_id`, a key with origin `EXTERNAL` is created. AWS may need a moment until it is known everywhere; the
#'    following steps wait for that, for at most `wait` seconds.
#' 3. The import parameters (a public key and a token, good for 24 hours) are fetched for the best wrapping AWS offers
#'    for this material: the longest wrapping key, RSA-OAEP with SHA-256, or AES key wrap under it for RSA private keys.
#' 4. The material is wrapped in Rust and imported.
#' 5. The key is described until it is ready, and the import is proven, see [byok_verify()].
#' 6. The alias, if any, is given last, so that it never leads to a key that is not ready.
#'
#' @section When it fails:
#' The error has the class `kmsr_import_error` besides those of what went wrong, and the fields `step`, `key_id`,
#' `key_arn`, `key_state` and `created`. Its message says what state the key is in and how to go on: a key that was
#' created is not lost, since `byok_import(svc, key_material, key_id = ...)` continues with it. When the answer to
#' `CreateKey` was lost, nobody knows whether there is a key: then `created` is `NA`, and the message says where to look.
#'
#' @section Expiry:
#' By default the material does not expire, unlike in the API, whose default is that it does. With `expires`, KMS forgets
#' the material then, and everything encrypted under the key is unreadable until the same material is imported again:
#' see [byok_renew()]. At most 365 days ahead.
#'
#' @param svc A client made by [kms()].
#' @param key_material Key material, see [key_material_file()].
#' @param key_id The KMS key to import into: its id, its ARN, `alias/...`, an alias ARN, or a receipt. `NULL` to create
#'   one.
#' @param ... Not used; the following arguments are named.
#' @param alias For a new key: one string of letters, digits, `/`, `_` and `-`, with or without `alias/`; with it at most
#'   256 characters.
#' @param description For a new key: one string of at most 8192 characters. It is no place for secrets.
#' @param tags For a new key: a named character vector, such as `c(team = "billing")`; at most 50.
#' @param policy For a new key: the key policy as one string of JSON, at most 32 kilobytes; by default the account's.
#' @param key_usage For a new key: `"SIGN_VERIFY"`, `"ENCRYPT_DECRYPT"`, `"KEY_AGREEMENT"` or `"GENERATE_VERIFY_MAC"`;
#'   by default the key spec's usual one.
#' @param multi_region For a new key: `TRUE` for a multi-Region primary key.
#' @param expires When KMS shall forget the material: a `Date` (midnight UTC), a `POSIXct`, an ISO 8601 string, a
#'   `difftime`, or text like `"90 days"`. `NULL` for never.
#' @param material_description A description of this material, for symmetric keys: one string of at most 256 characters.
#' @param wrapping_algorithm,wrapping_key_spec To choose the wrapping oneself: an algorithm of [wrap_key_material()], and
#'   `"RSA_2048"`, `"RSA_3072"`, `"RSA_4096"` or, in China Regions, `"SM2"`. `NULL` for the strongest.
#' @param verify `FALSE` to do without the proof, and the permissions it needs.
#' @param wait How long to wait for AWS to know a key everywhere: one number of seconds.
#' @return A receipt: a list of class `kms_import_receipt`, see [byok_receipt_write()]. It holds nothing secret.
#' @family bring your own key
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' material <- key_material_random("HMAC_256")
#' receipt <- byok_import(svc, material, alias = "orders", expires = "90 days")
#' receipt
#'
#' # Into a key that exists: the same bytes again, with another expiry.
#' byok_import(svc, material, key_id = "alias/orders")$expires
#' emulator$stop()
#' @export
byok_import <- function(svc, key_material, key_id = NULL, ..., alias = NULL, description = NULL, tags = NULL,
                        policy = NULL, key_usage = NULL, multi_region = FALSE, expires = NULL,
                        material_description = NULL, wrapping_algorithm = NULL, wrapping_key_spec = NULL,
                        verify = TRUE, wait = 60) {
  check_dots()
  check_client(svc)
  check_flag(verify, "verify")
  facts <- key_material_facts(key_material)
  valid_to <- parse_expires(expires)
  check_material_description(material_description, facts)
  new_key <- list(
    alias = check_alias(alias), description = description, tags = tags, policy = policy,
    key_usage = key_usage, multi_region = multi_region
  )
  import <- new_import(svc, facts, wait)
  import$alias <- new_key$alias
  wrapping <- choose_wrapping(facts, wrapping_algorithm, wrapping_key_spec, region_of(svc))

  key <- if (is.null(key_id)) {
    check_new_key(svc, new_key, facts)
    NULL
  } else {
    check_existing(new_key)
    find_key(svc, key_id, facts, creates = TRUE)
  }

  with_import(import, {
    if (is.null(key)) {
      key <- create_external_key(import, new_key, facts)
    }
    import$key <- key
    result <- import_material(import, key_material, wrapping, valid_to, material_description)
    receipt <- finish_import(import, result, wrapping, verify, new_evidence(key_material, facts), new_key$alias)
  })
  receipt
}

# One key's import under way: what is known of it when something fails. `resume` tells, of a key id, how to go on; `what`
# is what the errors call it.
new_import <- function(svc, facts, wait, resume = resume_import, what = "import") {
  if (!is_number(wait) || wait < 0) {
    abort_argument("wait", describe_value(wait), "one number of seconds, 0 or more")
  }
  list2env(list(
    svc = svc, facts = facts, wait = wait, resume = resume, what = what, key = NULL, created = FALSE, alias = NULL,
    step = "start", request_ids = character()
  ), parent = emptyenv())
}

resume_import <- function(key_id) {
  sprintf("byok_import(svc, key_material, key_id = \"%s\")", key_id)
}

# A step of an import, remembered with the id of its request, if it makes one: a symmetric key's proof does not.
import_step <- function(import, step, expr) {
  import$step <- step
  before <- last_request_id(import$svc)
  value <- expr
  id <- last_request_id(import$svc)
  if (!identical(id, before)) {
    import$request_ids[[step]] <- id
  }
  value
}

# Runs an import; a failure or interrupt on the way is told with what has become of the key.
with_import <- function(import, expr) {
  finished <- FALSE
  on.exit(if (!finished && has_effects(import)) {
    rlang::inform(c("!" = sprintf("The %s was interrupted.", import$what), import_remedy(import)))
  })
  tryCatch(
    {
      expr
      finished <- TRUE
    },
    error = function(error) {
      finished <<- TRUE
      abort_import(import, error)
    }
  )
}

# Whether an import may have left something behind: a key, or a request for one that nobody saw the answer of.
has_effects <- function(import, error = NULL) {
  !is.null(import$key) ||
    (import$step == "create" && (is.null(error) || inherits(error, c("kmsr_transport_error", "kmsr_response_error"))))
}

abort_import <- function(import, error) {
  if (!has_effects(import, error)) {
    stop(error)
  }
  if (!is.null(import$key)) {
    import$key <- tryCatch(import$svc$describe_key(import$key$Arn)$KeyMetadata, error = function(e) import$key)
  }
  known <- c("step", "key_id", "key_arn", "key_state", "created")
  fields <- unclass(error)
  fields <- fields[setdiff(names(fields), c("message", "body", "call", "trace", "parent", "use_cli_format", known))]
  rlang::exec(
    abort_kmsr,
    sprintf("The %s failed at step \"%s\": %s", import$what, import$step, error$message),
    class = unique(c(
      sprintf("kmsr_%s_error", import$what), "kmsr_import_error",
      setdiff(class(error), c("kmsr_error", "rlang_error", "error", "condition"))
    )),
    body = c(error$body, import_remedy(import)),
    step = import$step,
    key_id = import$key$KeyId,
    key_arn = import$key$Arn,
    key_state = import$key$KeyState,
    created = if (is.null(import$key)) NA else import$created,
    attributes = attributes(error)[intersect(names(attributes(error)), c("status_code", "error_response"))],
    !!!fields
  )
}

# What has become of the key and how to go on.
import_remedy <- function(import) {
  key <- import$key
  if (is.null(key)) {
    return(c(
      i = "It cannot be told whether a key was created: look among svc$list_keys() for one that is PendingImport.",
      i = sprintf("To go on with it: %s.", import$resume("..."))
    ))
  }
  c(
    i = sprintf("The key %s%s is %s.", key$Arn, if (import$created) " was created and" else "", key$KeyState),
    i = sprintf("To go on: %s.", import$resume(key$KeyId)),
    i = if (import$created && !is.null(import$alias)) {
      sprintf("Then give it its alias: svc$create_alias(\"%s\", \"%s\").", import$alias, key$KeyId)
    },
    i = if (import$created) {
      sprintf("To give it up: svc$schedule_key_deletion(\"%s\", PendingWindowInDays = 7).", key$KeyId)
    }
  )
}

create_external_key <- function(import, new_key, facts) {
  key <- import_step(import, "create", do.call(import$svc$create_key, new_key_arguments(new_key, facts)))$KeyMetadata
  import$key <- key
  import$created <- TRUE
  key
}

new_key_arguments <- function(new_key, facts) {
  list(
    Origin = "EXTERNAL",
    KeySpec = facts$key_spec,
    KeyUsage = new_key$key_usage %||% facts$key_usage,
    Description = new_key$description,
    Policy = new_key$policy,
    Tags = new_key$tags,
    MultiRegion = if (isTRUE(new_key$multi_region)) TRUE
  )
}

# Fetches parameters, wraps, imports: the three that belong together, since token and public key are a pair.
import_material <- function(import, key_material, wrapping, valid_to, description = NULL, import_type = NULL,
                            key_material_id = NULL) {
  parameters <- import_parameters(import, wrapping)
  import$step <- "wrap"
  wrapped <- wrap_key_material(key_material, parameters$PublicKey, wrapping$wrapping_algorithm)
  import_wrapped(import, parameters$ImportToken, wrapped, valid_to, description, import_type, key_material_id)
}

import_parameters <- function(import, wrapping) {
  import_step(import, "parameters", eventually(import, function() import$svc$get_parameters_for_import(
    import$key$Arn, wrapping$wrapping_algorithm, wrapping$wrapping_key_spec
  )))
}

import_wrapped <- function(import, token, wrapped, valid_to, description = NULL, import_type = NULL,
                           key_material_id = NULL) {
  import$valid_to <- valid_to
  args <- import_arguments(import$key, token, wrapped, valid_to, description, import_type, key_material_id)
  import_step(import, "import", eventually(import, function() do.call(import$svc$import_key_material, args)))
}

import_arguments <- function(key, token, wrapped, valid_to, description = NULL, import_type = NULL,
                             key_material_id = NULL) {
  list(
    KeyId = key$Arn,
    ImportToken = token,
    EncryptedKeyMaterial = wrapped,
    ValidTo = valid_to,
    ExpirationModel = if (is.null(valid_to)) "KEY_MATERIAL_DOES_NOT_EXPIRE" else "KEY_MATERIAL_EXPIRES",
    ImportType = import_type,
    KeyMaterialDescription = description,
    KeyMaterialId = key_material_id
  )
}

# What follows an import: the key gets ready, is proven, gets its alias; the receipt.
finish_import <- function(import, result, wrapping, verify, evidence, alias) {
  key <- await_ready(import)
  proof <- if (verify) {
    import_step(import, "verify", prove(import$svc, key, evidence, result$KeyMaterialId))
  } else {
    new_proof("none", NA, "The import was not verified, as asked.")
  }
  if (!is.null(alias)) {
    import_step(import, "alias", import$svc$create_alias(AliasName = alias, TargetKeyId = key$KeyId))
  }
  new_receipt(
    key, result, wrapping, proof, alias = alias, request_ids = import$request_ids, expires = import$valid_to
  )
}

# Describes the key until it is no longer pending.
await_ready <- function(import) {
  deadline <- Sys.time() + import$wait
  pause <- 0.1
  repeat {
    key <- import_step(import, "describe", eventually(import, function() import$svc$describe_key(import$key$Arn)))$KeyMetadata
    import$key <- key
    if (!is_pending(key) || Sys.time() >= deadline) {
      return(key)
    }
    Sys.sleep(pause)
    pause <- min(pause * 2, 5)
  }
}

is_pending <- function(key) {
  key$KeyState %in% c("PendingImport", "Creating", "Updating")
}

# A call on a key that AWS may not know everywhere yet: repeated for as long as the import may wait, if the key is new.
eventually <- function(import, call) {
  deadline <- Sys.time() + import$wait
  pause <- 0.25
  repeat {
    not_yet <- NULL
    value <- tryCatch(
      call(),
      kmsr_NotFoundException = function(e) not_yet <<- e,
      kmsr_KMSInvalidStateException = function(e) not_yet <<- e
    )
    if (is.null(not_yet)) {
      return(value)
    }
    if (!import$created || Sys.time() >= deadline) {
      stop(not_yet)
    }
    Sys.sleep(pause)
    pause <- min(pause * 2, 5)
  }
}

choose_wrapping <- function(facts, wrapping_algorithm = NULL, wrapping_key_spec = NULL, region = "") {
  china <- startsWith(region, "cn-")
  best <- unwrap(rs_wrap_choose(facts$key_spec, facts$length, china))
  chosen <- list(
    wrapping_algorithm = wrapping_algorithm %||% best$wrapping_algorithm,
    wrapping_key_spec = wrapping_key_spec %||% best$wrapping_key_spec
  )
  check_string(chosen$wrapping_algorithm, "wrapping_algorithm")
  check_string(chosen$wrapping_key_spec, "wrapping_key_spec")
  unwrap(rs_wrap_check(facts$key_spec, chosen$wrapping_algorithm, chosen$wrapping_key_spec, china))
  chosen
}
