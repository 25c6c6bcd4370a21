"""Key material from elsewhere: every kind of key, every wrapping, and what is refused."""

import datetime
import hashlib
import hmac
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from flows.account import FOR_EVER, oaep, pkcs8, refused, same, spki, wrap

OAEP = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")
RSA_AES = ("RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256")
WRAPPING_KEYS = ("RSA_2048", "RSA_3072", "RSA_4096")


def symmetric(account):
    """a symmetric key is imported in every way of wrapping, then encrypts and decrypts bound to its context"""
    for spec in WRAPPING_KEYS:
        for algorithm in OAEP:
            key = account.external_key()
            imported = account.import_material(key, os.urandom(32), algorithm, spec)
            same(len(imported["KeyMaterialId"]), 64)
            same(account.metadata(key)["CurrentKeyMaterialId"], imported["KeyMaterialId"])
    # RSA and AES together is for private keys alone.
    asked = {"KeyId": key, "WrappingAlgorithm": RSA_AES[1], "WrappingKeySpec": spec}
    refused("UnsupportedOperationException", account.kms.get_parameters_for_import, **asked)
    secret = os.urandom(200)
    sealed = account.kms.encrypt(KeyId=key, Plaintext=secret, EncryptionContext={"a": "1"})["CiphertextBlob"]
    opened = account.kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"a": "1"})
    same((opened["Plaintext"], opened["KeyMaterialId"]), (secret, imported["KeyMaterialId"]))
    refused(
        "InvalidCiphertextException", account.kms.decrypt, CiphertextBlob=sealed, EncryptionContext={"a": "2"}
    )


def hmac_keys(account):
    """HMAC keys of every size make the MACs that Python makes"""
    for bits, least in ((224, 28), (256, 32), (384, 48), (512, 64)):
        key = account.external_key(f"HMAC_{bits}", "GENERATE_VERIFY_MAC")
        material, message = os.urandom(least), os.urandom(100)
        account.import_material(key, material, spec="RSA_4096")
        asked = {"KeyId": key, "MacAlgorithm": f"HMAC_SHA_{bits}"}
        mac = account.kms.generate_mac(Message=message, **asked)["Mac"]
        same(mac, hmac.new(material, message, getattr(hashlib, f"sha{bits}")).digest())
        assert account.kms.verify_mac(Message=message, Mac=mac, **asked)["MacValid"]
        refused("KMSInvalidMacException", account.kms.verify_mac, Message=b"another", Mac=mac, **asked)


def private_keys(account):
    """private keys of every kind have the public key that was imported"""
    keys = {
        "RSA_2048": rsa.generate_private_key(65537, 2048),
        "RSA_3072": rsa.generate_private_key(65537, 3072),
        "RSA_4096": rsa.generate_private_key(65537, 4096),
        "ECC_NIST_P256": ec.generate_private_key(ec.SECP256R1()),
        "ECC_NIST_P384": ec.generate_private_key(ec.SECP384R1()),
        "ECC_NIST_P521": ec.generate_private_key(ec.SECP521R1()),
        "ECC_SECG_P256K1": ec.generate_private_key(ec.SECP256K1()),
        "ECC_NIST_EDWARDS25519": ed25519.Ed25519PrivateKey.generate(),
    }
    for spec, local in keys.items():
        # RSA keys are too long for OAEP alone.
        wrappings = RSA_AES if spec.startswith("RSA") else RSA_AES + OAEP[1:]
        for algorithm in wrappings:
            key = account.external_key(spec, "SIGN_VERIFY")
            imported = account.import_material(key, pkcs8(local), algorithm, "RSA_4096")
            assert "KeyMaterialId" not in imported, imported
            same(account.kms.get_public_key(KeyId=key)["PublicKey"], spki(local))


def decryption_key(account):
    """an imported RSA key decrypts what pyca encrypted"""
    local = rsa.generate_private_key(65537, 2048)
    key = account.external_key("RSA_2048", "ENCRYPT_DECRYPT")
    account.import_material(key, pkcs8(local), RSA_AES[0], "RSA_4096")
    secret = os.urandom(64)
    sealed = local.public_key().encrypt(secret, oaep(hashes.SHA256))
    opened = account.kms.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    same(opened["Plaintext"], secret)


def refusals(account):
    """imports that AWS refuses are refused with AWS' codes, and a failed one does not use up the token"""
    key, other = account.external_key(), account.external_key()
    too_early = refused("KMSInvalidStateException", account.kms.encrypt, KeyId=key, Plaintext=b"too early")
    same(too_early, f"{key} is pending import.")
    given = account.parameters(key, "RSAES_OAEP_SHA_256", "RSA_2048")
    left = given["ParametersValidTo"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(hours=23) < left <= datetime.timedelta(hours=24), left
    token, public_key = given["ImportToken"], given["PublicKey"]
    good = wrap(public_key, os.urandom(32), "RSAES_OAEP_SHA_256")
    call = {"KeyId": key, "ImportToken": token, "ExpirationModel": FOR_EVER}

    send = account.kms.import_key_material
    refused("ValidationException", send, KeyId=key, ImportToken=token, EncryptedKeyMaterial=good)
    refused("InvalidCiphertextException", send, **call, EncryptedKeyMaterial=os.urandom(256))
    short = wrap(public_key, os.urandom(31), "RSAES_OAEP_SHA_256")
    refused("IncorrectKeyMaterialException", send, **call, EncryptedKeyMaterial=short)
    wrong_hash = wrap(public_key, os.urandom(32), "RSAES_OAEP_SHA_1")
    refused("InvalidCiphertextException", send, **call, EncryptedKeyMaterial=wrong_hash)
    refused("InvalidImportTokenException", send, **(call | {"KeyId": other}), EncryptedKeyMaterial=good)
    mangled = call | {"ImportToken": token[:-1] + bytes([token[-1] ^ 1])}
    refused("InvalidImportTokenException", send, **mangled, EncryptedKeyMaterial=good)
    send(**call, EncryptedKeyMaterial=good)
    same(account.state(key), "Enabled")


def other_material(account):
    """a key that has had material takes no other, and its own again"""
    key, material = account.external_key(), os.urandom(32)
    account.import_material(key, material)
    given = account.parameters(key, "RSAES_OAEP_SHA_256", "RSA_2048")
    other = wrap(given["PublicKey"], os.urandom(32), "RSAES_OAEP_SHA_256")
    refused(
        "IncorrectKeyMaterialException",
        account.kms.import_key_material,
        KeyId=key,
        ImportToken=given["ImportToken"],
        EncryptedKeyMaterial=other,
        ExpirationModel=FOR_EVER,
    )
    account.kms.delete_imported_key_material(KeyId=key)
    same(account.state(key), "PendingImport")
    account.import_material(key, material)


def expiry(account):
    """an expiry date is kept, and goes with the next import"""
    key, material = account.external_key(), os.urandom(32)
    until = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=30)
    account.import_material(key, material, ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=until)
    metadata = account.metadata(key)
    same((metadata["ExpirationModel"], metadata["ValidTo"]), ("KEY_MATERIAL_EXPIRES", until))
    account.import_material(key, material)
    metadata = account.metadata(key)
    same((metadata["ExpirationModel"], metadata.get("ValidTo")), (FOR_EVER, None))


def rotation(account):
    """imported keys rotate on demand: new material waits, becomes current, and the old one still decrypts"""
    kms, key = account.kms, account.external_key()
    old, new = os.urandom(32), os.urandom(32)
    first = account.import_material(key, old)["KeyMaterialId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    described = {"ImportType": "NEW_KEY_MATERIAL", "KeyMaterialDescription": "the second"}
    second = account.import_material(key, new, **described)["KeyMaterialId"]

    def materials():
        listed = kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
        return {entry["KeyMaterialId"]: entry["KeyMaterialState"] for entry in listed}

    same(materials(), {first: "CURRENT", second: "PENDING_ROTATION"})
    kms.rotate_key_on_demand(KeyId=key)
    same(materials(), {first: "NON_CURRENT", second: "CURRENT"})
    opened = kms.decrypt(CiphertextBlob=sealed)
    same((opened["Plaintext"], opened["KeyMaterialId"]), (b"old", first))
    kms.delete_imported_key_material(KeyId=key, KeyMaterialId=first)
    same(account.state(key), "PendingImport")
    account.import_material(key, old, ImportType="EXISTING_KEY_MATERIAL", KeyMaterialId=first)
    same(kms.decrypt(CiphertextBlob=sealed)["Plaintext"], b"old")


CASES = (
    symmetric,
    hmac_keys,
    private_keys,
    decryption_key,
    refusals,
    other_material,
    expiry,
    rotation,
)
