# Answers the question that a deletion asks.
local_answer <- function(answer, env = parent.frame()) {
  rlang::local_options(rlang_interactive = TRUE, .frame = env)
  namespace <- asNamespace("kmsr")
  original <- namespace$ask
  put <- function(value) {
    unlockBinding("ask", namespace)
    assign("ask", value, namespace)
    lockBinding("ask", namespace)
  }
  put(function(prompt) {
    cat(prompt, answer, "\n", sep = "")
    answer
  })
  withr::defer(put(original), envir = env)
}

state_of <- function(svc, key) svc$describe_key(key$key_id)$KeyMetadata$KeyState

# A key that works with the second of two materials, and has a third waiting.
new_rotated_key <- function(svc, pending = FALSE) {
  receipt <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"), alias = "orders")
  byok_rotate(svc, receipt, key_material_random(), verify = FALSE)
  if (pending) {
    stopped <- svc
    stopped$rotate_key_on_demand <- function(KeyId) stop("not today")
    try(byok_rotate(stopped, receipt, key_material_random(), verify = FALSE), silent = TRUE)
  }
  receipt
}

test_that("the only material goes, the key stops, and the same bytes bring it back", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  for (spec in c("SYMMETRIC_DEFAULT", "HMAC_256")) {
    receipt <- byok_import(svc, material_of(spec))
    deletion <- byok_delete(svc, receipt$key_id, confirm = FALSE)
    expect_s3_class(deletion, "kms_material_deletion")
    expect_identical(deletion$key_arn, receipt$key_arn)
    expect_identical(deletion$key_material_id, receipt$key_material_id)
    expect_identical(deletion$stopped, TRUE)
    expect_identical(deletion$key_state, "PendingImport")
    expect_identical(state_of(svc, receipt), "PendingImport")
    expect_snapshot(deletion, transform = steady)
    expect_error(byok_delete(svc, receipt$key_id, confirm = FALSE), class = "kmsr_argument_error")
    suppressMessages(byok_renew(svc, receipt, material_of(spec), expires = NULL))
    expect_identical(state_of(svc, receipt), "Enabled")
  }
})

test_that("in a script nothing is deleted unless it is said", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  receipt <- byok_import(svc, material_of("HMAC_256"))
  rlang::local_options(rlang_interactive = FALSE)
  expect_snapshot(byok_delete(svc, receipt), error = TRUE)
  expect_error(byok_delete(svc, receipt, confirm = NA), class = "kmsr_argument_error")
  expect_identical(state_of(svc, receipt), "Enabled")
})

test_that("in a session the key's last characters have to be typed", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  receipt <- byok_import(svc, material_of("HMAC_256"), description = "signs callbacks", verify = FALSE)
  ending <- substr(receipt$key_id, 31, 36)
  hide <- function(lines) gsub(ending, "<ending>", steady(lines))
  local({
    local_answer("yes")
    expect_snapshot(byok_delete(svc, receipt), error = TRUE, transform = hide)
    error <- tryCatch(suppressMessages(byok_delete(svc, receipt)), error = identity)
    expect_s3_class(error, "kmsr_unconfirmed_error")
  })
  expect_identical(state_of(svc, receipt), "Enabled")
  local({
    local_answer(paste0(" ", ending, " "))
    utils::capture.output(suppressMessages(byok_delete(svc, receipt)))
  })
  expect_identical(state_of(svc, receipt), "PendingImport")
})

test_that("of several materials the right one has to be named, and the current one twice", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  receipt <- new_rotated_key(svc)
  materials <- kmsr:::list_materials(svc, receipt$key_arn)
  current <- materials$key_material_id[materials$state == "CURRENT"]
  expect_snapshot(error = TRUE, transform = steady, {
    byok_delete(svc, "alias/orders", confirm = FALSE)
    byok_delete(svc, "alias/orders", current, confirm = FALSE)
    byok_delete(svc, "alias/orders", strrep("0", 64), confirm = FALSE)
    byok_delete(svc, "alias/orders", "the first", confirm = FALSE)
  })
  expect_identical(kmsr:::list_materials(svc, receipt$key_arn), materials)

  # A receipt names its own.
  expect_identical(byok_delete(svc, receipt, confirm = FALSE)$key_material_id, receipt$key_material_id)
  expect_error(byok_delete(svc, receipt, confirm = FALSE), class = "kmsr_argument_error")
  expect_identical(byok_delete(svc, receipt$key_id, current, current = TRUE, confirm = FALSE)$key_material_id, current)
})

test_that("material that waits for its rotation goes without harm", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  receipt <- new_rotated_key(svc, pending = TRUE)
  materials <- kmsr:::list_materials(svc, receipt$key_arn)
  expect_identical(materials$state[3], "PENDING_ROTATION")
  deletion <- byok_delete(svc, "alias/orders", materials$key_material_id[3], confirm = FALSE)
  expect_identical(deletion$stopped, FALSE)
  expect_identical(deletion$key_state, "Enabled")
  expect_snapshot(deletion, transform = steady)
  expect_identical(nrow(kmsr:::list_materials(svc, receipt$key_arn)), 2L)
})

test_that("a failure tells whether it happened", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  receipt <- byok_import(svc, material_of("HMAC_256"))
  emulator$fault("delete_imported_key_material", "error", code = "AccessDeniedException", status = 400, times = 1)
  error <- expect_error(byok_delete(svc, receipt, confirm = FALSE), class = "kmsr_deletion_error")
  expect_s3_class(error, "kmsr_AccessDeniedException")
  expect_identical(error$key_state, "Enabled")
  emulator$fault("delete_imported_key_material", "drop", times = 1)
  error <- expect_error(byok_delete(svc, receipt, confirm = FALSE), class = "kmsr_deletion_error")
  expect_identical(error$key_state, "PendingImport")
})

test_that("keys of another origin and unknown keys are refused", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  key <- svc$create_key()$KeyMetadata$KeyId
  expect_error(byok_delete(svc, key, confirm = FALSE), class = "kmsr_key_mismatch_error")
  expect_error(byok_delete(svc, "alias/nobody", confirm = FALSE), class = "kmsr_NotFoundException")
  receipt <- byok_import(svc, material_of("HMAC_256"))
  expect_error(
    byok_delete(svc, receipt, strrep("0", 64), confirm = FALSE), class = "kmsr_argument_error"
  )
  expect_identical(sum(calls_to(emulator) == "DeleteImportedKeyMaterial"), 0L)
})
