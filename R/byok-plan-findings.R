# What a plan finds: it makes the checks of an import and writes down what they say instead of stopping.

# `online` until a request shows that none can succeed.
new_report <- function(svc) {
  list2env(list(
    svc = svc, region = region_of(svc), account = NULL, online = TRUE, findings = list(), described = list(),
    # The rows of a data frame that the items are.
    rows = NULL
  ), parent = emptyenv())
}

note <- function(report, level, message, advice = "", item = NA, class = NA_character_) {
  finding <- data.frame(level = level, item = as.integer(item), class = class, message = message, advice = advice)
  report$findings[[length(report$findings) + 1]] <- finding
  invisible()
}

# Every finding once, the worst first. What is said of every item is said of all.
findings_of <- function(report) {
  none <- data.frame(
    level = character(), item = integer(), class = character(), message = character(), advice = character()
  )
  findings <- unique(do.call(rbind, c(list(none), report$findings)))
  findings <- findings[order(match(findings$level, c("error", "warning", "note")), findings$item), ]
  rownames(findings) <- NULL
  findings
}

# The value of a check, or NULL and a finding.
checked <- function(report, item, expr) {
  tryCatch(expr, kmsr_error = function(error) {
    note(report, "error", error$message, advice_of(error), item, class(error)[1])
    NULL
  })
}

# An error's advice as plain sentences.
advice_of <- function(error) {
  if (is.null(error$body)) "" else paste(sub("^\\S ", "", strsplit(error$body, "\n", fixed = TRUE)[[1]]), collapse = " ")
}

# The value of a request that only looks, or NULL. What its failure means is for `refused` to say, unless no other request
# can do better.
look <- function(report, expr, refused = function(error) NULL) {
  if (!report$online) {
    return(NULL)
  }
  tryCatch(expr, kmsr_error = function(error) {
    if (is_hopeless(error)) {
      report$online <- FALSE
      note(report, "error", error$message, advice_of(error), class = class(error)[1])
      note(report, "warning", "What is in AWS KMS could not be looked at.", "Mend that first, and plan again.")
    } else {
      refused(error)
    }
    NULL
  })
}

# Credentials, Region or network do not work, whatever the request.
is_hopeless <- function(error) {
  inherits(error, c(
    "kmsr_credentials_error", "kmsr_missing_region_error", "kmsr_transport_error", "kmsr_response_error",
    "kmsr_config_error", "kmsr_ExpiredTokenException", "kmsr_IncompleteSignature", "kmsr_IncompleteSignatureException",
    "kmsr_InvalidClientTokenId", "kmsr_InvalidSignatureException", "kmsr_MissingAuthenticationTokenException",
    "kmsr_OptInRequired", "kmsr_SignatureDoesNotMatch", "kmsr_UnrecognizedClientException"
  ))
}

check_items <- function(report, items, verify) {
  check_region_name(report)
  taken <- if (length(items) > 1) all_aliases(report, items)
  items <- lapply(seq_along(items), function(i) {
    check_item(report, items[[i]], if (is.null(report$rows)) i else report$rows[i], verify, taken)
  })
  check_twice(report, items)
  if (is.null(report$account)) {
    # Nothing was looked at yet: whether anything can be.
    keys <- look(report, report$svc$list_keys(Limit = 1))$Keys
    if (length(keys) > 0) {
      report$account <- arn_part(keys[[1]]$KeyArn, 5)
    }
  }
  worth_knowing(report, items, verify)
  items
}

check_twice <- function(report, items) {
  aliases <- unlist(lapply(items, function(item) item$alias))
  for (alias in unique(aliases[duplicated(aliases)])) {
    note(report, "error", sprintf("The alias %s is given to several keys.", alias), class = "kmsr_argument_error")
  }
  keys <- unlist(lapply(items, function(item) item$key$Arn))
  for (key in unique(keys[duplicated(keys)])) {
    note(report, "error", sprintf("The key %s is to take several materials.", key), class = "kmsr_argument_error")
  }
}

check_region_name <- function(report) {
  region <- report$region
  if (nzchar(region) && !grepl("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", region)) {
    note(
      report, "error", sprintf("\"%s\" is no Region's name.", region),
      "A Region is named like eu-central-1: the code, not the place.",
      class = "kmsr_transport_error"
    )
  }
}

# The checks of byok_import(), each on its own.
check_item <- function(report, item, i, verify, taken) {
  item$alias <- checked(report, i, check_alias(item$alias))
  item$valid_to <- checked(report, i, parse_expires(item$expires))
  if (is.null(item$key_id)) {
    checked(report, i, check_key_usage(item, item$facts))
    checked(report, i, check_flag(item$multi_region, "multi_region"))
    check_policy(report, item, i, verify)
    check_alias_of(report, item, i, taken)
  } else {
    checked(report, i, check_existing(item[c("alias", "description", "tags", "policy", "key_usage", "multi_region")]))
    item <- check_key_of(report, item, i, verify)
  }
  if (!is.null(item$facts)) {
    checked(report, i, check_stated_spec(item))
    checked(report, i, check_material_description(item$material_description, item$facts))
    item$wrapping <- checked(report, i, choose_wrapping(
      item$facts, item$wrapping_algorithm, item$wrapping_key_spec, report$region
    ))
  }
  item
}

check_stated_spec <- function(item) {
  if (!is.null(item$key_spec) && !identical(item$key_spec, item$facts$key_spec)) {
    given <- if (is_string(item$key_spec)) item$key_spec else describe_value(item$key_spec)
    abort_argument("key_spec", given, sprintf("%s, which the material is of", item$facts$key_spec))
  }
}

check_key_of <- function(report, item, i, verify) {
  key_id <- checked(report, i, as_key_id(item$key_id))
  if (is.null(key_id)) {
    return(item)
  }
  if (is.null(report$described[[key_id]])) {
    report$described[[key_id]] <- look(report, report$svc$describe_key(KeyId = key_id)$KeyMetadata, function(error) {
      note(report, "error", error$message, advice_of(error), i, class(error)[1])
    })
  }
  key <- item$key <- report$described[[key_id]]
  if (is.null(key)) {
    return(item)
  }
  report$account <- arn_part(key$Arn, 5)
  item$facts <- item$facts %||% spec_facts_or_none(report, key$KeySpec, i)
  checked(report, i, check_origin(key, creates = TRUE))
  if (!is.null(item$facts)) {
    checked(report, i, check_spec(key, item$facts$key_spec, creates = TRUE))
  }
  checked(report, i, check_state(key))
  check_material_there(report, key, item, i, verify)
  item
}

spec_facts_or_none <- function(report, key_spec, i) {
  facts <- spec_facts(key_spec)
  importable <- checked(report, i, choose_wrapping(facts, region = report$region))
  if (!is.null(importable)) facts
}

# A key that holds material takes the same bytes only.
check_material_there <- function(report, key, item, i, verify) {
  if (key$Origin != "EXTERNAL" || !key$KeyState %in% c("Enabled", "Disabled")) {
    return(invisible())
  }
  theirs <- if (key$KeyState == "Enabled" && !is.null(item$facts$public_key)) {
    look(report, report$svc$get_public_key(KeyId = key$Arn)$PublicKey)
  }
  if (is.raw(theirs) && !identical(theirs, item$facts$public_key)) {
    note(
      report, "error", sprintf("The key %s holds another key pair.", key$Arn),
      "A key takes back its own material only. For a new key pair, create a new key and point the alias to it.",
      i, "kmsr_IncorrectKeyMaterialException"
    )
  } else {
    note(
      report, "note", sprintf("The key %s has material already: only the same bytes are taken.", key$Arn),
      "Importing them again changes the expiry alone. For other bytes, rotate the key, or create another.", i
    )
  }
  if (key$KeyState == "Disabled" && verify && proof_of(item) != "none") {
    note(
      report, "warning", sprintf("The key %s is disabled: the import would succeed, but its proof fail.", key$Arn),
      "Enable it first, or import with `verify = FALSE`.", i, "kmsr_DisabledException"
    )
  }
}

check_alias_of <- function(report, item, i, taken) {
  if (is.null(item$alias)) {
    return(invisible())
  }
  if (is.null(taken)) {
    look(
      report, check_alias_free(report$svc, item$alias),
      function(error) note(report, "error", error$message, advice_of(error), i, class(error)[1])
    )
  } else if (item$alias %in% taken) {
    note(report, "error", sprintf("The alias %s is taken.", item$alias), "Choose another.", i, "kmsr_alias_taken_error")
  }
}

# All aliases there are: of many keys, a listing is quicker than asking for each.
all_aliases <- function(report, items) {
  if (!any_given(items, "alias")) {
    return(character())
  }
  pages <- look(
    report, paginate(report$svc$list_aliases()),
    function(error) note(report, "warning", "Whether the aliases are free could not be looked at.", error$message)
  )
  aliases <- unlist(lapply(pages, function(page) page$Aliases), recursive = FALSE)
  if (length(aliases) > 0) {
    report$account <- arn_part(aliases[[1]]$AliasArn, 5)
  }
  vapply(aliases, function(alias) alias$AliasName, "")
}

# What does not fail, but is good to know before.
worth_knowing <- function(report, items, verify) {
  any_item <- function(test) any(vapply(items, test, logical(1)))
  if (any_item(function(item) !is.null(item$valid_to))) {
    note(
      report, "note", "When the material expires, KMS forgets it, and what depends on the key stops working.",
      "Keep a copy (key_material_export()) and import it again before; only the same bytes are taken."
    )
  }
  if (verify && any_item(function(item) !is.null(item$facts) && proof_of(item) == "none")) {
    note(
      report, "note", "Of a symmetric key nothing can be compared after the first import.",
      "byok_verify() proves it later by importing it again."
    )
  }
  if (any_item(function(item) isTRUE(item$multi_region) || isTRUE(item$key$MultiRegion))) {
    note(
      report, "note", "Every replica of a multi-Region key needs the same material imported in its Region.",
      "Each has its own expiry."
    )
  }
  if (startsWith(report$region, "cn-")) {
    note(
      report, "note", "The China Regions are a partition of their own: other accounts, other endpoints, other algorithms.",
      "SYMMETRIC_DEFAULT is a 128-bit SM4 key there, and RSA keys travel by SM2PKE."
    )
  }
  if (any_item(function(item) !is.null(item$key_id) || !is.null(item$policy))) {
    note(
      report, "note", "An IAM policy counts only if the key's own policy lets it.",
      "If it does not, add attr(plan, \"key_policy_statement\") to the key's policy."
    )
  }
}

arn_part <- function(arn, part) {
  strsplit(arn, ":", fixed = TRUE)[[1]][part]
}
