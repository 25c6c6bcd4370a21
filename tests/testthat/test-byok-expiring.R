# These inventories are dated from now: what expires is judged by today.
inventory_from_now <- function(..., unread = FALSE) {
  old <- inventory_day
  shift <- as.numeric(Sys.time()) - as.numeric(inventory_day)
  inventory <- inventory_of(...)
  inventory$expires <- inventory$expires + shift
  inventory
}

test_that("what is gone or goes soon is picked, the most urgent first", {
  inventory <- inventory_from_now(
    inventory_row(1, Inf, "alias/release"), inventory_row(2, 45, "alias/later"), inventory_row(3, 20.5, "alias/invoices"),
    inventory_row(4, 1.5, "alias/orders"), inventory_row(5, NA, "alias/gone"),
    inventory_row(6, 5, "alias/old", state = "PendingDeletion")
  )
  expect_identical(byok_expiring(inventory)$alias, c("alias/gone", "alias/orders", "alias/invoices"))
  expect_identical(byok_expiring(inventory, "1 week")$alias, c("alias/gone", "alias/orders"))
  expect_identical(byok_expiring(inventory, as.difftime(50, units = "days"))$alias[4], "alias/later")
  expect_identical(rownames(byok_expiring(inventory)), c("1", "2", "3"))
})

test_that("an inventory of some time ago is judged by today", {
  inventory <- inventory_of(inventory_row(1, 20, "alias/orders"), inventory_row(2, Inf, "alias/release"))
  expiring <- byok_expiring(inventory, "1 day")
  expect_identical(expiring$alias, "alias/orders")
  expect_identical(expiring$days_left < 0, TRUE)
  expect_identical(format(expiring)[3], sub(" +$", "", format(expiring)[3]))
  expect_match(format(expiring)[3], "!! .*no material")
})

test_that("a client stands for a fresh inventory", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  byok_import(svc, material_of("HMAC_256"), alias = "webhooks", expires = "12 days")
  expect_identical(byok_expiring(svc)$alias, "alias/webhooks")
  expect_identical(nrow(byok_expiring(svc, "1 week")), 0L)
  emulator$advance("13 days")
  expect_identical(byok_expiring(svc, "1 week")$state, "PendingImport")
})

test_that("nothing to do, and what could not be read, are said", {
  inventory <- every_urgency()
  calm <- inventory_from_now(inventory_row(1, Inf, "alias/release"))
  blind <- inventory_from_now(
    inventory_row(1, 3.5, "alias/orders"), inventory_row(2, NA, state = NA, issue = "DescribeKey: AccessDeniedException")
  )
  expect_snapshot(byok_expiring(calm))
  expect_snapshot(steady(format(byok_expiring(blind))), transform = function(x) gsub("2[0-9]{3}-[0-9]{2}-[0-9]{2}", "<date>", x))
})

test_that("arguments are checked", {
  expect_snapshot(byok_expiring("inventory"), error = TRUE)
  expect_snapshot(byok_expiring(every_urgency(), within = "soon"), error = TRUE)
  expect_snapshot(byok_expiring(every_urgency(), within = 30), error = TRUE)
  expect_error(byok_expiring(every_urgency(), inside = "30 days"), "not an argument", class = "kmsr_argument_error")
})

test_that("spans of time are said as people say them", {
  expect_identical(
    vapply(c(60, 300, 3600, 5 * 3600, 36 * 3600, 86400, 2 * 86400, 11.99 * 86400, 1e8), kmsr:::format_span, ""),
    c("1 minute", "5 minutes", "1 hour", "5 hours", "36 hours", "1 day", "2 days", "12 days", "1,157 days")
  )
})
