test_that("each kind of key is proven in its way", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  way <- function(spec) {
    receipt <- byok_import(svc, material_of(spec), verify = FALSE)
    emulator$clear_log()
    proof <- byok_verify(svc, receipt, material_of(spec))
    expect_identical(proof$proven, TRUE)
    c(proof$method, setdiff(calls_to(emulator), "DescribeKey"))
  }
  expect_identical(way("HMAC_512"), c("mac", "GenerateMac"))
  expect_identical(way("RSA_2048"), c("public_key", "GetPublicKey"))
  expect_identical(way("ECC_SECG_P256K1"), c("public_key", "GetPublicKey"))
  expect_identical(way("ECC_NIST_EDWARDS25519"), c("public_key", "GetPublicKey"))
  expect_identical(
    way("SYMMETRIC_DEFAULT"), c("reimport", "ListKeyRotations", "GetParametersForImport", "ImportKeyMaterial")
  )
})

test_that("a key is verified by every name it has", {
  svc <- local_kms()
  receipt <- byok_import(svc, material_of("HMAC_256"), alias = "orders")
  for (key in list(receipt, receipt$key_id, receipt$key_arn, "alias/orders")) {
    expect_identical(byok_verify(svc, key, material_of("HMAC_256"))$proven, TRUE)
  }
})

test_that("other material is disproved", {
  svc <- local_kms()
  disproved <- function(spec) {
    receipt <- byok_import(svc, material_of(spec))
    error <- expect_error(byok_verify(svc, receipt, key_material_random(spec)), class = "kmsr_proof_error")
    expect_identical(error$key_arn, receipt$key_arn)
    # Nothing has changed.
    expect_identical(byok_verify(svc, receipt, material_of(spec))$proven, TRUE)
    error$method
  }
  expect_identical(disproved("HMAC_256"), "mac")
  expect_identical(disproved("ECC_NIST_P256"), "public_key")
  expect_identical(disproved("ECC_NIST_EDWARDS25519"), "public_key")
  expect_identical(disproved("RSA_2048"), "public_key")
  expect_identical(disproved("SYMMETRIC_DEFAULT"), "reimport")
})

test_that("a service that lies about a MAC is found out", {
  svc <- local_kms()
  receipt <- byok_import(svc, material_of("HMAC_256"))
  svc$generate_mac <- function(...) list(Mac = as.raw(1:32))
  expect_error(byok_verify(svc, receipt, material_of("HMAC_256")), class = "kmsr_proof_error")
})

test_that("each proof asks with another message", {
  svc <- local_kms()
  receipt <- byok_import(svc, material_of("HMAC_256"), verify = FALSE)
  asked <- list()
  real <- svc$generate_mac
  svc$generate_mac <- function(Message, ...) {
    asked[[length(asked) + 1]] <<- Message
    real(Message = Message, ...)
  }
  for (i in 1:3) byok_verify(svc, receipt, material_of("HMAC_256"))
  expect_identical(lengths(asked), rep(32L, 3))
  expect_length(unique(asked), 3)
})

test_that("the escrow drill leaves the expiry as it is", {
  svc <- local_kms()
  expiring <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"), expires = "90 days")
  expect_identical(byok_verify(svc, expiring, material_of("SYMMETRIC_DEFAULT"))$proven, TRUE)
  expect_identical(svc$describe_key(expiring$key_id)$KeyMetadata$ValidTo, expiring$expires)

  lasting <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"))
  byok_verify(svc, lasting, material_of("SYMMETRIC_DEFAULT"))
  expect_identical(
    svc$describe_key(lasting$key_id)$KeyMetadata$ExpirationModel, "KEY_MATERIAL_DOES_NOT_EXPIRE"
  )
})

test_that("of several materials the receipt tells which one is meant, with its own expiry", {
  svc <- local_kms()
  first <- material_of("SYMMETRIC_DEFAULT")
  second <- key_material_random()
  receipt <- byok_import(svc, first, expires = "90 days")
  wrapping <- c("RSAES_OAEP_SHA_256", "RSA_2048")
  parameters <- svc$get_parameters_for_import(receipt$key_id, wrapping[1], wrapping[2])
  imported <- svc$import_key_material(
    receipt$key_id, parameters$ImportToken, wrap_key_material(second, parameters$PublicKey, wrapping[1]),
    ImportType = "NEW_KEY_MATERIAL", ValidTo = Sys.time() + 30 * 86400
  )
  svc$rotate_key_on_demand(receipt$key_id)
  expect_identical(svc$describe_key(receipt$key_id)$KeyMetadata$CurrentKeyMaterialId, imported$KeyMaterialId)

  # By the key alone, the current material is meant.
  expect_identical(byok_verify(svc, receipt$key_id, second)$proven, TRUE)
  expect_identical(byok_verify(svc, receipt, first)$proven, TRUE)
  expect_error(byok_verify(svc, receipt, second), class = "kmsr_proof_error")
  expect_error(byok_verify(svc, receipt$key_id, first), class = "kmsr_proof_error")

  rotations <- svc$list_key_rotations(receipt$key_id, IncludeKeyMaterial = "ALL_KEY_MATERIAL")$Rotations
  ids <- vapply(rotations, function(rotation) rotation$KeyMaterialId, "")
  ends <- lapply(rotations, function(rotation) as.numeric(rotation$ValidTo))
  expect_near(ends[[match(receipt$key_material_id, ids)]], as.numeric(receipt$expires))
  expect_near(ends[[match(imported$KeyMaterialId, ids)]], as.numeric(Sys.time()) + 30 * 86400)
})

test_that("without the drill nothing is claimed and nothing imported", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  receipt <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"))
  emulator$clear_log()
  proof <- byok_verify(svc, receipt, material_of("SYMMETRIC_DEFAULT"), drill = FALSE)
  expect_identical(proof$proven, NA)
  expect_match(proof$statement, receipt$key_material_id)
  expect_identical(calls_to(emulator), "DescribeKey")
})

test_that("what cannot be verified is refused with what to do", {
  svc <- local_kms()
  pending <- new_external_key(svc)
  receipt <- byok_import(svc, material_of("HMAC_256"))
  expect_error(byok_verify(svc, pending$KeyId, material_of("HMAC_256")), class = "kmsr_key_state_error")
  # There is no `key_id` to leave out.
  expect_match(tryCatch(byok_verify(svc, receipt, material_of("HMAC_512")), error = conditionMessage), "or name the key of this material")
  expect_error(byok_verify(svc, receipt, material_of("SYMMETRIC_DEFAULT"), tries = 2), "not an argument", class = "kmsr_argument_error")
  expect_error(byok_verify(svc, NULL, material_of("SYMMETRIC_DEFAULT")), "`key` must be", class = "kmsr_argument_error")
  expect_error(byok_verify(svc, receipt, material_of("HMAC_512")), class = "kmsr_key_mismatch_error")
  expect_error(byok_verify(svc, svc$create_key()$KeyMetadata$KeyId, material_of("SYMMETRIC_DEFAULT")), class = "kmsr_key_mismatch_error")
  expect_error(byok_verify(svc, receipt, "secret"), class = "kmsr_argument_error")
  expect_error(byok_verify(svc, NULL, material_of("HMAC_256")), class = "kmsr_argument_error")
  expect_error(byok_verify(svc, receipt, material_of("HMAC_256"), drill = NA), class = "kmsr_argument_error")
})

test_that("expired material can be told from the wrong one", {
  emulator <- local_emulator()
  svc <- emulator$client()
  receipt <- byok_import(svc, material_of("HMAC_256"), expires = "1 day")
  emulator$advance("2 days")
  expect_error(byok_verify(svc, receipt, material_of("HMAC_256")), class = "kmsr_key_state_error")
})

test_that("proofs read well", {
  svc <- local_kms()
  hmac <- byok_import(svc, material_of("HMAC_256"))
  symmetric <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"))
  expect_snapshot(transform = steady, {
    byok_verify(svc, hmac, material_of("HMAC_256"))
    byok_verify(svc, byok_import(svc, material_of("ECC_NIST_P256")), material_of("ECC_NIST_P256"))
    byok_verify(svc, symmetric, material_of("SYMMETRIC_DEFAULT"))
    byok_verify(svc, symmetric, material_of("SYMMETRIC_DEFAULT"), drill = FALSE)
  })
  expect_snapshot(error = TRUE, transform = steady, {
    byok_verify(svc, hmac, key_material_random("HMAC_256"))
    byok_verify(svc, symmetric, key_material_random())
  })
})
