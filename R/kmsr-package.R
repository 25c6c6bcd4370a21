#' kmsr: AWS Key Management Service, and your own keys in it
#'
#' kmsr calls AWS KMS with paws' interface and brings your own keys into it, with the key material kept out of R.
#'
#' @section Where to look:
#' | to | see |
#' |---|---|
#' | make a client, say who you are and where | [kms()], [config()], [kms_default()] |
#' | call an operation | `svc$describe_key()` and its 55 siblings; their help is under `kms_`: [kms_describe_key()] |
#' | make thousands of calls at once, see which failed | [kms_map()], [kms_map_failures()] |
#' | list everything, page by page | [paginate()] |
#' | ask where you stand: Region, identity, network | [kms_sitrep()] |
#' | make or read key material, keep a copy of it | [key_material_random()], [key_material_file()], [key_material_raw()], [key_material_export()] |
#' | see what an import would do | [byok_plan()] |
#' | bring a key into KMS in one call, or hundreds of them | [byok_import()], [byok_import_many()] |
#' | bring it in from a machine without a network | [byok_request()], [byok_wrap()], [byok_submit()] |
#' | keep the receipt, prove that KMS holds the key | [byok_receipt_write()], [byok_receipt_read()], [byok_verify()] |
#' | look after imported keys | [byok_inventory()], [byok_expiring()], [byok_renew()], [byok_rotate()], [byok_delete()] |
#' | wrap it yourself | [kms_get_parameters_for_import()], [wrap_key_material()], [kms_import_key_material()] |
#' | try, teach and test without AWS | [kms_emulator()], [local_kms()] |
#' | find out whose credentials are used; look them up anew | [locate_credentials()], [paws_reset_cache()] |
#' | see what is called | [paws_config_log()] |
#' | understand an error | [kmsr-errors] |
#'
#' Longer reads: `vignette("kmsr")`, `vignette("byok")`, `vignette("bulk")`, `vignette("testing")`,
#' `vignette("coming-from-paws")`, `vignette("security")`. `help(package = "kmsr")` lists every page.
#'
#' @section Options:
#' * `kmsr.serialize_secrets`: `TRUE` to let literal keys travel with a saved client; see [kms()].
#' * `kmsr.log_level`, `kmsr.log_file`, `kmsr.log_timestamp_fmt`: what is logged, where, and how; see [paws_config_log()].
#'
#' @keywords internal
#' @useDynLib kmsr, .registration = TRUE
"_PACKAGE"

# What a session remembers: the default client, whether it was set, and how many times all clients were told to look up
# their credentials anew.
the <- new.env(parent = emptyenv())
the$lookups <- 0
