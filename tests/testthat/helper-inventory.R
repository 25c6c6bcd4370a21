# Inventories without a service, for tests of what is made of them.

inventory_day <- as.POSIXct("2026-03-14 10:20:00", tz = "GMT")

# What is known of one key as the listing collects it. `days` until it expires; `Inf` for never, `NA` for no material.
inventory_row <- function(n, days, alias = "", state = if (is.na(days)) "PendingImport" else "Enabled",
                          spec = "SYMMETRIC_DEFAULT", issue = NA_character_, region = "eu-central-1") {
  id <- sprintf("00000000-1111-2222-3333-%012d", as.integer(n))
  metadata <- if (!is.na(state)) {
    list(
      KeySpec = spec, KeyUsage = "ENCRYPT_DECRYPT", KeyState = state, Enabled = state == "Enabled", Description = "",
      ValidTo = if (is.finite(days)) inventory_day + days * 86400 else numeric(), CreationDate = inventory_day - 1e6,
      MultiRegionConfiguration = list(MultiRegionKeyType = character())
    )
  }
  list(
    key_id = id, alias = alias, metadata = metadata, materials = NULL, usage = list(), tags = character(), issue = issue,
    key_arn = sprintf("arn:aws:kms:%s:000000000000:key/%s", region, id)
  )
}

inventory_of <- function(..., at = inventory_day) {
  kmsr:::new_inventory(list(...), "eu-central-1", as_of = at)
}

# One of each kind.
every_urgency <- function() {
  inventory_of(
    inventory_row(1, Inf, "alias/release", spec = "ECC_NIST_P256"),
    inventory_row(2, 200, "alias/webhooks, alias/hooks", spec = "HMAC_256"),
    inventory_row(3, 20, "alias/invoices"),
    inventory_row(4, 1.5, "alias/orders"),
    inventory_row(5, NA),
    inventory_row(6, 90, "alias/old", state = "PendingDeletion"),
    inventory_row(7, NA, state = NA, issue = "DescribeKey: AccessDeniedException")
  )
}

# As many keys as wanted, their expiries spread over a year.
keys_over_a_year <- function(n) {
  do.call(inventory_of, lapply(seq_len(n), function(i) {
    days <- if (i %% 7 == 0) Inf else if (i %% 11 == 0) NA else 365 * i / (n + 1)
    inventory_row(i, days, sprintf("alias/key-%d", i))
  }))
}
