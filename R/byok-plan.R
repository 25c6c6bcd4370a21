#' See what an import would do
#'
#' A dry run of [byok_import()], or for several keys of [byok_import_many()]: which requests it would make in which order,
#' with which permissions and how long at AWS' quotas, and what would make it fail. Nothing is changed: the plan looks at
#' what is there with `DescribeKey`, `GetPublicKey`, `ListKeys` and `ListAliases` alone, and where it may not look it says so.
#'
#' @section What it finds:
#' Everything that [byok_import()] would refuse, before anything is created: an alias that is taken, a key of another spec
#' or origin or on its way out, an expiry that has passed or is more than 365 days ahead, a wrapping that AWS does not take,
#' a Region or credentials that do not work. Besides: a key that holds other material, a key policy that would lock its
#' maker out, and what is worth knowing of expiry, proof, multi-Region keys and China.
#'
#' @section Permissions:
#' `attr(plan, "policy")` is a minimal IAM policy as JSON, with key, account and Region where they are known; `*` stands
#' where they are not. An IAM policy counts only if the key's own policy lets it, as the default one does; else
#' `attr(plan, "key_policy_statement")` goes into the key's policy, with your principal in it.
#'
#' @section How long it takes:
#' AWS allows each account and Region so many requests a second, and one import needs several. The estimate is for imports
#' that are always at the narrowest quota: GetParametersForImport, 1 a second (0.25 in older accounts). It is the least that
#' many keys take; [byok_import_many()] leaves a tenth of each quota to others unless told not to. Your account's own
#' quotas, if they were raised, are at
#' `https://console.aws.amazon.com/servicequotas/home/services/kms/quotas`.
#'
#' @inheritParams byok_import
#' @param key_material Key material, see [key_material_file()]; a list of it; or a data frame as [byok_import_many()] takes
#'   it, in which `key_spec` may stand for material that is not at hand. `NULL` if it is not at hand at all.
#' @param key_spec The key spec of the material to come, if `key_material` is not at hand.
#' @return A plan: a data frame of class `kms_import_plan` with a row for each step and the columns
#'   * `step`: the step as errors of [byok_import()] name it;
#'   * `operation`: the operation, `NA` for what happens in this process;
#'   * `what`: what it is about;
#'   * `permission`: the IAM actions needed, separated by commas;
#'   * `quota`: requests a second that AWS allows;
#'   * `requests`: how many there would be.
#'
#'   and the attributes
#'   * `findings`: a data frame with `level` (`"error"` for what would fail, `"warning"`, `"note"`), `item` (the row of the
#'     data frame or element of the list, `NA` for all), `class` (of the error that [byok_import()] would raise), `message`
#'     and `advice`;
#'   * `policy`, `key_policy_statement`: one string of JSON each;
#'   * `duration`: a `difftime`, at the default quotas.
#'
#'   [as.data.frame()] gives the steps alone.
#' @family bring your own key
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' plan <- byok_plan(svc, key_material_random("HMAC_256"), expires = "90 days")
#' plan
#' writeLines(attr(plan, "policy"))
#'
#' # A thousand keys that are yet to be made:
#' attr(byok_plan(svc, data.frame(key_spec = rep("HMAC_256", 1000))), "duration")
#'
#' # What would fail:
#' plan <- byok_plan(
#'   svc, key_spec = "RSA_2048", wrapping_algorithm = "RSAES_OAEP_SHA_256", expires = "2 years"
#' )
#' attr(plan, "findings")[c("level", "class", "message")]
#' emulator$stop()
#' @export
byok_plan <- function(svc, key_material = NULL, key_id = NULL, ..., key_spec = NULL, alias = NULL, description = NULL,
                      tags = NULL, policy = NULL, key_usage = NULL, multi_region = FALSE, expires = NULL,
                      material_description = NULL, wrapping_algorithm = NULL, wrapping_key_spec = NULL, verify = TRUE,
                      wait = 60) {
  check_dots()
  check_client(svc)
  check_flag(verify, "verify")
  if (!is_number(wait) || wait < 0) {
    abort_argument("wait", describe_value(wait), "one number of seconds, 0 or more")
  }
  common <- list(
    key_id = key_id, key_spec = key_spec, alias = alias, description = description, tags = tags, policy = policy,
    key_usage = key_usage, multi_region = multi_region, expires = expires, material_description = material_description,
    wrapping_algorithm = wrapping_algorithm, wrapping_key_spec = wrapping_key_spec
  )
  report <- new_report(svc)
  items <- plan_items(report, key_material, common)
  items <- check_items(report, items, verify)
  steps <- plan_steps(items, verify)
  scope <- list(partition = partition_of(report$region), region = report$region, account = report$account)
  structure(
    steps,
    class = c("kms_import_plan", "data.frame"),
    items = length(items),
    region = report$region,
    account = report$account,
    findings = findings_of(report),
    policy = to_json(iam_policy(items, steps, scope)),
    key_policy_statement = to_json(key_policy_statement(steps, scope)),
    duration = plan_duration(steps)
  )
}

# One list of arguments for each key; what is common to all, overridden by what a data frame's row says.
plan_items <- function(report, key_material, common) {
  rows <- if (is.data.frame(key_material)) {
    frame_rows(report, key_material)
  } else if (is.list(key_material) && !inherits(key_material, "kms_key_material")) {
    lapply(key_material, function(material) list(facts = key_material_facts(material)))
  } else {
    list(list(facts = if (!is.null(key_material)) key_material_facts(key_material)))
  }
  if (length(rows) == 0) {
    abort_argument("key_material", "none", "key material, a list of it, or a data frame with a row for each key")
  }
  lapply(rows, function(row) {
    item <- common
    item[names(row)] <- row
    if (is.null(item$facts) && !is.null(item$key_spec)) {
      item$facts <- spec_facts(check_string(item$key_spec, "key_spec"))
    }
    if (is.null(item$facts) && is.null(item$key_id)) {
      abort_argument("key_spec", "NULL", "given without `key_material` and `key_id`, for the kind of key to be known")
    }
    item
  })
}

# The rows of a data frame as byok_import_many() takes it, of this client's Region.
frame_rows <- function(report, frame) {
  unused <- setdiff(names(frame), many_columns)
  if (length(unused) > 0) {
    near <- nearest(unused[1], many_columns)
    note(
      report, "error", sprintf("The data has a column `%s`, which byok_import_many() does not know.", unused[1]),
      if (is.na(near)) "Leave it out." else sprintf("Did you mean `%s`?", near), class = "kmsr_argument_error"
    )
  }
  rows <- lapply(seq_len(nrow(frame)), function(i) {
    row <- cells(frame[intersect(names(frame), many_columns)], i)
    if (!is.null(row$path) || !is.null(row$material)) {
      # The material itself is not kept: a file's is gone again at once.
      row$facts <- checked(report, i, key_material_facts(row_material(row)))
    }
    row
  })
  elsewhere <- vapply(rows, function(row) !is.null(row$region) && !identical(row$region, report$region), NA)
  if (any(elsewhere)) {
    note(
      report, "note",
      sprintf("%s of %s rows are for another Region.", format_count(sum(elsewhere)), format_count(length(rows))),
      "They are not in this plan: make one with a client of that Region."
    )
  }
  # Of what cannot be read nothing more can be said, unless the data says what it should be.
  known <- vapply(rows, function(row) !is.null(row$facts) || !is.null(row$key_spec) || !is.null(row$key_id), NA)
  unread <- vapply(rows, function(row) !is.null(row$path) || !is.null(row$material), NA) & !known
  report$rows <- which(!elsewhere & !unread)
  lapply(rows[report$rows], function(row) row[setdiff(names(row), c("id", "path", "material", "region"))])
}

# Requests a second, per account and Region, by default.
kms_quotas <- c(
  DescribeKey = 2000, CreateKey = 5, GetParametersForImport = 1, ImportKeyMaterial = 15, GetPublicKey = 2000,
  GenerateMac = 10000, CreateAlias = 5
)

plan_steps <- function(items, verify) {
  new <- Filter(function(item) is.null(item$key_id), items)
  aliases <- unlist(lapply(new, function(item) item$alias))
  by_proof <- split(items, factor(vapply(items, proof_of, ""), c("GetPublicKey", "GenerateMac", "none")))
  steps <- list(
    plan_step("check", "DescribeKey", length(items) - length(new) + length(aliases), what_is_checked(
      length(items) - length(new), length(aliases)
    )),
    plan_step("create", "CreateKey", length(new), summary_of(new, function(item) {
      paste0(item$facts$key_spec, if (isTRUE(item$multi_region)) " multi-Region", " of origin EXTERNAL")
    }), c(
      "kms:CreateKey",
      # Of many keys each bears a tag, by which it is found when CreateKey's answer is lost.
      if (length(items) > 1 || any_given(new, "tags")) "kms:TagResource",
      if (length(items) > 1) c("kms:ListKeys", "kms:ListResourceTags"),
      if (any(vapply(new, function(item) isTRUE(item$multi_region), logical(1)))) "iam:CreateServiceLinkedRole"
    )),
    plan_step("parameters", "GetParametersForImport", length(items), summary_of(items, function(item) {
      if (is.null(item$wrapping)) {
        "a wrapping that AWS takes"
      } else {
        paste(item$wrapping$wrapping_algorithm, "under", item$wrapping$wrapping_key_spec)
      }
    })),
    plan_step("wrap", NA_character_, 0, "in this process: nothing leaves it unencrypted"),
    plan_step("import", "ImportKeyMaterial", length(items), summary_of(items, function(item) {
      if (!is.null(item$valid_to)) {
        paste("expires", format_time(time_from(item$valid_to)))
      } else if (is.null(item$expires)) {
        "does not expire"
      } else {
        "an expiry that AWS takes"
      }
    })),
    plan_step("describe", "DescribeKey", length(items), "until it is ready"),
    if (verify) plan_step(
      "verify", "GetPublicKey", length(by_proof$GetPublicKey), "KMS' public key equals the material's"
    ),
    if (verify) plan_step(
      "verify", "GenerateMac", length(by_proof$GenerateMac), "KMS' MAC of a random message equals the material's"
    ),
    plan_step("alias", "CreateAlias", length(aliases), if (length(aliases) == 1) aliases else "last, when all is well")
  )
  steps <- do.call(rbind, steps)
  steps <- steps[steps$requests > 0 | steps$step == "wrap", ]
  rownames(steps) <- NULL
  steps
}

plan_step <- function(step, operation, requests, what, permission = paste0("kms:", operation)) {
  data.frame(
    step = step,
    operation = operation,
    what = what %||% "",
    permission = if (is.na(operation)) NA_character_ else paste(permission, collapse = ", "),
    quota = unname(kms_quotas[operation]),
    requests = requests
  )
}

proof_of <- function(item) {
  if (is.null(item$facts) || item$facts$key_spec == "SYMMETRIC_DEFAULT") {
    "none"
  } else if (startsWith(item$facts$key_spec, "HMAC_")) {
    "GenerateMac"
  } else {
    "GetPublicKey"
  }
}

# How long at the narrowest quota; a few seconds at least, for AWS to know a new key everywhere.
plan_duration <- function(steps) {
  seconds <- max(steps$requests / steps$quota, na.rm = TRUE)
  as.difftime(max(seconds, 3), units = "secs")
}

any_given <- function(items, name) {
  any(vapply(items, function(item) length(item[[name]]) > 0, logical(1)))
}

# "3 x this, 2 x that", or "this" if there is nothing else.
summary_of <- function(items, say) {
  if (length(items) == 0) {
    return("")
  }
  said <- vapply(items, say, "")
  if (length(unique(said)) == 1) {
    return(said[[1]])
  }
  counts <- table(factor(said, unique(said)))
  shown <- sprintf("%s x %s", format_count(counts), names(counts))
  paste(c(utils::head(shown, 4), if (length(shown) > 4) "..."), collapse = ", ")
}

what_is_checked <- function(keys, aliases) {
  paste(c(
    if (keys == 1) "that the key takes the material",
    if (keys > 1) sprintf("that %s keys take the material", format_count(keys)),
    if (aliases == 1) "that the alias is free",
    if (aliases > 1) sprintf("that %s aliases are free", format_count(aliases))
  ), collapse = ", ")
}

format_count <- function(x) {
  format(as.numeric(x), big.mark = ",", trim = TRUE, scientific = FALSE)
}
