# How arguments become JSON: what the mirrored interface sends, and where it sends something else than meant, better.

test_that("a string is sent from whatever means one", {
  server <- local_canned()
  svc <- server$client()
  path <- structure("a", class = c("fs_path", "character"))
  means <- list(
    "a" = "a", "a" = list("a"), "a" = factor("a", levels = c("b", "a")), "a" = structure("a", class = c("glue", "character")),
    "a" = path, "a" = I("a"), "a" = c(name = "a"), "a" = matrix("a"), "123" = 123, "123" = 123L, "100000" = 1e5,
    "100000" = 100000L, "0.1" = 0.1, "123456789012" = 123456789012, "TRUE" = TRUE, "FALSE" = FALSE,
    "NA" = "NA", "\u00e9\u4e2d\U1F511" = "\u00e9\u4e2d\U1F511"
  )
  for (i in seq_along(means)) {
    expect_identical(sent_by(server, svc$describe_key(means[[i]]))$KeyId, names(means)[i])
  }
  # Unlike the others it is not left out.
  expect_identical(sent_by(server, svc$update_key_description("k", ""))$Description, "")
})

test_that("what is no string is refused", {
  server <- local_canned()
  svc <- server$client()
  values <- list(
    NA, NA_character_, NA_integer_, NaN, Inf, -Inf, factor(NA, "a"), c("a", "b"), c(1, 2), list("a", "b"), list(list("a")),
    list(NULL), list(a = list()), as.raw(1), 1i, Sys.Date(), Sys.time(), as.difftime(1, units = "days"), quote(a),
    quote(a(b)), y ~ x, expression(a), mean, sum, globalenv(), data.frame(a = "a"), as.POSIXlt(Sys.time())
  )
  expect_refused(server, svc$describe_key, values, "KeyId")
})

test_that("text keeps its meaning in every encoding", {
  server <- local_canned()
  svc <- server$client()
  latin1 <- vapply(0x80:0xff, function(byte) `Encoding<-`(rawToChar(as.raw(byte)), "latin1"), "")
  # Five of these bytes stand for nothing; R writes their codes.
  nothing <- grepl("^<..>$", enc2utf8(latin1))
  expect_identical(sum(nothing), 5L)
  expect_refused(server, svc$describe_key, latin1[nothing], "KeyId")
  latin1 <- latin1[!nothing]
  expect_identical(
    unlist(sent_by(server, svc$describe_key("k", GrantTokens = latin1))$GrantTokens),
    enc2utf8(latin1)
  )
  # UTF-8 that is declared to be nothing, as in files read under the C locale.
  unknown <- `Encoding<-`("\u00e9", "unknown")
  expect_identical(sent_by(server, svc$describe_key(unknown))$KeyId, "\u00e9")

  invalid <- list(
    utf8 = `Encoding<-`("a\xff", "UTF-8"), unknown = `Encoding<-`("a\xff", "unknown"), bytes = `Encoding<-`("a\xff", "bytes"),
    surrogate = `Encoding<-`("\xed\xa0\x80", "UTF-8")
  )
  expect_refused(server, svc$describe_key, invalid, "KeyId")
})

test_that("a whole number is sent as one", {
  server <- local_canned()
  svc <- server$client()
  integer64 <- function(low) structure(low, class = "integer64")
  for (value in list(7, 7L, "7", "7.0", I(7), c(n = 7), list(7), factor("7"), integer64(7 * 2^-1074))) {
    expect_identical(sent_by(server, svc$list_keys(Limit = value))$Limit, 7L)
  }
  expect_identical(sent_by(server, svc$list_keys(Limit = 1e5))$Limit, 100000L)
  expect_identical(sent_by(server, svc$list_keys(Limit = -1))$Limit, -1L)
  values <- list(
    7.5, "7.5", "seven", "", NA, NA_integer_, NA_real_, NaN, Inf, -Inf, "Inf", "NaN", "0x10", 2^31, -2^31 - 1, 1e300, "1e300",
    TRUE, c(1, 2), list(1, 2), Sys.Date(), Sys.time(), as.difftime(1, units = "weeks"), as.raw(7), 7i, mean, globalenv(),
    # As a double these bits are 1.
    integer64(1), integer64(-1), structure(7, class = "money")
  )
  expect_refused(server, function(x) svc$list_keys(Limit = x), values, "Limit")
})

test_that("a truth value is sent as one", {
  server <- local_canned()
  svc <- server$client()
  dry_run <- function(x) sent_by(server, svc$retire_grant(DryRun = x))$DryRun
  for (value in list(TRUE, 1, 1L, c(a = TRUE), list(TRUE))) expect_identical(dry_run(value), TRUE)
  for (value in list(FALSE, 0, 0L)) expect_identical(dry_run(value), FALSE)
  values <- list(NA, NA_integer_, NaN, 2, -1, 0.5, "true", "TRUE", "", c(TRUE, FALSE), list(TRUE, FALSE), as.raw(1), factor("TRUE"), mean)
  expect_refused(server, function(x) svc$retire_grant(DryRun = x), values, "DryRun")
})

test_that("a blob is bytes or text", {
  server <- local_canned()
  svc <- server$client()
  blob <- function(x) jsonlite::base64_dec(sent_by(server, svc$encrypt("k", x))$Plaintext)
  expect_identical(blob(as.raw(0:255)), as.raw(0:255))
  expect_identical(blob("hi"), charToRaw("hi"))
  expect_identical(blob("\u00e9"), as.raw(c(0xc3, 0xa9)))
  expect_identical(blob(`Encoding<-`("\xe9", "latin1")), as.raw(c(0xc3, 0xa9)))
  expect_identical(blob(""), raw())
  expect_identical(blob(structure(as.raw(1:3), class = c("pubkey", "rsa"))), as.raw(1:3))
  expect_identical(blob(list(as.raw(1))), as.raw(1))
  # A file's name is text like any other.
  file <- withr::local_tempfile(lines = "content")
  expect_identical(blob(file), charToRaw(file))

  values <- list(
    NA, NA_character_, c("a", "b"), 1:3, 42, TRUE, list(as.raw(1), as.raw(2)), factor("hi"), Sys.Date(), mean, globalenv(), quote(a),
    `Encoding<-`("a\xff", "UTF-8")
  )
  expect_refused(server, function(x) svc$encrypt("k", x), values, "Plaintext")
})

test_that("nothing given is nothing sent", {
  server <- local_canned()
  svc <- server$client()
  for (nothing in list(NULL, character(), list(), raw(), integer(), logical(), factor(), data.frame(), Sys.time()[0])) {
    request <- sent_by(server, svc$import_key_material(
      "k", nothing, nothing, nothing, nothing, nothing, nothing, nothing
    ))
    expect_identical(request, list(KeyId = "k"))
    expect_identical(sent_by(server, svc$tag_resource(nothing, nothing)), structure(list(), names = character()))
    request <- sent_by(server, svc$create_grant(nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing))
    expect_length(request, 0)
    expect_length(sent_by(server, svc$list_keys(nothing, nothing)), 0)
  }
})

test_that("times are understood however R says them", {
  server <- local_canned()
  svc <- server$client()
  seconds <- function(x) sent_by(server, svc$import_key_material("k", as.raw(1), as.raw(2), ValidTo = x))$ValidTo
  noon <- 1893499200L
  time <- as.POSIXct("2030-01-01 12:00:00", tz = "UTC")
  same <- list(
    time, as.POSIXlt(time), as.POSIXlt(time, tz = "America/New_York"), time + 0.75, noon, as.numeric(noon), c(a = as.numeric(noon)),
    "2030-01-01T12:00:00Z", "2030-01-01 12:00", "2030-01-01T12:00:00.999Z", "2030-01-01T14:00:00+02:00", "2030-01-01T07:00:00-0500"
  )
  for (value in same) expect_identical(seconds(value), noon)
  expect_identical(seconds(as.Date("2030-01-01")), noon - 43200L)
  expect_identical(seconds("2030-01-01"), noon - 43200L)
  withr::local_timezone("America/New_York")
  expect_identical(seconds(as.Date("2030-01-01")), noon - 43200L)
  expect_identical(seconds("2030-01-01 12:00:00"), noon)
})

test_that("what is no time is refused", {
  server <- local_canned()
  svc <- server$client()
  values <- list(
    "tomorrow", "", "2030-02-30", "2030-01-01T25:00:00Z", "2030-01-01T12:00:00+99:99", "01/02/2030", NA, NA_real_, Inf, 1e300, 1e13,
    as.POSIXct(NA), as.Date(NA), as.Date(Inf, origin = "1970-01-01"), c(1, 2), Sys.time() + 1:2, as.difftime(1, units = "days"), TRUE,
    globalenv(), mean, quote(a), factor("2030-01-01"), list(1, 2), `Encoding<-`("\xff", "UTF-8"), NA_character_, structure(1, class = "integer64"),
    structure("a", class = "Date"), structure(new.env(), class = c("POSIXct", "POSIXt")), new.env(),
    structure(list(a = 1), class = c("POSIXlt", "POSIXt"))
  )
  expect_no_warning <- function(code) withCallingHandlers(code, warning = function(w) stop(w))
  expect_no_warning(expect_refused(
    server, function(x) svc$import_key_material("k", as.raw(1), as.raw(2), ValidTo = x), values, "ValidTo"
  ))
})
