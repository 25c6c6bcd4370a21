# How far something is: in words, and where it shows.

test_that("it says how far it is, how fast and how long yet", {
  text <- function(...) kmsr:::progress_state("Calls", ...)$text
  expect_snapshot({
    text(finished = 0, failed = 0, total = 10000, seconds = 1, left = NULL)
    text(finished = 4200, failed = 3, total = 10000, seconds = 2, left = NULL)
    text(finished = 3, failed = 0, total = 1000, seconds = 4, left = 7200)
    text(finished = 10000, failed = 0, total = 10000, seconds = 250, left = NULL)
  })
})

test_that("nothing shows where nobody is watching", {
  rlang::with_interactive(value = FALSE, {
    bar <- kmsr:::progress_bar("Calls", 10, after = 0)
    expect_silent({
      bar$update(5)
      bar$done()
    })
  })
})

test_that("a notebook has it as an output of its own, changed in place", {
  sent <- list()
  kernel <- list(
    current_request = "request",
    send_response = function(type, parent, socket, content) sent[[length(sent) + 1]] <<- c(type = type, content)
  )
  display <- local({
    .self <- kernel
    function(...) NULL
  })
  withr::local_options(jupyter.in_kernel = TRUE, jupyter.base_display_func = display)
  bar <- kmsr:::progress_bar("Calls <here>", 10, after = 0)
  bar$update(4)
  bar$update(10)
  bar$done()
  expect_identical(vapply(sent, `[[`, "", "type"), c("display_data", "update_display_data"))
  ids <- vapply(sent, function(message) message$transient$display_id, "")
  expect_identical(ids[1], ids[2])
  expect_match(sent[[1]]$data$`text/html`, "Calls &lt;here&gt; <progress value=\"4\" max=\"10\"></progress> 4 of 10", fixed = TRUE)
  expect_match(sent[[2]]$data$`text/plain`, "Calls <here> 10 of 10", fixed = TRUE)
})
