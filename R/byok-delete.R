#' Delete imported key material
#'
#' Makes KMS forget imported material at once. The KMS key stays, but stops: nothing can be encrypted, decrypted, signed or
#' verified with it until the same bytes are imported again. Without a copy of them, all that was encrypted under the key
#' is lost. To give up a key altogether, schedule its deletion instead: see [kms_schedule_key_deletion()].
#'
#' @section Safeguards:
#' * In an interactive session the last six characters of the key's id have to be typed. Anywhere else nothing is deleted
#'   without `confirm = FALSE`.
#' * Of a symmetric key with several materials, `key_material_id` has to say which. The one it works with is not deleted
#'   without `current = TRUE`. But mind that the key stops when any of them is missing: only one that waits for its
#'   rotation can be deleted without harm.
#'
#' A failure is an error of class `kmsr_deletion_error`, with the fields that [byok_import()] describes: `key_state` says
#' whether it happened.
#'
#' @section To undo it:
#' Import the same bytes again, with [byok_renew()] or [byok_import()].
#'
#' @inheritParams byok_import
#' @param key_id The KMS key: its id, its ARN, `alias/...`, an alias ARN, or a receipt. A receipt also says which of a
#'   symmetric key's materials is meant.
#' @param key_material_id Which of a symmetric key's materials: 64 hexadecimal digits.
#' @param current `TRUE` to delete the material that a symmetric key with several of them works with.
#' @param confirm `FALSE` to delete without asking.
#' @return A list of class `kms_material_deletion`: `key_id`, `key_arn`, `key_material_id` (`NA` but for symmetric keys),
#'   `key_state` afterwards, `stopped` (whether the key stopped), `deleted_at`.
#' @family bring your own key
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' material <- key_material_random("HMAC_256")
#' receipt <- byok_import(svc, material, alias = "webhooks")
#'
#' byok_delete(svc, "alias/webhooks", confirm = FALSE)
#' tryCatch(
#'   svc$generate_mac(Message = "m", KeyId = "alias/webhooks", MacAlgorithm = "HMAC_SHA_256"),
#'   kmsr_KMSInvalidStateException = function(e) "The key has stopped."
#' )
#'
#' # The same bytes bring it back.
#' byok_renew(svc, receipt, material, expires = NULL)
#' emulator$stop()
#' @export
byok_delete <- function(svc, key_id, key_material_id = NULL, ..., current = FALSE, confirm = TRUE, wait = 60) {
  check_dots()
  check_client(svc)
  check_flag(current, "current")
  check_flag(confirm, "confirm")
  if (confirm && !rlang::is_interactive()) {
    abort_kmsr(
      "Nobody is there to confirm the deletion: this session is not interactive.",
      class = c("kmsr_unconfirmed_error", "kmsr_argument_error"),
      body = c(i = "Nothing was changed. To delete without being asked, say so: byok_delete(..., confirm = FALSE)."),
      argument = "confirm"
    )
  }
  import <- new_import(svc, NULL, wait, what = "deletion", resume = function(key_id) {
    sprintf("byok_delete(svc, \"%s\", ...) again; to undo it, import the same bytes with byok_renew()", key_id)
  })
  key <- describe_external_key(svc, key_id)
  if (is.null(key_material_id) && inherits(key_id, "kms_import_receipt") && !is.na(key_id$key_material_id)) {
    key_material_id <- key_id$key_material_id
  }
  check_material_id(key_material_id, key)
  material <- if (key$KeySpec == "SYMMETRIC_DEFAULT") {
    choose_deletion(key, list_materials(svc, key$Arn), key_material_id, current)
  } else {
    check_has_material(key)
    NULL
  }
  stops <- is.null(material) || !startsWith(material$state, "PENDING_")
  if (confirm) {
    confirm_deletion(svc, key, material, stops)
  }

  import$key <- key
  with_import(import, {
    import_step(import, "delete", svc$delete_imported_key_material(key$Arn, KeyMaterialId = material$key_material_id))
    after <- import_step(import, "describe", poll(
      if (stops) import$wait else 0, function() svc$describe_key(key$Arn)$KeyMetadata,
      function(after) after$KeyState %in% c("PendingImport", "PendingDeletion", "PendingReplicaDeletion")
    ))
  })
  structure(
    list(
      key_id = key$KeyId, key_arn = key$Arn, key_material_id = material$key_material_id %||% NA_character_,
      key_state = after$KeyState, stopped = stops, deleted_at = now()
    ),
    class = "kms_material_deletion"
  )
}

# The one material of a symmetric key that is to go: never the current one by accident.
choose_deletion <- function(key, materials, key_material_id, current) {
  if (nrow(materials) == 0) {
    check_has_material(key)
  }
  listed <- rlang::set_names(
    sprintf("%s %s, %s", materials$key_material_id, materials$state, materials$import_state),
    rep("*", nrow(materials))
  )
  refuse <- function(message, argument, advice) {
    abort_kmsr(
      message, class = "kmsr_argument_error", body = c(listed, i = paste("Nothing was changed.", advice)),
      argument = argument, key_id = key$KeyId, key_arn = key$Arn, key_state = key$KeyState
    )
  }
  if (is.null(key_material_id)) {
    if (nrow(materials) > 1) {
      refuse(
        sprintf("The key %s has %d materials: which is to be deleted?", key$Arn, nrow(materials)), "key_material_id",
        "Name it: byok_delete(..., key_material_id = \"...\")."
      )
    }
    key_material_id <- materials$key_material_id
  }
  material <- materials[materials$key_material_id == key_material_id, ]
  if (nrow(material) == 0) {
    refuse(
      sprintf("The key %s has no material %s.", key$Arn, key_material_id), "key_material_id", "These are its materials."
    )
  }
  if (!material$import_state %in% "IMPORTED") {
    refuse(
      sprintf("KMS does not have the material %s: there is nothing to delete.", key_material_id), "key_material_id",
      "It was deleted before, or has expired, or was never imported in this Region."
    )
  }
  if (material$state == "CURRENT" && nrow(materials) > 1 && !current) {
    refuse(
      sprintf("%s is the material that the key %s works with.", key_material_id, key$Arn), "current",
      "If it is meant, say so: byok_delete(..., current = TRUE)."
    )
  }
  material
}

check_has_material <- function(key) {
  if (key$KeyState == "PendingImport") {
    abort_kmsr(
      sprintf("The key %s has no material: there is nothing to delete.", key$Arn),
      class = c("kmsr_key_state_error", "kmsr_argument_error"),
      argument = "key_id", key_id = key$KeyId, key_arn = key$Arn, key_state = key$KeyState
    )
  }
}

# Asks for the end of the key's id; anything else changes nothing.
confirm_deletion <- function(svc, key, material, stops) {
  ending <- substr(key$KeyId, nchar(key$KeyId) - 5, nchar(key$KeyId))
  used <- tryCatch(svc$get_key_last_usage(key$KeyId)$KeyLastUsage, kmsr_error = function(e) NULL)
  rlang::inform(c(
    sprintf("About to delete imported material of the key %s.", key$Arn),
    "*" = if (nzchar(first_or(key$Description, ""))) paste("Description:", key$Description),
    "*" = if (!is.null(material)) sprintf("Material: %s, %s.", material$key_material_id, material$state),
    "*" = if (length(used$Timestamp)) sprintf("Last used: %s, for %s.", format_time(used$Timestamp), used$Operation),
    "!" = deletion_effect(stops),
    i = if (stops) "Only the same bytes bring it back. Do you have a copy?"
  ))
  if (!identical(trimws(ask(sprintf("Type the last six characters of the key id (%s) to delete: ", ending))), ending)) {
    abort_kmsr(
      "The deletion was not confirmed.",
      class = c("kmsr_unconfirmed_error", "kmsr_argument_error"),
      body = c(i = "Nothing was changed."),
      argument = "confirm"
    )
  }
}

ask <- function(prompt) {
  readline(prompt)
}

deletion_effect <- function(stops) {
  if (stops) {
    "The whole key stops: no encrypting, decrypting, signing, verifying, in any application."
  } else {
    "It waits for its rotation and is not in use: the key goes on working."
  }
}

#' @export
format.kms_material_deletion <- function(x, ...) {
  line <- function(label, value) sprintf("  %-9s %s", paste0(label, ":"), value)
  c(
    "<kms_material_deletion>",
    line("Key", x$key_arn),
    if (!is.na(x$key_material_id)) line("Material", x$key_material_id),
    line("Deleted", format_time(x$deleted_at)),
    line("State", x$key_state),
    if (x$stopped) {
      c(
        "  The key has stopped. To bring it back, import the same bytes:",
        sprintf("  byok_renew(svc, \"%s\", key_material, expires = NULL)", x$key_id)
      )
    } else {
      "  The key goes on working."
    }
  )
}

#' @export
print.kms_material_deletion <- function(x, ...) {
  writeLines(format(x, ...))
  invisible(x)
}
