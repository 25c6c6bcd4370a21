# Values that nobody should pass for an argument, and some that look as if. Each entry is the value and, by the kind of
# argument (see kind_of()), the JSON it means there; where nothing is said it means nothing and must be refused.

hostile <- function(value, ...) list(value = value, means = list(...))

# Means that the argument is left out.
absent <- structure(list(), class = "absent")

hostile_values <- function() {
  nothing <- function(value) {
    hostile(
      value,
      string = absent, blob = absent, timestamp = absent, boolean = absent, integer = absent, list = absent, tags = absent,
      map = absent, structure = absent
    )
  }
  one_string <- function(value, text) hostile(value, string = text, blob = base64(charToRaw(text)), list = list(text))
  deep <- function(depth, wrap) Reduce(function(inner, i) wrap(inner), seq_len(depth), "x")
  methods::setClass("HostilePoint", representation(x = "numeric"), where = environment())
  methods::setClass("HostileText", contains = "character", where = environment())
  active <- new.env()
  makeActiveBinding("x", function() stop("looked at"), active)

  list(
    `NULL` = nothing(NULL),
    `no string` = nothing(character()),
    `no list` = nothing(list()),
    `no names` = nothing(stats::setNames(list(), character())),
    `no bytes` = nothing(raw()),
    `no number` = nothing(numeric()),
    `no truth` = nothing(logical()),
    `no complex` = nothing(complex()),
    `no row` = nothing(data.frame()),
    `no level` = nothing(factor()),

    `NA` = hostile(NA),
    `NA string` = hostile(NA_character_),
    `NA among strings` = hostile(c("a", NA)),
    `NA integer` = hostile(NA_integer_),
    `NA number` = hostile(NA_real_),
    `NaN` = hostile(NaN),
    `Inf` = hostile(Inf),
    `-Inf` = hostile(-Inf),
    `NA factor` = hostile(factor(NA)),
    `NA time` = hostile(as.POSIXct(NA)),
    `NA complex` = hostile(NA_complex_),

    `NA in letters` = one_string("NA", "NA"),
    `NULL in letters` = one_string("NULL", "NULL"),
    `empty string` = hostile("", string = "", blob = "", list = list("")),
    `injection` = one_string("\"},\"KeyId\":\"other\"", "\"},\"KeyId\":\"other\""),
    `control characters` = one_string("a\r\nHost: b\t\u001b[31m\u007f\u2028", "a\r\nHost: b\t\u001b[31m\u007f\u2028"),
    `beyond the plane` = one_string("\U1F511\u00e9\u202e", "\U1F511\u00e9\u202e"),
    `braces` = one_string("{stop('evaluated')} %s \\ $HOME `ls`", "{stop('evaluated')} %s \\ $HOME `ls`"),
    `file url` = one_string("file:///etc/passwd", "file:///etc/passwd"),
    `classed string` = one_string(structure("a", class = c("glue", "character")), "a"),
    `class in bad bytes` = one_string(structure("a", class = `Encoding<-`("\xff", "bytes")), "a"),
    `S4 string` = one_string(methods::new("HostileText", "a"), "a"),
    `string with attributes` = one_string(structure("a", dim = 1L, comment = "c"), "a"),
    `deferred string` = hostile(as.character(7L), string = "7", blob = base64(charToRaw("7")), integer = 7L, list = list("7")),
    `two strings` = hostile(c("a", "b"), list = list("a", "b")),
    `invalid UTF-8` = hostile(`Encoding<-`("a\xff", "UTF-8")),
    `bytes` = hostile(`Encoding<-`("a\xff", "bytes")),
    `named string` = hostile(
      c(a = "b"),
      string = "b", blob = base64(charToRaw("b")), list = list("b"), map = list(a = "b"),
      tags = list(list(TagKey = "a", TagValue = "b"))
    ),
    `string named NA` = hostile(
      `attr<-`("b", "names", NA_character_), string = "b", blob = base64(charToRaw("b")), list = list("b")
    ),
    `same name twice` = hostile(
      list(a = "b", a = "c"),
      list = list("b", "c"), tags = list(list(TagKey = "a", TagValue = "b"), list(TagKey = "a", TagValue = "c"))
    ),
    `half named` = hostile(list(a = "b", "c"), list = list("b", "c")),

    `zero` = hostile(0, string = "0", boolean = FALSE, integer = 0L, timestamp = 0L),
    `one` = hostile(1L, string = "1", boolean = TRUE, integer = 1L, timestamp = 1L),
    `minus zero` = hostile(-0, string = "0", boolean = FALSE, integer = 0L, timestamp = 0L),
    `half` = hostile(0.5, string = "0.5", timestamp = 0L),
    `too large for an integer` = hostile(2^31, string = "2147483648", timestamp = 2147483648),
    `largest number` = hostile(.Machine$double.xmax),
    `compact sequence` = hostile(1:3),
    `huge compact sequence` = hostile(seq_len(1e10)),
    `integer64` = hostile(structure(1, class = "integer64")),
    `matrix` = hostile(matrix(1:4, 2)),
    `complex` = hostile(1i),
    `TRUE` = hostile(TRUE, string = "TRUE", boolean = TRUE),
    `two truths` = hostile(c(TRUE, FALSE)),
    `byte` = hostile(as.raw(0), blob = "AA=="),
    `Date` = hostile(as.Date("2030-01-01"), timestamp = 1893456000L),
    `time` = hostile(gmt(1893456000.9), timestamp = 1893456000L),
    `broken time` = hostile(structure(list("a"), class = c("POSIXct", "POSIXt"))),
    `broken POSIXlt` = hostile(structure(list(sec = "a"), class = c("POSIXlt", "POSIXt"))),
    `broken Date` = hostile(structure("a", class = "Date"), string = "a", blob = base64(charToRaw("a")), list = list("a")),
    `time span` = hostile(as.difftime(1, units = "weeks")),
    `broken factor` = hostile(structure(9L, levels = "a", class = "factor")),
    `broken levels` = hostile(structure(1L, levels = list(1), class = "factor")),
    `broken table` = hostile(structure(list(a = "x", b = c("y", "z")), class = "data.frame", row.names = 1:9)),
    `table` = hostile(data.frame(a = 1:2, b = 3:4)),
    `version` = hostile(package_version("1.2.3")),

    `list of NULL` = hostile(list(NULL)),
    `list of list` = hostile(list(list(list("a")))),
    `deep list` = hostile(deep(1000, list)),
    `deep named list` = hostile(deep(1000, function(inner) list(a = inner))),
    `list with a function` = hostile(list(a = mean)),
    `pairlist` = hostile(pairlist(a = "b", c = "d")),
    `function` = hostile(function(x) x),
    `primitive` = hostile(sum),
    `environment` = hostile(new.env()),
    `empty environment` = hostile(emptyenv()),
    `active binding` = hostile(active),
    `classed environment` = hostile(structure(new.env(), class = c("POSIXct", "POSIXt"))),
    `symbol` = hostile(quote(a)),
    `call` = hostile(quote(stop("evaluated"))),
    `named call` = hostile(quote(f(a = "b"))),
    `formula` = hostile(a ~ b),
    `expression` = hostile(expression(a, b)),
    `empty expression` = hostile(expression()),
    `S4 object` = hostile(methods::new("HostilePoint", x = 1)),
    `external pointer` = hostile(methods::getClass("externalptr")@prototype),
    `namespace` = hostile(asNamespace("kmsr")),
    `client` = hostile(kms(region = "us-east-1")),
    `connection` = hostile(stdin()),
    `condition` = hostile(simpleError("raised")),
    `byte code` = hostile(compiler::compile(quote(a + b)))
  )
}

base64 <- function(bytes) gsub("\n", "", jsonlite::base64_enc(bytes), fixed = TRUE)
