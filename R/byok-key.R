# Finding and checking the KMS key that material is meant for, before anything is changed.

# The metadata of an existing key, if this material can go into it. `creates` says whether the caller would create a key
# if it was given none.
find_key <- function(svc, key_id, facts, creates = FALSE) {
  key <- describe_external_key(svc, key_id, creates)
  check_spec(key, facts$key_spec, creates)
  check_state(key)
  key
}

check_spec <- function(key, key_spec, creates = FALSE) {
  if (key$KeySpec != key_spec) {
    abort_kmsr(
      sprintf("The key %s is %s, and this key material is %s.", key$Arn, key$KeySpec, key_spec),
      class = c("kmsr_key_mismatch_error", "kmsr_argument_error"),
      body = c(i = paste0(
        "Give the material of this key",
        if (creates) ", or leave out `key_id` to create a key for this material" else ", or name the key of this material", "."
      )),
      argument = "key_material"
    )
  }
}

# The metadata of a key of origin EXTERNAL, by id, ARN, alias or receipt.
describe_external_key <- function(svc, key_id, creates = FALSE) {
  key <- svc$describe_key(KeyId = as_key_id(key_id))$KeyMetadata
  check_origin(key, creates)
  key
}

check_origin <- function(key, creates = FALSE) {
  if (key$Origin != "EXTERNAL") {
    abort_kmsr(
      sprintf("The key %s has origin %s: its material is AWS', and nothing can be imported.", key$Arn, key$Origin),
      class = c("kmsr_key_mismatch_error", "kmsr_argument_error"),
      body = c(i = if (creates) {
        "Leave out `key_id` to create a key of origin EXTERNAL, or name one."
      } else {
        "Name a key of origin EXTERNAL: byok_inventory(svc) lists them."
      }),
      argument = "key_id"
    )
  }
}

check_state <- function(key) {
  if (key$KeyState %in% c("PendingDeletion", "PendingReplicaDeletion", "Unavailable")) {
    abort_kmsr(
      sprintf("The key %s is %s.", key$Arn, key$KeyState),
      class = c("kmsr_key_state_error", "kmsr_argument_error"),
      body = c(i = if (key$KeyState == "PendingDeletion") {
        sprintf("To keep it: svc$cancel_key_deletion(\"%s\").", key$KeyId)
      }),
      argument = "key_id"
    )
  }
}

# What a user gives for a key: an id, an ARN, an alias, or a receipt.
as_key_id <- function(key_id, arg = "key_id") {
  if (inherits(key_id, "kms_import_receipt")) {
    return(key_id$key_arn)
  }
  check_string(key_id, arg)
}

# `alias/...`, however it was given; NULL for none.
check_alias <- function(alias) {
  if (is.null(alias)) {
    return(NULL)
  }
  alias <- check_string(alias, "alias")
  if (!startsWith(alias, "alias/")) {
    alias <- paste0("alias/", alias)
  }
  if (startsWith(alias, "alias/aws/") || !grepl("^alias/[A-Za-z0-9/_-]+$", alias) || nchar(alias) > 256) {
    abort_argument(
      "alias", paste0("\"", alias, "\""),
      "letters, digits, / _ and -, at most 256 characters, and not begin with aws/"
    )
  }
  alias
}

# AWS keeps a description of symmetric keys' materials only.
check_material_description <- function(description, facts) {
  if (is.null(description)) {
    return(invisible())
  }
  check_string(description, "material_description")
  if (facts$key_spec != "SYMMETRIC_DEFAULT" || nchar(description) > 256) {
    abort_argument(
      "material_description",
      if (nchar(description) > 256) sprintf("%d characters", nchar(description)) else sprintf("one for %s", facts$key_spec),
      "for symmetric keys only, and of at most 256 characters"
    )
  }
}

# Arguments that describe a new key make no sense for one that exists.
check_existing <- function(new_key) {
  given <- names(new_key)[!vapply(new_key, function(x) is.null(x) || isFALSE(x), logical(1))]
  if (length(given) > 0) {
    abort_kmsr(
      sprintf("`%s` describes a new key, and `key_id` names one that exists.", given[1]),
      class = "kmsr_argument_error",
      body = c(i = "Give one or the other."),
      argument = given[1]
    )
  }
}

check_new_key <- function(svc, new_key, facts) {
  check_key_usage(new_key, facts)
  check_flag(new_key$multi_region, "multi_region")
  check_text(new_key$description, "description")
  check_text(new_key$policy, "policy")
  check_tags(new_key$tags)
  check_alias_free(svc, new_key$alias)
}

check_text <- function(x, arg) {
  if (!is.null(x) && !is_string(x)) {
    abort_argument(arg, describe_value(x), "one string")
  }
}

# What else may be wrong with tags, the operation itself says.
check_tags <- function(tags) {
  if (!is.null(tags) && !is.list(tags) && (!is.character(tags) || is.null(names(tags)))) {
    abort_argument("tags", describe_value(tags), "a named character vector, such as c(team = \"billing\")")
  }
}

check_key_usage <- function(new_key, facts) {
  usages <- key_usages(facts$key_spec)
  check_text(new_key$key_usage, "key_usage")
  if (!is.null(new_key$key_usage) && !new_key$key_usage %in% usages) {
    abort_argument(
      "key_usage", paste0("\"", new_key$key_usage, "\""),
      sprintf("%s for a key of spec %s", paste0("\"", usages, "\"", collapse = " or "), facts$key_spec),
      advice = if (length(usages) > 1) did_you_mean(nearest(new_key$key_usage, usages))
    )
  }
}

# `but_for`: the ARN of a key that may have the alias already.
check_alias_free <- function(svc, alias, but_for = NULL) {
  if (is.null(alias)) {
    return(invisible(TRUE))
  }
  taken <- tryCatch(svc$describe_key(KeyId = alias)$KeyMetadata, kmsr_NotFoundException = function(e) NULL)
  if (!is.null(taken) && !identical(taken$Arn, but_for)) {
    abort_alias_taken(alias, taken)
  }
  invisible(is.null(taken))
}

abort_alias_taken <- function(alias, key) {
  abort_kmsr(
    sprintf("The alias %s is taken: it is the key %s.", alias, key$Arn),
    class = c("kmsr_alias_taken_error", "kmsr_argument_error"),
    body = c(i = sprintf(
      "Choose another alias, or import into that key: byok_import(svc, key_material, key_id = \"%s\").", alias
    )),
    argument = "alias"
  )
}

key_usages <- function(key_spec) {
  if (key_spec == "SYMMETRIC_DEFAULT") {
    "ENCRYPT_DECRYPT"
  } else if (startsWith(key_spec, "HMAC_")) {
    "GENERATE_VERIFY_MAC"
  } else if (startsWith(key_spec, "RSA_")) {
    c("SIGN_VERIFY", "ENCRYPT_DECRYPT")
  } else if (startsWith(key_spec, "ECC_NIST_P")) {
    c("SIGN_VERIFY", "KEY_AGREEMENT")
  } else if (key_spec == "SM2") {
    c("SIGN_VERIFY", "ENCRYPT_DECRYPT", "KEY_AGREEMENT")
  } else {
    "SIGN_VERIFY"
  }
}

region_of <- function(svc) {
  svc$.internal$config$region
}

last_request_id <- function(svc) {
  rs_last_request_id(svc$.internal$handle$pointer)
}
