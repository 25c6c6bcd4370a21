#' Prove that AWS KMS holds a key
#'
#' Shows, as strongly as can be shown from outside, that a KMS key holds the key material you have. How depends on the
#' kind of key:
#'
#' | key | proof |
#' |---|---|
#' | RSA, elliptic curve, Ed25519, SM2 | KMS' public key equals the one computed from the material, byte for byte |
#' | HMAC | KMS' MAC of a random message equals the one computed with the material |
#' | symmetric | the escrow drill: the material is imported again as existing material, with its current expiry; KMS compares the bytes and refuses others |
#'
#' For a symmetric key there is no other way: KMS shows nothing of it. The drill changes nothing if the material is right,
#' and is refused without effect if it is not. It needs the permissions of an import, and is skipped with
#' `drill = FALSE`, which leaves the recorded key material id as the only evidence.
#'
#' @inheritParams byok_import
#' @param key A receipt of [byok_import()], or a key's id, ARN or alias. A receipt tells which of a symmetric key's
#'   materials is meant.
#' @param drill `FALSE` to leave out the escrow drill for symmetric keys.
#' @param ... Not used: what is not an argument is refused, with the one that was probably meant.
#' @return A proof: a list of class `kms_import_proof` with `method`, `proven` (`TRUE`, or `NA` if it cannot be told),
#'   `statement`, `checked_at`. What is disproved is an error of class `kmsr_proof_error`.
#' @family bring your own key
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' material <- key_material_random("ECC_NIST_P256")
#' receipt <- byok_import(svc, material)
#' byok_verify(svc, receipt, material)
#'
#' tryCatch(
#'   byok_verify(svc, receipt, key_material_random("ECC_NIST_P256")),
#'   kmsr_proof_error = function(e) conditionMessage(e)
#' )
#' emulator$stop()
#' @export
byok_verify <- function(svc, key, key_material, drill = TRUE, ...) {
  check_dots()
  check_client(svc)
  check_flag(drill, "drill")
  facts <- key_material_facts(key_material)
  metadata <- find_key(svc, as_key_id(key, "key"), facts)
  if (metadata$KeyState == "PendingImport") {
    abort_kmsr(
      sprintf("The key %s has no material: it is PendingImport.", metadata$Arn),
      class = c("kmsr_key_state_error", "kmsr_argument_error"),
      body = c(i = sprintf("Import it: byok_import(svc, key_material, key_id = \"%s\").", metadata$KeyId)),
      argument = "key"
    )
  }
  if (facts$key_spec != "SYMMETRIC_DEFAULT") {
    return(prove_import(svc, metadata, key_material, facts))
  }
  material_id <- if (inherits(key, "kms_import_receipt")) key$key_material_id else metadata$CurrentKeyMaterialId
  if (!drill) {
    return(new_proof("record", NA, paste(
      "Not proven: KMS shows nothing of a symmetric key, and the drill was left out.",
      sprintf("On record is the key material id %s.", material_id)
    )))
  }
  escrow_drill(svc, metadata, key_material, facts, material_id)
}

# The proof that needs no second import.
prove_import <- function(svc, key, key_material, facts, key_material_id = NULL) {
  prove(svc, key, new_evidence(key_material, facts), key_material_id)
}

# What can be known of key material and compared with KMS later, without the material and without a secret: its public
# key, or its MAC of a random message. Of a symmetric key nothing.
new_evidence <- function(key_material, facts) {
  if (!is.null(facts$public_key)) {
    list(public_key = facts$public_key)
  } else if (startsWith(facts$key_spec, "HMAC_")) {
    algorithm <- sub("HMAC_", "HMAC_SHA_", facts$key_spec)
    nonce <- unwrap(rs_random(32L))
    mac <- unwrap(rs_key_material_mac(key_material_pointer(key_material), nonce, algorithm))
    list(mac = mac, nonce = nonce, mac_algorithm = algorithm)
  }
}

prove <- function(svc, key, evidence, key_material_id = NULL) {
  if (!is.null(evidence$public_key)) {
    theirs <- svc$get_public_key(KeyId = key$Arn)$PublicKey
    check_proof(
      identical(theirs, evidence$public_key), "public_key", key,
      "KMS' public key equals the one computed from the material, byte for byte.",
      "KMS' public key is not the one of this material"
    )
  } else if (!is.null(evidence$mac)) {
    theirs <- svc$generate_mac(Message = evidence$nonce, KeyId = key$Arn, MacAlgorithm = evidence$mac_algorithm)$Mac
    check_proof(
      identical(theirs, evidence$mac), "mac", key,
      "KMS' MAC of a random message equals the one computed with the material.",
      "KMS' MAC of a random message is not the one this material gives"
    )
  } else {
    new_proof("record", NA, paste(
      "KMS accepted the material; of a symmetric key nothing more can be seen from outside.",
      if (length(key_material_id)) sprintf("Its record is the key material id %s.", key_material_id),
      "byok_verify() proves it by importing it again."
    ))
  }
}

escrow_drill <- function(svc, key, key_material, facts, material_id) {
  import <- new_import(svc, facts, wait = 0)
  import$key <- key
  expiry <- material_expiry(svc, key, material_id)
  wrapping <- choose_wrapping(facts, region = region_of(svc))
  same <- tryCatch(
    {
      import_material(
        import, key_material, wrapping, expiry,
        import_type = "EXISTING_KEY_MATERIAL", key_material_id = if (length(material_id)) material_id
      )
      TRUE
    },
    kmsr_IncorrectKeyMaterialException = function(e) FALSE
  )
  check_proof(
    same, "reimport", key,
    "KMS took the material as the existing one: it compares the bytes and refuses others. The expiry is unchanged.",
    "KMS refused the material as another one than it holds"
  )
}

# When one material of a symmetric key expires, as seconds since 1970; NULL for never. DescribeKey tells the earliest of
# all, so the list of its materials is asked first.
material_expiry <- function(svc, key, material_id) {
  materials <- tryCatch(list_materials(svc, key$Arn), kmsr_service_error = function(e) NULL)
  known <- match(material_id, materials$key_material_id)
  if (length(known) == 1 && !is.na(known)) {
    return(seconds_or_never(materials$expires[known]))
  }
  if (length(key$ValidTo)) seconds_or_never(key$ValidTo)
}

check_proof <- function(equal, method, key, statement, contradiction) {
  if (equal) {
    return(new_proof(method, TRUE, statement))
  }
  abort_kmsr(
    sprintf("%s: the key %s holds something else.", contradiction, key$Arn),
    class = "kmsr_proof_error",
    body = c(i = "Is this the material of that key, and the copy undamaged?"),
    key_arn = key$Arn,
    method = method
  )
}

new_proof <- function(method, proven, statement) {
  structure(
    list(method = method, proven = proven, statement = statement, checked_at = now()),
    class = "kms_import_proof"
  )
}

#' @export
format.kms_import_proof <- function(x, ...) {
  verdict <- if (isTRUE(x$proven)) "proven" else "not proven"
  c(
    sprintf("<kms_import_proof> %s (%s), %s", verdict, x$method, format_time(x$checked_at)),
    strwrap(x$statement, width = 78, prefix = "  ")
  )
}

#' @export
print.kms_import_proof <- function(x, ...) {
  writeLines(format(x, ...))
  invisible(x)
}
