# src/rust/crates/client/src/sdk/table.rs: every operation's way into the SDK's builders, as rows for three macros.

rust_sdk <- function(api) {
  operations <- sort_bytes(api$operations$operation)
  reachable <- request_types(api)
  structures <- sort_bytes(reachable[is_structure_type(api, reachable)])
  enumerations <- sort_bytes(enum_name(reachable[is_enum_type(reachable)]))
  c(
    "operations! {",
    unlist(lapply(operations, function(operation) {
      method <- api$operations$method[api$operations$operation == operation]
      sdk_row(paste0(operation, ", ", method, ", ", operation, "Input"), members_of(api, operation, "input"))
    })),
    "}",
    "",
    "structures! {",
    unlist(lapply(structures, function(structure) sdk_row(structure, members_of(api, structure, "structure")))),
    "}",
    "",
    "enumerations! {",
    commas(paste0("    ", enumerations)),
    "}"
  )
}

# The types a request can hold as far as the SDK knows them, nested ones too.
request_types <- function(api) {
  known <- api$members[api$members$in_sdk, ]
  found <- character()
  wanted <- unique(type_leaf(known$type[known$direction == "input"]))
  while (length(wanted) > 0) {
    found <- c(found, wanted)
    nested <- known$type[known$direction == "structure" & known$owner %in% wanted]
    wanted <- setdiff(type_leaf(nested), found)
  }
  found
}

sdk_row <- function(head, members) {
  members <- members$member[members$in_sdk]
  if (length(members) == 0) return(sprintf("    %s {}", head))
  setters <- sprintf('"%s" => set_%s', members, snake_case(members))
  row <- sprintf("    %s { %s }", head, paste(setters, collapse = ", "))
  if (nchar(row) <= line_width) return(row)
  c(sprintf("    %s {", head), commas(paste0("        ", setters)), "    }")
}
