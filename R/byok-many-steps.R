# The steps of one row of an import of many keys. Each makes a call and names what follows it:
#
#   find -> parameters -> import -> ready -> verify -> [alias] -> [untag] -> done     for a key that exists
#   [alias_free] -> create -> parameters -> ...                                      for a new one
#
# A row of which the ledger knows a key enters at `look`, which finds out how far it came.

# Marks every key that an import creates, so that a key whose answer was lost can be told from others.
import_tag <- "kmsr:import"

row_token <- function(run, row) {
  paste0(run$ledger$run, ".", row$number)
}

start_row <- function(run, row) {
  row$status <- "under way"
  row$started <- clock()
  known <- run$ledger$known[[row$number]]
  if (!is.null(known$failed)) {
    tell(run, row, "again")
  }
  if (!is.null(known$result)) {
    row$result <- known$result
    row$request_ids[["import"]] <- known$result$request_id %||% NA_character_
  }
  if (!is.null(known$key)) {
    row$key <- list(KeyId = known$key$key_id, Arn = known$key$key_arn)
    row$created <- known$key$created
    step_look(run, row)
  } else if (!is.null(row$key_id)) {
    step_find(run, row)
  } else if (!is.null(known$asked_at)) {
    doubt_row(run, row, as.numeric(Sys.time()) - known$asked_at)
  } else {
    step_alias_free(run, row)
  }
}

step_find <- function(run, row) {
  row_call(run, row, "find", "DescribeKey", list(KeyId = row$key_id), function(answer) {
    row$created <- FALSE
    check_row_key(row, answer$KeyMetadata)
    tell(run, row, "key", key_id = row$key$KeyId, key_arn = row$key$Arn, created = FALSE)
    step_parameters(run, row)
  })
}

# The key is known from an earlier run, or was found by its tag: how far is it?
step_look <- function(run, row) {
  row_call(run, row, "look", "DescribeKey", list(KeyId = row$key$Arn), patient = TRUE, function(answer) {
    check_row_key(row, answer$KeyMetadata)
    known <- run$ledger$known[[row$number]]
    empty_before <- row$created || identical(known$was, "PendingImport")
    if (is_pending(row$key)) {
      row$result <- NULL
      step_parameters(run, row)
    } else if (!is.null(row$result)) {
      step_verify(run, row)
    } else if (empty_before && (row$created || !is.null(known$was))) {
      imported(run, row, list(KeyMaterialId = row$key$CurrentKeyMaterialId), NULL)
    } else {
      step_parameters(run, row)
    }
  })
}

check_row_key <- function(row, key) {
  check_origin(key, creates = TRUE)
  check_spec(key, row$facts$key_spec, creates = TRUE)
  check_state(key)
  row$key <- key
}

step_alias_free <- function(run, row) {
  if (is.null(row$new_key$alias)) {
    return(step_create(run, row))
  }
  row_call(run, row, "alias_free", "DescribeKey", list(KeyId = row$new_key$alias),
    function(answer) abort_alias_taken(row$new_key$alias, answer$KeyMetadata),
    failed = function(condition) {
      if (!inherits(condition, "kmsr_NotFoundException")) {
        stop(condition)
      }
      step_create(run, row)
    }
  )
}

step_create <- function(run, row) {
  token <- rlang::set_names(row_token(run, row), import_tag)
  new_key <- row$new_key
  new_key$tags <- c(new_key$tags, token)
  row_call(run, row, "create", "CreateKey", new_key_arguments(new_key, row$facts),
    function(answer) own_key(run, row, answer$KeyMetadata),
    doubt = function(condition) doubt_row(run, row, 0),
    intent = row_event(row, "create")
  )
}

own_key <- function(run, row, key) {
  own(run, key$Arn)
  row$key <- key
  row$created <- TRUE
  tell(run, row, "key", key_id = key$KeyId, key_arn = key$Arn, created = TRUE)
  step_parameters(run, row)
}

step_parameters <- function(run, row) {
  arguments <- list(
    KeyId = row$key$Arn, WrappingAlgorithm = row$wrapping$wrapping_algorithm,
    WrappingKeySpec = row$wrapping$wrapping_key_spec
  )
  row_call(run, row, "parameters", "GetParametersForImport", arguments,
    function(answer) step_import(run, row, answer),
    failed = function(condition) {
      if (!is_not_yet(run, row, condition)) {
        stop(condition)
      }
      # These calls are the scarce ones: whether the key is known by now is asked with others.
      step_settle(run, row)
    }
  )
}

step_settle <- function(run, row) {
  row_call(run, row, "settle", "DescribeKey", list(KeyId = row$key$Arn), patient = TRUE, function(answer) {
    after_seconds(run$schedule, 0.25, function() guarded(run, row, step_parameters(run, row)))
  })
}

step_import <- function(run, row, parameters) {
  row$step <- "wrap"
  material <- read_material(row)
  if (run$verify) {
    row$evidence <- new_evidence(material, row$facts)
  }
  wrapped <- wrap_key_material(material, parameters$PublicKey, row$wrapping$wrapping_algorithm)
  arguments <- import_arguments(row$key, parameters$ImportToken, wrapped, row$valid_to, row$material_description)
  was <- row$key$KeyState
  expires <- if (!is.null(row$valid_to)) write_time(time_from(row$valid_to))
  intent <- row_event(row, "import", was = was, expires = expires)
  run$ledger$known[[row$number]] <- learn(run$ledger$known[[row$number]], intent)
  row_call(run, row, "import", "ImportKeyMaterial", arguments, patient = TRUE,
    function(answer) imported(run, row, answer, row$request_ids[["import"]]),
    # Where material was before, the same may be sent again; else the key tells whether it has any now.
    doubt = if (is_pending(row$key)) function(condition) step_look(run, row),
    intent = intent
  )
}

imported <- function(run, row, result, request_id) {
  row$result <- list(KeyMaterialId = first_or(result$KeyMaterialId, NULL), at = write_time(now()))
  tell(run, row, "imported", key_material_id = row$result$KeyMaterialId, request_id = request_id)
  step_ready(run, row)
}

step_ready <- function(run, row, pause = 0.1) {
  row_call(run, row, "describe", "DescribeKey", list(KeyId = row$key$Arn), patient = TRUE, function(answer) {
    row$key <- answer$KeyMetadata
    row$ready_by <- row$ready_by %||% (clock() + run$wait)
    if (is_pending(row$key) && clock() < row$ready_by) {
      after_seconds(run$schedule, pause, function() guarded(run, row, step_ready(run, row, min(pause * 2, 5))))
    } else {
      step_verify(run, row)
    }
  })
}

step_verify <- function(run, row) {
  if (!run$verify) {
    row$proof <- new_proof("none", NA, "The import was not verified, as asked.")
    return(step_alias(run, row))
  }
  # After a kill, the evidence is made anew.
  evidence <- row$evidence %||% new_evidence(read_material(row), row$facts)
  row$evidence <- NULL
  judge <- function(answer) {
    answered <- list(get_public_key = function(...) answer, generate_mac = function(...) answer)
    row$proof <- prove(answered, row$key, evidence, row$result$KeyMaterialId)
    step_alias(run, row)
  }
  if (!is.null(evidence$public_key)) {
    row_call(run, row, "verify", "GetPublicKey", list(KeyId = row$key$Arn), judge, patient = TRUE)
  } else if (!is.null(evidence$mac)) {
    arguments <- list(Message = evidence$nonce, KeyId = row$key$Arn, MacAlgorithm = evidence$mac_algorithm)
    row_call(run, row, "verify", "GenerateMac", arguments, judge, patient = TRUE)
  } else {
    judge(NULL)
  }
}

step_alias <- function(run, row) {
  alias <- row$new_key$alias
  if (is.null(alias)) {
    return(step_untag(run, row))
  }
  arguments <- list(AliasName = alias, TargetKeyId = row$key$KeyId)
  row_call(run, row, "alias", "CreateAlias", arguments, patient = TRUE, function(answer) step_untag(run, row),
    failed = function(condition) {
      if (!inherits(condition, "kmsr_AlreadyExistsException")) {
        stop(condition)
      }
      # It may be this row's, from a call whose answer was lost.
      row_call(run, row, "alias", "DescribeKey", list(KeyId = alias), patient = TRUE, function(answer) {
        if (!identical(answer$KeyMetadata$Arn, row$key$Arn)) {
          abort_alias_taken(alias, answer$KeyMetadata)
        }
        step_untag(run, row)
      })
    }
  )
}

step_untag <- function(run, row) {
  if (run$keep_tag || !row$created) {
    return(finish_row(run, row))
  }
  row_call(run, row, "untag", "UntagResource", list(KeyId = row$key$KeyId, TagKeys = import_tag), patient = TRUE,
    function(answer) finish_row(run, row)
  )
}

finish_row <- function(run, row) {
  expires <- read_time(run$ledger$known[[row$number]]$expires)
  receipt <- new_receipt(
    row$key, row$result, row$wrapping, row$proof, row$new_key$alias, row$request_ids, expires = as.numeric(expires)
  )
  receipt$imported_at <- read_time(row$result$at)
  row$receipt <- receipt
  row$status <- "done"
  row$seconds <- clock() - row$started
  tell(run, row, "done", receipt = receipt_data(receipt), seconds = row$seconds)
  end_row(run, row)
}

fail_row <- function(run, row, condition) {
  row$status <- "failed"
  row$error <- condition
  row$seconds <- clock() - row$started
  tell(run, row, "failed",
    step = row$step, code = condition[["code"]], class = class(condition)[1], message = condition$message
  )
  end_row(run, row)
}

end_row <- function(run, row) {
  row$material <- NULL
  run$active <- run$active - 1
  run$ended <- run$ended + 1
}

# --- Calls of a row ----------------------------------------------------------------------------------------------------

# A call of a row. `patient`: AWS may not know the row's new key everywhere yet, so that "not found" is asked again.
row_call <- function(run, row, step, operation, arguments, done, failed = stop, doubt = NULL, intent = NULL,
                     patient = FALSE) {
  row$step <- step
  pause <- 0.25
  call <- new_call(row$svc, operation, arguments,
    done = function(answer, request_id) {
      if (!is.null(request_id)) {
        row$request_ids[[step]] <- request_id
      }
      if (step != "settle") {
        row$unknown_since <- NULL
      }
      guarded(run, row, done(answer))
    },
    failed = function(condition) {
      if (patient && is_not_yet(run, row, condition)) {
        after_seconds(run$schedule, pause, function() enqueue(run$schedule, call))
        pause <<- min(pause * 2, 5)
        return(invisible())
      }
      guarded(run, row, failed(condition))
    },
    doubt = if (!is.null(doubt)) function(condition) {
      row$doubts <- row$doubts + 1
      guarded(run, row, if (row$doubts < max_tries) doubt(condition) else stop(condition))
    },
    intent = intent
  )
  enqueue(run$schedule, call)
}

# What goes wrong in a row ends that row; what would go wrong in every row ends the run.
guarded <- function(run, row, expr) {
  tryCatch(expr, error = function(condition) {
    if (is_everyones(condition)) {
      stop(condition)
    }
    fail_row(run, row, condition)
  })
}

is_everyones <- function(condition) {
  isTRUE(condition[["nothing_answers"]]) || inherits(condition, c(
    "kmsr_credentials_error", "kmsr_missing_region_error", "kmsr_ledger_error", "kmsr_ExpiredTokenException",
    "kmsr_InvalidClientTokenId", "kmsr_UnrecognizedClientException", "kmsr_InvalidSignatureException",
    "kmsr_MissingAuthenticationTokenException"
  ))
}

# Whether a refusal may come of AWS not knowing a new key everywhere yet.
is_not_yet <- function(run, row, condition) {
  if (!isTRUE(row$created) || !inherits(condition, c("kmsr_NotFoundException", "kmsr_KMSInvalidStateException"))) {
    return(FALSE)
  }
  row$unknown_since <- row$unknown_since %||% clock()
  clock() - row$unknown_since < run$wait
}

row_event <- function(row, event, ...) {
  c(list(event = event, row = row$number), list(...))
}

tell <- function(run, row, event, ...) {
  write_ledger(run$ledger, list(row_event(row, event, ...)))
}
