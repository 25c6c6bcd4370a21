# What objects look like in a notebook: HTML for the Jupyter kernel and whatever else asks repr for it. The same words as
# in the console, in tables. No scripts, and no colours of its own for text or ground, so that light and dark themes both
# read well; all text is escaped.

#' @exportS3Method repr::repr_html
repr_html.kms_client <- function(obj, ...) html_card(format(obj))

#' @exportS3Method repr::repr_html
repr_html.kms_emulator <- function(obj, ...) html_card(format(obj))

#' @exportS3Method repr::repr_html
repr_html.kms_key_material <- function(obj, ...) html_card(format(obj))

#' @exportS3Method repr::repr_html
repr_html.kms_import_receipt <- function(obj, ...) html_card(format(obj))

#' @exportS3Method repr::repr_html
repr_html.kms_import_proof <- function(obj, ...) html_card(format(obj))

#' @exportS3Method repr::repr_html
repr_html.kms_import_bundle <- function(obj, ...) html_card(format(obj))

#' @exportS3Method repr::repr_html
repr_html.kms_rotation <- function(obj, ...) html_card(format(obj), below = "Checks")

#' @exportS3Method repr::repr_html
repr_html.kms_material_deletion <- function(obj, ...) html_card(format(obj))

#' @exportS3Method repr::repr_html
repr_html.kms_sitrep <- function(obj, ...) html_card(format(obj), below = unlist(sitrep_labels))

#' @exportS3Method repr::repr_html
repr_html.summary.kms_import_many <- function(obj, ...) html_card(format(obj), below = "Failed")

#' @exportS3Method repr::repr_html
repr_html.kms_import_many <- function(obj, rows = 60, ...) {
  if (is.null(attr(obj, "run"))) {
    return(repr::repr_html(as.data.frame(obj), ...))
  }
  shown <- utils::head(as.data.frame(obj), rows)
  hidden <- nrow(obj) - nrow(shown)
  paste0(
    repr_html.summary.kms_import_many(summary(obj)),
    html_table(c("Row", "Status", "Key", "Spec", "Expires", "Proven", "Error"), list(
      or_dash(shown$id), or_dash(shown$status), or_dash(shown$key_id), or_dash(shown$key_spec), html_day(shown$expires),
      or_dash(c("yes", "no")[2 - shown$proven]),
      or_dash(ifelse(is.na(shown$error_code), shown$error_message, shown$error_code))
    )),
    if (hidden > 0) html_paragraphs(sprintf("and %s more", format(hidden, big.mark = ",")))
  )
}

#' @exportS3Method repr::repr_html
repr_html.summary.kms_inventory <- function(obj, ...) {
  counts <- obj$urgency[obj$urgency > 0]
  paste0(
    html_heading(sprintf("%s in %s", count_keys(obj$keys), toString(obj$regions))),
    html_table(
      list("", "Keys"),
      list(html_urgency(names(counts)), html_escape(format(as.vector(counts), big.mark = ",", trim = TRUE)))
    ),
    html_paragraphs(trimws(grep("^  [A-Z0-9].*", format(obj), value = TRUE)))
  )
}

#' @exportS3Method repr::repr_html
repr_html.kms_inventory <- function(obj, rows = 60, ...) {
  at <- inventory_time(obj)
  heading <- html_heading(sub("^<kms_inventory> ", "", inventory_heading(obj)))
  unread <- html_paragraphs(inventory_unread(obj))
  if (nrow(obj) == 0) {
    return(paste0(heading, unread))
  }
  shown <- obj[seq_len(min(rows, nrow(obj))), ]
  group <- urgency(shown, at)
  columns <- list(
    "Material" = unbroken(ifelse(
      group %in% c("week", "month", "later"),
      paste(html_sign(group), html_escape(time_left(shown, group, at))), html_urgency(group)
    )),
    "Expires" = html_day(shown$expires),
    "Alias" = or_dash(gsub("alias/", "", shown$alias, fixed = TRUE)),
    "Key" = sprintf("<code>%s</code>", html_escape(shown$key_id)),
    "Spec" = or_dash(shown$key_spec),
    "State" = or_dash(shown$state),
    "Materials" = or_dash(as.character(shown$n_materials)),
    "Last used" = if (!is.null(shown$last_used)) html_day(shown$last_used),
    "Tags" = if (!is.null(shown$tags)) or_dash(vapply(shown$tags, format_tags, "")),
    "Issue" = if (any(!is.na(shown$issue))) or_dash(shown$issue)
  )
  columns <- columns[lengths(columns) > 0]
  hidden <- nrow(obj) - nrow(shown)
  paste0(
    heading, html_table(names(columns), unname(columns)),
    if (hidden > 0) html_paragraphs(sprintf("and %s more", format(hidden, big.mark = ","))),
    unread
  )
}

# Where only text is shown, the console's words rather than all columns of a data frame.
#' @exportS3Method repr::repr_text
repr_text.kms_inventory <- function(obj, ...) paste(format(obj), collapse = "\n")

#' @exportS3Method repr::repr_text
repr_text.kms_import_many <- function(obj, ...) paste(utils::capture.output(print(obj)), collapse = "\n")

#' @exportS3Method repr::repr_text
repr_text.kms_import_plan <- function(obj, ...) paste(format(obj), collapse = "\n")

#' @exportS3Method repr::repr_html
repr_html.kms_import_plan <- function(obj, ...) {
  title <- format(obj, width = 10000)[1]
  steps <- as.data.frame(obj)
  findings <- attr(obj, "findings")
  number <- function(x) or_dash(ifelse(is.na(x), NA, format_count(x)))
  listing <- function(title, some) {
    if (nrow(some) == 0) {
      return("")
    }
    groups <- unique(some[c("message", "advice")])
    items <- vapply(groups$message, function(message) {
      items <- some$item[some$message == message & !is.na(some$item)]
      if (attr(obj, "items") > 1 && length(items)) sprintf(" (%s)", item_list(items)) else ""
    }, "")
    advice <- ifelse(nzchar(groups$advice), paste0("<br><em>", html_escape(groups$advice), "</em>"), "")
    paste0(
      html_paragraphs(title), "<ul>",
      paste0("<li>", html_escape(paste0(groups$message, items)), advice, "</li>", collapse = ""), "</ul>"
    )
  }
  paste0(
    html_heading(sub("^<[a-z_]+> ", "", title)),
    html_table(
      c("Step", "Operation", "Requests", "A second", "What"),
      list(
        or_dash(steps$step), or_dash(steps$operation), number(steps$requests), number(steps$quota), or_dash(steps$what)
      )
    ),
    html_paragraphs(trimws(format_duration(obj))),
    listing("Would fail:", findings[findings$level == "error", ]),
    listing("Worth knowing:", findings[findings$level != "error", ]),
    "<details><summary>The permissions, as an IAM policy</summary><pre>", html_escape(attr(obj, "policy")),
    "</pre></details>"
  )
}

# What print() shows of an object with labelled lines, as a table: a heading, rows of label and value, and notes. Lines
# that go on with the one before are joined to it, or, where they are lines of their own, put below it.
html_card <- function(lines, below = character()) {
  heading <- sub("^<[a-z_]+> ?", "", lines[1])
  class <- sub("^<([a-z_]+)>.*", "\\1", lines[1])
  labels <- values <- notes <- plain <- character()
  kind <- "plain"
  for (line in lines[-1]) {
    row <- regmatches(line, regexec("^  ([A-Z][A-Za-z ]{0,14}):(?: +(.*))?$", line, perl = TRUE))[[1]]
    if (length(row)) {
      kind <- "row"
      labels <- c(labels, row[2])
      values <- c(values, html_escape(row[3]))
    } else if (startsWith(line, "  * ")) {
      kind <- "note"
      notes <- c(notes, substring(line, 5))
    } else if (!startsWith(line, "   ")) {
      kind <- "plain"
      plain <- c(plain, trimws(line))
    } else if (kind == "row") {
      last <- length(values)
      between <- if (!nzchar(values[last])) "" else if (labels[last] %in% below) "<br>" else " "
      values[last] <- paste0(values[last], between, html_escape(gsub(" {2,}", ": ", trimws(line))))
    } else if (kind == "note") {
      notes[length(notes)] <- paste(notes[length(notes)], trimws(line))
    } else {
      plain <- c(plain, trimws(line))
    }
  }
  paste0(
    html_heading(heading, class),
    if (length(labels)) html_table(NULL, list(sprintf("<em>%s</em>", html_escape(labels)), values)),
    if (length(plain)) html_paragraphs(paste(plain, collapse = " ")),
    if (length(notes)) paste0("<ul>", paste0("<li>", html_escape(notes), "</li>", collapse = ""), "</ul>")
  )
}

html_heading <- function(text, class = NULL) {
  paste0(
    "<p>", if (!is.null(class)) sprintf("<code>%s</code> ", html_escape(class)),
    sprintf("<strong>%s</strong>", html_escape(text)), "</p>"
  )
}

# `columns` are HTML already; `header` is not.
html_table <- function(header, columns) {
  cell <- "style=\"text-align:left;vertical-align:top;padding:0.15em 0.9em 0.15em 0\""
  head <- if (!is.null(header)) {
    paste0("<thead><tr>", paste0("<th ", cell, ">", html_escape(unlist(header)), "</th>", collapse = ""), "</tr></thead>")
  }
  cells <- lapply(columns, function(column) sprintf("<td %s>%s</td>", cell, column))
  paste0(
    "<table style=\"border-collapse:collapse\">", head, "<tbody>",
    paste0("<tr>", do.call(paste0, cells), "</tr>", collapse = ""), "</tbody></table>"
  )
}

html_paragraphs <- function(text) {
  if (length(text)) paste0("<p>", html_escape(text), "</p>", collapse = "")
}

html_escape <- function(text) {
  for (pair in list(c("&", "&amp;"), c("<", "&lt;"), c(">", "&gt;"), c("\"", "&quot;"), c("'", "&#39;"))) {
    text <- gsub(pair[1], pair[2], text, fixed = TRUE)
  }
  text
}

or_dash <- function(text) {
  ifelse(is.na(text) | !nzchar(text), "&ndash;", html_escape(text))
}

html_day <- function(time) {
  unbroken(or_dash(format(time, "%Y-%m-%d", tz = "UTC")))
}

# Kept on one line, however narrow the column.
unbroken <- function(html) {
  sprintf("<span style=\"white-space:nowrap\">%s</span>", html)
}

# A sign in a colour that shows on light and dark ground, and what it means.
html_sign <- function(group) {
  group <- as.character(group)
  sprintf("<span style=\"color:%s\">%s</span>", html_colours[group], html_signs[group])
}

html_urgency <- function(group) {
  paste(html_sign(group), html_escape(urgency_levels[as.character(group)]))
}

html_colours <- c(
  gone = "#D63A50", week = "#D55E00", month = "#BC8100", later = "#3A8CC9", never = "#808080", leaving = "#808080",
  unread = "#808080"
)
html_signs <- c(
  gone = "&#10005;", week = "&#9650;", month = "&#9670;", later = "&#9679;", never = "&#9675;", leaving = "&#9633;",
  unread = "?"
)

format_tags <- function(tags) {
  paste(names(tags), tags, sep = "=", collapse = ", ")
}
