"""Drives an emulator with boto3 and checks its answers with pyca's cryptography.

Takes the endpoint and the credentials from the environment (AWS_ENDPOINT_URL_KMS, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_REGION), as `cargo run --example serve` prints them. Prints one line a flow and exits
non-zero at the first that fails.
"""

import datetime
import hashlib
import hmac
import os
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

ENDPOINT = os.environ["AWS_ENDPOINT_URL_KMS"]
REGION = os.environ.get("AWS_REGION", "us-east-1")


def client(service="kms", region=REGION, **keys):
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client(service, endpoint_url=ENDPOINT, region_name=region, config=config, **keys)


kms = client()


def refused(code, call, **arguments):
    """The message of a call that must be refused with this code."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code, f"{found} where {code} was expected"
        return found.get("Message", "")
    raise AssertionError(f"{answer} where {code} was expected")


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def oaep(hash_algorithm):
    return padding.OAEP(mgf=padding.MGF1(hash_algorithm()), algorithm=hash_algorithm(), label=None)


def wrap(public_key, algorithm, material):
    public_key = serialization.load_der_public_key(public_key)
    hash_algorithm = hashes.SHA1 if algorithm.endswith("SHA_1") else hashes.SHA256
    if algorithm.startswith("RSAES_OAEP"):
        return public_key.encrypt(material, oaep(hash_algorithm))
    aes_key = os.urandom(32)
    wrapped_key = public_key.encrypt(aes_key, oaep(hash_algorithm))
    return wrapped_key + keywrap.aes_key_wrap_with_padding(aes_key, material)


def import_material(key_id, algorithm, size, material, **arguments):
    given = kms.get_parameters_for_import(
        KeyId=key_id, WrappingAlgorithm=algorithm, WrappingKeySpec=size
    )
    same(
        sorted(set(given) - {"ResponseMetadata"}),
        ["ImportToken", "KeyId", "ParametersValidTo", "PublicKey"],
    )
    arguments.setdefault("ExpirationModel", "KEY_MATERIAL_DOES_NOT_EXPIRE")
    return kms.import_key_material(
        KeyId=key_id,
        ImportToken=given["ImportToken"],
        EncryptedKeyMaterial=wrap(given["PublicKey"], algorithm, material),
        **arguments,
    )


def external_key(spec, usage):
    metadata = kms.create_key(KeySpec=spec, KeyUsage=usage, Origin="EXTERNAL")["KeyMetadata"]
    same((metadata["KeyState"], metadata["Enabled"]), ("PendingImport", False))
    return metadata["Arn"]


def pkcs8(key):
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def spki(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def symmetric_import():
    for size in ["RSA_2048", "RSA_3072", "RSA_4096"]:
        for algorithm in ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]:
            key_id = external_key("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
            imported = import_material(key_id, algorithm, size, os.urandom(32))
            same(len(imported["KeyMaterialId"]), 64)
            same(kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"], "Enabled")


def expiring_import():
    key_id = external_key("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    material = os.urandom(32)
    valid_to = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    valid_to = valid_to.replace(microsecond=0)
    import_material(
        key_id,
        "RSAES_OAEP_SHA_256",
        "RSA_2048",
        material,
        ExpirationModel="KEY_MATERIAL_EXPIRES",
        ValidTo=valid_to,
    )
    same(kms.describe_key(KeyId=key_id)["KeyMetadata"]["ValidTo"], valid_to)
    import_material(key_id, "RSAES_OAEP_SHA_256", "RSA_2048", material)
    assert "ValidTo" not in kms.describe_key(KeyId=key_id)["KeyMetadata"]
    kms.delete_imported_key_material(KeyId=key_id)
    same(
        refused("KMSInvalidStateException", kms.encrypt, KeyId=key_id, Plaintext=b"x"),
        f"{key_id} is pending import.",
    )


def hmac_import():
    for bits, least in [(224, 28), (256, 32), (384, 48), (512, 64)]:
        key_id = external_key(f"HMAC_{bits}", "GENERATE_VERIFY_MAC")
        material, nonce = os.urandom(least), os.urandom(40)
        import_material(key_id, "RSAES_OAEP_SHA_256", "RSA_4096", material)
        algorithm = f"HMAC_SHA_{bits}"
        mac = kms.generate_mac(KeyId=key_id, MacAlgorithm=algorithm, Message=nonce)["Mac"]
        same(mac, hmac.new(material, nonce, getattr(hashlib, f"sha{bits}")).digest())
        assert kms.verify_mac(KeyId=key_id, MacAlgorithm=algorithm, Message=nonce, Mac=mac)["MacValid"]
        refused(
            "KMSInvalidMacException",
            kms.verify_mac,
            KeyId=key_id,
            MacAlgorithm=algorithm,
            Message=b"another",
            Mac=mac,
        )


def private_key_import():
    keys = {
        "RSA_2048": rsa.generate_private_key(65537, 2048),
        "RSA_3072": rsa.generate_private_key(65537, 3072),
        "ECC_NIST_P256": ec.generate_private_key(ec.SECP256R1()),
        "ECC_NIST_P384": ec.generate_private_key(ec.SECP384R1()),
        "ECC_NIST_P521": ec.generate_private_key(ec.SECP521R1()),
        "ECC_SECG_P256K1": ec.generate_private_key(ec.SECP256K1()),
        "ECC_NIST_EDWARDS25519": ed25519.Ed25519PrivateKey.generate(),
    }
    for spec, key in keys.items():
        for algorithm in ["RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"]:
            key_id = external_key(spec, "SIGN_VERIFY")
            imported = import_material(key_id, algorithm, "RSA_2048", pkcs8(key))
            assert "KeyMaterialId" not in imported
            same(kms.get_public_key(KeyId=key_id)["PublicKey"], spki(key))
        if not spec.startswith("RSA"):
            key_id = external_key(spec, "SIGN_VERIFY")
            import_material(key_id, "RSAES_OAEP_SHA_256", "RSA_4096", pkcs8(key))
            same(kms.get_public_key(KeyId=key_id)["PublicKey"], spki(key))


def signatures():
    message = b"to be signed"
    for spec in ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1"]:
        key_id = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        given = kms.get_public_key(KeyId=key_id)
        public_key = serialization.load_der_public_key(given["PublicKey"])
        for algorithm in given["SigningAlgorithms"]:
            digest = getattr(hashes, "SHA" + algorithm[-3:])()
            hashed = hashlib.new(digest.name, message).digest()
            for kind, sent in [("RAW", message), ("DIGEST", hashed)]:
                asked = {"KeyId": key_id, "SigningAlgorithm": algorithm, "MessageType": kind}
                signature = kms.sign(Message=sent, **asked)["Signature"]
                if algorithm.startswith("ECDSA"):
                    public_key.verify(signature, hashed, ec.ECDSA(utils.Prehashed(digest)))
                elif algorithm.startswith("RSASSA_PSS"):
                    pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
                    public_key.verify(signature, hashed, pss, utils.Prehashed(digest))
                else:
                    public_key.verify(
                        signature, hashed, padding.PKCS1v15(), utils.Prehashed(digest)
                    )
                assert kms.verify(Message=sent, Signature=signature, **asked)["SignatureValid"]
                refused(
                    "KMSInvalidSignatureException",
                    kms.verify,
                    Message=sent,
                    Signature=signature[:-1] + bytes([signature[-1] ^ 1]),
                    **asked,
                )
            bad = {**asked, "MessageType": "DIGEST", "Message": b"short"}
            same(
                refused("ValidationException", kms.sign, **bad),
                f"Digest is invalid length for algorithm {algorithm}.",
            )
    key_id = kms.create_key(KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY")
    key_id = key_id["KeyMetadata"]["KeyId"]
    public_key = serialization.load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
    asked = {"KeyId": key_id, "SigningAlgorithm": "ED25519_SHA_512", "Message": message}
    public_key.verify(kms.sign(**asked)["Signature"], message)
    try:
        public_key.verify(kms.sign(**asked)["Signature"], b"another")
        raise AssertionError("a signature fits another message")
    except InvalidSignature:
        pass


def encryption():
    key_id = kms.create_key()["KeyMetadata"]["Arn"]
    context = {"a": "1", "b": "2"}
    sealed = kms.encrypt(KeyId=key_id, Plaintext=b"secret", EncryptionContext=context)
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    same((opened["Plaintext"], opened["KeyId"]), (b"secret", key_id))
    same(refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=sealed["CiphertextBlob"]), "")
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=b"junk")
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    same(
        refused(
            "IncorrectKeyException",
            kms.decrypt,
            KeyId=other,
            CiphertextBlob=sealed["CiphertextBlob"],
            EncryptionContext=context,
        ),
        "The key ID in the request does not identify a CMK that can perform this operation.",
    )
    key_id = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    public_key = serialization.load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
    for algorithm, hash_algorithm in [
        ("RSAES_OAEP_SHA_1", hashes.SHA1),
        ("RSAES_OAEP_SHA_256", hashes.SHA256),
    ]:
        asked = {"KeyId": key_id, "EncryptionAlgorithm": algorithm}
        ciphertext = public_key.encrypt(b"secret", oaep(hash_algorithm))
        same(kms.decrypt(CiphertextBlob=ciphertext, **asked)["Plaintext"], b"secret")
        ciphertext = kms.encrypt(Plaintext=b"again", **asked)["CiphertextBlob"]
        same(kms.decrypt(CiphertextBlob=ciphertext, **asked)["Plaintext"], b"again")


def listing():
    made = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(5)}
    pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
    found = [key["KeyId"] for page in pages for key in page["Keys"]]
    assert made <= set(found) and len(found) == len(set(found))
    refused("InvalidMarkerException", kms.list_keys, Marker="nonsense")


def identity():
    sts = client("sts")
    found = sts.get_caller_identity()
    same(found["Account"], "000000000000")
    assert found["Arn"].startswith("arn:aws:iam::000000000000:user/")
    stranger = client("sts", aws_access_key_id="AKIAUNKNOWN", aws_secret_access_key="x")
    refused("InvalidClientTokenId", stranger.get_caller_identity)
    forger = client("sts", aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], aws_secret_access_key="x")
    refused("SignatureDoesNotMatch", forger.get_caller_identity)


def signing():
    stranger = client(aws_access_key_id="AKIAUNKNOWN", aws_secret_access_key="x")
    refused("UnrecognizedClientException", stranger.list_keys)
    forger = client(aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], aws_secret_access_key="x")
    refused("InvalidSignatureException", forger.list_keys)
    with_token = client(
        aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        aws_session_token="x",
    )
    refused("UnrecognizedClientException", with_token.list_keys)


def key(spec="SYMMETRIC_DEFAULT", usage="ENCRYPT_DECRYPT", **arguments):
    created = kms.create_key(KeySpec=spec, KeyUsage=usage, **arguments)
    return created["KeyMetadata"]["Arn"]


def data_keys():
    key_id = key()
    context = {"purpose": "test"}
    asked = {"KeyId": key_id, "EncryptionContext": context}

    def opened(ciphertext):
        return kms.decrypt(CiphertextBlob=ciphertext, EncryptionContext=context)["Plaintext"]

    made = kms.generate_data_key(KeySpec="AES_256", **asked)
    same((len(made["Plaintext"]), opened(made["CiphertextBlob"])), (32, made["Plaintext"]))
    made = kms.generate_data_key_without_plaintext(NumberOfBytes=7, **asked)
    same(len(opened(made["CiphertextBlob"])), 7)
    for spec in ["RSA_2048", "ECC_NIST_P256", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"]:
        made = kms.generate_data_key_pair(KeyPairSpec=spec, **asked)
        private_key = serialization.load_der_private_key(made["PrivateKeyPlaintext"], None)
        same(spki(private_key), made["PublicKey"])
        same(opened(made["PrivateKeyCiphertextBlob"]), made["PrivateKeyPlaintext"])
        made = kms.generate_data_key_pair_without_plaintext(KeyPairSpec=spec, **asked)
        private_key = serialization.load_der_private_key(opened(made["PrivateKeyCiphertextBlob"]), None)
        same(spki(private_key), made["PublicKey"])
    same(len(kms.generate_random(NumberOfBytes=33)["Plaintext"]), 33)


def re_encryption():
    source, destination = key(), key("RSA_2048")
    sealed = kms.encrypt(KeyId=source, Plaintext=b"moving")["CiphertextBlob"]
    moved = kms.re_encrypt(
        CiphertextBlob=sealed,
        DestinationKeyId=destination,
        DestinationEncryptionAlgorithm="RSAES_OAEP_SHA_256",
    )
    same((moved["SourceKeyId"], moved["KeyId"]), (source, destination))
    opened = kms.decrypt(
        CiphertextBlob=moved["CiphertextBlob"],
        KeyId=destination,
        EncryptionAlgorithm="RSAES_OAEP_SHA_256",
    )
    same(opened["Plaintext"], b"moving")


def shared_secrets():
    for spec, curve in [
        ("ECC_NIST_P256", ec.SECP256R1()),
        ("ECC_NIST_P384", ec.SECP384R1()),
        ("ECC_NIST_P521", ec.SECP521R1()),
    ]:
        key_id = key(spec, "KEY_AGREEMENT")
        mine = ec.generate_private_key(curve)
        theirs = serialization.load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
        derived = kms.derive_shared_secret(
            KeyId=key_id, KeyAgreementAlgorithm="ECDH", PublicKey=spki(mine)
        )
        same(derived["SharedSecret"], mine.exchange(ec.ECDH(), theirs))


def post_quantum():
    from cryptography.hazmat.primitives.asymmetric import mldsa, mlkem

    for spec in ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"]:
        key_id = key(spec, "SIGN_VERIFY")
        asked = {"KeyId": key_id, "SigningAlgorithm": "ML_DSA_SHAKE_256", "Message": b"message"}
        signature = kms.sign(**asked)["Signature"]
        public_key = serialization.load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
        assert isinstance(public_key, getattr(mldsa, f"MLDSA{spec[-2:]}PublicKey"))
        public_key.verify(signature, b"message")
        assert kms.verify(Signature=signature, **asked)["SignatureValid"]
    for bits in ["768", "1024"]:
        key_id = key(f"ML_KEM_{bits}", "ENCAPSULATE_DECAPSULATE")
        public_key = serialization.load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
        assert isinstance(public_key, getattr(mlkem, f"MLKEM{bits}PublicKey"))
        secret, ciphertext = public_key.encapsulate()
        asked = {"KeyId": key_id, "EncapsulationAlgorithm": "ML_KEM"}
        opened = kms.decapsulate(SharedSecretCiphertextBlob=ciphertext, **asked)
        same(opened["SharedSecret"], secret)
        sent = kms.encapsulate(**asked)
        opened = kms.decapsulate(SharedSecretCiphertextBlob=sent["SharedSecretCiphertextBlob"], **asked)
        same(opened["SharedSecret"], sent["SharedSecret"])


def management():
    key_id = key(Description="one", Tags=[{"TagKey": "a", "TagValue": "1"}])
    name = f"alias/{os.urandom(8).hex()}"
    kms.create_alias(AliasName=name, TargetKeyId=key_id)
    same(kms.describe_key(KeyId=name)["KeyMetadata"]["Arn"], key_id)
    assert name in [alias["AliasName"] for alias in kms.list_aliases()["Aliases"]]
    kms.delete_alias(AliasName=name)
    kms.tag_resource(KeyId=key_id, Tags=[{"TagKey": "b", "TagValue": "2"}])
    kms.untag_resource(KeyId=key_id, TagKeys=["a"])
    same(kms.list_resource_tags(KeyId=key_id)["Tags"], [{"TagKey": "b", "TagValue": "2"}])
    policy = kms.get_key_policy(KeyId=key_id)["Policy"]
    kms.put_key_policy(KeyId=key_id, Policy=policy)
    kms.update_key_description(KeyId=key_id, Description="two")
    same(kms.describe_key(KeyId=key_id)["KeyMetadata"]["Description"], "two")
    kms.disable_key(KeyId=key_id)
    same(
        refused("DisabledException", kms.encrypt, KeyId=key_id, Plaintext=b"x"),
        f"{key_id} is disabled.",
    )
    kms.enable_key(KeyId=key_id)
    grant = kms.create_grant(
        KeyId=key_id,
        GranteePrincipal="arn:aws:iam::000000000000:user/alice",
        Operations=["Encrypt", "Decrypt"],
        Constraints={"EncryptionContextSubset": {"a": "b"}},
    )
    listed = kms.list_grants(KeyId=key_id)["Grants"]
    same([entry["GrantId"] for entry in listed], [grant["GrantId"]])
    same(listed[0]["Constraints"], {"EncryptionContextSubset": {"a": "b"}})
    kms.encrypt(KeyId=key_id, Plaintext=b"x", GrantTokens=[grant["GrantToken"]])
    kms.revoke_grant(KeyId=key_id, GrantId=grant["GrantId"])
    same(kms.list_grants(KeyId=key_id)["Grants"], [])
    same(kms.get_key_last_usage(KeyId=key_id)["KeyLastUsage"]["Operation"], "Encrypt")
    kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    same(kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"], "PendingDeletion")
    kms.cancel_key_deletion(KeyId=key_id)
    same(kms.describe_custom_key_stores()["CustomKeyStores"], [])


def rotation():
    key_id = key()
    sealed = kms.encrypt(KeyId=key_id, Plaintext=b"old")["CiphertextBlob"]
    kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=180)
    same(kms.get_key_rotation_status(KeyId=key_id)["RotationPeriodInDays"], 180)
    kms.rotate_key_on_demand(KeyId=key_id)
    rotations = kms.list_key_rotations(KeyId=key_id)["Rotations"]
    same([rotation["RotationType"] for rotation in rotations], ["ON_DEMAND"])
    same(kms.decrypt(CiphertextBlob=sealed)["Plaintext"], b"old")

    key_id = external_key("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    algorithm, size = "RSAES_OAEP_SHA_256", "RSA_2048"
    first = import_material(key_id, algorithm, size, bytes(32))
    sealed = kms.encrypt(KeyId=key_id, Plaintext=b"old")["CiphertextBlob"]
    second = import_material(
        key_id,
        algorithm,
        size,
        bytes([1]) * 32,
        ImportType="NEW_KEY_MATERIAL",
        KeyMaterialDescription="the second",
    )
    kms.rotate_key_on_demand(KeyId=key_id)
    listed = kms.list_key_rotations(KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    same(
        [(entry["KeyMaterialId"], entry["KeyMaterialState"]) for entry in listed],
        [(first["KeyMaterialId"], "NON_CURRENT"), (second["KeyMaterialId"], "CURRENT")],
    )
    same(listed[1]["KeyMaterialDescription"], "the second")
    opened = kms.decrypt(CiphertextBlob=sealed)
    same((opened["Plaintext"], opened["KeyMaterialId"]), (b"old", first["KeyMaterialId"]))
    kms.delete_imported_key_material(KeyId=key_id, KeyMaterialId=first["KeyMaterialId"])
    same(kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"], "PendingImport")
    import_material(
        key_id, algorithm, size, bytes(32), ImportType="EXISTING_KEY_MATERIAL", KeyMaterialId=first["KeyMaterialId"]
    )
    same(kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"], "Enabled")


def regions():
    other = client(region="eu-central-1")
    key_id = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    replica = kms.replicate_key(KeyId=key_id, ReplicaRegion="eu-central-1")["ReplicaKeyMetadata"]
    same(replica["Arn"], f"arn:aws:kms:eu-central-1:000000000000:key/{key_id}")
    sealed = kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
    same(other.decrypt(CiphertextBlob=sealed)["Plaintext"], b"x")
    kms.update_primary_region(KeyId=key_id, PrimaryRegion="eu-central-1")
    relatives = kms.describe_key(KeyId=key_id)["KeyMetadata"]["MultiRegionConfiguration"]
    same((relatives["MultiRegionKeyType"], relatives["PrimaryKey"]["Region"]), ("REPLICA", "eu-central-1"))


FLOWS = [
    symmetric_import,
    expiring_import,
    hmac_import,
    private_key_import,
    signatures,
    encryption,
    data_keys,
    re_encryption,
    shared_secrets,
    post_quantum,
    management,
    rotation,
    regions,
    listing,
    identity,
    signing,
]

if __name__ == "__main__":
    for flow in FLOWS:
        flow()
        print("ok", flow.__name__.replace("_", " "), flush=True)
    print(f"{len(FLOWS)} passed, 0 failed")
    sys.exit(0)
