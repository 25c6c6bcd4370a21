# A renewal tells what it did; what it returns is what most tests look at.
renew <- function(...) suppressMessages(byok_renew(...), classes = "kmsr_renewal_message")

test_that("the expiry moves and nothing else does", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  for (spec in c("SYMMETRIC_DEFAULT", "HMAC_256", "ECC_NIST_P256")) {
    material <- material_of(spec)
    before <- byok_import(svc, material, expires = "5 days")
    after <- renew(svc, before, material, expires = "100 days")
    expect_s3_class(after, "kms_import_receipt")
    expect_identical(after$key_arn, before$key_arn)
    expect_identical(after$key_material_id, before$key_material_id)
    expect_identical(after$proof$proven, TRUE)
    expect_near(as.numeric(after$expires), as.numeric(Sys.time()) + 100 * 86400)
    expect_near(as.numeric(svc$describe_key(before$key_id)$KeyMetadata$ValidTo), as.numeric(after$expires))
    expect_identical(renew(svc, before$key_id, material, expires = NULL)$expires, kmsr:::time_from(NA_real_))
    expect_identical(svc$describe_key(before$key_id)$KeyMetadata$ExpirationModel, "KEY_MATERIAL_DOES_NOT_EXPIRE")
  }
})

test_that("it is said what the expiry was and is", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  byok_import(svc, material_of("HMAC_256"), alias = "webhooks", expires = "5 days")
  expect_snapshot(receipt <- byok_renew(svc, "alias/webhooks", material_of("HMAC_256"), expires = NULL), transform = steady)
  expect_snapshot(receipt <- byok_renew(svc, "alias/webhooks", material_of("HMAC_256"), expires = "9 days"), transform = steady)
  emulator$advance("10 days")
  expect_snapshot(
    receipt <- byok_renew(svc, "alias/webhooks", material_of("HMAC_256"), expires = "50 days"), transform = steady
  )
  expect_identical(receipt$alias, "alias/webhooks")
})

test_that("a key whose material expired works again", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  receipt <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"), expires = "5 days")
  secret <- svc$encrypt(receipt$key_id, "a secret")$CiphertextBlob
  emulator$advance("6 days")
  expect_error(svc$decrypt(secret), class = "kmsr_KMSInvalidStateException")
  renew(svc, receipt, material_of("SYMMETRIC_DEFAULT"), expires = NULL)
  expect_identical(rawToChar(svc$decrypt(secret)$Plaintext), "a secret")
})

test_that("the right material of a rotated key is found, and a wrong try costs nothing", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  materials <- list(key_material_random(), key_material_random(), key_material_random())
  first <- byok_import(svc, materials[[1]], expires = "5 days")
  for (material in materials[-1]) byok_rotate(svc, first, material, verify = FALSE)
  ids <- kmsr:::list_materials(svc, first$key_arn)$key_material_id
  expect_identical(ids[1], first$key_material_id)

  for (i in 1:3) {
    emulator$clear_log()
    expect_identical(renew(svc, first$key_id, materials[[i]], expires = paste(10 * i, "days"))$key_material_id, ids[i])
    # One set of parameters for all tries.
    expect_identical(sum(calls_to(emulator) == "GetParametersForImport"), 1L)
  }
  days <- as.numeric(difftime(kmsr:::list_materials(svc, first$key_arn)$expires, Sys.time(), units = "days"))
  expect_identical(round(days), c(10, 20, 30))
  expect_error(renew(svc, first$key_id, key_material_random(), expires = NULL), class = "kmsr_IncorrectKeyMaterialException")
  expect_identical(round(as.numeric(difftime(
    kmsr:::list_materials(svc, first$key_arn)$expires, Sys.time(), units = "days"
  ))), c(10, 20, 30))

  # Named, it is that one or none.
  expect_error(
    renew(svc, first$key_id, materials[[1]], expires = NULL, key_material_id = ids[2]),
    class = "kmsr_IncorrectKeyMaterialException"
  )
  expect_error(renew(svc, first, materials[[2]], expires = NULL), class = "kmsr_IncorrectKeyMaterialException")
})

test_that("while another material is missing, the key stays as it is and that is said", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  materials <- list(key_material_random(), key_material_random())
  first <- byok_import(svc, materials[[1]], expires = "5 days")
  byok_rotate(svc, first, materials[[2]], expires = "6 days", verify = FALSE)
  emulator$advance("7 days")
  expect_snapshot(receipt <- byok_renew(svc, first$key_id, materials[[2]], expires = NULL), transform = steady)
  expect_identical(svc$describe_key(first$key_id)$KeyMetadata$KeyState, "PendingImport")
  expect_silent(renew(svc, first$key_id, materials[[1]], expires = NULL))
  expect_identical(svc$describe_key(first$key_id)$KeyMetadata$KeyState, "Enabled")
})

test_that("without the permission to list materials, KMS finds the material itself", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  materials <- list(key_material_random(), key_material_random())
  first <- byok_import(svc, materials[[1]])
  byok_rotate(svc, first, materials[[2]], verify = FALSE)
  emulator$fault("list_key_rotations", "error", code = "AccessDeniedException", status = 400)
  expect_identical(renew(svc, first$key_id, materials[[1]], expires = "9 days")$key_material_id, first$key_material_id)
})

test_that("other bytes, other kinds and empty keys are refused with advice", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  receipt <- byok_import(svc, material_of("HMAC_256"), expires = "5 days")
  empty <- new_external_key(svc, "SYMMETRIC_DEFAULT")
  expect_snapshot(error = TRUE, transform = steady, {
    byok_renew(svc, receipt, key_material_random("HMAC_256"), expires = NULL)
    byok_renew(svc, receipt, material_of("ECC_NIST_P256"), expires = NULL)
    byok_renew(svc, receipt, material_of("HMAC_256"))
    byok_renew(svc, receipt, material_of("HMAC_256"), expires = "2 years")
    byok_renew(svc, receipt, material_of("HMAC_256"), expires = NULL, key_material_id = strrep("a", 64))
    byok_renew(svc, empty$KeyId, material_of("SYMMETRIC_DEFAULT"), expires = NULL)
    byok_renew(svc, empty$KeyId, material_of("SYMMETRIC_DEFAULT"), expires = NULL, key_material_id = "first")
  })
  error <- expect_error(
    byok_renew(svc, receipt, key_material_random("HMAC_256"), expires = NULL), class = "kmsr_renewal_error"
  )
  expect_s3_class(error, "kmsr_import_error")
  expect_identical(error$key_state, "Enabled")
  expect_near(as.numeric(svc$describe_key(receipt$key_id)$KeyMetadata$ValidTo), as.numeric(receipt$expires))
})

test_that("a failure on the way tells the state, and the same call goes on", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  receipt <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"), expires = "5 days")
  for (operation in c("get_parameters_for_import", "import_key_material")) {
    emulator$fault(operation, "error", times = 1)
    error <- expect_error(
      byok_renew(svc, receipt, material_of("SYMMETRIC_DEFAULT"), expires = NULL), class = "kmsr_renewal_error"
    )
    expect_identical(error$key_state, "Enabled")
    expect_identical(error$key_id, receipt$key_id)
  }
  expect_identical(
    renew(svc, receipt, material_of("SYMMETRIC_DEFAULT"), expires = NULL)$key_material_id, receipt$key_material_id
  )
})

test_that("an import into a key with several materials has its own expiry in the receipt", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  first <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"), expires = "5 days")
  second <- key_material_random()
  byok_rotate(svc, first, second, verify = FALSE)
  again <- byok_import(svc, second, key_id = first$key_id, expires = "200 days", verify = FALSE)
  expect_near(as.numeric(again$expires), as.numeric(Sys.time()) + 200 * 86400)
})
