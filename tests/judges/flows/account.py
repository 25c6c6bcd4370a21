"""The emulated account as boto3 sees it, and what the cases have in common."""

import os

import aws
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding

FOR_EVER = "KEY_MATERIAL_DOES_NOT_EXPIRE"


class Account:
    """Clients of one emulator, and which operations it has answered."""

    def __init__(self, facts):
        self.facts = facts
        self.answered = set()
        self.refused = set()
        self.kms = self.client("kms")

    def client(self, service, region=None, key_id=None, secret=None, token=None):
        made = aws.client(
            self.facts["endpoint"],
            service,
            region or self.facts["region"],
            key_id or self.facts["key_id"],
            secret or self.facts["secret"],
            token,
        )
        made.meta.events.register("after-call.kms", self._note)
        return made

    def _note(self, http_response, model, **_):
        (self.answered if http_response.status_code == 200 else self.refused).add(model.name)

    def key(self, spec="SYMMETRIC_DEFAULT", usage="ENCRYPT_DECRYPT", **arguments) -> str:
        """A new key's ARN."""
        return self.kms.create_key(KeySpec=spec, KeyUsage=usage, **arguments)["KeyMetadata"]["Arn"]

    def external_key(self, spec="SYMMETRIC_DEFAULT", usage="ENCRYPT_DECRYPT", **arguments) -> str:
        """The ARN of a new key that waits for its material."""
        key = self.key(spec, usage, Origin="EXTERNAL", **arguments)
        metadata = self.metadata(key)
        same((metadata["KeyState"], metadata["Enabled"]), ("PendingImport", False))
        return key

    def metadata(self, key) -> dict:
        return self.kms.describe_key(KeyId=key)["KeyMetadata"]

    def state(self, key) -> str:
        return self.metadata(key)["KeyState"]

    def public_key(self, key):
        return serialization.load_der_public_key(self.kms.get_public_key(KeyId=key)["PublicKey"])

    def parameters(self, key, algorithm, spec) -> dict:
        return self.kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=spec)

    def import_material(
        self, key, material, algorithm="RSAES_OAEP_SHA_256", spec="RSA_2048", ExpirationModel=FOR_EVER, **arguments
    ) -> dict:
        given = self.parameters(key, algorithm, spec)
        answer = self.kms.import_key_material(
            KeyId=key,
            ImportToken=given["ImportToken"],
            EncryptedKeyMaterial=wrap(given["PublicKey"], material, algorithm),
            ExpirationModel=ExpirationModel,
            **arguments,
        )
        same(self.state(key), "Enabled")
        return answer


def wrap(public_key, material, algorithm) -> bytes:
    public_key = serialization.load_der_public_key(public_key)
    padded = oaep(hashes.SHA1 if algorithm.endswith("SHA_1") else hashes.SHA256)
    if algorithm.startswith("RSAES_OAEP"):
        return public_key.encrypt(material, padded)
    aes_key = os.urandom(32)
    return public_key.encrypt(aes_key, padded) + keywrap.aes_key_wrap_with_padding(aes_key, material)


def oaep(algorithm):
    return padding.OAEP(padding.MGF1(algorithm()), algorithm(), None)


def pkcs8(key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def spki(key) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def same(found, expected):
    assert found == expected, f"{found!r} instead of {expected!r}"


def refused(code, call, **arguments) -> str:
    """The message of a call that has to be refused with this code."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code, f"{found} instead of {code}"
        return found.get("Message", "")
    raise AssertionError(f"{answer} instead of {code}")
