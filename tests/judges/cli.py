"""Lets the AWS CLI and OpenSSL, which are not ours, judge the emulator in its foreground mode: do the lines it prints make
every flow work from a shell?

Usage: python tests/judges/cli.py
"""

import base64
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import traceback

from foreground import emulator

AWS = pathlib.Path(sys.executable).with_name("aws")


def main() -> int:
    with emulator() as environment, concurrent.futures.ThreadPoolExecutor(4) as pool:
        # Version 1 of the CLI reads the Region from another variable than every other client.
        environment["AWS_DEFAULT_REGION"] = environment["AWS_REGION"]
        outcomes = [(case, pool.submit(run, case, environment)) for case in CASES]
        failed = 0
        for case, outcome in outcomes:
            problem = outcome.result()
            failed += bool(problem)
            print(f"{'failed' if problem else 'passed'}  {case.__doc__}\n{problem}".rstrip())
    print(f"\n{len(CASES) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def run(case, environment) -> str:
    with tempfile.TemporaryDirectory() as folder:
        try:
            case(Shell(environment, pathlib.Path(folder)))
        except Exception:  # whatever goes wrong is the verdict
            return traceback.format_exc(limit=-2)
    return ""


class Shell:
    """A folder, and the two programs that work in it."""

    def __init__(self, environment, folder):
        self.environment = environment
        self.folder = folder

    def kms(self, operation, **options) -> dict:
        """`aws kms OPERATION --name value`; its answer, or {} if it answers nothing."""
        result = self._aws(operation, options)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout or "{}")

    def refused(self, code, operation, **options):
        result = self._aws(operation, options)
        assert result.returncode != 0, f"let through instead of refused with {code}"
        assert f"({code})" in result.stderr, result.stderr

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def write(self, name, content) -> str:
        """How the CLI is told to read bytes from a file."""
        (self.folder / name).write_bytes(content)
        return f"fileb://{self.folder / name}"

    def _aws(self, operation, options):
        arguments = [AWS, "kms", operation]
        for name, value in options.items():
            arguments.append("--" + name.replace("_", "-"))
            arguments += value if isinstance(value, list) else [value] if value is not True else []
        return subprocess.run(arguments, env=self.environment, capture_output=True, text=True)


# --- The cases --------------------------------------------------------------------------------------------------------


def imports(shell):
    """a key, wrapped by OpenSSL, is imported until a date, encrypts and decrypts, and is imported again once deleted"""
    key = shell.kms("create-key", origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    material = os.urandom(32)
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
    import_material(shell, key, material, expiration_model="KEY_MATERIAL_EXPIRES", valid_to=until)
    assert shell.kms("describe-key", key_id=key)["KeyMetadata"]["ExpirationModel"] == "KEY_MATERIAL_EXPIRES"
    encrypts(shell, key)
    shell.kms("delete-imported-key-material", key_id=key)
    shell.refused("KMSInvalidStateException", "encrypt", key_id=key, plaintext=shell.write("plain", b"x"))
    import_material(shell, key, os.urandom(32), refused="IncorrectKeyMaterialException")
    import_material(shell, key, material)
    encrypts(shell, key)


def rotated_imports(shell):
    """new material for an imported key waits, is rotated to, and the old one still decrypts"""
    key = shell.kms("create-key", origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    import_material(shell, key, os.urandom(32))
    sealed = shell.kms("encrypt", key_id=key, plaintext=shell.write("plain", b"old"))["CiphertextBlob"]
    import_material(shell, key, os.urandom(32), import_type="NEW_KEY_MATERIAL")
    shell.kms("rotate-key-on-demand", key_id=key)
    listed = shell.kms("list-key-rotations", key_id=key, include_key_material="ALL_KEY_MATERIAL")["Rotations"]
    assert sorted(entry["KeyMaterialState"] for entry in listed) == ["CURRENT", "NON_CURRENT"], listed
    opened = shell.kms("decrypt", ciphertext_blob=shell.write("sealed", base64.b64decode(sealed)))
    assert base64.b64decode(opened["Plaintext"]) == b"old"


def private_keys(shell):
    """a private key made and wrapped by OpenSSL, with RSA and AES, signs in KMS as it does in OpenSSL"""
    shell.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "own.pem")
    shell.openssl("pkcs8", "-topk8", "-nocrypt", "-in", "own.pem", "-outform", "DER", "-out", "own.der")
    spec = {"key_spec": "RSA_2048", "key_usage": "SIGN_VERIFY", "origin": "EXTERNAL"}
    key = shell.kms("create-key", **spec)["KeyMetadata"]["KeyId"]
    given = parameters(shell, key, "RSA_AES_KEY_WRAP_SHA_256")
    aes_key = os.urandom(32)
    # The initial value of key wrap with padding, RFC 5649, section 3.
    wrap = ["-id-aes256-wrap-pad", "-K", aes_key.hex(), "-iv", "a65959a6"]
    shell.openssl("enc", "-e", *wrap, "-in", "own.der", "-out", "sealed.bin")
    encrypted = seal(shell, aes_key) + (shell.folder / "sealed.bin").read_bytes()
    send(shell, key, given, encrypted)
    message = {"message": shell.write("message", b"signed"), "signing_algorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
    signature = base64.b64decode(shell.kms("sign", key_id=key, **message)["Signature"])
    shell.openssl("dgst", "-sha256", "-sign", "own.pem", "-out", "own.sig", "message")
    assert signature == (shell.folder / "own.sig").read_bytes()


def import_material(shell, key, material, refused=None, **options):
    given = parameters(shell, key, "RSAES_OAEP_SHA_256")
    send(shell, key, given, seal(shell, material), refused, **options)


def parameters(shell, key, algorithm) -> dict:
    asked = {"wrapping_algorithm": algorithm, "wrapping_key_spec": "RSA_4096"}
    given = shell.kms("get-parameters-for-import", key_id=key, **asked)
    shell.write("wrapping.der", base64.b64decode(given["PublicKey"]))
    return given


def seal(shell, secret) -> bytes:
    """The secret, encrypted by OpenSSL to the last wrapping key."""
    shell.write("secret", secret)
    oaep = ["rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"]
    options = [word for option in oaep for word in ("-pkeyopt", option)]
    key_file = ["-pubin", "-inkey", "wrapping.der", "-keyform", "DER"]
    shell.openssl("pkeyutl", "-encrypt", *key_file, "-in", "secret", "-out", "wrapped", *options)
    return (shell.folder / "wrapped").read_bytes()


def send(shell, key, given, encrypted, refused=None, expiration_model="KEY_MATERIAL_DOES_NOT_EXPIRE", **options):
    call = {
        "key_id": key,
        "encrypted_key_material": shell.write("encrypted", encrypted),
        "import_token": shell.write("token", base64.b64decode(given["ImportToken"])),
        "expiration_model": expiration_model,
    }
    if refused:
        shell.refused(refused, "import-key-material", **call, **options)
    else:
        shell.kms("import-key-material", **call, **options)


def aliases(shell):
    """an alias names a key, and encryption is bound to its context"""
    key = shell.kms("create-key", description="from a shell")["KeyMetadata"]["KeyId"]
    shell.kms("create-alias", alias_name="alias/shell", target_key_id=key)
    listed = shell.kms("list-aliases", key_id=key)["Aliases"]
    assert [alias["AliasName"] for alias in listed] == ["alias/shell"], listed
    encrypts(shell, "alias/shell")
    shell.kms("delete-alias", alias_name="alias/shell")
    shell.refused("NotFoundException", "describe-key", key_id="alias/shell")


def encrypts(shell, key):
    context = {"encryption_context": "purpose=test,owner=me"}
    plaintext = shell.write("plain", b"a secret")
    sealed = shell.kms("encrypt", key_id=key, plaintext=plaintext, **context)["CiphertextBlob"]
    blob = shell.write("sealed", base64.b64decode(sealed))
    opened = shell.kms("decrypt", ciphertext_blob=blob, **context)["Plaintext"]
    assert base64.b64decode(opened) == b"a secret"
    shell.refused("InvalidCiphertextException", "decrypt", ciphertext_blob=blob)


def signatures(shell):
    """OpenSSL verifies a signature with the public key"""
    spec = {"key_spec": "ECC_NIST_P256", "key_usage": "SIGN_VERIFY"}
    key = shell.kms("create-key", **spec)["KeyMetadata"]["KeyId"]
    message = {"message": shell.write("message", b"signed"), "signing_algorithm": "ECDSA_SHA_256"}
    signature = shell.kms("sign", key_id=key, **message)["Signature"]
    blob = shell.write("signature", base64.b64decode(signature))
    assert shell.kms("verify", key_id=key, signature=blob, **message)["SignatureValid"] is True
    public_key = shell.kms("get-public-key", key_id=key)["PublicKey"]
    shell.write("public.der", base64.b64decode(public_key))
    shell.openssl("pkey", "-pubin", "-inform", "DER", "-in", "public.der", "-out", "public.pem")
    shell.openssl("dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "message")


def rotation_and_tags(shell):
    """a key rotates, carries tags, has a grant and is scheduled for deletion"""
    tag = "TagKey=Stage,TagValue=test"
    key = shell.kms("create-key", tags=tag)["KeyMetadata"]["KeyId"]
    shell.kms("enable-key-rotation", key_id=key, rotation_period_in_days="180")
    assert shell.kms("get-key-rotation-status", key_id=key)["RotationPeriodInDays"] == 180
    shell.kms("rotate-key-on-demand", key_id=key)
    rotations = shell.kms("list-key-rotations", key_id=key)["Rotations"]
    assert [rotation["RotationType"] for rotation in rotations] == ["ON_DEMAND"], rotations
    tags = shell.kms("list-resource-tags", key_id=key)["Tags"]
    assert tags == [{"TagKey": "Stage", "TagValue": "test"}], tags
    principal = "arn:aws:iam::000000000000:user/other"
    grant = shell.kms("create-grant", key_id=key, grantee_principal=principal, operations=["Encrypt", "Decrypt"])
    grants = shell.kms("list-grants", key_id=key)["Grants"]
    assert [listed["GrantId"] for listed in grants] == [grant["GrantId"]], grants
    shell.kms("revoke-grant", key_id=key, grant_id=grant["GrantId"])
    deletion = shell.kms("schedule-key-deletion", key_id=key, pending_window_in_days="7")
    assert deletion["KeyState"] == "PendingDeletion", deletion


def macs_and_agreement(shell):
    """OpenSSL makes the same MAC from imported material, and the same secret from the other side of an agreement"""
    spec = {"key_spec": "HMAC_256", "key_usage": "GENERATE_VERIFY_MAC", "origin": "EXTERNAL"}
    key = shell.kms("create-key", **spec)["KeyMetadata"]["KeyId"]
    material = os.urandom(32)
    import_material(shell, key, material)
    asked = {"message": shell.write("message", b"checked"), "mac_algorithm": "HMAC_SHA_256"}
    mac = base64.b64decode(shell.kms("generate-mac", key_id=key, **asked)["Mac"])
    mac_of = ["-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{material.hex()}", "-binary"]
    shell.openssl("dgst", *mac_of, "-out", "own.mac", "message")
    assert mac == (shell.folder / "own.mac").read_bytes()
    assert shell.kms("verify-mac", key_id=key, mac=shell.write("mac", mac), **asked)["MacValid"] is True

    spec = {"key_spec": "ECC_NIST_P256", "key_usage": "KEY_AGREEMENT"}
    key = shell.kms("create-key", **spec)["KeyMetadata"]["KeyId"]
    shell.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "own.pem")
    shell.openssl("pkey", "-in", "own.pem", "-pubout", "-outform", "DER", "-out", "own.der")
    other_side = {"public_key": f"fileb://{shell.folder / 'own.der'}", "key_agreement_algorithm": "ECDH"}
    derived = shell.kms("derive-shared-secret", key_id=key, **other_side)["SharedSecret"]
    public_key = shell.kms("get-public-key", key_id=key)["PublicKey"]
    shell.write("public.der", base64.b64decode(public_key))
    shell.openssl("pkey", "-pubin", "-inform", "DER", "-in", "public.der", "-out", "public.pem")
    shell.openssl("pkeyutl", "-derive", "-inkey", "own.pem", "-peerkey", "public.pem", "-out", "shared")
    assert base64.b64decode(derived) == (shell.folder / "shared").read_bytes()


def data_keys(shell):
    """data keys open, data moves to another key, and a replica opens what its primary closed"""
    key = shell.kms("create-key", multi_region=True)["KeyMetadata"]["KeyId"]
    made = shell.kms("generate-data-key", key_id=key, key_spec="AES_256")
    blob = shell.write("sealed", base64.b64decode(made["CiphertextBlob"]))
    assert shell.kms("decrypt", ciphertext_blob=blob)["Plaintext"] == made["Plaintext"]
    shell.kms("replicate-key", key_id=key, replica_region="eu-west-1")
    assert shell.kms("decrypt", ciphertext_blob=blob, region="eu-west-1")["Plaintext"] == made["Plaintext"]
    other = shell.kms("create-key")["KeyMetadata"]["KeyId"]
    moved = shell.kms("re-encrypt", ciphertext_blob=blob, destination_key_id=other)["CiphertextBlob"]
    blob = shell.write("moved", base64.b64decode(moved))
    assert shell.kms("decrypt", ciphertext_blob=blob, key_id=other)["Plaintext"] == made["Plaintext"]
    pair = shell.kms("generate-data-key-pair", key_id=other, key_pair_spec="ECC_NIST_P384")
    shell.write("private.der", base64.b64decode(pair["PrivateKeyPlaintext"]))
    shell.openssl("pkey", "-inform", "DER", "-in", "private.der", "-pubout", "-outform", "DER", "-out", "public.der")
    assert base64.b64decode(pair["PublicKey"]) == (shell.folder / "public.der").read_bytes()


def pages(shell):
    """the CLI's own paging finds every key, each once"""
    made = {shell.kms("create-key")["KeyMetadata"]["KeyId"] for _ in range(3)}
    found = [key["KeyId"] for key in shell.kms("list-keys", page_size="2")["Keys"]]
    assert made <= set(found) and len(found) == len(set(found)), found


CASES = (
    imports,
    rotated_imports,
    private_keys,
    macs_and_agreement,
    aliases,
    signatures,
    data_keys,
    rotation_and_tags,
    pages,
)


if __name__ == "__main__":
    sys.exit(main())
