#' Import a key from a machine without a network
#'
#' Where the key lives on a machine that is never connected, the import takes three steps, and one file goes there and
#' back:
#'
#' 1. `byok_request()`, where AWS can be reached: fetches the import parameters, and writes them as a *bundle*.
#' 2. `byok_wrap()`, where the key is: wraps it, and writes the bundle with the wrapped key. It needs no network, no AWS
#'    configuration and no credentials.
#' 3. `byok_submit()`, where AWS can be reached: imports, waits, proves, and returns the receipt that [byok_import()]
#'    would have returned.
#'
#' AWS gives 24 hours from the first step to the last. Every step writes its file in one piece or not at all and leaves the
#' others alone: after a crash, repeat the step. The bundle of the first step can be wrapped again, and that of the second
#' submitted again, until the day is over.
#'
#' @section What a bundle holds:
#' One JSON file: the key's ARN, spec and Region, the wrapping algorithm, AWS' public key and import token, until when they
#' are valid, and what you wished for (expiry, alias, description). `byok_wrap()` adds the wrapped material, which only
#' AWS can open, and what the proof needs later: the public key of a key pair; for an HMAC key a fresh random message and
#' its MAC, which tell nothing about the key to anybody who could not guess it anyway; nothing for a symmetric key. Nothing
#' in a bundle is secret.
#'
#' @section What protects it, and what does not:
#' The `checksum` is the SHA-256 of the content (all other members, sorted by name, as JSON without blanks:
#' `jq -cSj 'del(.checksum)' FILE | sha256sum`). It detects damage, and editing by mistake. It is no signature: whoever
#' edits on purpose computes it anew. Against them:
#' * The token binds key, public key and algorithm at AWS: material that was wrapped for one key is not taken by another.
#' * Nobody but AWS can open the wrapped material.
#' * **What an attacker on the way can do is exchange.** On the way there the public key, for one whose other half they
#'   have: AWS would notice, but only after the key was theirs. On the way back the wrapped material, for a key of their
#'   own: AWS would not notice, and you would use a key they know. So each bundle shows a fingerprint. Tell it to the next
#'   person by telephone or on paper, not in the same parcel, and let them give it to `byok_wrap()` and `byok_submit()`.
#'   It is the first half of a SHA-256: of the public key in DER (`jq -r .public_key FILE | base64 -d | sha256sum`), after
#'   `byok_wrap()` of the wrapped material (`jq -r .wrapped_material FILE | base64 -d | sha256sum`).
#'
#' @inheritParams byok_import
#' @param key_id `byok_request()`: the KMS key to import into: its id, its ARN, `alias/...`, an alias ARN, or a receipt;
#'   `NULL` to create one of `key_spec`. `byok_submit()`: the key that the bundle is expected to be for, or `NULL` to
#'   believe the bundle.
#' @param path One string: the file to write; it is replaced. `byok_wrap()` by default writes beside the bundle, with
#'   `-wrapped` in the name.
#' @param key_spec The key spec of the material: needed for a new key, checked for one that exists.
#' @param bundle One string, the file; or a bundle as these functions return it.
#' @param fingerprint The fingerprint that the step before showed, got by another way than the bundle; `NULL` to do
#'   without this protection.
#' @return `byok_request()`, `byok_wrap()`, `byok_bundle_read()`: the bundle, a list of class `kms_import_bundle`.
#'   `byok_submit()`: a receipt, see [byok_receipt_write()].
#'
#'   A bundle that is damaged, edited, stale, at another stage, or for another key, spec or Region is an error of class
#'   `kmsr_bundle_error`, whose field `reason` is `"edited"`, `"stale"`, `"stage"`, `"key"`, `"region"`, `"spec"` or
#'   `"fingerprint"`. Nothing was sent then.
#' @family bring your own key
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' folder <- tempfile()
#' dir.create(folder)
#'
#' # 1. On a machine with a network:
#' request <- byok_request(svc, path = file.path(folder, "orders.json"), key_spec = "ECC_NIST_P256")
#' request
#'
#' # 2. On the machine with the key:
#' wrapped <- byok_wrap(
#'   file.path(folder, "orders.json"), key_material_random("ECC_NIST_P256"),
#'   fingerprint = request$fingerprint
#' )
#'
#' # 3. On a machine with a network:
#' byok_submit(svc, file.path(folder, "orders-wrapped.json"), fingerprint = wrapped$fingerprint)
#' unlink(folder, recursive = TRUE)
#' emulator$stop()
#' @name byok_bundle
NULL

#' @rdname byok_bundle
#' @export
byok_request <- function(svc, key_id = NULL, path, ..., key_spec = NULL, alias = NULL, description = NULL, tags = NULL,
                         policy = NULL, key_usage = NULL, multi_region = FALSE, expires = NULL,
                         material_description = NULL, wrapping_algorithm = NULL, wrapping_key_spec = NULL, wait = 60) {
  check_dots()
  check_client(svc)
  path <- check_folder(path)
  valid_to <- parse_expires(expires)
  new_key <- list(
    alias = check_alias(alias), description = description, tags = tags, policy = policy,
    key_usage = key_usage, multi_region = multi_region
  )
  if (is.null(key_id)) {
    key <- NULL
    if (is.null(key_spec)) {
      abort_argument("key_spec", "NULL", "given without `key_id`, for the kind of key to be known")
    }
    facts <- spec_facts(check_string(key_spec, "key_spec"))
    check_new_key(svc, new_key, facts)
  } else {
    check_existing(new_key)
    key <- describe_external_key(svc, key_id, creates = TRUE)
    facts <- spec_facts(key_spec %||% key$KeySpec)
    check_spec(key, facts$key_spec, creates = TRUE)
    check_state(key)
  }
  check_material_description(material_description, facts)
  wrapping <- choose_wrapping(facts, wrapping_algorithm, wrapping_key_spec, region_of(svc))
  import <- new_import(svc, facts, wait, what = "request", resume = function(key_id) {
    sprintf("byok_request(svc, key_id = \"%s\", path = \"%s\")", key_id, path)
  })
  import$alias <- new_key$alias
  import$key <- key

  with_import(import, {
    if (is.null(key)) {
      create_external_key(import, new_key, facts)
    }
    parameters <- import_parameters(import, wrapping)
    import$step <- "write"
    bundle <- write_bundle(path, list(
      stage = "request",
      key_arn = import$key$Arn,
      key_spec = import$key$KeySpec,
      key_usage = import$key$KeyUsage,
      region = arn_part(import$key$Arn, 4),
      alias = new_key$alias,
      expires = if (!is.null(valid_to)) write_time(time_from(valid_to)),
      material_description = material_description,
      wrapping_algorithm = wrapping$wrapping_algorithm,
      wrapping_key_spec = wrapping$wrapping_key_spec,
      public_key = rs_to_base64(parameters$PublicKey),
      import_token = rs_to_base64(parameters$ImportToken),
      valid_to = write_time(parameters$ParametersValidTo),
      created_at = write_time(now())
    ))
  })
  bundle
}

#' @rdname byok_bundle
#' @export
byok_wrap <- function(bundle, key_material, path = NULL, ..., fingerprint = NULL) {
  check_dots()
  facts <- key_material_facts(key_material)
  bundle <- open_bundle(bundle, "request")
  path <- check_folder(path %||% wrapped_path(bundle))
  if (facts$key_spec != bundle$key_spec) {
    abort_bundle(
      "spec", sprintf("The bundle is for a key of spec %s, and this key material is %s.", bundle$key_spec, facts$key_spec),
      c(i = sprintf("It is for the key %s: wrap that one's material.", bundle$key_arn))
    )
  }
  check_fingerprint(bundle, fingerprint)
  wrapped <- wrap_key_material(key_material, rs_from_base64(bundle$public_key), bundle$wrapping_algorithm)
  evidence <- new_evidence(key_material, facts)
  bundle$stage <- "wrapped"
  bundle$wrapped_material <- rs_to_base64(wrapped)
  bundle$wrapped_at <- write_time(now())
  bundle$proof_public_key <- if (length(evidence$public_key)) rs_to_base64(evidence$public_key)
  bundle$proof_message <- if (length(evidence$nonce)) rs_to_base64(evidence$nonce)
  bundle$proof_mac <- if (length(evidence$mac)) rs_to_base64(evidence$mac)
  bundle$proof_mac_algorithm <- evidence$mac_algorithm
  write_bundle(path, bundle)
}

#' @rdname byok_bundle
#' @export
byok_submit <- function(svc, bundle, key_id = NULL, ..., fingerprint = NULL, verify = TRUE, wait = 60) {
  check_dots()
  check_client(svc)
  check_flag(verify, "verify")
  bundle <- open_bundle(bundle, "wrapped")
  check_fingerprint(bundle, fingerprint)
  valid_to <- bundle_expiry(bundle)
  import <- new_import(svc, list(key_spec = bundle$key_spec), wait, resume = function(key_id) {
    "byok_submit(svc, bundle) again, as long as the bundle is valid"
  })
  key <- find_bundle_key(svc, bundle, key_id)
  give_alias <- check_alias_free(svc, bundle$alias, but_for = key$Arn)

  import$key <- key
  with_import(import, {
    result <- import_wrapped(
      import, rs_from_base64(bundle$import_token), rs_from_base64(bundle$wrapped_material), valid_to,
      description = bundle$material_description
    )
    receipt <- finish_import(
      import, result, bundle[c("wrapping_algorithm", "wrapping_key_spec")], verify, bundle_evidence(bundle),
      if (give_alias) bundle$alias
    )
  })
  receipt$alias <- bundle$alias %||% receipt$alias
  receipt
}

#' @rdname byok_bundle
#' @export
byok_bundle_read <- function(bundle) {
  read_bundle(bundle)
}

# What a key spec alone tells of the material to come. Of its length nothing, which no algorithm's choice needs.
spec_facts <- function(key_spec) {
  list(key_spec = key_spec, key_usage = key_usages(key_spec)[1], length = 0)
}

# When the material shall expire, as it was wished when the request was made.
bundle_expiry <- function(bundle) {
  if (is.null(bundle$expires)) {
    return(NULL)
  }
  tryCatch(
    parse_expires(bundle$expires),
    kmsr_argument_error = function(e) abort_bundle(
      "stale", sprintf("The material was to expire at %s, which has passed.", bundle$expires),
      c(i = "Make a new request with another `expires`.")
    )
  )
}

# The key that a bundle is for, if this client can import into it.
find_bundle_key <- function(svc, bundle, key_id) {
  region <- region_of(svc)
  if (bundle$region != region) {
    abort_bundle(
      "region", sprintf("The bundle is for a key in %s, and this client is in %s.", bundle$region, dQuote(region, FALSE)),
      c(i = sprintf("Use a client of that Region: kms(region = \"%s\").", bundle$region))
    )
  }
  if (!is.null(key_id)) {
    expected <- describe_external_key(svc, key_id)$Arn
    if (expected != bundle$key_arn) {
      abort_bundle(
        "key", sprintf("The bundle is for the key %s, and not for %s.", bundle$key_arn, expected),
        c(i = "Its token and wrapped material are of no use for another key: make a request for that one.")
      )
    }
  }
  unknown <- function(error) abort_bundle(
    "key", sprintf("This client finds no key %s. %s", bundle$key_arn, error$message),
    c(
      i = sprintf("Is it a client of the account of the request, %s?", arn_part(bundle$key_arn, 5)),
      i = "If it is, the key was deleted, or the identity lacks kms:DescribeKey."
    )
  )
  key <- tryCatch(
    describe_external_key(svc, bundle$key_arn),
    kmsr_NotFoundException = unknown,
    # What AWS says of another account's keys.
    kmsr_AccessDeniedException = unknown
  )
  if (key$KeySpec != bundle$key_spec) {
    abort_bundle("spec", sprintf("The bundle is for a key of spec %s, and %s is %s.", bundle$key_spec, key$Arn, key$KeySpec))
  }
  check_state(key)
  key
}

bundle_evidence <- function(bundle) {
  if (!is.null(bundle$proof_public_key)) {
    list(public_key = rs_from_base64(bundle$proof_public_key))
  } else if (!is.null(bundle$proof_mac)) {
    list(
      mac = rs_from_base64(bundle$proof_mac), nonce = rs_from_base64(bundle$proof_message),
      mac_algorithm = bundle$proof_mac_algorithm
    )
  }
}
