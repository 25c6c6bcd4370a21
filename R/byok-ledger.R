# The ledger of an import of many keys: JSON lines, one a step, added before or as soon as the step is known. What is in it
# is enough to go on after a kill at any point; nothing in it is secret.

# Opens a ledger for an import of these rows: a new one, or one that was begun with them. `known` has an entry for every
# row, with what the ledger tells of it.
open_ledger <- function(path, rows) {
  path <- path.expand(check_string(path, "ledger"))
  opened <- rs_ledger_open(path)
  if (is_failure(opened)) {
    abort_ledger(path, opened)
  }
  ledger <- list2env(list(path = path, pointer = opened$pointer, known = NULL, run = NULL), parent = emptyenv())
  ready <- FALSE
  on.exit(if (!ready) close_ledger(ledger))
  if (opened$torn > 0) {
    rlang::inform(c("!" = sprintf(
      "The last line of the ledger %s was cut off. It was removed; what it would have said is looked up.", path
    )))
  }
  if (length(opened$lines) == 0) {
    begin_ledger(ledger, rows)
  } else {
    read_ledger(ledger, opened, rows)
  }
  ready <- TRUE
  ledger
}

close_ledger <- function(ledger) {
  rs_ledger_close(ledger$pointer)
}

# Adds events: lists with an `event`, what it is about, and the time.
write_ledger <- function(ledger, events, sync = FALSE) {
  lines <- vapply(events, function(event) to_json(c(event, list(at = write_time(now()))), pretty = FALSE), "")
  failure <- rs_ledger_append(ledger$pointer, lines, sync)
  if (is_failure(failure)) {
    abort_ledger(ledger$path, failure)
  }
}

begin_ledger <- function(ledger, rows) {
  ledger$run <- paste(unwrap(rs_random(8L)), collapse = "")
  header <- list(
    event = "ledger", format = "kmsr-ledger", version = 1, run = ledger$run,
    rows = lapply(rows, ledger_row)
  )
  write_ledger(ledger, list(header), sync = TRUE)
  ledger$known <- rep(list(list()), length(rows))
}

read_ledger <- function(ledger, opened, rows) {
  if (opened$sound == 0) {
    abort_kmsr(
      sprintf("%s is not a ledger, or its first line was changed.", ledger$path),
      class = c("kmsr_ledger_error", "kmsr_argument_error"),
      body = c(i = "Name a file that does not exist to begin a new ledger."),
      argument = "ledger", line = 1L
    )
  }
  if (opened$sound < length(opened$lines)) {
    line <- as.integer(opened$sound) + 1L
    abort_kmsr(
      sprintf("Line %d of the ledger %s is not as it was written, or a line before it is missing.", line, ledger$path),
      class = c("kmsr_ledger_error", "kmsr_argument_error"),
      body = c(i = "Restore the ledger from a copy. Without it, nobody can tell which keys were imported already."),
      argument = "ledger", line = line
    )
  }
  events <- lapply(opened$lines, rs_from_json)
  header <- events[[1]]
  if (!identical(header$format, "kmsr-ledger") || !isTRUE(header$version == 1)) {
    abort_kmsr(
      sprintf("The ledger %s has version %s; this kmsr reads version 1.", ledger$path, format(header$version)),
      class = c("kmsr_ledger_error", "kmsr_argument_error"),
      body = c(i = "Use the kmsr that wrote it, or a newer one."),
      argument = "ledger"
    )
  }
  check_same_rows(ledger, header$rows, lapply(rows, ledger_row))
  ledger$run <- header$run
  known <- rep(list(list()), length(rows))
  for (event in events[-1]) {
    if (!is.null(event$row)) {
      known[[event$row]] <- learn(known[[event$row]], event)
    }
  }
  ledger$known <- known
}

# What a row is, in the ledger's words: what must be the same when it goes on.
ledger_row <- function(row) {
  list(
    id = row$id, region = row$region, key_spec = row$facts$key_spec, key_id = row$key_id, alias = row$new_key$alias,
    public_key = if (!is.null(row$facts$public_key)) rs_sha256(row$facts$public_key)
  )
}

check_same_rows <- function(ledger, theirs, ours) {
  ids <- function(rows) vapply(rows, function(row) row$id, "")
  differences <- if (!identical(ids(theirs), ids(ours))) {
    missing <- setdiff(ids(theirs), ids(ours))
    added <- setdiff(ids(ours), ids(theirs))
    c(
      sprintf("it has %d rows, the data %d", length(theirs), length(ours)),
      if (length(missing)) sprintf("only the ledger has row %s", some(missing)),
      if (length(added)) sprintf("only the data has row %s", some(added)),
      if (!length(missing) && !length(added)) "the rows are in another order"
    )
  } else {
    unlist(Map(row_differences, theirs, ours))
  }
  if (length(differences) > 0) {
    abort_kmsr(
      sprintf("The ledger %s is of other data.", ledger$path),
      class = c("kmsr_ledger_error", "kmsr_argument_error"),
      body = c(
        rlang::set_names(utils::head(differences, 5), "x"),
        i = "Go on with the data it was begun with, or name a file that does not exist to begin a new ledger."
      ),
      argument = "ledger", differences = unname(differences)
    )
  }
}

row_differences <- function(theirs, ours) {
  fields <- names(ours)
  same <- vapply(fields, function(field) identical(theirs[[field]], ours[[field]]), NA)
  show <- function(value) if (is.null(value)) "none" else value
  vapply(fields[!same], function(field) {
    sprintf("row \"%s\": %s is %s in the ledger and %s in the data", ours$id, field, show(theirs[[field]]), show(ours[[field]]))
  }, "")
}

some <- function(ids, most = 5) {
  shown <- paste0("\"", utils::head(ids, most), "\"", collapse = ", ")
  if (length(ids) > most) sprintf("%s and %d more", shown, length(ids) - most) else shown
}

# What is known of a row, after one more event.
learn <- function(known, event) {
  switch(event$event,
    create = {
      known$asked_at <- as.numeric(read_time(event$at))
      known$failed <- NULL
    },
    key = known$key <- event[c("key_id", "key_arn", "created")],
    import = known[c("was", "expires")] <- list(event$was, event$expires),
    imported = known$result <- list(KeyMaterialId = event$key_material_id, at = event$at, request_id = event$request_id),
    failed = known$failed <- event,
    again = known$failed <- NULL,
    orphan = known$orphans <- c(known$orphans, event$key_arn),
    deleted = known$orphans <- setdiff(known$orphans, event$key_arn),
    done = known$done <- event
  )
  known
}

abort_ledger <- function(path, failure) {
  failure <- unclass(failure)
  if (!identical(failure$kind, "refused")) {
    raise_failure(failure, NULL, NULL)
  }
  abort_kmsr(
    sprintf("The ledger %s %s.", path, sub("\\.$", "", failure$message)),
    class = c("kmsr_ledger_error", "kmsr_argument_error"),
    body = c(i = switch(failure$reason,
      locked = "Wait for the other run, or stop it. Two imports need two ledgers.",
      "Does the folder exist, may you write there, and is there space?"
    )),
    argument = "ledger", reason = failure$reason
  )
}
