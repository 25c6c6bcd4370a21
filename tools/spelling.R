# Looks for words that are neither British English nor in inst/WORDLIST: in the help pages, vignettes, README and NEWS.
# Usage: Rscript tools/spelling.R

unknown <- spelling::spell_check_package(".")
if (nrow(unknown) > 0) {
  print(unknown)
  message("Mend them, or add what is right to inst/WORDLIST.")
  quit(save = "no", status = 1)
}
