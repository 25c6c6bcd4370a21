# A new key behind the old one's aliases, for keys whose material never changes.

rotate_key <- function(import, old, new_material, replicas, wishes, aliases, given) {
  svc <- import$svc
  facts <- import$facts
  import$resume <- function(key_id) {
    sprintf("byok_rotate(svc, \"%s\", new_material, new_key_id = \"%s\")", old$KeyId, key_id)
  }
  check_other_material(svc, old, new_material, facts)
  likeness <- read_likeness(svc, old, given$policy, given$tags)
  likenesses <- lapply(replicas, function(replica) read_likeness(replica$svc, replica$key))
  wrapping <- choose_wrapping(facts, region = region_of(svc))
  evidence <- new_evidence(new_material, facts)
  if (!is.null(given$new_key_id)) {
    import$key <- find_new_key(svc, old, given$new_key_id, facts)
  }

  with_import(import, {
    if (is.null(import$key)) {
      create_external_key(import, likeness, facts)
    }
    result <- import_material(import, new_material, wrapping, wishes$valid_to)
    receipt <- finish_import(import, result, wrapping, wishes$verify, evidence, alias = NULL)
    receipts <- list()
    for (region in names(replicas)) {
      import$step <- paste("replicate to", region)
      receipts[[region]] <- replicate_new_key(
        import, replicas[[region]], likenesses[[region]], new_material, wrapping, evidence, wishes
      )
    }
    # Last, so that no alias ever leads to a key that is not ready.
    checks <- move_aliases(import, svc, aliases$move)
    for (replica in replicas) {
      there <- aliases_of(replica$svc, replica$key)
      there <- if (aliases$all) there else intersect(there, aliases$move)
      checks <- rbind(checks, move_aliases(import, replica$svc, there))
    }
    proofs <- c(rlang::set_names(list(receipt), region_of(svc)), receipts)
    checks <- rbind(
      new_checks(
        "the new key holds the new material", names(proofs), vapply(proofs, function(one) one$proof$proven, NA)
      ),
      checks
    )
    notes <- key_notes(svc, old, import$key, aliases, likeness)
  })
  receipt$alias <- aliases$move[1]
  new_rotation(
    "key", import$key, old$Arn, import$key$Arn,
    receipt = receipt, replicas = receipts, checks = checks, completed = TRUE, rotated_at = now(),
    aliases = aliases$move, notes = notes
  )
}

# The aliases that are to lead to the new key: the wanted ones, else all that lead to the old one.
aliases_to_move <- function(svc, key, wanted, new_key_id = NULL) {
  there <- aliases_of(svc, key)
  if (!is.null(new_key_id)) {
    # Some may have been moved before a failure.
    there <- union(there, aliases_of(svc, describe_external_key(svc, new_key_id)))
  }
  if (is.null(wanted)) {
    if (length(there) == 0) {
      abort_kmsr(
        sprintf("The key %s has no alias that a new key could stand behind.", key$Arn),
        class = c("kmsr_alias_error", "kmsr_argument_error"),
        body = c(
          i = sprintf("%s keys never change their material: a rotation is a new key behind the same alias.", key$KeySpec),
          i = "Create a key with byok_import() and name it where this one is named; or give this one an alias first."
        ),
        argument = "key_id"
      )
    }
    return(list(move = there, stay = character(), all = TRUE))
  }
  wanted <- vapply(as.list(wanted), check_alias, "", USE.NAMES = FALSE)
  strange <- setdiff(wanted, there)
  if (length(strange)) {
    abort_argument(
      "alias", toString(strange),
      if (length(there)) paste("one or more of", toString(there)) else "an alias of the key, which has none"
    )
  }
  list(move = wanted, stay = setdiff(there, wanted), all = FALSE)
}

# The alias in what names a key, if it names it so.
key_alias <- function(key_id) {
  if (!inherits(key_id, "kms_import_receipt") && !is.na(known_alias(key_id))) known_alias(key_id)
}

aliases_of <- function(svc, key) {
  aliases <- unlist(paginate_lapply(
    svc$list_aliases(KeyId = key$Arn), function(page) page$Aliases
  ), recursive = FALSE)
  vapply(aliases, function(alias) alias$AliasName, "")
}

# What a new key takes over from the old one.
read_likeness <- function(svc, key, policy = NULL, tags = NULL) {
  list(
    key_usage = key$KeyUsage,
    description = if (length(key$Description) && nzchar(key$Description)) key$Description,
    multi_region = isTRUE(key$MultiRegion),
    policy = policy %||% or_argument("policy", key, svc$get_key_policy(KeyId = key$Arn)$Policy),
    tags = tags %||% or_argument("tags", key, {
      tags <- tag_vector(unlist(paginate_lapply(
        svc$list_resource_tags(KeyId = key$Arn), function(page) page$Tags
      ), recursive = FALSE))
      tags <- tags[!startsWith(names(tags), "aws:")]
      if (length(tags)) tags
    })
  )
}

# What may not be read has to be given.
or_argument <- function(argument, key, expr) {
  tryCatch(expr, kmsr_AccessDeniedException = function(error) {
    abort_kmsr(
      sprintf("The %s of the key %s cannot be read, and the new key would have the same.", argument, key$Arn),
      class = c("kmsr_AccessDeniedException", "kmsr_argument_error"),
      body = c(i = sprintf("Nothing was changed. Give `%s`.", argument)),
      argument = argument
    )
  })
}

# The same material in another key would be no rotation.
check_other_material <- function(svc, old, new_material, facts) {
  if (old$KeyState != "Enabled") {
    return(invisible())
  }
  same <- tryCatch(
    prove_import(svc, old, new_material, facts)$proven,
    kmsr_proof_error = function(e) FALSE,
    kmsr_AccessDeniedException = function(e) NA
  )
  if (isTRUE(same)) {
    abort_current_material(old)
  }
}

# The key that an earlier attempt has created, or that was prepared.
find_new_key <- function(svc, old, new_key_id, facts) {
  key <- find_key(svc, new_key_id, facts)
  if (key$Arn == old$Arn || key$KeyUsage != old$KeyUsage || !identical(key$MultiRegion, old$MultiRegion)) {
    abort_argument(
      "new_key_id",
      if (key$Arn == old$Arn) "the old key" else sprintf(
        "a %s key for %s", if (isTRUE(key$MultiRegion)) "multi-Region" else "single-Region", key$KeyUsage
      ),
      sprintf(
        "another %s key for %s, like the old one", if (isTRUE(old$MultiRegion)) "multi-Region" else "single-Region",
        old$KeyUsage
      )
    )
  }
  key
}

# The new key in the Region of a replica of the old one, with its material.
replicate_new_key <- function(import, replica, likeness, new_material, wrapping, evidence, wishes) {
  region <- region_of(replica$svc)
  there <- new_import(replica$svc, import$facts, import$wait)
  there$created <- TRUE
  there$key <- tryCatch(
    replica$svc$describe_key(KeyId = import$key$KeyId)$KeyMetadata,
    kmsr_NotFoundException = function(e) {
      eventually(import, function() import$svc$replicate_key(
        KeyId = import$key$Arn, ReplicaRegion = region, Policy = likeness$policy, Description = likeness$description,
        Tags = likeness$tags
      ))$ReplicaKeyMetadata
    }
  )
  result <- import_material(there, new_material, wrapping, wishes$valid_to)
  finish_import(there, result, wrapping, wishes$verify, evidence, alias = NULL)
}

# Lets aliases of a Region lead to the new key, and looks whether they do.
move_aliases <- function(import, svc, aliases) {
  region <- region_of(svc)
  leads <- vapply(aliases, function(alias) {
    import$step <- sprintf("move %s in %s", alias, region)
    eventually(import, function() svc$update_alias(AliasName = alias, TargetKeyId = import$key$KeyId))
    found <- poll(
      import$wait, function() svc$describe_key(KeyId = alias)$KeyMetadata$KeyId,
      function(id) identical(id, import$key$KeyId)
    )
    identical(found, import$key$KeyId)
  }, NA)
  new_checks(sprintf("%s leads to the new key", aliases), rep(region, length(aliases)), unname(leads))
}

# What still refers to the old key.
key_notes <- function(svc, old, new, aliases, likeness) {
  grants <- tryCatch(
    length(unlist(paginate_lapply(svc$list_grants(KeyId = old$Arn), function(page) page$Grants), recursive = FALSE)),
    kmsr_service_error = function(e) NA
  )
  made <- switch(old$KeyUsage,
    SIGN_VERIFY = "signatures", GENERATE_VERIFY_MAC = "MACs", ENCRYPT_DECRYPT = "ciphertexts",
    KEY_AGREEMENT = "shared secrets"
  )
  c(
    sprintf("The old key %s is %s, for the %s made with it.", old$Arn, tolower(old$KeyState), made),
    sprintf("Whatever names it by its id or ARN rather than by alias still uses it; the new key is %s.", new$KeyId),
    if (length(aliases$stay)) sprintf("Other aliases still lead to the old key: %s.", toString(aliases$stay)),
    if (is.na(grants)) {
      "Its grants could not be listed; the new key has none of them."
    } else if (grants > 0) {
      sprintf("It has %d grant%s, which the new key does not have.", grants, if (grants == 1) "" else "s")
    },
    if (grepl(old$KeyId, likeness$policy, fixed = TRUE)) "The policy, copied to the new key, names the old key.",
    sprintf("When nobody needs it any more, disable it first: svc$disable_key(\"%s\").", old$KeyId)
  )
}
