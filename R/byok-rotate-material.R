# New material for a symmetric key.

rotate_material <- function(import, key, new_material, replicas, wishes) {
  svc <- import$svc
  import$key <- key
  import$resume <- function(key_id) {
    sprintf("byok_rotate(svc, \"%s\", new_material, ...) again, with the same material", key_id)
  }
  wrapping <- choose_wrapping(import$facts, region = region_of(svc))
  old <- key$CurrentKeyMaterialId
  probe <- NULL
  if (wishes$verify) {
    with_import(import, probe <- import_step(import, "encrypt", new_probe(svc, key)))
  }

  with_import(import, arrival <- bring_material(import, new_material, wrapping, wishes))
  if (!is.null(arrival$refused)) {
    abort_other_pending(key, arrival$refused)
  }
  switch(arrival$how, current = abort_current_material(key), former = abort_former_material(key))
  with_import(import, {
    import$request_ids <- import$request_ids[setdiff(names(import$request_ids), "encrypt")]
    id <- arrival$result$KeyMaterialId
    proof <- if (arrival$how == "new") prove(svc, key, NULL, id) else reimport_proof()
    receipts <- lapply(replicas, function(replica) {
      import$step <- paste("import in", region_of(replica$svc))
      bring_to_replica(import, replica, new_material, wrapping, id, wishes)
    })
    if (arrival$how != "rotated") {
      await_everywhere(import, id)
      start_rotation(import, id, arrival$how)
    }
    completed <- await_current(import, replicas, id)
    receipt <- new_receipt(
      import$key, arrival$result, wrapping, proof, alias = wishes$alias, request_ids = import$request_ids,
      expires = import$valid_to
    )
    checks <- if (completed) {
      check_rotation(import, replicas, id, if (arrival$how != "rotated") probe, wishes$verify)
    } else {
      no_checks()
    }
    materials <- tryCatch(list_materials(svc, key$Arn), kmsr_service_error = function(e) NULL)
  })
  if (arrival$how == "rotated") {
    old <- previous_material(materials, id)
  }
  warn_incomplete(import, completed)
  new_rotation(
    "material", import$key, old, id,
    receipt = receipt, replicas = receipts, checks = checks, completed = completed,
    rotated_at = first_or(materials$rotated[materials$key_material_id %in% id & !is.na(materials$rotated)], now()),
    notes = material_notes(materials, arrival$how)
  )
}

# Imports the new material, or finds it there: waiting from an earlier attempt ("pending"), as what an earlier attempt has
# rotated to ("rotated"), as the only one the key ever had ("current"), or as one it had before ("former"). `refused` names
# another one that waits.
bring_material <- function(import, new_material, wrapping, wishes) {
  import$step <- "list"
  materials <- list_materials(import$svc, import$key$Arn)
  waiting <- pending_material(materials)
  if (nrow(waiting) > 0) {
    return(tryCatch(
      list(
        how = "pending", result = reimport(import, new_material, wrapping, wishes$valid_to, waiting$key_material_id)
      ),
      kmsr_IncorrectKeyMaterialException = function(e) list(refused = waiting$key_material_id[1])
    ))
  }
  tryCatch(
    list(
      how = "new",
      result = import_material(
        import, new_material, wrapping, wishes$valid_to, wishes$description, import_type = "NEW_KEY_MATERIAL"
      )
    ),
    kmsr_IncorrectKeyMaterialException = function(refusal) {
      current <- materials[materials$state == "CURRENT", ]
      again <- tryCatch(
        reimport(import, new_material, wrapping, seconds_or_never(current$expires), current$key_material_id),
        kmsr_IncorrectKeyMaterialException = function(e) NULL
      )
      how <- if (is.null(again)) "former" else if (is.na(current$rotated)) "current" else "rotated"
      list(how = how, result = again)
    }
  )
}

# Imports the material into a replica, which knows its id from the primary.
bring_to_replica <- function(import, replica, new_material, wrapping, id, wishes) {
  there <- new_import(replica$svc, import$facts, import$wait)
  there$key <- replica$key
  poll(
    import$wait, function() tryCatch(list_materials(replica$svc, replica$key$Arn), kmsr_service_error = function(e) NULL),
    function(materials) is.null(materials) || id %in% materials$key_material_id
  )
  result <- reimport(there, new_material, wrapping, wishes$valid_to, id)
  new_receipt(
    replica$key, result, wrapping, reimport_proof(),
    alias = NULL, request_ids = there$request_ids, expires = there$valid_to
  )
}

# Material waits for its rotation once all Regions have it.
await_everywhere <- function(import, id) {
  import$step <- "await"
  poll(
    import$wait, function() list_materials(import$svc, import$key$Arn),
    function(materials) !"PENDING_MULTI_REGION_IMPORT_AND_ROTATION" %in% materials$state[materials$key_material_id == id]
  )
}

# Starts the rotation, unless it was started before: by an earlier attempt, or by a request whose answer was lost.
start_rotation <- function(import, id, how) {
  svc <- import$svc
  arn <- import$key$Arn
  if (how == "pending") {
    started <- import_step(import, "status", svc$get_key_rotation_status(arn))$OnDemandRotationStartDate
    if (length(started)) {
      return(invisible())
    }
  }
  tryCatch(
    import_step(import, "rotate", svc$rotate_key_on_demand(arn)),
    kmsr_ConflictException = function(e) NULL,
    kmsr_KMSInvalidStateException = function(e) {
      if (!identical(svc$describe_key(arn)$KeyMetadata$CurrentKeyMaterialId, id)) {
        stop(e)
      }
    }
  )
}

# Whether the key works with a material in all its Regions before the time is up.
await_current <- function(import, replicas, id) {
  import$step <- "describe"
  everywhere <- c(list(list(svc = import$svc, key = import$key)), unname(replicas))
  deadline <- Sys.time() + import$wait
  current <- vapply(everywhere, function(one) {
    left <- max(0, as.numeric(difftime(deadline, Sys.time(), units = "secs")))
    key <- poll(
      left, function() one$svc$describe_key(one$key$Arn)$KeyMetadata,
      function(key) identical(key$CurrentKeyMaterialId, id)
    )
    if (one$key$Arn == import$key$Arn) {
      import$key <- key
    }
    identical(key$CurrentKeyMaterialId, id)
  }, NA)
  all(current)
}

# A random message and its ciphertext.
new_probe <- function(svc, key) {
  message <- unwrap(rs_random(32L))
  list(message = message, ciphertext = svc$encrypt(key$Arn, message)$CiphertextBlob)
}

# In every Region: what was encrypted before decrypts, and what is encrypted now carries the new material's id.
check_rotation <- function(import, replicas, id, probe, verify) {
  if (!verify) {
    return(no_checks())
  }
  everywhere <- c(list(list(svc = import$svc, key = import$key)), unname(replicas))
  do.call(rbind, lapply(everywhere, function(one) {
    region <- region_of(one$svc)
    import$step <- paste("verify in", region)
    before <- if (is.null(probe)) NA else {
      identical(one$svc$decrypt(probe$ciphertext, KeyId = one$key$Arn)$Plaintext, probe$message)
    }
    now <- poll(
      import$wait, function() one$svc$decrypt(new_probe(one$svc, one$key)$ciphertext, KeyId = one$key$Arn)$KeyMaterialId,
      function(material) identical(material, id)
    )
    if (isFALSE(before) || !identical(now, id)) {
      abort_kmsr(
        sprintf(
          if (isFALSE(before)) "In %s, what was encrypted before decrypts to something else." else
            "In %s, KMS still encrypts with another material.",
          region
        ),
        class = "kmsr_proof_error", key_arn = one$key$Arn
      )
    }
    new_checks(
      c("what was encrypted before decrypts", "new ciphertexts carry the new material's id"), region, c(before, TRUE)
    )
  }))
}

abort_other_pending <- function(key, waiting) {
  abort_kmsr(
    sprintf("Another material waits for its rotation in the key %s: %s.", key$Arn, waiting),
    class = c("kmsr_pending_material_error", "kmsr_rotation_error", "kmsr_argument_error"),
    body = c(
      i = "Nothing was changed. To go on with that one, call byok_rotate() with its material.",
      i = sprintf("To give it up: byok_delete(svc, \"%s\", key_material_id = \"%s\").", key$KeyId, waiting)
    ),
    argument = "new_material",
    key_id = key$KeyId,
    key_arn = key$Arn,
    key_state = key$KeyState,
    key_material_id = waiting
  )
}

abort_former_material <- function(key) {
  abort_kmsr(
    sprintf("The key %s has had this material before, and a key takes each material once.", key$Arn),
    class = c("kmsr_former_material_error", "kmsr_rotation_error", "kmsr_argument_error"),
    body = c(i = "Nothing was changed. Give new material; to bring a former one back, use byok_renew()."),
    argument = "new_material",
    key_id = key$KeyId,
    key_arn = key$Arn,
    key_state = key$KeyState
  )
}

abort_current_material <- function(key) {
  abort_kmsr(
    sprintf("The key %s works with this material already.", key$Arn),
    class = c("kmsr_current_material_error", "kmsr_rotation_error", "kmsr_argument_error"),
    body = c(
      i = "Nothing was changed. Give new material, or use byok_renew() to change the expiry of this one.",
      i = if (key$KeySpec != "SYMMETRIC_DEFAULT") "If this continues a rotation, it was done: the alias leads to the new key."
    ),
    argument = "new_material",
    key_id = key$KeyId,
    key_arn = key$Arn,
    key_state = key$KeyState
  )
}

warn_incomplete <- function(import, completed) {
  if (!completed) {
    rlang::warn(
      c(
        sprintf("AWS is still at work on the rotation of the key %s.", import$key$Arn),
        i = "It completes by itself. To verify it then, call byok_rotate() again with the same material."
      ),
      class = c("kmsr_rotation_incomplete_warning", "kmsr_warning")
    )
  }
}

# The material that a key worked with before it was rotated to another, as far as the listing tells.
previous_material <- function(materials, id) {
  others <- materials[materials$state %in% "NON_CURRENT", ]
  latest <- order(others$rotated, seq_len(nrow(others)), na.last = FALSE)
  first_or(rev(others$key_material_id[latest]), NA_character_)
}

material_notes <- function(materials, how) {
  former <- materials[materials$state %in% "NON_CURRENT", ]
  ends <- former$expires[!is.na(former$expires)]
  c(
    if (how == "rotated") "The rotation was done before this call; the new material's expiry was left as it was.",
    "Keep the former material: if any material of the key is missing, the whole key stops.",
    if (length(ends)) {
      sprintf("The first of the former materials expires at %s: renew it with byok_renew().", format_time(min(ends)))
    }
  )
}
