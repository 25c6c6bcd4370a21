"""Lets boto3 and pyca, which are not ours, judge `kms_emulator()`: does AWS' own client for Python believe it in every flow,
and does what its keys do come out the same elsewhere? In the end every operation that boto3 knows has to have been answered.

Usage: python tests/judges/emulator.py
"""

import contextlib
import json
import pathlib
import subprocess
import sys
import traceback

from environment import clean_environment
from flows import CASES
from flows.account import Account

HERE = pathlib.Path(__file__).parent

# What needs hardware is refused, however it is asked for.
NEEDS_HARDWARE = {
    "ConnectCustomKeyStore",
    "CreateCustomKeyStore",
    "DeleteCustomKeyStore",
    "DisconnectCustomKeyStore",
    "UpdateCustomKeyStore",
}


def main() -> int:
    failed = 0
    with emulator() as facts:
        account = Account(facts)
        cases = (*CASES, completeness)
        for case in cases:
            try:
                case(account)
                print(f"passed  {case.__doc__}")
            except Exception:  # whatever goes wrong is the verdict
                failed += 1
                print(f"failed  {case.__doc__}\n{traceback.format_exc(limit=-2)}")
    print(f"\n{len(cases) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def completeness(account):
    """every operation that boto3 knows was answered, or refused for want of hardware"""
    known = set(account.kms.meta.service_model.operation_names)
    assert known - account.answered == NEEDS_HARDWARE, known - account.answered
    assert NEEDS_HARDWARE <= account.refused, NEEDS_HARDWARE - account.refused


@contextlib.contextmanager
def emulator():
    """An emulator in an R process of its own, which ends with its standard input."""
    process = subprocess.Popen(
        ["Rscript", HERE / "emulator.R"],
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        if not line:
            sys.exit("The emulator did not start.")
        yield json.loads(line)
    finally:
        process.stdin.close()
        process.wait(timeout=30)


if __name__ == "__main__":
    sys.exit(main())
