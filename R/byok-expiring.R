#' Keys whose material is gone or about to go
#'
#' Picks what needs attention from an inventory: keys without material, keys whose material has expired or expires soon,
#' the most urgent first. [byok_renew()] is what to do about them.
#'
#' Keys that wait for their deletion are left out. An inventory that was saved is judged by today's date, not by that of
#' the listing.
#'
#' @param x A client made by [kms()], for a fresh inventory without last use and tags; or what [byok_inventory()] returned.
#' @param within How far to look ahead: text like `"30 days"`, or a `difftime`.
#' @param ... Not used: what is not an argument is refused, with the one that was probably meant.
#' @return The rows of the inventory, of class `kms_inventory`, with `days_left` counted from now.
#' @family bring your own key
#' @examples
#' emulator <- kms_emulator()
#' svc <- emulator$client()
#' orders <- byok_import(svc, key_material_random(), alias = "orders", expires = "12 days")
#' webhooks <- byok_import(
#'   svc, key_material_random("HMAC_256"), alias = "webhooks", expires = "200 days"
#' )
#'
#' byok_expiring(svc)
#' byok_expiring(svc, within = "1 week")
#'
#' # In a scheduled job: fail while there is something to do.
#' due <- byok_expiring(byok_inventory(svc), within = "2 weeks")
#' if (nrow(due) > 0) message("Renew: ", toString(due$alias))
#' emulator$stop()
#' @export
byok_expiring <- function(x, within = "30 days", ...) {
  check_dots()
  seconds <- if (inherits(within, "difftime") && length(within) == 1 && is.finite(within)) {
    as.numeric(within, units = "secs")
  } else {
    if (!is_string(within)) {
      abort_argument("within", describe_value(within), "text such as \"30 days\", or a difftime")
    }
    parse_duration(within, "within")
  }
  inventory <- if (inherits(x, "kms_inventory")) {
    x
  } else if (inherits(x, "kms_client")) {
    byok_inventory(x, last_use = FALSE, tags = FALSE)
  } else {
    abort_argument("x", describe_value(x), "a client made by kms(), or an inventory of byok_inventory()")
  }
  at <- now()
  group <- urgency(inventory, at)
  soon <- !is.na(inventory$expires) & as.numeric(inventory$expires) <= as.numeric(at) + seconds
  inventory$days_left <- as.numeric(difftime(inventory$expires, at, units = "days"))
  rows <- order_by_urgency(inventory, at)
  rows <- rows[(group == "gone" | soon & !group %in% c("leaving", "unread"))[rows]]
  expiring <- inventory[rows, ]
  rownames(expiring) <- NULL
  attr(expiring, "as_of") <- at
  attr(expiring, "picked_from") <- list(
    within = format_span(seconds), keys = nrow(inventory), unread = sum(group == "unread")
  )
  expiring
}

# How pressing each key of an inventory is, from what needs help now to what nobody needs to look at.
urgency <- function(inventory, at) {
  days <- as.numeric(difftime(inventory$expires, at, units = "days"))
  group <- ifelse(is.na(days), "never", ifelse(days <= 7, "week", ifelse(days <= 30, "month", "later")))
  group[inventory$state %in% "PendingImport" | (!is.na(days) & days <= 0)] <- "gone"
  group[inventory$state %in% c("PendingDeletion", "PendingReplicaDeletion")] <- "leaving"
  group[is.na(inventory$state)] <- "unread"
  factor(group, levels = names(urgency_levels))
}

# What each is called.
urgency_levels <- c(
  gone = "no material", week = "within 7 days", month = "within 30 days", later = "later", never = "never expires",
  leaving = "being deleted", unread = "unreadable"
)

order_by_urgency <- function(inventory, at) {
  order(urgency(inventory, at), as.numeric(inventory$expires), inventory$alias == "", inventory$alias, inventory$key_id)
}

# A span of time as people say it.
format_span <- function(seconds) {
  units <- c(day = 86400, hour = 3600, minute = 60)
  # From two of a unit on, or exactly one.
  unit <- names(units)[which(seconds >= 2 * units | seconds == units | units == 60)[1]]
  n <- round(seconds / units[[unit]])
  sprintf("%s %s%s", format(n, big.mark = ","), unit, if (n == 1) "" else "s")
}
