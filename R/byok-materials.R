# The materials of a symmetric key: it has one for each rotation, and perhaps one that waits for the next.

# One row for each material, in the order AWS lists them.
list_materials <- function(svc, key_arn) {
  rotations <- unlist(paginate_lapply(
    svc$list_key_rotations(KeyId = key_arn, IncludeKeyMaterial = "ALL_KEY_MATERIAL"),
    function(page) page$Rotations
  ), recursive = FALSE)
  text <- function(member) vapply(rotations, function(rotation) first_or(rotation[[member]], NA_character_), "")
  time <- function(member) {
    time_from(vapply(rotations, function(rotation) as.numeric(first_or(rotation[[member]], NA_real_)), 0))
  }
  data.frame(
    key_material_id = text("KeyMaterialId"),
    state = text("KeyMaterialState"),
    import_state = text("ImportState"),
    expiration_model = text("ExpirationModel"),
    expires = time("ValidTo"),
    rotated = time("RotationDate"),
    description = text("KeyMaterialDescription")
  )
}

# The one that waits for its rotation, if there is one: a data frame of one row or none.
pending_material <- function(materials) {
  materials[startsWith(materials$state, "PENDING_"), ]
}

# Materials that belong to a key for good, and whose bytes KMS does not have. NULL if they could not be listed.
missing_materials <- function(materials) {
  if (is.null(materials)) {
    return(NULL)
  }
  materials[materials$import_state %in% "PENDING_IMPORT" & !startsWith(materials$state, "PENDING_"), ]
}

# Imports bytes that a symmetric key has had before as the first of these materials that they turn out to be. A wrong try
# is refused without effect and does not use up the token, so all of them need one set of parameters.
reimport <- function(import, key_material, wrapping, valid_to, key_material_ids) {
  parameters <- import_parameters(import, wrapping)
  import$step <- "wrap"
  wrapped <- wrap_key_material(key_material, parameters$PublicKey, wrapping$wrapping_algorithm)
  refused <- NULL
  for (id in key_material_ids) {
    result <- tryCatch(
      import_wrapped(
        import, parameters$ImportToken, wrapped, valid_to,
        import_type = "EXISTING_KEY_MATERIAL", key_material_id = id
      ),
      kmsr_IncorrectKeyMaterialException = function(e) {
        refused <<- e
        NULL
      }
    )
    if (!is.null(result)) {
      return(result)
    }
  }
  stop(refused)
}

# What it shows that KMS took bytes as ones it knows.
reimport_proof <- function() {
  new_proof(
    "reimport", TRUE, "KMS took the material as the existing one: it compares the bytes and refuses others."
  )
}

# A time as requests take it: seconds since 1970, NULL for never.
seconds_or_never <- function(time) {
  if (!is.na(time)) as.numeric(time)
}

# Asks until the answer will do or the time is up; the last answer.
poll <- function(wait, ask, enough) {
  deadline <- Sys.time() + wait
  pause <- 0.1
  repeat {
    answer <- ask()
    if (enough(answer) || Sys.time() >= deadline) {
      return(answer)
    }
    Sys.sleep(pause)
    pause <- min(pause * 2, 5)
  }
}
