#' Rotate to new key material
#'
#' Replaces the material that a key works with, and proves that what it did before still works.
#'
#' @section Symmetric keys:
#' The key stays, and so do its ARN, its aliases and its policy. The new material is imported beside the old one, KMS
#' rotates to it, and from then on encrypts with it; what was encrypted before is decrypted with the old. In order:
#' 1. A random message is encrypted under the key, for the proof.
#' 2. The material is imported as new material; it waits for its rotation. Of a multi-Region primary key, then into each
#'    replica: KMS rotates when all have it.
#' 3. `RotateKeyOnDemand`, which AWS allows 25 times in a key's life.
#' 4. The key is asked until it works with the new material.
#' 5. The message from before must decrypt, and a new one must carry the new material's id; in every Region.
#'
#' Keep the old material: if any material of a key expires or is deleted, the whole key stops.
#'
#' @section HMAC and asymmetric keys:
#' Their material never changes, so a new key takes the place of the old one: it is created like the old one (usage,
#' policy, description, tags, multi-Region), the material is imported and proven, and last of all the aliases are moved.
#' Who uses the alias uses the new key from then on. The old key stays enabled, for signatures, MACs and ciphertexts that
#' were made with it; the result says what else still refers to it.
#'
#' @section When it fails:
#' The error has the class `kmsr_rotation_error` and the fields that [byok_import()] describes. Call it again with the same
#' arguments to continue: material that waits for its rotation is recognised, and so is a rotation that is under way or
#' done. Where a new key had been created, give it as `new_key_id`.
#'
#' @inheritParams byok_import
#' @param key_id The KMS key: its id, its ARN, `alias/...`, an alias ARN, or a receipt. Of a multi-Region key, the primary.
#' @param new_material The new material, see [key_material_file()], of the same key spec.
#' @param expires When KMS shall forget the new material, as in [byok_import()]; `NULL` for never.
#' @param replicas For a multi-Region primary key: a client for each Region with a replica, or a list of them.
#' @param material_description A description of the new material, for symmetric keys: one string.
#' @param alias For HMAC and asymmetric keys: the aliases to move. By default the one that `key_id` is, else all of the
#'   key's.
#' @param policy,tags For HMAC and asymmetric keys: those of the new key; by default the old one's.
#' @param new_key_id For HMAC and asymmetric keys: the new key, if it was created already.
#' @param verify `FALSE` to do without the proofs, and the permissions they need.
#' @param wait Seconds to wait for AWS to complete a step.
#' @return A rotation: a list of class `kms_rotation` with
#'   * `kind`: `"material"` or `"key"`;
#'   * `key_arn`, `key_spec`; `old` and `new`: the ids of the materials, or the ARNs of the keys;
#'   * `aliases`: those that were moved;
#'   * `receipt` for the new material, and `replicas`, receipts by Region;
#'   * `checks`: a data frame with `check`, `region` and `passed` (`NA` for what was left out);
#'   * `completed`: `FALSE` if AWS was still at work when the time to wait was up;
#'   * `notes`: what to mind; `rotated_at`.
#' @family bring your own key
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#'
#' # A symmetric key: new material, same key.
#' orders <- byok_import(svc, key_material_random(), alias = "orders")
#' secret <- svc$encrypt("alias/orders", "written before")$CiphertextBlob
#' byok_rotate(svc, "alias/orders", key_material_random(), expires = "365 days")
#' rawToChar(svc$decrypt(secret)$Plaintext)
#'
#' # An HMAC key: a new key behind the same alias.
#' webhooks <- byok_import(svc, key_material_random("HMAC_256"), alias = "webhooks")
#' byok_rotate(svc, "alias/webhooks", key_material_random("HMAC_256"))
#'
#' # A multi-Region key: a client for each Region.
#' elsewhere <- emulator$client(region = "eu-west-1")
#' material <- key_material_random()
#' primary <- byok_import(svc, material, multi_region = TRUE)
#' copy <- svc$replicate_key(primary$key_id, "eu-west-1")
#' replica <- byok_import(elsewhere, material, key_id = primary$key_id)
#' byok_rotate(svc, primary, key_material_random(), replicas = list(elsewhere))$checks
#' emulator$stop()
#' @export
byok_rotate <- function(svc, key_id, new_material, ..., expires = NULL, replicas = list(), material_description = NULL,
                        alias = NULL, policy = NULL, tags = NULL, new_key_id = NULL, verify = TRUE, wait = 120) {
  check_dots()
  check_client(svc)
  check_flag(verify, "verify")
  facts <- key_material_facts(new_material)
  valid_to <- parse_expires(expires)
  check_material_description(material_description, facts)
  key <- find_key(svc, key_id, facts)
  symmetric <- key$KeySpec == "SYMMETRIC_DEFAULT"
  for_new_keys <- list(alias = alias, policy = policy, tags = tags, new_key_id = new_key_id)
  given <- names(for_new_keys)[!vapply(for_new_keys, is.null, NA)]
  if (symmetric && length(given)) {
    abort_argument(given[1], "one for a symmetric key", "NULL: a symmetric key stays, and only its material is new")
  }
  check_primary(key)
  replicas <- find_replicas(key, replicas, facts)

  import <- new_import(svc, facts, wait, what = "rotation")
  wishes <- list(
    valid_to = valid_to, description = material_description, verify = verify, alias = known_alias(key_id)
  )
  if (symmetric) {
    check_rotatable(key, replicas)
    rotate_material(import, key, new_material, replicas, wishes)
  } else {
    aliases <- aliases_to_move(svc, key, alias %||% key_alias(key_id), new_key_id)
    rotate_key(import, key, new_material, replicas, wishes, aliases, for_new_keys)
  }
}

# Rotation begins with the primary.
check_primary <- function(key) {
  regions <- key$MultiRegionConfiguration
  if (identical(regions$MultiRegionKeyType, "REPLICA")) {
    abort_kmsr(
      sprintf("The key %s is a replica: rotation begins with the primary key in %s.", key$Arn, regions$PrimaryKey$Region),
      class = c("kmsr_key_state_error", "kmsr_argument_error"),
      body = c(i = sprintf(
        "Give a client of that Region, and those of the replicas: byok_rotate(kms(region = \"%s\"), ..., replicas = ...).",
        regions$PrimaryKey$Region
      )),
      argument = "key_id"
    )
  }
}

# The replicas of a key, by Region: each a client and the key there. All of them must be given, and nothing else.
find_replicas <- function(key, replicas, facts) {
  if (inherits(replicas, "kms_client")) {
    replicas <- list(replicas)
  }
  if (!is.list(replicas)) {
    abort_argument("replicas", describe_value(replicas), "a client for each Region with a replica, or a list of them")
  }
  for (client in replicas) {
    check_client(client, "replicas")
  }
  given <- vapply(replicas, region_of, "")
  there <- vapply(key$MultiRegionConfiguration$ReplicaKeys, function(replica) replica$Region, "")
  missing <- setdiff(there, given)
  if (length(missing)) {
    abort_kmsr(
      sprintf("The key %s has replicas in %s, which need the new material too.", key$Arn, toString(missing)),
      class = c("kmsr_replicas_error", "kmsr_argument_error"),
      body = c(i = sprintf(
        "Give a client for each: replicas = list(%s).",
        paste(sprintf("kms(region = \"%s\")", missing), collapse = ", ")
      )),
      argument = "replicas",
      regions = missing
    )
  }
  if (anyDuplicated(given) || length(setdiff(given, there))) {
    wrong <- c(setdiff(given, there), given[duplicated(given)])[1]
    abort_argument(
      "replicas", paste("a client for", if (nzchar(wrong)) wrong else "no Region"),
      if (length(there)) paste("one client each for", toString(there)) else "left out: the key has no replicas"
    )
  }
  names(replicas) <- given
  lapply(replicas[there], function(client) list(svc = client, key = find_key(client, key$KeyId, facts)))
}

# KMS rotates keys that are enabled and whole.
check_rotatable <- function(key, replicas) {
  for (one in c(list(key), lapply(replicas, function(replica) replica$key))) {
    if (one$KeyState != "Enabled") {
      abort_kmsr(
        sprintf("The key %s is %s: only an enabled key can be rotated.", one$Arn, one$KeyState),
        class = c("kmsr_key_state_error", "kmsr_argument_error"),
        body = c(i = switch(one$KeyState,
          Disabled = sprintf("Enable it: svc$enable_key(\"%s\").", one$KeyId),
          PendingImport = sprintf(
            if (length(one$CurrentKeyMaterialId)) {
              "Bring its material back first: byok_renew(svc, \"%s\", key_material, expires = ...)."
            } else {
              "Nothing was ever imported into it: byok_import(svc, key_material, key_id = \"%s\") does."
            },
            one$KeyId
          ),
          "Wait until it is enabled."
        )),
        argument = "key_id"
      )
    }
  }
}
