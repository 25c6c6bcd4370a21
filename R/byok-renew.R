#' Renew imported key material
#'
#' Imports the material that a key already has, or has had, once more, with another expiry. That is how the life of
#' material is prolonged, and how a key whose material has expired or was deleted works again. KMS takes the same bytes
#' only: others are refused without effect. Nothing changes for those who use the key.
#'
#' A symmetric key that was rotated has several materials, each with its own expiry, and stops when any of them is missing.
#' Which of them the bytes belong to is found out by trying, the missing ones first, unless `key_material_id` or a receipt
#' says so. Renew each of them. Of multi-Region keys, each Region's has its own expiry as well.
#'
#' A failure is an error of class `kmsr_renewal_error`, with the fields that [byok_import()] describes.
#'
#' @inheritParams byok_import
#' @param key_id The KMS key: its id, its ARN, `alias/...`, an alias ARN, or a receipt.
#' @param key_material The same material as before, see [key_material_file()].
#' @param expires The new expiry: a `Date` (midnight UTC), a `POSIXct`, an ISO 8601 string, a `difftime`, or text like
#'   `"90 days"`; at most 365 days ahead. `NULL` for never.
#' @param key_material_id Which of a symmetric key's materials is meant: 64 hexadecimal digits, as a receipt has them.
#' @return A receipt, see [byok_receipt_write()], to replace the old one.
#' @family bring your own key
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' path <- tempfile()
#' writeBin(as.raw(sample(0:255, 32, replace = TRUE)), path)
#' receipt <- byok_import(
#'   svc, key_material_file(path, "SYMMETRIC_DEFAULT"), alias = "orders", expires = "5 days"
#' )
#' byok_expiring(svc)
#'
#' # The copy that was kept, once more:
#' byok_renew(svc, receipt, key_material_file(path, "SYMMETRIC_DEFAULT"), expires = "180 days")
#'
#' # Other bytes are refused, and nothing has changed:
#' tryCatch(
#'   byok_renew(svc, "alias/orders", key_material_random(), expires = NULL),
#'   kmsr_IncorrectKeyMaterialException = function(e) "These are not the bytes of this key."
#' )
#' unlink(path)
#' emulator$stop()
#' @export
byok_renew <- function(svc, key_id, key_material, expires, ..., key_material_id = NULL, verify = TRUE, wait = 60) {
  check_dots()
  check_client(svc)
  check_flag(verify, "verify")
  facts <- key_material_facts(key_material)
  if (missing(expires)) {
    abort_argument("expires", "nothing", "the new expiry, such as \"180 days\", or NULL for never")
  }
  valid_to <- parse_expires(expires)
  import <- new_import(svc, facts, wait, what = "renewal", resume = function(key_id) {
    sprintf("byok_renew(svc, \"%s\", key_material, expires = ...) with the material that was imported before", key_id)
  })
  import$key <- key <- find_key(svc, key_id, facts)
  key_material_id <- renewed_material_id(key, key_id, key_material_id)
  wrapping <- choose_wrapping(facts, region = region_of(svc))

  if (facts$key_spec == "SYMMETRIC_DEFAULT") {
    materials <- tryCatch(list_materials(svc, key$Arn), kmsr_service_error = function(e) NULL)
    ids <- key_material_id %||% ids_to_try(materials)
    with_import(import, {
      result <- reimport(import, key_material, wrapping, valid_to, ids)
      still_missing <- setdiff(missing_materials(materials)$key_material_id, result$KeyMaterialId)
      # Nothing to wait for: the key stays as it is until those are back too.
      import$wait <- if (length(still_missing)) 0 else wait
      receipt <- finish_import(import, result, wrapping, verify = FALSE, evidence = NULL, alias = NULL)
    })
    receipt$proof <- reimport_proof()
    before <- materials$expires[match(result$KeyMaterialId, materials$key_material_id)]
    was_gone <- result$KeyMaterialId %in% missing_materials(materials)$key_material_id
    tell_missing(import$key, still_missing)
  } else {
    with_import(import, {
      result <- import_material(import, key_material, wrapping, valid_to)
      receipt <- finish_import(import, result, wrapping, verify, new_evidence(key_material, facts), alias = NULL)
    })
    before <- key$ValidTo
    was_gone <- key$KeyState == "PendingImport"
  }
  receipt$alias <- known_alias(key_id)
  tell_renewal(receipt, before, was_gone)
  receipt
}

# The material that the caller means, if there is a way to mean one.
renewed_material_id <- function(key, key_id, key_material_id) {
  symmetric <- key$KeySpec == "SYMMETRIC_DEFAULT"
  if (symmetric && length(key$CurrentKeyMaterialId) == 0) {
    abort_kmsr(
      sprintf("Nothing was ever imported into the key %s.", key$Arn),
      class = c("kmsr_key_state_error", "kmsr_argument_error"),
      body = c(i = sprintf("Import into it: byok_import(svc, key_material, key_id = \"%s\").", key$KeyId)),
      argument = "key_id"
    )
  }
  if (is.null(key_material_id) && inherits(key_id, "kms_import_receipt") && !is.na(key_id$key_material_id)) {
    return(key_id$key_material_id)
  }
  check_material_id(key_material_id, key)
}

check_material_id <- function(key_material_id, key) {
  if (is.null(key_material_id)) {
    return(NULL)
  }
  if (key$KeySpec != "SYMMETRIC_DEFAULT") {
    abort_argument(
      "key_material_id", sprintf("one for a key of spec %s", key$KeySpec),
      "NULL: only symmetric keys have more than one material"
    )
  }
  if (!is_string(key_material_id) || !grepl("^[0-9a-f]{64}$", key_material_id)) {
    abort_argument("key_material_id", describe_value(key_material_id), "64 hexadecimal digits in lower case")
  }
  key_material_id
}

# A symmetric key's materials in the order to try them: missing ones first, for they are why people come here. When they
# cannot be listed, one try without a name: KMS knows.
ids_to_try <- function(materials) {
  if (is.null(materials) || nrow(materials) == 0) {
    return(list(NULL))
  }
  materials$key_material_id[order(
    materials$import_state != "PENDING_IMPORT", materials$state != "CURRENT", -seq_len(nrow(materials))
  )]
}

# The alias that a key was named by.
known_alias <- function(key_id) {
  if (inherits(key_id, "kms_import_receipt")) {
    key_id$alias
  } else if (grepl("(^|:)alias/", key_id)) {
    sub("^.*:alias/", "alias/", key_id)
  } else {
    NA_character_
  }
}

tell_renewal <- function(receipt, before, was_gone) {
  old <- if (was_gone) {
    ", which was gone, is back and"
  } else if (is.null(before)) {
    " now"
  } else if (length(before) == 0 || is.na(before)) {
    ", which did not expire, now"
  } else {
    sprintf(", which would have expired at %s, now", format_time(before))
  }
  new <- if (is.na(receipt$expires)) "never expires" else paste("expires at", format_time(receipt$expires))
  rlang::inform(
    sprintf("The material of the key %s%s %s.", receipt$key_arn, old, new),
    class = "kmsr_renewal_message"
  )
}

tell_missing <- function(key, still_missing) {
  if (length(still_missing) == 0) {
    return(invisible())
  }
  rlang::warn(
    c(
      sprintf("The key %s stays %s: other materials of it are missing.", key$Arn, key$KeyState),
      rlang::set_names(still_missing, "x"),
      i = sprintf("Renew them too: byok_renew(svc, \"%s\", key_material, expires = ...).", key$KeyId)
    ),
    class = c("kmsr_material_missing_warning", "kmsr_warning")
  )
}
