#' kmsr: AWS Key Management Service, and your own keys in it
#'
#' kmsr calls AWS KMS with paws' interface and brings your own keys into it, with the key material kept out of R.
#'
#' @section Where to look:
#' | to | see |
#' |---|---|
#' | make a client, say who you are and where | [kms()], [config()], [kms_default()] |
#' | call an operation | `svc$describe_key()` and its 55 siblings; their help is under `kms_`: [kms_describe_key()] |
#' | list everything, page by page | [paginate()] |
#' | make or read key material | [key_material_random()], [key_material_file()] |
#' | bring it into KMS in one call | [byok_import()], [byok_receipt_write()] |
#' | prove that KMS holds it | [byok_verify()] |
#' | wrap it yourself | [kms_get_parameters_for_import()], [wrap_key_material()], [kms_import_key_material()] |
#' | try, teach and test without AWS | [kms_emulator()], [local_kms()] |
#' | understand an error | [kmsr-errors] |
#'
#' Longer reads: `vignette("kmsr")`, `vignette("coming-from-paws")`, `vignette("security")`.
#'
#' @section Options:
#' * `kmsr.serialize_secrets`: `TRUE` to let literal keys travel with a saved client; see [kms()].
#'
#' @keywords internal
#' @useDynLib kmsr, .registration = TRUE
"_PACKAGE"

# What a session remembers: the default client.
the <- new.env(parent = emptyenv())
