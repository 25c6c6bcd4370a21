# Imports in another process, which is killed on the way, without a chance to clean up.

skip_on_os("windows")
skip_on_cran()

# Starts an import in a child that stops before or after a call of an operation, kills it there, and returns the keys it
# left behind.
kill_import <- function(emulator, key_file, method, when) {
  child <- start_child(
    {
      svc <- kms()
      real <- svc[[method]]
      svc[[method]] <- function(...) {
        if (when == "after") real(...)
        cat("here\n")
        Sys.sleep(600)
      }
      byok_import(svc, key_material_file(key_file, "HMAC_256"), alias = "orders", wrapping_key_spec = "RSA_2048")
    },
    method = method, when = when, key_file = key_file,
    env = emulator_env(emulator)
  )
  await_line(child, "here")
  child$signal(9L)
  child$wait(10000)
  expect_false(child$is_alive())
  lapply(quick_client(emulator)$list_keys()$Keys, function(key) key$KeyId)
}

test_that("an import that is killed at any step goes on cleanly from what is there", {
  key_file <- withr::local_tempfile()
  writeBin(as.raw(sample(0:255, 32, replace = TRUE)), key_file)
  material <- key_material_file(key_file, "HMAC_256")
  methods <- c("create_key", "get_parameters_for_import", "import_key_material", "generate_mac", "create_alias")
  for (method in methods) {
    for (when in c("before", "after")) {
      label <- paste(when, method)
      emulator <- local_emulator()
      svc <- quick_client(emulator)
      keys <- kill_import(emulator, key_file, method, when)
      expect_length(keys, if (label == "before create_key") 0 else 1)

      receipt <- if (length(keys) == 0) {
        byok_import(svc, material, alias = "orders")
      } else {
        byok_import(svc, material, key_id = keys[[1]])
      }
      expect_identical(receipt$proof$proven, TRUE, label = label)
      expect_length(svc$list_keys()$Keys, 1)
      named <- length(svc$list_aliases()$Aliases) == 1
      expect_identical(named, label %in% c("before create_key", "after create_alias"), label = label)
    }
  }
})

test_that("an interrupted import says what has become of the key", {
  emulator <- local_emulator()
  child <- start_child(
    {
      svc <- kms()
      svc$import_key_material <- function(...) {
        cat("here\n")
        Sys.sleep(600)
      }
      byok_import(svc, key_material_random("HMAC_256"), wrapping_key_spec = "RSA_2048")
    },
    env = emulator_env(emulator)
  )
  await_line(child, "here")
  child$interrupt()
  child$wait(10000)
  said <- paste(readLines(child$get_error_file()), collapse = "\n")
  key <- quick_client(emulator)$list_keys()$Keys[[1]]
  expect_match(said, "The import was interrupted", fixed = TRUE)
  expect_match(said, sprintf("byok_import(svc, key_material, key_id = \"%s\")", key$KeyId), fixed = TRUE)
})

# Stops a child between the writing of a file and its move to its place.
stop_at_rename <- quote(suppressMessages(trace("file.rename", quote({
  cat("here\n")
  Sys.sleep(600)
}), where = baseenv(), print = FALSE)))

test_that("a request that is killed while it is written leaves no half file, and a key to go on with", {
  emulator <- local_emulator()
  path <- withr::local_tempfile(fileext = ".json")
  child <- start_child(
    {
      eval(stop_at_rename)
      byok_request(kms(), path = path, key_spec = "HMAC_256", wrapping_key_spec = "RSA_2048")
    },
    path = path, stop_at_rename = stop_at_rename, env = emulator_env(emulator)
  )
  await_line(child, "here")
  child$signal(9L)
  expect_false(file.exists(path))

  svc <- quick_client(emulator)
  request <- byok_request(svc, svc$list_keys()$Keys[[1]]$KeyId, path)
  expect_identical(byok_submit(svc, byok_wrap(request, material_of("HMAC_256")))$proof$proven, TRUE)
})

test_that("a wrapping that is killed while it is written leaves the request as it was", {
  emulator <- local_emulator()
  svc <- quick_client(emulator)
  folder <- withr::local_tempdir()
  request <- byok_request(svc, path = file.path(folder, "orders.json"), key_spec = "HMAC_256")
  before <- read_bytes(request$path)
  # Even when it is to be written in its own place.
  child <- start_child(
    {
      eval(stop_at_rename)
      byok_wrap(path, key_material_random("HMAC_256"), path = path)
    },
    path = request$path, stop_at_rename = stop_at_rename
  )
  await_line(child, "here")
  child$signal(9L)
  child$wait(10000)
  expect_identical(read_bytes(request$path), before)
  expect_identical(byok_submit(svc, byok_wrap(request$path, material_of("HMAC_256")))$proof$proven, TRUE)
})

test_that("a submission that is killed at any step is submitted again", {
  methods <- c("import_key_material", "generate_mac", "create_alias")
  for (method in methods) {
    for (when in c("before", "after")) {
      emulator <- local_emulator()
      svc <- quick_client(emulator)
      folder <- withr::local_tempdir()
      request <- byok_request(
        svc, path = file.path(folder, "orders.json"), key_spec = "HMAC_256", alias = "orders", wrapping_key_spec = "RSA_2048"
      )
      wrapped <- byok_wrap(request, material_of("HMAC_256"))
      child <- start_child(
        {
          svc <- kms()
          real <- svc[[method]]
          svc[[method]] <- function(...) {
            if (when == "after") real(...)
            cat("here\n")
            Sys.sleep(600)
          }
          byok_submit(svc, path)
        },
        method = method, when = when, path = wrapped$path, env = emulator_env(emulator)
      )
      await_line(child, "here")
      child$signal(9L)
      receipt <- byok_submit(svc, wrapped$path)
      expect_identical(receipt$proof$proven, TRUE, label = paste(when, method))
      expect_identical(svc$describe_key("alias/orders")$KeyMetadata$Arn, receipt$key_arn)
      expect_length(svc$list_keys()$Keys, 1)
    }
  }
})
