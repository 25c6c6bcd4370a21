# Imports that go wrong on the way: what is said, and how they go on.

# The operation of each step of an import with everything in it.
step_operations <- c(
  create = "CreateKey", parameters = "GetParametersForImport", import = "ImportKeyMaterial", describe = "DescribeKey",
  verify = "GenerateMac", alias = "CreateAlias"
)

# Runs an import of which one operation fails, after as many successful calls as come before the step.
failing_import <- function(emulator, step, kind = "error", ..., alias = "orders", svc = quick_client(emulator)) {
  # The alias is looked up by the same operation that describes the key.
  before <- if (step == "describe" && !is.null(alias)) 1 else 0
  emulator$fault(step_operations[[step]], kind, ..., after = before)
  # RSA_2048, because the emulator makes longer keys slowly.
  error <- expect_error(byok_import(
    svc, material_of("HMAC_256"), alias = alias, wrapping_key_spec = "RSA_2048", wait = 0
  ))
  emulator$clear_faults()
  error
}

test_that("a failure at any step tells the key and its state, and the import goes on from there", {
  for (step in setdiff(names(step_operations), "create")) {
    emulator <- local_emulator()
    error <- failing_import(emulator, step, code = "KMSInternalException", message = "Sorry.", status = 500)
    expect_s3_class(error, "kmsr_import_error")
    expect_s3_class(error, "kmsr_KMSInternalException")
    expect_s3_class(error, "paws_error")
    expect_identical(error$step, step)
    expect_identical(error$created, TRUE)
    expect_identical(error$code, "KMSInternalException")
    expect_identical(attr(error, "status_code"), 500L)

    svc <- quick_client(emulator)
    key <- svc$describe_key(error$key_arn)$KeyMetadata
    expect_identical(error$key_id, key$KeyId)
    if (step != "describe") expect_identical(error$key_state, key$KeyState)
    expect_identical(key$KeyState, if (step == "parameters" || step == "import") "PendingImport" else "Enabled")
    expect_length(svc$list_aliases()$Aliases, 0)

    receipt <- byok_import(svc, material_of("HMAC_256"), key_id = error$key_id)
    expect_identical(receipt$key_arn, key$Arn)
    expect_match(conditionMessage(error), "svc$create_alias(\"alias/orders\", ", fixed = TRUE)
    expect_identical(receipt$proof$proven, TRUE)
    expect_length(svc$list_keys()$Keys, 1)
  }
})

test_that("a refusal of CreateKey leaves nothing behind and says nothing more", {
  emulator <- local_emulator()
  error <- failing_import(emulator, "create", code = "AccessDeniedException", message = "No.", status = 400)
  expect_identical(class(error)[1], "kmsr_AccessDeniedException")
  expect_false(inherits(error, "kmsr_import_error"))
  expect_length(quick_client(emulator)$list_keys()$Keys, 0)
})

test_that("a CreateKey whose answer is lost may have made a key, and that is said", {
  emulator <- local_emulator()
  error <- failing_import(emulator, "create", "drop")
  expect_s3_class(error, "kmsr_import_error")
  expect_s3_class(error, "kmsr_transport_error")
  expect_identical(error$step, "create")
  expect_identical(error$created, NA)
  expect_null(error$key_id)
  expect_match(conditionMessage(error), "cannot be told whether a key was created")
  # As the message says: it may be among the keys.
  svc <- quick_client(emulator)
  keys <- svc$list_keys()$Keys
  expect_length(keys, 1)
  expect_identical(byok_import(svc, material_of("HMAC_256"), key_id = keys[[1]]$KeyId)$proof$proven, TRUE)
})

test_that("an import whose answer is lost happened, and the next one finds the same bytes", {
  emulator <- local_emulator()
  error <- failing_import(emulator, "import", "drop")
  expect_s3_class(error, "kmsr_transport_error")
  expect_identical(error[c("step", "key_state", "created")], list(step = "import", key_state = "Enabled", created = TRUE))
  receipt <- byok_import(quick_client(emulator), material_of("HMAC_256"), key_id = error$key_id)
  expect_identical(receipt$proof$proven, TRUE)
})

test_that("a service that does not answer in time ends the import at that step", {
  emulator <- local_emulator()
  error <- failing_import(emulator, "import", "delay", seconds = 10, svc = quick_client(emulator, timeout = 5))
  expect_s3_class(error, "kmsr_timeout_error")
  expect_identical(error$step, "import")
})

test_that("when the state cannot be asked for, the last one known is told", {
  emulator <- local_emulator()
  emulator$fault("import_key_material", "error", code = "KMSInternalException")
  emulator$fault("describe_key", "error", code = "KMSInternalException")
  error <- expect_error(byok_import(quick_client(emulator), material_of("HMAC_256")), class = "kmsr_import_error")
  expect_identical(error$key_state, "PendingImport")
})

test_that("throttling is waited out", {
  emulator <- local_emulator()
  for (operation in step_operations) emulator$fault(operation, "throttle", times = 1)
  receipt <- byok_import(emulator$client(), material_of("HMAC_256"), alias = "orders")
  expect_identical(receipt$proof$proven, TRUE)
  expect_length(emulator$client()$list_keys()$Keys, 1)
})

test_that("a new key that AWS does not know everywhere yet is waited for, and not longer than asked", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  emulator$new_key_delay(1)
  expect_identical(byok_import(svc, material_of("HMAC_256"))$proof$proven, TRUE)

  emulator$new_key_delay(3600)
  started <- Sys.time()
  error <- expect_error(byok_import(svc, material_of("HMAC_256"), wait = 1), class = "kmsr_import_error")
  expect_lt(as.numeric(Sys.time() - started, units = "secs"), 10)
  expect_s3_class(error, "kmsr_NotFoundException")
  expect_identical(error$step, "parameters")
  emulator$advance("2 hours")
  # Clients that retry follow its clock.
  svc <- emulator$client()
  expect_identical(byok_import(svc, material_of("HMAC_256"), key_id = error$key_id)$proof$proven, TRUE)
})

test_that("a key that exists and is not found is not waited for", {
  svc <- local_kms()
  started <- Sys.time()
  expect_error(byok_import(svc, material_of("HMAC_256"), key_id = "none"), class = "kmsr_NotFoundException")
  expect_lt(as.numeric(Sys.time() - started, units = "secs"), 10)
})

test_that("a key takes back its own material only", {
  svc <- local_kms()
  first <- byok_import(svc, material_of("HMAC_256"))
  error <- expect_error(
    byok_import(svc, key_material_random("HMAC_256"), key_id = first),
    class = "kmsr_IncorrectKeyMaterialException"
  )
  expect_identical(error[c("step", "key_state", "created")], list(step = "import", key_state = "Enabled", created = FALSE))
  expect_identical(byok_verify(svc, first, material_of("HMAC_256"))$proven, TRUE)
})

test_that("material that KMS did not get right fails the proof", {
  # A service that answers with another key's public key.
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  other <- byok_import(svc, key_material_random("ECC_NIST_P256"))
  real <- svc$get_public_key
  svc$get_public_key <- function(KeyId) real(KeyId = other$key_arn)
  error <- expect_error(byok_import(svc, material_of("ECC_NIST_P256")), class = "kmsr_import_error")
  expect_s3_class(error, "kmsr_proof_error")
  expect_identical(error$step, "verify")
  expect_identical(error$method, "public_key")
})

test_that("failures read well", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  byok <- function(...) byok_import(svc, material_of("HMAC_256"), ..., wait = 0)
  expect_snapshot(error = TRUE, transform = steady, {
    emulator$fault("get_parameters_for_import", "error", code = "AccessDeniedException", message = "No.", status = 400)
    byok()
    emulator$clear_faults()
    emulator$fault("import_key_material", "error", code = "LimitExceededException", message = "Enough.", status = 400)
    key <- new_external_key(svc)
    byok(key_id = key$KeyId)
    emulator$clear_faults()
    emulator$fault("create_key", "drop")
    byok()
  })
})
