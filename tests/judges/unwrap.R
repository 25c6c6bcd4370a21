# Wraps, through the installed kmsr, every case that unwrap.py wrote down. In the folder given, cases.tsv names for each
# case the files of its material and public key, the wrapping algorithm, and the key spec if the material is to be wrapped
# as a key material object (without one as plain bytes); the result goes to <case>.wrapped.
# Usage: Rscript unwrap.R folder

library(kmsr)

folder <- commandArgs(trailingOnly = TRUE)[[1L]]
read_bytes <- function(name) {
  path <- file.path(folder, name)
  readBin(path, "raw", file.size(path))
}

cases <- read.delim(file.path(folder, "cases.tsv"), colClasses = "character")
for (case in split(cases, seq_len(nrow(cases)))) {
  material <- read_bytes(case$material)
  if (nzchar(case$spec)) material <- key_material_raw(material, case$spec)
  wrapped <- suppressWarnings(
    wrap_key_material(material, read_bytes(case$public_key), case$algorithm),
    # That AWS refuses PKCS#1 v1.5 is known.
    classes = "kmsr_deprecated_algorithm_warning"
  )
  writeBin(wrapped, file.path(folder, paste0(case$case, ".wrapped")))
}
