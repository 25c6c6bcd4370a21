# The permissions of a plan, as policies.

# A minimal IAM policy: who creates keys may import into keys of origin EXTERNAL, since the new key's ARN is not known;
# into keys that exist, each by its ARN.
iam_policy <- function(items, steps, scope) {
  new <- vapply(items, function(item) is.null(item$key_id), logical(1))
  specs <- unique(unlist(lapply(items[new], function(item) item$facts$key_spec)))
  aliases <- unlist(lapply(items[new], function(item) item$alias))
  arns <- unique(unlist(lapply(items[!new], function(item) item$key$Arn %||% "")))
  any_key <- arn_of(scope, "kms", "key/*")
  external <- list(StringEquals = list(`kms:KeyOrigin` = "EXTERNAL"))
  needs <- function(action) any(grepl(action, steps$permission, fixed = TRUE))

  statements <- list(
    if (any(new)) policy_statement("CreateKeys", "kms:CreateKey", "*", list(StringEquals = list(
      `kms:KeyOrigin` = "EXTERNAL", `kms:KeySpec` = as_json_values(specs)
    ))),
    if (needs("kms:TagResource")) policy_statement("TagNewKeys", "kms:TagResource", any_key),
    if (needs("kms:ListKeys")) policy_statement("FindKeys", "kms:ListKeys", "*"),
    if (needs("kms:ListResourceTags")) policy_statement("FindKeysByTag", "kms:ListResourceTags", any_key, external),
    if (any(new)) policy_statement("ImportIntoNewKeys", key_actions(steps, aliases), any_key, external),
    if (any(!new) && too_many(arns)) policy_statement("ImportIntoKeys", key_actions(steps), any_key, external),
    if (any(!new) && !too_many(arns)) policy_statement("ImportIntoKeys", key_actions(steps), arns),
    if (length(aliases)) policy_statement(
      "NameKeys", "kms:CreateAlias",
      if (too_many(aliases)) arn_of(scope, "kms", "alias/*") else vapply(aliases, arn_of, "", scope = scope, service = "kms")
    ),
    if (needs("iam:CreateServiceLinkedRole")) policy_statement(
      "SynchronizeMultiRegionKeys", "iam:CreateServiceLinkedRole",
      arn_of(list(partition = scope$partition, region = "", account = scope$account), "iam", paste0(
        "role/aws-service-role/mrk.kms.amazonaws.com/AWSServiceRoleForKeyManagementServiceMultiRegionKeys"
      )),
      list(StringEquals = list(`iam:AWSServiceName` = "mrk.kms.amazonaws.com"))
    )
  )
  list(Version = "2012-10-17", Statement = Filter(Negate(is.null), statements))
}

# What belongs into the policy of a key itself if that does not leave the matter to IAM.
key_policy_statement <- function(steps, scope) {
  account <- scope$account %||% "ACCOUNT"
  list(
    Sid = "ImportKeyMaterial",
    Effect = "Allow",
    Principal = list(AWS = sprintf("arn:%s:iam::%s:role/YOUR-ROLE", scope$partition, account)),
    Action = as_json_values(key_actions(steps)),
    Resource = "*"
  )
}

# The actions of a plan that a key is asked for.
key_actions <- function(steps, aliases = NULL) {
  operations <- setdiff(steps$operation, c(NA, "CreateKey", "CreateAlias"))
  # An alias needs the permission twice: on itself and on its key.
  paste0("kms:", c("DescribeKey", setdiff(operations, "DescribeKey"), if (length(aliases)) "CreateAlias"))
}

policy_statement <- function(sid, actions, resources, condition = NULL) {
  statement <- list(
    Sid = sid, Effect = "Allow", Action = as_json_values(actions), Resource = as_json_values(resources)
  )
  statement$Condition <- condition
  statement
}

# More than fit into a policy that people read, or that IAM takes.
too_many <- function(resources) {
  length(resources) == 0 || length(resources) > 20 || any(resources == "")
}

# One value as itself, several as an array.
as_json_values <- function(values) {
  if (length(values) == 1) unname(values) else as.list(unname(values))
}

arn_of <- function(scope, service, resource) {
  paste(
    "arn", scope$partition, service, if (service == "kms" && !nzchar(scope$region)) "*" else scope$region,
    scope$account %||% "*", resource,
    sep = ":"
  )
}

partition_of <- function(region) {
  if (startsWith(region, "cn-")) {
    "aws-cn"
  } else if (startsWith(region, "us-gov-")) {
    "aws-us-gov"
  } else {
    "aws"
  }
}

# A new key's own policy, if one is given: would its maker still be let in?
check_policy <- function(report, item, i, verify) {
  if (is.null(item$policy)) {
    return(invisible())
  }
  policy <- if (is_string(item$policy)) rs_from_json(item$policy)
  if (!is.list(policy) || !is.list(policy$Statement)) {
    note(
      report, "error", "`policy` is no key policy.", "A key policy is one string of JSON with a \"Statement\".", i,
      "kmsr_MalformedPolicyDocumentException"
    )
    return(invisible())
  }
  statements <- if (is.null(names(policy$Statement))) policy$Statement else list(policy$Statement)
  allowed <- unlist(lapply(statements, function(statement) {
    if (identical(statement$Effect, "Allow")) unlist(statement$Action)
  }))
  patterns <- utils::glob2rx(tolower(allowed))
  needed <- c("kms:GetParametersForImport", "kms:ImportKeyMaterial", "kms:DescribeKey", "kms:PutKeyPolicy", if (verify) {
    if (proof_of(item) != "none") paste0("kms:", proof_of(item))
  })
  missing <- Filter(function(action) !any(vapply(patterns, grepl, logical(1), x = tolower(action))), needed)
  if (length(missing) > 0) {
    note(
      report, "warning", sprintf("`policy` lets nobody do %s.", paste(missing, collapse = ", ")),
      "The key would be created, and the import into it refused. Add attr(plan, \"key_policy_statement\") to it.", i,
      "kmsr_AccessDeniedException"
    )
  }
}
