"""An emulator in the foreground mode that is for other languages, and what it prints as a client's environment."""

import contextlib
import os
import signal
import subprocess

from environment import clean_environment

VARIABLES = ("AWS_ENDPOINT_URL_KMS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")


@contextlib.contextmanager
def emulator(*arguments):
    """The environment for a client: the four lines, and nothing else of anybody's AWS settings."""
    call = f"kmsr::kms_emulator({', '.join((*arguments, 'wait = TRUE'))})"
    process = subprocess.Popen(
        ["Rscript", "-e", call], env=clean_environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        lines = [process.stdout.readline().rstrip("\n") for _ in VARIABLES]
        printed = dict(line.partition("=")[::2] for line in lines)
        assert tuple(printed) == VARIABLES, lines
        yield clean_environment() | printed | {"HOME": os.devnull}
    finally:
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=30)[0]
    assert rest == "", f"more than four lines: {rest}"
