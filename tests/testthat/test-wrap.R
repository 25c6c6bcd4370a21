# RSA keys to wrap under, made by OpenSSL: the folder of the files, by size.
wrapping_keys <- local({
  folder <- NULL
  function() {
    if (is.null(folder)) {
      folder <<- withr::local_tempdir(.local_envir = teardown_env())
      for (size in c(2048, 3072, 4096)) {
        private <- file.path(folder, paste0(size, ".pem"))
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", paste0("rsa_keygen_bits:", size), "-out", private)
        openssl("pkey", "-in", private, "-pubout", "-outform", "DER", "-out", file.path(folder, paste0(size, ".der")))
      }
    }
    folder
  }
})

public_der <- function(size) read_bytes(file.path(wrapping_keys(), paste0(size, ".der")))

openssl_decrypt <- function(wrapped, size, ...) {
  input <- withr::local_tempfile()
  output <- withr::local_tempfile()
  writeBin(wrapped, input)
  openssl("pkeyutl", "-decrypt", "-inkey", file.path(wrapping_keys(), paste0(size, ".pem")), "-in", input, "-out", output, ...)
  read_bytes(output)
}

openssl_oaep <- function(wrapped, size, hash) {
  openssl_decrypt(
    wrapped, size, "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", paste0("rsa_oaep_md:", hash), "-pkeyopt",
    paste0("rsa_mgf1_md:", hash)
  )
}

openssl_rsa_aes <- function(wrapped, size, hash) {
  aes_key <- openssl_oaep(utils::head(wrapped, size / 8), size, hash)
  expect_length(aes_key, 32)
  input <- withr::local_tempfile()
  output <- withr::local_tempfile()
  writeBin(utils::tail(wrapped, -size / 8), input)
  openssl(
    "enc", "-d", "-id-aes256-wrap-pad", "-iv", "A65959A6", "-K", paste(format(aes_key), collapse = ""), "-in", input,
    "-out", output
  )
  read_bytes(output)
}

test_that("OpenSSL unwraps what was wrapped, by every algorithm under every key", {
  secret <- as.raw(sample(0:255, 64, replace = TRUE))
  hmac <- key_material_raw(secret, "HMAC_512")
  for (size in c(2048, 3072, 4096)) {
    public <- public_der(size)
    for (hash in c("sha1", "sha256")) {
      name <- c(sha1 = "SHA_1", sha256 = "SHA_256")[[hash]]
      for (material in list(hmac, secret)) {
        wrapped <- wrap_key_material(material, public, paste0("RSAES_OAEP_", name))
        expect_length(wrapped, size / 8)
        expect_identical(openssl_oaep(wrapped, size, hash), secret)
      }
      algorithm <- paste0("RSA_AES_KEY_WRAP_", name)
      # Lengths around the blocks of the key wrap.
      for (n in c(1, 7, 8, 9, 63, 64)) {
        wrapped <- wrap_key_material(secret[seq_len(n)], public, algorithm)
        expect_identical(openssl_rsa_aes(wrapped, size, hash), secret[seq_len(n)])
      }
      ec <- wrap_key_material(material_of("ECC_NIST_P256"), public, algorithm)
      opened <- key_material_raw(openssl_rsa_aes(ec, size, hash))
      expect_identical(key_material_facts(opened), key_material_facts(material_of("ECC_NIST_P256")))
    }
  }
})

test_that("the old algorithm works for others, with a warning", {
  secret <- as.raw(sample(0:255, 32, replace = TRUE))
  expect_warning(
    wrapped <- wrap_key_material(secret, public_der(2048), "RSAES_PKCS1_V1_5"),
    class = "kmsr_deprecated_algorithm_warning"
  )
  expect_identical(openssl_decrypt(wrapped, 2048, "-pkeyopt", "rsa_padding_mode:pkcs1"), secret)
})

test_that("the public key may come as DER or PEM", {
  pem <- file.path(wrapping_keys(), "public.pem")
  openssl("pkey", "-in", file.path(wrapping_keys(), "2048.pem"), "-pubout", "-out", pem)
  secret <- as.raw(1:32)
  forms <- list(public_der(2048), read_bytes(pem), readLines(pem), paste(readLines(pem), collapse = "\r\n"))
  for (form in forms) {
    wrapped <- wrap_key_material(secret, form, "RSAES_OAEP_SHA_256")
    expect_identical(openssl_oaep(wrapped, 2048, "sha256"), secret)
  }
})

test_that("every wrapping gives other bytes", {
  wrapped <- lapply(1:4, function(i) {
    wrap_key_material(material_of("ECC_NIST_P256"), public_der(2048), c("RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1")[i %% 2 + 1])
  })
  expect_length(unique(wrapped), 4)
})

test_that("raw vectors are wrapped up to what the algorithm carries", {
  limits <- list(
    c(2048, "SHA_1", 214), c(2048, "SHA_256", 190), c(3072, "SHA_1", 342), c(3072, "SHA_256", 318), c(4096, "SHA_1", 470),
    c(4096, "SHA_256", 446)
  )
  for (limit in limits) {
    public <- public_der(limit[1])
    most <- as.integer(limit[3])
    algorithm <- paste0("RSAES_OAEP_", limit[2])
    expect_length(wrap_key_material(raw(most), public, algorithm), as.integer(limit[1]) / 8)
    error <- expect_error(wrap_key_material(raw(most + 1), public, algorithm), class = "kmsr_wrap_error")
    expect_identical(error$reason, "too_long")
    expect_match(conditionMessage(error), "RSA_AES_KEY_WRAP_SHA_256")
  }
})

test_that("material is not wrapped in a way that AWS does not take", {
  matrix <- import_matrix()
  # Which kind of wrapping key it is, is the public key's to say.
  matrix <- matrix[matrix$wrapping_key_spec != "SM2" & matrix$wrapping_algorithm != "RSAES_PKCS1_V1_5", ]
  for (i in seq_len(nrow(matrix))) {
    row <- matrix[i, ]
    wrapped <- tryCatch(
      wrap_key_material(
        material_of(sub("RSA_[34].*", "RSA_2048", row$key_spec)), public_der(sub("RSA_", "", row$wrapping_key_spec)),
        row$wrapping_algorithm
      ),
      kmsr_wrap_error = function(e) NULL
    )
    expect_identical(is.raw(wrapped), row$allowed, label = paste(row[1:3], collapse = " "))
  }
})

test_that("what is no public key for wrapping is refused with a reason", {
  reason <- function(public_key) {
    error <- expect_error(
      wrap_key_material(material_of("HMAC_256"), public_key, "RSAES_OAEP_SHA_256"),
      class = "kmsr_wrap_error"
    )
    error$reason
  }
  folder <- wrapping_keys()
  openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-out", file.path(folder, "1024.pem"))
  openssl("pkey", "-in", file.path(folder, "1024.pem"), "-pubout", "-outform", "DER", "-out", file.path(folder, "1024.der"))
  expect_identical(reason(public_der(1024)), "key_size")
  expect_identical(reason(key_material_facts(material_of("ECC_NIST_P256"))$public_key), "key_type")
  expect_identical(reason(readLines(file.path(folder, "2048.pem"))), "not_a_public_key")
  expect_identical(reason(utils::head(public_der(2048), -1)), "not_a_public_key")
  expect_identical(reason(jsonlite::base64_enc(public_der(2048))), "not_a_public_key")
  expect_identical(reason(as.raw(1:255)), "not_a_public_key")
  expect_identical(reason(raw()), "not_a_public_key")
})

test_that("wrong arguments are refused", {
  public <- public_der(2048)
  refused <- function(...) expect_error(wrap_key_material(...), class = "kmsr_argument_error")$argument
  expect_identical(refused("secret", public, "RSAES_OAEP_SHA_256"), "key_material")
  expect_identical(refused(material_of("HMAC_256"), 1, "RSAES_OAEP_SHA_256"), "public_key")
  expect_identical(refused(material_of("HMAC_256"), NA_character_, "RSAES_OAEP_SHA_256"), "public_key")
  expect_identical(refused(material_of("HMAC_256"), character(), "RSAES_OAEP_SHA_256"), "public_key")
  expect_identical(refused(material_of("HMAC_256"), public, 1), "wrapping_algorithm")
  expect_error(wrap_key_material(material_of("HMAC_256"), public, "RSAES_OAEP_SHA256"), class = "kmsr_argument_error")
  expect_identical(
    expect_error(wrap_key_material(raw(), public, "RSAES_OAEP_SHA_256"), class = "kmsr_wrap_error")$reason, "empty"
  )
})

test_that("refusals read well", {
  public <- public_der(2048)
  expect_snapshot(error = TRUE, {
    wrap_key_material(raw(200), public, "RSAES_OAEP_SHA_256")
    wrap_key_material(material_of("RSA_2048"), public, "RSAES_OAEP_SHA_256")
    wrap_key_material(material_of("ECC_NIST_P521"), public, "RSAES_OAEP_SHA_1")
    wrap_key_material(material_of("HMAC_256"), public, "SM2PKE")
    wrap_key_material(material_of("HMAC_256"), as.raw(1:255), "RSAES_OAEP_SHA_256")
    wrap_key_material(material_of("HMAC_256"), public, "RSAES_OAEP_SHA256")
  })
  expect_snapshot(invisible(wrap_key_material(raw(32), public, "RSAES_PKCS1_V1_5")))
})
