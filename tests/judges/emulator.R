# Starts kms_emulator() of the installed kmsr, writes what a client needs as one line of JSON, and ends when its standard
# input does. Started by emulator.py.

library(kmsr)

emulator <- kms_emulator(region = "eu-central-1")
cat(jsonlite::toJSON(
  list(
    endpoint = emulator$endpoint,
    region = emulator$region,
    key_id = emulator$creds$access_key_id,
    secret = emulator$creds$secret_access_key
  ),
  auto_unbox = TRUE
), "\n", sep = "")
invisible(readLines(file("stdin")))
emulator$stop()
