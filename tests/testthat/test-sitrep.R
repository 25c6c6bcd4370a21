# Where one stands: told in full on the emulator, and part by part where something is missing.

# Without what differs from machine to machine and from day to day.
steady_sitrep <- function(lines) {
  lines <- gsub("127\\.0\\.0\\.1:[0-9]+", "127.0.0.1:<port>", lines)
  lines <- gsub("AKIA[A-Z0-9]+", "<access key>", lines)
  lines <- gsub("[0-9]+ ms", "<n> ms", lines)
  lines <- gsub("os error [0-9]+", "os error <n>", lines)
  at <- grep("^  Versions:", lines)
  c(lines[seq_len(at - 1)], "  Versions:      <versions>")
}

test_that("it tells everything about a client of the emulator", {
  emulator <- kms_emulator()
  withr::defer(emulator$stop())
  svc <- emulator$client(max_retries = 1, timeout = 7, operation_timeout = 30)
  sitrep <- kms_sitrep(svc)
  expect_s3_class(sitrep, "kms_sitrep", exact = TRUE)
  expect_identical(sitrep$region, list(value = "us-east-1", source = "given"))
  expect_identical(
    sitrep$endpoint,
    list(value = emulator$endpoint, source = "given", fips = FALSE, dual_stack = FALSE)
  )
  expect_identical(
    sitrep$credentials,
    list(access_key_id = emulator$creds$access_key_id, source = "the keys given to the client")
  )
  expect_identical(sitrep$caller$account, "000000000000")
  expect_match(sitrep$caller$arn, "^arn:aws:iam::000000000000:")
  expect_lt(abs(sitrep$clock$behind), 2)
  expect_null(sitrep$tls)
  expect_identical(sitrep$proxy, list(value = NULL))
  expect_identical(sitrep$retries, list(max_retries = 1, mode = "standard"))
  expect_identical(sitrep$timeouts, list(connect_timeout = 10, timeout = 7, operation_timeout = 30))
  expect_identical(sitrep$versions$kmsr, as.character(packageVersion("kmsr")))
  expect_identical(sitrep$versions$R, as.character(getRversion()))
  for (crate in c("rustc", "aws-sdk-kms", "rustls", "aws-lc-rs")) {
    expect_match(sitrep$versions[[crate]], "^\\d+\\.\\d+\\.\\d+")
  }
  expect_type(as.list(sitrep), "list")
  expect_null(attr(as.list(sitrep), "class"))
  expect_snapshot(print(sitrep), transform = steady_sitrep)
})

test_that("it holds no secret", {
  emulator <- kms_emulator()
  withr::defer(emulator$stop())
  svc <- kms(
    config = list(credentials = list(creds = c(emulator$creds, session_token = "a-session-token"))),
    endpoint = emulator$endpoint, region = "us-east-1"
  )
  withr::local_envvar(HTTPS_PROXY = "http://me:hunter2@127.0.0.1:9")
  sitrep <- kms_sitrep(svc)
  seen <- c(format(sitrep), utils::capture.output(utils::str(as.list(sitrep)), dput(sitrep)))
  for (secret in c(emulator$creds$secret_access_key, "a-session-token", "hunter2")) {
    expect_false(any(grepl(secret, seen, fixed = TRUE)))
  }
  away <- kms(config = list(credentials = list(creds = emulator$creds), connect_timeout = 1), region = "eu-central-1")
  expect_identical(
    kms_sitrep(away, timeout = 1)$proxy$value,
    "http://<REDACTED>@127.0.0.1:9 (environment variable HTTPS_PROXY)"
  )
})

test_that("without a network it says what it could not reach, in time", {
  svc <- kms(
    config = list(credentials = list(creds = list(access_key_id = "AKIAX", secret_access_key = "s"))),
    endpoint = "http://127.0.0.1:1", region = "us-east-1"
  )
  seconds <- seconds_of(sitrep <- kms_sitrep(svc, timeout = 2))
  expect_lt(seconds, 5)
  expect_match(sitrep$server$error, "The endpoint: no answer")
  expect_match(sitrep$caller$error, "GetCallerIdentity: no answer")
  expect_null(sitrep$clock)
  expect_identical(sitrep$credentials$access_key_id, "AKIAX")
  expect_snapshot(print(sitrep), transform = steady_sitrep)
})

test_that("without credentials it says what was tried", {
  emulator <- kms_emulator()
  withr::defer(emulator$stop())
  sitrep <- kms_sitrep(kms(endpoint = emulator$endpoint, region = "us-east-1"))
  expect_match(sitrep$credentials$error, "environment variables: AWS_ACCESS_KEY_ID is not set")
  expect_null(sitrep$caller)
  expect_lt(abs(sitrep$clock$behind), 2)

  anonymous <- kms(credentials = list(anonymous = TRUE), endpoint = emulator$endpoint, region = "us-east-1")
  expect_identical(kms_sitrep(anonymous)$credentials, list(anonymous = TRUE))
  expect_match(format(kms_sitrep(anonymous)), "Credentials: +none: requests are not signed", all = FALSE)
})

test_that("without a Region it says so", {
  sitrep <- kms_sitrep(kms(credentials = list(anonymous = TRUE)))
  expect_null(sitrep$region$value)
  expect_null(sitrep$url)
  expect_match(format(sitrep), "Region: +! none: set one with region = or AWS_REGION", all = FALSE)
})

test_that("without a configuration that can be read it tells the versions and the trouble", {
  old <- kms_default(NULL)
  withr::defer(kms_default(old))
  path <- withr::local_tempfile(lines = c("[default]", "nonsense"))
  withr::local_envvar(AWS_CONFIG_FILE = path)
  sitrep <- kms_sitrep()
  expect_named(sitrep, c("versions", "configuration"))
  expect_match(sitrep$configuration$error, path, fixed = TRUE)
  expect_match(sitrep$configuration$error, "line 2")
  expect_match(format(sitrep), "Configuration: +! ", all = FALSE)
  # And with certificates that cannot.
  withr::local_envvar(AWS_CONFIG_FILE = NA, AWS_CA_BUNDLE = path)
  sitrep <- kms_sitrep(kms(credentials = list(anonymous = TRUE), region = "eu-central-1"))
  expect_match(sitrep$connection$error, "AWS_CA_BUNDLE names .* holds no certificate")
  expect_identical(sitrep$region$value, "eu-central-1")
})

test_that("it tells where things come from", {
  emulator <- kms_emulator()
  withr::defer(emulator$stop())
  config <- withr::local_tempfile(lines = c("[profile work]", "region = eu-west-3"))
  withr::local_envvar(
    AWS_CONFIG_FILE = config, AWS_PROFILE = "work", AWS_ENDPOINT_URL_KMS = emulator$endpoint,
    AWS_ACCESS_KEY_ID = emulator$creds$access_key_id, AWS_SECRET_ACCESS_KEY = emulator$creds$secret_access_key,
    AWS_CREDENTIAL_EXPIRATION = "2099-01-31T12:00:00Z"
  )
  sitrep <- kms_sitrep(kms())
  expect_identical(sitrep$region, list(value = "eu-west-3", source = "profile \"work\""))
  expect_identical(sitrep$endpoint$source, "environment variable AWS_ENDPOINT_URL_KMS")
  expect_identical(sitrep$profile, list(value = "work"))
  expect_identical(sitrep$credentials$source, "environment variables")
  expect_identical(sitrep$credentials$expires, as.POSIXct("2099-01-31 12:00:00", tz = "GMT"))
})

test_that("a clock that is off is told", {
  clock <- function(seconds) {
    server <- local_canned(reply_with(headers = c(Date = format(Sys.time() + seconds, "%a, %d %b %Y %H:%M:%S GMT", tz = "GMT"))))
    sitrep <- kms_sitrep(server$client())
    expect_equal(sitrep$clock$behind, seconds, tolerance = 2)
    sub(" +[0-9]+ s", " <n> s", sub("^ *Clock: *", "", grep("Clock:", format(sitrep), value = TRUE)))
  }
  withr::local_locale(LC_TIME = "C")
  expect_identical(clock(0), "agrees with the server's")
  expect_match(clock(60), "s behind the server's$")
  expect_match(clock(-600), "^! .* ahead of the server's: signatures are refused")
})

test_that("arguments are checked", {
  for (svc in list("svc", list(), 1)) expect_error(kms_sitrep(svc), class = "kmsr_argument_error")
  for (timeout in list(0, -1, NA, "5", c(1, 2), NULL)) {
    expect_error(kms_sitrep(timeout = timeout), class = "kmsr_argument_error")
  }
})
