# Many calls at once: what is mapped over, what becomes of failures, pace and interrupts.

# An emulator with a symmetric key.
local_vault <- function(env = parent.frame()) {
  emulator <- local_emulator(env = env)
  svc <- quick_client(emulator)
  list(emulator = emulator, svc = svc, key = svc$create_key()$KeyMetadata$KeyId)
}

plain <- function(results) vapply(results, function(result) rawToChar(result$Plaintext), "")
blobs <- function(results) lapply(results, function(result) result$CiphertextBlob)

test_that("each element gets the result of its own call, in order, whatever the pace", {
  vault <- local_vault()
  values <- sprintf("value %d", 1:3000)
  encrypted <- kms_map(vault$svc$encrypt, KeyId = vault$key, Plaintext = values)
  expect_identical(plain(kms_map(vault$svc$decrypt, CiphertextBlob = blobs(encrypted), max_active = 64)), values)
})

test_that("results are those of the calls alone", {
  vault <- local_vault()
  aliases <- c("alias/a", "alias/b")
  for (alias in aliases) vault$svc$create_alias(alias, vault$key)
  expect_identical(kms_map(vault$svc$describe_key, KeyId = aliases), lapply(aliases, vault$svc$describe_key))
  expect_identical(kms_map(vault$svc$list_keys), list(vault$svc$list_keys()))
})

test_that("exported functions, columns and positions do as well", {
  vault <- local_vault()
  kms_default(vault$svc)
  withr::defer(kms_default(NULL))
  data <- data.frame(Plaintext = c("a", "b"))
  data$KeyId <- vault$key
  expect_identical(plain(kms_map(kms_decrypt, blobs(kms_map(kms_encrypt, !!!data)))), c("a", "b"))
})

test_that("names are those of what is mapped over", {
  vault <- local_vault()
  encrypted <- kms_map(vault$svc$encrypt, vault$key, c(ada = "1", ben = "2"))
  expect_named(encrypted, c("ada", "ben"))
  expect_named(kms_map(vault$svc$encrypt, vault$key, c("1", "2")), NULL)
})

test_that("nothing is mapped to nothing", {
  vault <- local_vault()
  expect_identical(kms_map(vault$svc$encrypt, KeyId = vault$key, Plaintext = character()), list())
  expect_identical(kms_map(vault$svc$decrypt, CiphertextBlob = list()), list())
})

test_that("what an operation takes whole is one value, and a list of those is many", {
  vault <- local_vault()
  svc <- vault$svc
  context <- list(table = "people")
  contexts <- list(list(row = "1"), list(row = "2"))

  same <- kms_map(svc$encrypt, vault$key, c("a", "b"), EncryptionContext = context)
  expect_identical(plain(kms_map(svc$decrypt, blobs(same), EncryptionContext = context)), c("a", "b"))
  other <- kms_map(svc$encrypt, vault$key, c("a", "b"), EncryptionContext = contexts)
  expect_identical(plain(kms_map(svc$decrypt, blobs(other), EncryptionContext = contexts)), c("a", "b"))
  expect_identical(
    kms_map_failures(kms_map(svc$decrypt, blobs(other), EncryptionContext = rev(contexts), on_error = "continue"))$code,
    rep("InvalidCiphertextException", 2)
  )

  # A blob is one value, tags in every form are one value.
  expect_length(kms_map(svc$decrypt, CiphertextBlob = blobs(same)[[1]], EncryptionContext = context), 1)
  keys <- c(vault$key, svc$create_key()$KeyMetadata$KeyId)
  tags_of <- function(key) svc$list_resource_tags(key)$Tags
  kms_map(svc$tag_resource, KeyId = keys, Tags = c(team = "data", stage = "test"))
  expect_identical(lengths(lapply(keys, tags_of)), c(2L, 2L))
  kms_map(svc$tag_resource, KeyId = keys, Tags = list(c(owner = "ada"), c(owner = "ben")))
  owners <- vapply(keys, function(key) Filter(function(tag) tag$TagKey == "owner", tags_of(key))[[1]]$TagValue, "", USE.NAMES = FALSE)
  expect_identical(owners, c("ada", "ben"))
})

test_that("factors, numbers, missing values of a list and times are taken as the operation takes them", {
  server <- local_canned(reply_with())
  svc <- server$client()
  sent <- function(...) {
    before <- server$count()
    kms_map(..., max_active = 1)
    lapply(utils::tail(server$requests(), server$count() - before), function(request) request$json)
  }
  expect_identical(sent(svc$list_keys, Limit = 1:2), list(list(Limit = 1L), list(Limit = 2L)))
  expect_identical(
    sent(svc$describe_key, KeyId = factor(c("x", "y"))), list(list(KeyId = "x"), list(KeyId = "y"))
  )
  expect_identical(
    lapply(sent(svc$list_keys, Limit = list(1, NULL), Marker = "m"), sort_members),
    list(list(Limit = 1L, Marker = "m"), list(Marker = "m"))
  )
  dates <- as.Date(c("2030-01-01", "2030-01-02"))
  expect_identical(
    vapply(
      sent(svc$import_key_material, KeyId = "k", ImportToken = "t", EncryptedKeyMaterial = "m", ValidTo = dates),
      function(request) as.numeric(request$ValidTo), 0
    ),
    as.numeric(dates) * 86400
  )
})

test_that("arguments that do not fit are refused before anything is sent", {
  server <- local_canned()
  svc <- server$client()
  expect_snapshot(error = TRUE, {
    kms_map(svc$decrypt, CiphertextBlob = list(as.raw(1), 2))
    kms_map(svc$describe_key, KeyId = c("a", NA))
    kms_map(svc$decrypt, CipherBlob = list(as.raw(1)))
    kms_map(svc$describe_key, KeyId = "a", Wanted = 1)
    kms_map(svc$describe_key, KeyId = "a", max_activ = 1)
    kms_map(svc$describe_key)
    kms_map(svc$encrypt, KeyId = c("a", "b", "c"), Plaintext = c("a", "b"))
    kms_map(svc$describe_key, "a", list("t"), "b")
    kms_map(svc)
    kms_map(identity, 1)
    kms_map(svc$describe_key, KeyId = "a", max_active = 0)
    kms_map(svc$describe_key, KeyId = "a", rate = -1)
    kms_map(svc$describe_key, KeyId = "a", on_error = "skip")
    kms_map_failures(1)
  })
  expect_identical(server$count(), 0L)
})

test_that("the first failure ends it and keeps what is finished", {
  vault <- local_vault()
  blob <- vault$svc$encrypt(vault$key, "a")$CiphertextBlob
  values <- c(rep(list(blob), 3), list(as.raw(1:9)), rep(list(blob), 40))
  names(values) <- paste0("row", seq_along(values))
  failure <- expect_error(kms_map(vault$svc$decrypt, CiphertextBlob = values, max_active = 1), class = "kmsr_map_error")
  expect_s3_class(failure, c("kmsr_InvalidCiphertextException", "kmsr_service_error", "paws_error"))
  expect_identical(failure$index, 4L)
  expect_identical(plain(failure$results[1:3]), c(row1 = "a", row2 = "a", row3 = "a"))
  expect_s3_class(failure$results$row44, "kmsr_unfinished_error")
  expect_false(failure$results$row44$sent)
  failures <- kms_map_failures(failure)
  expect_identical(failures$code[failures$name == "row4"], "InvalidCiphertextException")
  expect_snapshot(cat(rlang::cnd_message(failure)))
})

test_that("every failure stands in its place when asked to go on", {
  vault <- local_vault()
  blob <- vault$svc$encrypt(vault$key, "a")$CiphertextBlob
  results <- kms_map(vault$svc$decrypt, CiphertextBlob = list(as.raw(1), blob, 3), on_error = "continue")
  expect_snapshot(kms_map_failures(results))
  expect_identical(rawToChar(results[[2]]$Plaintext), "a")
  expect_s3_class(results[[1]], "kmsr_InvalidCiphertextException")
  expect_s3_class(results[[3]], "kmsr_argument_error")
})

test_that("throttled calls take another turn, and are told of in one line", {
  vault <- local_vault()
  svc <- vault$emulator$client(max_retries = 1)
  vault$emulator$fault("describe_key", "throttle", times = 12)
  lines <- utils::capture.output(results <- kms_map(svc$describe_key, KeyId = rep(vault$key, 20)))
  expect_identical(unique(lapply(results, function(result) result$KeyMetadata$KeyId)), list(vault$key))
  expect_length(lines, 1)
  expect_match(lines, "^WARN .*: DescribeKey: throttled 12 times; calls were sent again, and more slowly$")
})

test_that("a rate is kept", {
  vault <- local_vault()
  seconds <- seconds_of(kms_map(vault$svc$describe_key, KeyId = rep(vault$key, 30), rate = 40))
  expect_gt(seconds, 0.65)
})

test_that("an interrupt ends it with what is finished at hand", {
  vault <- local_vault()
  child <- callr::r_bg(
    function(emulator, key) {
      svc <- kmsr::kms(
        config = list(credentials = list(creds = emulator$creds)), endpoint = emulator$endpoint, region = emulator$region
      )
      writeLines("begun")
      caught <- tryCatch(
        kmsr::kms_map(svc$describe_key, KeyId = rep(key, 200), rate = 20),
        interrupt = function(condition) condition
      )
      finished <- vapply(caught$results, is.list, NA) & !vapply(caught$results, inherits, NA, "condition")
      list(class = class(caught), length = length(caught$results), finished = sum(finished), after = length(svc$list_keys()$Keys))
    },
    list(emulator = mget(c("creds", "endpoint", "region"), vault$emulator), key = vault$key),
    stdout = "|"
  )
  withr::defer(child$kill())
  child$poll_io(10000)
  wait_until(function() nrow(vault$emulator$log()) > 5)
  child$interrupt()
  child$wait(10000)
  result <- child$get_result()
  expect_identical(result$class, c("kmsr_map_interrupt", "interrupt", "condition"))
  expect_identical(result$length, 200L)
  expect_gt(result$finished, 2)
  expect_lt(result$finished, 150)
  expect_identical(result$after, 1L)
})

test_that("where somebody is watching, an interrupt returns what is finished with a warning", {
  results <- list(list(Plaintext = as.raw(1)), kmsr:::unfinished_condition(FALSE))
  ended <- list(results = results, failed = integer(), finished = 1, total = 2)
  rlang::with_interactive(value = TRUE, {
    expect_snapshot(returned <- kmsr:::end_interrupted(ended))
    expect_identical(returned, results)
    # Twice within a second is meant.
    expect_identical(tryCatch(kmsr:::end_interrupted(ended), kmsr_map_interrupt = function(e) e$results), results)
  })
})

test_that("it works in a forked child, and in the parent afterwards", {
  testthat::skip_on_os("windows")
  vault <- local_vault()
  ids <- function() vapply(kms_map(vault$svc$describe_key, rep(vault$key, 3)), function(result) result$KeyMetadata$KeyId, "")
  expect_identical(ids(), rep(vault$key, 3))
  expect_identical(parallel::mclapply(1:2, function(i) ids(), mc.cores = 2), rep(list(rep(vault$key, 3)), 2))
  expect_identical(ids(), rep(vault$key, 3))
})
