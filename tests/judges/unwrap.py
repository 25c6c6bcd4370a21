"""Opens with OpenSSL and with pyca what kmsr wrapped, for every algorithm and size of wrapping key.

Makes wrapping keys and key material, lets `unwrap.R` wrap through the installed package, and opens each result twice:
with the openssl command line and with the Python package `cryptography`. Plain bytes have to come back as they were; the
private key of a key material object as PKCS#8 of the very same key. Objects are wrapped in the combinations that AWS
accepts, plain bytes in all that the wrapping key can carry.

Usage: python tests/judges/unwrap.py
"""

import csv
import os
import pathlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

HERE = pathlib.Path(__file__).parent
WRAPPING_SIZES = (2048, 3072, 4096)
OAEP = {"RSAES_OAEP_SHA_1": hashes.SHA1, "RSAES_OAEP_SHA_256": hashes.SHA256}
AES_WRAP = {"RSA_AES_KEY_WRAP_SHA_1": hashes.SHA1, "RSA_AES_KEY_WRAP_SHA_256": hashes.SHA256}
OPENSSL_NAMES = {hashes.SHA1: "sha1", hashes.SHA256: "sha256"}


@dataclass
class Case:
    """One wrapping: `wrapping` names the wrapping key, `spec` the kind of key that is wrapped, as plain bytes or as a key
    material object."""

    name: str
    spec: str
    algorithm: str
    wrapping: str
    material: bytes
    as_object: bool


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="kmsr-unwrap-") as scratch:
        folder = pathlib.Path(scratch)
        wrapping_keys = make_wrapping_keys(folder)
        cases = all_cases(make_materials())
        write_cases(folder, cases)
        wrapped = subprocess.run(["Rscript", HERE / "unwrap.R", folder], check=False).returncode == 0
        tally = {"passed": 0, "failed": 0}
        for case in cases:
            for opener, opens in OPENERS.items():
                if opener == "pyca" and case.algorithm == "SM2PKE":
                    continue  # It has no SM2.
                form = "object" if case.as_object else "bytes"
                label = f"{opener}: {case.spec} ({form}) by {case.algorithm} under {case.wrapping}"
                verdict, reason = judge(opens, folder, case, wrapping_keys)
                tally[verdict] += 1
                print(f"{verdict:8}{label}{reason}")
    print(f"\n{tally['passed']} passed, {tally['failed']} failed, 0 skipped")
    return 0 if wrapped and not tally["failed"] else 1


def judge(opens, folder, case, wrapping_keys):
    path = folder / f"{case.name}.wrapped"
    if not path.exists():
        return "failed", ": kmsr did not wrap it"
    try:
        opened = opens(path.read_bytes(), case, folder, wrapping_keys)
    except Exception as error:  # whatever an opener dislikes is its verdict
        return "failed", f": {type(error).__name__} {error}"
    if same_material(case, opened):
        return "passed", ""
    return "failed", ": it opens, but holds something else"


def same_material(case, opened: bytes) -> bool:
    if not case.as_object or case.spec.startswith(("SYMMETRIC", "HMAC")):
        return opened == case.material
    # The same key: a private key may be written as PKCS#8 with or without its public half.
    numbers = [serialization.load_der_private_key(der, None) for der in (case.material, opened)]
    public = [
        key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        for key in numbers
    ]
    return public[0] == public[1]


# --- The openers ------------------------------------------------------------------------------------------------------


def open_with_pyca(wrapped, case, _folder, wrapping_keys) -> bytes:
    key = wrapping_keys[case.wrapping]
    if case.algorithm == "RSAES_PKCS1_V1_5":
        return key.decrypt(wrapped, padding.PKCS1v15())
    if case.algorithm in OAEP:
        return key.decrypt(wrapped, oaep(OAEP[case.algorithm]))
    size = key.key_size // 8
    aes_key = key.decrypt(wrapped[:size], oaep(AES_WRAP[case.algorithm]))
    assert len(aes_key) == 32, f"an AES key of {len(aes_key)} bytes"
    return keywrap.aes_key_unwrap_with_padding(aes_key, wrapped[size:])


def oaep(digest):
    return padding.OAEP(mgf=padding.MGF1(digest()), algorithm=digest(), label=None)


def open_with_openssl(wrapped, case, folder, wrapping_keys) -> bytes:
    private = folder / f"{case.wrapping}.pem"
    if case.algorithm == "RSAES_PKCS1_V1_5":
        return pkeyutl(private, wrapped, "rsa_padding_mode:pkcs1")
    if case.algorithm == "SM2PKE":
        return pkeyutl(private, wrapped)
    if case.algorithm in OAEP:
        return pkeyutl(private, wrapped, *oaep_options(OAEP[case.algorithm]))
    size = wrapping_keys[case.wrapping].key_size // 8
    aes_key = pkeyutl(private, wrapped[:size], *oaep_options(AES_WRAP[case.algorithm]))
    # The initial value of RFC 5649, section 3.
    unwrap = ["enc", "-d", "-id-aes256-wrap-pad", "-iv", "A65959A6", "-K", aes_key.hex()]
    return openssl(unwrap, wrapped[size:])


def oaep_options(digest):
    name = OPENSSL_NAMES[digest]
    return "rsa_padding_mode:oaep", f"rsa_oaep_md:{name}", f"rsa_mgf1_md:{name}"


def pkeyutl(private, data, *options) -> bytes:
    arguments = ["pkeyutl", "-decrypt", "-inkey", private]
    for option in options:
        arguments += ["-pkeyopt", option]
    return openssl(arguments, data)


def openssl(arguments, data=b"") -> bytes:
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=False)
    if done.returncode != 0:
        raise ValueError(done.stderr.decode(errors="replace").strip())
    return done.stdout


OPENERS = {"openssl": open_with_openssl, "pyca": open_with_pyca}


# --- Keys, material, cases --------------------------------------------------------------------------------------------


def make_wrapping_keys(folder) -> dict:
    keys = {}
    for size in WRAPPING_SIZES:
        name = f"RSA_{size}"
        keys[name] = rsa.generate_private_key(public_exponent=65537, key_size=size)
        (folder / f"{name}.pem").write_bytes(
            keys[name].private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (folder / f"{name}.der").write_bytes(
            keys[name].public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
    openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", folder / "SM2.pem"])
    public = openssl(["pkey", "-in", folder / "SM2.pem", "-pubout", "-outform", "DER"])
    (folder / "SM2.der").write_bytes(public)
    return keys


def make_materials() -> dict:
    def pkcs8(key):
        return key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    return {
        "SYMMETRIC_DEFAULT": os.urandom(32),
        "HMAC_224": os.urandom(28),
        "HMAC_512": os.urandom(128),
        "RSA_2048": pkcs8(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        "RSA_4096": pkcs8(rsa.generate_private_key(public_exponent=65537, key_size=4096)),
        "ECC_NIST_P256": pkcs8(ec.generate_private_key(ec.SECP256R1())),
        "ECC_NIST_P521": pkcs8(ec.generate_private_key(ec.SECP521R1())),
        "ECC_SECG_P256K1": pkcs8(ec.generate_private_key(ec.SECP256K1())),
        "ECC_NIST_EDWARDS25519": pkcs8(ed25519.Ed25519PrivateKey.generate()),
    }


def all_cases(materials) -> list:
    """Every algorithm with every size of wrapping key and every material that it can carry."""
    cases = []
    for spec, material in materials.items():
        for size in WRAPPING_SIZES:
            room = {"RSAES_PKCS1_V1_5": size // 8 - 11}
            room |= {algorithm: size // 8 - 2 * digest.digest_size - 2 for algorithm, digest in OAEP.items()}
            room |= dict.fromkeys(AES_WRAP, sys.maxsize)
            for algorithm, longest in room.items():
                if len(material) > longest:
                    continue
                for as_object in [False, True] if accepted(spec, algorithm, size) else [False]:
                    name = f"{len(cases):03}"
                    cases.append(Case(name, spec, algorithm, f"RSA_{size}", material, as_object))
        cases.append(Case(f"{len(cases):03}", spec, "SM2PKE", "SM2", material, False))
    return cases


def accepted(spec, algorithm, size) -> bool:
    """AWS' table, outside the China Regions."""
    if spec.startswith(("SYMMETRIC", "HMAC")):
        return algorithm in OAEP
    if spec.startswith("RSA"):
        return algorithm in AES_WRAP
    if spec == "ECC_NIST_P521" and size == 2048:
        return algorithm in AES_WRAP
    return algorithm in AES_WRAP or algorithm in OAEP


def write_cases(folder, cases):
    with (folder / "cases.tsv").open("w", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(["case", "spec", "algorithm", "material", "public_key"])
        for case in cases:
            material = f"{case.name}.material"
            (folder / material).write_bytes(case.material)
            spec = case.spec if case.as_object else ""
            table.writerow([case.name, spec, case.algorithm, material, f"{case.wrapping}.der"])


if __name__ == "__main__":
    sys.exit(main())
