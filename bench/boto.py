"""The same calls with boto3.

Usage: boto.py URL. Reads commands from standard input, one a line, and answers each with the seconds it took:
`parameters N`, `describe N` (one call after the other), `decrypt N THREADS` (so many at once).
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"

client = boto3.client(
    "kms",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="AKIDEXAMPLE",
    aws_secret_access_key="secret",
    config=Config(max_pool_connections=64),
)


def parameters(count):
    for _ in range(count):
        client.get_parameters_for_import(
            KeyId=KEY, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_4096"
        )


def describe(count):
    for _ in range(count):
        client.describe_key(KeyId=KEY)


def decrypt(count, threads):
    blob = bytes([7]) * 184
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda _: client.decrypt(CiphertextBlob=blob), range(count)):
            pass


commands = {"parameters": parameters, "describe": describe, "decrypt": decrypt}
for line in sys.stdin:
    name, *numbers = line.split()
    start = time.perf_counter()
    commands[name](*map(int, numbers))
    print(time.perf_counter() - start, flush=True)
