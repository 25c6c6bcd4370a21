# What is sent again, and how often. The server's count is the judge.

# What is sent again is told in the log, which test-logging.R looks at.
withr::local_options(paws.log_level = 0L)

busy <- reply_error("KMSInternalException", "busy", 500)

test_that("what may pass is sent again until it passes", {
  server <- local_canned(busy, reply_error("ThrottlingException", "Rate exceeded"), reply_with("{\"KeyId\":\"k\"}"))
  svc <- server$client(max_retries = 3)
  expect_identical(svc$cancel_key_deletion("k"), list(KeyId = "k"))
  requests <- server$requests()
  expect_length(requests, 3)
  expect_identical(unique(lapply(requests, `[[`, "json")), list(list(KeyId = "k")))
  # Each attempt is signed for itself.
  expect_identical(vapply(requests, function(request) "authorization" %in% names(request$headers), NA), rep(TRUE, 3))
})

test_that("a connection that breaks and a page of a busy proxy are tried again", {
  server <- local_canned(reply_drop(), reply_with("<html>Busy</html>", 503), reply_with())
  server$client(max_retries = 2)$list_keys()
  expect_identical(server$count(), 3L)
})

test_that("what does not pass ends with the last answer", {
  server <- local_canned(busy)
  error <- expect_error(server$client(max_retries = 1)$list_keys(), class = "kmsr_KMSInternalException")
  expect_identical(error$message, "KMSInternalException (HTTP 500). busy")
  expect_identical(server$count(), 2L)
})

test_that("what cannot pass is sent once", {
  for (reply in list(
    reply_error("LimitExceededException", "quota"), reply_error("com.amazonaws.kms#LimitExceededException", "quota"),
    reply_error("NotFoundException", "m"), reply_error("AccessDeniedException", "m", 403), reply_with("<html>", 403), reply_with("[1]")
  )) {
    server <- local_canned(reply)
    expect_error(server$client(max_retries = 3)$list_keys(), class = "kmsr_error")
    expect_identical(server$count(), 1L)
  }
})

test_that("max_retries = 0 sends once", {
  server <- local_canned(busy)
  expect_error(server$client(max_retries = 0)$list_keys(), class = "http_500")
  expect_identical(server$count(), 1L)
})

test_that("the environment and the shared config file say how often, the config says it last", {
  server <- local_canned(busy)
  attempts <- function(...) {
    before <- server$count()
    # Not through the canned client, which sets max_retries.
    svc <- kms(config = list(credentials = list(creds = canned_keys), ...), endpoint = server$endpoint, region = "us-east-1")
    expect_error(svc$list_keys(), class = "http_500")
    server$count() - before
  }
  withr::local_envvar(AWS_MAX_ATTEMPTS = "2")
  expect_identical(attempts(), 2L)
  expect_identical(attempts(max_retries = 0), 1L)
  withr::local_envvar(AWS_MAX_ATTEMPTS = NA, AWS_CONFIG_FILE = withr::local_tempfile(lines = c("[default]", "max_attempts = 1")))
  expect_identical(attempts(), 1L)
  withr::local_envvar(AWS_RETRY_MODE = "adaptive", AWS_MAX_ATTEMPTS = "2")
  expect_identical(attempts(), 2L)
})

test_that("nonsense in the environment is refused by name", {
  make <- function() kms(region = "us-east-1")
  withr::with_envvar(c(AWS_MAX_ATTEMPTS = "many"), expect_error(make(), "AWS_MAX_ATTEMPTS", class = "kmsr_config_error"))
  withr::with_envvar(c(AWS_MAX_ATTEMPTS = "0"), expect_error(make(), "at least 1", class = "kmsr_config_error"))
  withr::with_envvar(c(AWS_RETRY_MODE = "often"), expect_error(make(), "AWS_RETRY_MODE", class = "kmsr_config_error"))
})

test_that("a wrong clock is noticed and made up for", {
  ahead <- Sys.time() + 3 * 3600
  date <- c(Date = format(ahead, "%a, %d %b %Y %H:%M:%S GMT", tz = "GMT"))
  too_old <- reply_error("InvalidSignatureException", "Signature expired", 403, headers = date)
  server <- local_canned(too_old, reply_with("{\"KeyId\":\"k\"}"))
  svc <- server$client(max_retries = 1)
  expect_identical(svc$cancel_key_deletion("k"), list(KeyId = "k"))
  svc$cancel_key_deletion("k")
  signed <- vapply(server$requests(), function(request) request$headers[["x-amz-date"]], "")
  hours <- difftime(as.POSIXct(signed, format = "%Y%m%dT%H%M%SZ", tz = "GMT"), Sys.time(), units = "hours")
  expect_identical(round(as.numeric(hours)), c(0, 3, 3))

  # What is no matter of the clock is not tried again.
  server$reply(reply_error("InvalidSignatureException", "wrong key", 403))
  before <- server$count()
  expect_error(server$client(max_retries = 3)$list_keys(), class = "kmsr_InvalidSignatureException")
  expect_identical(server$count() - before, 1L)
})

test_that("a service that asks for time gets it", {
  server <- local_canned(reply_error("ThrottlingException", "m", headers = c(`x-amz-retry-after` = "1200")), reply_with())
  expect_gt(seconds_of(server$client(max_retries = 1)$list_keys()), 1.1)
})
