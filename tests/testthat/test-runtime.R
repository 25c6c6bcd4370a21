# Waiting: interrupts, time limits, forks.

# What is sent again is told in the log, which test-logging.R looks at.
withr::local_options(paws.log_level = 0L)

# A child process in a call that hangs, interrupted as Ctrl-C does. `around` makes the call, given the client.
interrupted_child <- function(server, around = function(svc) svc$list_keys()) {
  child <- callr::r_bg(
    function(endpoint, client, around) {
      svc <- client(endpoint)
      trail <- character()
      wait <- function() {
        on.exit(trail <<- c(trail, "on.exit"))
        around(svc)
      }
      caught <- tryCatch(wait(), condition = identity, finally = trail <- c(trail, "finally"))
      list(class = class(caught), at = as.numeric(Sys.time()), trail = trail, after = svc$cancel_key_deletion("k"))
    },
    list(endpoint = server$endpoint, client = child_client(), around = around)
  )
  withr::defer(child$kill())
  wait_until(function() server$count() > 0)
  # Deep in the wait, not on the way there.
  Sys.sleep(0.2)
  sent <- as.numeric(Sys.time())
  child$interrupt()
  child$wait(10000)
  result <- child$get_result()
  result$seconds <- result$at - sent
  result
}

# A function that makes a canned client in a process without the helpers.
child_client <- function() {
  config <- list(credentials = list(creds = canned_keys), max_retries = 0)
  eval(bquote(function(endpoint) kmsr::kms(config = .(config), endpoint = endpoint, region = "us-east-1")), baseenv())
}

test_that("an interrupt ends a hanging call at once, as R's own, and the client works afterwards", {
  server <- local_canned(reply_hang(), reply_with("{\"KeyId\":\"k\"}"))
  result <- interrupted_child(server)
  expect_identical(result$class, c("interrupt", "condition"))
  expect_identical(result$trail, c("on.exit", "finally"))
  expect_lt(result$seconds, 1)
  expect_identical(result$after, list(KeyId = "k"))
})

test_that("an interrupt ends a wait between retries", {
  server <- local_canned(reply_error("ThrottlingException", "Rate exceeded"))
  # Twenty retries take more than a minute; the interrupt comes while it waits for one of the first.
  result <- tryCatch(
    interrupted_child(server, function(svc) {
      config <- svc$.internal$config
      kmsr::kms(
        config = list(credentials = list(anonymous = TRUE), max_retries = 20),
        endpoint = config$endpoint, region = config$region
      )$list_keys()
    }),
    error = identity
  )
  # What comes after the interrupt in the child is throttled as well.
  expect_s3_class(result, "callr_error")
  expect_s3_class(result$parent, "kmsr_ThrottlingException")
})

test_that("an interrupt ends a listing between its pages", {
  page <- reply_slow(0.1, reply_with("{\"Keys\":[],\"Truncated\":true,\"NextMarker\":\"more\"}"))
  server <- local_canned(page)
  result <- interrupted_child(server, function(svc) kmsr::paginate(svc$list_keys()))
  expect_identical(result$class, c("interrupt", "condition"))
  expect_lt(result$seconds, 1)
})

test_that("a time limit of R ends a hanging call with R's own error", {
  server <- local_canned(reply_hang(), reply_with())
  svc <- server$client()
  limited <- function() {
    setTimeLimit(elapsed = 0.3, transient = TRUE)
    on.exit(setTimeLimit())
    svc$list_keys()
  }
  seconds <- seconds_of(error <- expect_error(limited(), "reached elapsed time limit"))
  expect_identical(class(error), c("simpleError", "error", "condition"))
  expect_lt(seconds, 2)
  expect_identical(svc$list_keys()$Keys, list())
})

test_that("each time limit of the config is kept, and says which it was", {
  server <- local_canned(reply_hang())
  phase <- function(svc) tryCatch(svc$list_keys(), kmsr_timeout_error = function(e) e$phase)
  expect_lt(seconds_of(expect_identical(phase(server$client(timeout = 0.2)), "read")), 2)
  expect_lt(seconds_of(expect_identical(phase(server$client(operation_timeout = 0.2)), "operation")), 2)
  # A server that says nothing never finishes a TLS handshake.
  silent <- canned_client(sub("^http:", "https:", server$endpoint), connect_timeout = 0.2)
  expect_lt(seconds_of(expect_identical(phase(silent), "connect")), 2)
  # Retries count against the whole.
  server$reply(reply_error("ThrottlingException", "Rate exceeded"))
  expect_lt(seconds_of(expect_identical(phase(server$client(max_retries = 50, operation_timeout = 0.5)), "operation")), 3)
})

test_that("an answer that stops coming is a timeout too", {
  skip_on_cran()
  server <- local_canned(reply_stall())
  error <- expect_error(server$client(timeout = 0.5)$cancel_key_deletion("k"), "did not go on", class = "kmsr_timeout_error")
  expect_identical(error$phase, "read")
  server$reply(reply_stall())
  error <- expect_error(server$client(operation_timeout = 0.2)$cancel_key_deletion("k"), class = "kmsr_timeout_error")
  expect_identical(error$phase, "operation")
})

test_that("a call made while another waits is refused, and harms neither", {
  # Long enough for R to look for interrupts several times, and now and then to collect garbage meanwhile.
  server <- local_canned(reply_slow(0.5, reply_with("{\"KeyId\":\"k\"}")))
  svc <- server$client()
  nested <- NULL
  # Calls when garbage is collected, until that is while another call waits.
  litter <- function() {
    reg.finalizer(new.env(), function(env) {
      nested <<- tryCatch(svc$cancel_key_deletion("nested"), error = identity)
      if (!inherits(nested, "error")) litter()
    })
  }
  result <- NULL
  for (turn in 1:20) {
    # Nothing of it may grow old: only thorough collections find that.
    gc()
    litter()
    gctorture2(step = 50)
    result <- tryCatch(svc$cancel_key_deletion("k"), finally = gctorture(FALSE))
    if (inherits(nested, "error")) break
  }
  expect_identical(result, list(KeyId = "k"))
  expect_s3_class(nested, "kmsr_nested_call_error")
  expect_identical(svc$cancel_key_deletion("k"), list(KeyId = "k"))
})

# Forks are made in another process: the one that runs the tests has children of other kinds.
test_that("a fork has a client of its own and leaves the parent's alone", {
  skip_on_os("windows")
  server <- local_canned(reply_with("{\"KeyId\":\"k\"}"))
  results <- in_child(function(endpoint, client) {
    svc <- client(endpoint)
    call <- function(i) svc$cancel_key_deletion(as.character(i))$KeyId
    fork <- function(x, fun) unlist(parallel::mclapply(x, fun, mc.cores = 2))
    list(
      call(0),
      fork(1:4, call),
      fork(1:2, function(i) {
        call(10 * i)
        gc()
        fork(1:2, function(j) call(10 * i + j))
      }),
      {
        gc()
        call(99)
      }
    )
  }, server$endpoint, child_client())
  expect_identical(results, list("k", rep("k", 4), rep("k", 4), "k"))
  sent <- vapply(server$requests(), function(request) as.numeric(request$json$KeyId), 0)
  expect_setequal(sent, c(0:4, 10:12, 20:22, 99))
})

test_that("a fork made before the first call works as well", {
  skip_on_os("windows")
  server <- local_canned(reply_with("{\"KeyId\":\"k\"}"))
  results <- in_child(function(endpoint, client) {
    svc <- client(endpoint)
    parallel::mclapply(1:2, function(i) svc$cancel_key_deletion("k")$KeyId, mc.cores = 2)
  }, server$endpoint, child_client())
  expect_identical(results, list("k", "k"))
})

test_that("a forked child makes clients of its parent's emulator", {
  skip_on_os("windows")
  found <- in_child(function() {
    emulator <- kmsr::kms_emulator()
    emulator$client()$create_key()
    keys <- parallel::mclapply(1:2, function(i) length(emulator$client()$list_keys()$Keys), mc.cores = 2)
    list(keys, emulator$is_running())
  })
  expect_identical(found, list(list(1L, 1L), TRUE))
})

test_that("connections are kept, unless they are to be closed", {
  server <- local_canned()
  ports <- function(svc) {
    for (i in 1:3) svc$list_keys()
    unique(vapply(utils::tail(server$requests(), 3), `[[`, "", "peer"))
  }
  expect_length(ports(server$client()), 1)
  expect_length(ports(server$client(close_connection = TRUE)), 3)
})
