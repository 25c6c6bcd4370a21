# The client object: what it is made of, and every way to take its functions from it.

test_that("a client is a list of functions with its configuration", {
  svc <- kms(region = "us-east-1")
  expect_identical(class(svc), "kms_client")
  expect_identical(typeof(svc), "list")
  expect_identical(names(svc), c(operation_methods, ".internal"))
  expect_identical(unique(vapply(svc[-length(svc)], typeof, "")), "closure")
  # As with paws' list.
  expect_identical(svc$describe_k, svc$describe_key)
  expect_null(svc$nothing)
  expect_identical(svc$.internal, svc[[".internal"]])
})

test_that("a misspelt operation is told of, not NULL", {
  svc <- kms(region = "us-east-1")
  expect_snapshot(svc$describ_key("alias/orders"), error = TRUE)
  expect_error(svc$lsit_keys(), class = "kmsr_argument_error")
})

test_that("a client prints a few lines without secrets", {
  server <- local_canned()
  withr::local_envvar(AWS_REGION = "eu-west-1")
  expect_snapshot(transform = function(lines) gsub("127\\.0\\.0\\.1:[0-9]+", "127.0.0.1:<port>", lines), {
    kms()
    canned_client(server$endpoint)
    kms(credentials = list(profile = "analytics"), region = "us-east-1")
    kms(credentials = list(anonymous = TRUE), region = "us-east-1")
    str(kms())
    withr::with_envvar(c(AWS_REGION = NA), kms())
  })
})

test_that("functions keep their client, however they are taken and called", {
  server <- local_canned(reply_with("{\"KeyId\":\"k\"}"))
  svc <- server$client()
  withr::local_envvar(AWS_REGION = "eu-west-1", AWS_ENDPOINT_URL = "http://127.0.0.1:1")
  k <- list(KeyId = "k")

  f <- svc$cancel_key_deletion
  nested <- list(a = list(kms = svc))
  operation <- "cancel_key_deletion"
  expect_identical(f("k"), k)
  expect_identical(svc[["cancel_key_deletion"]]("k"), k)
  expect_identical(svc[[operation]](KeyId = "k"), k)
  expect_identical((svc$cancel_key_deletion)("k"), k)
  expect_identical(match.fun(svc$cancel_key_deletion)("k"), k)
  expect_identical(do.call(svc$cancel_key_deletion, list(KeyId = "k")), k)
  expect_identical(do.call("f", list("k")), k)
  expect_identical("k" |> svc$cancel_key_deletion(), k)
  expect_identical(with(svc, cancel_key_deletion("k")), k)
  expect_identical(nested$a$kms$cancel_key_deletion("k"), k)
  expect_identical(tryCatch(svc$cancel_key_deletion("k"), error = stop), k)
  expect_identical(lapply(c("a", "b"), svc$cancel_key_deletion), list(k, k))
  expect_identical(Map(svc$cancel_key_deletion, c("a", "b")), list(a = k, b = k))
  expect_identical(vapply(c("a", "b"), function(id) svc$cancel_key_deletion(id)$KeyId, ""), c(a = "k", b = "k"))
  expect_identical(Reduce(function(x, id) svc$cancel_key_deletion(id), c("a", "b"), NULL), k)
  expect_identical(mapply(svc$cancel_key_deletion, KeyId = c("a", "b"), USE.NAMES = FALSE), list(KeyId = "k", KeyId = "k"))
  expect_identical(eval(quote(svc$cancel_key_deletion("k"))), k)
  expect_identical(local({
    svc <- NULL
    f("k")
  }), k)
  expect_identical(unique(vapply(server$requests(), function(request) sub(".*Credential=([^/]+)/.*", "\\1", request$headers[["authorization"]]), "")), "AKIACANNED")
})

test_that("a constructor in the call is evaluated once", {
  server <- local_canned()
  made <- 0
  make <- function() {
    made <<- made + 1
    server$client()
  }
  make()$list_keys()
  expect_identical(made, 1)
})

test_that("arguments go by position, by name and by the beginning of a name", {
  server <- local_canned()
  svc <- server$client()
  sent <- function(call) sort_members(sent_by(server, call))
  expect_identical(sent(svc$update_alias("alias/a", "k")), list(AliasName = "alias/a", TargetKeyId = "k"))
  expect_identical(sent(svc$update_alias(TargetKeyId = "k", AliasName = "alias/a")), list(AliasName = "alias/a", TargetKeyId = "k"))
  expect_identical(sent(svc$update_alias(T = "k", A = "alias/a")), list(AliasName = "alias/a", TargetKeyId = "k"))
  expect_identical(sent(svc$list_grants(5, "m", "k")), list(KeyId = "k", Limit = 5L, Marker = "m"))
  expect_error(svc$describe_key("k", Foo = 1), "unused argument (Foo = 1)", fixed = TRUE)
  expect_error(svc$describe_key(), "argument \"KeyId\" is missing, with no default", fixed = TRUE, class = "kmsr_argument_error")
  expect_error(svc$create_grant("k", "p"), "\"Operations\" is missing", class = "kmsr_argument_error")
  expect_identical(server$count(), 4L)
})

test_that("the exported functions use the session's client", {
  server <- local_canned(reply_with("{\"KeyId\":\"k\"}"))
  withr::defer(kms_default(NULL))
  kms_default(NULL)
  expect_identical(kms_default(server$client()), NULL)
  expect_identical(kms_cancel_key_deletion("k"), list(KeyId = "k"))
  other <- local_canned(reply_with("{\"KeyId\":\"other\"}"))
  expect_identical(kms_default(other$client())$.internal$config$endpoint, server$endpoint)
  expect_identical(lapply("k", kms_cancel_key_deletion), list(list(KeyId = "other")))
  # Made anew from the environment.
  expect_invisible(kms_default(NULL))
  withr::local_envvar(
    AWS_ENDPOINT_URL_KMS = server$endpoint, AWS_REGION = "us-east-1", AWS_ACCESS_KEY_ID = "AKIAENV", AWS_SECRET_ACCESS_KEY = "s"
  )
  expect_identical(kms_cancel_key_deletion("k"), list(KeyId = "k"))
  expect_match(server$requests()[[2]]$headers[["authorization"]], "Credential=AKIAENV/")
  expect_identical(kms_default()$.internal$config$region, "us-east-1")
  expect_error(kms_default("svc"), class = "kmsr_argument_error")
  expect_error(kms_default(list()), class = "kmsr_argument_error")
})

test_that("kms_get_parameters_for_import() answers with its four members", {
  expires <- 1700086400.987
  body <- list(KeyId = "arn", ImportToken = as.raw(1:3), PublicKey = as.raw(4:6), ParametersValidTo = expires)
  server <- local_canned(reply_with(to_json(body)))
  withr::defer(kms_default(NULL))
  kms_default(server$client())
  result <- kms_get_parameters_for_import("k", "RSAES_OAEP_SHA_256", "RSA_2048")
  body$ParametersValidTo <- gmt(expires)
  expect_identical(result, body)
  # What AWS may add is passed on.
  kms_get_parameters_for_import("k", "RSAES_OAEP_SHA_512", "RSA_8192")
  expect_identical(sort_members(server$requests()[[2]]$json), list(KeyId = "k", WrappingAlgorithm = "RSAES_OAEP_SHA_512", WrappingKeySpec = "RSA_8192"))
})

test_that("requests are what the service expects", {
  server <- local_canned()
  server$client()$list_keys()
  request <- server$requests()[[1]]
  expect_identical(request$line, "POST / HTTP/1.1")
  expect_identical(request$target, "TrentService.ListKeys")
  expect_identical(request$headers[["content-type"]], "application/x-amz-json-1.1")
  expect_match(request$headers[["authorization"]], "^AWS4-HMAC-SHA256 Credential=AKIACANNED/[0-9]{8}/us-east-1/kms/aws4_request, ")
  expect_match(request$headers[["user-agent"]], "kmsr")
  canned_client(paste0(server$endpoint, "/a/b"))$list_keys()
  expect_match(server$requests()[[2]]$line, "^POST /a/b/? HTTP/1.1$")
})

test_that("tab completion offers the operations, and nothing else", {
  # What the R console, and the R kernel for Jupyter, ask.
  complete <- function(line) {
    utils <- asNamespace("utils")
    utils$.assignLinebuffer(line)
    utils$.assignEnd(nchar(line))
    utils$.guessTokenFromLine()
    utils$.completeToken()
    utils$.retrieveCompletions()
  }
  assign("svc", local_emulator()$client(), globalenv())
  withr::defer(rm("svc", envir = globalenv()))
  expect_setequal(complete("svc$"), paste0("svc$", kmsr:::operation_methods))
  expect_setequal(
    complete("result <- svc$generate_data_key_pair"),
    paste0("svc$generate_data_key_pair", c("", "_without_plaintext"))
  )
})
