# What somebody may have meant who wrote something else.

# Refuses what a function was given beyond its arguments, and says which argument was meant. The value is not quoted: it may
# be a secret. `place` is for functions that mirror paws': it may know where a name belongs. `env` is the function's.
check_dots <- function(place = NULL, env = parent.frame()) {
  if (eval(quote(...length()), env) == 0) {
    return(invisible())
  }
  given <- (eval(quote(...names()), env) %||% "")[1]
  callee <- rlang::frame_call(env)[[1]]
  called <- if (is.function(callee)) "the function" else sprintf("`%s()`", paste(deparse(callee), collapse = ""))
  known <- setdiff(names(formals(rlang::frame_fn(env))), "...")
  if (!nzchar(given)) {
    abort_kmsr(
      sprintf("%s was given more than its first arguments without a name.", upper_first(called)),
      class = "kmsr_argument_error", body = c(i = paste("Name the others:", toString(known))), argument = "..."
    )
  }
  statement <- sprintf("`%s` is not an argument of %s.", given, called)
  advice <- did_you_mean(nearest(given, known), "`") %||% sprintf("Its arguments: %s.", toString(known))
  abort_kmsr(
    if (is.null(place)) statement else sprintf("unused argument (%s)", paste0(given, unless_secret(eval(quote(..1), env)))),
    class = "kmsr_argument_error",
    body = if (is.null(place)) c(i = advice) else c(x = statement, i = place(given) %||% advice),
    argument = given
  )
}

# The value of an argument in paws' words, if it cannot be a secret.
unless_secret <- function(value) {
  if (is_flag(value) || is_number(value, infinite = TRUE)) paste(" =", format(value)) else ""
}

# `near` is what nearest() found.
did_you_mean <- function(near, quote = "\"") {
  if (!is.na(near)) sprintf("Did you mean %s%s%s?", quote, near, quote)
}

# What a misspelt word was meant to be: few letters away, letters in another order, or the beginning of one choice alone.
nearest <- function(x, choices) {
  letters_of <- function(word) paste(sort(strsplit(tolower(word), "")[[1]]), collapse = "")
  distance <- utils::adist(x, choices, ignore.case = TRUE)[1, ]
  distance[vapply(choices, letters_of, "") == letters_of(x)] <- 1
  begun <- startsWith(tolower(choices), tolower(x))
  if (min(distance, Inf) <= max(1, nchar(x) %/% 3)) {
    choices[which.min(distance)]
  } else if (nchar(x) >= 3 && sum(begun) == 1) {
    choices[begun]
  } else {
    NA_character_
  }
}

# What an argument may have been meant to say, where it is next to a value this version knows. Others are the service's to
# judge: it may know more.
spelling_advice <- function(operation, arguments) {
  known <- rs_enumerations(operation)
  for (name in intersect(names(known), names(arguments))) {
    given <- unlist(arguments[[name]])
    strange <- if (is.character(given)) setdiff(given, known[[name]])
    near <- if (length(strange) > 0) nearest(strange[1], known[[name]]) else NA
    if (!is.na(near)) {
      return(sprintf("`%s` is \"%s\"; did you mean \"%s\"?", name, strange[1], near))
    }
  }
}

# A key's name that is neither an id nor an ARN is an alias without its prefix.
alias_advice <- function(key_id) {
  key_id <- if (is.factor(key_id)) as.character(key_id) else key_id
  if (is_string(key_id) && grepl("^[A-Za-z0-9/_-]{1,250}$", key_id) && !grepl("^(alias/|mrk-|[0-9a-f]{8}-)", key_id)) {
    sprintf("The name of an alias begins with `alias/`: is it \"alias/%s\"?", key_id)
  }
}
