# Clients that are copied, saved, and sent to other processes.

# Uses a client read from a file in another process.
use_elsewhere <- function(svc, env = character()) {
  file <- withr::local_tempfile()
  saveRDS(svc, file)
  callr::r(
    function(file) {
      svc <- readRDS(file)
      tryCatch(svc$cancel_key_deletion("k"), error = function(e) list(class = class(e), message = conditionMessage(e)))
    },
    list(file),
    env = c(callr::rcmd_safe_env(), env), timeout = 60
  )
}

signer <- function(request) sub(".*Credential=([^/]+)/.*", "\\1", request$headers[["authorization"]])

answer <- reply_with("{\"KeyId\":\"k\"}")

test_that("a client finds the environment's keys of the process it is used in", {
  server <- local_canned(answer)
  svc <- kms(endpoint = server$endpoint, region = "eu-central-1")
  keys <- c(AWS_ACCESS_KEY_ID = "AKIAELSEWHERE", AWS_SECRET_ACCESS_KEY = "elsewhere")
  expect_identical(use_elsewhere(svc, keys), list(KeyId = "k"))
  request <- server$requests()[[1]]
  expect_identical(signer(request), "AKIAELSEWHERE")
  # What was looked up when it was made came along.
  expect_match(request$headers[["authorization"]], "/eu-central-1/kms/")
})

test_that("a client with a profile looks it up where it is used", {
  server <- local_canned(answer)
  file <- withr::local_tempfile(lines = c("[there]", "aws_access_key_id = AKIATHERE", "aws_secret_access_key = there"))
  withr::local_envvar(AWS_SHARED_CREDENTIALS_FILE = file)
  svc <- kms(credentials = list(profile = "there"), endpoint = server$endpoint, region = "us-east-1")
  expect_identical(use_elsewhere(svc, c(AWS_SHARED_CREDENTIALS_FILE = file)), list(KeyId = "k"))
  expect_identical(signer(server$requests()[[1]]), "AKIATHERE")
})

test_that("a client that was used is as good as a new one", {
  server <- local_canned(answer)
  svc <- kms(credentials = list(anonymous = TRUE), endpoint = server$endpoint, region = "us-east-1")
  svc$cancel_key_deletion("k")
  expect_identical(use_elsewhere(svc), list(KeyId = "k"))
  # And where it came from it still works, as do its copies.
  copy <- unserialize(serialize(svc, NULL))
  expect_identical(copy$cancel_key_deletion("k"), list(KeyId = "k"))
  expect_identical(svc$cancel_key_deletion("k"), list(KeyId = "k"))
  expect_identical("authorization" %in% names(server$requests()[[2]]$headers), FALSE)
})

test_that("literal secrets do not travel, and the client says so", {
  server <- local_canned(answer)
  secrets <- c("wJalrXUtnFEMI/K7MDENG/bPxRfiCYSECRETKEY", "FwoGZXIvYXdzEXAMPLETOKEN")
  creds <- list(access_key_id = "AKIALITERAL", secret_access_key = secrets[1], session_token = secrets[2])
  svc <- kms(credentials = list(creds = creds), endpoint = server$endpoint, region = "us-east-1")
  svc$cancel_key_deletion("k")
  for (what in list(svc, svc$cancel_key_deletion, svc$.internal)) {
    for (ascii in c(TRUE, FALSE)) {
      bytes <- serialize(what, NULL, ascii = ascii)
      for (secret in secrets) expect_length(grepRaw(secret, bytes, fixed = TRUE), 0)
    }
  }
  error <- use_elsewhere(svc)
  expect_identical(error$class, c("kmsr_credentials_error", "paws_error", "kmsr_error", "rlang_error", "error", "condition"))
  expect_snapshot(writeLines(error$message), transform = function(lines) sub("\u2139", "i", lines))
  # Nothing was sent in another's name, though there were other keys.
  expect_identical(use_elsewhere(svc, c(AWS_ACCESS_KEY_ID = "AKIAOTHER", AWS_SECRET_ACCESS_KEY = "o"))$class, error$class)
  expect_identical(server$count(), 1L)
  expect_identical(svc$cancel_key_deletion("k"), list(KeyId = "k"))
})

test_that("literal secrets travel when they are told to", {
  server <- local_canned(answer)
  withr::local_options(kmsr.serialize_secrets = TRUE)
  creds <- list(access_key_id = "AKIALITERAL", secret_access_key = "literal", session_token = "token")
  svc <- kms(credentials = list(creds = creds), endpoint = server$endpoint, region = "us-east-1")
  withr::local_options(kmsr.serialize_secrets = NULL)
  expect_identical(use_elsewhere(svc), list(KeyId = "k"))
  request <- server$requests()[[1]]
  expect_identical(signer(request), "AKIALITERAL")
  expect_identical(request$headers[["x-amz-security-token"]], "token")
})

test_that("a client works on the workers of a cluster", {
  server <- local_canned(answer)
  svc <- kms(credentials = list(anonymous = TRUE), endpoint = server$endpoint, region = "us-east-1")
  svc$cancel_key_deletion("k")
  cluster <- parallel::makePSOCKcluster(1)
  withr::defer(parallel::stopCluster(cluster))
  parallel::clusterCall(cluster, do.call, ".libPaths", list(.libPaths()))
  expect_identical(parallel::clusterCall(cluster, svc$cancel_key_deletion, "k"), list(list(KeyId = "k")))
  expect_identical(parallel::parLapply(cluster, 1:2, function(i, svc) svc$cancel_key_deletion("k")$KeyId, svc), list("k", "k"))
})

test_that("copies of a client share what it is", {
  svc <- kms(region = "us-east-1")
  copy <- svc
  expect_identical(copy$.internal$handle, svc$.internal$handle)
  expect_identical(environment(copy$decrypt), environment(svc$encrypt))
})
