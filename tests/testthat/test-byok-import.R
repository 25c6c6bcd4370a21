test_that("material of every kind arrives in every way AWS allows, and is proven", {
  skip_on_cran()
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  matrix <- import_matrix()
  allowed <- matrix[matrix$allowed, ]
  expect_identical(nrow(allowed), 30L + 18L + 58L)
  proofs <- vapply(seq_len(nrow(allowed)), function(i) {
    row <- allowed[i, ]
    receipt <- byok_import(
      svc, material_of(row$key_spec),
      wrapping_algorithm = row$wrapping_algorithm, wrapping_key_spec = row$wrapping_key_spec
    )
    said <- unlist(receipt[c("key_spec", "wrapping_algorithm", "wrapping_key_spec")])
    if (!identical(unname(said), unlist(row[1:3], use.names = FALSE))) return("another way")
    paste(receipt$proof$method, receipt$proof$proven)
  }, "")
  expected <- ifelse(
    allowed$key_spec == "SYMMETRIC_DEFAULT", "record NA",
    ifelse(startsWith(allowed$key_spec, "HMAC_"), "mac TRUE", "public_key TRUE")
  )
  expect_identical(proofs, expected)
})

test_that("every other way is refused with advice before anything is sent", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  matrix <- import_matrix()
  refused <- matrix[!matrix$allowed, ]
  for (i in seq_len(nrow(refused))) {
    row <- refused[i, ]
    # One RSA key stands for all: their making takes long, their rules are the same.
    error <- tryCatch(
      byok_import(
        svc, material_of(sub("RSA_[34].*", "RSA_2048", row$key_spec)),
        wrapping_algorithm = row$wrapping_algorithm, wrapping_key_spec = row$wrapping_key_spec
      ),
      error = identity
    )
    label <- paste(row[1:3], collapse = " ")
    expect_identical(class(error)[1], "kmsr_wrap_error", label = label)
    expect_match(conditionMessage(error), "\\b[Uu]se ", label = label)
  }
  expect_identical(calls_to(emulator), character())
})

test_that("without a choice the best way is taken", {
  svc <- local_kms()
  ways <- vapply(c("SYMMETRIC_DEFAULT", "HMAC_512", "RSA_2048", "ECC_NIST_P521", "ECC_NIST_EDWARDS25519"), function(spec) {
    receipt <- byok_import(svc, material_of(spec))
    paste(receipt$wrapping_algorithm, receipt$wrapping_key_spec)
  }, "", USE.NAMES = FALSE)
  expect_identical(ways, rep(c("RSAES_OAEP_SHA_256 RSA_4096", "RSA_AES_KEY_WRAP_SHA_256 RSA_4096"), c(2, 3)))
})

test_that("the key is made as asked, and the alias leads to it", {
  svc <- local_kms()
  receipt <- byok_import(
    svc, material_of("ECC_NIST_P256"),
    alias = "team/orders", description = "orders", tags = c(team = "a", cost = "b"), key_usage = "KEY_AGREEMENT",
    multi_region = TRUE, policy = root_policy
  )
  key <- svc$describe_key("alias/team/orders")$KeyMetadata
  expect_identical(key$Arn, receipt$key_arn)
  expect_identical(receipt$alias, "alias/team/orders")
  expect_identical(
    key[c("Description", "KeyUsage", "KeySpec", "MultiRegion", "Origin", "KeyState")],
    list(
      Description = "orders", KeyUsage = "KEY_AGREEMENT", KeySpec = "ECC_NIST_P256", MultiRegion = TRUE,
      Origin = "EXTERNAL", KeyState = "Enabled"
    )
  )
  tags <- svc$list_resource_tags(key$KeyId)$Tags
  expect_identical(
    sort(vapply(tags, function(tag) paste(tag$TagKey, tag$TagValue), "")), c("cost b", "team a")
  )
  expect_match(svc$get_key_policy(key$KeyId)$Policy, "everything", fixed = TRUE)
})

test_that("a key that exists is found by every name it has", {
  svc <- local_kms()
  first <- byok_import(svc, material_of("HMAC_256"), alias = "orders")
  names <- list(
    first$key_id, first$key_arn, "alias/orders", sub("key/.*", "alias/orders", first$key_arn), first
  )
  for (name in names) {
    receipt <- byok_import(svc, material_of("HMAC_256"), key_id = name)
    expect_identical(receipt$key_arn, first$key_arn)
    expect_identical(receipt$proof$proven, TRUE)
  }
  expect_length(svc$list_keys()$Keys, 1)
})

test_that("the material expires when it shall, and by default never", {
  svc <- local_kms()
  days <- function(n) as.numeric(Sys.time()) + n * 86400
  expiry <- function(expires) {
    receipt <- byok_import(svc, material_of("HMAC_256"), expires = expires)
    expect_identical(svc$describe_key(receipt$key_id)$KeyMetadata$ExpirationModel, "KEY_MATERIAL_EXPIRES")
    as.numeric(receipt$expires)
  }
  expect_near(expiry("90 days"), days(90))
  expect_near(expiry("2 weeks"), days(14))
  expect_near(expiry(as.difftime(12, units = "hours")), days(0.5))
  expect_equal(expiry(Sys.Date() + 30), as.numeric(Sys.Date() + 30) * 86400)
  time <- as.POSIXct(trunc(days(100)), origin = "1970-01-01")
  expect_equal(expiry(time), as.numeric(time))
  expect_equal(expiry(as.POSIXlt(time, tz = "Asia/Tokyo")), as.numeric(time))
  expect_equal(expiry(format(time, "%Y-%m-%dT%H:%M:%SZ", tz = "UTC")), as.numeric(time))
  expect_equal(expiry(format(time, "%Y-%m-%d", tz = "UTC")), floor(as.numeric(time) / 86400) * 86400)

  never <- byok_import(svc, material_of("HMAC_256"))
  expect_identical(as.numeric(never$expires), NA_real_)
  expect_identical(svc$describe_key(never$key_id)$KeyMetadata$ExpirationModel, "KEY_MATERIAL_DOES_NOT_EXPIRE")
  # Importing again takes the expiry away, or gives one.
  again <- byok_import(svc, material_of("HMAC_256"), key_id = never, expires = "1 day")
  expect_near(as.numeric(again$expires), days(1))
  expect_identical(as.numeric(byok_import(svc, material_of("HMAC_256"), key_id = never)$expires), NA_real_)
})

test_that("a wrong argument is refused before anything is sent", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  hmac <- material_of("HMAC_256")
  refused <- function(..., key_material = hmac) {
    error <- expect_error(byok_import(svc, key_material, ...), class = "kmsr_argument_error")
    expect_identical(calls_to(emulator), character())
    error$argument
  }
  expect_identical(refused(key_material = as.raw(1:32)), "key_material")
  expect_identical(refused(key_material = NULL), "key_material")
  for (expires in list("yesterday", "400 days", "-1 days", "0 days", Sys.time() - 1, Sys.Date() + 366, NA, 1:2, TRUE)) {
    expect_identical(refused(expires = expires), "expires")
  }
  expect_identical(refused(alias = "aws/mine"), "alias")
  expect_identical(refused(alias = "with blank"), "alias")
  expect_identical(refused(alias = c("a", "b")), "alias")
  expect_identical(refused(key_usage = "ENCRYPT_DECRYPT"), "key_usage")
  expect_identical(refused(key_usage = c("GENERATE_VERIFY_MAC", "SIGN_VERIFY")), "key_usage")
  expect_match(
    tryCatch(byok_import(svc, material_of("RSA_2048"), key_usage = "SIGN_VERFY"), error = conditionMessage),
    'Did you mean "SIGN_VERIFY"?', fixed = TRUE
  )
  expect_identical(refused(multi_region = NA), "multi_region")
  expect_identical(refused(verify = NA), "verify")
  expect_identical(refused(verify = "yes"), "verify")
  expect_identical(refused(wait = -1), "wait")
  expect_identical(refused(material_description = "of an HMAC key"), "material_description")
  expect_identical(refused(material_description = 1), "material_description")
  expect_identical(refused(wrapping_algorithm = 1), "wrapping_algorithm")
  expect_identical(refused(wrapping_key_spec = 1), "wrapping_key_spec")
  expect_identical(refused(alias = "orders", description = 1), "description")
  expect_identical(refused(alias = "orders", policy = list(a = 1)), "policy")
  expect_identical(refused(alias = "orders", tags = "billing"), "tags")
  expect_identical(refused(alias = "orders", tags = c(team = NA)), "tags")
  expect_identical(refused(key_id = 1:2), "key_id")
  expect_identical(refused(key_id = "k", alias = "orders"), "alias")
  expect_identical(refused(key_id = "k", tags = c(a = "b")), "tags")
  expect_identical(refused(key_id = "k", multi_region = TRUE), "multi_region")
  expect_error(byok_import(list(), hmac), class = "kmsr_argument_error")
  expect_error(byok_import(svc, hmac, expire = "90 days"), "Did you mean `expires`?", fixed = TRUE, class = "kmsr_argument_error")
  expect_error(byok_import(svc, hmac, NULL, "alias/x"), "Name the others: .*alias", class = "kmsr_argument_error")
})

test_that("a key that cannot take the material is refused before anything is changed", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  hmac <- material_of("HMAC_256")
  aws <- svc$create_key()$KeyMetadata
  symmetric <- new_external_key(svc, "SYMMETRIC_DEFAULT")
  leaving <- new_external_key(svc, "HMAC_256")
  svc$schedule_key_deletion(leaving$KeyId, PendingWindowInDays = 7)
  byok_import(svc, hmac, alias = "orders")
  emulator$clear_log()

  expect_error(byok_import(svc, hmac, key_id = aws$KeyId), class = "kmsr_key_mismatch_error")
  expect_error(byok_import(svc, hmac, key_id = symmetric$KeyId), class = "kmsr_key_mismatch_error")
  expect_error(byok_import(svc, hmac, key_id = leaving$KeyId), class = "kmsr_key_state_error")
  expect_error(byok_import(svc, hmac, alias = "orders"), class = "kmsr_alias_taken_error")
  expect_error(byok_import(svc, hmac, key_id = "alias/nobody"), class = "kmsr_NotFoundException")
  expect_identical(unique(calls_to(emulator)), "DescribeKey")
  expect_snapshot(error = TRUE, transform = steady, {
    byok_import(svc, hmac, key_id = aws$KeyId)
    byok_import(svc, hmac, key_id = symmetric$KeyId)
    byok_import(svc, hmac, key_id = leaving$KeyId)
    byok_import(svc, hmac, alias = "orders")
    byok_import(svc, hmac, key_id = "k", alias = "orders")
    byok_import(svc, hmac, expires = "400 days")
    byok_import(svc, hmac, expires = 90)
    byok_import(svc, hmac, expires = "90")
    byok_import(svc, hmac, alias = "orders", tags = "billing")
    byok_import(svc, as.raw(1:32))
    byok_import(svc, "orders.pem")
    byok_import(svc, material_of("RSA_2048"), wrapping_algorithm = "RSAES_OAEP_SHA_256")
  })
})

test_that("in China the rules are China's", {
  emulator <- local_emulator("cn-north-1")
  svc <- quick_client(emulator)
  expect_identical(byok_import(svc, material_of("ECC_NIST_P256"))$wrapping_algorithm, "RSAES_OAEP_SHA_256")
  expect_error(
    byok_import(svc, material_of("ECC_NIST_P256"), wrapping_algorithm = "RSA_AES_KEY_WRAP_SHA_256"),
    class = "kmsr_wrap_error"
  )
  error <- expect_error(byok_import(svc, material_of("SYMMETRIC_DEFAULT")), class = "kmsr_wrap_error")
  expect_match(conditionMessage(error), "SM4")
})

test_that("symmetric material is known by its id and its description", {
  svc <- local_kms()
  receipt <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"), material_description = "made at home")
  expect_match(receipt$key_material_id, "^[0-9a-f]{64}$")
  rotations <- svc$list_key_rotations(receipt$key_id, IncludeKeyMaterial = "ALL_KEY_MATERIAL")$Rotations
  expect_identical(rotations[[1]]$KeyMaterialId, receipt$key_material_id)
  expect_identical(rotations[[1]]$KeyMaterialDescription, "made at home")
})

test_that("what is told and kept of an import holds no secret", {
  svc <- local_kms()
  path <- withr::local_tempfile()
  for (spec in c("HMAC_256", "SYMMETRIC_DEFAULT")) {
    secret <- as.raw(sample(0:255, 32, replace = TRUE))
    receipt <- byok_import(svc, key_material_raw(secret, spec))
    byok_receipt_write(receipt, path)
    expect_false(holds_secret(read_bytes(path), secret))
    expect_false(holds_secret(serialize(receipt, NULL), secret))
    log <- attr(svc, "emulator")$log()
    expect_false(holds_secret(charToRaw(paste(deparse(log), collapse = "")), secret))
  }
})
