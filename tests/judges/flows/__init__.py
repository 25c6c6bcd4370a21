"""What people do with AWS KMS, as cases for boto3: functions that take an account, and say in their first line what holds."""

from flows import data, imports, upkeep

CASES = (*imports.CASES, *data.CASES, *upkeep.CASES)
