# Imports of many keys, for tests.

# A data frame of HMAC keys, whose wrapping keys are quick to make.
many_keys <- function(n, specs = "HMAC_256") {
  data <- data.frame(id = sprintf("row-%02d", seq_len(n)))
  data$material <- lapply(rep_len(specs, n), key_material_random)
  data
}

many_files <- function(n, folder) {
  paths <- file.path(folder, sprintf("key-%02d", seq_len(n)))
  for (path in paths) {
    writeBin(as.raw(sample(0:255, 32, replace = TRUE)), path)
  }
  data.frame(id = basename(paths), path = paths, key_spec = "HMAC_256", alias = paste0("many/", basename(paths)))
}

# The import at a hundred times AWS' pace, under quick wrapping keys, without long waits.
import_fast <- function(svc, data, ledger, ..., wait = 1, speed = 100) {
  byok_import_many(svc, data, ledger, ..., wrapping_key_spec = "RSA_2048", wait = wait, speed = speed)
}

local_ledger <- function(env = parent.frame()) withr::local_tempfile(fileext = ".jsonl", .local_envir = env)

all_keys <- function(svc) {
  unlist(paginate_lapply(svc$list_keys(), function(page) vapply(page$Keys, function(key) key$KeyArn, "")))
}

ledger_events <- function(path) lapply(readLines(path), jsonlite::fromJSON, simplifyVector = FALSE)

# Calls that were answered, by operation.
count_calls <- function(emulator, operation) {
  log <- emulator$log()
  sum(log$eventName == operation & is.na(log$errorCode))
}

# Writes a ledger's lines anew, with checks that fit: what somebody could do on purpose.
rewrite_ledger <- function(path, lines) {
  opened <- rs_ledger_open(path)
  rs_ledger_append(opened$pointer, sub(",\"check\":\"[0-9a-f]+\"\\}$", "}", lines), FALSE)
  rs_ledger_close(opened$pointer)
}

# A new elliptic curve key as PEM.
test_pem <- function(env = parent.frame()) {
  path <- withr::local_tempfile(.local_envir = env)
  openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
  path
}

steady_ledger <- function(lines) gsub("ledger [^ ]*\\.jsonl|/[^ ]*\\.jsonl", "<ledger>", steady(lines))
