"""What keys are for: encryption, data keys, signatures, agreement; every result checked by pyca."""

import hashlib
import os

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, mlkem, padding, utils

from flows.account import oaep, refused, same, spki


def encryption(account):
    """what is encrypted opens with its context alone, and with no other key"""
    kms, key, other = account.kms, account.key(), account.key()
    context = {"a": "1", "b": "2"}
    sealed = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext=context)["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=sealed, EncryptionContext=context)
    same((opened["Plaintext"], opened["KeyId"]), (b"secret", key))
    same(refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=sealed), "")
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=b"junk")
    asked = {"KeyId": other, "CiphertextBlob": sealed, "EncryptionContext": context}
    same(
        refused("IncorrectKeyException", kms.decrypt, **asked),
        "The key ID in the request does not identify a CMK that can perform this operation.",
    )
    refused("DryRunOperationException", kms.encrypt, KeyId=key, Plaintext=b"secret", DryRun=True)


def rsa_encryption(account):
    """RSA keys decrypt what pyca encrypts, and what they encrypt themselves"""
    kms = account.kms
    for spec in ("RSA_2048", "RSA_3072", "RSA_4096"):
        key = account.key(spec)
        for algorithm in (hashes.SHA1, hashes.SHA256):
            asked = {"KeyId": key, "EncryptionAlgorithm": f"RSAES_OAEP_{algorithm.name.upper().replace('SHA', 'SHA_')}"}
            sealed = account.public_key(key).encrypt(b"secret", oaep(algorithm))
            same(kms.decrypt(CiphertextBlob=sealed, **asked)["Plaintext"], b"secret")
            sealed = kms.encrypt(Plaintext=b"again", **asked)["CiphertextBlob"]
            same(kms.decrypt(CiphertextBlob=sealed, **asked)["Plaintext"], b"again")


def re_encryption(account):
    """data moves from one key to another without being seen"""
    source, destination = account.key(), account.key("RSA_2048")
    algorithm = "RSAES_OAEP_SHA_256"
    sealed = account.kms.encrypt(KeyId=source, Plaintext=b"moving")["CiphertextBlob"]
    moved = account.kms.re_encrypt(
        CiphertextBlob=sealed, DestinationKeyId=destination, DestinationEncryptionAlgorithm=algorithm
    )
    same((moved["SourceKeyId"], moved["KeyId"]), (source, destination))
    opened = account.kms.decrypt(
        CiphertextBlob=moved["CiphertextBlob"], KeyId=destination, EncryptionAlgorithm=algorithm
    )
    same(opened["Plaintext"], b"moving")


def data_keys(account):
    """data keys and pairs of them come out of their ciphertexts as they went in"""
    kms, context = account.kms, {"purpose": "test"}
    asked = {"KeyId": account.key(), "EncryptionContext": context}

    def opened(ciphertext):
        return kms.decrypt(CiphertextBlob=ciphertext, EncryptionContext=context)["Plaintext"]

    made = kms.generate_data_key(KeySpec="AES_256", **asked)
    same((len(made["Plaintext"]), opened(made["CiphertextBlob"])), (32, made["Plaintext"]))
    made = kms.generate_data_key_without_plaintext(NumberOfBytes=7, **asked)
    same(len(opened(made["CiphertextBlob"])), 7)
    curves = ("ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519")
    for spec in ("RSA_2048", "RSA_3072", *curves):
        made = kms.generate_data_key_pair(KeyPairSpec=spec, **asked)
        private_key = serialization.load_der_private_key(made["PrivateKeyPlaintext"], None)
        same(spki(private_key), made["PublicKey"])
        same(opened(made["PrivateKeyCiphertextBlob"]), made["PrivateKeyPlaintext"])
        made = kms.generate_data_key_pair_without_plaintext(KeyPairSpec=spec, **asked)
        private_key = serialization.load_der_private_key(opened(made["PrivateKeyCiphertextBlob"]), None)
        same(spki(private_key), made["PublicKey"])
    same(len(kms.generate_random(NumberOfBytes=33)["Plaintext"]), 33)


def signatures(account):
    """signatures of every algorithm verify, of messages and of digests, and refuse to when they were changed"""
    kms, message = account.kms, b"to be signed"
    for spec in ("RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1"):
        key = account.key(spec, "SIGN_VERIFY")
        public_key = account.public_key(key)
        for algorithm in kms.get_public_key(KeyId=key)["SigningAlgorithms"]:
            digest = getattr(hashes, "SHA" + algorithm[-3:])()
            hashed = hashlib.new(digest.name, message).digest()
            for kind, sent in (("RAW", message), ("DIGEST", hashed)):
                asked = {"KeyId": key, "SigningAlgorithm": algorithm, "MessageType": kind}
                signature = kms.sign(Message=sent, **asked)["Signature"]
                verify(public_key, algorithm, digest, signature, hashed)
                assert kms.verify(Message=sent, Signature=signature, **asked)["SignatureValid"]
                changed = signature[:-1] + bytes([signature[-1] ^ 1])
                refused("KMSInvalidSignatureException", kms.verify, Message=sent, Signature=changed, **asked)
            asked = {"KeyId": key, "SigningAlgorithm": algorithm, "MessageType": "DIGEST"}
            same(
                refused("ValidationException", kms.sign, Message=b"short", **asked),
                f"Digest is invalid length for algorithm {algorithm}.",
            )


def verify(public_key, algorithm, digest, signature, hashed):
    digest = utils.Prehashed(digest)
    if algorithm.startswith("ECDSA"):
        public_key.verify(signature, hashed, ec.ECDSA(digest))
    elif algorithm.startswith("RSASSA_PSS"):
        salted = padding.PSS(padding.MGF1(digest._algorithm), digest.digest_size)
        public_key.verify(signature, hashed, salted, digest)
    else:
        public_key.verify(signature, hashed, padding.PKCS1v15(), digest)


def edwards_signatures(account):
    """Ed25519 signatures verify, and for no other message"""
    key = account.key("ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
    asked = {"KeyId": key, "SigningAlgorithm": "ED25519_SHA_512", "MessageType": "RAW"}
    signature = account.kms.sign(Message=b"message", **asked)["Signature"]
    public_key = account.public_key(key)
    public_key.verify(signature, b"message")
    try:
        public_key.verify(signature, b"another")
    except InvalidSignature:
        return
    raise AssertionError("a signature fits another message")


def macs(account):
    """a key's own HMACs hold, and no others"""
    key = account.key("HMAC_256", "GENERATE_VERIFY_MAC")
    asked = {"KeyId": key, "MacAlgorithm": "HMAC_SHA_256", "Message": b"message"}
    mac = account.kms.generate_mac(**asked)["Mac"]
    assert account.kms.verify_mac(Mac=mac, **asked)["MacValid"]
    refused("KMSInvalidMacException", account.kms.verify_mac, Mac=os.urandom(32), **asked)


def shared_secrets(account):
    """both sides of a key agreement come to the same secret"""
    for spec, curve in (
        ("ECC_NIST_P256", ec.SECP256R1()),
        ("ECC_NIST_P384", ec.SECP384R1()),
        ("ECC_NIST_P521", ec.SECP521R1()),
    ):
        key = account.key(spec, "KEY_AGREEMENT")
        mine = ec.generate_private_key(curve)
        derived = account.kms.derive_shared_secret(
            KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=spki(mine)
        )
        same(derived["SharedSecret"], mine.exchange(ec.ECDH(), account.public_key(key)))


def post_quantum(account):
    """ML-DSA signs and ML-KEM encapsulates as pyca does"""
    kms = account.kms
    for spec in ("ML_DSA_44", "ML_DSA_65", "ML_DSA_87"):
        key = account.key(spec, "SIGN_VERIFY")
        asked = {"KeyId": key, "SigningAlgorithm": "ML_DSA_SHAKE_256", "Message": b"message"}
        signature = kms.sign(**asked)["Signature"]
        public_key = account.public_key(key)
        assert isinstance(public_key, getattr(mldsa, f"MLDSA{spec[-2:]}PublicKey"))
        public_key.verify(signature, b"message")
        assert kms.verify(Signature=signature, **asked)["SignatureValid"]
    for bits in (768, 1024):
        key = account.key(f"ML_KEM_{bits}", "ENCAPSULATE_DECAPSULATE")
        public_key = account.public_key(key)
        assert isinstance(public_key, getattr(mlkem, f"MLKEM{bits}PublicKey"))
        secret, ciphertext = public_key.encapsulate()
        asked = {"KeyId": key, "EncapsulationAlgorithm": "ML_KEM"}
        opened = kms.decapsulate(SharedSecretCiphertextBlob=ciphertext, **asked)
        same(opened["SharedSecret"], secret)
        sent = kms.encapsulate(**asked)
        opened = kms.decapsulate(SharedSecretCiphertextBlob=sent["SharedSecretCiphertextBlob"], **asked)
        same(opened["SharedSecret"], sent["SharedSecret"])


CASES = (
    encryption,
    rsa_encryption,
    re_encryption,
    data_keys,
    signatures,
    edwards_signatures,
    macs,
    shared_secrets,
    post_quantum,
)
