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
    """a key, wrapped by OpenSSL, is imported, encrypts and decrypts"""
    key = shell.kms("create-key", origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    given = shell.kms(
        "get-parameters-for-import",
        key_id=key,
        wrapping_algorithm="RSAES_OAEP_SHA_256",
        wrapping_key_spec="RSA_4096",
    )
    shell.write("wrapping.der", base64.b64decode(given["PublicKey"]))
    shell.write("material", os.urandom(32))
    oaep = ["rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"]
    pkeyopt = [word for option in oaep for word in ("-pkeyopt", option)]
    key_file = ["-pubin", "-inkey", "wrapping.der", "-keyform", "DER"]
    shell.openssl("pkeyutl", "-encrypt", *key_file, "-in", "material", "-out", "wrapped", *pkeyopt)
    token = shell.write("token", base64.b64decode(given["ImportToken"]))
    shell.kms(
        "import-key-material",
        key_id=key,
        encrypted_key_material=f"fileb://{shell.folder / 'wrapped'}",
        import_token=token,
        expiration_model="KEY_MATERIAL_DOES_NOT_EXPIRE",
    )
    encrypts(shell, key)


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


CASES = (imports, aliases, signatures, rotation_and_tags)


if __name__ == "__main__":
    sys.exit(main())
