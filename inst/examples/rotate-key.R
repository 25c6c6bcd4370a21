# Looking after imported keys, step by step, on the emulator: nothing leaves this machine.
# Run it with Rscript -e 'source(system.file("examples/rotate-key.R", package = "kmsr"))'.
library(kmsr)

say <- function(...) cat("\n", strwrap(paste0(...), width = 100, prefix = "# "), sep = "\n")

say("1. A KMS to try things on, with keys that somebody imported. On AWS: svc <- kms(region = \"eu-central-1\")")
emulator <- kms_emulator(region = "eu-central-1")
svc <- emulator$client()
orders <- key_material_random()
webhooks <- key_material_random("HMAC_256")
invisible(byok_import(svc, orders, alias = "orders", expires = "12 days", tags = c(team = "shop")))
invisible(byok_import(svc, webhooks, alias = "webhooks", expires = "200 days"))
invisible(byok_import(svc, key_material_random("ECC_NIST_P256"), alias = "release"))
secret <- svc$encrypt("alias/orders", "written on the first day")$CiphertextBlob

say("2. What is there, the most urgent first. plot(inventory) draws it.")
inventory <- byok_inventory(svc)
print(inventory)

say("3. What needs attention within 30 days.")
print(byok_expiring(inventory, within = "30 days"))

say("4. Nobody reacts for two weeks: the material expires, and the key stops.")
emulator$advance("14 days")
print(byok_expiring(svc))
tryCatch(
  svc$decrypt(secret),
  kmsr_KMSInvalidStateException = function(e) cat("  decrypt:", conditionMessage(e), "\n")
)

say("5. The kept copy of the same bytes brings it back, here until half a year from now.")
invisible(byok_renew(svc, "alias/orders", orders, expires = Sys.Date() + 180))
cat("  decrypt:", rawToChar(svc$decrypt(secret)$Plaintext), "\n")

say("6. Rotation: new material in the same key. What was encrypted before still decrypts, and that is checked.")
rotation <- byok_rotate(svc, "alias/orders", key_material_random(), expires = Sys.Date() + 300)
print(rotation)
cat("  decrypt:", rawToChar(svc$decrypt(secret)$Plaintext), "\n")

say("7. An HMAC key never changes its material: its rotation is a new key behind the same alias.")
mac <- svc$generate_mac(Message = "paid", KeyId = "alias/webhooks", MacAlgorithm = "HMAC_SHA_256")$Mac
replaced <- byok_rotate(svc, "alias/webhooks", key_material_random("HMAC_256"))
print(replaced)
old <- svc$verify_mac(Message = "paid", KeyId = replaced$old, MacAlgorithm = "HMAC_SHA_256", Mac = mac)$MacValid
cat("  the old key still verifies its MACs:", old, "\n")

say("8. Deleting material stops the key at once. The current one is not deleted by accident.")
tryCatch(
  byok_delete(svc, "alias/orders", key_material_id = rotation$new, confirm = FALSE),
  kmsr_argument_error = function(e) cat("  ", conditionMessage(e), "\n", sep = "")
)
print(byok_delete(svc, "alias/release", confirm = FALSE))

say("9. And the inventory again.")
print(byok_inventory(svc))
emulator$stop()

healthy <- all(rotation$checks$passed) && all(replaced$checks$passed) && old
cat("\n", if (healthy) "Rotated, and everything from before still works." else "Something is wrong.", "\n", sep = "")
stopifnot(healthy)
