# A server on this machine that answers what it was told to, for one test. `...` are its replies, made by the reply_*()
# functions, in the order of the requests; the last one is given again and again. Returns
#   endpoint     its URL
#   client(...)  a client of it; `...` are further settings
#   reply(...)   replaces the replies
#   requests()   the requests so far: a list of lists with line, target, headers, body (raw), json, and peer, the client's port
#   count()      how many there were
local_canned <- function(..., env = parent.frame()) {
  testthat::skip_on_os("windows")
  testthat::skip_if(Sys.which("perl") == "", "Perl, which serves the canned answers, is not installed")
  folder <- withr::local_tempdir(pattern = "canned", .local_envir = env)
  dir.create(file.path(folder, "requests"))
  dir.create(file.path(folder, "replies"))

  reply <- function(...) {
    replies <- list(...)
    if (length(replies) == 0) replies <- list(reply_with())
    unlink(list.files(file.path(folder, "replies"), full.names = TRUE))
    for (i in seq_along(replies)) {
      writeBin(replies[[i]], file.path(folder, "replies", sprintf("%06d", i)))
    }
  }
  reply(...)

  server <- processx::process$new("perl", c(testthat::test_path("canned.pl"), folder), stdin = "|", stdout = "|")
  withr::defer(server$kill(), envir = env)
  server$poll_io(10000)
  port <- server$read_output_lines()
  endpoint <- paste0("http://127.0.0.1:", port)

  requests <- function() {
    # Not what is still being written.
    paths <- list.files(file.path(folder, "requests"), pattern = "^[0-9-]+$", full.names = TRUE)
    lapply(paths, function(path) {
      c(parse_request(readBin(path, "raw", file.size(path))), peer = sub(".*-", "", path))
    })
  }
  list(
    endpoint = endpoint,
    client = function(...) canned_client(endpoint, ...),
    reply = reply,
    requests = requests,
    count = function() length(requests())
  )
}

canned_client <- function(endpoint, ...) {
  kms(
    config = utils::modifyList(list(credentials = list(creds = canned_keys), max_retries = 0), list(...)),
    endpoint = endpoint, region = "us-east-1"
  )
}

canned_keys <- list(access_key_id = "AKIACANNED", secret_access_key = "canned/SECRET+key")

parse_request <- function(bytes) {
  end <- grepRaw("\r\n\r\n", bytes, fixed = TRUE)
  lines <- strsplit(rawToChar(bytes[seq_len(end - 1)]), "\r\n", fixed = TRUE)[[1]]
  headers <- sub("^[^:]*: *", "", lines[-1])
  names(headers) <- tolower(sub(":.*", "", lines[-1]))
  body <- bytes[-seq_len(end + 3)]
  list(
    line = lines[1],
    target = headers[["x-amz-target"]],
    headers = headers,
    body = body,
    json = jsonlite::fromJSON(rawToChar(body), simplifyVector = FALSE)
  )
}

# Replies. Each is the steps the server takes, as raw bytes.

reply_with <- function(body = "{}", status = 200, headers = character()) {
  step_send(http_answer(body, status, headers))
}

reply_error <- function(code, message = NULL, status = 400, headers = character()) {
  fields <- list(`__type` = code)
  fields$message <- message
  reply_with(to_json(fields), status, headers)
}

# No answer at all.
reply_hang <- function() step("sleep 60")

# The answer that is due, later.
reply_slow <- function(seconds, reply = reply_with()) c(step(paste("sleep", seconds)), reply)

# The head, a part of the body, and nothing more.
reply_stall <- function(body = "{\"KeyId\": \"k\"}", after = 5) {
  answer <- http_answer(body)
  c(step_send(utils::head(answer, after - nchar(body, "bytes"))), step("sleep 60"))
}

# The head, a part of the body, and goodbye.
reply_cut <- function(body = "{\"KeyId\": \"k\"}", after = 5) {
  answer <- http_answer(body)
  c(step_send(utils::head(answer, after - nchar(body, "bytes"))), step("close"))
}

# Goodbye without a word.
reply_drop <- function() step("close")
reply_reset <- function() step("reset")

# Whatever bytes, though they be no HTTP.
reply_bytes <- function(bytes) c(step_send(bytes), step("close"))

http_answer <- function(body, status = 200, headers = character()) {
  body <- if (is.raw(body)) body else charToRaw(enc2utf8(body))
  headers <- c(
    `Content-Type` = "application/x-amz-json-1.1", `x-amzn-RequestId` = "00000000-canned", headers,
    `Content-Length` = length(body)
  )
  c(charToRaw(paste0("HTTP/1.1 ", status, " Canned\r\n", paste0(names(headers), ": ", headers, "\r\n", collapse = ""), "\r\n")), body)
}

step <- function(line) charToRaw(paste0(line, "\n"))
step_send <- function(bytes) c(step(paste("send", length(bytes))), bytes)

# JSON as the service writes it, of a value as the client returns it.
to_json <- function(x) {
  jsonlite::toJSON(for_json(x), auto_unbox = TRUE, digits = NA, null = "null")
}

for_json <- function(x) {
  if (is.raw(x)) {
    jsonlite::base64_enc(x)
  } else if (inherits(x, "POSIXct")) {
    as.numeric(x)
  } else if (is.list(x)) {
    # An empty list is an operation's empty answer.
    if (length(x) == 0) structure(list(), names = character()) else lapply(x, for_json)
  } else {
    x
  }
}

# The last request's JSON after a call.
sent_by <- function(server, call) {
  force(call)
  utils::tail(server$requests(), 1)[[1]]$json
}

# Each value, given by `call`, must be refused before anything is sent.
expect_refused <- function(server, call, values, argument = NULL) {
  before <- server$count()
  for (i in seq_along(values)) {
    label <- if (is.null(names(values))) paste("value", i) else names(values)[i]
    error <- expect_error(call(values[[i]]), class = "kmsr_argument_error", label = label)
    expect_identical(error$argument, argument %||% error$argument, label = label)
  }
  expect_identical(server$count(), before)
}

`%||%` <- function(x, y) if (is.null(x)) y else x
