#' Wrap key material
#'
#' Encrypts key material under a public key, in Rust, as [kms_import_key_material()] wants it. Most people want the
#' package to do all the steps; this is for those who do them one by one, or for other systems.
#'
#' @section Algorithms:
#' | `wrapping_algorithm` | what it does | for |
#' |---|---|---|
#' | `RSAES_OAEP_SHA_256` | RSA-OAEP, SHA-256 for label and mask (RFC 8017) | symmetric, HMAC and elliptic curve keys |
#' | `RSAES_OAEP_SHA_1` | RSA-OAEP, SHA-1 for both | the same, where SHA-256 cannot be had |
#' | `RSA_AES_KEY_WRAP_SHA_256` | a fresh AES-256 key wraps the material (RFC 5649) and goes before it, wrapped by RSA-OAEP | RSA and elliptic curve private keys |
#' | `RSA_AES_KEY_WRAP_SHA_1` | the same with SHA-1 | the same |
#' | `SM2PKE` | SM2 encryption | China Regions |
#' | `RSAES_PKCS1_V1_5` | RSA of PKCS#1 v1.5 | other systems; AWS KMS has refused it since 2023-10-10 |
#'
#' RSA-OAEP alone carries at most 190, 318 and 446 bytes (SHA-256) under keys of 2048, 3072 and 4096 bits.
#'
#' @param key_material Key material, see [key_material_file()]; or a raw vector, which is wrapped as it is.
#' @param public_key The `PublicKey` of [kms_get_parameters_for_import()]: a raw vector (SubjectPublicKeyInfo in DER), or
#'   PEM as a raw vector or one string.
#' @param wrapping_algorithm One string: the algorithm the parameters were asked for.
#' @param ... Not used: what is not an argument is refused, with the one that was probably meant.
#' @return A raw vector; every call gives other bytes.
#' @seealso [byok_import()], which does all the steps; [kms_get_parameters_for_import()] and [kms_import_key_material()],
#'   the steps before and after.
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' key <- svc$create_key(Origin = "EXTERNAL")$KeyMetadata
#' parameters <- svc$get_parameters_for_import(key$KeyId, "RSAES_OAEP_SHA_256", "RSA_4096")
#' wrapped <- wrap_key_material(key_material_random(), parameters$PublicKey, "RSAES_OAEP_SHA_256")
#' svc$import_key_material(
#'   key$KeyId, parameters$ImportToken, wrapped,
#'   ExpirationModel = "KEY_MATERIAL_DOES_NOT_EXPIRE"
#' )
#' svc$describe_key(key$KeyId)$KeyMetadata$KeyState
#' emulator$stop()
#' @export
wrap_key_material <- function(key_material, public_key, wrapping_algorithm, ...) {
  check_dots()
  material <- if (is.raw(key_material)) key_material else key_material_pointer(key_material)
  public_key <- public_key_bytes(public_key, "a raw vector, the PublicKey of get_parameters_for_import()")
  wrapping_algorithm <- check_string(wrapping_algorithm, "wrapping_algorithm")
  wrapped <- unwrap(rs_wrap(material, public_key, wrapping_algorithm))
  if (wrapping_algorithm == "RSAES_PKCS1_V1_5") {
    rlang::warn(
      c(
        "AWS KMS has refused RSAES_PKCS1_V1_5 since 2023-10-10.",
        i = "Use RSAES_OAEP_SHA_256, or RSA_AES_KEY_WRAP_SHA_256 for private keys."
      ),
      class = c("kmsr_deprecated_algorithm_warning", "kmsr_warning")
    )
  }
  wrapped
}

# A public key, in DER or PEM, as bytes.
public_key_bytes <- function(public_key, wanted) {
  if (is.character(public_key) && length(public_key) > 0 && !anyNA(public_key)) {
    public_key <- charToRaw(enc2utf8(paste(public_key, collapse = "\n")))
  }
  if (!is.raw(public_key)) {
    abort_argument("public_key", describe_value(public_key), wanted)
  }
  public_key
}
