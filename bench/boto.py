"""The same calls with boto3, and the same wrapping with OpenSSL by way of cryptography.

Usage: boto.py URL. Reads commands from standard input, one a line, and answers each with the seconds it took:
`parameters N`, `list N` (one call after the other), `decrypt N THREADS` (so many at once), `oaep N` (32 bytes under an
RSA-4096 key).
"""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

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


def list_keys(count):
    for _ in range(count):
        client.list_keys(Limit=1000)


def decrypt(count, threads):
    blob = bytes([7]) * 184
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda _: client.decrypt(CiphertextBlob=blob), range(count)):
            pass


def oaep(count):
    # The padding is what KMS asks for; the key is made in advance, as KMS' is.
    scheme = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    material = os.urandom(32)
    for _ in range(count):
        wrapping_key.encrypt(material, scheme)


wrapping_key = rsa.generate_private_key(public_exponent=65537, key_size=4096).public_key()
commands = {"parameters": parameters, "list": list_keys, "decrypt": decrypt, "oaep": oaep}
for line in sys.stdin:
    name, *numbers = line.split()
    start = time.perf_counter()
    commands[name](*map(int, numbers))
    print(time.perf_counter() - start, flush=True)
