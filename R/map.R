#' Make thousands of calls at once
#'
#' `kms_map()` makes one operation's call for each element of its arguments, many at a time over one pool of connections,
#' and returns the results in the order of the elements: each a result of the operation, or the condition that says why
#' there is none. `kms_map_failures()` lists those.
#'
#' # What is mapped over
#'
#' Arguments are given by name, as to the operation. A vector or list has a value for each call, a data frame's column for
#' example; a single value is used for all. As in R, there is one or as many as the others. What an operation takes as it
#' is, is a single value:
#' * a raw vector is one blob; a *list* of raw vectors, or a character vector, is many;
#' * a named list or vector of texts, as for `EncryptionContext`, is one; a *list* of those is many;
#' * a character vector for an argument that is a list, as for `GrantTokens`, is one; a *list* of those is many;
#' * a data frame, a named vector, or a list of `list(TagKey = ..., TagValue = ...)` for `Tags` is one; a *list* of those is
#'   many.
#'
#' `I()` around a list says that it is one value, where an operation takes lists. `NULL` is an argument that is not given,
#' also as an element of a list. Results have the names of the first argument that has a value for each call and names.
#'
#' # Failures
#'
#' With `on_error = "stop"`, all arguments are checked before the first call is sent. The first call that fails ends it: no
#' more are sent, those under way are waited for, and then the failure is raised, with the classes it has anyway,
#' `kmsr_map_error` before them, and the fields
#' * `index`: the number of the call that failed;
#' * `results`: what `kms_map()` would have returned. Nothing that was finished is lost.
#'
#' With `on_error = "continue"` all calls are made, and a condition takes the place of each result that there is not.
#' Calls that were not made, or not waited for, have a condition of class `kmsr_unfinished_error`, whose field `sent` says
#' whether the service may have received them.
#'
#' # Pace
#'
#' Each call is sent again as the client's `max_retries` says. When the service throttles, all calls begin at the pace it
#' was seen to keep up with, and faster again after a while; what was throttled to the end takes another turn, three
#' times at most. `rate` sets a limit from the start: a part of an account's quota that others share, for example.
#'
#' # Interrupts
#'
#' Ctrl-C or a stop button ends it within a moment; calls under way are given up. At an interactive prompt and in a
#' notebook, `kms_map()` then returns what is finished, with a warning, and conditions of class `kmsr_unfinished_error` for
#' the rest; what comes after it in the same cell goes on with that. In a script it is an interrupt like any other; one that
#' is caught has the field `results`: `tryCatch(..., interrupt = function(i) i$results)`. Interrupted twice within a second,
#' it stops for good everywhere.
#'
#' @param operation A client's function, such as `svc$decrypt`, or an exported one, such as `kms_decrypt`, for the session's
#'   default client. Not its call.
#' @param ... The operation's arguments. A data frame whose columns are arguments can be spliced in with `!!!`.
#' @param max_active How many calls may be under way at once, from 1 to 512.
#' @param rate How many requests may be sent in a second, retries included; `NULL` for as many as the service takes.
#' @param on_error `"stop"` to raise the first failure, `"continue"` to return failures in place of results.
#' @param progress `TRUE` to show how far it is where somebody is watching: at an interactive prompt or in a notebook.
#' @return `kms_map()`: a list with the result of each call, or a condition. `kms_map_failures()`: a data frame with a row
#'   for each condition: its `index`, its `name` (`NA` without names), the service's error `code` or, for other failures,
#'   their class, and the `message`.
#' @seealso [lapply()] with an operation for a few calls, [paginate()] for listings, [byok_import_many()] to import keys.
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' key <- svc$create_key()$KeyMetadata$KeyId
#'
#' # A column of secrets: one key, a plaintext for each call.
#' people <- data.frame(id = c("ada", "ben", "cyd"), secret = c("7411", "0098", "5120"))
#' encrypted <- kms_map(svc$encrypt, KeyId = key, Plaintext = people$secret)
#' people$blob <- lapply(encrypted, function(result) result$CiphertextBlob)
#' str(people$blob)
#'
#' # And back, with the rows' names.
#' names(people$blob) <- people$id
#' decrypted <- kms_map(svc$decrypt, CiphertextBlob = people$blob)
#' vapply(decrypted, function(result) rawToChar(result$Plaintext), "")
#'
#' # A context for all calls, and one for each.
#' kms_map(
#'   svc$encrypt, KeyId = key, Plaintext = people$secret, EncryptionContext = list(table = "people")
#' ) |> length()
#' contexts <- lapply(people$id, function(id) list(table = "people", row = id))
#' kms_map(
#'   svc$encrypt, KeyId = key, Plaintext = people$secret, EncryptionContext = contexts
#' ) |> length()
#'
#' # One that fails does not take the others along.
#' people$blob[[2]] <- as.raw(1:9)
#' results <- kms_map(svc$decrypt, CiphertextBlob = people$blob, on_error = "continue")
#' kms_map_failures(results)
#'
#' # Nor when the failure is raised.
#' failure <- tryCatch(kms_map(svc$decrypt, CiphertextBlob = people$blob), kmsr_map_error = identity)
#' failure$index
#' rawToChar(failure$results$ada$Plaintext)
#' emulator$stop()
#' @export
kms_map <- function(operation, ..., max_active = 16, rate = NULL, on_error = c("stop", "continue"), progress = TRUE) {
  operation <- map_operation(operation)
  if (!is_number(max_active) || max_active != trunc(max_active) || max_active < 1 || max_active > 512) {
    abort_argument("max_active", describe_value(max_active), "one whole number from 1 to 512")
  }
  if (!is.null(rate) && (!is_number(rate) || rate <= 0)) {
    abort_argument("rate", describe_value(rate), "one positive number, or NULL")
  }
  on_error <- check_choice(on_error, c("stop", "continue"), "on_error")
  check_flag(progress, "progress")
  columns <- map_columns(rlang::list2(...), operation)
  if (columns$count == 0) {
    return(stats::setNames(list(), if (!is.null(columns$names)) character()))
  }

  map <- start_map(operation, columns, max_active, rate %||% 0, on_error)
  stopped <- run_map(map, columns$count, progress)
  ended <- map_results(rs_map_end(map), operation, columns)
  if (inherits(stopped, "interrupt")) {
    end_interrupted(ended)
  } else if (!is.null(stopped)) {
    # What R itself raised, such as a time limit.
    stopped$results <- ended$results
    stop(stopped)
  } else if (on_error == "stop" && length(ended$failed)) {
    raise_map_error(ended)
  } else {
    ended$results
  }
}

#' @rdname kms_map
#' @param x What `kms_map()` returned, or the condition it raised.
#' @export
kms_map_failures <- function(x) {
  if (inherits(x, "condition")) {
    x <- x$results
  }
  if (!is.list(x)) {
    abort_argument("x", describe_value(x), "what kms_map() returned, or the condition it raised")
  }
  failed <- which(vapply(x, inherits, NA, "condition", USE.NAMES = FALSE))
  conditions <- unname(x[failed])
  data.frame(
    index = failed,
    name = if (is.null(names(x))) rep(NA_character_, length(failed)) else names(x)[failed],
    code = vapply(conditions, function(condition) condition$code %||% class(condition)[1], ""),
    message = vapply(conditions, function(condition) trimws(condition$message), "")
  )
}

# What there is to know of an operation that was given as a function.
map_operation <- function(operation) {
  method <- if (is.function(operation)) operation_method(operation, operation_methods)
  if (is.null(method)) {
    abort_kmsr(
      "`operation` must be a client's function, such as `svc$decrypt`, or an exported one, such as `kms_decrypt`.",
      class = "kmsr_argument_error",
      body = c(
        x = sprintf("Given: %s.", describe_value(operation)),
        i = "It is given itself, not its call: `kms_map(svc$decrypt, CiphertextBlob = blobs)`."
      ),
      argument = "operation"
    )
  }
  c(rs_operation(method), list(method = method, handle = environment(operation)$client()))
}

start_map <- function(operation, columns, max_active, rate, on_error) {
  stop_on_error <- on_error == "stop"
  map <- unwrap(with_client(
    operation$handle, rs_map, operation$name, columns$values, columns$each, columns$count, max_active, rate, stop_on_error
  ))
  bad <- if (stop_on_error) rs_map_check(map)
  if (!is.null(bad)) {
    unwrap(at_element(bad$failure, bad$index, columns))
  }
  map
}

# Makes the calls. Returns the condition that ended it early, if any.
run_map <- function(map, total, progress) {
  bar <- progress_bar("Calls", total, progress)
  tryCatch(
    {
      repeat {
        state <- unwrap(told(rs_map_run(map, 0.2, log_level())))
        bar$update(state$finished, state$failed)
        if (state$done) {
          return(NULL)
        }
      }
    },
    interrupt = identity,
    error = identity,
    finally = bar$done()
  )
}

# The results, with conditions in place of failures and of what is not there.
map_results <- function(ended, operation, columns) {
  results <- ended$results
  condition <- function(failure, index) {
    failure <- at_element(failure, index, columns)
    tryCatch(unwrap(failure, operation$name, map_call_arguments(columns, index)), error = identity)
  }
  failed <- as.integer(ended$failed)
  for (index in failed) {
    results[[index]] <- condition(results[[index]], index)
  }
  unfinished <- which(lengths(results) == 0 & vapply(results, is.null, NA))
  results[unfinished] <- lapply(unfinished %in% ended$sent, unfinished_condition)
  names(results) <- columns$names
  list(
    results = results, failed = failed, finished = length(results) - length(unfinished),
    total = length(results)
  )
}

# A bad argument of one call is named with its index.
at_element <- function(failure, index, columns) {
  failure <- unclass(failure)
  if (failure$kind == "argument") {
    name <- sub("[[$].*", "", failure$argument)
    if (any(columns$each[names(columns$values) == name])) {
      failure$argument <- sub(name, sprintf("%s[[%d]]", name, index), failure$argument, fixed = TRUE)
    }
  }
  structure(failure, class = "kmsr_failure")
}

unfinished_condition <- function(sent) {
  rlang::error_cnd(
    class = c("kmsr_unfinished_error", "kmsr_error"),
    message = if (sent) {
      "The call was sent and not waited for: the service may have done it."
    } else {
      "The call was not made."
    },
    sent = sent,
    use_cli_format = FALSE
  )
}

raise_map_error <- function(ended) {
  index <- ended$failed[1]
  condition <- ended$results[[index]]
  name <- names(ended$results)[index]
  condition$message <- sprintf(
    "Call %s of %s%s failed. %s", format_count(index), format_count(ended$total),
    if (length(name) && nzchar(name)) sprintf(" (%s)", name) else "", trimws(condition$message)
  )
  succeeded <- ended$finished - length(ended$failed)
  kept <- c(i = sprintf("%s succeeded; the condition's `results` has what they returned.", format_count(succeeded)))
  condition$body <- paste(c(condition$body, rlang::format_error_bullets(kept)), collapse = "\n")
  condition$index <- index
  condition$results <- ended$results
  class(condition) <- c("kmsr_map_error", class(condition))
  stop(condition)
}

# An interrupt belongs to whoever catches it; where nobody does and somebody is watching, what is finished is returned.
end_interrupted <- function(ended) {
  message <- sprintf(
    "Interrupted: %s of %s calls were finished.", format_count(ended$finished), format_count(ended$total)
  )
  again <- !is.null(the$interrupted) && clock() - the$interrupted < 1
  the$interrupted <- clock()
  if (!in_notebook()) {
    # The notebook's kernel catches interrupts itself, to end the cell.
    interrupt <- list(message = message, call = NULL, results = ended$results)
    signalCondition(structure(interrupt, class = c("kmsr_map_interrupt", "interrupt", "condition")))
  }
  if (again || !(in_notebook() || rlang::is_interactive())) {
    rlang::interrupt()
  }
  rlang::warn(
    c(message, i = "The results of the others are conditions; see `kms_map_failures()`."),
    class = "kmsr_map_interrupted"
  )
  ended$results
}
