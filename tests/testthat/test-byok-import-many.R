test_that("every row is imported, proven, named and told", {
  emulator <- local_emulator()
  svc <- emulator$client()
  data <- many_keys(4, c("HMAC_256", "ECC_NIST_P256", "SYMMETRIC_DEFAULT", "RSA_2048"))
  data$alias <- c("one", NA, "alias/three", NA)
  data$description <- c("the first", NA, NA, NA)
  data$tags <- list(c(team = "a", cost = "b"), NULL, NULL, NULL)
  data$expires <- c("90 days", NA, NA, NA)
  data$key_usage <- c(NA, "KEY_AGREEMENT", NA, "ENCRYPT_DECRYPT")
  result <- import_fast(svc, data, local_ledger())

  expect_s3_class(result, c("kms_import_many", "data.frame"), exact = TRUE)
  expect_identical(result$id, data$id)
  expect_identical(result$status, rep("done", 4))
  expect_identical(result$key_spec, c("HMAC_256", "ECC_NIST_P256", "SYMMETRIC_DEFAULT", "RSA_2048"))
  expect_identical(result$alias, c("alias/one", NA, "alias/three", NA))
  expect_identical(result$proof_method, c("mac", "public_key", "record", "public_key"))
  expect_identical(result$proven, c(TRUE, TRUE, NA, TRUE))
  expect_identical(is.na(result$expires), c(FALSE, TRUE, TRUE, TRUE))
  expect_match(result$key_material_id[3], "^[0-9a-f]{64}$")
  expect_setequal(all_keys(svc), result$key_arn)

  key <- svc$describe_key("alias/one")$KeyMetadata
  expect_identical(key$Arn, result$key_arn[1])
  expect_identical(key$Description, "the first")
  expect_identical(key$KeyState, "Enabled")
  expect_identical(svc$describe_key(result$key_id[2])$KeyMetadata$KeyUsage, "KEY_AGREEMENT")
  tags <- svc$list_resource_tags(result$key_id[1])$Tags
  expect_setequal(vapply(tags, function(tag) tag$TagKey, ""), c("team", "cost", "kmsr:import"))

  receipts <- attr(result, "receipts")
  expect_named(receipts, data$id)
  expect_true(byok_verify(svc, receipts[[3]], data$material[[3]])$proven)
})

test_that("a second run calls nothing and gives the same", {
  emulator <- local_emulator()
  svc <- emulator$client()
  data <- many_keys(3, c("HMAC_256", "SYMMETRIC_DEFAULT"))
  ledger <- local_ledger()
  first <- import_fast(svc, data, ledger)
  emulator$clear_log()
  second <- import_fast(svc, data, ledger)
  expect_identical(nrow(emulator$log()), 0L)
  expect_equal(as.data.frame(second), as.data.frame(first), tolerance = 1)
  expect_identical(second$key_arn, first$key_arn)
  expect_identical(attr(second, "receipts")[[2]]$request_ids, attr(first, "receipts")[[2]]$request_ids)
})

test_that("material goes into keys that exist", {
  emulator <- local_emulator()
  svc <- emulator$client()
  data <- many_keys(3)
  empty <- new_external_key(svc)
  full <- byok_import(svc, data$material[[2]], alias = "full")
  data$key_id <- c(empty$KeyId, "alias/full", NA)
  result <- import_fast(svc, data, local_ledger())
  expect_identical(result$status, rep("done", 3))
  expect_identical(result$key_arn[1:2], c(empty$Arn, full$key_arn))
  expect_length(all_keys(svc), 3)
  # Only the new key has the tag.
  tags <- lapply(result$key_id, function(id) svc$list_resource_tags(id)$Tags)
  expect_identical(lengths(tags), c(0L, 0L, 1L))
})

test_that("a row that fails stops no other, and is tried again when asked", {
  emulator <- local_emulator()
  svc <- emulator$client()
  data <- many_keys(4)
  svc$create_alias("alias/taken", svc$create_key()$KeyMetadata$KeyId)
  other <- svc$create_key()$KeyMetadata
  data$alias <- c("taken", "free", NA, NA)
  data$key_id <- c(NA, NA, other$KeyId, "00000000-0000-0000-0000-000000000000")
  ledger <- local_ledger()
  result <- import_fast(svc, data, ledger)
  expect_identical(result$status, c("failed", "done", "failed", "failed"))
  expect_identical(result$error_step, c("alias_free", NA, "find", "find"))
  expect_identical(result$error_code, c(NA, NA, NA, "NotFoundException"))
  conditions <- attr(result, "conditions")
  expect_s3_class(conditions[["row-01"]], "kmsr_alias_taken_error")
  expect_s3_class(conditions[["row-03"]], "kmsr_key_mismatch_error")

  svc$delete_alias("alias/taken")
  untouched <- import_fast(svc, data, ledger)
  expect_identical(untouched$status, result$status)
  expect_identical(untouched$error_message, result$error_message)
  expect_s3_class(attr(untouched, "conditions")[["row-04"]], "kmsr_NotFoundException")
  again <- import_fast(svc, data, ledger, retry_failed = TRUE)
  expect_identical(again$status, c("done", "done", "failed", "failed"))
  expect_identical(again$key_arn[2], result$key_arn[2])
  expect_identical(
    svc$describe_key("alias/taken")$KeyMetadata$Arn, again$key_arn[1]
  )
})

test_that("a row that fails late keeps its key", {
  emulator <- local_emulator()
  svc <- emulator$client()
  data <- many_keys(2)
  ledger <- local_ledger()
  emulator$fault("import_key_material", "error", code = "AccessDeniedException", status = 400, times = 1)
  result <- import_fast(svc, data, ledger)
  expect_setequal(result$status, c("done", "failed"))
  expect_false(anyNA(result$key_arn))
  again <- import_fast(svc, data, ledger, retry_failed = TRUE)
  expect_identical(again$status, c("done", "done"))
  expect_identical(again$key_arn, result$key_arn)
  expect_setequal(all_keys(svc), again$key_arn)
})

test_that("several Regions are served at once", {
  emulator <- local_emulator()
  clients <- list(
    "us-east-1" = emulator$client(), "eu-central-1" = emulator$client(region = "eu-central-1")
  )
  data <- many_keys(6)
  data$region <- rep_len(names(clients), 6)
  data$alias <- rep(c("a", "b", "c"), each = 2)
  result <- import_fast(clients, data, local_ledger())
  expect_identical(result$status, rep("done", 6))
  expect_identical(vapply(strsplit(result$key_arn, ":"), `[`, "", 4), data$region)
  expect_length(all_keys(clients[[1]]), 3)
  expect_length(all_keys(clients[[2]]), 3)
})

test_that("throttling slows the import down and fails nothing", {
  emulator <- local_emulator()
  emulator$fault("get_parameters_for_import", "throttle", times = 4)
  emulator$fault("create_key", "throttle", after = 2, times = 3)
  svc <- emulator$client()
  result <- import_fast(svc, many_keys(8), local_ledger())
  expect_identical(result$status, rep("done", 8))
  expect_setequal(all_keys(svc), result$key_arn)
  expect_identical(count_calls(emulator, "ImportKeyMaterial"), 8L)
})

test_that("the pace is the quota's", {
  emulator <- local_emulator()
  emulator$quotas(20)
  svc <- emulator$client()
  started <- proc.time()[["elapsed"]]
  result <- import_fast(svc, many_keys(40), local_ledger(), speed = 20)
  seconds <- proc.time()[["elapsed"]] - started
  expect_gt(seconds, (39 - 18 / 2) / 18 - 0.05)
  expect_identical(attr(result, "run")$bound, 40 / 18)
  # Nothing was sent that was refused.
  expect_identical(emulator$log()$errorCode %in% "ThrottlingException", rep(FALSE, nrow(emulator$log())))
})

test_that("an answer that was lost leads to no second key", {
  emulator <- local_emulator()
  svc <- emulator$client()
  emulator$fault("create_key", "drop", times = 3)
  emulator$fault("create_key", "error", after = 3, times = 1)
  data <- many_keys(8)
  result <- import_fast(svc, data, local_ledger(), wait = 0.5)
  expect_identical(result$status, rep("done", 8))
  expect_setequal(all_keys(svc), result$key_arn)
  expect_identical(count_calls(emulator, "CreateKey"), 8L)
  expect_length(attr(result, "orphans"), 0)
})

test_that("lost answers of the other calls are made good", {
  emulator <- local_emulator()
  svc <- emulator$client()
  for (operation in c("get_parameters_for_import", "import_key_material", "describe_key", "generate_mac", "create_alias")) {
    emulator$fault(operation, "drop", after = 1, times = 2)
  }
  data <- many_keys(6)
  data$alias <- letters[1:6]
  result <- import_fast(svc, data, local_ledger())
  expect_identical(result$status, rep("done", 6))
  expect_identical(result$proven, rep(TRUE, 6))
  expect_setequal(all_keys(svc), result$key_arn)
  # What was dropped had happened, and was not done again.
  expect_identical(count_calls(emulator, "ImportKeyMaterial"), 6L)
  expect_length(svc$list_aliases()$Aliases, 6)
})

test_that("new keys that AWS does not know everywhere yet are waited for", {
  emulator <- local_emulator()
  svc <- emulator$client()
  emulator$new_key_delay(1)
  result <- import_fast(svc, many_keys(3), local_ledger(), wait = 10)
  expect_identical(result$status, rep("done", 3))
  expect_length(all_keys(svc), 3)
  # Keys are asked for with calls that are not scarce.
  log <- emulator$log()
  scarce <- sum(log$eventName == "GetParametersForImport")
  expect_lte(scarce, 9)
})

test_that("a key that turns up late is named, and deleted when asked", {
  emulator <- local_emulator()
  svc <- emulator$client()
  data <- many_keys(2)
  ledger <- local_ledger()
  first <- import_fast(svc, data, ledger)
  tag <- svc$list_resource_tags(first$key_id[1])$Tags[[1]]
  extra <- svc$create_key(Origin = "EXTERNAL", Tags = c("kmsr:import" = tag$TagValue))$KeyMetadata
  # Another row in doubt makes the import look at the tags again.
  lines <- readLines(ledger)
  keep <- which(!grepl("\"row\":2", lines) | grepl("\"event\":\"create\"", lines))
  unlink(ledger)
  rewrite_ledger(ledger, lines[keep])
  second <- import_fast(svc, data, ledger)
  expect_identical(second$status, c("done", "done"))
  expect_identical(second$key_arn, first$key_arn)
  expect_identical(attr(second, "orphans"), extra$Arn)
  expect_identical(attr(import_fast(svc, data, ledger), "orphans"), extra$Arn)
  third <- import_fast(svc, data, ledger, delete_orphans = TRUE)
  expect_length(attr(third, "orphans"), 0)
  expect_identical(svc$describe_key(extra$KeyId)$KeyMetadata$KeyState, "PendingDeletion")
})

test_that("the tag can be removed", {
  emulator <- local_emulator()
  svc <- emulator$client()
  result <- import_fast(svc, many_keys(2), local_ledger(), keep_tag = FALSE)
  expect_identical(result$status, rep("done", 2))
  expect_length(unlist(lapply(result$key_id, function(id) svc$list_resource_tags(id)$Tags)), 0)
})

test_that("what fails for every row ends the run, which goes on later", {
  emulator <- local_emulator()
  svc <- emulator$client()
  data <- many_keys(6)
  ledger <- local_ledger()
  emulator$fault("import_key_material", "error", code = "ExpiredTokenException", status = 400, after = 2)
  error <- expect_error(import_fast(svc, data, ledger, max_active = 1), class = "kmsr_import_many_error")
  expect_s3_class(error, "kmsr_ExpiredTokenException")
  expect_s3_class(error$result, "kms_import_many")
  expect_identical(error$result$status, rep(c("done", "pending"), c(2, 4)))
  expect_match(conditionMessage(error), "To go on, call byok_import_many()", fixed = TRUE)
  emulator$clear_faults()
  result <- import_fast(svc, data, ledger)
  expect_identical(result$status, rep("done", 6))
  expect_setequal(all_keys(svc), result$key_arn)
})

test_that("a ledger of another account is not gone on with", {
  emulator <- local_emulator()
  svc <- emulator$client()
  data <- many_keys(3)
  ledger <- local_ledger()
  emulator$fault("generate_mac", "error", code = "ExpiredTokenException", status = 400)
  expect_error(import_fast(svc, data, ledger), class = "kmsr_import_many_error")
  emulator$clear_faults()
  emulator$fault("describe_key", "error", code = "AccessDeniedException", status = 400, times = 1)
  expect_error(import_fast(svc, data, ledger), "account 000000000000", class = "kmsr_ledger_error")
  expect_identical(import_fast(svc, data, ledger)$status, rep("done", 3))
})

test_that("a file that changed in between is not imported", {
  emulator <- local_emulator()
  svc <- emulator$client()
  folder <- withr::local_tempdir()
  data <- many_files(2, folder)
  data$alias <- NULL
  data$key_spec <- NULL
  for (path in data$path) file.copy(test_pem(), path, overwrite = TRUE)
  rows <- many_rows(many_clients(svc), data, NULL, NULL)
  file.copy(test_pem(), data$path[1], overwrite = TRUE)
  expect_error(read_material(rows[[1]]), "changed", class = "kmsr_key_material_error")
  expect_s3_class(read_material(rows[[2]]), "kms_key_material")
})

test_that("bad data is refused whole, and nothing is sent", {
  emulator <- local_emulator()
  svc <- emulator$client()
  data <- many_keys(8)
  data$alias <- c("a", "b", "c", "a", "aws/x", NA, NA, NA)
  data$expires <- c(NA, NA, "400 days", NA, NA, NA, NA, NA)
  data$key_spec <- c(rep(NA, 5), "HMAC_512", NA, NA)
  data$key_id <- c(rep(NA, 6), "alias/x", NA)
  data$description <- c(rep(NA, 6), "of a key that exists", NA)
  ledger <- local_ledger()
  expect_snapshot(error = TRUE, transform = steady, {
    byok_import_many(svc, data, ledger)
    byok_import_many(svc, data[c(1, 2, 4), c("id", "material", "alias")], ledger)
    byok_import_many(svc, data.frame(id = 1:2), ledger)
    byok_import_many(svc, data.frame(path = "no-such-file"), ledger)
    byok_import_many(svc, data.frame(path = "x", alais = "y"), ledger)
    byok_import_many(svc, many_keys(2), ledger, rates = c(CreateKeys = 2))
    byok_import_many(svc, many_keys(2), ledger, quota_share = 2)
    byok_import_many(list(svc, svc), many_keys(2), ledger)
  })
  expect_false(file.exists(ledger))
  expect_identical(nrow(emulator$log()), 0L)
})

test_that("it prints as a summary, and plots", {
  emulator <- local_emulator()
  svc <- emulator$client()
  data <- many_keys(5, c("HMAC_256", "SYMMETRIC_DEFAULT"))
  data$key_id <- c(NA, NA, NA, "00000000-0000-0000-0000-000000000000", NA)
  result <- import_fast(svc, data, local_ledger())
  expect_snapshot(print(result), transform = function(lines) {
    gsub("in [0-9.]+ s, [0-9.]+ a second", "in <seconds>, <rate> a second", sub("Ledger: .*", "Ledger: <path>", lines))
  })
  expect_s3_class(result[1:2, c("id", "status")], "data.frame", exact = TRUE)
  picture <- withr::local_tempfile(fileext = ".png")
  grDevices::png(picture)
  plot(result)
  grDevices::dev.off()
  expect_gt(file.size(picture), 2000)
})

test_that("the summary of many reasons to fail is short", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  data <- many_keys(9)
  data$alias <- paste0("many/", data$id)
  key <- svc$create_key()$KeyMetadata$KeyId
  for (alias in data$alias) svc$create_alias(paste0("alias/", alias), key)
  lines <- format(summary(import_fast(svc, data, local_ledger())))
  expect_identical(sum(startsWith(lines, "    1 at alias_free")), 5L)
  expect_identical(lines[grep("other reasons", lines)], "    4 for other reasons, see `error_message`")
})

test_that("one is not called many", {
  emulator <- local_emulator()
  ledger <- withr::local_tempfile(fileext = ".jsonl")
  result <- byok_import_many(quick_client(emulator), many_keys(1), ledger, speed = 100, wait = 2)
  expect_match(capture.output(print(result)), "^<kms_import_many> 1 key: 1 done$", all = FALSE)
  expect_match(capture.output(print(result)), "This run: 1 row in", all = FALSE)
})
