# A request for a key, its file in a folder of its own.
local_request <- function(svc, key_spec = "HMAC_256", ..., env = parent.frame()) {
  folder <- withr::local_tempdir(.local_envir = env)
  byok_request(svc, path = file.path(folder, "orders.json"), key_spec = key_spec, ..., wrapping_key_spec = "RSA_2048")
}

# A bundle with other members and the checksum they need: what an attacker or a meddler writes.
forge <- function(bundle, ...) {
  path <- paste0(sub("\\.json$", "", bundle$path), "-forged.json")
  data <- utils::modifyList(unclass(bundle), list(..., path = NULL, fingerprint = NULL, checksum = NULL))
  data$checksum <- bundle_checksum(data)
  write_whole(to_json(data), path)
  path
}

test_that("every kind of key goes the way in three steps, and is proven by what the bundle carries", {
  svc <- local_kms()
  for (spec in c("SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_512", "RSA_2048", "ECC_NIST_P521", "ECC_NIST_EDWARDS25519")) {
    request <- local_request(svc, spec)
    wrapped <- byok_wrap(request$path, material_of(spec), fingerprint = request$fingerprint)
    receipt <- byok_submit(svc, wrapped$path, fingerprint = wrapped$fingerprint)
    expect_s3_class(receipt, "kms_import_receipt")
    expect_identical(receipt$proof$proven, if (spec == "SYMMETRIC_DEFAULT") NA else TRUE, label = spec)
    expect_identical(byok_verify(svc, receipt, material_of(spec))$proven, TRUE)
  }
})

test_that("the receipt is the one of a direct import", {
  svc <- local_kms()
  request <- local_request(
    svc, "SYMMETRIC_DEFAULT", alias = "orders", expires = "90 days", description = "orders",
    material_description = "made at home"
  )
  receipt <- byok_submit(svc, byok_wrap(request, material_of("SYMMETRIC_DEFAULT")))
  direct <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"), alias = "direct", expires = "90 days")
  expect_identical(names(receipt), names(direct))
  expect_identical(receipt$alias, "alias/orders")
  expect_identical(receipt$key_arn, request$key_arn)
  expect_identical(receipt[c("wrapping_algorithm", "wrapping_key_spec")], list(
    wrapping_algorithm = "RSAES_OAEP_SHA_256", wrapping_key_spec = "RSA_2048"
  ))
  expect_near(as.numeric(receipt$expires), as.numeric(Sys.time()) + 90 * 86400)
  expect_identical(names(receipt$request_ids), c("import", "describe", "alias"))
  expect_identical(svc$describe_key("alias/orders")$KeyMetadata$Description, "orders")
  rotations <- svc$list_key_rotations(receipt$key_id, IncludeKeyMaterial = "ALL_KEY_MATERIAL")$Rotations
  expect_identical(rotations[[1]]$KeyMaterialDescription, "made at home")
})

test_that("a key that exists gets its request by any of its names", {
  svc <- local_kms()
  receipt <- byok_import(svc, material_of("HMAC_256"), alias = "orders")
  path <- withr::local_tempfile(fileext = ".json")
  for (key in list(receipt, receipt$key_id, "alias/orders")) {
    request <- byok_request(svc, key, path)
    expect_identical(request$key_arn, receipt$key_arn)
    expect_identical(request$key_spec, "HMAC_256")
  }
  again <- byok_submit(svc, byok_wrap(request, material_of("HMAC_256")), key_id = "alias/orders")
  expect_identical(again$proof$proven, TRUE)
})

test_that("a bundle comes back from its file as it was made", {
  svc <- local_kms()
  request <- local_request(svc)
  expect_identical(byok_bundle_read(request$path), request)
  expect_identical(byok_bundle_read(request), request)
  wrapped <- byok_wrap(request, material_of("HMAC_256"))
  expect_identical(byok_bundle_read(wrapped$path), wrapped)
  expect_identical(basename(wrapped$path), "orders-wrapped.json")
  kept <- setdiff(names(request), c("stage", "note", "checksum", "fingerprint", "path"))
  expect_identical(unclass(wrapped)[kept], unclass(request)[kept])
})

test_that("others compute the same checksum and fingerprints", {
  skip_if(Sys.which("jq") == "", "jq is not installed")
  svc <- local_kms()
  request <- local_request(svc, alias = "orders", expires = "90 days")
  wrapped <- byok_wrap(request, material_of("HMAC_256"))
  sha256 <- function(bytes) paste(format(openssl::sha256(bytes)), collapse = "")
  jq <- function(...) processx::run("jq", c(...))$stdout
  for (bundle in list(request, wrapped)) {
    canonical <- jq("-cSj", "del(.checksum)", bundle$path)
    expect_identical(bundle$checksum, paste0("sha256:", sha256(charToRaw(canonical))))
  }
  first_half <- function(member, path) {
    digest <- sha256(jsonlite::base64_dec(trimws(jq("-r", member, path))))
    substr(digest, 1, 32)
  }
  expect_identical(gsub("-", "", request$fingerprint), first_half(".public_key", request$path))
  expect_identical(gsub("-", "", wrapped$fingerprint), first_half(".wrapped_material", wrapped$path))
})

test_that("the wrapped bundle holds nothing secret in the clear", {
  svc <- local_kms()
  for (spec in c("SYMMETRIC_DEFAULT", "HMAC_256")) {
    secret <- as.raw(sample(0:255, 32, replace = TRUE))
    wrapped <- byok_wrap(local_request(svc, spec), key_material_raw(secret, spec))
    expect_false(holds_secret(read_bytes(wrapped$path), secret))
    expect_false(holds_secret(serialize(wrapped, NULL), secret))
    # The search finds what is there.
    expect_identical(holds_secret(charToRaw(jsonlite::base64_enc(c(as.raw(1), secret, as.raw(1)))), secret), TRUE)
  }
  folder <- withr::local_tempdir()
  pem <- file.path(folder, "key.pem")
  openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", pem)
  openssl("pkey", "-in", pem, "-outform", "DER", "-out", file.path(folder, "key.der"))
  # The private scalar: 32 bytes of the ECPrivateKey inside.
  der <- read_bytes(file.path(folder, "key.der"))
  scalar <- der[grepRaw(as.raw(c(0x02, 0x01, 0x01, 0x04, 0x20)), der, fixed = TRUE) + 5:36]
  wrapped <- byok_wrap(local_request(svc, "ECC_NIST_P256"), key_material_file(pem))
  expect_identical(holds_secret(der, scalar), TRUE)
  expect_false(holds_secret(read_bytes(wrapped$path), scalar))
})

test_that("wrapping again gives another bundle, and both are good", {
  svc <- local_kms()
  request <- local_request(svc)
  folder <- dirname(request$path)
  first <- byok_wrap(request, material_of("HMAC_256"), path = file.path(folder, "first.json"))
  second <- byok_wrap(request, material_of("HMAC_256"), path = file.path(folder, "second.json"))
  expect_false(identical(first$wrapped_material, second$wrapped_material))
  expect_false(identical(first$proof_message, second$proof_message))
  for (bundle in list(first, second, first)) expect_identical(byok_submit(svc, bundle$path)$proof$proven, TRUE)
})

test_that("a bundle that was damaged or edited is refused", {
  svc <- local_kms()
  request <- local_request(svc)
  wrapped <- byok_wrap(request, material_of("HMAC_256"))
  edited <- withr::local_tempfile(fileext = ".json")
  reason <- function(bundle, change) {
    text <- readChar(bundle$path, file.size(bundle$path))
    changed <- change(text)
    expect_false(identical(text, changed))
    writeLines(changed, edited, sep = "")
    open <- if (bundle$stage == "request") {
      function() byok_wrap(edited, material_of("HMAC_256"))
    } else {
      function() byok_submit(svc, edited)
    }
    expect_error(open(), class = "kmsr_bundle_error")$reason
  }
  for (bundle in list(request, wrapped)) {
    for (member in c("key_arn", "key_spec", "region", "wrapping_algorithm", "public_key", "import_token", "valid_to")) {
      change <- function(text) sub(sprintf("(\"%s\": \"[^\"]*)[^\"]\"", member), "\\1_\"", text)
      expect_identical(reason(bundle, change), "edited", label = member)
    }
    expect_identical(reason(bundle, function(text) sub("\"note\": \"[^\"]*\",", "", text)), "edited")
    expect_identical(reason(bundle, function(text) sub("\\{", "{\"alias\": \"alias/more\",", text)), "edited")
    expect_identical(reason(bundle, function(text) sub("sha256:.", "sha256:x", text)), "edited")
  }
  # Other line ends and indents are no change of content.
  lines <- trimws(readLines(wrapped$path))
  writeLines(lines, edited, sep = "\r\n")
  expect_identical(byok_submit(svc, edited)$proof$proven, TRUE)
})

test_that("a file that is no whole bundle is refused", {
  svc <- local_kms()
  request <- local_request(svc)
  path <- withr::local_tempfile(fileext = ".json")
  text <- readChar(request$path, file.size(request$path))
  for (broken in list("", "{}", "no json", substr(text, 1, nchar(text) %/% 2), sub("kmsr-bundle", "kmsr-receipt", text))) {
    writeLines(broken, path)
    expect_error(byok_wrap(path, material_of("HMAC_256")), class = "kmsr_file_error")
  }
  writeLines(sub("\"version\": 1", "\"version\": 2", text), path)
  expect_match(conditionMessage(expect_error(byok_bundle_read(path), class = "kmsr_file_error")), "version 2")
  expect_error(byok_bundle_read(file.path(path, "none")), class = "kmsr_file_error")
  expect_error(byok_bundle_read(1), class = "kmsr_argument_error")

  # With the right checksum, but wrong all the same.
  wrong <- function(...) {
    expect_error(byok_bundle_read(forge(request, ...)), class = "kmsr_bundle_error")$reason
  }
  expect_identical(wrong(key_arn = NULL), "edited")
  expect_identical(wrong(import_token = "not base64!"), "edited")
  expect_identical(wrong(valid_to = "tomorrow"), "edited")
  expect_identical(wrong(key_spec = 7), "edited")
  expect_identical(wrong(alias = list(list("alias/a"))), "edited")
  # Of the wrapped stage, without what was wrapped.
  expect_identical(wrong(stage = "wrapped"), "edited")
})

test_that("a stale bundle is refused at both ends", {
  svc <- local_kms()
  request <- local_request(svc)
  wrapped <- byok_wrap(request, material_of("HMAC_256"))
  past <- write_time(Sys.time() - 60)
  error <- expect_error(byok_wrap(forge(request, valid_to = past), material_of("HMAC_256")), class = "kmsr_bundle_error")
  expect_identical(error$reason, "stale")
  error <- expect_error(byok_submit(svc, forge(wrapped, valid_to = past)), class = "kmsr_bundle_error")
  expect_identical(error$reason, "stale")
  error <- expect_error(byok_submit(svc, forge(wrapped, expires = past)), class = "kmsr_bundle_error")
  expect_identical(error$reason, "stale")
})

test_that("where only AWS' clock says that it is stale, AWS' refusal is told with the key's state", {
  emulator <- local_emulator()
  svc <- emulator$client()
  wrapped <- byok_wrap(local_request(svc), material_of("HMAC_256"))
  emulator$advance("25 hours")
  error <- expect_error(byok_submit(svc, wrapped), class = "kmsr_ExpiredImportTokenException")
  expect_s3_class(error, "kmsr_import_error")
  expect_identical(error$key_state, "PendingImport")
})

test_that("a bundle at the wrong stage is refused", {
  svc <- local_kms()
  request <- local_request(svc)
  wrapped <- byok_wrap(request, material_of("HMAC_256"))
  expect_identical(expect_error(byok_submit(svc, request), class = "kmsr_bundle_error")$reason, "stage")
  expect_identical(expect_error(byok_wrap(wrapped, material_of("HMAC_256")), class = "kmsr_bundle_error")$reason, "stage")
})

test_that("material of another spec is refused where it is wrapped", {
  svc <- local_kms()
  request <- local_request(svc)
  for (spec in c("HMAC_512", "SYMMETRIC_DEFAULT", "ECC_NIST_P256")) {
    error <- expect_error(byok_wrap(request, material_of(spec)), class = "kmsr_bundle_error")
    expect_identical(error$reason, "spec")
  }
  expect_identical(list.files(dirname(request$path)), "orders.json")
})

test_that("a bundle for another key, account or Region is refused before anything is changed", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  wrapped <- byok_wrap(local_request(svc), material_of("HMAC_256"))
  other <- byok_import(svc, material_of("HMAC_256"))
  emulator$clear_log()
  reason <- function(...) expect_error(byok_submit(...), class = "kmsr_bundle_error")$reason
  expect_identical(reason(quick_client(emulator, region = "eu-central-1"), wrapped), "region")
  expect_identical(calls_to(emulator), character())
  expect_identical(reason(svc, wrapped, key_id = other), "key")
  elsewhere <- sub("000000000000", "111122223333", wrapped$key_arn)
  expect_identical(reason(svc, forge(wrapped, key_arn = elsewhere)), "key")
  expect_identical(reason(svc, forge(wrapped, key_arn = sub("key/.", "key/_", wrapped$key_arn))), "key")
  expect_identical(reason(svc, forge(wrapped, key_spec = "HMAC_512")), "spec")
  expect_identical(unique(calls_to(emulator)), "DescribeKey")

  svc$schedule_key_deletion(wrapped$key_arn, PendingWindowInDays = 7)
  expect_error(byok_submit(svc, wrapped), class = "kmsr_key_state_error")
})

test_that("what is forged for another key of the same kind, AWS refuses", {
  svc <- local_kms()
  wrapped <- byok_wrap(local_request(svc), material_of("HMAC_256"))
  other <- new_external_key(svc)
  error <- expect_error(byok_submit(svc, forge(wrapped, key_arn = other$Arn)), class = "kmsr_import_error")
  expect_s3_class(error, "kmsr_InvalidImportTokenException")
  expect_identical(error$key_state, "PendingImport")
})

test_that("fingerprints catch what is exchanged on the way", {
  svc <- local_kms()
  request <- local_request(svc)
  # An attacker's public key, with a checksum that is right.
  theirs <- local_request(svc)
  exchanged <- forge(request, public_key = theirs$public_key)
  error <- expect_error(
    byok_wrap(exchanged, material_of("HMAC_256"), fingerprint = request$fingerprint),
    class = "kmsr_bundle_error"
  )
  expect_identical(error$reason, "fingerprint")
  # Without it nobody but AWS notices, and too late.
  wrapped <- byok_wrap(exchanged, material_of("HMAC_256"))
  expect_error(byok_submit(svc, wrapped), class = "kmsr_import_error")

  good <- byok_wrap(request, material_of("HMAC_256"))
  their_key <- byok_wrap(request, key_material_random("HMAC_256"), path = tempfile(tmpdir = dirname(request$path)))
  error <- expect_error(byok_submit(svc, their_key, fingerprint = good$fingerprint), class = "kmsr_bundle_error")
  expect_identical(error$reason, "fingerprint")
  spoken <- toupper(gsub("-", " ", good$fingerprint))
  expect_identical(byok_submit(svc, good, fingerprint = spoken)$proof$proven, TRUE)
  for (fingerprint in list("", "1234", 1, NA)) {
    expect_error(byok_submit(svc, good, fingerprint = fingerprint), class = "kmsr_argument_error")
  }
})

test_that("proof data of other material disproves the import", {
  svc <- local_kms()
  request <- local_request(svc, "ECC_NIST_P256")
  wrapped <- byok_wrap(request, material_of("ECC_NIST_P256"))
  other <- byok_wrap(request, key_material_random("ECC_NIST_P256"), path = tempfile(tmpdir = dirname(request$path)))
  forged <- forge(wrapped, wrapped_material = other$wrapped_material)
  error <- expect_error(byok_submit(svc, forged), class = "kmsr_proof_error")
  expect_s3_class(error, "kmsr_import_error")
  expect_identical(error$step, "verify")
})

test_that("a wrong argument of a request is refused before anything is sent", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  path <- withr::local_tempfile(fileext = ".json")
  refused <- function(..., path. = path) {
    error <- expect_error(byok_request(svc, path = path., ...), class = "kmsr_error")
    expect_identical(calls_to(emulator), character())
    error
  }
  expect_s3_class(refused(key_spec = "HMAC_256", path. = file.path(path, "none", "x.json")), "kmsr_file_error")
  expect_s3_class(refused(key_spec = "HMAC_256", path. = tempdir()), "kmsr_file_error")
  expect_s3_class(refused(key_spec = "HMAC_256", path. = 1), "kmsr_argument_error")
  expect_s3_class(refused(), "kmsr_argument_error")
  expect_s3_class(refused(key_spec = "ML_DSA_44"), "kmsr_argument_error")
  expect_s3_class(refused(key_spec = "HMAC_256", expires = "2 years"), "kmsr_argument_error")
  expect_s3_class(refused(key_spec = "HMAC_256", material_description = "x"), "kmsr_argument_error")
  expect_s3_class(refused(key_spec = "RSA_2048", wrapping_algorithm = "RSAES_OAEP_SHA_256"), "kmsr_wrap_error")
  expect_s3_class(refused(key_id = "k", alias = "orders"), "kmsr_argument_error")
  expect_match(conditionMessage(refused()), "`key_spec` must be given without `key_id`")
  expect_false(file.exists(path))

  hmac <- new_external_key(svc)
  expect_error(byok_request(svc, hmac$KeyId, path, key_spec = "HMAC_512"), class = "kmsr_key_mismatch_error")
  expect_error(byok_request(svc, svc$create_key()$KeyMetadata$KeyId, path), class = "kmsr_key_mismatch_error")
})

test_that("a request that fails with a key made goes on with that key", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  path <- withr::local_tempfile(fileext = ".json")
  emulator$fault("get_parameters_for_import", "error", code = "KMSInternalException")
  error <- expect_error(byok_request(svc, path = path, key_spec = "HMAC_256"), class = "kmsr_import_error")
  expect_identical(error[c("step", "created", "key_state")], list(step = "parameters", created = TRUE, key_state = "PendingImport"))
  expect_match(conditionMessage(error), "byok_request(svc", fixed = TRUE)
  emulator$clear_faults()
  request <- byok_request(svc, error$key_id, path)
  expect_identical(byok_submit(svc, byok_wrap(request, material_of("HMAC_256")))$proof$proven, TRUE)
})

test_that("a submission that fails can be repeated", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  for (operation in c("import_key_material", "describe_key", "generate_mac", "create_alias")) {
    wrapped <- byok_wrap(local_request(svc, alias = gsub("_", "-", operation)), material_of("HMAC_256"))
    # The key and the alias are looked at first.
    emulator$fault(operation, "error", code = "KMSInternalException", after = if (operation == "describe_key") 2 else 0)
    error <- expect_error(byok_submit(svc, wrapped), class = "kmsr_import_error")
    expect_match(conditionMessage(error), "byok_submit(svc, bundle) again", fixed = TRUE)
    emulator$clear_faults()
    receipt <- byok_submit(svc, wrapped)
    expect_identical(receipt$proof$proven, TRUE)
    # Once more, though everything has been done.
    expect_identical(byok_submit(svc, wrapped)$alias, receipt$alias)
  }
})

test_that("bundles read well", {
  svc <- local_kms()
  request <- local_request(svc, alias = "orders", expires = "90 days")
  wrapped <- byok_wrap(request, material_of("HMAC_256"))
  expect_snapshot(transform = steady, {
    request
    wrapped
  })
  expect_snapshot(error = TRUE, transform = steady, {
    byok_wrap(wrapped, material_of("HMAC_256"))
    byok_submit(svc, request)
    byok_wrap(request, material_of("RSA_2048"))
    byok_wrap(request, material_of("HMAC_256"), fingerprint = strrep("0", 32))
    byok_wrap(forge(request, valid_to = "2020-01-01T00:00:00Z"), material_of("HMAC_256"))
    byok_submit(svc, wrapped, key_id = new_external_key(svc)$KeyId)
    byok_submit(attr(svc, "emulator")$client(region = "eu-central-1"), wrapped)
  })
})
