#' Key material for import
#'
#' Makes or reads the secret that is to be imported into AWS KMS, and keeps it out of R: the object these functions return
#' stands for bytes that only the package's Rust code can read. They are wiped from memory when the object is collected,
#' cannot be printed, and never travel: saving the object or sending it to another process is an error.
#'
#' What is read is checked against the key spec at once: length, curve, modulus, and that a private key's parts belong
#' together. Private keys may be PKCS#8, PKCS#1 (RSA) or SEC1 (elliptic curves), as DER or PEM; they are turned into the
#' PKCS#8 that AWS KMS wants. Symmetric and HMAC keys are raw bytes. Base64 and hexadecimal digits are refused rather than
#' decoded, since nobody can tell whether the text or what it stands for is the key.
#'
#' @section What each key spec takes:
#' | key spec | material |
#' |---|---|
#' | `SYMMETRIC_DEFAULT` | 32 raw bytes |
#' | `HMAC_224`, `HMAC_256`, `HMAC_384`, `HMAC_512` | raw bytes: at least 28, 32, 48, 64 and at most 128 |
#' | `RSA_2048`, `RSA_3072`, `RSA_4096` | an RSA private key with a modulus of that many bits and two primes |
#' | `ECC_NIST_P256`, `ECC_NIST_P384`, `ECC_NIST_P521`, `ECC_SECG_P256K1` | a private key on that named curve |
#' | `ECC_NIST_EDWARDS25519` | an Ed25519 private key |
#' | `SM2` | an SM2 private key; China Regions only |
#'
#' @param key_spec One string: the key spec of the KMS key, from the table below. For private keys it may be left out
#'   (`NULL`): the key says what it is.
#' @param path One string: a file of at most 64 KiB. It is read by Rust alone.
#' @param x A raw vector with the key. R keeps a copy of it: wipe or drop it when you can, and prefer
#'   `key_material_file()`.
#' @param passphrase One string, for private keys encrypted with a passphrase (PKCS#8); `NULL` if they are not.
#' @param text `TRUE` to take bytes that look like text (base64, hexadecimal digits) as the key itself, for symmetric and
#'   HMAC keys.
#' @param ... Not used: what is not an argument is refused, with the one that was probably meant.
#' @return An object of class `kms_key_material`. It prints its key spec and length.
#' @seealso [key_material_export()] for an encrypted copy; [byok_import()] and [wrap_key_material()] for what to do with it.
#' @examples
#' key_material_random("HMAC_256")
#'
#' path <- tempfile()
#' writeBin(as.raw(sample(0:255, 32, replace = TRUE)), path)
#' key_material_file(path, "SYMMETRIC_DEFAULT")
#' unlink(path)
#' @name key_material
NULL

#' @rdname key_material
#' @export
key_material_random <- function(key_spec = "SYMMETRIC_DEFAULT", ...) {
  check_dots()
  new_key_material(rs_key_material_random(check_string(key_spec, "key_spec")))
}

#' @rdname key_material
#' @export
key_material_file <- function(path, key_spec = NULL, passphrase = NULL, text = FALSE, ...) {
  check_dots()
  path <- path.expand(check_string(path, "path"))
  options <- material_options(key_spec, passphrase, text)
  new_key_material(rs_key_material_file(path, options$key_spec, options$passphrase, options$text))
}

#' @rdname key_material
#' @export
key_material_raw <- function(x, key_spec = NULL, passphrase = NULL, text = FALSE, ...) {
  check_dots()
  if (!is.raw(x)) {
    abort_argument("x", describe_value(x), "a raw vector; for a file, use `key_material_file()`")
  }
  options <- material_options(key_spec, passphrase, text)
  new_key_material(rs_key_material_raw(x, options$key_spec, options$passphrase, options$text))
}

#' @export
format.kms_key_material <- function(x, ...) {
  facts <- key_material_facts(x)
  sprintf("<kms_key_material> %s, %d bytes, %s", facts$key_spec, as.integer(facts$length), redacted)
}

#' @export
print.kms_key_material <- function(x, ...) {
  writeLines(format(x, ...))
  invisible(x)
}

#' @export
str.kms_key_material <- function(object, ...) {
  cat("", format(object), "\n")
  invisible(NULL)
}

# The guard is what makes saving fail; it has to be in the object, not beside it.
new_key_material <- function(pointer) {
  structure(list(pointer = unwrap(pointer), guard = rs_guard()), class = "kms_key_material")
}

# What may be known of key material: key_spec, length, key_usage, public_key.
key_material_facts <- function(x) {
  unwrap(rs_key_material_describe(key_material_pointer(x)))
}

key_material_pointer <- function(x, arg = "key_material") {
  if (!inherits(x, "kms_key_material")) {
    abort_argument(
      arg, describe_value(x), "key material, as `key_material_file()` and its kin make it",
      advice = if (is.raw(x)) {
        "Make bytes key material with `key_material_raw()`, which wants to know their key spec."
      } else if (is_string(x)) {
        "Read a file with `key_material_file()`; make new material with `key_material_random()`."
      }
    )
  }
  .subset2(x, "pointer")
}

# Called by the guard, in C.
abort_serialized <- function() {
  abort_kmsr(
    "Key material cannot be saved or sent to another process.",
    class = "kmsr_key_material_error",
    body = c(i = paste(
      "Make or read it where it is needed, with `key_material_file()` or its kin.",
      "In a workspace, remove the object before `save.image()`."
    )),
    reason = "serialized"
  )
}

material_options <- function(key_spec, passphrase, text) {
  check_flag(text, "text")
  if (!is.null(passphrase) && (!is_string(passphrase) || !nzchar(passphrase))) {
    abort_argument("passphrase", "something else", "one string that is not empty, or NULL")
  }
  if (text && is.null(key_spec)) {
    abort_argument("key_spec", "NULL", "given with `text = TRUE`: a symmetric or HMAC key spec")
  }
  list(
    key_spec = if (is.null(key_spec)) "" else check_string(key_spec, "key_spec"),
    passphrase = enc2utf8(passphrase %||% ""),
    text = text
  )
}

check_string <- function(x, arg) {
  if (!is_string(x) || !nzchar(x)) {
    abort_argument(arg, describe_value(x), "one string")
  }
  enc2utf8(x)
}

check_flag <- function(x, arg) {
  if (!is_flag(x)) {
    abort_argument(arg, describe_value(x), "TRUE or FALSE")
  }
  x
}
