test_that("a receipt comes back from its file as it went in", {
  svc <- local_kms()
  path <- withr::local_tempfile(fileext = ".json")
  receipts <- list(
    byok_import(svc, material_of("HMAC_256"), alias = "orders", expires = "90 days"),
    byok_import(svc, material_of("SYMMETRIC_DEFAULT")),
    byok_import(svc, material_of("ECC_NIST_P256"), verify = FALSE)
  )
  for (receipt in receipts) {
    byok_receipt_write(receipt, path)
    again <- byok_receipt_read(path)
    expect_s3_class(again, "kms_import_receipt")
    expect_identical(names(again), names(receipt))
    times <- c("expires", "imported_at", "proof")
    expect_identical(unclass(again)[setdiff(names(again), times)], unclass(receipt)[setdiff(names(receipt), times)])
    # Files have whole seconds.
    expect_identical(as.numeric(again$expires), trunc(as.numeric(receipt$expires)))
    expect_identical(as.numeric(again$imported_at), trunc(as.numeric(receipt$imported_at)))
    expect_identical(unclass(again$proof)[1:3], unclass(receipt$proof)[1:3])
    expect_identical(format(again), format(receipt))
  }
})

test_that("a receipt survives saveRDS() and finds its key", {
  svc <- local_kms()
  receipt <- byok_import(svc, material_of("HMAC_256"))
  path <- withr::local_tempfile()
  saveRDS(receipt, path)
  again <- readRDS(path)
  expect_identical(again, receipt)
  expect_identical(byok_verify(svc, again, material_of("HMAC_256"))$proven, TRUE)
})

test_that("a receipt is a row of a data frame", {
  svc <- local_kms()
  receipts <- lapply(c("HMAC_256", "SYMMETRIC_DEFAULT"), function(spec) byok_import(svc, material_of(spec)))
  frame <- do.call(rbind, lapply(receipts, as.data.frame))
  expect_identical(names(frame), c(
    "key_id", "key_arn", "key_spec", "key_usage", "alias", "key_material_id", "wrapping_algorithm", "wrapping_key_spec",
    "expires", "imported_at", "proof_method", "proven", "proof_statement", "request_id"
  ))
  expect_identical(frame$key_spec, c("HMAC_256", "SYMMETRIC_DEFAULT"))
  expect_identical(frame$proven, c(TRUE, NA))
  expect_identical(is.na(frame$key_material_id), c(TRUE, FALSE))
  expect_identical(as.numeric(frame$expires), c(NA_real_, NA_real_))
})

test_that("a receipt names requests that AWS knows", {
  svc <- local_kms()
  receipt <- byok_import(svc, material_of("HMAC_256"), alias = "orders")
  log <- attr(svc, "emulator")$log()
  expect_identical(names(receipt$request_ids), c("create", "parameters", "import", "describe", "verify", "alias"))
  events <- log$eventName[match(receipt$request_ids, log$requestID)]
  expect_identical(
    events,
    c("CreateKey", "GetParametersForImport", "ImportKeyMaterial", "DescribeKey", "GenerateMac", "CreateAlias")
  )
  # A symmetric key's proof asks for nothing.
  symmetric <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"))
  expect_identical(names(symmetric$request_ids), c("create", "parameters", "import", "describe"))
})

test_that("a receipt reads well", {
  svc <- local_kms()
  expect_snapshot(
    {
      byok_import(svc, material_of("HMAC_256"), alias = "orders", expires = "90 days")
      byok_import(svc, material_of("SYMMETRIC_DEFAULT"))
    },
    transform = steady
  )
})

test_that("what is no receipt is refused with what to do", {
  path <- withr::local_tempfile(fileext = ".json")
  refused <- function(text) {
    writeLines(text, path)
    expect_error(byok_receipt_read(path), class = "kmsr_file_error")
  }
  expect_match(conditionMessage(refused("no json")), "is not a receipt")
  expect_match(conditionMessage(refused("[1, 2]")), "is not a receipt")
  expect_match(conditionMessage(refused("{\"format\": \"kmsr-bundle\", \"version\": 1}")), "is not a receipt")
  expect_match(conditionMessage(refused("{\"format\": \"kmsr-receipt\", \"version\": 2}")), "has version 2")
  expect_match(conditionMessage(refused("{\"format\": \"kmsr-receipt\", \"version\": 1}")), "is damaged")
  expect_error(byok_receipt_read(file.path(path, "none")), class = "kmsr_file_error")
  expect_error(byok_receipt_read(1), class = "kmsr_argument_error")
  expect_error(byok_receipt_write(list(), path), class = "kmsr_argument_error")
})

test_that("a receipt is written whole or not at all", {
  svc <- local_kms()
  receipt <- byok_import(svc, material_of("HMAC_256"))
  expect_error(byok_receipt_write(receipt, file.path(tempfile(), "r.json")), class = "kmsr_file_error")
  folder <- withr::local_tempdir()
  dir.create(file.path(folder, "r.json"))
  expect_error(byok_receipt_write(receipt, file.path(folder, "r.json")), class = "kmsr_file_error")
  expect_identical(list.files(folder, all.files = TRUE, no.. = TRUE), "r.json")
})

test_that("a file that cannot be read says why", {
  folder <- withr::local_tempdir()
  withr::local_dir(folder)
  why <- function(path) strsplit(tryCatch(byok_receipt_read(path), kmsr_file_error = conditionMessage), "\n")[[1]]
  expect_identical(why("none.json"), c("The receipt none.json cannot be read.", paste(cli::symbol$info, "There is no such file in", paste0(getwd(), "."))))
  expect_match(why(file.path(folder, "none.json"))[2], "There is no such file.", fixed = TRUE)
  expect_match(why(folder)[2], "It is a folder: name the file in it.", fixed = TRUE)
})
