# How answers become R values, beyond the recorded cases.

result_of <- function(body, call) {
  server <- local_canned(reply_with(body))
  call(server$client())
}

describe <- function(metadata) {
  result_of(sprintf("{\"KeyMetadata\":%s}", metadata), function(svc) svc$describe_key("k"))$KeyMetadata
}

test_that("what is there is filled in among what is not", {
  metadata <- describe("{\"MultiRegionConfiguration\":{\"PrimaryKey\":{\"Arn\":\"a\"},\"ReplicaKeys\":[{\"Region\":\"r\"}]},\"Enabled\":false}")
  expect_identical(metadata$MultiRegionConfiguration, list(
    MultiRegionKeyType = character(), PrimaryKey = list(Arn = "a", Region = character()),
    ReplicaKeys = list(list(Arn = character(), Region = "r"))
  ))
  expect_identical(metadata$Enabled, FALSE)
  expect_identical(metadata$MultiRegion, logical())
  expect_identical(describe("{}")$EncryptionAlgorithms, list())
  expect_identical(describe("null"), describe("{}"))
})

test_that("text is UTF-8 and itself, even where it looks like something else", {
  metadata <- describe("{\"Description\":\"NA\",\"KeyId\":\"\",\"Arn\":\"\\u00e9\\ud83d\\udd11\",\"KeyUsage\":\"NULL\"}")
  expect_identical(is.na(metadata$Description), FALSE)
  expect_identical(metadata[c("Description", "KeyId", "KeyUsage")], list(Description = "NA", KeyId = "", KeyUsage = "NULL"))
  expect_identical(metadata$Arn, "\u00e9\U1F511")
  expect_identical(Encoding(metadata$Arn), "UTF-8")
})

test_that("numbers are doubles, and times keep their fraction", {
  metadata <- describe("{\"PendingDeletionWindowInDays\":30,\"CreationDate\":1700000000,\"DeletionDate\":1.7E9,\"ValidTo\":-0.125}")
  expect_identical(metadata$PendingDeletionWindowInDays, 30)
  expect_identical(metadata$CreationDate, gmt(1.7e9))
  expect_identical(metadata$DeletionDate, gmt(1.7e9))
  expect_identical(metadata$ValidTo, gmt(-0.125))
  expect_identical(format(metadata$CreationDate, "%Y-%m-%d %H:%M:%S %Z"), "2023-11-14 22:13:20 GMT")
  expect_identical(describe("{\"CreationDate\":1700000000.123}")$CreationDate, gmt(1700000000.123))
})

test_that("blobs are raw, empty ones too, and padding is not insisted on", {
  plaintext <- function(text) result_of(sprintf("{\"Plaintext\":\"%s\"}", text), function(svc) svc$decrypt(as.raw(1)))$Plaintext
  expect_identical(plaintext("AAEC/w=="), as.raw(c(0, 1, 2, 255)))
  expect_identical(plaintext("AAEC/w"), as.raw(c(0, 1, 2, 255)))
  expect_identical(plaintext(""), raw())
  expect_error(plaintext("not base64!"), class = "kmsr_response_error")
})

test_that("maps keep the order they come in", {
  constraints <- function(map) {
    body <- sprintf("{\"Grants\":[{\"Constraints\":{\"EncryptionContextSubset\":%s}}]}", map)
    result_of(body, function(svc) svc$list_grants(KeyId = "k"))$Grants[[1]]$Constraints
  }
  expect_identical(constraints("{\"b\":\"1\",\"a\":\"2\",\"\\u00e9\":\"\"}")$EncryptionContextSubset, list(b = "1", a = "2", "\u00e9" = ""))
  expect_identical(constraints("{}"), list(EncryptionContextSubset = list(), EncryptionContextEquals = list()))
})

test_that("lists of text are character vectors", {
  expect_identical(describe("{\"SigningAlgorithms\":[\"a\"]}")$SigningAlgorithms, "a")
  expect_identical(describe("{\"SigningAlgorithms\":[]}")$SigningAlgorithms, list())
  expect_error(describe("{\"SigningAlgorithms\":[null]}"), class = "kmsr_response_error")
  expect_error(describe("{\"SigningAlgorithms\":\"a\"}"), class = "kmsr_response_error")
})

test_that("a value of the wrong type is not bent into shape", {
  for (metadata in c(
    "{\"Enabled\":\"true\"}", "{\"Enabled\":1}", "{\"CreationDate\":\"2023-11-14\"}", "{\"KeyId\":[]}", "{\"MultiRegionConfiguration\":[]}",
    "[]", "\"a\"", "{\"PendingDeletionWindowInDays\":\"7\"}"
  )) {
    expect_error(describe(metadata), "not what the API says", class = "kmsr_response_error")
  }
})

test_that("results survive garbage collection at every allocation", {
  skip_on_cran()
  api <- api_tables()
  full <- full_result(api, "DescribeKey", newer = TRUE)
  server <- local_canned(reply_with(to_json(full)))
  svc <- server$client()
  svc$describe_key("k")
  # One call with its arguments and result; more would take long.
  gctorture(TRUE)
  result <- tryCatch(svc$describe_key("k", GrantTokens = c("a", "b")), finally = gctorture(FALSE))
  expect_identical(result, full)
})
