# Listings of many pages: which pages are asked for, with what, and when to stop.

page <- function(keys, marker = NULL, truncated = !is.null(marker)) {
  body <- list(Keys = lapply(keys, function(key) list(KeyId = key)), Truncated = truncated)
  body$NextMarker <- marker
  reply_with(as.character(jsonlite::toJSON(body, auto_unbox = TRUE)))
}

local_listing <- function(env = parent.frame()) {
  local_canned(page(c("a", "b"), "m1"), page(c("c", "d"), "m2"), page("e"), env = env)
}

ids <- function(pages) unlist(lapply(pages, function(page) vapply(page$Keys, `[[`, "", "KeyId")))

asked <- function(server) lapply(server$requests(), function(request) sort_members(request$json))

test_that("paginate() asks for every page and returns them as they are", {
  server <- local_listing()
  svc <- server$client()
  pages <- paginate(svc$list_keys())
  expect_identical(ids(pages), c("a", "b", "c", "d", "e"))
  expect_identical(pages[[1]], list(
    Keys = list(list(KeyId = "a", KeyArn = character()), list(KeyId = "b", KeyArn = character())), NextMarker = "m1", Truncated = TRUE
  ))
  expect_identical(pages[[3]]$NextMarker, character())
  expect_identical(asked(server), list(sort_members(structure(list(), names = character())), list(Marker = "m1"), list(Marker = "m2")))
})

test_that("PageSize, MaxItems and StartingToken say what is asked for; pages are not cut", {
  server <- local_listing()
  svc <- server$client()
  expect_identical(ids(paginate(svc$list_keys(), PageSize = 2, MaxItems = 3)), c("a", "b", "c", "d"))
  expect_identical(asked(server), list(list(Limit = 2L), list(Limit = 2L, Marker = "m1")))

  server <- local_canned(page("c", "m2"), page("d"))
  svc <- server$client()
  expect_identical(ids(paginate(svc$list_keys(Limit = 7, Marker = "ignored"), StartingToken = "m1")), c("c", "d"))
  expect_identical(asked(server), list(list(Limit = 7L, Marker = "m1"), list(Limit = 7L, Marker = "m2")))

  server <- local_canned(page(c("a", "b"), "m1"))
  svc <- server$client()
  expect_length(paginate(svc$list_keys(), MaxItems = 2), 1)
  expect_identical(server$count(), 1L)
})

test_that("a listing stops where the service does, whatever it says", {
  for (last in list(page("a", "m1", truncated = FALSE), page("a", NULL, truncated = TRUE), page("a", "", truncated = TRUE), reply_with())) {
    server <- local_canned(last)
    svc <- server$client()
    expect_length(paginate(svc$list_keys()), 1)
    expect_identical(server$count(), 1L)
  }
})

test_that("StopOnSameToken stops at a marker that does not move", {
  server <- local_canned(page("a", "m1"), page("b", "m1"), page("c", "m1"))
  svc <- server$client()
  expect_identical(ids(paginate(svc$list_keys(), StopOnSameToken = TRUE)), c("a", "b"))
})

test_that("the call may be built, piped, wrapped, or an exported function's", {
  listing <- function(call) {
    server <- local_listing()
    expect_identical(ids(call(server$client())), c("a", "b", "c", "d", "e"))
    expect_identical(server$count(), 3L)
  }
  listing(function(svc) paginate(do.call(svc$list_keys, list(Limit = 2))))
  listing(function(svc) paginate(do.call(svc$list_keys, args = list())))
  listing(function(svc) {
    list_keys <- svc$list_keys
    paginate(do.call("list_keys", list()))
  })
  listing(function(svc) svc$list_keys() |> paginate())
  listing(function(svc) svc$list_keys() |> paginate(PageSize = 2))
  listing(function(svc) {
    all_pages <- function(operation, size) paginate(operation, PageSize = size)
    all_of_two <- function(call) {
      svc <- "shadowed"
      all_pages(call, 2)
    }
    all_of_two(svc$list_keys())
  })
  listing(function(svc) paginate((svc$list_keys)()))
  listing(function(svc) paginate(svc[["list_keys"]]()))
  listing(function(svc) with(svc, paginate(list_keys())))
  listing(function(svc) {
    f <- svc$list_keys
    paginate(f(Limit = 2))
  })
  listing(function(svc) {
    wrapper <- function(...) paginate(svc$list_keys(...))
    wrapper(Limit = 2)
  })
  listing(function(svc) {
    wrapper <- function(operation, limit = 2) paginate(operation(limit))
    wrapper(svc$list_keys)
  })
  listing(function(svc) {
    withr::defer(kms_default(NULL))
    kms_default(svc)
    paginate(kms_list_keys())
  })
  listing(function(svc) {
    withr::defer(kms_default(NULL))
    kms_default(svc)
    paginate(kmsr::kms_list_keys())
  })
})

test_that("magrittr's pipe works too", {
  skip_if_not_installed("magrittr")
  `%>%` <- getExportedValue("magrittr", "%>%")
  server <- local_listing()
  svc <- server$client()
  expect_identical(ids(svc$list_keys() %>% paginate(PageSize = 2)), c("a", "b", "c", "d", "e"))
  expect_identical(server$count(), 3L)
})

test_that("the arguments of the call are evaluated once", {
  server <- local_listing()
  svc <- server$client()
  times <- 0
  limit <- function() {
    times <<- times + 1
    2
  }
  paginate(svc$list_keys(Limit = limit()))
  expect_identical(times, 1)
})

test_that("paginate_lapply() and paginate_sapply() apply a function to each page", {
  count <- function(page, plus = 0) length(page$Keys) + plus
  applied <- function(call) call(local_listing(env = parent.frame())$client())
  expect_identical(applied(function(svc) paginate_lapply(svc$list_keys(), count)), list(2, 2, 1))
  expect_identical(applied(function(svc) paginate_lapply(svc$list_keys(), "count", plus = 1, PageSize = 2)), list(3, 3, 2))
  expect_identical(applied(function(svc) paginate_lapply(svc$list_keys(), function(page) NULL)), list(NULL, NULL, NULL))
  expect_identical(applied(function(svc) paginate_sapply(svc$list_keys(), count)), c(2, 2, 1))
  expect_identical(applied(function(svc) paginate_sapply(svc$list_keys(), count, MaxItems = 1)), 2)
  expect_identical(applied(function(svc) paginate_sapply(svc$list_keys(), count, simplify = FALSE)), list(2, 2, 1))
  expect_identical(applied(function(svc) paginate_sapply(svc$list_keys(), function(page) c(1, 2))), cbind(1:2, 1:2, 1:2) + 0)
})

test_that("a page that fails fails the listing, and what was not a page is told", {
  server <- local_canned(page("a", "m1"), reply_error("InvalidMarkerException", "expired"))
  svc <- server$client()
  expect_error(paginate(svc$list_keys()), class = "kmsr_InvalidMarkerException")
  seen <- character()
  server$reply(page("a", "m1"), reply_error("InvalidMarkerException", "expired"))
  try(paginate_lapply(svc$list_keys(), function(page) seen <<- c(seen, ids(list(page)))), silent = TRUE)
  expect_identical(seen, "a")

  result <- list(Keys = list())
  before <- server$count()
  show <- function(call) tryCatch(call, error = function(e) cat(conditionMessage(e), "\n\n", sep = ""))
  expect_snapshot({
    show(paginate(svc$describe_key("k")))
    show(paginate(result))
    show(paginate(list(1)))
    show(paginate("list_keys"))
    show(paginate(svc$list_keys))
    show(paginate(svc$list_keys(), PageSize = 1.5))
    show(paginate(svc$list_keys(), MaxItems = 0))
    show(paginate(svc$list_keys(), MaxItems = "all"))
    show(paginate(svc$list_keys(), StopOnSameToken = NA))
  })
  expect_error(paginate(svc$list_keys(Limit = stop("mine"))), "^mine$")
  expect_error(paginate(no_such_function()), "no_such_function")
  expect_error(paginate(svc$list_keys(Foo = 1)), "unused argument")
  expect_identical(server$count(), before)
})

test_that("a long listing says how far it is, where somebody is watching", {
  withr::local_options(rlang_interactive = TRUE)
  said <- utils::capture.output(type = "message", {
    progress <- kmsr:::progress_of_listing(after = 0)
    progress$update(1, 100)
    progress$update(2, 150)
    progress$done()
  })
  expect_match(said, "Listing: 100 items in 1 page", fixed = TRUE, all = FALSE)
  expect_identical(utils::capture.output(type = "message", {
    progress <- kmsr:::progress_of_listing(after = 60)
    progress$update(1, 100)
    progress$done()
  }), character())
})

test_that("list_paginators() names the eight operations, each of which pages through its own member", {
  svc <- kms(region = "us-east-1")
  expect_identical(list_paginators(svc), c(
    "describe_custom_key_stores", "list_aliases", "list_grants", "list_key_policies", "list_key_rotations", "list_keys",
    "list_resource_tags", "list_retirable_grants"
  ))
  expect_error(list_paginators(list()), class = "kmsr_argument_error")

  api <- api_tables()
  for (method in list_paginators(svc)) {
    operation <- operation_of(api, method)
    full <- full_result(api, operation)
    last <- full
    last$Truncated <- FALSE
    server <- local_canned(reply_with(to_json(full)), reply_with(to_json(last)))
    arguments <- full_request(api, operation)$arguments
    arguments$Marker <- NULL
    pages <- paginate(do.call(server$client()[[method]], arguments), MaxItems = 3)
    expect_identical(pages, list(full, last))
    expect_identical(server$requests()[[2]]$json$Marker, full$NextMarker)
  }
})
