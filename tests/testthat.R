library(testthat)
library(kmsr)

test_check("kmsr")
