# Where a client gets its settings and its identity from. Each source of credentials is tested in the client crate; here it is
# the order, as a user of R meets it.

# The access key that signed the last request.
signer <- function(server) {
  requests <- server$requests()
  authorization <- requests[[length(requests)]]$headers[["authorization"]]
  sub(".*Credential=([^/]+)/.*", "\\1", authorization)
}

local_keys <- function(id = "AKIAENV", env = parent.frame()) {
  withr::local_envvar(AWS_ACCESS_KEY_ID = id, AWS_SECRET_ACCESS_KEY = "secret", .local_envir = env)
}

# A credentials file with these profiles, each with keys of its own.
local_profiles <- function(..., env = parent.frame()) {
  path <- withr::local_tempfile(.local_envir = env)
  write_profiles(path, ...)
  withr::local_envvar(AWS_SHARED_CREDENTIALS_FILE = path, .local_envir = env)
  path
}

write_profiles <- function(path, ...) {
  keys <- c(...)
  writeLines(sprintf("[%s]\naws_access_key_id = %s\naws_secret_access_key = secret\n", names(keys), keys), path)
}

test_that("the Region is looked up where it should be", {
  region <- function(...) kms(...)$.internal$config$region
  expect_identical(region(), "")
  withr::local_envvar(AWS_CONFIG_FILE = withr::local_tempfile(lines = c(
    "[default]", "region = eu-west-1", "[profile work]", "region = eu-west-2"
  )))
  expect_identical(region(), "eu-west-1")
  expect_identical(region(credentials = list(profile = "work")), "eu-west-2")
  withr::local_envvar(AWS_PROFILE = "work")
  expect_identical(region(), "eu-west-2")
  expect_identical(region(credentials = list(profile = "default")), "eu-west-1")
  withr::local_envvar(AWS_DEFAULT_REGION = "eu-west-3")
  expect_identical(region(), "eu-west-3")
  withr::local_envvar(AWS_REGION = "eu-north-1")
  expect_identical(region(), "eu-north-1")
  expect_identical(region(config = list(region = "eu-south-1")), "eu-south-1")
  expect_identical(region(config = list(region = "eu-south-1"), region = "eu-south-2"), "eu-south-2")
})

test_that("a Region that could be another host is refused", {
  for (region in c("x.evil.com/", "evil.com#", "eu central 1", "a@b", "-a")) {
    expect_error(kms(region = region), "Region must be the name of an AWS Region", class = "kmsr_config_error")
  }
  withr::local_envvar(AWS_REGION = "eu central 1")
  expect_error(kms(), "environment variable AWS_REGION says \"eu central 1\"", class = "kmsr_config_error")
})

test_that("a custom endpoint and a variant of the Region's own exclude each other", {
  for (setting in c("use_fips", "use_dual_stack")) {
    config <- stats::setNames(list(TRUE), setting)
    expect_error(
      kms(config = config, endpoint = "http://127.0.0.1:1", region = "us-east-1"),
      setting,
      class = "kmsr_config_error"
    )
  }
})

test_that("what the environment says wrongly is an error with its name", {
  for (variable in c("AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "AWS_USE_FIPS_ENDPOINT", "AWS_ENDPOINT_URL")) {
    withr::with_envvar(stats::setNames("nonsense", variable), {
      expect_error(kms(region = "us-east-1"), paste0("variable ", variable, " says \"nonsense\""), class = "kmsr_config_error")
    })
  }
})

test_that("a file that cannot be parsed is named with its line", {
  path <- withr::local_tempfile(lines = c("[default]", "region = eu-west-1", "nonsense"))
  withr::local_envvar(AWS_CONFIG_FILE = path)
  error <- expect_error(kms(), class = "kmsr_config_error")
  expect_match(conditionMessage(error), path, fixed = TRUE)
  expect_match(conditionMessage(error), "line 3")
})

test_that("identities come in their order", {
  server <- local_canned(reply_with())
  who <- function(...) {
    kms(config = list(max_retries = 0, ...), endpoint = server$endpoint, region = "us-east-1")$list_keys()
    signer(server)
  }
  local_profiles(default = "AKIADEFAULT", work = "AKIAWORK")
  expect_identical(who(), "AKIADEFAULT")
  withr::local_envvar(AWS_PROFILE = "work")
  expect_identical(who(), "AKIAWORK")
  # The environment's keys win over the environment's profile, but not over one that was asked for.
  local_keys()
  expect_identical(who(), "AKIAENV")
  expect_identical(who(credentials = list(profile = "default")), "AKIADEFAULT")
  given <- list(access_key_id = "AKIAGIVEN", secret_access_key = "s")
  expect_identical(who(credentials = list(creds = given, profile = "default")), "AKIAGIVEN")
})

test_that("anonymous requests carry no signature", {
  server <- local_canned(reply_with())
  local_keys()
  kms(credentials = list(anonymous = TRUE), endpoint = server$endpoint, region = "us-east-1")$list_keys()
  expect_false("authorization" %in% names(server$requests()[[1]]$headers))
})

test_that("who names an identity gets that one or an error", {
  server <- local_canned(reply_with())
  refused <- function(..., .said) {
    svc <- kms(config = list(...), endpoint = server$endpoint, region = "us-east-1")
    expect_error(svc$list_keys(), .said, class = "kmsr_credentials_error")
  }
  local_keys()
  local_profiles(default = "AKIADEFAULT")
  refused(credentials = list(profile = "nobody"), .said = "no profile \"nobody\"")
  expired <- list(access_key_id = "AKIAOLD", secret_access_key = "s", expiration = Sys.time() - 1)
  refused(credentials = list(creds = expired), .said = "have expired")
  withr::local_envvar(AWS_SECRET_ACCESS_KEY = NA)
  refused(.said = "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not")
  expect_error(kms(credentials = list(creds = list(access_key_id = "AKIA"))), "pairs", class = "kmsr_argument_error")
  expect_identical(server$count(), 0L)
})

test_that("a rewritten file is noticed by a client that lives on", {
  server <- local_canned(reply_with())
  path <- local_profiles(default = "AKIAOLD")
  svc <- kms(endpoint = server$endpoint, region = "us-east-1")
  svc$list_keys()
  expect_identical(signer(server), "AKIAOLD")
  write_profiles(path, default = "AKIANEWER")
  svc$list_keys()
  expect_identical(signer(server), "AKIANEWER")
})

test_that("the environment is looked at again when asked to", {
  server <- local_canned(reply_with())
  local_keys("AKIAFIRST")
  svc <- kms(endpoint = server$endpoint, region = "us-east-1")
  svc$list_keys()
  local_keys("AKIASECOND")
  svc$list_keys()
  expect_identical(signer(server), "AKIAFIRST")
  expect_invisible(expect_null(paws_reset_cache()))
  svc$list_keys()
  expect_identical(signer(server), "AKIASECOND")
})

test_that("the default client is made anew when asked to, unless it was set", {
  old <- kms_default(NULL)
  withr::defer(kms_default(old))
  withr::local_envvar(AWS_REGION = "eu-west-1")
  region <- function() kms_default()$.internal$config$region
  expect_identical(region(), "eu-west-1")
  withr::local_envvar(AWS_REGION = "eu-west-2")
  expect_identical(region(), "eu-west-1")
  paws_reset_cache()
  expect_identical(region(), "eu-west-2")
  kms_default(kms(region = "eu-west-3"))
  paws_reset_cache()
  expect_identical(region(), "eu-west-3")
})

test_that("refused credentials are looked up again and the call is made again", {
  server <- local_canned(reply_with(), reply_error("ExpiredTokenException", "expired"), reply_with())
  local_keys("AKIAOLD")
  svc <- kms(config = list(max_retries = 0), endpoint = server$endpoint, region = "us-east-1")
  svc$list_keys()
  local_keys("AKIANEW")
  lines <- utils::capture.output(invisible(svc$list_keys()))
  expect_match(lines, "WARN .* sent again with other credentials", all = FALSE)
  expect_identical(signer(server), "AKIANEW")
  server$reply(reply_error("ExpiredTokenException", "expired"))
  # The same ones again would be refused again.
  before <- server$count()
  expect_error(svc$list_keys(), class = "kmsr_ExpiredTokenException")
  expect_identical(server$count() - before, 1L)
})

test_that("locate_credentials() is paws'", {
  expect_identical(formals(locate_credentials), as.pairlist(alist(profile = "", anonymous = FALSE)))
  local_keys("AKIAENV")
  withr::local_envvar(AWS_SESSION_TOKEN = "token", AWS_REGION = "eu-west-1")
  expect_identical(locate_credentials(), list(
    access_key_id = "AKIAENV", secret_access_key = "secret", session_token = "token", access_token = "",
    expiration = Inf, region = "eu-west-1"
  ))
  withr::local_envvar(AWS_CREDENTIAL_EXPIRATION = "2099-01-31T12:00:00Z")
  expect_identical(locate_credentials()$expiration, as.POSIXct("2099-01-31 12:00:00", tz = "GMT"))
  local_profiles(work = "AKIAWORK")
  expect_identical(locate_credentials("work")[1:3], list(
    access_key_id = "AKIAWORK", secret_access_key = "secret", session_token = ""
  ))
  expect_identical(
    unlist(locate_credentials(anonymous = TRUE)[1:3], use.names = FALSE),
    rep("", 3)
  )
  expect_error(locate_credentials("nobody"), class = "kmsr_credentials_error")
  expect_error(locate_credentials(7), class = "kmsr_argument_error")
  withr::local_envvar(AWS_ACCESS_KEY_ID = NA, AWS_SECRET_ACCESS_KEY = NA)
  expect_error(locate_credentials(), "No AWS credentials were found", class = "kmsr_credentials_error")
})
