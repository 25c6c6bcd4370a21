# The log, as R writes it. What may stand in it is held by the tests of the client crate, for every operation; here it is held
# for calls that are real.

# The lines that running the code writes.
logged <- function(code, ...) {
  withr::local_options(...)
  utils::capture.output(invisible(code))
}

line <- "^(WARN|INFO|DEBUG|TRACE) \\[\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2}\\.\\d{3}\\]: "

test_that("a call that goes well writes nothing unless asked", {
  server <- local_canned(reply_with())
  svc <- server$client()
  expect_identical(logged(svc$list_keys()), character())
  expect_identical(logged(svc$list_keys(), paws.log_level = 0L), character())
})

test_that("what is sent again is told by default, to the standard output", {
  server <- local_canned(reply_error("ThrottlingException", "Rate exceeded"), reply_with())
  lines <- logged(server$client(max_retries = 1)$list_keys())
  expect_length(lines, 1)
  expect_match(lines, paste0(line, "ListKeys: ThrottlingException \\(HTTP 400\\); sent again after [0-9.]+ s, attempt 2$"))
  server$reply(reply_error("ThrottlingException", "Rate exceeded"), reply_with())
  expect_identical(logged(server$client(max_retries = 1)$list_keys(), paws.log_level = 1L), character())
})

test_that("levels tell more and more", {
  server <- local_canned(reply_with())
  count <- function(level) {
    lines <- logged(server$client()$list_keys(), paws.log_level = level)
    expect_match(lines, line)
    table(factor(sub(" .*", "", lines), c("WARN", "INFO", "DEBUG", "TRACE")))
  }
  expect_identical(as.vector(count(3L)), c(0L, 1L, 0L, 0L))
  expect_identical(as.vector(count(4L)), c(0L, 1L, 2L, 0L))
  expect_gt(count(5L)[["TRACE"]], 10)
})

test_that("the log of a failure comes before its error, and that of both attempts at a client", {
  server <- local_canned(reply_error("NotFoundException", "no such key"))
  svc <- server$client()
  lines <- logged(
    expect_error(svc$describe_key("k"), class = "kmsr_NotFoundException"),
    paws.log_level = 4L
  )
  expect_match(lines, "<- 400 DescribeKey", all = FALSE)
})

test_that("kmsr's settings win over paws', options over the environment of each", {
  level <- function(...) {
    withr::local_options(kmsr.log_level = NULL, paws.log_level = NULL)
    withr::local_envvar(KMSR_LOG_LEVEL = NA, PAWS_LOG_LEVEL = NA)
    settings <- list(...)
    environment <- settings[grepl("^[A-Z]", names(settings))]
    withr::local_envvar(.new = unlist(environment))
    withr::local_options(settings[setdiff(names(settings), names(environment))])
    paws_reset_cache()
    log_level()
  }
  withr::defer(paws_reset_cache())
  expect_identical(level(), 2L)
  expect_identical(level(PAWS_LOG_LEVEL = "3"), 3L)
  expect_identical(level(PAWS_LOG_LEVEL = "3", paws.log_level = 4L), 4L)
  expect_identical(level(paws.log_level = 4L, KMSR_LOG_LEVEL = "1"), 1L)
  expect_identical(level(KMSR_LOG_LEVEL = "1", kmsr.log_level = 5), 5L)
  # Names do as well, and nonsense does no harm.
  expect_identical(level(KMSR_LOG_LEVEL = "debug"), 4L)
  for (nonsense in list("loud", NA, c(1, 2), list(), TRUE)) expect_identical(level(kmsr.log_level = nonsense), 2L)
  expect_identical(level(kmsr.log_level = 99), 5L)
  expect_identical(level(kmsr.log_level = -1), 0L)
})

test_that("a file takes the lines, and what cannot be written does not stop a call", {
  server <- local_canned(reply_with())
  svc <- server$client()
  path <- file.path(withr::local_tempdir(), "deep", "log.txt")
  old <- paws_config_log(level = 4L, file = path, timestamp_fmt = "%H|%M")
  withr::defer(options(old))
  expect_identical(utils::capture.output(invisible(svc$list_keys())), character())
  first <- readLines(path)
  expect_match(first, "^(INFO|DEBUG) \\[\\d\\d\\|\\d\\d\\]: ")
  svc$list_keys()
  expect_gt(length(readLines(path)), length(first))

  options(paws.log_file = file.path(path, "a-file-is-no-folder"))
  lines <- utils::capture.output(expect_identical(svc$list_keys()$Keys, list()))
  expect_match(lines, "ListKeys", all = FALSE)
  options(paws.log_timestamp_fmt = 7, paws.log_file = 7)
  utils::capture.output(expect_identical(svc$list_keys()$Keys, list()))
})

test_that("paws_config_log() is paws'", {
  withr::local_options(paws.log_level = NULL, paws.log_file = NULL, paws.log_timestamp_fmt = NULL)
  expect_identical(formals(paws_config_log), as.pairlist(alist(
    level = 2L, file = "", timestamp_fmt = "%Y-%m-%d %H:%M:%OS3"
  )))
  expect_invisible(old <- paws_config_log(level = 3))
  expect_identical(old, list(paws.log_level = NULL, paws.log_file = NULL, paws.log_timestamp_fmt = NULL))
  expect_identical(getOption("paws.log_level"), 3L)
  expect_identical(getOption("paws.log_file"), "")
  for (level in list("3", 9, -1, 2.5, NA, NULL, c(1, 2))) {
    expect_error(paws_config_log(level = level), class = "kmsr_argument_error")
  }
  expect_error(paws_config_log(file = 7), class = "kmsr_argument_error")
  expect_error(paws_config_log(timestamp_fmt = NULL), class = "kmsr_argument_error")
})

test_that("a full log of real calls holds no secret", {
  emulator <- kms_emulator()
  withr::defer(emulator$stop())
  svc <- emulator$client()
  plaintext <- charToRaw("a plaintext nobody may see")
  made <- list()
  lines <- logged(
    {
      key <- svc$create_key(Description = "seen in the log")$KeyMetadata$KeyId
      secret <- svc$encrypt(key, plaintext, EncryptionContext = list(purpose = "shown"))
      made$decrypted <- svc$decrypt(secret$CiphertextBlob, EncryptionContext = list(purpose = "shown"))$Plaintext
      data <- svc$generate_data_key(key, KeySpec = "AES_256")
      made$data_key <- data$Plaintext
      made$random <- svc$generate_random(16)$Plaintext
      pair <- svc$generate_data_key_pair(KeyId = key, KeyPairSpec = "ECC_NIST_P256")
      made$private_key <- pair$PrivateKeyPlaintext
      mac <- svc$create_key(KeySpec = "HMAC_256", KeyUsage = "GENERATE_VERIFY_MAC")$KeyMetadata$KeyId
      svc$generate_mac(plaintext, mac, "HMAC_SHA_256")
      outside <- svc$create_key(Origin = "EXTERNAL")$KeyMetadata$KeyId
      parameters <- svc$get_parameters_for_import(outside, "RSAES_OAEP_SHA_256", "RSA_2048")
      made$import_token <- parameters$ImportToken
      made$material <- as.raw(1:32)
      wrapped <- wrap_key_material(key_material_raw(made$material, "SYMMETRIC_DEFAULT"), parameters$PublicKey, "RSAES_OAEP_SHA_256")
      svc$import_key_material(outside, parameters$ImportToken, wrapped, ExpirationModel = "KEY_MATERIAL_DOES_NOT_EXPIRE")
      made$grant_token <- svc$create_grant(key, kms_sitrep(svc)$caller$arn, Operations = list("Decrypt"))$GrantToken
    },
    kmsr.log_level = 5L
  )
  log <- paste(lines, collapse = "\n")
  made$plaintext <- plaintext
  made$secret_key <- emulator$creds$secret_access_key
  for (name in names(made)) {
    value <- made[[name]]
    forms <- if (is.raw(value)) c(jsonlite::base64_enc(value), paste(value, collapse = "")) else value
    for (form in forms) {
      expect_false(grepl(form, log, fixed = TRUE), info = name)
    }
  }
  expect_false(grepl("Signature=", log, fixed = TRUE))
  expect_match(log, "seen in the log", fixed = TRUE)
  expect_match(log, "\"purpose\":\"shown\"", fixed = TRUE)
})
