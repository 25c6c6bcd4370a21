# A key of every kind, made, imported and proven through the installed kmsr against a KMS that is not ours. Started by
# ministack.py, which puts the endpoint, the region and an IAM user's key into the environment.

suppressPackageStartupMessages({
  library(kmsr)
  library(openssl)
})

main <- function() {
  svc <- kms()
  judge("a wrong secret is refused", wrong_secret())
  judge("symmetric key, OAEP SHA-256 under RSA_4096", symmetric(svc))
  judge("HMAC key, OAEP SHA-1 under RSA_3072", hmac(svc))
  judge("RSA key, AES key wrap SHA-256 under RSA_2048", rsa(svc))
  judge("ECC key, AES key wrap SHA-1 under RSA_3072", ecc(svc, "RSA_AES_KEY_WRAP_SHA_1", "RSA_3072"))
  judge("ECC key, OAEP SHA-256 under RSA_2048", ecc(svc, "RSAES_OAEP_SHA_256", "RSA_2048"))
  judge("random material, deleted and imported again", random(svc))

  cat(sprintf("\n%d passed, %d failed, 0 skipped\n", tally[["passed"]], tally[["failed"]]))
  quit(save = "no", status = as.integer(tally[["failed"]] > 0L))
}

# --- The cases: each stops unless its key is proven -------------------------------------------------------------------

wrong_secret <- function() {
  liar <- kms(credentials = list(creds = list(
    access_key_id = Sys.getenv("AWS_ACCESS_KEY_ID"),
    secret_access_key = strrep("x", nchar(Sys.getenv("AWS_SECRET_ACCESS_KEY")))
  )))
  cnd <- tryCatch(liar$list_keys(), kmsr_service_error = identity)
  stopifnot(inherits(cnd, "kmsr_InvalidSignatureException"))
}

# MiniStack's identifier of a material is an HMAC under the material itself: whoever can compute it has the same bytes.
symmetric <- function(svc) {
  bytes <- rand_bytes(32)
  key <- create(svc, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
  answer <- import(svc, key, key_material_raw(bytes, "SYMMETRIC_DEFAULT"), "RSAES_OAEP_SHA_256", "RSA_4096")
  same(answer$KeyMaterialId, as.character(sha256(charToRaw(paste0("ministack:kms:key-material-id:", key)), key = bytes)))

  secret <- rand_bytes(100)
  sealed <- svc$encrypt(KeyId = key, Plaintext = secret, EncryptionContext = list(purpose = "judge"))
  opened <- svc$decrypt(CiphertextBlob = sealed$CiphertextBlob, EncryptionContext = list(purpose = "judge"))
  same(opened$Plaintext, secret)
}

hmac <- function(svc) {
  bytes <- rand_bytes(32)
  key <- create(svc, "HMAC_256", "GENERATE_VERIFY_MAC")
  import(svc, key, key_material_raw(bytes, "HMAC_256"), "RSAES_OAEP_SHA_1", "RSA_3072")
  message <- rand_bytes(64)
  mac <- svc$generate_mac(Message = message, KeyId = key, MacAlgorithm = "HMAC_SHA_256")$Mac
  same(mac, bare(sha256(message, key = bytes)))
  checked <- svc$verify_mac(Message = message, KeyId = key, MacAlgorithm = "HMAC_SHA_256", Mac = mac)
  same(checked$MacValid, TRUE)
}

rsa <- function(svc) {
  local <- rsa_keygen(2048)
  key <- create(svc, "RSA_2048", "SIGN_VERIFY")
  import(svc, key, material(local, "RSA_2048"), "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048")
  same_public_key(svc, key, local)
  message <- rand_bytes(64)
  signed <- svc$sign(KeyId = key, Message = message, SigningAlgorithm = "RSASSA_PKCS1_V1_5_SHA_256")
  same(signature_verify(message, signed$Signature, hash = sha256, pubkey = local$pubkey), TRUE)
}

ecc <- function(svc, algorithm, wrapping_spec) {
  local <- ec_keygen("P-256")
  key <- create(svc, "ECC_NIST_P256", "SIGN_VERIFY")
  import(svc, key, material(local, "ECC_NIST_P256"), algorithm, wrapping_spec)
  same_public_key(svc, key, local)
  message <- rand_bytes(64)
  signed <- svc$sign(KeyId = key, Message = message, SigningAlgorithm = "ECDSA_SHA_256")
  same(signature_verify(message, signed$Signature, hash = sha256, pubkey = local$pubkey), TRUE)
}

random <- function(svc) {
  key <- create(svc, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
  material <- key_material_random("SYMMETRIC_DEFAULT")
  first <- import(svc, key, material, "RSAES_OAEP_SHA_256", "RSA_2048")
  sealed <- svc$encrypt(KeyId = key, Plaintext = charToRaw("before"))

  svc$delete_imported_key_material(KeyId = key)
  same(state(svc, key), "PendingImport")
  cnd <- tryCatch(svc$decrypt(CiphertextBlob = sealed$CiphertextBlob), kmsr_service_error = identity)
  stopifnot(inherits(cnd, "kmsr_KMSInvalidStateException"))

  second <- import(svc, key, material, "RSAES_OAEP_SHA_1", "RSA_4096")
  same(second$KeyMaterialId, first$KeyMaterialId)
  same(svc$decrypt(CiphertextBlob = sealed$CiphertextBlob)$Plaintext, charToRaw("before"))
}

# --- What they share --------------------------------------------------------------------------------------------------

create <- function(svc, spec, usage) {
  metadata <- svc$create_key(KeySpec = spec, KeyUsage = usage, Origin = "EXTERNAL")$KeyMetadata
  same(metadata$KeyState, "PendingImport")
  metadata$KeyId
}

import <- function(svc, key, material, algorithm, wrapping_spec) {
  parameters <- svc$get_parameters_for_import(key, algorithm, wrapping_spec)
  stopifnot(parameters$ParametersValidTo > Sys.time())
  answer <- svc$import_key_material(
    KeyId = key,
    ImportToken = parameters$ImportToken,
    EncryptedKeyMaterial = wrap_key_material(material, parameters$PublicKey, algorithm),
    ExpirationModel = "KEY_MATERIAL_DOES_NOT_EXPIRE"
  )
  same(state(svc, key), "Enabled")
  answer
}

# Through a file, as users have their keys.
material <- function(private_key, spec) {
  path <- tempfile(fileext = ".pem")
  on.exit(unlink(path))
  write_pem(private_key, path)
  key_material_file(path, spec)
}

state <- function(svc, key) svc$describe_key(KeyId = key)$KeyMetadata$KeyState

same_public_key <- function(svc, key, local) {
  same(svc$get_public_key(KeyId = key)$PublicKey, write_der(local$pubkey))
}

bare <- function(x) as.raw(unclass(x))

same <- function(got, want) {
  if (!identical(as.vector(got), as.vector(want))) {
    stop("got ", deparse1(got), ", wanted ", deparse1(want), call. = FALSE)
  }
}

tally <- c(passed = 0L, failed = 0L)

judge <- function(label, case) {
  result <- tryCatch(
    {
      force(case)
      NULL
    },
    error = conditionMessage
  )
  verdict <- if (is.null(result)) "passed" else "failed"
  tally[[verdict]] <<- tally[[verdict]] + 1L
  cat(sprintf("%-8s%s\n", verdict, label), if (!is.null(result)) sprintf("        %s\n", result), sep = "")
}

main()
