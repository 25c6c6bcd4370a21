"""Runs an R script against MiniStack, a KMS that is not ours, with signatures checked.

Starts MiniStack on a free loopback port, makes an IAM user with an access key (the root key "test" is never
checked; a user's is), proves with boto3 that the right secret is let in and a wrong one is not, and only then lets
`tests/judges/ministack.R` speak with that user's key. Ends the server that it started, whatever happens.

Usage: python tests/judges/ministack.py
"""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from aws import client
from botocore.exceptions import ClientError
from environment import clean_environment

HERE = pathlib.Path(__file__).parent
REGION = "eu-central-1"


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="kmsr-ministack-") as scratch, server(scratch) as endpoint:
        print(f"MiniStack answers on {endpoint}", flush=True)
        key = user_with_key(endpoint)
        checked_by_the_server(endpoint, key)
        return run_r(endpoint, key, scratch)


@contextlib.contextmanager
def server(scratch):
    """A MiniStack of our own, ended by its process id."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    environment = clean_environment() | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "SERVICES": "kms,sts,iam",
        "AUTH": "true",
        # By default it would open doors of its own for these, on every interface.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "MINISTACK_REGION": REGION,
        "TMPDIR": scratch,
        "HOME": scratch,
    }
    log_path = pathlib.Path(scratch) / "ministack.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=environment, cwd=scratch, stdout=log, stderr=log
        )
    try:
        wait_until_healthy(endpoint, process, log_path)
        yield endpoint
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_healthy(endpoint, process, log_path, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        time.sleep(0.2)
    sys.exit(f"MiniStack did not start:\n{log_path.read_text(errors='replace')[-4000:]}")


def user_with_key(endpoint) -> tuple[str, str]:
    iam = client(endpoint, "iam", REGION, "test", "test")
    iam.create_user(UserName="kmsr")
    iam.attach_user_policy(UserName="kmsr", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="kmsr")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def checked_by_the_server(endpoint, key):
    """Without this a server that checks nothing would look like a client that signs well."""
    key_id, secret = key
    client(endpoint, "kms", REGION, key_id, secret).list_keys()
    wrong = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    try:
        client(endpoint, "kms", REGION, key_id, wrong).list_keys()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        print(f"MiniStack refuses a wrong secret: {code}", flush=True)
    else:
        sys.exit("MiniStack let a wrong secret in: it does not judge signatures.")


def run_r(endpoint, key, scratch) -> int:
    key_id, secret = key
    environment = clean_environment() | {
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_KMS": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.path.join(scratch, "none"),
        "AWS_SHARED_CREDENTIALS_FILE": os.path.join(scratch, "none"),
    }
    return subprocess.run(["Rscript", HERE / "ministack.R"], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
