# Keys whose CreateKey was never answered: the service may have created them or not. Every key bears its row's token as a
# tag, so the account's keys are listed, and the tags read of those that the ledger does not know.

# A row that may have a key. It is set aside, and does not count as under way, until that is known.
doubt_row <- function(run, row, age) {
  row$status <- "in doubt"
  row$asked_at <- clock() - max(0, age)
  run$active <- run$active - 1
  run$doubtful[[as.character(row$number)]] <- row
  begin_search(run, row$svc)
}

# Lists one Region's keys, unless that is being done.
begin_search <- function(run, svc) {
  region <- region_of(svc)
  if (!is.null(run$searches[[region]])) {
    return(invisible())
  }
  search <- list2env(list(region = region, svc = svc, began = clock(), found = list(), open = 0), parent = emptyenv())
  run$searches[[region]] <- search
  search_page(run, search, NULL)
}

search_page <- function(run, search, marker) {
  search_call(run, search, "ListKeys", list(Limit = 1000, Marker = marker), function(answer) {
    for (key in answer$Keys) {
      if (is.null(run$own[[key$KeyArn]])) {
        search_tags(run, search, key$KeyArn)
      }
    }
    if (isTRUE(answer$Truncated)) {
      search_page(run, search, answer$NextMarker)
    }
  })
}

search_tags <- function(run, search, key_arn, marker = NULL) {
  search_call(run, search, "ListResourceTags", list(KeyId = key_arn, Marker = marker),
    function(answer) {
      for (tag in answer$Tags) {
        if (tag$TagKey == import_tag) {
          search$found[[tag$TagValue]] <- c(search$found[[tag$TagValue]], key_arn)
        }
      }
      if (isTRUE(answer$Truncated)) {
        search_tags(run, search, key_arn, answer$NextMarker)
      }
    },
    # A key that is gone by now, or that others keep to themselves, is not one of ours.
    failed = function(condition) {
      if (!inherits(condition, c("kmsr_NotFoundException", "kmsr_AccessDeniedException"))) {
        stop(condition)
      }
    }
  )
}

search_call <- function(run, search, operation, arguments, done, failed = stop) {
  search$open <- search$open + 1
  and_close <- function(use) {
    function(outcome, ...) {
      if (is.null(search$failure)) {
        tryCatch(use(outcome), error = function(condition) search$failure <- condition)
      }
      search$open <- search$open - 1
      if (search$open == 0) {
        end_search(run, search)
      }
    }
  }
  enqueue(run$schedule, new_call(search$svc, operation, arguments, and_close(done), and_close(failed)))
}

end_search <- function(run, search) {
  run$searches[[search$region]] <- NULL
  doubtful <- Filter(function(row) row$region == search$region, run$doubtful)
  waiting <- FALSE
  for (row in doubtful) {
    found <- search$found[[row_token(run, row)]]
    age <- clock() - row$asked_at
    if (is.null(search$failure) && length(found) == 0 && (age < run$wait || search$began < row$asked_at)) {
      waiting <- TRUE
    } else {
      run$doubtful[[as.character(row$number)]] <- NULL
      run$active <- run$active + 1
      row$status <- "under way"
      guarded(run, row, settle_doubt(run, row, found, search$failure))
    }
  }
  if (is.null(search$failure)) {
    note_orphans(run, search)
  } else if (is_everyones(search$failure)) {
    stop(search$failure)
  }
  if (waiting) {
    # A listing may be behind: a new key shows after seconds.
    after_seconds(run$schedule, min(5, max(0.25, run$wait / 8)), function() begin_search(run, search$svc))
  }
}

settle_doubt <- function(run, row, found, failure) {
  if (!is.null(failure)) {
    row$step <- "create"
    stop(failure)
  }
  if (length(found) == 0) {
    run$created_again <- union(run$created_again, row$region)
    return(step_alias_free(run, row))
  }
  row$key <- list(KeyId = sub(".*/", "", found[1]), Arn = found[1])
  row$created <- TRUE
  own(run, row$key$Arn)
  tell(run, row, "key", key_id = row$key$KeyId, key_arn = row$key$Arn, created = TRUE)
  step_look(run, row)
}

# Keys with the token of a row that has another key.
note_orphans <- function(run, search) {
  for (row in run$rows) {
    key_arn <- row$key$Arn %||% row$receipt$key_arn
    for (extra in setdiff(search$found[[row_token(run, row)]], key_arn)) {
      if (!is.null(key_arn) && !extra %in% names(run$orphans)) {
        run$orphans[[extra]] <- row
        tell(run, row, "orphan", key_arn = extra)
      }
    }
  }
}

# Keys that are known to be this import's.
own <- function(run, key_arn) {
  run$own[[key_arn]] <- TRUE
}

delete_orphans <- function(run) {
  for (extra in names(run$orphans)) {
    local({
      key_arn <- extra
      row <- run$orphans[[key_arn]]
      arguments <- list(KeyId = key_arn, PendingWindowInDays = 7)
      enqueue(run$schedule, new_call(row$svc, "ScheduleKeyDeletion", arguments,
        done = function(answer, request_id) {
          run$orphans[[key_arn]] <- NULL
          tell(run, row, "deleted", key_arn = key_arn)
        },
        # It stays among the orphans that the summary names.
        failed = function(condition) NULL
      ))
    })
  }
}
