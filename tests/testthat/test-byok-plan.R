findings <- function(plan) attr(plan, "findings")
errors <- function(plan) {
  found <- findings(plan)
  found$class[found$level == "error"]
}
policy_of <- function(plan) jsonlite::fromJSON(attr(plan, "policy"), simplifyVector = FALSE)
statement_of <- function(plan, sid) {
  Filter(function(statement) statement$Sid == sid, policy_of(plan)$Statement)[[1]]
}
sids_of <- function(plan) vapply(policy_of(plan)$Statement, function(statement) statement$Sid, "")

reading <- c("DescribeKey", "GetPublicKey", "ListAliases", "ListKeys")

test_that("the steps are those that the import then takes", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  byok_import(svc, material_of("ECC_NIST_P256"), alias = "there")
  cases <- list(
    list(material_of("HMAC_256")),
    list(material_of("HMAC_256"), alias = "orders"),
    list(material_of("ECC_NIST_P256"), alias = "billing", tags = c(team = "a")),
    list(material_of("SYMMETRIC_DEFAULT"), expires = "90 days"),
    list(material_of("HMAC_256"), verify = FALSE),
    list(material_of("ECC_NIST_P256"), key_id = "alias/there"),
    list(material_of("RSA_2048"), wrapping_key_spec = "RSA_3072")
  )
  for (case in cases) {
    plan <- do.call(byok_plan, c(list(svc), case))
    expect_identical(errors(plan), character())
    planned <- rep(plan$operation[!is.na(plan$operation)], plan$requests[!is.na(plan$operation)])
    emulator$clear_log()
    do.call(byok_import, c(list(svc), case))
    expect_identical(calls_to(emulator), planned, label = paste(names(case), collapse = " "))
  }
})

test_that("a plan only reads", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  there <- byok_import(svc, material_of("ECC_NIST_P256"), alias = "there")
  before <- svc$list_keys()
  emulator$clear_log()
  many <- data.frame(key_spec = rep("HMAC_256", 3), alias = c("a", "b", "there"))
  byok_plan(svc, material_of("HMAC_256"), alias = "orders", tags = c(a = "b"), expires = "90 days", multi_region = TRUE)
  byok_plan(svc, material_of("ECC_NIST_P256"), key_id = there)
  byok_plan(svc, key_id = "alias/there")
  byok_plan(svc, key_id = "none")
  byok_plan(svc, key_spec = "RSA_2048")
  byok_plan(svc, many)
  expect_identical(setdiff(calls_to(emulator), reading), character())
  expect_identical(svc$list_keys(), before)
})

test_that("a plan needs no permission, and says what it could not see", {
  refuses <- local_canned(reply_error("AccessDeniedException", "No."))
  svc <- refuses$client()
  plan <- byok_plan(svc, material_of("HMAC_256"))
  expect_identical(errors(plan), character())
  # What the import itself would be refused, it says.
  expect_identical(errors(byok_plan(svc, material_of("HMAC_256"), alias = "orders")), "kmsr_AccessDeniedException")
  expect_identical(errors(byok_plan(svc, material_of("HMAC_256"), key_id = "k")), "kmsr_AccessDeniedException")
  many <- byok_plan(svc, data.frame(key_spec = rep("HMAC_256", 2), alias = c("a", "b")))
  expect_identical(errors(many), character())
  expect_match(findings(many)$message[1], "aliases are free could not be looked at")
  targets <- vapply(refuses$requests(), function(request) sub(".*\\.", "", request$target), "")
  expect_identical(setdiff(targets, reading), character())
})

test_that("without credentials, Region or network the plan is made and says so", {
  blind <- function(svc) {
    plan <- byok_plan(svc, material_of("HMAC_256"), alias = "orders")
    expect_identical(nrow(plan), 8L)
    found <- findings(plan)
    expect_identical(found$message[found$level == "warning"], "What is in AWS KMS could not be looked at.")
    errors(plan)
  }
  expect_identical(blind(kms(region = "eu-central-1", config = list(max_retries = 0))), "kmsr_credentials_error")
  keys <- list(creds = list(access_key_id = "AKIATEST", secret_access_key = "secret"))
  expect_identical(blind(kms(credentials = keys)), "kmsr_missing_region_error")
  nowhere <- kms(config = list(max_retries = 0), credentials = keys, endpoint = "http://127.0.0.1:9", region = "us-east-1")
  expect_identical(blind(nowhere), "kmsr_transport_error")
  emulator <- local_emulator()
  unknown <- kms(config = list(max_retries = 0), credentials = keys, endpoint = emulator$endpoint, region = "us-east-1")
  expect_identical(blind(unknown), "kmsr_UnrecognizedClientException")
  misspelt <- kms(config = list(max_retries = 0), credentials = keys, endpoint = "http://127.0.0.1:9", region = "frankfurt")
  expect_identical(blind(misspelt), c("kmsr_transport_error", "kmsr_transport_error"))
})

test_that("after a failure that ends all, nothing more is tried", {
  server <- local_canned(reply_error("ExpiredTokenException", "Old."))
  plan <- byok_plan(server$client(), data.frame(key_spec = "HMAC_256", key_id = c("a", "b", "c")))
  expect_identical(server$count(), 1L)
  expect_identical(errors(plan), "kmsr_ExpiredTokenException")
})

test_that("every finding of an error is the error of the import", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  hmac <- material_of("HMAC_256")
  aws <- svc$create_key()$KeyMetadata$KeyId
  symmetric <- new_external_key(svc, "SYMMETRIC_DEFAULT")$KeyId
  leaving <- new_external_key(svc, "HMAC_256")$KeyId
  svc$schedule_key_deletion(leaving, PendingWindowInDays = 7)
  byok_import(svc, hmac, alias = "orders")
  ec <- byok_import(svc, key_material_random("ECC_NIST_P256"))
  cases <- list(
    list(hmac, alias = "orders"), list(hmac, alias = "aws/mine"), list(hmac, key_id = symmetric),
    list(material_of("SYMMETRIC_DEFAULT"), key_id = aws), list(hmac, key_id = leaving), list(hmac, key_id = "none"),
    list(hmac, expires = "yesterday"), list(hmac, expires = "400 days"), list(hmac, expires = Sys.time() - 1),
    list(hmac, wrapping_algorithm = "RSA_AES_KEY_WRAP_SHA_256"), list(hmac, wrapping_key_spec = "SM2"),
    list(hmac, wrapping_algorithm = "RSAES_PKCS1_V1_5"), list(hmac, wrapping_algorithm = "OAEP"),
    list(hmac, key_usage = "SIGN_VERIFY"), list(hmac, multi_region = NA), list(hmac, material_description = "x"),
    list(hmac, key_id = symmetric, alias = "more")
  )
  for (case in cases) {
    error <- expect_error(do.call(byok_import, c(list(svc), case)), class = "kmsr_error")
    plan <- do.call(byok_plan, c(list(svc), case))
    found <- findings(plan)
    expect_identical(found$message[found$level == "error"][1], error$message)
    expect_identical(errors(plan)[1], class(error)[1])
  }
  # One that KMS itself would find, after the key was changed.
  plan <- byok_plan(svc, material_of("ECC_NIST_P256"), key_id = ec)
  expect_identical(errors(plan), "kmsr_IncorrectKeyMaterialException")
  expect_match(findings(plan)$message[1], "another key pair")
})

test_that("several things that are wrong are all told", {
  svc <- local_kms()
  aws <- svc$create_key()$KeyMetadata$KeyId
  plan <- byok_plan(
    svc, material_of("HMAC_256"), key_id = aws, alias = "orders", expires = "400 days", wrapping_algorithm = "SM2PKE"
  )
  expect_identical(
    sort(errors(plan)),
    sort(c("kmsr_argument_error", "kmsr_argument_error", "kmsr_key_mismatch_error", "kmsr_key_mismatch_error", "kmsr_wrap_error"))
  )
})

test_that("what is worth knowing is told", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  told <- function(..., svc. = svc) {
    found <- findings(byok_plan(svc., ...))
    paste(found$message[found$level != "error"], collapse = " ")
  }
  hmac <- material_of("HMAC_256")
  expect_identical(told(hmac), "")
  expect_match(told(hmac, expires = "90 days"), "KMS forgets it")
  expect_match(told(hmac, multi_region = TRUE), "replica")
  expect_match(told(material_of("SYMMETRIC_DEFAULT")), "nothing can be compared")
  expect_match(told(material_of("ECC_NIST_P256"), svc. = quick_client(emulator, region = "cn-north-1")), "China")
  receipt <- byok_import(svc, hmac)
  expect_match(told(hmac, key_id = receipt), "has material already")
  svc$disable_key(receipt$key_id)
  expect_match(told(hmac, key_id = receipt), "proof fail")
  expect_false(grepl("proof fail", told(hmac, key_id = receipt, verify = FALSE)))
})

test_that("in China what differs is an error where it is one", {
  svc <- quick_client(local_emulator("cn-north-1"))
  expect_identical(errors(byok_plan(svc, material_of("SYMMETRIC_DEFAULT"))), "kmsr_wrap_error")
  plan <- byok_plan(svc, material_of("RSA_2048"))
  expect_identical(plan$what[plan$step == "parameters"], "SM2PKE under SM2")
  expect_match(statement_of(plan, "ImportIntoNewKeys")$Resource, "^arn:aws-cn:kms:cn-north-1:")
})

test_that("a key policy that would lock its maker out is warned of", {
  svc <- local_kms()
  warned <- function(policy) {
    found <- findings(byok_plan(svc, material_of("HMAC_256"), policy = policy))
    found$message[found$level != "note"]
  }
  statement <- function(actions, effect = "Allow") to_json(list(Statement = list(list(Effect = effect, Action = actions))))
  expect_identical(warned(root_policy), character())
  expect_identical(warned(statement("*")), character())
  expect_identical(warned(statement(list("kms:Get*", "kms:Import*", "kms:DescribeKey", "kms:Put*", "kms:GenerateMac"))), character())
  expect_match(warned(statement("kms:Decrypt")), "lets nobody do kms:GetParametersForImport")
  expect_match(warned(statement("kms:*", "Deny")), "lets nobody do")
  expect_match(warned(statement(list("kms:[A-Z]*"))), "lets nobody do")
  expect_match(warned("{"), "no key policy")
  expect_match(warned("{}"), "no key policy")
  expect_match(warned(1), "no key policy")
})

test_that("the policy is minimal, and names what is known", {
  svc <- local_kms()
  receipt <- byok_import(svc, material_of("HMAC_256"))
  plan <- byok_plan(svc, material_of("HMAC_256"), key_id = receipt)
  expect_identical(policy_of(plan), list(
    Version = "2012-10-17",
    Statement = list(list(
      Sid = "ImportIntoKeys", Effect = "Allow",
      Action = list("kms:DescribeKey", "kms:GetParametersForImport", "kms:ImportKeyMaterial", "kms:GenerateMac"),
      Resource = receipt$key_arn
    ))
  ))

  plan <- byok_plan(svc, material_of("ECC_NIST_P256"), alias = "orders", tags = c(a = "b"), multi_region = TRUE)
  expect_identical(sids_of(plan), c("CreateKeys", "TagNewKeys", "ImportIntoNewKeys", "NameKeys", "SynchronizeMultiRegionKeys"))
  create <- statement_of(plan, "CreateKeys")
  expect_identical(create[c("Action", "Resource")], list(Action = "kms:CreateKey", Resource = "*"))
  expect_identical(create$Condition$StringEquals, list(`kms:KeyOrigin` = "EXTERNAL", `kms:KeySpec` = "ECC_NIST_P256"))
  import <- statement_of(plan, "ImportIntoNewKeys")
  expect_identical(import$Resource, "arn:aws:kms:us-east-1:000000000000:key/*")
  expect_identical(import$Condition$StringEquals, list(`kms:KeyOrigin` = "EXTERNAL"))
  # An alias needs the permission on itself and on its key.
  expect_identical("kms:CreateAlias" %in% unlist(import$Action), TRUE)
  expect_identical(statement_of(plan, "NameKeys")$Resource, "arn:aws:kms:us-east-1:000000000000:alias/orders")

  # Nobody knows the account before there is a key.
  bare <- byok_plan(quick_client(local_emulator()), material_of("HMAC_256"))
  expect_identical(statement_of(bare, "ImportIntoNewKeys")$Resource, "arn:aws:kms:us-east-1:*:key/*")
  gov <- byok_plan(quick_client(local_emulator("us-gov-west-1")), material_of("HMAC_256"))
  expect_match(statement_of(gov, "ImportIntoNewKeys")$Resource, "^arn:aws-us-gov:")

  hint <- jsonlite::fromJSON(attr(plan, "key_policy_statement"), simplifyVector = FALSE)
  expect_identical(hint$Principal$AWS, "arn:aws:iam::000000000000:role/YOUR-ROLE")
  expect_identical("kms:ImportKeyMaterial" %in% unlist(hint$Action), TRUE)
})

test_that("the permissions are those of the calls", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  plan <- byok_plan(svc, material_of("ECC_NIST_P256"), alias = "orders")
  emulator$clear_log()
  byok_import(svc, material_of("ECC_NIST_P256"), alias = "orders")
  allowed <- unique(unlist(lapply(policy_of(plan)$Statement, function(statement) unlist(statement$Action))))
  expect_identical(sort(allowed), sort(paste0("kms:", unique(calls_to(emulator)))))
})

test_that("for many keys the time is that of the narrowest quota", {
  svc <- local_kms()
  svc$create_key()
  seconds <- function(...) as.numeric(attr(byok_plan(svc, ...), "duration"), units = "secs")
  expect_identical(seconds(data.frame(key_spec = rep("HMAC_256", 1000))), 1000)
  expect_identical(seconds(data.frame(key_spec = rep("HMAC_256", 10000))), 10000)
  expect_identical(seconds(material_of("HMAC_256")), 3)
  plan <- byok_plan(svc, data.frame(key_spec = rep("HMAC_256", 10000), alias = paste0("key-", 1:10000)))
  expect_match(format(plan), "at least 2.8 hours", all = FALSE, fixed = TRUE)
  expect_identical(plan$requests[plan$step == "alias"], 10000)
  # A policy that names ten thousand aliases is none that IAM takes.
  expect_lt(nchar(attr(plan, "policy")), 6144)
  expect_identical(statement_of(plan, "NameKeys")$Resource, "arn:aws:kms:us-east-1:000000000000:alias/*")
})

test_that("several materials are planned each for itself", {
  svc <- local_kms()
  plan <- byok_plan(svc, list(material_of("HMAC_256"), material_of("HMAC_256"), material_of("ECC_NIST_P256")))
  expect_identical(plan$what[plan$step == "create"], "2 x HMAC_256 of origin EXTERNAL, 1 x ECC_NIST_P256 of origin EXTERNAL")
  expect_identical(plan$requests[plan$step == "verify"], c(1, 2))
  expect_identical(plan$operation[plan$step == "verify"], c("GetPublicKey", "GenerateMac"))
})

test_that("a data frame is taken as the import of many takes it", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  there <- byok_import(svc, material_of("HMAC_256"), alias = "there")
  path <- withr::local_tempfile()
  writeBin(as.raw(1:32), path)
  data <- data.frame(
    id = letters[1:6],
    path = c(path, path, path, file.path(path, "none"), path, path),
    key_spec = c("HMAC_256", "HMAC_256", "HMAC_512", "HMAC_256", "HMAC_256", "HMAC_256"),
    alias = c("fresh", "there", NA, NA, "fresh", NA),
    expires = c("90 days", NA, NA, NA, NA, NA),
    region = c(NA, NA, NA, NA, NA, "eu-central-1")
  )
  emulator$clear_log()
  plan <- byok_plan(svc, data)
  expect_identical(unique(calls_to(emulator)), "ListAliases")
  found <- findings(plan)
  found <- found[found$level == "error", ]
  expect_identical(found$item, c(2L, 3L, 4L, NA))
  expect_identical(
    found$class, c("kmsr_alias_taken_error", "kmsr_key_material_error", "kmsr_key_material_error", "kmsr_argument_error")
  )
  expect_identical(plan$requests[plan$step == "create"], 5)
  expect_match(paste(findings(plan)$message, collapse = " "), "1 of 6 rows are for another Region")

  strange <- byok_plan(svc, data.frame(key_spec = "HMAC_256", aliass = "x"))
  expect_identical(errors(strange), "kmsr_argument_error")
  expect_identical(findings(strange)$advice, "Did you mean `alias`?")
  twice <- byok_plan(svc, data.frame(key_spec = "HMAC_256", key_id = c("alias/there", there$key_id)))
  expect_match(findings(twice)$message[1], "several materials")
  # What cannot be read and is not described is left out.
  plan <- byok_plan(svc, data.frame(path = c(path, "none"), key_spec = c("HMAC_256", NA)))
  expect_identical(plan$requests[plan$step == "create"], 1)
  expect_identical(findings(plan)$item, 2L)
})

test_that("wrong arguments of the plan itself are errors", {
  svc <- local_kms()
  expect_error(byok_plan(list(), material_of("HMAC_256")), class = "kmsr_argument_error")
  expect_error(byok_plan(svc), class = "kmsr_argument_error")
  expect_error(byok_plan(svc, list()), class = "kmsr_argument_error")
  expect_error(byok_plan(svc, "secret"), class = "kmsr_argument_error")
  expect_error(byok_plan(svc, list("secret")), class = "kmsr_argument_error")
  expect_error(byok_plan(svc, key_spec = 1), class = "kmsr_argument_error")
  expect_error(byok_plan(svc, material_of("HMAC_256"), verify = NA), class = "kmsr_argument_error")
  expect_error(byok_plan(svc, material_of("HMAC_256"), wait = "long"), class = "kmsr_argument_error")
  expect_error(byok_plan(svc, material_of("HMAC_256"), expire = 1), "Did you mean `expires`?", fixed = TRUE, class = "kmsr_argument_error")
  expect_identical(errors(byok_plan(svc, key_spec = "AES")), "kmsr_argument_error")
  expect_identical(errors(byok_plan(svc, material_of("HMAC_256"), key_spec = "HMAC_512")), "kmsr_argument_error")
})

test_that("a plan is a data frame, and a part of it is no plan", {
  svc <- local_kms()
  plan <- byok_plan(svc, material_of("HMAC_256"))
  frame <- as.data.frame(plan)
  expect_identical(class(frame), "data.frame")
  expect_identical(names(frame), c("step", "operation", "what", "permission", "quota", "requests"))
  expect_identical(setdiff(names(attributes(frame)), c("names", "class", "row.names")), character())
  expect_identical(plan[1, ], frame[1, ])
  expect_identical(plan[["step"]], frame$step)
  expect_identical(plan[plan$step == "import", "operation"], "ImportKeyMaterial")
})

test_that("plans read well", {
  svc <- local_kms()
  byok_import(svc, material_of("HMAC_256"), alias = "there")
  expect_snapshot(transform = steady, {
    byok_plan(svc, material_of("ECC_NIST_P256"), alias = "orders", expires = "90 days", tags = c(team = "a"))
    byok_plan(svc, material_of("HMAC_256"), key_id = "alias/there")
    byok_plan(svc, material_of("RSA_2048"), alias = "there", expires = "400 days", wrapping_algorithm = "RSAES_OAEP_SHA_256")
    byok_plan(svc, data.frame(key_spec = rep(c("HMAC_256", "RSA_2048"), 1500), alias = c("there", paste0("key-", 2:3000))))
  })
  expect_snapshot({
    writeLines(attr(byok_plan(svc, material_of("ECC_NIST_P256"), alias = "orders"), "policy"))
    writeLines(attr(byok_plan(svc, material_of("ECC_NIST_P256")), "key_policy_statement"))
  })
})
