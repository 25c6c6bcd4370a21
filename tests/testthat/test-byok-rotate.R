# Rotation of symmetric keys; for the others see test-byok-rotate-key.R.

material_ids <- function(svc, key) {
  materials <- kmsr:::list_materials(svc, svc$describe_key(key$key_id)$KeyMetadata$Arn)
  rlang::set_names(materials$state, materials$key_material_id)
}

# A multi-Region key with its material in two more Regions.
new_multi_region_key <- function(emulator, material, regions = c("eu-west-1", "eu-north-1")) {
  primary <- quick_client(emulator)
  receipt <- byok_import(primary, material, multi_region = TRUE)
  replicas <- lapply(regions, function(region) {
    primary$replicate_key(receipt$key_id, region)
    svc <- quick_client(emulator, region = region)
    byok_import(svc, material, key_id = receipt$key_id, verify = FALSE)
    svc
  })
  list(receipt = receipt, replicas = replicas)
}

test_that("a symmetric key gets new material and keeps what it encrypted", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  first <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"), alias = "orders", expires = "30 days")
  secret <- svc$encrypt("alias/orders", "from before")
  new <- key_material_random()
  emulator$clear_log()
  rotation <- byok_rotate(svc, "alias/orders", new, expires = "90 days", material_description = "second")

  expect_s3_class(rotation, "kms_rotation")
  expect_identical(rotation$kind, "material")
  expect_identical(rotation$key_arn, first$key_arn)
  expect_identical(rotation$old, first$key_material_id)
  expect_identical(rotation$new, svc$describe_key("alias/orders")$KeyMetadata$CurrentKeyMaterialId)
  expect_identical(rotation$new, rotation$receipt$key_material_id)
  expect_identical(rotation$receipt$alias, "alias/orders")
  expect_near(as.numeric(rotation$receipt$expires), as.numeric(Sys.time()) + 90 * 86400)
  expect_identical(rotation$checks$passed, c(TRUE, TRUE))
  expect_identical(rotation$completed, TRUE)
  expect_identical(rawToChar(svc$decrypt(secret$CiphertextBlob)$Plaintext), "from before")
  expect_identical(svc$decrypt(svc$encrypt("alias/orders", "x")$CiphertextBlob)$KeyMaterialId, rotation$new)
  expect_identical(kmsr:::list_materials(svc, first$key_arn)$description, c(NA, "second"))

  calls <- calls_to(emulator)
  order <- match(c("Encrypt", "ImportKeyMaterial", "RotateKeyOnDemand", "Decrypt"), calls)
  expect_identical(order, sort(order))
  expect_snapshot(rotation, transform = steady)
  # The receipt is one like any other.
  expect_identical(byok_verify(svc, rotation$receipt, new)$proven, TRUE)
})

test_that("without verification nothing is encrypted or decrypted", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  first <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"))
  emulator$clear_log()
  rotation <- byok_rotate(svc, first, key_material_random(), verify = FALSE)
  expect_identical(intersect(calls_to(emulator), c("Encrypt", "Decrypt")), character())
  expect_identical(nrow(rotation$checks), 0L)
})

test_that("a failure at any step tells the key's state, and the same call goes on", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  receipt <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"))
  steps <- list(
    c("encrypt", 0), c("list_key_rotations", 0), c("get_parameters_for_import", 0), c("import_key_material", 0),
    c("rotate_key_on_demand", 0), c("describe_key", 1), c("decrypt", 0), c("decrypt", 1)
  )
  for (step in steps) {
    new <- key_material_random()
    old <- svc$describe_key(receipt$key_id)$KeyMetadata$CurrentKeyMaterialId
    emulator$fault(step[1], "error", after = as.numeric(step[2]), times = 1)
    error <- expect_error(byok_rotate(svc, receipt, new, wait = 5), class = "kmsr_rotation_error")
    emulator$clear_faults()
    expect_s3_class(error, "kmsr_import_error")
    expect_s3_class(error, "kmsr_KMSInternalException")
    expect_identical(error$key_id, receipt$key_id)
    expect_identical(error$key_state, "Enabled")
    expect_match(conditionMessage(error), "again, with the same material", fixed = TRUE)

    rotation <- byok_rotate(svc, receipt, new)
    expect_identical(rotation$old, old)
    expect_identical(rotation$new, svc$describe_key(receipt$key_id)$KeyMetadata$CurrentKeyMaterialId)
    expect_identical(all(rotation$checks$passed, na.rm = TRUE), TRUE)
  }
  expect_identical(sum(calls_to(emulator) == "RotateKeyOnDemand" & is.na(emulator$log()$errorCode)), length(steps))
  expect_identical(unname(material_ids(svc, receipt)), c(rep("NON_CURRENT", length(steps)), "CURRENT"))
})

test_that("a rotation whose answer is lost is not taken for a failure", {
  emulator <- local_emulator()
  svc <- emulator$client()
  receipt <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"))
  emulator$fault("rotate_key_on_demand", "drop", times = 1)
  rotation <- byok_rotate(svc, receipt, key_material_random())
  expect_identical(rotation$checks$passed, c(TRUE, TRUE))
})

test_that("an interrupt says how to go on", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  receipt <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"))
  new <- key_material_random()
  stopped <- svc
  stopped$rotate_key_on_demand <- function(KeyId) rlang::interrupt()
  expect_message(
    expect_identical(tryCatch(byok_rotate(stopped, receipt, new), interrupt = function(e) "interrupted"), "interrupted"),
    "The rotation was interrupted."
  )
  expect_identical(byok_rotate(svc, receipt, new)$checks$passed, c(TRUE, TRUE))
})

test_that("a rotation that was done is recognised and not done again", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  receipt <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"))
  new <- key_material_random()
  first <- byok_rotate(svc, receipt, new, expires = "90 days")
  emulator$clear_log()
  again <- byok_rotate(svc, receipt, new, expires = "10 days")
  expect_identical(again[c("old", "new", "completed", "rotated_at")], first[c("old", "new", "completed", "rotated_at")])
  expect_identical(sum(calls_to(emulator) == "RotateKeyOnDemand"), 0L)
  expect_identical(again$receipt$expires, kmsr:::list_materials(svc, receipt$key_arn)$expires[2])
  expect_identical(again$checks$passed, c(NA, TRUE))
  expect_snapshot(again, transform = steady)
})

test_that("AWS being slow is a warning, and the next call verifies", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  receipt <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"))
  new <- key_material_random()
  slow <- svc
  slow$rotate_key_on_demand <- function(KeyId) list(KeyId = KeyId)
  expect_warning(
    rotation <- byok_rotate(slow, receipt, new, wait = 0.2), class = "kmsr_rotation_incomplete_warning"
  )
  expect_identical(rotation$completed, FALSE)
  expect_match(format(rotation)[1], "AWS is still at work")

  # The rotation is under way: it is waited for, and not started again.
  svc$rotate_key_on_demand(receipt$key_id)
  under_way <- svc
  under_way$get_key_rotation_status <- function(KeyId) list(OnDemandRotationStartDate = kmsr:::now())
  under_way$rotate_key_on_demand <- function(KeyId) stop("must not be called")
  expect_identical(byok_rotate(under_way, receipt, new)$completed, TRUE)
})

test_that("what cannot be rotated is refused before anything changes", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  material <- material_of("SYMMETRIC_DEFAULT")
  receipt <- byok_import(svc, material)
  waiting <- new_external_key(svc, "SYMMETRIC_DEFAULT")$KeyId
  amazon <- svc$create_key()$KeyMetadata$KeyId
  emulator$clear_log()
  expect_snapshot(error = TRUE, transform = steady, {
    byok_rotate(svc, receipt, material)
    byok_rotate(svc, receipt, material_of("HMAC_256"))
    byok_rotate(svc, waiting, material)
    byok_rotate(svc, amazon, material)
    byok_rotate(svc, receipt, material, alias = "orders")
    byok_rotate(svc, receipt, material, replicas = list(svc))
    byok_rotate(svc, receipt, material, replicas = "eu-west-1")
  })
  svc$disable_key(receipt$key_id)
  expect_error(byok_rotate(svc, receipt, key_material_random()), class = "kmsr_key_state_error")
  expect_identical(names(material_ids(svc, receipt)), receipt$key_material_id)
  expect_identical(sum(calls_to(emulator) == "RotateKeyOnDemand"), 0L)
})

test_that("material of before is refused", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  material <- material_of("SYMMETRIC_DEFAULT")
  receipt <- byok_import(svc, material, expires = "9 days")
  byok_rotate(svc, receipt, key_material_random(), verify = FALSE)
  before <- kmsr:::list_materials(svc, receipt$key_arn)
  error <- expect_error(byok_rotate(svc, receipt, material), class = "kmsr_former_material_error")
  expect_match(conditionMessage(error), "Nothing was changed")
  expect_identical(kmsr:::list_materials(svc, receipt$key_arn), before)
})

test_that("another material that waits is named, and left alone", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  receipt <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"))
  waiting <- key_material_random()
  broken <- svc
  broken$rotate_key_on_demand <- function(KeyId) stop("not today")
  expect_error(byok_rotate(broken, receipt, waiting), "not today")
  before <- material_ids(svc, receipt)
  error <- expect_error(byok_rotate(svc, receipt, key_material_random()), class = "kmsr_pending_material_error")
  expect_identical(error$key_material_id, names(before)[2])
  expect_identical(material_ids(svc, receipt), before)
  expect_snapshot(error = TRUE, transform = steady, byok_rotate(svc, receipt, key_material_random()))

  # Given up, another one has its turn.
  byok_delete(svc, receipt$key_id, names(before)[2], confirm = FALSE)
  expect_identical(byok_rotate(svc, receipt, key_material_random())$completed, TRUE)
})

test_that("a multi-Region key is rotated in all its Regions, the primary first", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  key <- new_multi_region_key(emulator, material_of("SYMMETRIC_DEFAULT"))
  secret <- svc$encrypt(key$receipt$key_id, "from before")$CiphertextBlob
  emulator$clear_log()
  rotation <- byok_rotate(svc, key$receipt, key_material_random(), replicas = key$replicas, expires = "90 days")

  log <- emulator$log()
  imports <- log$awsRegion[log$eventName == "ImportKeyMaterial"]
  expect_identical(imports[1], "us-east-1")
  expect_setequal(imports[-1], c("eu-west-1", "eu-north-1"))
  expect_identical(log$awsRegion[log$eventName == "RotateKeyOnDemand"], "us-east-1")
  expect_setequal(names(rotation$replicas), c("eu-west-1", "eu-north-1"))
  for (receipt in rotation$replicas) {
    expect_identical(receipt$key_material_id, rotation$new)
    expect_near(as.numeric(receipt$expires), as.numeric(Sys.time()) + 90 * 86400)
  }
  expect_identical(nrow(rotation$checks), 6L)
  expect_identical(all(rotation$checks$passed), TRUE)
  for (replica in key$replicas) {
    expect_identical(replica$describe_key(key$receipt$key_id)$KeyMetadata$CurrentKeyMaterialId, rotation$new)
    expect_identical(rawToChar(replica$decrypt(secret, KeyId = key$receipt$key_id)$Plaintext), "from before")
  }
})

test_that("replicas that are missing, strange, twice there or primaries are refused", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  key <- new_multi_region_key(emulator, material_of("SYMMETRIC_DEFAULT"))
  new <- key_material_random()
  emulator$clear_log()
  error <- expect_error(byok_rotate(svc, key$receipt, new, replicas = key$replicas[1]), class = "kmsr_replicas_error")
  expect_identical(error$regions, "eu-north-1")
  expect_error(byok_rotate(svc, key$receipt, new), class = "kmsr_replicas_error")
  strange <- c(key$replicas, list(quick_client(emulator, region = "us-west-2")))
  expect_error(byok_rotate(svc, key$receipt, new, replicas = strange), class = "kmsr_argument_error")
  expect_error(byok_rotate(svc, key$receipt, new, replicas = key$replicas[c(1, 2, 2)]), class = "kmsr_argument_error")
  expect_error(
    byok_rotate(key$replicas[[1]], key$receipt$key_id, new, replicas = list(svc)), class = "kmsr_key_state_error"
  )
  expect_identical(sum(calls_to(emulator) == "ImportKeyMaterial"), 0L)
})

test_that("a failure in a replica's Region names it, and the same call goes on", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  key <- new_multi_region_key(emulator, material_of("SYMMETRIC_DEFAULT"))
  new <- key_material_random()
  emulator$fault("import_key_material", "error", after = 2, times = 1)
  error <- expect_error(
    byok_rotate(svc, key$receipt, new, replicas = key$replicas), class = "kmsr_rotation_error"
  )
  expect_match(error$step, "^import in eu-")
  expect_identical(unname(material_ids(svc, key$receipt)), c("CURRENT", "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"))
  rotation <- byok_rotate(svc, key$receipt, new, replicas = key$replicas)
  expect_identical(all(rotation$checks$passed), TRUE)
})
