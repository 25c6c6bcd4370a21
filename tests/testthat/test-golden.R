# What was recorded of the mirrored interface: arguments, the request they became, and the results of an answer without
# any and with every member.
golden <- readRDS(test_path("golden", "paws-golden.rds"))

test_that("requests are those of the mirrored interface", {
  server <- local_canned()
  svc <- server$client()
  for (method in names(golden)) do.call(svc[[method]], golden[[method]]$args)

  requests <- setNames(server$requests(), names(golden))
  expect_identical(
    lapply(requests, `[[`, "target"),
    lapply(golden, `[[`, "target")
  )
  expect_identical(
    lapply(requests, function(request) sort_members(request$json)),
    lapply(golden, function(case) sort_members(jsonlite::fromJSON(case$body, simplifyVector = FALSE)))
  )
})

test_that("results are those of the mirrored interface", {
  answers <- unlist(lapply(golden, function(case) list(reply_with("{}"), reply_with(to_json(case$response_full)))), FALSE)
  server <- do.call(local_canned, unname(answers))
  svc <- server$client()
  for (method in names(golden)) {
    case <- golden[[method]]
    expect_identical(do.call(svc[[method]], case$args), case$response_empty, label = paste(method, "of an empty answer"))
    expect_identical(do.call(svc[[method]], case$args), case$response_full, label = paste(method, "of a full answer"))
  }
})

test_that("the rules that the next tests hold every operation to are those of the recording", {
  api <- api_tables()
  for (method in names(golden)) {
    operation <- operation_of(api, method)
    request <- full_request(api, operation)
    expect_identical(sort_members(request$arguments), sort_members(golden[[method]]$args), label = method)
    expect_identical(full_result(api, operation), golden[[method]]$response_full, label = method)
    expect_identical(empty_result(api, operation), golden[[method]]$response_empty, label = method)
  }
})

test_that("every operation sends every member", {
  api <- api_tables()
  server <- local_canned()
  svc <- server$client()
  operations <- api$operations$operation
  requests <- lapply(operations, full_request, api = api, newer = TRUE)
  for (i in seq_along(operations)) do.call(svc[[api$operations$method[i]]], requests[[i]]$arguments)

  received <- server$requests()
  expect_identical(vapply(received, `[[`, "", "target"), paste0("TrentService.", operations))
  expect_identical(
    lapply(received, function(request) sort_members(request$json)),
    lapply(requests, function(request) sort_members(request$json))
  )
})

test_that("every operation returns every member, typed, in order, and no other", {
  api <- api_tables()
  operations <- api$operations$operation
  stranger <- list(`A member of next year` = list(a = 1))
  answers <- lapply(operations, function(operation) {
    nulls <- lapply(full_result(api, operation), function(value) NULL)
    list(
      reply_with("{}"),
      reply_with(to_json(c(stranger, rev(full_result(api, operation))))),
      reply_with(to_json(c(nulls, stranger))),
      reply_with(to_json(full_result(api, operation, newer = TRUE)))
    )
  })
  server <- do.call(local_canned, unlist(answers, FALSE))
  svc <- server$client()
  for (i in seq_along(operations)) {
    operation <- operations[i]
    call <- function() do.call(svc[[api$operations$method[i]]], full_request(api, operation)$arguments)
    expect_identical(call(), empty_result(api, operation), label = paste(operation, "of an empty answer"))
    expect_identical(call(), full_result(api, operation), label = paste(operation, "of a full answer"))
    expect_identical(call(), empty_result(api, operation), label = paste(operation, "of nulls"))
    expect_identical(call(), full_result(api, operation, newer = TRUE), label = paste(operation, "with newer members"))
  }
})

test_that("an empty body is an empty answer", {
  server <- local_canned(reply_with(""))
  expect_identical(server$client()$disable_key("k"), list())
  expect_identical(server$client()$cancel_key_deletion("k"), list(KeyId = character()))
})
