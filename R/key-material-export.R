#' Keep a copy of key material
#'
#' Writes an encrypted copy of key material to a file. AWS KMS never gives back what was imported, and asks everybody to
#' keep a copy: when the material expires or is deleted, only the very same bytes bring the key back to life. There is no
#' export in the clear. The bytes go from Rust to the file and are never seen by R.
#'
#' @section Under a passphrase:
#' The file is text (PEM) in a standard container with PBKDF2 (HMAC-SHA-256, 600,000 rounds) and AES-256.
#' `key_material_file(path, key_spec, passphrase = )` reads it back, and so does OpenSSL, without this package:
#'
#' | material | container | opened by |
#' |---|---|---|
#' | RSA, elliptic curve, Ed25519 private keys | encrypted PKCS#8 | `openssl pkcs8 -in FILE -out KEY.pem` |
#' | symmetric and HMAC keys | CMS for a password | `openssl cms -decrypt -binary -inform PEM -in FILE -out KEY -pwri_password PASSPHRASE` |
#'
#' The copy is as strong as its passphrase: six words drawn at random, or twenty random characters, kept where the file
#' is not. R keeps the passphrase in its memory until the session ends.
#'
#' @section Under a public key:
#' Whoever writes the copy cannot open it; the owner of the RSA private key can, for example a vault or an HSM that holds
#' the other half. The file is what PKCS#11 calls CKM_RSA_AES_KEY_WRAP with SHA-256: a fresh AES-256 key by RSA-OAEP, as
#' many bytes as the modulus has, and after it the material by AES key wrap with padding (RFC 5649). Private keys are
#' PKCS#8 in DER inside, other keys raw bytes. With OpenSSL 3, for an RSA key of 4096 bits (512 bytes):
#'
#' ```sh
#' head -c 512 COPY > aes.wrapped
#' tail -c +513 COPY > key.wrapped
#' openssl pkeyutl -decrypt -inkey PRIVATE.pem -in aes.wrapped -out aes.key \
#'   -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256
#' openssl enc -d -id-aes256-wrap-pad -iv A65959A6 -K "$(od -An -v -tx1 aes.key | tr -d ' \n')" \
#'   -in key.wrapped -out KEY
#' ```
#'
#' With Python's `cryptography`: `private_key.decrypt(copy[:512], padding.OAEP(padding.MGF1(hashes.SHA256()),
#' hashes.SHA256(), None))`, then `keywrap.aes_key_unwrap_with_padding(aes_key, copy[512:])`.
#'
#' @param key_material Key material, see [key_material_file()].
#' @param path One string: the file. It is written in one piece or not at all, and for its owner alone (mode 600).
#' @param passphrase One string of at least 12 characters.
#' @param public_key An RSA public key of 2048, 3072 or 4096 bits: a raw vector (SubjectPublicKeyInfo in DER), or PEM as a
#'   raw vector or as text, such as `readLines("escrow.pem")`. Give this or `passphrase`.
#' @param overwrite `TRUE` to replace a file that exists: it may be the only copy of another key.
#' @param ... Not used: what is not an argument is refused, with the one that was probably meant.
#' @return `path`, invisibly.
#' @seealso [byok_verify()] to prove that a copy is good, which is worth doing before it is needed.
#' @family bring your own key
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' material <- key_material_random("HMAC_256")
#' receipt <- byok_import(svc, material)
#'
#' path <- tempfile(fileext = ".pem")
#' key_material_export(material, path, passphrase = "correct horse battery staple")
#' writeLines(readLines(path, 4))
#'
#' # The drill: is the copy the key that KMS holds?
#' copy <- key_material_file(path, "HMAC_256", passphrase = "correct horse battery staple")
#' byok_verify(svc, receipt, copy)
#' unlink(path)
#' emulator$stop()
#' @export
key_material_export <- function(key_material, path, passphrase = NULL, public_key = NULL, overwrite = FALSE, ...) {
  check_dots()
  pointer <- key_material_pointer(key_material)
  path <- path.expand(check_string(path, "path"))
  if (is.null(passphrase) == is.null(public_key)) {
    abort_kmsr(
      if (is.null(passphrase)) "A copy is only written encrypted." else "A copy is encrypted one way or the other.",
      class = "kmsr_argument_error",
      body = c(i = "Give a `passphrase`, or a `public_key` whose private key is kept elsewhere."),
      argument = "passphrase"
    )
  }
  copy <- if (is.null(public_key)) {
    check_passphrase(passphrase)
    check_new_file(path, overwrite)
    charToRaw(unwrap(rs_key_material_encrypted(pointer, enc2utf8(passphrase))))
  } else {
    public_key <- public_key_bytes(public_key, "a raw vector, or PEM as text such as readLines(\"escrow.pem\")")
    check_new_file(path, overwrite)
    wrap_copy(pointer, public_key)
  }
  umask <- Sys.umask("077")
  on.exit(Sys.umask(umask))
  write_whole(copy, path)
  invisible(path)
}

wrap_copy <- function(pointer, public_key) {
  tryCatch(
    unwrap(rs_key_material_wrapped(pointer, public_key, "RSA_AES_KEY_WRAP_SHA_256")),
    kmsr_wrap_error = function(error) {
      if (!error$reason %in% c("key_type", "key_size", "algorithm_and_key")) {
        stop(error)
      }
      # The original says what AWS KMS hands out, which is not the matter here.
      abort_kmsr(
        "This public key is of another kind: a copy is wrapped under an RSA key of 2048, 3072 or 4096 bits.",
        class = "kmsr_wrap_error",
        body = c(i = "Make one where its private half shall stay: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096."),
        reason = error$reason
      )
    }
  )
}

check_passphrase <- function(passphrase) {
  long_enough <- is_string(passphrase) && nchar(passphrase, "chars", allowNA = TRUE) %in% 12:10000
  if (!long_enough) {
    abort_kmsr(
      "`passphrase` must be one string of at least 12 characters.",
      class = "kmsr_argument_error",
      body = c(
        x = if (is_string(passphrase)) sprintf("Given: %d characters.", nchar(passphrase, "chars", allowNA = TRUE)),
        i = "Whoever has the file can try billions of passphrases: draw six words at random, or twenty characters."
      ),
      argument = "passphrase"
    )
  }
}

check_new_file <- function(path, overwrite) {
  if (!check_flag(overwrite, "overwrite") && file.exists(path)) {
    abort_kmsr(
      sprintf("%s exists.", path),
      class = c("kmsr_file_error", "kmsr_argument_error"),
      body = c(i = "It may be the only copy of a key. Choose another name, or `overwrite = TRUE`."),
      argument = "path"
    )
  }
}
