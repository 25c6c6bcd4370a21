# What another process can see of key material: the memory of this one.

test_that("key material is nowhere in a process' memory once its object is gone", {
  skip_on_os(c("mac", "windows", "solaris"))
  skip_on_cran()
  emulator <- local_emulator()
  folder <- withr::local_tempdir()
  secret <- as.raw(sample(0:255, 64, replace = TRUE))
  writeBin(secret, file.path(folder, "HMAC_512"))
  openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file.path(folder, "ECC_NIST_P256"))
  openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", file.path(folder, "RSA_2048"))
  der <- function(name) {
    path <- file.path(folder, name)
    openssl("pkey", "-in", path, "-outform", "DER", "-out", paste0(path, ".der"))
    read_bytes(paste0(path, ".der"))
  }
  ec <- der("ECC_NIST_P256")
  rsa <- der("RSA_2048")
  # The scalar of the elliptic curve key, and the private exponent of the RSA key: the first integer of 256 bytes after the
  # modulus and the public exponent.
  exponent <- grepRaw(as.raw(c(0x02, 0x03, 0x01, 0x00, 0x01, 0x02, 0x82)), rsa, fixed = TRUE) + 9
  needles <- list(
    HMAC_512 = secret,
    ECC_NIST_P256 = ec[grepRaw(as.raw(c(0x02, 0x01, 0x01, 0x04, 0x20)), ec, fixed = TRUE) + 5:36],
    RSA_2048 = rsa[exponent + 10:200]
  )
  child <- start_child(
    {
      wait_for <- function(name) while (!file.exists(file.path(folder, name))) Sys.sleep(0.05)
      materials <- lapply(names, function(name) key_material_file(file.path(folder, name), name))
      cat("alive\n")
      wait_for("use")
      svc <- kms()
      for (material in materials) {
        receipt <- byok_import(svc, material)
        byok_verify(svc, receipt, material)
        key_material_export(material, tempfile(), passphrase = "correct horse battery staple")
        request <- byok_request(svc, path = tempfile(), key_spec = receipt$key_spec)
        byok_submit(svc, byok_wrap(request, material))
      }
      rm(material, materials, receipt, request)
      for (i in 1:3) gc()
      cat("gone\n")
      wait_for("end")
    },
    folder = folder, names = names(needles), env = emulator_env(emulator)
  )
  await_line(child, "alive")
  found <- vapply(needles, count_in_memory, numeric(1), pid = child$get_pid())
  # While it lives it is found: the search works.
  expect_gte(min(found), 1)
  file.create(file.path(folder, "use"))
  await_line(child, "gone", 120)
  expect_identical(vapply(needles, count_in_memory, numeric(1), pid = child$get_pid()), c(HMAC_512 = 0, ECC_NIST_P256 = 0, RSA_2048 = 0))
  file.create(file.path(folder, "end"))
  finish_child(child)
})
