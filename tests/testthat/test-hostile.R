# Arguments that no one should give. None may crash R, hang, raise anything but an argument error, or send anything else
# than what it means.

# Calls an operation with one argument replaced, and judges what became of it. Returns what is wrong, or NULL.
try_hostile <- function(svc, method, arguments, name, entry, kind) {
  arguments[name] <- list(entry$value)
  error <- tryCatch(
    {
      do.call(svc[[method]], arguments, quote = TRUE)
      NULL
    },
    condition = identity
  )
  refused <- inherits(error, "kmsr_argument_error")
  if (!is.null(error) && !refused) {
    return(paste("raised", class(error)[1], conditionMessage(error)))
  }
  if (refused && !grepl(paste0("^`?", name), error$argument)) {
    return(paste("blamed", error$argument))
  }
  if (refused != is.null(entry$means[[kind]])) {
    return(if (refused) paste("refused:", conditionMessage(error)) else "sent")
  }
}

test_that("hostile arguments are refused, or sent as what they mean, whatever the operation", {
  api <- api_tables()
  server <- local_canned()
  svc <- server$client()
  values <- hostile_values()
  wrong <- character()
  expected <- list()
  turn <- 0
  seen <- character()
  for (i in seq_along(api$operations$operation)) {
    operation <- api$operations$operation[i]
    members <- api_members(api, operation, "input", newer = TRUE)
    request <- full_request(api, operation, newer = TRUE)
    for (j in seq_len(nrow(members))) {
      kind <- if (members$type[j] == "list<Tag>") "tags" else kind_of(members$type[j])
      # Every value meets every kind of argument; each argument meets some of the values.
      if (!kind %in% seen) {
        some <- names(values)
        seen <- c(seen, kind)
      } else {
        some <- names(values)[(turn + 0:3 * 23) %% length(values) + 1]
        turn <- turn + 1
      }
      for (value in some) {
        entry <- values[[value]]
        problem <- try_hostile(svc, api$operations$method[i], request$arguments, members$member[j], entry, kind)
        if (!is.null(problem)) {
          wrong <- c(wrong, sprintf("%s(%s = <%s>) %s", api$operations$method[i], members$member[j], value, problem))
        } else if (!is.null(entry$means[[kind]])) {
          json <- request$json
          json[[members$member[j]]] <- if (!inherits(entry$means[[kind]], "absent")) entry$means[[kind]]
          expected <- c(expected, list(json))
        }
      }
    }
  }
  expect_identical(wrong, character())
  expect_equal(
    lapply(server$requests(), function(request) sort_members(request$json)),
    lapply(expected, sort_members)
  )
  # The generator has not come to nothing.
  expect_gt(length(expected), 300)
})

test_that("hostile values inside of structures are refused too", {
  server <- local_canned()
  svc <- server$client()
  for (entry in hostile_values()) {
    value <- entry$value
    inside <- list(
      function() svc$tag_resource("k", list(list(TagKey = value, TagValue = "v"))),
      function() svc$tag_resource("k", list(list(TagKey = "k", TagValue = value))),
      function() svc$encrypt("k", as.raw(1), EncryptionContext = list(a = value)),
      function() svc$create_grant("k", "p", Operations = list(value), Constraints = list(EncryptionContextEquals = value))
    )
    for (call in inside) {
      tryCatch(call(), kmsr_argument_error = identity)
    }
  }
  strings <- Filter(function(entry) is.character(entry$means$string), hostile_values())
  maps <- Filter(function(entry) is.list(entry$means$map) && !inherits(entry$means$map, "absent"), strings)
  expect_identical(server$count(), 3L * length(strings) + length(maps))
})

test_that("what is too long to be wise is sent or refused all the same", {
  server <- local_canned()
  svc <- server$client()
  long <- strrep("\u00e9", 3e6)
  expect_identical(sent_by(server, svc$update_key_description("k", long))$Description, long)
  bytes <- as.raw(rep(0:255, 2e4))
  expect_identical(jsonlite::base64_dec(sent_by(server, svc$encrypt("k", bytes))$Plaintext), bytes)
  many <- as.character(1:20000)
  expect_identical(unlist(sent_by(server, svc$describe_key("k", many))$GrantTokens), many)
  expect_refused(
    server, svc$describe_key, list(rep("a", 1e6), 1:1e7, as.list(1:1e5), as.character(seq_len(1e6)), raw(1e7)), "KeyId"
  )
})

test_that("an argument that fails to evaluate fails as itself, and is evaluated once", {
  server <- local_canned()
  svc <- server$client()
  expect_error(svc$describe_key(stop("mine")), "^mine$", class = "simpleError")
  times <- 0
  svc$describe_key({
    times <- times + 1
    "k"
  })
  expect_identical(times, 1)
  expect_identical(server$count(), 1L)
})
