#' Receipts of an import
#'
#' [byok_import()] returns a receipt: what AWS asks people to keep beside their own copy of the key, and what
#' [byok_verify()] needs later. It holds nothing secret. `byok_receipt_write()` and `byok_receipt_read()` keep it as a
#' JSON file; [saveRDS()] and [as.data.frame()] work as well.
#'
#' A receipt is a list with
#' * `key_id`, `key_arn`, `key_spec`, `key_usage`, `alias`: the KMS key;
#' * `key_material_id`: KMS' name for this material, 64 hexadecimal digits; symmetric keys only, else `NA`;
#' * `wrapping_algorithm`, `wrapping_key_spec`: how it travelled;
#' * `expires`: when KMS forgets the material, a `POSIXct`; `NA` for never;
#' * `proof`: what was proven, see [byok_verify()];
#' * `imported_at`: a `POSIXct`;
#' * `request_ids`: the service's ids of the requests, by step, to quote to AWS Support.
#'
#' @param receipt A receipt.
#' @param path One string: the file. It is replaced in one piece or not at all.
#' @param x A receipt.
#' @param row.names,optional,... Not used.
#' @return `byok_receipt_write()`: `path`, invisibly. `byok_receipt_read()`: the receipt. `as.data.frame()`: one row.
#' @family bring your own key
#' @examples
#' emulator <- kms_emulator()
#' receipt <- byok_import(emulator$client(), key_material_random())
#' path <- tempfile(fileext = ".json")
#' byok_receipt_write(receipt, path)
#' writeLines(readLines(path))
#' identical(byok_receipt_read(path)$key_arn, receipt$key_arn)
#' as.data.frame(receipt)[c("key_spec", "proof_method", "proven")]
#' unlink(path)
#' emulator$stop()
#' @export
byok_receipt_write <- function(receipt, path) {
  if (!inherits(receipt, "kms_import_receipt")) {
    abort_argument("receipt", describe_value(receipt), "a receipt of byok_import()")
  }
  write_whole(to_json(receipt_data(receipt)), check_string(path, "path"))
  invisible(path)
}

#' @rdname byok_receipt_write
#' @export
byok_receipt_read <- function(path) {
  path <- check_string(path, "path")
  data <- read_json(path, "kmsr-receipt", "receipt")
  if (!is_string(data$key_arn) || !is_string(data$key_spec) || !is.list(data$proof)) {
    abort_kmsr(
      sprintf("The receipt %s is damaged: it does not say which key it is of, or what was proven.", path),
      class = c("kmsr_file_error", "kmsr_argument_error"), argument = "path"
    )
  }
  receipt_from(data)
}

# A receipt of what was read from JSON.
receipt_from <- function(data) {
  receipt <- lapply(rlang::set_names(receipt_fields), function(name) data[[name]] %||% NA_character_)
  receipt$expires <- read_time(data$expires)
  receipt$imported_at <- read_time(data$imported_at)
  receipt["request_ids"] <- list(unlist(data$request_ids))
  receipt$proof <- structure(
    list(
      method = data$proof$method, proven = data$proof$proven %||% NA, statement = data$proof$statement,
      checked_at = read_time(data$proof$checked_at)
    ),
    class = "kms_import_proof"
  )
  structure(receipt, class = "kms_import_receipt")
}

receipt_fields <- c(
  "key_id", "key_arn", "key_spec", "key_usage", "alias", "key_material_id", "wrapping_algorithm", "wrapping_key_spec",
  "expires", "proof", "imported_at", "request_ids"
)

# `expires` is this material's, in seconds since 1970: DescribeKey tells the earliest of all that a key has.
new_receipt <- function(key, result, wrapping, proof, alias, request_ids, expires) {
  structure(
    list(
      key_id = key$KeyId,
      key_arn = key$Arn,
      key_spec = key$KeySpec,
      key_usage = key$KeyUsage,
      alias = alias %||% NA_character_,
      key_material_id = first_or(result$KeyMaterialId, NA_character_),
      wrapping_algorithm = wrapping$wrapping_algorithm,
      wrapping_key_spec = wrapping$wrapping_key_spec,
      expires = time_from(floor(expires %||% NA_real_)),
      proof = proof,
      imported_at = now(),
      request_ids = request_ids
    ),
    class = "kms_import_receipt"
  )
}

#' @export
format.kms_import_receipt <- function(x, ...) {
  line <- function(label, value) sprintf("  %-13s %s", paste0(label, ":"), value)
  proof <- format(x$proof)
  c(
    "<kms_import_receipt>",
    line("Key", x$key_arn),
    if (!is.na(x$alias)) line("Alias", x$alias),
    line("Spec", sprintf("%s, %s", x$key_spec, x$key_usage)),
    if (!is.na(x$key_material_id)) line("Material", x$key_material_id),
    line("Wrapped by", sprintf("%s under %s", x$wrapping_algorithm, x$wrapping_key_spec)),
    line("Imported", format_time(x$imported_at)),
    line("Expires", if (is.na(x$expires)) "never" else format_time(x$expires)),
    line("Proof", if (isTRUE(x$proof$proven)) paste0("proven (", x$proof$method, ")") else paste0(x$proof$method, " only")),
    paste0("                ", trimws(proof[-1]))
  )
}

#' @export
print.kms_import_receipt <- function(x, ...) {
  writeLines(format(x, ...))
  invisible(x)
}

#' @rdname byok_receipt_write
#' @export
as.data.frame.kms_import_receipt <- function(x, row.names = NULL, optional = FALSE, ...) {
  flat <- unclass(x)
  flat$proof <- NULL
  flat$request_ids <- NULL
  data.frame(
    flat,
    proof_method = x$proof$method, proven = x$proof$proven, proof_statement = x$proof$statement,
    request_id = first_or(unname(x$request_ids["import"]), NA_character_),
    row.names = row.names
  )
}

receipt_data <- function(receipt) {
  data <- unclass(receipt)
  data["expires"] <- list(write_time(receipt$expires))
  data$imported_at <- write_time(receipt$imported_at)
  data$request_ids <- as.list(receipt$request_ids)
  data$proof <- unclass(receipt$proof)
  data$proof$checked_at <- write_time(receipt$proof$checked_at)
  c(list(format = "kmsr-receipt", version = 1), data)
}

first_or <- function(x, otherwise) {
  if (length(x) == 0) otherwise else x[[1]]
}
