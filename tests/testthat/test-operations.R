# What paws' functions look like, as told by paws itself: one row per operation.
paws <- read.delim(test_path("golden", "paws-signatures.tsv"), quote = "", colClasses = "character")

# An operation's arguments and their defaults.
arguments_of <- function(method) as.list(formals(get(paste0("kms_", method))))

paws_arguments <- function(method) {
  signature <- paws$r_signature[paws$svc_method == method]
  as.list(formals(eval(str2lang(paste(sub("^[^(]+", "function", signature), "NULL")))))
}

# What stands behind the arguments paws has.
newer_arguments <- function(method) {
  theirs <- paws_arguments(method)
  arguments_of(method)[-seq_along(theirs)]
}

test_that("every operation of paws is there, by paws' name and in paws' order, and newer ones follow", {
  expect_identical(operation_methods[seq_len(nrow(paws))], paws$svc_method)
  expect_identical(operation_methods[-seq_len(nrow(paws))], c("decapsulate", "encapsulate"))
  expect_identical(paste0("kms_", paws$svc_method), paws$r_function)
})

test_that("every operation is exported", {
  exported <- getNamespaceExports("kmsr")
  expect_identical(setdiff(paste0("kms_", operation_methods), exported), character())
})

test_that("arguments have paws' names, order and defaults", {
  for (method in paws$svc_method) {
    theirs <- paws_arguments(method)
    expect_identical(arguments_of(method)[seq_along(theirs)], theirs, label = method)
  }
})

test_that("arguments paws lacks come last and are optional", {
  for (method in paws$svc_method) {
    newer <- newer_arguments(method)
    expect_identical(unname(newer), rep(list(NULL), length(newer)), label = method)
  }
})

test_that("arguments paws lacks are those the table marks as newer", {
  table <- test_path("..", "..", "tools", "api", "members.tsv")
  skip_if_not(file.exists(table), "the table is in the source tree only")
  members <- read.delim(table, quote = "", colClasses = "character")
  marked <- members[members$direction == "input" & members$newer == "yes", ]
  for (i in seq_len(nrow(paws))) {
    expected <- marked$member[marked$owner == paws$api_operation[[i]]]
    expect_identical(as.character(names(newer_arguments(paws$svc_method[[i]]))), expected)
  }
})

test_that("the paginated operations are paws', with paws' result members", {
  paginated <- paws[paws$paginator != "", ]
  result_keys <- sub('.*result_key = "([A-Za-z]+)".*', "\\1", paginated$paginator)
  expect_identical(unlist(operation_pages), setNames(result_keys, paginated$svc_method))
})

test_that("a missing argument is named before anything is sent", {
  expect_error(kms_describe_key(), "KeyId")
  expect_error(kms_sign("key", SigningAlgorithm = "ECDSA_SHA_256"), "Message")
})

test_that("a principal may be replaced by a service principal", {
  expect_error(kms_create_grant("key", Operations = "Sign"), "GranteePrincipal")
  expect_error(kms_list_retirable_grants(), "RetiringPrincipal")
})
