# Wraps, through the installed kmsr, every case that unwrap.py wrote down. In the folder given, cases.tsv names for each
# case its key spec, wrapping algorithm and the files of its material and public key; the result goes to <case>.wrapped.
# Usage: Rscript unwrap.R folder

library(kmsr)

folder <- commandArgs(trailingOnly = TRUE)[[1L]]
read_bytes <- function(name) {
  path <- file.path(folder, name)
  readBin(path, "raw", file.size(path))
}

cases <- read.delim(file.path(folder, "cases.tsv"), colClasses = "character")
for (case in split(cases, seq_len(nrow(cases)))) {
  wrapped <- suppressWarnings(
    wrap_key_material(
      key_material_raw(read_bytes(case$material), case$spec),
      read_bytes(case$public_key),
      case$algorithm
    ),
    # The warning that AWS refuses PKCS#1 v1.5 today, and no other.
    classes = if (case$algorithm == "RSAES_PKCS1_V1_5") "warning" else character()
  )
  writeBin(wrapped, file.path(folder, paste0(case$case, ".wrapped")))
}
