test_that("every imported key of the Region is listed, with what there is to know, and no other", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  material <- material_of("SYMMETRIC_DEFAULT")
  orders <- byok_import(
    svc, material, alias = "orders", expires = "12 days", tags = c(team = "shop", stage = "test"), description = "orders",
    multi_region = TRUE, material_description = "first"
  )
  svc$create_alias("alias/another", orders$key_id)
  svc$encrypt(orders$key_id, "used")
  svc$create_key(Description = "AWS made this one's material")
  waiting <- new_external_key(svc, "HMAC_256")
  byok_import(quick_client(emulator, region = "eu-west-1"), material_of("HMAC_256"))

  inventory <- byok_inventory(svc)
  expect_s3_class(inventory, c("kms_inventory", "data.frame"), exact = TRUE)
  expect_identical(inventory$key_id, c(waiting$KeyId, orders$key_id))
  expect_identical(inventory$key_arn, c(waiting$Arn, orders$key_arn))
  expect_identical(inventory$alias, c("", "alias/another, alias/orders"))
  expect_identical(inventory$state, c("PendingImport", "Enabled"))
  expect_identical(inventory$enabled, c(FALSE, TRUE))
  expect_identical(inventory$key_spec, c("HMAC_256", "SYMMETRIC_DEFAULT"))
  expect_identical(inventory$multi_region, c(NA, "PRIMARY"))
  expect_identical(inventory$n_materials, c(NA, 1L))
  expect_identical(inventory$current_material_id, c(NA, orders$key_material_id))
  expect_identical(inventory$expiration_model, c(NA, "KEY_MATERIAL_EXPIRES"))
  expect_identical(inventory$last_operation, c(NA, "Encrypt"))
  expect_identical(inventory$tags, list(character(), c(stage = "test", team = "shop")), ignore_attr = "names")
  expect_identical(inventory$issue, c(NA_character_, NA_character_))
  expect_identical(attr(inventory$expires, "tzone"), "GMT")
  expect_near(as.numeric(inventory$expires[2]), as.numeric(Sys.time()) + 12 * 86400)
  expect_lt(abs(inventory$days_left[2] - 12), 0.01)
  expect_null(inventory$materials[[1]])
  expect_identical(
    inventory$materials[[2]][c("key_material_id", "state", "import_state", "expiration_model", "description")],
    data.frame(
      key_material_id = orders$key_material_id, state = "CURRENT", import_state = "IMPORTED",
      expiration_model = "KEY_MATERIAL_EXPIRES", description = "first"
    )
  )
})

test_that("a rotated key has all its materials and the earliest expiry of them", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  first <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"), expires = "40 days")
  rotation <- byok_rotate(svc, first, key_material_random(), expires = "300 days")
  inventory <- byok_inventory(svc, last_use = FALSE, tags = FALSE)
  expect_identical(inventory$n_materials, 2L)
  expect_identical(inventory$current_material_id, rotation$new)
  expect_identical(inventory$materials[[1]]$state, c("NON_CURRENT", "CURRENT"))
  expect_identical(inventory$expires, inventory$materials[[1]]$expires[1])
  expect_near(as.numeric(inventory$expires), as.numeric(Sys.time()) + 40 * 86400)
})

test_that("what is left out is not asked for", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  new_external_key(svc)
  emulator$clear_log()
  byok_inventory(svc, last_use = FALSE, tags = FALSE)
  expect_setequal(calls_to(emulator), c("ListKeys", "ListAliases", "DescribeKey"))
  emulator$clear_log()
  byok_inventory(svc)
  expect_setequal(
    calls_to(emulator), c("ListKeys", "ListAliases", "DescribeKey", "GetKeyLastUsage", "ListResourceTags")
  )
})

test_that("a key that may not be looked at is a row that says so", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  keys <- vapply(1:3, function(i) new_external_key(svc)$KeyId, "")
  emulator$fault("describe_key", code = "AccessDeniedException", kind = "error", status = 400, after = 1, times = 1)
  emulator$fault("list_resource_tags", code = "AccessDeniedException", kind = "error", status = 400, times = 1)
  inventory <- byok_inventory(svc)
  expect_setequal(inventory$key_id, keys)
  expect_setequal(
    inventory$issue, c("ListResourceTags: AccessDeniedException", "DescribeKey: AccessDeniedException", NA)
  )
  unread <- inventory[3, ]
  expect_identical(unread$issue, "DescribeKey: AccessDeniedException")
  expect_identical(unread$state, NA_character_)
  expect_identical(unread$enabled, NA)
})

test_that("aliases that may not be listed are left out with a warning", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  new_external_key(svc)
  emulator$fault("list_aliases", "error", code = "AccessDeniedException", status = 400)
  expect_warning(inventory <- byok_inventory(svc), class = "kmsr_inventory_warning")
  expect_identical(inventory$alias, "")
})

test_that("credentials that end on the way end the listing, which says how far it was", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  for (i in 1:3) new_external_key(svc)
  emulator$fault("describe_key", "error", code = "ExpiredTokenException", status = 400, after = 2)
  expect_message(
    expect_error(byok_inventory(svc), class = "kmsr_ExpiredTokenException"),
    "stopped after 2 of 3 keys. Nothing was changed."
  )
})

test_that("an interrupt ends the listing, which says how far it was", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  for (i in 1:2) new_external_key(svc)
  svc$get_key_last_usage <- function(KeyId) rlang::interrupt()
  expect_message(
    expect_identical(tryCatch(byok_inventory(svc), interrupt = function(e) "interrupted"), "interrupted"),
    "stopped after 0 of 2 keys"
  )
})

test_that("an account without imported keys has an empty inventory", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  svc$create_key()
  inventory <- byok_inventory(svc)
  expect_identical(dim(inventory), c(0L, 20L))
  expect_snapshot(inventory)
  expect_snapshot(byok_expiring(inventory))
  expect_snapshot(summary(inventory), transform = steady)
})

test_that("arguments are checked before anything is sent", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  expect_error(byok_inventory("svc"), class = "kmsr_argument_error")
  expect_error(byok_inventory(svc, last_use = NA), class = "kmsr_argument_error")
  expect_error(byok_inventory(svc, tags = "all"), class = "kmsr_argument_error")
  expect_error(byok_inventory(svc, TRUE))
  expect_length(calls_to(emulator), 0)
})

test_that("the calls with a narrow quota are paced, but not on this machine", {
  aws <- structure(list(.internal = list(config = list(endpoint = ""))), class = "kms_client")
  pace <- kmsr:::new_pace(aws, per_second = 5)
  expect_gt(seconds_of(for (i in 1:6) pace()), 0.95)
  here <- structure(list(.internal = list(config = list(endpoint = "http://127.0.0.1:4599"))), class = "kms_client")
  pace <- kmsr:::new_pace(here, per_second = 5)
  expect_lt(seconds_of(for (i in 1:50) pace()), 0.5)
})

test_that("an inventory reads at a glance", {
  inventory <- every_urgency()
  expect_snapshot(inventory)
  expect_snapshot(summary(inventory))
  expect_snapshot(writeLines(format(keys_over_a_year(30), n = 3)))
})

test_that("rows of an inventory are one, some of its columns are a data frame", {
  inventory <- every_urgency()
  some <- inventory[inventory$key_spec %in% "HMAC_256", ]
  expect_s3_class(some, "kms_inventory")
  expect_identical(attr(some, "as_of"), inventory_day)
  expect_s3_class(head(inventory, 2), "kms_inventory")
  expect_identical(class(inventory[c("alias", "state")]), "data.frame")
  expect_identical(inventory[["alias"]], inventory$alias)
  expect_identical(inventory[1, "state"], "PendingImport")
  expect_identical(class(as.list(inventory)), "list")
})

test_that("inventories of several Regions go together", {
  both <- rbind(every_urgency(), inventory_of(inventory_row(9, 3, "alias/elsewhere", region = "us-west-2")))
  expect_s3_class(both, "kms_inventory")
  expect_identical(nrow(both), 8L)
  expect_identical(kmsr:::inventory_regions(both), c("eu-central-1", "us-west-2"))
})

test_that("an inventory survives being saved", {
  path <- withr::local_tempfile()
  saveRDS(every_urgency(), path)
  expect_identical(readRDS(path), every_urgency())
})
