test_that("an emulator serves its clients until it is stopped", {
  emulator <- kms_emulator(region = "eu-central-1")
  svc <- emulator$client()
  key <- svc$create_key()$KeyMetadata
  expect_match(key$Arn, "^arn:aws:kms:eu-central-1:000000000000:key/")
  expect_true(emulator$is_running())
  emulator$stop()
  emulator$stop()
  expect_false(emulator$is_running())
  expect_error(svc$list_keys(), class = "kmsr_transport_error")
})

test_that("it lives as long as a client of it", {
  svc <- kms_emulator()$client()
  list_keys <- kms_emulator()$client()$list_keys
  gc()
  expect_identical(svc$list_keys()$Keys, list())
  expect_identical(list_keys()$Keys, list())
})

test_that("the log prints what is looked at most, and whatever was picked", {
  emulator <- kms_emulator()
  withr::defer(emulator$stop())
  svc <- emulator$client()
  expect_snapshot(emulator$log())
  svc$list_keys()
  try(svc$describe_key("alias/nobody"), silent = TRUE)
  expect_snapshot(emulator$log(), transform = function(x) gsub("[0-9]{4}-[0-9-]+ [0-9:]+", "<time>             ", x))
  expect_snapshot(emulator$log()[c("eventName", "errorCode")])
  expect_identical(class(as.data.frame(emulator$log())), "data.frame")
})

test_that("a stopped emulator says so, and its log can still be read", {
  emulator <- kms_emulator()
  svc <- emulator$client(max_retries = 0)
  svc$list_keys()
  emulator$stop()
  expect_snapshot(error = TRUE, {
    emulator$client()
    emulator$advance("1 day")
    emulator$fault("decrypt")
  })
  expect_error(emulator$quotas(1), class = "kmsr_emulator_error")
  expect_error(emulator$clock_skew(1), class = "kmsr_emulator_error")
  expect_error(emulator$new_key_delay(1), class = "kmsr_emulator_error")
  expect_match(tryCatch(svc$list_keys(), error = conditionMessage), "If it was an emulator, it was stopped")
  expect_identical(emulator$log()$eventName, "ListKeys")
})

test_that("it prints what it is and no secret", {
  emulator <- kms_emulator()
  withr::defer(emulator$stop())
  secret <- emulator$creds[["secret_access_key"]]
  shown <- c(capture.output(print(emulator)), capture.output(str(emulator)), capture.output(print(emulator$creds)))
  expect_false(any(grepl(secret, shown, fixed = TRUE)))
  expect_snapshot(print(emulator), transform = function(x) {
    gsub("127.0.0.1:[0-9]+", "127.0.0.1:<port>", gsub("AKIA[A-Z0-9]+", "<access key>", x))
  })
})

test_that("keys live in the Region they were made in", {
  emulator <- kms_emulator()
  withr::defer(emulator$stop())
  here <- emulator$client()
  there <- emulator$client(region = "ap-south-1")
  key <- here$create_key()$KeyMetadata
  expect_error(there$describe_key(key$KeyId), class = "kmsr_NotFoundException")
  expect_length(there$list_keys()$Keys, 0)
})

test_that("a wrong secret is refused", {
  emulator <- kms_emulator()
  withr::defer(emulator$stop())
  other <- kms(
    credentials = list(creds = creds(emulator$creds[["access_key_id"]], "not the secret")),
    endpoint = emulator$endpoint, region = emulator$region
  )
  expect_error(other$list_keys(), class = "kmsr_InvalidSignatureException")
})

test_that("material expires when time has passed", {
  emulator <- kms_emulator()
  withr::defer(emulator$stop())
  svc <- emulator$client()
  material <- key_material_random("HMAC_256")
  receipt <- byok_import(svc, material, expires = "2 days")
  emulator$advance("1 day")
  expect_equal(svc$describe_key(receipt$key_id)$KeyMetadata$KeyState, "Enabled")
  emulator$advance(as.difftime(25, units = "hours"))
  expect_equal(svc$describe_key(receipt$key_id)$KeyMetadata$KeyState, "PendingImport")
  expect_error(
    svc$generate_mac("x", receipt$key_id, "HMAC_SHA_256"),
    class = "kmsr_KMSInvalidStateException"
  )
})

test_that("faults befall the calls they are meant for", {
  emulator <- kms_emulator()
  withr::defer(emulator$stop())
  svc <- emulator$client(max_retries = 0)

  emulator$fault("list_keys", "throttle", after = 1, times = 1)
  expect_length(svc$list_keys()$Keys, 0)
  expect_error(svc$list_keys(), class = "kmsr_ThrottlingException")
  expect_length(svc$list_keys()$Keys, 0)

  emulator$fault("ListAliases", "error", code = "AccessDeniedException", message = "no", status = 403)
  expect_length(svc$list_keys()$Keys, 0)
  expect_error(svc$list_aliases(), "no", class = "http_403")
  emulator$clear_faults()
  expect_length(svc$list_aliases()$Aliases, 0)

  emulator$fault(NULL, "cut", times = 1)
  expect_error(svc$list_keys(), class = "kmsr_transport_error")
  emulator$fault(NULL, "drop", times = 1)
  expect_error(svc$create_key(), class = "kmsr_transport_error")
  # Dropped answers do not undo what was asked.
  expect_length(svc$list_keys()$Keys, 1)

  expect_snapshot(error = TRUE, {
    emulator$fault("decribe_key")
    emulator$fault("describe_key", "trottle")
    emulator$advance("a while")
    emulator$fault("describe_key", "error", status = -1)
    emulator$fault("describe_key", "error", message = 1)
    emulator$fault("describe_key", times = 0)
    emulator$fault("describe_key", after = 0.5)
    emulator$advanse("1 day")
    emulator$nothing
    emulator$client("eu-central-1")
  })
})

test_that("an import waits for a key that is not yet known everywhere", {
  emulator <- kms_emulator()
  withr::defer(emulator$stop())
  emulator$new_key_delay(1)
  receipt <- byok_import(emulator$client(), key_material_random("HMAC_256"))
  expect_true(receipt$proof$proven)
  emulator$new_key_delay(60)
  expect_error(
    byok_import(emulator$client(), key_material_random("HMAC_256"), wait = 0),
    class = "kmsr_import_error"
  )
})

test_that("the log is in CloudTrail's words and holds no secret", {
  emulator <- kms_emulator()
  withr::defer(emulator$stop())
  svc <- emulator$client()
  key <- svc$create_key(Description = "logged")$KeyMetadata
  svc$encrypt(key$KeyId, "a very secret plaintext")
  try(svc$describe_key("alias/nobody"), silent = TRUE)
  log <- emulator$log()
  expect_equal(log$eventName, c("CreateKey", "Encrypt", "DescribeKey"))
  expect_equal(log$errorCode, c(NA, NA, "NotFoundException"))
  expect_equal(log$readOnly, c(FALSE, TRUE, TRUE))
  expect_equal(log$resources[[1]], key$Arn)
  everything <- rawToChar(serialize(log, NULL, ascii = TRUE))
  expect_false(grepl("secret plaintext", everything))
  expect_false(grepl(emulator$creds[["secret_access_key"]], everything, fixed = TRUE))
  emulator$clear_log()
  expect_equal(nrow(emulator$log()), 0)
})

test_that("a store outlives the emulator", {
  store <- withr::local_tempfile()
  first <- kms_emulator(store = store)
  key <- first$client()$create_key(Description = "kept")$KeyMetadata
  first$stop()
  second <- kms_emulator(store = store)
  withr::defer(second$stop())
  expect_equal(second$client()$describe_key(key$KeyId)$KeyMetadata$Description, "kept")
})

test_that("quotas throttle", {
  emulator <- kms_emulator(quotas = 1)
  withr::defer(emulator$stop())
  svc <- emulator$client(max_retries = 0)
  made <- 0
  expect_error(
    for (i in 1:50) {
      svc$create_key()
      made <- made + 1
    },
    class = "kmsr_ThrottlingException"
  )
  expect_lt(made, 50)
  emulator$quotas(0)
  expect_length(svc$create_key()$KeyMetadata$KeyId, 1)
})

test_that("local_kms() lasts as long as its caller", {
  before <- the$default
  uses_kms <- function() {
    svc <- local_kms(region = "eu-west-1")
    expect_identical(kms_default(), svc)
    kms_create_key()
    list(emulator = attr(svc, "emulator"), keys = length(kms_list_keys()$Keys))
  }
  used <- uses_kms()
  expect_equal(used$keys, 1)
  expect_false(used$emulator$is_running())
  expect_identical(the$default, before)
})

test_that("in the foreground it tells other programs where it is", {
  skip_on_os("windows")
  code <- sprintf(
    ".libPaths(%s); kmsr::kms_emulator(wait = TRUE)",
    paste(deparse(.libPaths()), collapse = "")
  )
  process <- processx::process$new(
    file.path(R.home("bin"), "Rscript"), c("-e", code),
    stdout = "|", stderr = "|"
  )
  withr::defer(process$kill())
  lines <- character()
  deadline <- Sys.time() + 20
  while (length(lines) < 4 && Sys.time() < deadline) {
    process$poll_io(500)
    lines <- c(lines, process$read_output_lines())
  }
  settings <- sub("^[^=]*=", "", lines)
  names(settings) <- sub("=.*", "", lines)
  expect_named(settings, c("AWS_ENDPOINT_URL_KMS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"))
  withr::local_envvar(settings)
  expect_length(kms()$list_keys()$Keys, 0)
  process$interrupt()
  process$wait(5000)
  expect_false(process$is_alive())
})

test_that("bad settings are refused", {
  expect_snapshot(error = TRUE, {
    kms_emulator(port = 70000)
    kms_emulator(region = NA)
    kms_emulator(quotas = "fast")
    kms_emulator(store = tempdir())
    kms_emulator(store = file.path(tempdir(), "nowhere", "keys"))
    kms_emulator(prot = 4599)
    local_kms(regoin = "eu-central-1")
  }, transform = function(x) gsub("'?/[^ ]*Rtmp[^ ]*", "<folder>", x))
})

test_that("a port that is taken is told", {
  first <- kms_emulator()
  withr::defer(first$stop())
  port <- as.numeric(sub(".*:", "", first$endpoint))
  expect_error(kms_emulator(port = port), class = "kmsr_emulator_error")
})
