skip_if_not_installed("repr")

# HTML that any browser reads: parsed strictly, without scripts, without colours of its own for text and ground.
expect_sound_html <- function(html) {
  expect_length(html, 1)
  expect_no_match(html, "<script|javascript:|onclick|background", ignore.case = TRUE)
  skip_if_not_installed("xml2")
  entities <- gsub("&(ndash|#[0-9]+);", "-", html)
  expect_silent(page <- xml2::read_xml(paste0("<div>", gsub("<br>", "<br/>", entities), "</div>")))
  invisible(page)
}

expect_no_match <- function(object, regexp, ...) {
  expect_length(grep(regexp, object, ...), 0)
}

cells <- function(page) trimws(xml2::xml_text(xml2::xml_find_all(page, ".//td")))

test_that("clients, emulators, material, receipts and proofs are tables of what they print", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  receipt <- byok_import(svc, material_of("HMAC_256"), alias = "webhooks")

  page <- expect_sound_html(repr::repr_html(svc))
  expect_identical("eu-central-1" %in% cells(page), TRUE)
  expect_no_match(repr::repr_html(svc), .subset2(emulator$creds, "secret_access_key"), fixed = TRUE)
  page <- expect_sound_html(repr::repr_html(emulator))
  expect_identical(emulator$endpoint %in% cells(page), TRUE)
  expect_no_match(repr::repr_html(emulator), .subset2(emulator$creds, "secret_access_key"), fixed = TRUE)
  expect_match(repr::repr_html(material_of("HMAC_256")), "HMAC_256, 32 bytes, &lt;REDACTED&gt;")
  page <- expect_sound_html(repr::repr_html(receipt))
  expect_identical(cells(page)[1:6], c(
    "Key", receipt$key_arn, "Alias", "alias/webhooks", "Spec", "HMAC_256, GENERATE_VERIFY_MAC"
  ))
  page <- expect_sound_html(repr::repr_html(receipt$proof))
  expect_match(xml2::xml_text(page), "equals the one computed with the material")
})

test_that("rotations and deletions are tables too", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  receipt <- byok_import(svc, material_of("SYMMETRIC_DEFAULT"))
  rotation <- byok_rotate(svc, receipt, key_material_random())
  page <- expect_sound_html(repr::repr_html(rotation))
  expect_identical(rotation$new %in% cells(page), TRUE)
  expect_match(repr::repr_html(rotation), "ok: what was encrypted before decrypts (eu-central-1)<br>ok: new", fixed = TRUE)
  expect_length(xml2::xml_find_all(page, ".//li"), length(rotation$notes))
  expect_sound_html(repr::repr_html(byok_delete(svc, receipt, confirm = FALSE)))
})

test_that("plans and bundles show in a notebook", {
  emulator <- local_emulator("eu-central-1")
  svc <- quick_client(emulator)
  plan <- byok_plan(svc, data.frame(key_spec = rep("HMAC_256", 30)), expires = "2 years")
  page <- expect_sound_html(repr::repr_html(plan))
  expect_identical("CreateKey" %in% cells(page), TRUE)
  expect_length(xml2::xml_find_all(page, ".//li"), nrow(unique(attr(plan, "findings")[c("message", "advice")])))
  expect_match(repr::repr_text(plan), "^<kms_import_plan> 30 keys")
  path <- withr::local_tempfile(fileext = ".json")
  expect_sound_html(repr::repr_html(byok_request(svc, path = path, key_spec = "HMAC_256")))
})

test_that("an inventory is a table with a sign for each urgency", {
  inventory <- every_urgency()
  page <- expect_sound_html(repr::repr_html(inventory))
  expect_length(xml2::xml_find_all(page, ".//tbody/tr"), 7)
  first <- trimws(xml2::xml_text(xml2::xml_find_all(page, ".//tbody/tr/td[1]")))
  expect_identical(sub("^\\S+ ", "", first), c(
    "no material", "36 hours", "20 days", "200 days", "never expires", "being deleted", "unreadable"
  ))
  expect_match(repr::repr_text(inventory), "^<kms_inventory> 7 imported keys")
  expect_sound_html(repr::repr_html(summary(inventory)))
  expect_match(repr::repr_html(inventory[0, ]), "No keys with imported material in eu-central-1")
  expect_match(repr::repr_html(keys_over_a_year(80)), "and 20 more")
  # With columns left out it is a data frame like any other.
  expect_match(repr::repr_html(inventory["alias"]), "A data.frame")
})

test_that("text from outside is escaped", {
  hostile <- "<script>alert(\"1\") & 'x'</script>"
  row <- inventory_row(1, 3, hostile)
  row$tags <- stats::setNames(hostile, hostile)
  row$issue <- hostile
  row$metadata$KeySpec <- hostile
  html <- repr::repr_html(inventory_of(row))
  expect_sound_html(html)
  expect_match(html, "&lt;script&gt;alert(&quot;1&quot;) &amp; &#39;x&#39;&lt;/script&gt;", fixed = TRUE)
})

test_that("signs are set in colours that show on light and on dark ground", {
  luminance <- function(colour) {
    channel <- grDevices::col2rgb(colour)[, 1] / 255
    linear <- ifelse(channel <= 0.03928, channel / 12.92, ((channel + 0.055) / 1.055)^2.4)
    sum(linear * c(0.2126, 0.7152, 0.0722))
  }
  for (colour in kmsr:::html_colours) {
    light <- luminance(colour)
    # 3 to 1 is what WCAG asks for graphics, on white and on the dark theme's #111111.
    expect_gt(1.05 / (light + 0.05), 3)
    expect_gt((light + 0.05) / (luminance("#111111") + 0.05), 3)
  }
})

test_that("an import of many keys shows its summary and its rows", {
  emulator <- local_emulator("eu-central-1")
  rows <- data.frame(id = c("one", "two"), alias = c("one", "two"))
  rows$material <- list(material_of("HMAC_256"), key_material_random("HMAC_256"))
  many <- byok_import_many(quick_client(emulator), rows, ledger = withr::local_tempfile(), progress = FALSE)
  page <- expect_sound_html(repr::repr_html(many))
  expect_identical(all(c("one", "two", many$key_id) %in% cells(page)), TRUE)
  expect_match(repr::repr_text(many), "^<kms_import_many> 2 keys: 2 done")
  expect_sound_html(repr::repr_html(summary(many)))
  expect_match(repr::repr_html(many["id"]), "A data.frame")
})

test_that("a situation report keeps its lines apart", {
  lines <- c("<kms_sitrep> where this client stands", "  Region:        none", "  Identity:      ! no answer", "                 i Check")
  expect_match(html_lines <- kmsr:::html_card(lines, below = "Identity"), "! no answer<br>i Check", fixed = TRUE)
  expect_sound_html(html_lines)
  emulator <- local_emulator("eu-central-1")
  page <- expect_sound_html(repr::repr_html(kms_sitrep(quick_client(emulator))))
  expect_identical("eu-central-1" %in% cells(page), TRUE)
})
