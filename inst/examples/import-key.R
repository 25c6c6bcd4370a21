# Bring your own key, step by step, on the emulator: nothing leaves this machine.
# Run it with `make demo`, or Rscript -e 'source(system.file("examples/import-key.R", package = "kmsr"))'.
library(kmsr)

say <- function(...) cat("\n", strwrap(paste0(...), width = 100, prefix = "# "), sep = "\n")
show <- function(label, value) cat(sprintf("  %-22s %s\n", label, value))
hex <- function(bytes, n = 16) {
  paste0(paste(format(utils::head(bytes, n)), collapse = ""), if (length(bytes) > n) "...", " (", length(bytes), " bytes)")
}

say("1. A KMS to try things on. On AWS this would be: svc <- kms(region = \"eu-central-1\")")
emulator <- kms_emulator(region = "eu-central-1")
svc <- emulator$client()
show("endpoint", emulator$endpoint)
show("account", "000000000000, which no AWS account has")

say("2. Key material: an HMAC key, made in Rust and kept there. R has an object, but not the bytes.")
hmac <- key_material_random("HMAC_256")
print(hmac)

say("3. A KMS key without material: its origin is EXTERNAL, and it waits for an import.")
key <- svc$create_key(
  KeySpec = "HMAC_256", KeyUsage = "GENERATE_VERIFY_MAC", Origin = "EXTERNAL", Description = "demo"
)$KeyMetadata
show("key", key$Arn)
show("state", key$KeyState)

say("4. The import parameters: a public key to wrap under, and a token that belongs to it, good for 24 hours.")
parameters <- svc$get_parameters_for_import(key$KeyId, "RSAES_OAEP_SHA_256", "RSA_4096")
show("public key", hex(parameters$PublicKey))
show("import token", hex(parameters$ImportToken))
show("valid to", format(parameters$ParametersValidTo, usetz = TRUE))

say("5. Wrapping, in Rust: what travels can be opened by KMS alone.")
wrapped <- wrap_key_material(hmac, parameters$PublicKey, "RSAES_OAEP_SHA_256")
show("wrapped", hex(wrapped))

say("6. The import.")
imported <- svc$import_key_material(
  key$KeyId, parameters$ImportToken, wrapped,
  ExpirationModel = "KEY_MATERIAL_DOES_NOT_EXPIRE"
)
show("state", svc$describe_key(key$KeyId)$KeyMetadata$KeyState)

say("7. The proof: KMS' MAC of a random message is the one that the local key gives.")
print(byok_verify(svc, key$KeyId, hmac))

say("8. The same in one call, for an RSA key: created, wrapped, imported, proven by its public key.")
rsa <- key_material_random("RSA_2048")
receipt <- byok_import(svc, rsa, description = "demo", expires = "90 days")
print(receipt)

say("9. What KMS signs with it, anybody can check with the public key, and nobody else can sign.")
message <- charToRaw("bring your own key")
signature <- svc$sign(receipt$key_id, message, SigningAlgorithm = "RSASSA_PSS_SHA_256")$Signature
verified <- svc$verify(
  receipt$key_id, message, Signature = signature, SigningAlgorithm = "RSASSA_PSS_SHA_256"
)$SignatureValid
show("signature", hex(signature))
show("verified", verified)

emulator$stop()
proof <- receipt$proof$proven && verified
cat("\n", if (proof) "Both imports are proven." else "Something is wrong.", "\n", sep = "")
stopifnot(proof)
