# How lists, maps, structures and tags become JSON.

test_that("a list of strings is one however it is given", {
  server <- local_canned()
  svc <- server$client()
  for (value in list(list("x", "y"), c("x", "y"), c(a = "x", b = "y"), factor(c("x", "y")), list(a = "x", factor("y")), I(c("x", "y")))) {
    expect_identical(sent_by(server, svc$describe_key("k", value))$GrantTokens, list("x", "y"))
  }
  for (value in list("x", list("x"), list(list("x")))) {
    expect_identical(sent_by(server, svc$describe_key("k", value))$GrantTokens, list("x"))
  }
  values <- list(
    c("x", NA), list("x", NA), list("x", NULL), list("x", character()), list("x", c("y", "z")), list(c("x", "y")), 1, TRUE, as.raw(1),
    data.frame(a = "x", b = "y"), as.POSIXlt(Sys.time()), mean, globalenv(), quote(a(b)), expression(a), factor(c("x", NA))
  )
  expect_refused(server, function(x) svc$describe_key("k", x), values)
})

test_that("a map is a named list or vector", {
  server <- local_canned()
  svc <- server$client()
  map <- function(x) sent_by(server, svc$decrypt(as.raw(1), x))$EncryptionContext
  for (value in list(list(b = "2", a = "1"), c(b = "2", a = "1"), c(b = 2, a = 1), list(b = 2L, a = factor("1")), list(b = list("2"), a = "1"))) {
    expect_identical(sort_members(map(value)), list(a = "1", b = "2"))
  }
  odd <- stats::setNames(list("\u4e2d"), "\u00e9 \"x\" \\")
  expect_identical(map(odd), odd)
  expect_identical(map(c(`__proto__` = "")), list(`__proto__` = ""))
  latin1 <- stats::setNames("v", `Encoding<-`("\xe9", "latin1"))
  expect_identical(map(latin1), stats::setNames(list("v"), "\u00e9"))

  named <- function(x, names) `attr<-`(x, "names", names)
  values <- list(
    list("a"), "a", c("a", "b"), named(list("a", "b"), c("x", "")), named(list("a", "b"), c("x", NA)), named("a", NA_character_),
    list(a = "1", a = "2"), c(a = "1", a = "2"), list(a = NULL), list(a = NA), c(a = NA), list(a = c("x", "y")), list(a = list(b = list())),
    list(a = mean), list(a = Sys.Date()), c(a = Sys.time()), data.frame(key = "a", value = "b"), as.POSIXlt(Sys.time()), c(a = Inf),
    globalenv(), mean, quote(a(b = 1)), y ~ x, list(a = as.raw(1)), c(a = 1i), named(list("v"), `Encoding<-`("a\xff", "bytes"))
  )
  expect_refused(server, function(x) svc$decrypt(as.raw(1), x), values, "EncryptionContext")
})

test_that("a structure is a named list with its members", {
  server <- local_canned()
  svc <- server$client()
  constraints <- function(x) sent_by(server, svc$create_grant("k", "p", Operations = "Decrypt", Constraints = x))$Constraints
  expect_identical(
    constraints(list(EncryptionContextSubset = c(a = "1"), EncryptionContextEquals = NULL)),
    list(EncryptionContextSubset = list(a = "1"))
  )
  expect_identical(constraints(list()), NULL)

  values <- list(
    list("a"), "a", list(Subset = list(a = "1")), list(EncryptionContextSubset = c(a = "1"), c(b = "2")),
    list(EncryptionContextSubset = c(a = "1"), EncryptionContextSubset = c(a = "2")), data.frame(EncryptionContextSubset = "a"),
    list(encryptioncontextsubset = c(a = "1")), mean, globalenv(), 1, TRUE
  )
  expect_refused(
    server, function(x) svc$create_grant("k", "p", Operations = "Decrypt", Constraints = x), values, "Constraints"
  )
  expect_refused(
    server, function(x) svc$create_grant("k", "p", Operations = "Decrypt", Constraints = x),
    list(list(EncryptionContextSubset = c("a")), list(EncryptionContextSubset = 1)), "Constraints$EncryptionContextSubset"
  )
  # What is required inside of a structure cannot be left out.
  expect_refused(
    server, function(x) svc$create_custom_key_store("n", XksProxyAuthenticationCredential = x),
    list(list(AccessKeyId = "a"), list(AccessKeyId = "a", RawSecretAccessKey = NULL)),
    "XksProxyAuthenticationCredential$RawSecretAccessKey"
  )
})

test_that("tags are understood however R says them", {
  server <- local_canned()
  svc <- server$client()
  tags <- function(x) sent_by(server, svc$tag_resource("k", x))$Tags
  two <- list(list(TagKey = "a", TagValue = "1"), list(TagKey = "b", TagValue = "2"))
  table <- data.frame(TagKey = c("a", "b"), TagValue = c("1", "2"))
  same <- list(
    two, rev(two[2:1]), stats::setNames(two, c("x", "y")), lapply(two, unlist), lapply(two, rev), c(a = "1", b = "2"), c(a = 1, b = 2),
    list(a = "1", b = 2L), table, table[2:1], data.frame(TagKey = factor(c("a", "b")), TagValue = 1:2),
    structure(table, class = c("tbl_df", "tbl", "data.frame")), Map(function(k, v) list(TagKey = k, TagValue = v), c("a", "b"), 1:2)
  )
  for (value in same) expect_identical(tags(value), two)
  expect_identical(tags(two[1]), two[1])
  expect_identical(tags(c(a = "")), list(list(TagKey = "a", TagValue = "")))
  expect_null(tags(table[0, ]))
})

test_that("tags that are not what they seem are refused", {
  server <- local_canned()
  svc <- server$client()
  values <- list(
    # One tag that is not in a list, which would become two.
    list(TagKey = "a", TagValue = "1"), c(TagKey = "a", TagValue = "1"), list(Key = "a", Value = "1"), c(key = "a", value = "1"),
    list(TagKey = "a"), list(TagKey = c("a", "b"), TagValue = c("1", "2")),
    "a", c("a", "b"), list("a", "b"), c(a = NA), c(a = "1", "2"), list(a = NULL), list(a = c("1", "2")), mean, globalenv(), TRUE
  )
  expect_refused(server, function(x) svc$tag_resource("k", x), values, "Tags")
  values <- list(
    list(list(Key = "a", Value = "1")), list(list(TagKey = "a", TagValue = "1", x = "2")), list(c("a", "1")), list(list("a", "1")),
    data.frame(key = "a", value = "1"), data.frame(TagKey = "a", TagValue = "1", x = "2"), list(list(TagKey = "a", TagKey = "1"))
  )
  expect_refused(server, function(x) svc$tag_resource("k", x), values)
  expect_refused(server, function(x) svc$tag_resource("k", x), list(list(list(TagKey = "a"))), "Tags[[1]]$TagValue")
  expect_refused(
    server, function(x) svc$tag_resource("k", x), list(list(list(TagKey = "a", TagValue = "1"), list(TagKey = "b", TagValue = NA))),
    "Tags[[2]]$TagValue"
  )
  expect_refused(server, function(x) svc$tag_resource("k", x), list(data.frame(TagKey = c("a", NA), TagValue = "1")))
})
