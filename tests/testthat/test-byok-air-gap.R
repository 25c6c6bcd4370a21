# The way of a bundle through processes that share nothing but files.

skip_on_os("windows")
skip_on_cran()

# What puts a process off every network, where that is possible.
without_network <- function() {
  possible <- Sys.which("unshare") != "" &&
    processx::run("unshare", c("-rn", "true"), error_on_status = FALSE)$status == 0
  if (possible) c("unshare", "-rn") else character()
}

test_that("three processes import a key, the middle one without network and AWS configuration", {
  emulator <- local_emulator()
  folder <- withr::local_tempdir()
  key_file <- file.path(folder, "secret.key")
  secret <- as.raw(sample(0:255, 48, replace = TRUE))
  writeBin(secret, key_file)

  told <- finish_child(start_child(
    {
      request <- byok_request(
        kms(),
        path = file.path(folder, "orders.json"), key_spec = "HMAC_384", alias = "orders", expires = "30 days"
      )
      cat(request$fingerprint, "\n")
    },
    folder = folder, env = emulator_env(emulator)
  ))
  fingerprint <- trimws(utils::tail(told, 1))

  calls <- calls_to(emulator)
  prefix <- without_network()
  told <- finish_child(start_child(
    {
      stopifnot(!any(startsWith(names(Sys.getenv()), "AWS_") & names(Sys.getenv()) != "AWS_EC2_METADATA_DISABLED"))
      online <- tryCatch(
        {
          close(socketConnection("127.0.0.1", port, open = "r+b", timeout = 2))
          TRUE
        },
        error = function(e) FALSE, warning = function(w) FALSE
      )
      wrapped <- byok_wrap(
        file.path(folder, "orders.json"), key_material_file(key_file, "HMAC_384"),
        fingerprint = fingerprint
      )
      cat(online, wrapped$fingerprint, "\n")
    },
    folder = folder, key_file = key_file, fingerprint = fingerprint,
    port = as.integer(sub(".*:", "", emulator$endpoint)),
    prefix = prefix
  ))
  told <- strsplit(utils::tail(told, 1), " ")[[1]]
  # The connection was refused for want of a network, where one can be taken away.
  expect_identical(told[1], if (length(prefix)) "FALSE" else "TRUE")
  expect_identical(calls_to(emulator), calls)

  wrapped_path <- file.path(folder, "orders-wrapped.json")
  expect_false(holds_secret(read_bytes(wrapped_path), secret))
  unlink(key_file)

  told <- finish_child(start_child(
    {
      receipt <- byok_submit(kms(), wrapped_path, fingerprint = fingerprint)
      byok_receipt_write(receipt, file.path(folder, "receipt.json"))
    },
    wrapped_path = wrapped_path, folder = folder, fingerprint = told[2], env = emulator_env(emulator)
  ))

  receipt <- byok_receipt_read(file.path(folder, "receipt.json"))
  expect_identical(receipt$proof$method, "mac")
  expect_identical(receipt$proof$proven, TRUE)
  svc <- quick_client(emulator)
  expect_identical(svc$describe_key("alias/orders")$KeyMetadata$KeyState, "Enabled")
  expect_identical(byok_verify(svc, receipt, key_material_raw(secret, "HMAC_384"))$proven, TRUE)
  expect_near(as.numeric(receipt$expires), as.numeric(Sys.time()) + 30 * 86400)
})
