"""How long the emulator takes to answer DescribeKey: one connection, one request after the other, signed ahead, so that what is
measured is the emulator and the loopback, not the client.

Usage: PYTHONPATH=tests/judges python bench/describe-key.py
"""

import json
import socket
import time
import urllib.parse

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from foreground import emulator

WARM_UP = 500
CALLS = 5000


def main():
    with emulator() as environment:
        endpoint = environment["AWS_ENDPOINT_URL_KMS"]
        host = urllib.parse.urlsplit(endpoint)
        with socket.create_connection((host.hostname, host.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            created = ask(connection, signed(environment, "CreateKey", {}))
            key_id = json.loads(created)["KeyMetadata"]["KeyId"]
            request = signed(environment, "DescribeKey", {"KeyId": key_id})
            seconds = []
            for _ in range(WARM_UP + CALLS):
                start = time.perf_counter()
                answer = ask(connection, request)
                seconds.append(time.perf_counter() - start)
                assert key_id.encode() in answer, answer
    seconds = sorted(seconds[WARM_UP:])
    median, late = seconds[CALLS // 2], seconds[CALLS * 99 // 100]
    print(f"DescribeKey: median {median * 1e6:.0f} us, 99th percentile {late * 1e6:.0f} us, of {CALLS} calls")


def signed(environment, operation, members) -> bytes:
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"TrentService.{operation}"}
    body = json.dumps(members).encode()
    request = AWSRequest("POST", environment["AWS_ENDPOINT_URL_KMS"] + "/", headers, body)
    keys = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(keys, "kms", environment["AWS_REGION"]).add_auth(request)
    host = urllib.parse.urlsplit(environment["AWS_ENDPOINT_URL_KMS"]).netloc
    lines = [f"{name}: {value}" for name, value in request.headers.items()]
    lines += [f"Host: {host}", f"Content-Length: {len(body)}"]
    return "\r\n".join(["POST / HTTP/1.1", *lines, "", ""]).encode() + body


def ask(connection, request) -> bytes:
    """The answer's body."""
    connection.sendall(request)
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0].split()[1] == b"200", received
    length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length"))
    while len(body) < length:
        body += connection.recv(65536)
    return body


if __name__ == "__main__":
    main()
