#' List the keys with imported material
#'
#' Every KMS key of the client's Region whose material was imported, with what has to be watched: which of them have lost
#' their material, when the others will, and whether anybody still uses them. Nothing is changed.
#'
#' Imported material is yours to keep. When it expires, or is deleted, the key stops at once, and with it all that was
#' encrypted under it, until the same material is imported again. AWS sends no reminder that most people see. A symmetric
#' key that was rotated has several materials; it stops when any of them is missing, so `expires` is the earliest.
#'
#' @section Looking at it:
#' `print()` shows what is urgent first, `plot()` the expiries as a timeline, `summary()` the counts; in a notebook the
#' inventory shows as a table. It is a data frame: subset it, save it with [saveRDS()], put those of several Regions
#' together with [rbind()]. [byok_expiring()] picks what needs attention.
#'
#' @section Permissions:
#' `kms:ListKeys` and `kms:DescribeKey`; for the rest `kms:ListAliases`, `kms:ListKeyRotations`, `kms:GetKeyLastUsage` and
#' `kms:ListResourceTags`. What is denied is `NA`, and `issue` says so, but the listing goes on.
#'
#' @section How long it takes:
#' Up to four calls for each key, one after the other. AWS allows five GetKeyLastUsage calls a second in an account and
#' Region, and this function keeps to that: with a thousand keys, `last_use = FALSE` is minutes faster.
#'
#' @inheritParams byok_import
#' @param ... Not used; the following arguments are named.
#' @param last_use,tags `FALSE` to leave these out, and the calls they take.
#' @param progress `TRUE` to show how far it is if it takes longer than two seconds, at an interactive prompt or in a notebook.
#' @return A data frame of class `kms_inventory`, the most urgent first, with one row for each key and the columns
#'   * `key_id`, `key_arn`, `alias` (several are separated by `", "`), `description`, `created`;
#'   * `key_spec`, `key_usage`, `multi_region` (`"PRIMARY"`, `"REPLICA"`, or `NA` for a single-Region key);
#'   * `state`: `"PendingImport"` is a key without its material; `enabled`;
#'   * `expires`: when KMS forgets the first of its materials, a `POSIXct`, `NA` for never; `days_left` until then, counted
#'     from the listing; `expiration_model`;
#'   * `current_material_id`, `n_materials`: of symmetric keys;
#'   * `last_used`, `last_operation`: `NA` if not since AWS began to keep track;
#'   * `tags`: a list of named character vectors;
#'   * `materials`: a list of data frames, for symmetric keys, with `key_material_id`, `state`, `import_state`,
#'     `expiration_model`, `expires`, `rotated` and `description` of each material;
#'   * `issue`: what could not be read and why, else `NA`. A key that cannot even be described has a row too, since it may
#'     be one with imported material.
#' @family bring your own key
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' orders <- byok_import(svc, key_material_random(), alias = "orders", expires = "12 days")
#' webhooks <- byok_import(
#'   svc, key_material_random("HMAC_256"), alias = "webhooks", expires = "200 days"
#' )
#' release <- byok_import(svc, key_material_random("ECC_NIST_P256"), alias = "release")
#' waiting <- svc$create_key(Origin = "EXTERNAL")
#'
#' inventory <- byok_inventory(svc)
#' inventory
#' summary(inventory)
#' inventory[inventory$key_spec == "HMAC_256", c("alias", "expires", "days_left")]
#' plot(inventory)
#'
#' # As a table for other programs: leave out the columns that are lists.
#' flat <- inventory[!vapply(inventory, is.list, logical(1))]
#' utils::write.csv(flat[c("alias", "state", "expires")], row.names = FALSE)
#' emulator$stop()
#' @export
byok_inventory <- function(svc, ..., last_use = TRUE, tags = TRUE, progress = TRUE) {
  check_dots()
  check_client(svc)
  check_flag(last_use, "last_use")
  check_flag(tags, "tags")
  check_flag(progress, "progress")

  keys <- unlist(paginate_lapply(svc$list_keys(), function(page) page$Keys), recursive = FALSE)
  aliases <- list_all_aliases(svc)
  bar <- progress_bar("Looking at keys", length(keys), progress)
  done <- 0
  finished <- FALSE
  on.exit({
    bar$done()
    if (!finished) {
      rlang::inform(sprintf("The listing stopped after %d of %d keys. Nothing was changed.", done, length(keys)))
    }
  })
  pace <- new_pace(svc, per_second = 5)
  rows <- list()
  for (key in keys) {
    rows[[length(rows) + 1]] <- look_at_key(svc, key, aliases, last_use, tags, pace)
    done <- done + 1
    bar$update(done)
  }
  finished <- TRUE
  new_inventory(rows, region_of(svc))
}

# What is to be known of one key, as a list of columns; NULL for a key whose material is AWS'.
look_at_key <- function(svc, key, aliases, last_use, tags, pace) {
  issues <- character()
  attempt <- function(expr) {
    tryCatch(expr, kmsr_service_error = function(error) {
      if (error$code %in% nobody_errors) {
        stop(error)
      }
      issues <<- c(issues, paste0(error$operation, ": ", error$code))
      NULL
    })
  }
  metadata <- attempt(svc$describe_key(KeyId = key$KeyArn)$KeyMetadata)
  if (!is.null(metadata) && metadata$Origin != "EXTERNAL") {
    return(NULL)
  }
  symmetric <- identical(metadata$KeySpec, "SYMMETRIC_DEFAULT")
  materials <- if (symmetric) attempt(list_materials(svc, key$KeyArn))
  usage <- if (last_use && !is.null(metadata)) {
    pace()
    attempt(svc$get_key_last_usage(KeyId = key$KeyArn)$KeyLastUsage)
  }
  labels <- if (tags && !is.null(metadata)) {
    attempt(unlist(paginate_lapply(
      svc$list_resource_tags(KeyId = key$KeyArn), function(page) page$Tags
    ), recursive = FALSE))
  }
  list(
    key_id = key$KeyId,
    alias = paste(aliases$name[aliases$key_id == key$KeyId], collapse = ", "),
    metadata = metadata,
    materials = materials,
    usage = usage,
    tags = tag_vector(labels),
    issue = if (length(issues)) paste(issues, collapse = "; ") else NA_character_,
    key_arn = key$KeyArn
  )
}

# Errors that say who is asking, rather than what was asked for: the next key would fare no better.
nobody_errors <- c(
  "ExpiredTokenException", "IncompleteSignature", "InvalidClientTokenId", "InvalidSignatureException",
  "MissingAuthenticationTokenException", "OptInRequired", "SignatureDoesNotMatch", "UnrecognizedClientException"
)

new_inventory <- function(rows, region, as_of = now()) {
  rows <- rows[!vapply(rows, is.null, logical(1))]
  text <- function(member) vapply(rows, function(row) first_or(row$metadata[[member]], NA_character_), "")
  time <- function(from, member) {
    time_from(vapply(rows, function(row) as.numeric(first_or(row[[from]][[member]], NA_real_)), 0))
  }
  own <- function(name) vapply(rows, function(row) row[[name]], "")
  symmetric <- text("KeySpec") %in% "SYMMETRIC_DEFAULT"
  inventory <- data.frame(
    key_id = own("key_id"),
    alias = own("alias"),
    key_spec = text("KeySpec"),
    key_usage = text("KeyUsage"),
    state = text("KeyState"),
    enabled = vapply(rows, function(row) first_or(row$metadata$Enabled, NA), NA),
    expires = time_from(vapply(rows, earliest_expiry, 0)),
    days_left = numeric(length(rows)),
    expiration_model = text("ExpirationModel"),
    current_material_id = text("CurrentKeyMaterialId"),
    n_materials = vapply(rows, function(row) if (is.null(row$materials)) NA_integer_ else nrow(row$materials), 0L),
    multi_region = vapply(rows, function(row) {
      first_or(row$metadata$MultiRegionConfiguration$MultiRegionKeyType, NA_character_)
    }, ""),
    last_used = time("usage", "Timestamp"),
    last_operation = vapply(rows, function(row) first_or(row$usage$Operation, NA_character_), ""),
    description = text("Description"),
    created = time("metadata", "CreationDate"),
    key_arn = own("key_arn"),
    issue = own("issue")
  )
  inventory$days_left <- as.numeric(difftime(inventory$expires, as_of, units = "days"))
  inventory$tags <- lapply(rows, function(row) row$tags)
  inventory$materials <- lapply(rows, function(row) row$materials)
  inventory <- structure(
    inventory,
    class = c("kms_inventory", "data.frame"), region = region, as_of = as_of
  )
  inventory <- inventory[order_by_urgency(inventory, as_of), ]
  rownames(inventory) <- NULL
  inventory
}

# When the first of a key's materials expires, as seconds since 1970; NA for never.
earliest_expiry <- function(row) {
  times <- c(as.numeric(row$metadata$ValidTo), as.numeric(row$materials$expires))
  times <- times[!is.na(times)]
  if (length(times)) min(times) else NA_real_
}

# All aliases of the Region; none, and a warning, if they must not be listed.
list_all_aliases <- function(svc) {
  aliases <- tryCatch(
    unlist(paginate_lapply(svc$list_aliases(), function(page) page$Aliases), recursive = FALSE),
    kmsr_AccessDeniedException = function(error) {
      rlang::warn(
        c("The aliases cannot be listed: the identity lacks kms:ListAliases.", i = "The column `alias` is empty."),
        class = c("kmsr_inventory_warning", "kmsr_warning")
      )
      NULL
    }
  )
  data.frame(
    name = vapply(aliases, function(alias) first_or(alias$AliasName, NA_character_), ""),
    key_id = vapply(aliases, function(alias) first_or(alias$TargetKeyId, NA_character_), "")
  )
}

tag_vector <- function(tags) {
  values <- vapply(tags, function(tag) first_or(tag$TagValue, ""), "")
  names(values) <- vapply(tags, function(tag) tag$TagKey, "")
  values
}

# Waits, before a call, for as long as it takes to stay within a rate. A service on this machine has no such quota.
new_pace <- function(svc, per_second) {
  if (grepl("^https?://(127\\.|localhost\\b|\\[::1\\])", svc$.internal$config$endpoint %||% "")) {
    return(function() NULL)
  }
  calls <- numeric()
  function() {
    if (length(calls) == per_second) {
      Sys.sleep(max(0, calls[1] + 1 - as.numeric(Sys.time())))
      calls <<- calls[-1]
    }
    calls <<- c(calls, as.numeric(Sys.time()))
  }
}
