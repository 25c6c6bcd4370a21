# Rotation of keys whose material never changes.

target_of <- function(svc, alias) svc$describe_key(alias)$KeyMetadata$KeyId

test_that("an HMAC key is replaced by one like it, behind the same alias", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  old <- byok_import(
    svc, material_of("HMAC_256"), alias = "webhooks", description = "signs callbacks", tags = c(team = "shop", stage = "test"),
    policy = root_policy
  )
  mac <- svc$generate_mac("paid", "alias/webhooks", "HMAC_SHA_256")$Mac
  new <- key_material_random("HMAC_256")
  emulator$clear_log()
  rotation <- byok_rotate(svc, "alias/webhooks", new, expires = "90 days")

  expect_identical(rotation$kind, "key")
  expect_identical(rotation$old, old$key_arn)
  expect_identical(rotation$new, rotation$receipt$key_arn)
  expect_identical(rotation$aliases, "alias/webhooks")
  expect_identical(rotation$receipt$proof$method, "mac")
  expect_near(as.numeric(rotation$receipt$expires), as.numeric(Sys.time()) + 90 * 86400)
  expect_identical(rotation$checks$passed, c(TRUE, TRUE))
  key <- svc$describe_key("alias/webhooks")$KeyMetadata
  expect_identical(key$Arn, rotation$new)
  expect_identical(key$Description, "signs callbacks")
  expect_identical(svc$get_key_policy(key$KeyId)$Policy, svc$get_key_policy(old$key_id)$Policy)
  expect_identical(svc$list_resource_tags(key$KeyId)$Tags, svc$list_resource_tags(old$key_id)$Tags)

  # The old key still does what it did, and the new one does not do it in its stead.
  expect_identical(svc$verify_mac("paid", old$key_id, "HMAC_SHA_256", mac)$MacValid, TRUE)
  expect_error(svc$verify_mac("paid", "alias/webhooks", "HMAC_SHA_256", mac), class = "kmsr_KMSInvalidMacException")

  # The alias moves last, when the new key is proven.
  calls <- calls_to(emulator)
  expect_identical(max(which(calls %in% c("CreateKey", "ImportKeyMaterial", "GenerateMac"))) < which(calls == "UpdateAlias"), TRUE)
  expect_snapshot(rotation, transform = steady)
})

test_that("keys for signatures and for decryption keep their usage", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  for (usage in c("KEY_AGREEMENT", "SIGN_VERIFY")) {
    byok_import(svc, material_of("ECC_NIST_P256"), alias = usage, key_usage = usage)
    rotation <- byok_rotate(svc, paste0("alias/", usage), key_material_random("ECC_NIST_P256"))
    expect_identical(rotation$receipt$key_usage, usage)
    expect_identical(rotation$receipt$proof$method, "public_key")
  }
})

test_that("all aliases move, or the one that was named", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  old <- byok_import(svc, material_of("HMAC_256"), alias = "one")
  svc$create_alias("alias/two", old$key_id)
  svc$create_grant(old$key_id, "arn:aws:iam::000000000000:user/x", Operations = "GenerateMac")

  first <- byok_rotate(svc, "alias/one", key_material_random("HMAC_256"))
  expect_identical(first$aliases, "alias/one")
  expect_identical(target_of(svc, "alias/two"), old$key_id)
  expect_match(first$notes, "still lead to the old key: alias/two", all = FALSE)
  expect_match(first$notes, "has 1 grant,", all = FALSE)

  svc$create_alias("alias/three", old$key_id)
  second <- byok_rotate(svc, old, key_material_random("HMAC_256"))
  expect_setequal(second$aliases, c("alias/two", "alias/three"))
  expect_identical(target_of(svc, "alias/two"), second$receipt$key_id)
  expect_identical(target_of(svc, "alias/one"), first$receipt$key_id)

  third <- byok_rotate(svc, second$new, key_material_random("HMAC_256"), alias = "three", tags = c(a = "b"), policy = root_policy)
  expect_identical(third$aliases, "alias/three")
  expect_identical(svc$list_resource_tags(third$receipt$key_id)$Tags[[1]]$TagKey, "a")
})

test_that("a failure names the new key, and giving it continues", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  old <- byok_import(svc, material_of("HMAC_256"), alias = "webhooks")
  svc$create_alias("alias/hooks", old$key_id)
  operations <- list(
    c("get_parameters_for_import", 0), c("import_key_material", 0), c("generate_mac", 1), c("update_alias", 0),
    c("update_alias", 1)
  )
  for (operation in operations) {
    new <- key_material_random("HMAC_256")
    before <- target_of(svc, "alias/webhooks")
    emulator$fault(operation[1], "error", after = as.numeric(operation[2]), times = 1)
    error <- expect_error(byok_rotate(svc, before, new, wait = 5), class = "kmsr_rotation_error")
    emulator$clear_faults()
    expect_identical(error$created, TRUE)
    expect_match(conditionMessage(error), sprintf("new_key_id = \"%s\"", error$key_id), fixed = TRUE)
    # Both aliases lead to a key that works, whichever it is.
    expect_identical(svc$describe_key("alias/webhooks")$KeyMetadata$KeyState, "Enabled")
    expect_identical(svc$describe_key("alias/hooks")$KeyMetadata$KeyState, "Enabled")

    keys <- length(svc$list_keys()$Keys)
    rotation <- byok_rotate(svc, before, new, new_key_id = error$key_id)
    expect_identical(rotation$receipt$key_id, error$key_id)
    expect_setequal(rotation$aliases, c("alias/webhooks", "alias/hooks"))
    expect_identical(all(rotation$checks$passed), TRUE)
    expect_length(svc$list_keys()$Keys, keys)
  }
})

test_that("a new key that AWS does not know everywhere yet is waited for", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  old <- byok_import(svc, material_of("HMAC_256"), alias = "webhooks")
  emulator$new_key_delay(0.5)
  rotation <- byok_rotate(svc, old, key_material_random("HMAC_256"))
  expect_identical(rotation$checks$passed, c(TRUE, TRUE))
})

test_that("a CreateKey that is refused leaves everything as it was", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  old <- byok_import(svc, material_of("HMAC_256"), alias = "webhooks")
  emulator$fault("create_key", "error", code = "LimitExceededException", status = 400)
  error <- expect_error(byok_rotate(svc, old, key_material_random("HMAC_256")), class = "kmsr_LimitExceededException")
  expect_identical(inherits(error, "kmsr_rotation_error"), FALSE)
  expect_identical(target_of(svc, "alias/webhooks"), old$key_id)
})

test_that("what would be no rotation is refused before anything changes", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  old <- byok_import(svc, material_of("HMAC_256"), alias = "webhooks")
  nameless <- byok_import(svc, key_material_random("HMAC_256"))
  signer <- byok_import(svc, material_of("ECC_NIST_P256"), alias = "release")
  expect_snapshot(error = TRUE, transform = steady, {
    byok_rotate(svc, old, material_of("HMAC_256"))
    byok_rotate(svc, nameless, material_of("HMAC_256"))
    byok_rotate(svc, old, key_material_random("HMAC_256"), alias = "release")
    byok_rotate(svc, old, key_material_random("HMAC_256"), new_key_id = old$key_id)
    byok_rotate(svc, old, key_material_random("HMAC_256"), material_description = "second")
  })
  emulator$fault("get_key_policy", "error", code = "AccessDeniedException", status = 400)
  expect_snapshot(error = TRUE, transform = steady, byok_rotate(svc, old, key_material_random("HMAC_256")))
  expect_length(svc$list_keys()$Keys, 3)
  expect_identical(byok_rotate(svc, old, key_material_random("HMAC_256"), policy = root_policy)$completed, TRUE)
})

test_that("the old key's policy that names it is pointed out", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  old <- byok_import(svc, material_of("HMAC_256"), alias = "webhooks")
  svc$put_key_policy(old$key_id, "default", sub("\"Resource\": \"*\"", sprintf("\"Resource\": \"%s\"", old$key_arn), root_policy, fixed = TRUE))
  rotation <- byok_rotate(svc, old, key_material_random("HMAC_256"))
  expect_match(rotation$notes, "copied to the new key, names the old key", all = FALSE)
})

test_that("a multi-Region key is replaced in all its Regions", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  there <- quick_client(emulator, region = "eu-west-1")
  old <- byok_import(svc, material_of("HMAC_256"), alias = "webhooks", multi_region = TRUE)
  svc$replicate_key(old$key_id, "eu-west-1")
  byok_import(there, material_of("HMAC_256"), key_id = old$key_id)
  there$create_alias("alias/webhooks", old$key_id)
  expect_error(byok_rotate(svc, old, key_material_random("HMAC_256")), class = "kmsr_replicas_error")

  new <- key_material_random("HMAC_256")
  emulator$fault("replicate_key", "error", times = 1)
  error <- expect_error(byok_rotate(svc, old, new, replicas = there), class = "kmsr_rotation_error")
  expect_identical(error$step, "replicate to eu-west-1")
  expect_identical(target_of(svc, "alias/webhooks"), old$key_id)

  rotation <- byok_rotate(svc, old, new, replicas = there, new_key_id = error$key_id)
  expect_identical(names(rotation$replicas), "eu-west-1")
  expect_identical(rotation$checks$passed, rep(TRUE, 4))
  expect_identical(target_of(there, "alias/webhooks"), rotation$receipt$key_id)
  expect_identical(
    there$generate_mac("m", "alias/webhooks", "HMAC_SHA_256")$Mac,
    svc$generate_mac("m", "alias/webhooks", "HMAC_SHA_256")$Mac
  )
})
