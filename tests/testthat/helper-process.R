# Runs a function in another R process, which finds the package where this one does, and waits for its value.
in_child <- function(func, ...) {
  callr::r(func, list(...), timeout = 60)
}

# Waits until something is so.
wait_until <- function(condition, seconds = 10) {
  deadline <- Sys.time() + seconds
  while (!condition()) {
    if (Sys.time() > deadline) stop("waited for nothing")
    Sys.sleep(0.01)
  }
}

seconds_of <- function(code) system.time(code)[["elapsed"]]
