#' Bring many keys
#'
#' Imports the key material of a data frame, a key a row: the work of [byok_import()] for each, many at a time, as fast as
#' AWS' request quotas allow. Every step is kept in a ledger, a file, so that an import that was interrupted or killed goes
#' on where it was: call it again with the same data and the same ledger.
#'
#' @section The data:
#' Either `path` or `material` is there; every other column may be left out, and every value may be missing (`NA`; in list
#' columns `NULL`).
#'
#' | column | what it is |
#' |---|---|
#' | `path` | the material's file, read as by [key_material_file()] |
#' | `material` | a list column of key material, see [key_material_file()] |
#' | `key_spec` | the key spec; needed for files of symmetric and HMAC keys |
#' | `id` | the row's name in the ledger and the result; by default its number |
#' | `key_id` | the KMS key to import into; missing for a new one |
#' | `region` | the Region; needed if `svc` is a list |
#' | `alias`, `description`, `policy`, `key_usage`, `multi_region` | for new keys, as in [byok_import()] |
#' | `tags` | for new keys: a list column of named character vectors |
#' | `expires` | as in [byok_import()]: dates, times, or text like `"90 days"` |
#' | `material_description` | for symmetric keys |
#'
#' All rows are checked before anything is sent. An error names those that cannot be imported.
#'
#' @section The ledger:
#' One line of JSON a step, never changed, only added to; nothing in it is secret. It is locked while in use: a second
#' run on it is refused, and so is a ledger of other data or one that was changed. Kept, it is the record of the import;
#' deleted, all is imported again.
#'
#' What AWS was asked to do is written down before it is asked. If the answer to `CreateKey` is lost, by a kill or by the
#' network, the key may exist all the same. Therefore every new key bears the tag `kmsr:import`, and a key in doubt is
#' looked for among the account's keys until it has been missing for `wait` seconds. Only then is another one created.
#' `keep_tag = FALSE` removes the tag when a row is done. Should a key turn up that no row needs any more, the summary
#' names it, or it is scheduled for deletion with `delete_orphans = TRUE`.
#'
#' @section The pace:
#' AWS counts requests per account, Region and operation, and gives out import parameters for one key a second: 1,000 keys
#' take about 17 minutes. By default the import uses 90 percent of each quota, so that others may still work. When AWS
#' throttles, the operation's rate is halved, and comes back slowly. Rates that AWS has raised or lowered for the account
#' are given as `rates`. Several Regions have quotas of their own and are served at the same time.
#'
#' @section When it fails:
#' A row that fails is told in the result, with its condition in `attr(result, "conditions")`, and stops no other. A second
#' run leaves it alone unless `retry_failed = TRUE`. What would fail for every row, such as expired credentials or a network
#' that is gone, ends the run with an error of class `kmsr_import_many_error`, whose field `result` is what was reached; the
#' rows under way go on in the next run. So it is after an interrupt.
#'
#' Permissions needed: `kms:CreateKey`, `kms:TagResource`, `kms:GetParametersForImport`, `kms:ImportKeyMaterial`,
#' `kms:DescribeKey`, for the proof `kms:GetPublicKey` or `kms:GenerateMac`, for aliases `kms:CreateAlias`, and after lost
#' answers `kms:ListKeys` and `kms:ListResourceTags`.
#'
#' @param svc A client made by [kms()], or a list of clients named by Region.
#' @param data A data frame, see below.
#' @param ledger The ledger's file, one string.
#' @param ... Not used; the following arguments are named.
#' @param wrapping_algorithm,wrapping_key_spec,verify As in [byok_import()], for all rows.
#' @param wait Seconds to wait for AWS to know a key everywhere, or to be sure that there is none.
#' @param retry_failed `TRUE` to try rows again that failed in an earlier run.
#' @param keep_tag `FALSE` to remove the tag `kmsr:import` from keys that are done.
#' @param delete_orphans `TRUE` to schedule keys for deletion, in seven days, that were created for a row that has another.
#' @param rates Calls a second, by operation: a named numeric vector or list, such as `c(GetParametersForImport = 0.25)`.
#'   Used as they are. For other operations, AWS' default quotas times `quota_share`.
#' @param quota_share The share of AWS' quotas to use, more than 0 and at most 1.
#' @param speed A factor for all rates, for the emulator's sped-up `quotas`.
#' @param max_active How many rows may be under way at once, at least 1.
#' @param progress `TRUE` to show how far it is if it takes longer than two seconds, at an interactive prompt or in a notebook.
#' @return A data frame of class `kms_import_many`, a row for each of `data`, with `id`, `status` (`"done"`, `"failed"`,
#'   `"pending"` for rows not reached), `region`, `key_id`, `key_arn`, `alias`, `key_spec`, `key_material_id`,
#'   `wrapping_algorithm`, `wrapping_key_spec`, `expires`, `proof_method`, `proven`, `imported_at`, `seconds`, `error_step`,
#'   `error_code`, `error_message`. Its attributes: `receipts` and `conditions`, lists by id; `orphans`, ARNs. It prints as
#'   a summary; `plot()` shows the import over time.
#' @family bring your own key
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' ledger <- tempfile(fileext = ".jsonl")
#'
#' keys <- data.frame(id = c("orders", "billing", "archive"), alias = c("orders", "billing", NA))
#' keys$material <- lapply(c("HMAC_256", "ECC_NIST_P256", "SYMMETRIC_DEFAULT"), key_material_random)
#' keys$expires <- c("90 days", NA, NA)
#'
#' result <- byok_import_many(svc, keys, ledger, rates = c(GetParametersForImport = 20))
#' result
#' as.data.frame(result)[c("id", "status", "key_spec", "alias", "proof_method")]
#'
#' # A second run finds everything done, and calls nothing.
#' emulator$clear_log()
#' again <- byok_import_many(svc, keys, ledger)
#' nrow(emulator$log())
#' identical(again$key_arn, result$key_arn)
#'
#' # The receipts, to keep beside the keys.
#' attr(result, "receipts")[["orders"]]
#' unlink(ledger)
#' emulator$stop()
#' @export
byok_import_many <- function(svc, data, ledger = "import.jsonl", ..., wrapping_algorithm = NULL,
                             wrapping_key_spec = NULL, verify = TRUE, wait = 60, retry_failed = FALSE, keep_tag = TRUE,
                             delete_orphans = FALSE, rates = NULL, quota_share = 0.9, speed = 1, max_active = 50,
                             progress = TRUE) {
  check_dots()
  flags <- list(
    verify = verify, retry_failed = retry_failed, keep_tag = keep_tag, delete_orphans = delete_orphans, progress = progress
  )
  for (name in names(flags)) {
    check_flag(flags[[name]], name)
  }
  clients <- many_clients(svc)
  rates <- call_rates(rates, quota_share, speed)
  wait <- check_count(wait, "wait")
  if (!is_number(max_active) || max_active < 1) {
    abort_argument("max_active", describe_value(max_active), "one number of at least 1")
  }
  rows <- many_rows(clients, data, wrapping_algorithm, wrapping_key_spec)
  ledger <- open_ledger(ledger, rows)
  run <- list2env(list(
    rows = rows, ledger = ledger, rates = rates, verify = verify, wait = wait, keep_tag = keep_tag,
    max_active = max_active, active = 0, waiting = list(), doubtful = list(), searches = list(), own = new.env(),
    orphans = list(), created_again = character(), started = Sys.time(), began = clock(), ended = 0
  ), parent = emptyenv())
  run$schedule <- new_schedule(rates, function(intents) write_intents(ledger, intents))
  finished <- FALSE
  on.exit({
    rs_flight_abandon(run$schedule$flight)
    close_ledger(ledger)
    if (!finished) {
      rlang::inform(c("!" = "The import was interrupted.", resume_advice(run)))
    }
  })
  tryCatch(
    {
      recall(run, retry_failed)
      check_account(run)
      bar <- progress_bar("Importing", run$left, progress)
      on.exit(bar$done(), add = TRUE, after = FALSE)
      # Before there is a pace, what the rates allow is the best guess.
      update <- function() bar$update(run$ended, left = if (run$ended < 10) run$bound)
      run_import(run, update, delete_orphans)
    },
    error = function(condition) {
      finished <<- TRUE
      abort_run(run, condition)
    }
  )
  finished <- TRUE
  new_import_many(run)
}

run_import <- function(run, update, delete_orphans) {
  more <- function() {
    while (run$active < run$max_active && length(run$waiting) > 0) {
      row <- run$waiting[[1]]
      run$waiting <- run$waiting[-1]
      run$active <- run$active + 1
      guarded(run, row, start_row(run, row))
    }
  }
  nothing_more <- function() NULL
  run_schedule(run$schedule, more, update)
  # A key that was created again may turn up now.
  for (region in run$created_again) {
    begin_search(run, Find(function(row) row$region == region, run$rows)$svc)
  }
  run_schedule(run$schedule, nothing_more, nothing_more)
  if (delete_orphans) {
    delete_orphans(run)
    run_schedule(run$schedule, nothing_more, nothing_more)
  }
}

# What the ledger knows of the rows; the rows that are left.
recall <- function(run, retry_failed) {
  for (row in run$rows) {
    known <- run$ledger$known[[row$number]]
    for (extra in known$orphans) {
      run$orphans[[extra]] <- row
    }
    if (!is.null(known$key)) {
      own(run, known$key$key_arn)
    }
    if (!is.null(known$done)) {
      row$status <- "done"
      row$receipt <- receipt_from(known$done$receipt)
      row$seconds <- known$done$seconds
    } else if (!is.null(known$failed) && !retry_failed) {
      row$status <- "failed"
      row$error <- recalled_error(known$failed)
      row$step <- known$failed$step
      row$key <- list(KeyId = known$key$key_id, Arn = known$key$key_arn)
    } else {
      run$waiting <- c(run$waiting, list(row))
    }
  }
  run$left <- length(run$waiting)
  run$bound <- import_bound(run$waiting, run$rates)
}

recalled_error <- function(event) {
  tryCatch(
    abort_kmsr(event$message, class = event$class, code = event$code, body = c(i = "This happened in an earlier run.")),
    error = identity
  )
}

# A key of another account is not to be described: rows that are left would go to the wrong one.
check_account <- function(run) {
  checked <- character()
  for (row in run$waiting) {
    if (row$region %in% checked) {
      next
    }
    checked <- c(checked, row$region)
    mates <- Filter(function(mate) mate$region == row$region, run$rows)
    keys <- unlist(lapply(mates, function(mate) run$ledger$known[[mate$number]]$key$key_arn))
    if (length(keys) == 0) {
      next
    }
    tryCatch(row$svc$describe_key(keys[1]), kmsr_NotFoundException = function(e) NULL, kmsr_AccessDeniedException = function(e) {
      abort_kmsr(
        sprintf("The ledger %s is of account %s, whose keys this client may not describe.", run$ledger$path, strsplit(keys[1], ":")[[1]][5]),
        class = c("kmsr_ledger_error", "kmsr_argument_error"),
        body = c(i = "Go on with a client of that account, and the permission kms:DescribeKey."),
        argument = "svc", key_arn = keys[1]
      )
    })
  }
}

# The seconds that the rates allow at best, for the scarcest operation of the busiest Region.
import_bound <- function(rows, rates) {
  if (length(rows) == 0) {
    return(0)
  }
  per_region <- split(rows, vapply(rows, function(row) row$region, ""))
  max(vapply(per_region, function(rows) {
    new <- sum(vapply(rows, function(row) is.null(row$key_id), NA))
    aliases <- sum(vapply(rows, function(row) !is.null(row$new_key$alias), NA))
    calls <- c(CreateKey = new, GetParametersForImport = length(rows), ImportKeyMaterial = length(rows), CreateAlias = aliases)
    max(calls / unlist(rates[names(calls)]))
  }, 0))
}

call_rates <- function(rates, quota_share, speed) {
  if (!is_number(quota_share) || quota_share <= 0 || quota_share > 1) {
    abort_argument("quota_share", describe_value(quota_share), "one number, more than 0 and at most 1")
  }
  if (!is_number(speed) || speed <= 0) {
    abort_argument("speed", describe_value(speed), "one number, more than 0")
  }
  all <- as.list(request_quotas * quota_share)
  if (length(rates) > 0) {
    given <- as.list(rates)
    good <- vapply(given, function(rate) is_number(rate) && rate > 0, NA)
    strange <- setdiff(names(given), names(all))
    if (is.null(names(given)) || length(strange) > 0 || !all(good)) {
      abort_argument(
        "rates", if (length(strange) > 0) paste0("\"", strange[1], "\"") else describe_value(rates),
        paste("calls a second, more than 0, named by operations among", paste(names(all), collapse = ", "))
      )
    }
    all[names(given)] <- lapply(given, as.numeric)
  }
  lapply(all, function(rate) rate * speed)
}

# Intents reach the disk before what they announce is sent.
write_intents <- function(ledger, intents) {
  intents <- Filter(Negate(is.null), intents)
  if (length(intents) > 0) {
    creates <- vapply(intents, function(intent) intent$event == "create", NA)
    write_ledger(ledger, intents, sync = any(creates))
  }
}

resume_advice <- function(run) {
  c(
    i = sprintf(
      "%d of %d rows are done, %d were under way.",
      sum(vapply(run$rows, function(row) row$status == "done", NA)), length(run$rows), run$active + length(run$doubtful)
    ),
    i = sprintf("To go on, call byok_import_many() again with the same data and ledger = \"%s\".", run$ledger$path)
  )
}

abort_run <- function(run, condition) {
  if (inherits(condition, "kmsr_argument_error")) {
    stop(condition)
  }
  abort_kmsr(
    paste("The import of many keys ended early:", condition$message %||% conditionMessage(condition)),
    class = c("kmsr_import_many_error", setdiff(class(condition), c("kmsr_error", "rlang_error", "error", "condition"))),
    body = c(condition$body, resume_advice(run)),
    result = new_import_many(run)
  )
}
