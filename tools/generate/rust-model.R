# src/rust/crates/model/src/table.rs: the whole API as statics.

rust_model <- function(api) {
  structures <- sort_bytes(unique(api$members$owner[api$members$direction == "structure"]))
  enumerations <- sort_bytes(unique(api$enumerations$enumeration))
  operations <- sort_bytes(api$operations$operation)
  c(
    "use crate::{Enumeration, Operation, Shape, Structure, member};",
    "",
    "/// Every operation of the API, by wire name in ASCII order.",
    "pub static OPERATIONS: &[Operation] = &[",
    unlist(lapply(operations, rust_operation, api = api)),
    "];",
    unlist(lapply(structures, rust_structure, api = api)),
    unlist(lapply(enumerations, rust_enumeration, api = api))
  )
}

rust_operation <- function(operation, api) {
  row <- api$operations[api$operations$operation == operation, ]
  c(
    "    Operation {",
    sprintf("        name: %s,", rust_string(operation)),
    sprintf("        method: %s,", rust_string(row$method)),
    rust_slice("        input: ", rust_members(members_of(api, operation, "input"), api)),
    rust_slice("        output: ", rust_members(members_of(api, operation, "output"), api)),
    rust_slice("        errors: ", rust_string(errors_of(api, operation))),
    sprintf("        page: %s,", if (row$page == "") "None" else sprintf("Some(%s)", rust_string(row$page))),
    "    },"
  )
}

rust_structure <- function(structure, api) {
  c(
    "",
    sprintf("static %s: Structure = Structure {", rust_static(structure)),
    sprintf("    name: %s,", rust_string(structure)),
    rust_slice("    members: ", rust_members(members_of(api, structure, "structure"), api)),
    "};"
  )
}

rust_enumeration <- function(enumeration, api) {
  c(
    "",
    sprintf("static %s: Enumeration = Enumeration {", rust_static(enumeration)),
    sprintf("    name: %s,", rust_string(enumeration)),
    rust_slice("    values: ", rust_string(values_of(api, enumeration))),
    "};"
  )
}

# One element per line, indented under the label.
rust_slice <- function(label, elements) {
  if (length(elements) == 0) return(paste0(label, "&[],"))
  indent <- strrep(" ", nchar(label) - nchar(trimws(label, "left")))
  c(paste0(label, "&["), paste0(indent, "    ", elements, ","), paste0(indent, "],"))
}

rust_members <- function(members, api) {
  vapply(seq_len(nrow(members)), function(i) rust_member(members[i, ], api), "")
}

# Only what differs from a plain member is spelled out: member("KeyId", Shape::String).required().min(1)
rust_member <- function(row, api) {
  paste0(
    sprintf("member(%s, %s)", rust_string(row$member), rust_shape(row$type, api)),
    if (row$required) ".required()",
    if (row$sensitive) ".sensitive()",
    if (row$newer) ".newer()",
    if (!row$in_sdk) ".not_in_sdk()",
    if (!is.na(row$min)) sprintf(".min(%d)", row$min),
    if (!is.na(row$max)) sprintf(".max(%d)", row$max),
    if (row$pattern != "") sprintf(".pattern(%s)", rust_string(row$pattern))
  )
}

rust_shape <- function(type, api) {
  if (is_list_type(type)) return(sprintf("Shape::List(&%s)", rust_shape(element_type(type), api)))
  if (is_enum_type(type)) return(sprintf("Shape::Enum(&%s)", rust_static(enum_name(type))))
  if (is_structure_type(api, type)) return(sprintf("Shape::Structure(&%s)", rust_static(type)))
  shape <- c(
    string = "String", blob = "Blob", timestamp = "Timestamp", boolean = "Boolean", integer = "Integer",
    "map<string,string>" = "Map"
  )
  paste0("Shape::", shape[[type]])
}

rust_static <- function(name) toupper(snake_case(name))

# Raw where there is a backslash to keep. The tables hold no double quotes; one that came would not compile.
rust_string <- function(text) {
  if (length(text) == 0) return(character())
  paste0(ifelse(grepl("\\", text, fixed = TRUE), "r", ""), '"', text, '"')
}
