# Settings: their shapes, how they are merged, looked up and checked.

keys <- list(access_key_id = "AKIAGIVEN", secret_access_key = "given/SECRET")

resolved <- function(...) kms(...)$.internal$config

test_that("config(), credentials() and creds() have paws' shapes", {
  expect_identical(
    head(names(formals(config)), 10),
    c(
      "credentials", "endpoint", "region", "close_connection", "max_retries", "connect_timeout", "s3_force_path_style",
      "s3_virtual_address", "sts_regional_endpoint", "signature_version"
    )
  )
  expect_identical(names(formals(credentials)), c("creds", "profile", "anonymous"))
  expect_identical(names(formals(creds)), c("access_key_id", "secret_access_key", "session_token", "access_token", "expiration"))
  made <- config(credentials(creds("a", "b"), profile = "p"), region = "us-east-1")
  expect_identical(class(made), "struct")
  expect_identical(made$credentials$creds$access_key_id, "a")
  expect_identical(made$credentials$profile, "p")
  expect_identical(made$credentials$anonymous, FALSE)
  expect_identical(made$credentials$creds$expiration, Inf)
  expect_error(made$nothing, "^invalid element: nothing$", class = "kmsr_argument_error")
  expect_error(made$credentials$nothing, "^invalid element: nothing$", class = "kmsr_argument_error")
})

test_that("settings print without their secrets", {
  expect_snapshot({
    config(credentials(creds("AKIAEXAMPLE", "s3cr3t", "t0ken")), region = "us-east-1")
    creds("AKIAEXAMPLE", "s3cr3t")
    str(credentials(creds("AKIAEXAMPLE", "s3cr3t")))
  })
})

test_that("shorthand arguments and config are merged, and the shorthand wins", {
  merged <- resolved(
    config = list(credentials = list(creds = keys, profile = "a"), region = "us-east-1", endpoint = "http://127.0.0.1:1"),
    credentials = list(profile = "b"), region = "eu-west-1"
  )
  expect_identical(merged$region, "eu-west-1")
  expect_identical(merged$endpoint, "http://127.0.0.1:1")
  expect_identical(merged$credentials$profile, "b")
  expect_identical(merged$credentials$creds$access_key_id, "AKIAGIVEN")
  expect_identical(merged$credentials$creds$secret_access_key, "<REDACTED>")

  same <- list(
    resolved(config(credentials(creds("AKIAGIVEN", "given/SECRET")), region = "eu-west-1")),
    resolved(config = list(credentials = list(creds = keys), region = "eu-west-1")),
    resolved(credentials = list(creds = keys), region = "eu-west-1"),
    resolved(credentials = credentials(creds("AKIAGIVEN", "given/SECRET")), region = "eu-west-1"),
    resolved(config = list(region = "us-east-1"), credentials = list(creds = do.call(creds, keys)), region = "eu-west-1")
  )
  for (config in same) {
    expect_identical(config$region, "eu-west-1")
    expect_identical(config$credentials$creds$access_key_id, "AKIAGIVEN")
  }
  # Empty is as if not given.
  expect_identical(resolved(config = list(region = "us-east-1"), credentials = NULL, endpoint = "", region = "")$region, "us-east-1")
})

test_that("a client's configuration can be read like paws'", {
  config <- resolved()
  expect_identical(config$region, "")
  expect_identical(config$endpoint, "")
  expect_identical(config$max_retries, 3)
  expect_identical(config$credentials$profile, "")
  expect_identical(config$credentials$anonymous, FALSE)
  expect_identical(config$credentials$creds$access_key_id, "")
  expect_identical(config$credentials$creds$secret_access_key, "")
})

test_that("the Region is looked up in order, once", {
  file <- withr::local_tempfile(lines = c("[default]", "region = from-default", "[profile other]", "region = from-other"))
  region <- function(...) resolved(...)$region
  expect_identical(region(), "")
  withr::local_envvar(AWS_CONFIG_FILE = file)
  expect_identical(region(), "from-default")
  expect_identical(region(credentials = list(profile = "other")), "from-other")
  withr::with_envvar(c(AWS_PROFILE = "other"), expect_identical(region(), "from-other"))
  withr::local_envvar(AWS_DEFAULT_REGION = "from-default-env")
  expect_identical(region(), "from-default-env")
  withr::local_envvar(AWS_REGION = "from-env")
  expect_identical(region(), "from-env")
  expect_identical(region(config = list(region = "from-config")), "from-config")
  expect_identical(region(config = list(region = "from-config"), region = "from-argument"), "from-argument")

  server <- local_canned()
  svc <- kms(credentials = list(creds = canned_keys), endpoint = server$endpoint)
  withr::local_envvar(AWS_REGION = "changed")
  svc$list_keys()
  expect_match(server$requests()[[1]]$headers[["authorization"]], "/from-env/kms/")
})

test_that("the endpoint is looked up in order", {
  file <- withr::local_tempfile(lines = c(
    "[default]", "endpoint_url = http://127.0.0.1:1", "[profile own]", "endpoint_url = http://127.0.0.1:1", "services = mine",
    "[services mine]", "kms =", "  endpoint_url = http://127.0.0.1:2"
  ))
  endpoint <- function(...) resolved(..., region = "us-east-1")$endpoint
  expect_identical(endpoint(), "")
  withr::local_envvar(AWS_CONFIG_FILE = file)
  expect_identical(endpoint(), "http://127.0.0.1:1")
  expect_identical(endpoint(credentials = list(profile = "own")), "http://127.0.0.1:2")
  withr::local_envvar(AWS_ENDPOINT_URL = "http://127.0.0.1:3")
  expect_identical(endpoint(), "http://127.0.0.1:3")
  withr::local_envvar(AWS_ENDPOINT_URL_KMS = "http://127.0.0.1:4")
  expect_identical(endpoint(), "http://127.0.0.1:4")
  expect_identical(endpoint(config = list(endpoint = "http://127.0.0.1:5")), "http://127.0.0.1:5")
  expect_identical(endpoint(config = list(endpoint = "http://127.0.0.1:5"), endpoint = "http://127.0.0.1:6"), "http://127.0.0.1:6")
  withr::local_envvar(AWS_IGNORE_CONFIGURED_ENDPOINT_URLS = "true")
  expect_identical(endpoint(), "")
  expect_identical(endpoint(endpoint = "http://127.0.0.1:6"), "http://127.0.0.1:6")
})

test_that("config() leaves open what was not given", {
  withr::local_envvar(AWS_MAX_ATTEMPTS = "1", AWS_REGION = "eu-west-1")
  expect_identical(resolved(config(timeout = 5))$max_retries, 0)
  expect_identical(resolved(config(timeout = 5))$region, "eu-west-1")
  expect_identical(resolved(config(max_retries = 3))$max_retries, 3)
})

test_that("names that are no settings are refused with paws' words and a hint", {
  show <- function(...) tryCatch(kms(...), error = function(e) cat(conditionMessage(e), "\n\n", sep = ""))
  expect_snapshot({
    show(config = list(foo = 1))
    show(config = list(max_retry = 1))
    show(config = list(access_key_id = "a", secret_access_key = "b"))
    show(config = list(profile = "a"))
    show(credentials = list(access_key_id = "a", secret_access_key = "b"))
    show(credentials = list(creds = list(access_key = "a")))
  })
  expect_error(kms(foo = 1), "unused argument (foo = 1)", fixed = TRUE)
})

test_that("settings given as arguments of kms() or config() are shown their place, and never quoted", {
  expect_snapshot(error = TRUE, {
    kms(timeout = 3)
    kms(profile = "analytics")
    kms(secret_access_key = "not to be quoted")
    kms(reigon = "eu-central-1")
    kms(list(), list(), NULL, NULL, "eu-central-1")
    config(timeuot = 3)
    config(profile = "analytics")
    kms(config = list("eu-central-1"))
    kms(credentials = list(creds = list(access_key_id = "a", secret_key = "not to be quoted")))
  })
})

test_that("a misspelt word is told from another one", {
  operations <- c("decrypt", "encrypt", "describe_key", "create_key")
  expect_identical(nearest("decript", operations), "decrypt")
  expect_identical(nearest("DescribeKy", "describe_key"), "describe_key")
  # Letters that changed places, and the beginning of one alone.
  expect_identical(nearest("wiat", c("verify", "wait")), "wait")
  expect_identical(nearest("alais", c("alias", "tags")), "alias")
  expect_identical(nearest("SIGN", c("SIGN_VERIFY", "ENCRYPT_DECRYPT")), "SIGN_VERIFY")
  expect_identical(nearest("RSA", c("RSA_2048", "RSA_4096")), NA_character_)
  expect_identical(nearest("nothing", operations), NA_character_)
  expect_identical(nearest("x", character()), NA_character_)
})

test_that("every name of paws is accepted", {
  inert <- list(
    disable_ssl = TRUE, s3_force_path_style = TRUE, sts_regional_endpoint = "regional", signature_version = "v4", partition_name = "aws",
    endpoint_resolver = identity, sleep_delay = 1
  )
  expect_s3_class(kms(config = inert, credentials = list(force_refresh = TRUE, provider = list(), creds = c(keys, provider_name = "x", access_token = "y"))), "kms_client")
})

test_that("settings of the wrong kind are refused by name", {
  refused <- function(...) expect_error(kms(...), class = "kmsr_argument_error")$argument
  for (region in list(1, c("a", "b"), NA, NA_character_, TRUE, list("a"), mean)) {
    expect_identical(refused(region = region), "config$region")
    expect_identical(refused(config = list(region = region)), "config$region")
  }
  for (endpoint in list("127.0.0.1:1", "ftp://x", "http://", 1, NA, c("http://a", "http://b"))) {
    expect_identical(refused(endpoint = endpoint), "config$endpoint")
  }
  for (count in list("x", -1, 1.5, NA, Inf, c(1, 2), TRUE, 1e6)) expect_identical(refused(config = list(max_retries = count)), "config$max_retries")
  for (name in c("timeout", "connect_timeout", "operation_timeout")) {
    for (seconds in list("x", 0, -1, NA, NaN, c(1, 2))) {
      expect_identical(refused(config = stats::setNames(list(seconds), name)), paste0("config$", name))
    }
  }
  for (flag in list("yes", NA, 1, c(TRUE, FALSE))) {
    expect_identical(refused(config = list(close_connection = flag)), "config$close_connection")
    expect_identical(refused(credentials = list(anonymous = flag)), "credentials$anonymous")
  }
  expect_identical(refused(config = list(retry_mode = "often")), "config$retry_mode")
  expect_identical(refused(credentials = list(profile = 1)), "credentials$profile")
  expect_identical(refused(credentials = list(creds = list(access_key_id = "a"))), "creds$secret_access_key")
  expect_identical(refused(credentials = list(creds = list(secret_access_key = "a"))), "creds$access_key_id")
  expect_identical(refused(credentials = list(creds = list(access_key_id = 1, secret_access_key = "b"))), "creds$access_key_id")
  expect_identical(refused(credentials = list(creds = c(keys, expiration = "tomorrow"))), "creds$expiration")
  expect_identical(refused(credentials = list(creds = "AKIA")), "credentials$creds")
  for (config in list(NULL, "us-east-1", 1, mean, TRUE)) expect_identical(refused(config = config), "config")
  for (credentials in list("a", 1, mean)) expect_identical(refused(credentials = credentials), "credentials")
  expect_identical(refused(kms()), "config")
})

test_that("credentials given but expired are refused, never replaced", {
  server <- local_canned()
  withr::local_envvar(AWS_ACCESS_KEY_ID = "AKIAOTHER", AWS_SECRET_ACCESS_KEY = "other")
  client <- function(expiration) {
    kms(credentials = list(creds = c(keys, list(expiration = expiration))), endpoint = server$endpoint, region = "us-east-1")
  }
  now <- as.numeric(Sys.time())
  for (expiration in list(Sys.time() - 60, now - 60, (now - 60) * 1000, 0)) {
    expect_error(client(expiration)$list_keys(), "expired", class = "kmsr_credentials_error")
  }
  expect_identical(server$count(), 0L)
  for (expiration in list(Sys.time() + 600, now + 600, (now + 600) * 1000, Inf)) client(expiration)$list_keys()
  expect_identical(server$count(), 4L)
})

test_that("without a Region a call says so, with paws' words", {
  error <- expect_error(kms(credentials = list(creds = keys))$list_keys(), class = "kmsr_missing_region_error")
  expect_identical(error$message, "MissingRegion (HTTP NA). missing region")
  expect_identical(class(error)[2:3], c("paws_error", "http_error"))
  expect_error(kms(credentials = list(creds = keys), endpoint = "http://127.0.0.1:1")$list_keys(), class = "kmsr_missing_region_error")
})

test_that("the sources of the environment say what is wrong with them", {
  withr::local_envvar(AWS_CONFIG_FILE = withr::local_tempfile(lines = "[default\nregion"))
  expect_error(kms(), class = "kmsr_config_error")
})
