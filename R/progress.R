# How far something long is, where somebody is watching: at an interactive prompt in the console, in a notebook as an
# output of its own, and nowhere else. Nothing shows before `after` seconds.

# A progress bar for `total` of what `label` says. `show` is the user's wish.
progress_bar <- function(label, total, show = TRUE, after = 2) {
  progress_output(show && total > 0, after, function(finished, failed = 0, left = NULL, seconds) {
    progress_state(label, finished, failed, total, seconds, left)
  })
}

# The same for a listing, of which nobody knows how long it will be.
progress_of_listing <- function(after = 2) {
  progress_output(TRUE, after, function(pages, items, seconds) {
    counts <- sprintf(
      "%s %s in %s %s", format_count(items), if (items == 1) "item" else "items",
      format_count(pages), if (pages == 1) "page" else "pages"
    )
    list(label = "Listing", text = counts)
  })
}

progress_output <- function(show, after, state) {
  output <- if (!show) NULL else if (in_notebook()) notebook_output() else if (rlang::is_interactive()) console_output()
  began <- clock()
  last <- NULL
  shown <- FALSE
  put <- function(...) {
    shown <<- TRUE
    last <<- NULL
    output$update(state(..., seconds = clock() - began))
  }
  drawn <- -Inf
  list(
    update = function(...) {
      now <- clock()
      if (is.null(output) || now - began < after) {
        return(invisible())
      }
      if (now - drawn < 0.2) {
        last <<- list(...)
        return(invisible())
      }
      drawn <<- now
      put(...)
      invisible()
    },
    # Draws what came too soon after the last, then leaves the notebook's output and removes the console's.
    done = function() {
      if (shown) {
        if (!is.null(last)) do.call(put, last)
        output$done()
      }
      invisible()
    }
  )
}

progress_state <- function(label, finished, failed, total, seconds, left) {
  rate <- finished / max(seconds, 0.1)
  text <- paste0(
    format_count(finished), " of ", format_count(total), if (failed > 0) sprintf(", %s failed", format_count(failed))
  )
  pace <- if (finished > 0) {
    remains <- left %||% ((total - finished) / rate)
    paste0(
      formatC(signif(rate, 3), format = "fg", big.mark = ","), " a second, ",
      if (finished < total) paste(format_seconds(remains), "left") else paste("took", format_seconds(seconds))
    )
  }
  list(label = label, finished = finished, total = total, text = paste(c(text, pace), collapse = ", "))
}

console_output <- function() {
  env <- environment()
  label <- text <- ""
  bar <- NULL
  list(
    update = function(state) {
      label <<- state$label
      text <<- state$text
      if (is.null(bar)) {
        bar <<- cli::cli_progress_bar(
          format = if (is.null(state$total)) "{label}: {text}" else "{label} {cli::pb_bar} {text}",
          total = state$total %||% NA, .envir = env, .auto_close = FALSE
        )
      }
      cli::cli_progress_update(set = state$finished %||% 1, id = bar, force = TRUE, .envir = env)
    },
    done = function() if (!is.null(bar)) cli::cli_progress_done(id = bar, .envir = env)
  )
}

# An output of the notebook's cell, changed in place. The R kernel has no function for that, but it has what is needed.
notebook_output <- function() {
  kernel <- tryCatch(environment(getOption("jupyter.base_display_func"))$.self, error = function(e) NULL)
  send <- tryCatch(kernel$send_response, error = function(e) NULL)
  if (!is.function(send)) {
    return(NULL)
  }
  id <- paste0("kmsr-progress-", Sys.getpid(), "-", the$displays <- (the$displays %||% 0) + 1)
  known <- FALSE
  put <- function(html, text) {
    type <- if (known) "update_display_data" else "display_data"
    known <<- TRUE
    send(type, kernel$current_request, "iopub", list(
      data = list(`text/plain` = text, `text/html` = html),
      metadata = structure(list(), names = character()),
      transient = list(display_id = id)
    ))
  }
  list(
    update = function(state) {
      bar <- if (!is.null(state$total)) {
        sprintf("<progress value=\"%.0f\" max=\"%.0f\"></progress> ", state$finished, state$total)
      }
      put(paste0("<p>", html_escape(state$label), " ", bar, html_escape(state$text), "</p>"), paste(state$label, state$text))
    },
    done = function() NULL
  )
}

in_notebook <- function() {
  isTRUE(getOption("jupyter.in_kernel"))
}

# A span of time, in the unit in which it reads best.
format_seconds <- function(seconds) {
  if (seconds < 100) {
    sprintf("%.1f s", seconds)
  } else if (seconds < 6000) {
    sprintf("%.1f min", seconds / 60)
  } else {
    sprintf("%.1f h", seconds / 3600)
  }
}
