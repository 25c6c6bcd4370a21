# Keys that OpenSSL made, one file each, in the forms that people have.
local_keys <- function(env = parent.frame()) {
  folder <- withr::local_tempdir(.local_envir = env)
  at <- function(name) file.path(folder, name)
  openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", at("rsa.pem"))
  openssl("rsa", "-in", at("rsa.pem"), "-traditional", "-out", at("rsa-pkcs1.pem"))
  for (curve in c("P-256", "P-384", "P-521", "secp256k1")) {
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", paste0("ec_paramgen_curve:", curve), "-out", at(paste0(curve, ".pem")))
  }
  openssl("ec", "-in", at("P-256.pem"), "-out", at("P-256-sec1.pem"))
  openssl("genpkey", "-algorithm", "ED25519", "-out", at("ed25519.pem"))
  openssl("pkcs8", "-topk8", "-in", at("P-256.pem"), "-v2", "aes-256-cbc", "-passout", "pass:open sesame", "-out", at("P-256-encrypted.pem"))
  for (name in c("rsa", "P-256", "ed25519")) {
    openssl("pkey", "-in", at(paste0(name, ".pem")), "-outform", "DER", "-out", at(paste0(name, ".der")))
    openssl("pkey", "-in", at(paste0(name, ".pem")), "-pubout", "-out", at(paste0(name, "-public.pem")))
  }
  at
}

openssl_public_key <- function(path) {
  out <- withr::local_tempfile()
  openssl("pkey", "-in", path, "-pubout", "-outform", "DER", "-out", out)
  read_bytes(out)
}

test_that("every importable key spec can be made, and says what it is", {
  lengths <- c(SYMMETRIC_DEFAULT = 32, HMAC_224 = 28, HMAC_256 = 32, HMAC_384 = 48, HMAC_512 = 64, ECC_NIST_EDWARDS25519 = 48)
  for (spec in key_specs) {
    material <- material_of(spec)
    expect_s3_class(material, "kms_key_material")
    facts <- key_material_facts(material)
    expect_identical(facts$key_spec, spec)
    if (spec %in% names(lengths)) expect_identical(facts$length, lengths[[spec]], label = spec)
    expect_identical(is.raw(facts$public_key), grepl("^(RSA|ECC)_", spec), label = spec)
  }
  expect_false(identical(
    key_material_facts(key_material_random("ECC_NIST_P256")), key_material_facts(key_material_random("ECC_NIST_P256"))
  ))
})

test_that("OpenSSL takes the public keys for what they should be", {
  kinds <- c(
    RSA_2048 = "Public-Key: (2048 bit)", RSA_3072 = "Public-Key: (3072 bit)", RSA_4096 = "Public-Key: (4096 bit)",
    ECC_NIST_P256 = "NIST CURVE: P-256", ECC_NIST_P384 = "NIST CURVE: P-384", ECC_NIST_P521 = "NIST CURVE: P-521",
    ECC_SECG_P256K1 = "ASN1 OID: secp256k1", ECC_NIST_EDWARDS25519 = "ED25519 Public-Key:"
  )
  path <- withr::local_tempfile()
  for (spec in names(kinds)) {
    writeBin(key_material_facts(material_of(spec))$public_key, path)
    text <- openssl("pkey", "-pubin", "-inform", "DER", "-in", path, "-noout", "-text")$stdout
    expect_match(text, kinds[[spec]], fixed = TRUE, label = spec)
  }
})

test_that("private keys are read in every form, from files and from bytes", {
  at <- local_keys()
  forms <- list(
    RSA_2048 = c("rsa.pem", "rsa-pkcs1.pem", "rsa.der"), ECC_NIST_P256 = c("P-256.pem", "P-256-sec1.pem", "P-256.der"),
    ECC_NIST_P384 = "P-384.pem", ECC_NIST_P521 = "P-521.pem", ECC_SECG_P256K1 = "secp256k1.pem",
    ECC_NIST_EDWARDS25519 = c("ed25519.pem", "ed25519.der")
  )
  for (spec in names(forms)) {
    expected <- openssl_public_key(at(forms[[spec]][1]))
    for (form in forms[[spec]]) {
      for (asked in list(NULL, spec)) {
        file <- key_material_facts(key_material_file(at(form), asked))
        expect_identical(file[c("key_spec", "public_key")], list(key_spec = spec, public_key = expected), label = form)
        expect_identical(key_material_facts(key_material_raw(read_bytes(at(form)), asked)), file, label = form)
      }
    }
  }
  encrypted <- key_material_file(at("P-256-encrypted.pem"), passphrase = "open sesame")
  expect_identical(key_material_facts(encrypted)$public_key, openssl_public_key(at("P-256.pem")))
})

test_that("a file's name may be in any script, and begin at home", {
  folder <- withr::local_tempdir()
  path <- file.path(folder, "schl\u00fcssel \u9375.key")
  skip_if_not(tryCatch(file.create(path), warning = function(w) FALSE), "the file system takes no such names")
  writeBin(as.raw(0:31 * 7 %% 256), path)
  expect_identical(key_material_facts(key_material_file(path, "SYMMETRIC_DEFAULT"))$length, 32)
  withr::local_envvar(HOME = folder)
  skip_if_not(identical(path.expand("~"), folder))
  expect_identical(key_material_facts(key_material_file(file.path("~", basename(path)), "HMAC_256"))$key_spec, "HMAC_256")
})

test_that("MACs are those of OpenSSL", {
  secret <- as.raw(sample(0:255, 100, replace = TRUE))
  message <- withr::local_tempfile()
  writeBin(charToRaw("a message"), message)
  digests <- c(HMAC_224 = "SHA224", HMAC_256 = "SHA256", HMAC_384 = "SHA384", HMAC_512 = "SHA512")
  for (spec in names(digests)) {
    out <- withr::local_tempfile()
    openssl(
      "dgst", paste0("-", tolower(digests[[spec]])), "-mac", "HMAC", "-macopt",
      paste0("hexkey:", paste(format(secret), collapse = "")), "-binary", "-out", out, message
    )
    material <- key_material_raw(secret, spec)
    mac <- unwrap(rs_key_material_mac(material$pointer, charToRaw("a message"), sub("HMAC_", "HMAC_SHA_", spec)))
    expect_identical(mac, read_bytes(out), label = spec)
  }
})

test_that("raw keys have the lengths that AWS takes", {
  takes <- function(spec, n) !is.null(tryCatch(key_material_raw(as.raw(1:n %% 251 + 1), spec), kmsr_key_material_error = function(e) NULL))
  lengths <- list(
    SYMMETRIC_DEFAULT = c(32, 32), HMAC_224 = c(28, 128), HMAC_256 = c(32, 128), HMAC_384 = c(48, 128), HMAC_512 = c(64, 128)
  )
  for (spec in names(lengths)) {
    least <- lengths[[spec]][1]
    most <- lengths[[spec]][2]
    expect_identical(
      vapply(c(least - 1, least, most, most + 1), takes, NA, spec = spec), c(FALSE, TRUE, TRUE, FALSE),
      label = spec
    )
  }
})

test_that("bytes that look like text are asked about", {
  hex <- charToRaw(paste(rep("0f", 16), collapse = ""))
  expect_identical(expect_error(key_material_raw(hex, "SYMMETRIC_DEFAULT"), class = "kmsr_key_material_error")$reason, "text")
  expect_identical(key_material_facts(key_material_raw(hex, "SYMMETRIC_DEFAULT", text = TRUE))$length, 32)
  path <- withr::local_tempfile()
  writeBin(hex, path)
  expect_error(key_material_file(path, "HMAC_256"), class = "kmsr_key_material_error")
  expect_identical(key_material_facts(key_material_file(path, "HMAC_256", text = TRUE))$key_spec, "HMAC_256")
})

test_that("what is no key for this is refused with a reason", {
  at <- local_keys()
  openssl("req", "-x509", "-key", at("P-256.pem"), "-subj", "/CN=test", "-out", at("certificate.pem"))
  writeBin(as.raw(1:32), at("raw"))
  writeBin(raw(), at("empty"))
  writeBin(c(as.raw(1:32), as.raw(10)), at("line break"))
  writeBin(as.raw(rep(1, 70000)), at("long"))
  damaged <- read_bytes(at("rsa.der"))
  damaged[900] <- xor(damaged[900], as.raw(1))
  writeBin(damaged, at("damaged.der"))
  reason <- function(name, ...) {
    error <- expect_error(key_material_file(at(name), ...), class = "kmsr_key_material_error")
    # Never what is in the file.
    expect_false(grepl("BEGIN", conditionMessage(error)) && name %in% c("rsa.pem", "P-256.pem"))
    error$reason
  }
  expect_identical(reason("none", "HMAC_256"), "file")
  expect_identical(reason(".", "HMAC_256"), "file")
  expect_identical(reason("long", "HMAC_256"), "file")
  expect_identical(reason("empty", "HMAC_256"), "empty")
  expect_identical(reason("raw"), "spec_needed")
  expect_identical(reason("raw", "HMAC_512"), "length")
  expect_identical(reason("line break", "SYMMETRIC_DEFAULT"), "length")
  expect_identical(reason("raw", "ECC_NIST_P256"), "malformed")
  expect_identical(reason("rsa.pem", "RSA_4096"), "spec")
  expect_identical(reason("P-256.pem", "ECC_NIST_P384"), "spec")
  expect_identical(reason("rsa-public.pem"), "not_a_private_key")
  expect_identical(reason("certificate.pem"), "not_a_private_key")
  expect_identical(reason("P-256-encrypted.pem"), "passphrase_needed")
  expect_identical(reason("P-256-encrypted.pem", passphrase = "closed"), "wrong_passphrase")
  expect_identical(reason("P-256.pem", passphrase = "open sesame"), "passphrase_not_needed")
  expect_identical(reason("damaged.der"), "inconsistent")
})

test_that("wrong arguments are refused", {
  refused <- function(expr) expect_error(expr, class = "kmsr_argument_error")$argument
  expect_identical(refused(key_material_file(1)), "path")
  expect_identical(refused(key_material_file(character())), "path")
  expect_identical(refused(key_material_raw("text", "HMAC_256")), "x")
  expect_identical(refused(key_material_raw(1:32, "HMAC_256")), "x")
  expect_identical(refused(key_material_raw(as.raw(1:32), c("HMAC_256", "HMAC_512"))), "key_spec")
  expect_identical(refused(key_material_raw(as.raw(1:32), "HMAC_256", passphrase = "")), "passphrase")
  expect_identical(refused(key_material_raw(as.raw(1:32), "HMAC_256", passphrase = NA)), "passphrase")
  expect_identical(refused(key_material_raw(as.raw(1:32), "HMAC_256", text = NA)), "text")
  expect_identical(refused(key_material_raw(as.raw(1:32), text = TRUE)), "key_spec")
  expect_identical(refused(key_material_file("orders.pem", password = "not to be quoted")), "password")
  expect_identical(refused(key_material_raw(as.raw(1:32), spec = "HMAC_256")), "spec")
  expect_identical(refused(key_material_random(spec = "HMAC_256")), "spec")
  expect_identical(refused(key_material_export(key_material_random(), "copy.pem", password = "not to be quoted")), "password")
  expect_no_match(
    tryCatch(key_material_file("orders.pem", password = "not to be quoted"), error = conditionMessage), "quoted"
  )
  expect_identical(refused(wrap_key_material(key_material_random(), raw(9), algorithm = "SM2PKE")), "algorithm")
  for (spec in c("AES_256", "rsa_2048", "ML_DSA_44", "SM4")) {
    expect_error(key_material_random(spec), class = "kmsr_argument_error", label = spec)
  }
})

test_that("key material shows nothing of itself", {
  secret <- as.raw(sample(0:255, 32, replace = TRUE))
  material <- key_material_raw(secret, "HMAC_256")
  shown <- c(
    capture.output(print(material)), capture.output(str(material)), format(material), capture.output(dput(material)),
    capture.output(print(unclass(material))), capture.output(str(unclass(material)))
  )
  expect_false(holds_secret(charToRaw(paste(shown, collapse = "\n")), secret))
  expect_snapshot({
    key_material_raw(as.raw(1:32), "SYMMETRIC_DEFAULT")
    str(key_material_random("ECC_NIST_EDWARDS25519"))
  })
})

test_that("key material cannot be saved or sent away", {
  material <- material_of("HMAC_256")
  path <- withr::local_tempfile()
  ways <- list(
    function() saveRDS(material, path),
    function() save(material, file = path),
    function() serialize(material, NULL),
    function() saveRDS(list(deep = list(material)), path),
    function() saveRDS(list2env(list(material = material)), path)
  )
  for (way in ways) expect_error(way(), class = "kmsr_key_material_error")
  # And is as good as before.
  expect_identical(key_material_facts(material)$length, 32)
})

test_that("an object whose material is gone says so", {
  lost <- structure(list(pointer = methods::new("externalptr")), class = "kms_key_material")
  for (use in list(format, key_material_facts, function(x) byok_import(local_kms(), x))) {
    expect_identical(expect_error(use(lost), class = "kmsr_key_material_error")$reason, "lost")
  }
})

test_that("refusals read well", {
  at <- local_keys()
  # Relative paths, which are the same in every run.
  withr::local_dir(dirname(at("x")))
  writeBin(as.raw(1:16), "short.key")
  writeBin(charToRaw(paste(rep("0f", 32), collapse = "")), "hex.key")
  expect_snapshot(error = TRUE, {
    key_material_file("none.key", "HMAC_256")
    key_material_file("short.key")
    key_material_file("short.key", "SYMMETRIC_DEFAULT")
    key_material_file("hex.key", "SYMMETRIC_DEFAULT")
    key_material_file("rsa.pem", "ECC_NIST_P256")
    key_material_file("rsa-public.pem")
    key_material_file("P-256-encrypted.pem")
    key_material_file("P-256-encrypted.pem", passphrase = "closed")
    key_material_raw("0f0f", "HMAC_256")
    key_material_random("AES_256")
    key_material_random("ML_DSA_44")
    saveRDS(material_of("HMAC_256"), tempfile())
  })
})
