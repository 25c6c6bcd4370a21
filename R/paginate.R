#' Listings of many pages
#'
#' AWS KMS answers listings in pages. `paginate()` asks for all of them, one after the other. `paginate_lapply()` and
#' `paginate_sapply()` apply a function to each page as it comes. They have the arguments of paws' functions of these
#' names. `list_paginators()` names the operations that answer in pages.
#'
#' The call is given unevaluated, as in `paginate(svc$list_keys())`, and made once for each page. Its arguments are
#' evaluated once. A listing that is interrupted between pages or within one stops there.
#'
#' @param Operation A call of a paginated operation, such as `svc$list_keys()` or `kms_list_aliases()`; also built by
#'   [do.call()] or piped into.
#' @param PageSize How many items a page may have, a whole number; the service's choice by default.
#' @param MaxItems Stop after the page that reaches this many items; pages are not cut.
#' @param StartingToken The marker to start from: a page's `NextMarker`.
#' @param StopOnSameToken `TRUE` to stop when a page's marker is the one it was asked for with.
#' @param FUN A function of one page.
#' @param ... Further arguments of `FUN`.
#' @param simplify `TRUE` to simplify as [sapply()] does.
#' @param client A client made by [kms()].
#' @return `paginate()`: a list of the pages, each as the operation returns it. `paginate_lapply()`: a list of what `FUN`
#'   returned. `paginate_sapply()`: the same, simplified. `list_paginators()`: a character vector.
#' @seealso [kms_map()] for many calls at once.
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' for (i in 1:5) svc$create_key()
#' pages <- paginate(svc$list_keys(), PageSize = 2)
#' length(pages)
#' paginate_sapply(svc$list_keys(), function(page) length(page$Keys), PageSize = 2)
#' list_paginators(svc)
#' emulator$stop()
#' @export
paginate <- function(Operation, PageSize = NULL, MaxItems = NULL, StartingToken = NULL, StopOnSameToken = FALSE) {
  pages_of(
    capture_call(substitute(Operation), parent.frame()), identity,
    PageSize, MaxItems, StartingToken, StopOnSameToken
  )
}

#' @rdname paginate
#' @export
paginate_lapply <- function(Operation, FUN, ..., PageSize = NULL, MaxItems = NULL, StartingToken = NULL,
                            StopOnSameToken = FALSE) {
  FUN <- match.fun(FUN)
  pages_of(
    capture_call(substitute(Operation), parent.frame()), function(page) FUN(page, ...),
    PageSize, MaxItems, StartingToken, StopOnSameToken
  )
}

#' @rdname paginate
#' @export
paginate_sapply <- function(Operation, FUN, ..., simplify = TRUE, PageSize = NULL, MaxItems = NULL,
                            StartingToken = NULL, StopOnSameToken = FALSE) {
  FUN <- match.fun(FUN)
  results <- pages_of(
    capture_call(substitute(Operation), parent.frame()), function(page) FUN(page, ...),
    PageSize, MaxItems, StartingToken, StopOnSameToken
  )
  if (isFALSE(simplify)) results else simplify2array(results, higher = identical(simplify, "array"))
}

#' @rdname paginate
#' @export
list_paginators <- function(client) {
  check_client(client, "client")
  names(operation_pages)
}

# A call as the function it calls, its arguments, and the operation's method, without making it.
capture_call <- function(call, env) {
  # Through wrappers and pipes that pass the call on unevaluated.
  while (is.symbol(call)) {
    passed <- eval(as.call(list(rlang::enquo, call)), env)
    if (!is.language(rlang::quo_get_expr(passed))) break
    call <- rlang::quo_get_expr(passed)
    env <- rlang::quo_get_env(passed)
  }
  if (!is.call(call) || is_reference(call)) {
    abort_argument(
      "Operation",
      given = if (is.language(call)) sprintf("`%s`", paste(deparse(call), collapse = "")) else describe_value(call),
      wanted = "a call such as `svc$list_keys()`, not its result: paginate() makes the calls"
    )
  }
  if (identical(call[[1]], quote(do.call))) {
    call <- match.call(do.call, call)
    what <- call$what
    args <- call$args
  } else {
    what <- call[[1]]
    args <- as.call(c(list(base::list), as.list(call)[-1]))
  }
  fun <- if (is.character(what)) get(what, envir = env, mode = "function") else eval(what, env)
  method <- operation_method(fun, names(operation_pages))
  if (is.null(method)) {
    abort_kmsr(
      sprintf("Method: `%s` is unable to paginate.", paste(deparse(what), collapse = "")),
      class = "kmsr_argument_error",
      body = c(i = paste("These answer in pages:", paste(names(operation_pages), collapse = ", "))),
      argument = "Operation"
    )
  }
  args <- match.call(fun, as.call(c(list(fun), eval(args, env))))
  list(fun = fun, args = as.list(args)[-1], page = operation_pages[[method]])
}

# Whether a call names a thing rather than calling it.
is_reference <- function(call) {
  is.symbol(call[[1]]) && as.character(call[[1]]) %in% c("$", "[[", "@", "::", ":::")
}

# Which of these methods an operation's function is, `NULL` for any other function.
operation_method <- function(fun, methods) {
  for (method in methods) {
    if (identical(body(fun), body(get(paste0("kms_", method), envir = topenv())))) {
      return(method)
    }
  }
  NULL
}

pages_of <- function(call, use, page_size, max_items, starting_token, stop_on_same_token) {
  for (argument in c("page_size", "max_items")) {
    value <- get(argument)
    if (!is.null(value) && (!is_number(value) || value < 1 || value != trunc(value))) {
      abort_argument(
        c(page_size = "PageSize", max_items = "MaxItems")[[argument]], describe_value(value),
        "one whole number of at least 1"
      )
    }
  }
  if (!is_flag(stop_on_same_token)) {
    abort_argument("StopOnSameToken", describe_value(stop_on_same_token), "TRUE or FALSE")
  }
  args <- call$args
  if (!is.null(page_size)) args$Limit <- page_size
  if (!is.null(starting_token)) args$Marker <- starting_token
  progress <- progress_of_listing()
  on.exit(progress$done())

  results <- list()
  items <- 0
  repeat {
    page <- do.call(call$fun, args, quote = TRUE)
    results[length(results) + 1] <- list(use(page))
    items <- items + length(page[[call$page]])
    progress$update(length(results), items)
    marker <- page$NextMarker
    more <- isTRUE(page$Truncated) && length(marker) == 1 && nzchar(marker)
    same <- stop_on_same_token && identical(marker, args$Marker)
    if (!more || same || (!is.null(max_items) && items >= max_items)) {
      return(results)
    }
    args$Marker <- marker
  }
}
