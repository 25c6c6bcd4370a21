# Wrapping 32 bytes by RSAES_OAEP_SHA_256 under an RSA-4096 key, against OpenSSL by way of Python's cryptography.
#
#   Rscript bench/wrapping.R [blocks] [wraps]
source("bench/peers.R")
arguments <- as.numeric(commandArgs(trailingOnly = TRUE))
blocks <- if (length(arguments) >= 1) arguments[1] else 9
wraps <- if (length(arguments) >= 2) arguments[2] else 300

emulator <- kms_emulator()
svc <- emulator$client()
key <- svc$create_key(Origin = "EXTERNAL")$KeyMetadata$KeyId
public_key <- svc$get_parameters_for_import(key, "RSAES_OAEP_SHA_256", "RSA_4096")$PublicKey
emulator$stop()
material <- key_material_random()

programs <- list(kmsr = function() {
  taken(for (i in seq_len(wraps)) wrap_key_material(material, public_key, "RSAES_OAEP_SHA_256"))
})
if (!is.null(python())) {
  programs$OpenSSL <- asked(start(python(), c("bench/boto.py", "http://127.0.0.1:9")), sprintf("oaep %d", wraps))
}
seconds <- in_turn(programs, blocks)
for (program in rownames(seconds)) {
  report_value("wrapping", program, wraps / stats::median(seconds[program, ]), "wraps a second")
}
if ("OpenSSL" %in% rownames(seconds)) report_ratio("wrapping", seconds, "kmsr", "OpenSSL")
