"""Lets boto3 and pyca, which are not ours, judge `kms_emulator()`: does AWS' own client for Python believe it, and does
what it does with an imported key come out the same elsewhere?

Usage: python tests/judges/emulator.py
"""

import contextlib
import datetime
import hashlib
import hmac
import json
import os
import pathlib
import subprocess
import sys
import traceback

from aws import client
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from environment import clean_environment

HERE = pathlib.Path(__file__).parent
OAEP_SHA_256 = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
OAEP_SHA_1 = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)


def main() -> int:
    failed = 0
    with emulator() as facts:
        kms = client(facts["endpoint"], "kms", facts["region"], facts["key_id"], facts["secret"])
        for case in CASES:
            try:
                case(kms, facts)
                print(f"passed  {case.__doc__}")
            except Exception:  # whatever goes wrong is the verdict
                failed += 1
                print(f"failed  {case.__doc__}\n{traceback.format_exc(limit=-2)}")
    print(f"\n{len(CASES) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


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


# --- The cases --------------------------------------------------------------------------------------------------------


def wrong_secret(_kms, facts):
    """a wrong secret and an unknown access key are refused"""
    secret = "x" * len(facts["secret"])
    liar = client(facts["endpoint"], "kms", facts["region"], facts["key_id"], secret)
    refused("InvalidSignatureException", liar.list_keys)
    stranger = client(facts["endpoint"], "kms", facts["region"], "AKIAUNKNOWN0000000AA", facts["secret"])
    refused("UnrecognizedClientException", stranger.list_keys)


def symmetric(kms, _facts):
    """a symmetric key, imported by OAEP, encrypts and decrypts bound to its context"""
    key = create(kms, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    answer = import_material(kms, key, os.urandom(32), "RSAES_OAEP_SHA_256", "RSA_4096")
    assert len(answer["KeyMaterialId"]) == 64, answer
    secret = os.urandom(200)
    sealed = kms.encrypt(KeyId=key, Plaintext=secret, EncryptionContext={"a": "1"})["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"a": "1"})
    assert opened["Plaintext"] == secret
    assert opened["KeyMaterialId"] == answer["KeyMaterialId"]
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=sealed, EncryptionContext={"a": "2"})


def hmac_key(kms, _facts):
    """an HMAC key makes the MACs that Python makes"""
    material = os.urandom(48)
    key = create(kms, "HMAC_384", "GENERATE_VERIFY_MAC")
    import_material(kms, key, material, "RSAES_OAEP_SHA_1", "RSA_3072")
    message = os.urandom(100)
    mac = kms.generate_mac(KeyId=key, Message=message, MacAlgorithm="HMAC_SHA_384")["Mac"]
    assert mac == hmac.new(material, message, hashlib.sha384).digest()
    assert kms.verify_mac(KeyId=key, Message=message, MacAlgorithm="HMAC_SHA_384", Mac=mac)["MacValid"]


def rsa_key(kms, _facts):
    """an RSA key has the public key that was imported, and pyca verifies its signatures"""
    local = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    key = create(kms, "RSA_3072", "SIGN_VERIFY")
    import_material(kms, key, pkcs8(local), "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048")
    assert kms.get_public_key(KeyId=key)["PublicKey"] == spki(local)
    message = os.urandom(100)
    sign = {"KeyId": key, "Message": message}
    pkcs1 = kms.sign(**sign, SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256")["Signature"]
    local.public_key().verify(pkcs1, message, padding.PKCS1v15(), hashes.SHA256())
    pss = kms.sign(**sign, SigningAlgorithm="RSASSA_PSS_SHA_512")["Signature"]
    salted = padding.PSS(padding.MGF1(hashes.SHA512()), hashes.SHA512.digest_size)
    local.public_key().verify(pss, message, salted, hashes.SHA512())


def rsa_decryption_key(kms, _facts):
    """an RSA key decrypts what pyca encrypted"""
    local = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key = create(kms, "RSA_2048", "ENCRYPT_DECRYPT")
    import_material(kms, key, pkcs8(local), "RSA_AES_KEY_WRAP_SHA_1", "RSA_4096")
    secret = os.urandom(64)
    sealed = local.public_key().encrypt(secret, OAEP_SHA_256)
    opened = kms.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    assert opened["Plaintext"] == secret


def ecc_key(kms, _facts):
    """elliptic curve keys of every curve have the public key that was imported, and pyca verifies their signatures"""
    for spec, curve, digest, algorithm in (
        ("ECC_NIST_P256", ec.SECP256R1(), hashes.SHA256(), "ECDSA_SHA_256"),
        ("ECC_NIST_P384", ec.SECP384R1(), hashes.SHA384(), "ECDSA_SHA_384"),
        ("ECC_NIST_P521", ec.SECP521R1(), hashes.SHA512(), "ECDSA_SHA_512"),
        ("ECC_SECG_P256K1", ec.SECP256K1(), hashes.SHA256(), "ECDSA_SHA_256"),
    ):
        local = ec.generate_private_key(curve)
        key = create(kms, spec, "SIGN_VERIFY")
        import_material(kms, key, pkcs8(local), "RSA_AES_KEY_WRAP_SHA_256", "RSA_4096")
        assert kms.get_public_key(KeyId=key)["PublicKey"] == spki(local), spec
        message = os.urandom(100)
        signature = kms.sign(KeyId=key, Message=message, SigningAlgorithm=algorithm)["Signature"]
        local.public_key().verify(signature, message, ec.ECDSA(digest))


def refusals(kms, _facts):
    """imports that AWS refuses are refused with AWS' codes, and a failed one does not use up the token"""
    key = create(kms, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    refused("KMSInvalidStateException", kms.encrypt, KeyId=key, Plaintext=b"too early")
    parameters = get_parameters(kms, key, "RSAES_OAEP_SHA_256", "RSA_2048")
    token, public_key = parameters["ImportToken"], parameters["PublicKey"]
    good = wrap(public_key, os.urandom(32), "RSAES_OAEP_SHA_256")
    call = {"KeyId": key, "ImportToken": token, "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}

    send = kms.import_key_material
    refused("ValidationException", send, KeyId=key, ImportToken=token, EncryptedKeyMaterial=good)
    refused("InvalidCiphertextException", send, **call, EncryptedKeyMaterial=os.urandom(256))
    short = wrap(public_key, os.urandom(31), "RSAES_OAEP_SHA_256")
    refused("IncorrectKeyMaterialException", send, **call, EncryptedKeyMaterial=short)
    wrong_hash = wrap(public_key, os.urandom(32), "RSAES_OAEP_SHA_1")
    refused("InvalidCiphertextException", send, **call, EncryptedKeyMaterial=wrong_hash)
    other = create(kms, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    refused("InvalidImportTokenException", send, **(call | {"KeyId": other}), EncryptedKeyMaterial=good)
    mangled = call | {"ImportToken": token[:-1] + bytes([token[-1] ^ 1])}
    refused("InvalidImportTokenException", send, **mangled, EncryptedKeyMaterial=good)
    send(**call, EncryptedKeyMaterial=good)
    assert state(kms, key) == "Enabled"


def expiry(kms, _facts):
    """an expiry date is kept, and deleted material leaves the key pending"""
    key = create(kms, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    parameters = get_parameters(kms, key, "RSAES_OAEP_SHA_256", "RSA_3072")
    until = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=30)
    kms.import_key_material(
        KeyId=key,
        ImportToken=parameters["ImportToken"],
        EncryptedKeyMaterial=wrap(parameters["PublicKey"], os.urandom(32), "RSAES_OAEP_SHA_256"),
        ValidTo=until,
    )
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["ExpirationModel"] == "KEY_MATERIAL_EXPIRES", metadata
    assert metadata["ValidTo"] == until, metadata
    kms.delete_imported_key_material(KeyId=key)
    assert state(kms, key) == "PendingImport"


CASES = (wrong_secret, symmetric, hmac_key, rsa_key, rsa_decryption_key, ecc_key, refusals, expiry)


# --- What they share --------------------------------------------------------------------------------------------------


def create(kms, spec, usage) -> str:
    return kms.create_key(KeySpec=spec, KeyUsage=usage, Origin="EXTERNAL")["KeyMetadata"]["KeyId"]


def state(kms, key) -> str:
    return kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]


def get_parameters(kms, key, algorithm, spec) -> dict:
    answer = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=spec)
    left = answer["ParametersValidTo"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(hours=23) < left <= datetime.timedelta(hours=24), left
    return answer


def import_material(kms, key, material, algorithm, spec) -> dict:
    parameters = get_parameters(kms, key, algorithm, spec)
    answer = kms.import_key_material(
        KeyId=key,
        ImportToken=parameters["ImportToken"],
        EncryptedKeyMaterial=wrap(parameters["PublicKey"], material, algorithm),
        ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
    )
    assert state(kms, key) == "Enabled"
    return answer


def wrap(public_key, material, algorithm) -> bytes:
    key = serialization.load_der_public_key(public_key)
    oaep = OAEP_SHA_1 if algorithm.endswith("SHA_1") else OAEP_SHA_256
    if algorithm.startswith("RSAES_OAEP"):
        return key.encrypt(material, oaep)
    aes_key = os.urandom(32)
    return key.encrypt(aes_key, oaep) + keywrap.aes_key_wrap_with_padding(aes_key, material)


def pkcs8(key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def spki(key) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        got = error.response["Error"]["Code"]
        assert got == code, f"{got} instead of {code}"
    else:
        raise AssertionError(f"let through instead of refused with {code}")


if __name__ == "__main__":
    sys.exit(main())
