# Imports of key material, for tests.

key_specs <- c(
  "SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "RSA_2048", "RSA_3072", "RSA_4096",
  "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"
)
wrapping_algorithms <- c(
  "RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSAES_PKCS1_V1_5",
  "SM2PKE"
)
wrapping_key_specs <- c("RSA_2048", "RSA_3072", "RSA_4096", "SM2")

# Every combination of the three, with what AWS' documentation says of it, outside China.
import_matrix <- function() {
  all <- expand.grid(
    key_spec = key_specs, wrapping_algorithm = wrapping_algorithms, wrapping_key_spec = wrapping_key_specs,
    stringsAsFactors = FALSE
  )
  oaep <- startsWith(all$wrapping_algorithm, "RSAES_OAEP_")
  rsa_aes <- startsWith(all$wrapping_algorithm, "RSA_AES_")
  rsa <- startsWith(all$key_spec, "RSA_")
  ecc <- startsWith(all$key_spec, "ECC_")
  all$allowed <- all$wrapping_key_spec != "SM2" & ifelse(rsa, rsa_aes, ifelse(ecc, rsa_aes | oaep, oaep)) &
    !(all$key_spec == "ECC_NIST_P521" & oaep & all$wrapping_key_spec == "RSA_2048")
  all
}

# Key material of a spec, made once for all tests of a file's process: RSA keys take their time.
material_of <- local({
  made <- new.env()
  function(key_spec = "HMAC_256") {
    if (is.null(made[[key_spec]])) made[[key_spec]] <- key_material_random(key_spec)
    made[[key_spec]]
  }
})

# An emulator for one test, and a client of it that does not retry.
local_emulator <- function(region = "us-east-1", env = parent.frame()) {
  emulator <- kms_emulator(region = region)
  withr::defer(emulator$stop(), envir = env)
  emulator
}

quick_client <- function(emulator, ...) emulator$client(max_retries = 0, ...)

# The operations that were called, in order.
calls_to <- function(emulator) emulator$log()$eventName

new_external_key <- function(svc, key_spec = "HMAC_256") {
  usage <- key_material_usage[[sub("_.*", "", key_spec)]]
  svc$create_key(Origin = "EXTERNAL", KeySpec = key_spec, KeyUsage = usage)$KeyMetadata
}
key_material_usage <- c(
  SYMMETRIC = "ENCRYPT_DECRYPT", HMAC = "GENERATE_VERIFY_MAC", RSA = "SIGN_VERIFY", ECC = "SIGN_VERIFY"
)

# What differs from run to run, out of what people read.
steady <- function(lines) {
  lines <- gsub("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>", lines)
  lines <- gsub("mrk-[0-9a-f]{32}", "mrk-<id>", lines)
  lines <- gsub("\\b[0-9a-f]{64}\\b", "<sha256>", lines)
  lines <- gsub("\\b([0-9a-f]{4}-){7}[0-9a-f]{4}\\b", "<fingerprint>", lines)
  lines <- gsub("[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}( UTC|Z)", "<time>", lines)
  gsub("[^ \"(]*/(Rtmp|file)[^ /\"]*/", "<folder>/", lines)
}

# Runs R code in a process of its own, with the package from where this process has it. `...` are values it finds under
# their names. The environment has neither a home nor an AWS configuration unless `env` says so.
start_child <- function(code, ..., env = character(), prefix = character()) {
  folder <- withr::local_tempdir(.local_envir = parent.frame())
  values <- list(...)
  saveRDS(values, file.path(folder, "values.rds"))
  writeLines(c(
    sprintf("library(kmsr, lib.loc = %s)", deparse(dirname(system.file(package = "kmsr")))),
    sprintf("list2env(readRDS(%s), environment())", deparse(file.path(folder, "values.rds"))),
    deparse(substitute(code))
  ), file.path(folder, "child.R"))
  command <- c(prefix, file.path(R.home("bin"), "Rscript"), "--vanilla", file.path(folder, "child.R"))
  bare <- Sys.getenv(c("PATH", "LD_LIBRARY_PATH", "R_LIBS", "R_LIBS_USER", "R_LIBS_SITE", "LANG", "LC_ALL", "TMPDIR"))
  processx::process$new(
    command[1], command[-1],
    env = c(bare, HOME = folder, AWS_EC2_METADATA_DISABLED = "true", env),
    stdout = "|", stderr = file.path(folder, "errors"), wd = folder, cleanup_tree = TRUE
  )
}

# The environment of a child that may use an emulator.
emulator_env <- function(emulator) {
  c(
    AWS_ENDPOINT_URL_KMS = emulator$endpoint, AWS_REGION = emulator$region,
    AWS_ACCESS_KEY_ID = emulator$creds$access_key_id, AWS_SECRET_ACCESS_KEY = emulator$creds$secret_access_key
  )
}

# Waits for a child to end and gives what it printed.
finish_child <- function(child) {
  child$wait(60000)
  output <- child$read_all_output_lines()
  errors <- readLines(child$get_error_file(), warn = FALSE)
  if (!identical(child$get_exit_status(), 0L)) {
    stop("The child failed: ", paste(c(output, errors), collapse = "\n"))
  }
  output
}

# Waits for a line that a child prints.
await_line <- function(child, line, seconds = 60) {
  deadline <- Sys.time() + seconds
  seen <- character()
  while (Sys.time() < deadline) {
    child$poll_io(200)
    seen <- c(seen, child$read_output_lines())
    if (line %in% seen) {
      return(invisible(seen))
    }
    if (!child$is_alive()) break
  }
  stop("The child never said ", line, ": ", paste(c(seen, readLines(child$get_error_file(), warn = FALSE)), collapse = "\n"))
}

openssl <- function(...) {
  testthat::skip_if(Sys.which("openssl") == "", "the openssl command is not installed")
  result <- processx::run("openssl", c(...), error_on_status = FALSE)
  if (result$status != 0) stop("openssl ", paste(c(...), collapse = " "), ": ", result$stderr)
  invisible(result)
}

read_bytes <- function(path) readBin(path, "raw", file.size(path))

# Whether bytes hold a secret: as it is, in hexadecimal digits, in base64, wherever it may begin.
holds_secret <- function(bytes, secret) {
  hex <- paste(format(secret), collapse = "")
  # Base64 shows a secret in one of three ways, by where it begins; its outer digits depend on its neighbours.
  base64 <- vapply(0:2, function(offset) {
    text <- jsonlite::base64_enc(c(raw(offset), secret))
    substr(gsub("\n", "", text), 5, nchar(text) - 4)
  }, "")
  forms <- c(list(secret), lapply(c(hex, toupper(hex), base64), charToRaw))
  any(vapply(forms, function(form) length(grepRaw(form, bytes, fixed = TRUE)) > 0, logical(1)))
}

root_policy <- paste0(
  "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Sid\": \"everything\", \"Effect\": \"Allow\", ",
  "\"Principal\": {\"AWS\": \"arn:aws:iam::000000000000:root\"}, \"Action\": \"kms:*\", \"Resource\": \"*\"}]}"
)

# The same time, give or take what a test takes.
expect_near <- function(seconds, expected) {
  testthat::expect_lt(abs(seconds - expected), 60)
}

# How often bytes are found in the memory of another process.
count_in_memory <- function(pid, needle) {
  memory <- tryCatch(file(sprintf("/proc/%d/mem", pid), "rb", raw = TRUE), error = function(e) NULL, warning = function(w) NULL)
  testthat::skip_if(is.null(memory), "the memory of another process cannot be read here")
  on.exit(close(memory))
  maps <- strsplit(readLines(sprintf("/proc/%d/maps", pid)), " +")
  maps <- Filter(function(map) startsWith(map[2], "r") && !identical(map[6], "[vvar]"), maps)
  sum(vapply(maps, function(map) {
    bounds <- vapply(strsplit(map[1], "-")[[1]], function(hex) {
      sum(strtoi(strsplit(hex, "")[[1]], 16L) * 16^(rev(seq_len(nchar(hex))) - 1))
    }, numeric(1))
    # A read past what a file-backed mapping holds ends early, which is as good.
    bytes <- tryCatch(
      {
        seek(memory, bounds[[1]])
        readBin(memory, "raw", bounds[[2]] - bounds[[1]])
      },
      error = function(e) raw(), warning = function(w) raw()
    )
    length(grepRaw(needle, bytes, fixed = TRUE, all = TRUE))
  }, numeric(1)))
}
