passphrase <- "correct horse battery staple"

export_to <- function(material, ..., env = parent.frame()) {
  path <- withr::local_tempfile(.local_envir = env)
  key_material_export(material, path, ...)
}

# What a key is, seen from outside: its MAC or its public key, or that KMS takes it for the same.
same_key <- function(material, other) {
  spec <- key_material_facts(material)$key_spec
  if (startsWith(spec, "HMAC_")) {
    algorithm <- sub("HMAC_", "HMAC_SHA_", spec)
    mac <- function(x) rs_key_material_mac(x$pointer, charToRaw("m"), algorithm)
    identical(mac(material), mac(other))
  } else {
    identical(key_material_facts(material)$public_key, key_material_facts(other)$public_key)
  }
}

test_that("a copy under a passphrase is read back as the same key", {
  svc <- local_kms()
  for (spec in setdiff(key_specs, c("SYMMETRIC_DEFAULT", "RSA_3072", "RSA_4096"))) {
    path <- export_to(material_of(spec), passphrase = passphrase)
    # Key pairs say what they are.
    needed <- if (startsWith(spec, "HMAC_")) spec
    copy <- key_material_file(path, needed, passphrase = passphrase)
    expect_identical(key_material_facts(copy), key_material_facts(material_of(spec)), label = spec)
    expect_identical(same_key(material_of(spec), copy), TRUE, label = spec)
  }
  receipt <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"))
  path <- export_to(material_of("SYMMETRIC_DEFAULT"), passphrase = passphrase)
  copy <- key_material_file(path, "SYMMETRIC_DEFAULT", passphrase = passphrase)
  expect_identical(byok_verify(svc, receipt, copy)$proven, TRUE)
})

test_that("a copy brings an expired key back to life", {
  emulator <- local_emulator()
  svc <- emulator$client()
  secret <- svc$encrypt(
    (receipt <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"), expires = "1 day"))$key_id, "still there"
  )$CiphertextBlob
  path <- export_to(material_of("SYMMETRIC_DEFAULT"), passphrase = passphrase)
  emulator$advance("2 days")
  expect_error(svc$decrypt(secret), class = "kmsr_KMSInvalidStateException")
  copy <- key_material_file(path, "SYMMETRIC_DEFAULT", passphrase = passphrase)
  expect_error(byok_import(svc, key_material_random(), key_id = receipt), class = "kmsr_IncorrectKeyMaterialException")
  byok_import(svc, copy, key_id = receipt)
  expect_identical(rawToChar(svc$decrypt(secret)$Plaintext), "still there")
})

test_that("OpenSSL opens a copy under a passphrase", {
  folder <- withr::local_tempdir()
  secret <- as.raw(sample(0:255, 32, replace = TRUE))
  opened <- file.path(folder, "opened")
  for (spec in c("SYMMETRIC_DEFAULT", "HMAC_256")) {
    path <- export_to(key_material_raw(secret, spec), passphrase = passphrase)
    openssl(
      "cms", "-decrypt", "-binary", "-inform", "PEM", "-in", path, "-out", opened, "-pwri_password", passphrase
    )
    expect_identical(read_bytes(opened), secret)
  }
  for (spec in c("RSA_2048", "ECC_NIST_P384", "ECC_NIST_EDWARDS25519")) {
    path <- export_to(material_of(spec), passphrase = passphrase)
    openssl("pkey", "-in", path, "-passin", paste0("pass:", passphrase), "-pubout", "-outform", "DER", "-out", opened)
    expect_identical(read_bytes(opened), key_material_facts(material_of(spec))$public_key, label = spec)
  }
})

test_that("OpenSSL opens a copy under a public key, as the help page says", {
  skip_if(Sys.which("sh") == "", "there is no shell")
  folder <- withr::local_tempdir()
  private <- file.path(folder, "PRIVATE.pem")
  public <- file.path(folder, "public.pem")
  openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096", "-out", private)
  openssl("pkey", "-in", private, "-pubout", "-out", public)
  secret <- as.raw(sample(0:255, 48, replace = TRUE))
  script <- paste(
    "head -c 512 COPY > aes.wrapped && tail -c +513 COPY > key.wrapped &&",
    "openssl pkeyutl -decrypt -inkey PRIVATE.pem -in aes.wrapped -out aes.key",
    "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 &&",
    "openssl enc -d -id-aes256-wrap-pad -iv A65959A6 -K \"$(od -An -v -tx1 aes.key | tr -d ' \\n')\"",
    "-in key.wrapped -out KEY"
  )
  open <- function(material, public_key) {
    key_material_export(material, file.path(folder, "COPY"), public_key = public_key, overwrite = TRUE)
    processx::run("sh", c("-c", script), wd = folder)
    read_bytes(file.path(folder, "KEY"))
  }
  pem <- readLines(public)
  expect_identical(open(key_material_raw(secret, "HMAC_384"), pem), secret)
  expect_identical(open(key_material_raw(secret[1:32], "SYMMETRIC_DEFAULT"), paste(pem, collapse = "\n")), secret[1:32])
  # A key pair comes as the PKCS#8 that says which it is.
  der <- file.path(folder, "public.der")
  openssl("pkey", "-pubin", "-in", public, "-outform", "DER", "-out", der)
  for (spec in c("RSA_2048", "ECC_NIST_P521")) {
    copy <- key_material_raw(open(material_of(spec), read_bytes(der)))
    expect_identical(key_material_facts(copy), key_material_facts(material_of(spec)))
  }
})

test_that("a copy is encrypted, and two copies differ", {
  secret <- as.raw(sample(0:255, 64, replace = TRUE))
  wrapping <- key_material_facts(material_of("RSA_2048"))$public_key
  material <- key_material_raw(secret, "HMAC_512")
  copies <- list(
    read_bytes(export_to(material, passphrase = passphrase)), read_bytes(export_to(material, passphrase = passphrase)),
    read_bytes(export_to(material, public_key = wrapping)), read_bytes(export_to(material, public_key = wrapping))
  )
  for (copy in copies) {
    expect_false(holds_secret(copy, secret))
    # Nor inside of the PEM.
    body <- sub("(?s).*-----BEGIN CMS-----(.*)-----END.*", "\\1", rawToChar(copy[copy != 0]), perl = TRUE, useBytes = TRUE)
    expect_false(tryCatch(holds_secret(jsonlite::base64_dec(body), secret), error = function(e) FALSE))
  }
  expect_length(unique(copies), 4)
})

test_that("the wrong passphrase opens nothing", {
  for (spec in c("HMAC_256", "ECC_NIST_P256")) {
    path <- export_to(material_of(spec), passphrase = passphrase)
    error <- expect_error(key_material_file(path, spec, passphrase = "incorrect horse"), class = "kmsr_key_material_error")
    expect_identical(error$reason, "wrong_passphrase")
    expect_error(key_material_file(path, spec), class = "kmsr_key_material_error")
  }
})

test_that("passphrases may be in any script", {
  for (words in c("\u00fcber acht \u00c4pfel", "\u6b63\u786e\u7684\u99ac\u96fb\u6c60\u8a02\u66f8\u91d8\u4e00\u4e8c\u4e09")) {
    path <- export_to(material_of("HMAC_256"), passphrase = words)
    copy <- key_material_file(path, "HMAC_256", passphrase = words)
    expect_identical(same_key(material_of("HMAC_256"), copy), TRUE)
  }
})

test_that("only the owner may read the file, and it is written whole or not at all", {
  skip_on_os("windows")
  path <- export_to(material_of("HMAC_256"), passphrase = passphrase)
  expect_identical(format(file.info(path)$mode), "600")
  umask <- Sys.umask(NA)
  expect_error(
    key_material_export(material_of("HMAC_256"), file.path(tempfile(), "copy"), passphrase = passphrase),
    class = "kmsr_file_error"
  )
  expect_identical(Sys.umask(NA), umask)
})

test_that("a copy never takes another's place unasked", {
  path <- export_to(material_of("HMAC_256"), passphrase = passphrase)
  before <- read_bytes(path)
  error <- expect_error(
    key_material_export(material_of("HMAC_512"), path, passphrase = passphrase),
    class = "kmsr_file_error"
  )
  expect_identical(read_bytes(path), before)
  key_material_export(material_of("HMAC_512"), path, passphrase = passphrase, overwrite = TRUE)
  expect_identical(same_key(material_of("HMAC_512"), key_material_file(path, "HMAC_512", passphrase = passphrase)), TRUE)
})

test_that("what protects nothing is refused, and no file is left", {
  path <- withr::local_tempfile()
  hmac <- material_of("HMAC_256")
  weak <- list("", "short", strrep("x", 11), NA_character_, c(passphrase, passphrase), 123456789012, TRUE)
  for (words in weak) {
    error <- expect_error(key_material_export(hmac, path, passphrase = words), class = "kmsr_argument_error")
    expect_identical(error$argument, "passphrase")
  }
  expect_error(key_material_export(hmac, path), class = "kmsr_argument_error")
  expect_error(
    key_material_export(hmac, path, passphrase = passphrase, public_key = raw(3)), class = "kmsr_argument_error"
  )
  expect_error(key_material_export(hmac, path, public_key = 1), class = "kmsr_argument_error")
  ec <- key_material_facts(material_of("ECC_NIST_P256"))$public_key
  expect_identical(expect_error(key_material_export(hmac, path, public_key = ec), class = "kmsr_wrap_error")$reason, "key_type")
  expect_error(key_material_export(hmac, path, public_key = raw(300)), class = "kmsr_wrap_error")
  expect_error(key_material_export("key", path, passphrase = passphrase), class = "kmsr_argument_error")
  expect_error(key_material_export(hmac, path, passphrase = passphrase, overwrite = NA), class = "kmsr_argument_error")
  expect_error(key_material_export(hmac, 7, passphrase = passphrase), class = "kmsr_argument_error")
  expect_false(file.exists(path))
})

test_that("refusals read well", {
  path <- withr::local_tempfile()
  hmac <- material_of("HMAC_256")
  expect_snapshot(error = TRUE, transform = steady, {
    key_material_export(hmac, path)
    key_material_export(hmac, path, passphrase = passphrase, public_key = raw(3))
    key_material_export(hmac, path, passphrase = "hunter2")
    key_material_export(hmac, path, public_key = key_material_facts(material_of("ECC_NIST_P256"))$public_key)
  })
})
