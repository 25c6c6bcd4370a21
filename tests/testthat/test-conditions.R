# What errors are: their classes, fields and words. Calls are made at once; test-retry.R has what is sent again.

# The condition a reply is raised as.
raised_by <- function(reply, call = function(svc) svc$cancel_key_deletion("k"), ..., env = parent.frame()) {
  server <- local_canned(reply, env = env)
  tryCatch(call(server$client(...)), error = identity)
}

fields <- function(condition) {
  condition[setdiff(names(condition), c("message", "body", "call", "trace", "parent", "rlang", "use_cli_format"))]
}

geterrmessage_of <- function(code) {
  try(code, silent = TRUE)
  geterrmessage()
}

# Without the system's own words and numbers.
steady <- function(lines) {
  lines <- gsub("127\\.0\\.0\\.1:[0-9]+", "127.0.0.1:<port>", lines)
  lines <- gsub("os error [0-9]+", "os error <n>", lines)
  gsub("(Failed to lookup address information: ).*", "\\1<reason>.", lines)
}

test_that("an error of the service is paws' condition and more", {
  body <- list(`__type` = "NotFoundException", message = "Key 'k' does not exist", extra = list(1, list(a = NULL)))
  error <- raised_by(reply_with(to_json(body), 400))
  expect_identical(class(error), c(
    "kmsr_NotFoundException", "kmsr_service_error", "paws_error", "http_400", "http_error", "kmsr_error", "rlang_error",
    "error", "condition"
  ))
  expect_identical(error$message, "NotFoundException (HTTP 400). Key 'k' does not exist")
  expect_null(error$call)
  expect_identical(fields(error), list(
    code = "NotFoundException", status_code = 400L, error_response = body, request_id = "00000000-canned",
    operation = "CancelKeyDeletion"
  ))
  expect_identical(attributes(error)$status_code, 400L)
  expect_identical(attributes(error)$error_response, body)
})

test_that("the status is the exact class and that of its hundred", {
  classes <- function(status) grep("^http", class(raised_by(reply_error("AnyException", "m", status))), value = TRUE)
  expect_identical(classes(400), c("http_400", "http_error"))
  expect_identical(classes(403), c("http_403", "http_400", "http_error"))
  expect_identical(classes(500), c("http_500", "http_error"))
  expect_identical(classes(503), c("http_503", "http_500", "http_error"))
})

test_that("the code is bare and the message found wherever they are", {
  message_of <- function(...) raised_by(reply_with(...))$message
  expect_identical(message_of('{"__type":"com.amazonaws.kms#NotFoundException","message":"m"}', 400), "NotFoundException (HTTP 400). m")
  expect_identical(message_of('{"__type":"NotFoundException:http://x/y","Message":"m"}', 400), "NotFoundException (HTTP 400). m")
  expect_identical(message_of('{"__type":"NotFoundException","Message":"up","message":"low"}', 400), "NotFoundException (HTTP 400). low")
  expect_identical(message_of('{"__type":"NotFoundException"}', 400), "NotFoundException (HTTP 400). ")
  expect_identical(message_of('{"message":"m"}', 400, c(`x-amzn-ErrorType` = "NotFoundException:http://x")), "NotFoundException (HTTP 400). m")
  # Braces are not evaluated, and per cent signs not filled in.
  odd <- "{stop('evaluated')} %s %d \\ \u00e9"
  expect_identical(raised_by(reply_error("ValidationException", odd))$message, paste("ValidationException (HTTP 400).", odd))
})

test_that("paws' own way to look at errors works", {
  server <- local_canned(reply_error("NotFoundException", "Key 'k' does not exist"))
  svc <- server$client()
  seen <- tryCatch(svc$describe_key("k"), http_400 = function(e) attributes(e)$error_response$message)
  expect_identical(seen, "Key 'k' does not exist")
  expect_match(geterrmessage_of(svc$describe_key("k")), "^Error : NotFoundException \\(HTTP 400\\)\\. Key 'k' does not exist")
  expect_error(svc$describe_key("k"), "does not exist", class = "paws_error")
})

test_that("answers that are not the service's are told from those that are", {
  page <- "<html><body>Blocked</body></html>"
  error <- raised_by(reply_with(page, 403, c(`Content-Type` = "text/html")))
  expect_identical(class(error), c(
    "kmsr_response_error", "paws_error", "http_403", "http_400", "http_error", "kmsr_error", "rlang_error", "error", "condition"
  ))
  expect_identical(fields(error), list(
    status_code = 403L, request_id = "00000000-canned", response_body = page, operation = "CancelKeyDeletion"
  ))
  expect_identical(attributes(error)$status_code, 403L)

  replies <- list(
    reply_with(page, 503), reply_with("", 500), reply_with(page, 200), reply_with("[1]"), reply_with("\"a\""), reply_with("oops"),
    reply_with("{\"KeyId\": \"a"), reply_with("{\"KeyId\": 1}"), reply_with("{\"KeyId\": [\"a\"]}"), reply_with("{\"message\":\"m\"}", 400),
    reply_with("{\"__type\":null}", 400), reply_with("{\"__type\":\"#\"}", 400), reply_with("", 302), reply_with(as.raw(0:255), 400),
    reply_with(as.raw(0:255)), reply_with(strrep("[", 1e5)), reply_with(paste0(strrep("{\"a\":", 1e5), 1), 400),
    reply_with(c(charToRaw("{\"KeyId\":\""), as.raw(0xff), charToRaw("\"}")))
  )
  for (reply in replies) expect_s3_class(raised_by(reply), c("kmsr_response_error", "paws_error"), exact = FALSE)
})

test_that("text that R cannot hold is no reason to fail otherwise", {
  expect_s3_class(raised_by(reply_with("{\"KeyId\":\"a\\u0000b\"}")), "kmsr_response_error")
  error <- raised_by(reply_with("{\"__type\":\"AnyException\",\"message\":\"a\\u0000b\",\"c\\u0000\":\"\\u0000\"}", 400))
  expect_identical(error$message, "AnyException (HTTP 400). a\ufffdb")
  expect_identical(error$error_response, stats::setNames(list("AnyException", "a\ufffdb", "\ufffd"), c("__type", "message", "c\ufffd")))
})

test_that("connections that fail are transport errors", {
  transport <- c("kmsr_transport_error", "paws_error", "http_error", "kmsr_error", "rlang_error", "error", "condition")
  for (reply in list(reply_drop(), reply_reset(), reply_cut(), reply_bytes(charToRaw("SSH-2.0-OpenSSH\r\n")), reply_bytes(charToRaw("{}")))) {
    error <- raised_by(reply)
    expect_identical(class(error), transport)
    expect_identical(fields(error), list(operation = "CancelKeyDeletion"))
  }
  refused <- tryCatch(canned_client("http://127.0.0.1:1")$list_keys(), error = identity)
  expect_identical(class(refused), transport)
})

test_that("messages say what happened and what to do", {
  server <- local_canned()
  show <- function(reply, call = function(svc) svc$cancel_key_deletion("k"), ...) {
    server$reply(reply)
    tryCatch(call(server$client(...)), error = function(e) cat(conditionMessage(e), "\n\n", sep = ""))
  }
  expect_snapshot(transform = steady, {
    show(reply_error("NotFoundException", "Key 'k' does not exist"))
    show(reply_error("AccessDeniedException", "User is not authorized", 403))
    show(reply_error("InvalidImportTokenException"))
    show(reply_error("NotAuthorizedException"))
    show(reply_error("ExceptionOfNextYear", "New"))
    show(reply_with("<html><body>Blocked by \033[31m\n\n proxy</body></html>", 403))
    show(reply_with("", 503))
    show(reply_with("{\"KeyId\": \"a"))
    show(reply_with("{\"KeyId\": 1}"))
    show(reply_drop())
    show(reply_cut())
    show(reply_hang(), timeout = 0.1)
    show(reply_hang(), operation_timeout = 0.1)
    show(reply_with(), function(svc) canned_client("http://127.0.0.1:1")$list_keys())
    show(reply_with(), function(svc) canned_client("http://nowhere.invalid")$list_keys())
    show(reply_with(), function(svc) kms(config = list(credentials = list(creds = canned_keys)))$list_keys())
  })
})

test_that("messages about arguments name the argument, what was given and what is wanted, never the content", {
  svc <- canned_client("http://127.0.0.1:1")
  secret <- "s3cr3t"
  show <- function(call) tryCatch(call, error = function(e) cat(conditionMessage(e), "\n\n", sep = ""))
  expect_snapshot({
    show(svc$describe_key())
    show(svc$describe_key(NA))
    show(svc$describe_key(c(secret, "b")))
    show(svc$describe_key(globalenv()))
    show(svc$describe_key(`Encoding<-`("a\xff", "UTF-8")))
    show(svc$describe_key("k", GrantTokens = list("a", NULL)))
    show(svc$create_key(KeySpec = list(secret, "b")))
    show(svc$create_key(MultiRegion = "yes"))
    show(svc$list_keys(Limit = 7.5))
    show(svc$encrypt("k", 123456))
    show(svc$encrypt("k", secret, EncryptionContext = secret))
    show(svc$encrypt("k", secret, EncryptionContext = list(a = 1, a = 2)))
    show(svc$tag_resource("k", list(TagKey = secret, TagValue = secret)))
    show(svc$tag_resource("k", list(list(Key = secret))))
    show(svc$tag_resource("k", list(list(TagKey = "a"))))
    show(svc$create_custom_key_store("n", KeyStorePassword = c(secret, secret)))
    show(svc$create_custom_key_store("n", XksProxyAuthenticationCredential = stats::setNames(list(1), secret)))
    show(svc$import_key_material("k", secret, secret, ValidTo = "tomorrow"))
    show(svc$import_key_material("k", secret, secret, ValidTo = as.difftime(90, units = "days")))
  })
  error <- tryCatch(svc$list_keys(Limit = 7.5), error = identity)
  expect_identical(class(error), c("kmsr_argument_error", "kmsr_error", "rlang_error", "error", "condition"))
  expect_identical(fields(error), list(argument = "Limit", given = "the number 7.5", wanted = "one whole number"))
})

test_that("a value next to one that is known is pointed out when the service refuses it", {
  invalid <- reply_error("ValidationException", "1 validation error detected")
  advice <- function(call) grep("did you mean", strsplit(conditionMessage(raised_by(invalid, call)), "\n")[[1]], value = TRUE)
  expect_match(advice(function(svc) svc$create_key(KeySpec = "SYMETRIC_DEFAULT")), '`KeySpec` is "SYMETRIC_DEFAULT"; did you mean "SYMMETRIC_DEFAULT"?', fixed = TRUE)
  expect_match(advice(function(svc) svc$create_key(KeySpec = "rsa_2048")), 'did you mean "RSA_2048"?', fixed = TRUE)
  expect_match(advice(function(svc) svc$create_grant("k", "p", Operations = c("Encrypt", "Decript"))), '`Operations` is "Decript"; did you mean "Decrypt"?', fixed = TRUE)
  expect_length(advice(function(svc) svc$create_key(KeySpec = "RSA_2048")), 0)
  expect_length(advice(function(svc) svc$create_key(KeySpec = "SOMETHING_ELSE_ENTIRELY", Description = "RSA_2047")), 0)
})

test_that("an alias without its prefix and a ciphertext from elsewhere are pointed out", {
  advice <- function(reply, call) strsplit(conditionMessage(raised_by(reply, call)), "\n")[[1]][-1]
  unknown <- reply_error("NotFoundException", "Invalid keyId")
  expect_match(advice(unknown, function(svc) svc$encrypt("orders", "x"))[2], 'is it "alias/orders"?', fixed = TRUE)
  expect_match(advice(unknown, function(svc) svc$encrypt(factor("orders"), "x"))[2], 'is it "alias/orders"?', fixed = TRUE)
  for (key in c("alias/orders", "mrk-0b4c0d27", "0b4c0d27-89fa-4e14-95df-2ca5458fd11", "not an alias")) {
    expect_length(advice(unknown, function(svc) svc$encrypt(key, "x")), 1)
  }
  broken <- reply_error("InvalidCiphertextException", "")
  expect_match(advice(broken, function(svc) svc$decrypt(raw(9)))[2], "same encryption context")
  expect_length(advice(broken, function(svc) svc$import_key_material("k", raw(9), raw(9))), 1)
})

test_that("a call is not named, so that its arguments do not appear", {
  error <- raised_by(reply_error("NotFoundException", "m"), function(svc) svc$encrypt("k", "s3cr3t"))
  expect_null(error$call)
  expect_null(error$trace)
  expect_identical(grepl("s3cr3t", paste(utils::capture.output(utils::str(unclass(error))), collapse = "")), FALSE)
})

test_that("every class is in the help page", {
  page <- tools::Rd_db("kmsr")[["kmsr-errors.Rd"]]
  skip_if(is.null(page), "the help pages are not installed")
  # As texts in the code: names of conditions are written out where they are raised or caught.
  code <- unlist(lapply(as.list(asNamespace("kmsr"), all.names = TRUE), function(object) {
    if (is.function(object)) deparse(object)
  }))
  quoted <- unlist(regmatches(code, gregexpr("\"kmsr_[a-z_]+_(error|warning|interrupt|interrupted)\"", code)))
  classes <- unique(gsub("\"", "", quoted))
  expect_gt(length(classes), 30)
  expect_identical(setdiff(classes, unlist(regmatches(as.character(page), gregexpr("kmsr_[a-z_]+", as.character(page))))), character())
})
