# No test sees the identity, the proxy or the settings of whoever runs it. What a test needs it sets itself.
local({
  surroundings <- names(Sys.getenv())
  unset <- grep("^(AWS|PAWS|KMSR)_|^(https?|all|no)_proxy$|_CA_BUNDLE$|^SSL_CERT", surroundings, value = TRUE, ignore.case = TRUE)
  nowhere <- tempfile("no-aws-config")
  withr::local_envvar(
    c(
      stats::setNames(rep(NA, length(unset)), unset),
      AWS_CONFIG_FILE = file.path(nowhere, "config"),
      AWS_SHARED_CREDENTIALS_FILE = file.path(nowhere, "credentials"),
      AWS_EC2_METADATA_DISABLED = "true"
    ),
    .local_envir = testthat::teardown_env()
  )
  withr::local_options(kmsr.serialize_secrets = NULL, kmsr.log_level = NULL, .local_envir = testthat::teardown_env())
})
