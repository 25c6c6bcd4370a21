# The file behind byok_request(), byok_wrap() and byok_submit(): one flat JSON object of strings.

# What a bundle of each stage must have; the rest of what it may have.
bundle_required <- list(request = c(
  "stage", "key_arn", "key_spec", "key_usage", "region", "wrapping_algorithm", "wrapping_key_spec", "public_key",
  "import_token", "valid_to", "created_at"
))
bundle_required$wrapped <- c(bundle_required$request, "wrapped_material", "wrapped_at")
bundle_optional <- c(
  "alias", "expires", "material_description", "proof_public_key", "proof_message", "proof_mac", "proof_mac_algorithm"
)
bundle_base64 <- c("public_key", "import_token", "wrapped_material", "proof_public_key", "proof_message", "proof_mac")

# For whoever opens the file.
bundle_notes <- c(
  request = "Nothing in here is secret. Next, on the machine with the key: kmsr::byok_wrap(), with the fingerprint.",
  wrapped = "Nothing in here is secret. Next, on a machine with a network: kmsr::byok_submit()."
)

# A bundle, from a file or as it is, of the stage that is due, undamaged and still valid.
open_bundle <- function(bundle, stage) {
  bundle <- read_bundle(bundle)
  if (bundle$stage != stage) {
    abort_bundle("stage", switch(stage,
      request = "The bundle has been wrapped already.",
      wrapped = "The bundle has not been wrapped yet."
    ), c(i = switch(stage,
      request = "Submit it with byok_submit(); or wrap the bundle of byok_request() again.",
      wrapped = "Take it to the machine with the key, and run byok_wrap() there."
    )))
  }
  valid_to <- read_time(bundle$valid_to)
  if (valid_to <= now()) {
    abort_bundle(
      "stale", sprintf("The bundle was valid until %s, and it is %s.", format_time(valid_to), format_time(now())),
      c(i = "If this machine's clock is right, make a new request: AWS gives 24 hours.")
    )
  }
  bundle
}

read_bundle <- function(bundle) {
  if (inherits(bundle, "kms_import_bundle")) {
    data <- unclass(bundle)
    path <- data$path
    data[c("path", "fingerprint")] <- NULL
  } else {
    path <- path.expand(check_string(bundle, "bundle"))
    data <- read_json(path, "kmsr-bundle", "bundle")
  }
  data <- data[!vapply(data, is.null, logical(1))]
  if (!identical(data$checksum, bundle_checksum(data))) {
    abort_bundle(
      "edited", "The bundle was damaged or edited: its checksum does not fit its content.",
      c(i = "Fetch it again from where it was made, in binary mode, or make a new one. Nothing in it is meant to be edited.")
    )
  }
  check_bundle(data)
  new_bundle(data, path)
}

# Whoever made this file, its checksum is right: it must still be a bundle.
check_bundle <- function(data) {
  strings <- vapply(data, is_string, logical(1))
  strings["version"] <- TRUE
  known <- is_string(data$stage) && data$stage %in% names(bundle_required)
  wrong <- if (!known) {
    "stage"
  } else {
    base64 <- intersect(bundle_base64, names(data)[strings])
    times <- intersect(c("valid_to", "created_at", "wrapped_at", "expires"), names(data)[strings])
    c(
      setdiff(bundle_required[[data$stage]], names(data)),
      names(data)[!strings],
      Filter(function(name) is.null(rs_from_base64(data[[name]])), base64),
      Filter(function(name) is.na(parse_iso8601(data[[name]])), times)
    )
  }
  if (length(wrong) > 0) {
    abort_bundle(
      "edited", sprintf("This is no bundle of this kmsr: its \"%s\" is missing or not what it must be.", wrong[1]),
      c(i = "Was it written by hand? byok_request() and byok_wrap() make bundles.")
    )
  }
}

# Writes a bundle and returns it. Members that are NULL are left out; their order is that of a reader's questions.
write_bundle <- function(path, data) {
  data <- unclass(data)[c(bundle_required$wrapped, bundle_optional)]
  data <- data[!vapply(data, is.null, logical(1))]
  data <- c(list(format = "kmsr-bundle", version = 1, note = bundle_notes[[data$stage]]), data)
  data$checksum <- bundle_checksum(data)
  write_whole(to_json(data), path)
  new_bundle(data, path)
}

# SHA-256 of the other members, sorted, as JSON without blanks: what `jq -cSj 'del(.checksum)'` writes.
bundle_checksum <- function(data) {
  data$checksum <- NULL
  data <- data[order(names(data), method = "radix")]
  paste0("sha256:", rs_sha256(charToRaw(enc2utf8(to_json(data, pretty = FALSE)))))
}

new_bundle <- function(data, path) {
  data$fingerprint <- bundle_fingerprint(data)
  data$path <- path
  structure(data, class = "kms_import_bundle")
}

# Half a SHA-256 in groups that can be read aloud: of what an attacker on the bundle's way would exchange.
bundle_fingerprint <- function(data) {
  exchanged <- switch(data$stage, request = data$public_key, wrapped = data$wrapped_material)
  digits <- substr(rs_sha256(rs_from_base64(exchanged)), 1, 32)
  paste(substring(digits, seq(1, 29, 4), seq(4, 32, 4)), collapse = "-")
}

check_fingerprint <- function(bundle, fingerprint) {
  if (is.null(fingerprint)) {
    return(invisible())
  }
  digits <- function(text) tolower(gsub("[^0-9A-Fa-f]", "", text))
  given <- digits(check_string(fingerprint, "fingerprint"))
  if (!nchar(given) %in% c(32, 64)) {
    abort_argument("fingerprint", sprintf("%d hexadecimal digits", nchar(given)), "32 hexadecimal digits, as it was shown")
  }
  if (substr(given, 1, 32) != digits(bundle$fingerprint)) {
    abort_bundle(
      "fingerprint", sprintf("The fingerprint is %s, not the one expected.", bundle$fingerprint),
      c(
        "!" = "Somebody may have exchanged the bundle on its way, or this is another request's.",
        i = "Do not go on with this bundle. Ask who made it, and compare again."
      )
    )
  }
}

abort_bundle <- function(reason, message, body = NULL) {
  abort_kmsr(
    message,
    class = c("kmsr_bundle_error", "kmsr_argument_error"), body = body, reason = reason, argument = "bundle"
  )
}

#' @export
format.kms_import_bundle <- function(x, ...) {
  line <- function(label, value) sprintf("  %-13s %s", paste0(label, ":"), value)
  wrapped <- x$stage == "wrapped"
  c(
    sprintf("<kms_import_bundle> %s", if (wrapped) "wrapped, to be submitted" else "a request, to be wrapped"),
    line("File", x$path),
    line("Key", x$key_arn),
    if (!is.null(x$alias)) line("Alias", x$alias),
    line("Spec", sprintf("%s, %s", x$key_spec, x$key_usage)),
    line("Wrapping", sprintf("%s under %s", x$wrapping_algorithm, x$wrapping_key_spec)),
    line("Expires", if (is.null(x$expires)) "never" else format_time(read_time(x$expires))),
    line("Valid until", format_time(read_time(x$valid_to))),
    line("Fingerprint", sprintf("%s (of the %s)", x$fingerprint, if (wrapped) "wrapped material" else "public key")),
    paste0("  Next: ", if (wrapped) {
      c("take the file to a machine with a network, tell the fingerprint by another way, and run there")
    } else {
      c("take the file to the machine with the key, tell the fingerprint by another way, and run there")
    }),
    sprintf(
      "    %s(%s\"%s\", %sfingerprint = \"...\")", if (wrapped) "byok_submit" else "byok_wrap", if (wrapped) "svc, " else "",
      basename(x$path), if (wrapped) "" else "key_material, "
    )
  )
}

#' @export
print.kms_import_bundle <- function(x, ...) {
  writeLines(format(x, ...))
  invisible(x)
}

# The file to write beside a request's.
wrapped_path <- function(bundle) {
  paste0(sub("\\.json$", "", bundle$path), "-wrapped.json")
}

# A file can be written there: better known before anything is sent.
check_folder <- function(path) {
  path <- path.expand(check_string(path, "path"))
  if (dir.exists(path) || file.access(dirname(path), 2) != 0) {
    abort_kmsr(
      sprintf("%s cannot be written.", path),
      class = c("kmsr_file_error", "kmsr_argument_error"),
      body = c(i = "It must be a file in a folder that exists and may be written to."),
      argument = "path"
    )
  }
  path
}
