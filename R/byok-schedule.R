# Calls at a pace: a bucket for every Region and operation, many calls under way at once, and what each one's end leads to.
# Nothing here knows what the calls are for.

# AWS' default request quotas, per account and Region: calls a second.
request_quotas <- c(
  CreateAlias = 5, CreateKey = 5, DescribeKey = 2000, GenerateMac = 10000, GetParametersForImport = 1,
  GetPublicKey = 2000, ImportKeyMaterial = 15, ListKeys = 500, ListResourceTags = 2000, ScheduleKeyDeletion = 15,
  UntagResource = 5
)

# `rates`: calls a second by operation. `before_sending`: told the intents of calls that are about to be sent.
new_schedule <- function(rates, before_sending) {
  list2env(list(
    rates = rates, before_sending = before_sending, flight = rs_flight_new(), buckets = list(), later = list(),
    flying = list(), number = 0, last_answer = -Inf
  ), parent = emptyenv())
}

# A call to be made when its bucket allows. `done` is a function of the answer and the request's id; `failed` one of the
# condition; `doubt`, if there is one, is told of an answer that was lost instead of the call being sent again.
new_call <- function(svc, operation, arguments, done, failed, doubt = NULL, intent = NULL) {
  list(
    svc = svc, operation = operation, arguments = arguments, done = done, failed = failed, doubt = doubt,
    intent = intent, tries = 0, first = NA
  )
}

enqueue <- function(schedule, call, first = FALSE) {
  name <- paste(region_of(call$svc), call$operation)
  bucket <- schedule$buckets[[name]]
  if (is.null(bucket)) {
    bucket <- new_bucket(schedule$rates[[call$operation]])
    schedule$buckets[[name]] <- bucket
  }
  call$bucket <- name
  bucket$queue <- if (first) c(list(call), bucket$queue) else c(bucket$queue, list(call))
}

# Runs a function when so many seconds have passed.
after_seconds <- function(schedule, seconds, action) {
  schedule$later <- c(schedule$later, list(list(due = clock() + seconds, action = action)))
}

# Makes calls until there are none left. `more` adds some while there is room; `progress` is called between any two.
run_schedule <- function(schedule, more, progress) {
  repeat {
    more()
    pause <- min(send_what_may(schedule), due_in(schedule))
    if (length(schedule$flying) == 0 && !is.finite(pause)) {
      return(invisible())
    }
    landed <- unwrap(rs_flight_next(schedule$flight, min(pause, 0.25)))
    if (!is.null(landed)) {
      land(schedule, landed)
    }
    for (action in take_due(schedule)) {
      action()
    }
    progress()
  }
}

# Sends what the buckets allow now, and tells in how many seconds they allow more.
send_what_may <- function(schedule) {
  time <- clock()
  calls <- list()
  pause <- Inf
  for (bucket in schedule$buckets) {
    calls <- c(calls, take_calls(bucket, time))
    if (length(bucket$queue) > 0) {
      pause <- min(pause, seconds_to_next(bucket))
    }
  }
  if (length(calls) > 0) {
    schedule$before_sending(lapply(calls, function(call) call$intent))
    for (call in calls) {
      send(schedule, call, time)
    }
  }
  pause
}

send <- function(schedule, call, time) {
  schedule$number <- schedule$number + 1
  call$sent <- time
  call$tries <- call$tries + 1
  if (is.na(call$first)) {
    call$first <- time
  }
  handle <- call$svc$.internal$handle
  if (is.null(handle$pointer)) {
    connect(handle)
  }
  add <- function() rs_flight_add(schedule$flight, handle$pointer, schedule$number, call$operation, call$arguments)
  added <- add()
  if (is_failure(added, "stale")) {
    connect(handle)
    added <- add()
  }
  if (is_failure(added)) {
    call$failed(as_condition(added, call))
  } else {
    schedule$flying[[as.character(schedule$number)]] <- call
  }
}

# A call has ended: what follows is done, or it is sent again.
land <- function(schedule, landed) {
  name <- as.character(landed$id)
  call <- schedule$flying[[name]]
  schedule$flying[[name]] <- NULL
  bucket <- schedule$buckets[[call$bucket]]
  if (!is_failure(landed$result)) {
    schedule$last_answer <- clock()
    quicken(bucket)
    return(call$done(landed$result, landed$request_id))
  }
  condition <- as_condition(landed$result, call)
  if (inherits(condition, "kmsr_ThrottlingException")) {
    slow_down(bucket, call$sent)
    return(enqueue(schedule, call, first = TRUE))
  }
  if (!is_passing(condition)) {
    schedule$last_answer <- clock()
    call$failed(condition)
  } else if (!is.null(call$doubt)) {
    call$doubt(condition)
  } else if (call$tries < max_tries) {
    after_seconds(schedule, back_off(call$tries), function() enqueue(schedule, call, first = TRUE))
  } else {
    # When nothing else was answered either, it is not this call that fails.
    condition$nothing_answers <- schedule$last_answer < call$first
    call$failed(condition)
  }
}

max_tries <- 8

back_off <- function(tries) {
  min(0.1 * 2^tries, 10)
}

# What may be otherwise the next time: no answer, none of the service's, or that it has trouble of its own.
is_passing <- function(condition) {
  inherits(condition, c("kmsr_transport_error", "kmsr_response_error", "http_500", "kmsr_DependencyTimeoutException"))
}

as_condition <- function(failure, call) {
  tryCatch(unwrap(failure, call$operation, call$arguments), error = identity)
}

due_in <- function(schedule) {
  if (length(schedule$later) == 0) {
    return(Inf)
  }
  max(0, min(vapply(schedule$later, function(entry) entry$due, 0)) - clock())
}

take_due <- function(schedule) {
  if (length(schedule$later) == 0) {
    return(list())
  }
  due <- vapply(schedule$later, function(entry) entry$due, 0) <= clock()
  actions <- lapply(schedule$later[due], function(entry) entry$action)
  schedule$later <- schedule$later[!due]
  actions
}

# --- Buckets -----------------------------------------------------------------------------------------------------------

# A bucket fills at a rate, and every call takes one from it. It holds little more than one call, or a little less than a
# second's: so much is there at AWS after a pause as well, and calls that this machine sends late are made up for. Nobody
# knows how full it is at first: half of that is taken for granted.
new_bucket <- function(rate) {
  list2env(list(full = rate, rate = rate, level = max(1, rate / 2), at = clock(), cut_at = -Inf, queue = list()), parent = emptyenv())
}

take_calls <- function(bucket, time) {
  room <- max(1.1, bucket$full * 0.9)
  bucket$level <- min(room, bucket$level + max(0, time - bucket$at) * bucket$rate)
  bucket$at <- time
  count <- min(length(bucket$queue), floor(bucket$level + 1e-9))
  calls <- bucket$queue[seq_len(count)]
  if (count > 0) {
    bucket$queue <- bucket$queue[-seq_len(count)]
    bucket$level <- bucket$level - count
  }
  calls
}

seconds_to_next <- function(bucket) {
  max(0, (1 - bucket$level) / bucket$rate)
}

# A call was throttled: half the rate from now on. Calls that were under way then say nothing new.
slow_down <- function(bucket, sent) {
  if (sent > bucket$cut_at) {
    bucket$rate <- max(bucket$rate / 2, bucket$full / 64)
    bucket$cut_at <- clock()
  }
  bucket$level <- min(bucket$level, 0)
}

# A call went well: slowly back to the full rate.
quicken <- function(bucket) {
  bucket$rate <- min(bucket$full, bucket$rate + bucket$full / 50)
}

clock <- function() {
  proc.time()[["elapsed"]]
}
