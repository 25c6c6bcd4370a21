# The arguments of kms_map(): whose they are, which of them are one value for all calls and which a value for each.

# What Rust takes, made of the arguments as they were given: a named list `values`, where `each` says for which a call takes
# its own element; the number of calls; their names or NULL.
map_columns <- function(given, operation) {
  given <- match_arguments(given, operation)
  columns <- lapply(names(given), function(name) {
    index <- match(name, operation$arguments)
    map_column(given[[name]], name, operation$kinds[index], operation$members[[index]])
  })
  names(columns) <- names(given)
  each <- vapply(columns, `[[`, NA, "each")
  count <- common_length(vapply(columns[each], function(column) length(column$values), 0))
  sized <- Filter(function(column) column$each && length(column$values) == count, columns)
  named <- Filter(function(column) !is.null(names(column$values)), sized)

  list(
    values = lapply(columns, function(column) {
      if (column$each && length(column$values) != count) column$values[[1]] else column$values
    }),
    each = unname(each & vapply(columns, function(column) length(column$values) == count, NA)),
    count = count,
    names = if (length(named)) names(named[[1]]$values)
  )
}

# The arguments of one call, for a message about it.
map_call_arguments <- function(columns, index) {
  Map(
    function(value, each) if (each) value[[index]] else value,
    columns$values, columns$each
  )
}

# Names the arguments as R would: by name, by the beginning of one, by position.
match_arguments <- function(given, operation) {
  names <- names(given) %||% rep("", length(given))
  known <- operation$arguments
  named <- nzchar(names)
  index <- pmatch(names[named], known)
  if (anyNA(index)) {
    unknown <- names[named][is.na(index)][1]
    abort_kmsr(
      sprintf("`%s` is not an argument of `%s()`, or it was given twice.", unknown, operation$method),
      class = "kmsr_argument_error",
      body = c(i = unknown_argument_advice(unknown, known, setdiff(names(formals(kms_map)), c("operation", "...")))),
      argument = unknown
    )
  }
  left <- setdiff(known, known[index])
  if (sum(!named) > length(left)) {
    abort_kmsr(
      sprintf("`%s()` has %d arguments, and %d were given.", operation$method, length(known), length(given)),
      class = "kmsr_argument_error",
      argument = "..."
    )
  }
  names[named] <- known[index]
  names[!named] <- left[seq_len(sum(!named))]
  names(given) <- names
  missing <- setdiff(known[operation$required], names)
  if (length(missing)) {
    abort_missing_argument(missing[1], operation$method)
  }
  given
}

# `also`: the arguments of kms_map() itself.
unknown_argument_advice <- function(name, known, also) {
  near <- nearest(name, c(known, also))
  if (!is.na(near)) {
    sprintf("Did you mean `%s`?", near)
  } else if (length(known)) {
    paste("Its arguments:", toString(known))
  } else {
    "It has none."
  }
}

# An argument's values, and whether they are many.
map_column <- function(x, name, kind, members) {
  if (inherits(x, "POSIXlt")) {
    x <- as.POSIXct(x)
  }
  as_is <- inherits(x, "AsIs")
  if (as_is) {
    class(x) <- setdiff(class(x), "AsIs")
  }
  each <- is_many(x, kind, members) && !(as_is && can_be_one(x, kind))
  list(values = if (each) each_value(x, name, kind) else one_value(x, name, kind), each = each)
}

# Whether a vector has a value for each call. What an operation takes as it is, is one value; kinds of arguments differ in
# what that is.
is_many <- function(x, kind, members) {
  if (is.null(x) || is.raw(x) || is.data.frame(x) || !(is.atomic(x) || is.list(x))) {
    return(FALSE)
  }
  if (kind %in% c("scalar", "time")) {
    return(TRUE)
  }
  if (!is.list(x)) {
    return(FALSE)
  }
  bare <- vapply(x, function(value) !is.list(value) && is.null(names(value)), NA)
  switch(kind,
    list = TRUE,
    map = is.null(names(x)) || !all(bare),
    structure = !any(names(x) %in% members) && all(vapply(x, is.list, NA)),
    structures = {
      rows <- vapply(x, function(value) any(names(value) %in% members), NA)
      !(all(rows) || !is.null(names(x)) && all(bare))
    }
  )
}

# Whether I() can mean that a vector is one value. A data frame's column may have it only to hold a list.
can_be_one <- function(x, kind) {
  switch(kind,
    scalar = ,
    time = !is.list(x),
    map = ,
    structure = !is.null(names(x)),
    TRUE
  )
}

one_value <- function(x, name, kind) {
  if (kind == "time") timestamp_argument(x, name) else x
}

# A vector as Rust takes it apart: a list, or an atomic vector without a class.
each_value <- function(x, name, kind) {
  elements <- function(f) stats::setNames(lapply(seq_along(x), function(i) f(x[[i]])), names(x))
  if (kind == "time") {
    # What is no time is refused with the call it is for.
    elements(function(time) tryCatch(timestamp_argument(time, name), kmsr_argument_error = function(e) NA_real_))
  } else if (is.factor(x)) {
    stats::setNames(as.character(x), names(x))
  } else if (is.atomic(x) && is.object(x)) {
    elements(identity)
  } else {
    x
  }
}

common_length <- function(lengths) {
  count <- if (length(lengths) == 0) 1 else if (any(lengths == 0)) 0 else max(lengths)
  odd <- lengths != 1 & lengths != count
  if (any(odd)) {
    longest <- names(lengths)[which.max(lengths)]
    abort_kmsr(
      sprintf(
        "`%s` has %s values and `%s` %s.", longest, format_count(max(lengths)),
        names(lengths)[odd][1], format_count(lengths[odd][1])
      ),
      class = "kmsr_argument_error",
      body = c(
        i = "Each argument has one value for all calls, or as many as the others.",
        i = "`I()` makes one value of a vector or list that an operation takes whole."
      ),
      argument = names(lengths)[odd][1]
    )
  }
  count
}
