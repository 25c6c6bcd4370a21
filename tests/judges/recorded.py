"""Replays the answers of AWS that botocore documents (its examples for KMS) and compares the emulator's field by field: the
same members, of the same types and forms, nothing less, and nothing more than what AWS has added since.

Usage: python tests/judges/recorded.py
"""

import base64
import collections
import json
import os
import pathlib
import re
import sys
import time
import traceback

import botocore
from aws import client
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from emulator import emulator

EXAMPLES = pathlib.Path(botocore.__file__).parent / "data/kms/2014-11-01/examples-1.json"

# What AWS has added to its answers since the examples were written, by operation.
METADATA = {"CurrentKeyMaterialId", "KeySpec"}
ADDED = collections.defaultdict(set) | {
    "CreateKey": METADATA,
    "Decrypt": {"EncryptionAlgorithm", "KeyMaterialId"},
    "DeleteImportedKeyMaterial": {"KeyId", "KeyMaterialId"},
    "DescribeCustomKeyStores": {"Truncated"},
    "DescribeKey": METADATA,
    "Encrypt": {"EncryptionAlgorithm"},
    "GenerateDataKey": {"KeyMaterialId"},
    "GenerateDataKeyPair": {"KeyMaterialId"},
    "GenerateDataKeyPairWithoutPlaintext": {"KeyMaterialId"},
    "GenerateDataKeyWithoutPlaintext": {"KeyMaterialId"},
    "GetKeyPolicy": {"PolicyName"},
    "GetKeyRotationStatus": {"KeyId", "NextRotationDate", "RotationPeriodInDays"},
    "GetPublicKey": {"KeySpec"},
    "ImportKeyMaterial": {"KeyId", "KeyMaterialId"},
    "ListAliases": {"CreationDate", "LastUpdatedDate"},
    "ListGrants": {"Name"},
    "ListRetirableGrants": {"Name"},
    "ReEncrypt": {
        "DestinationEncryptionAlgorithm",
        "DestinationKeyMaterialId",
        "SourceEncryptionAlgorithm",
        "SourceKeyMaterialId",
    },
    "ReplicateKey": METADATA,
    "ScheduleKeyDeletion": {"KeyState", "PendingWindowInDays"},
}

# Where an example contradicts itself or what is said elsewhere: it describes the replica in ap-northeast-1 and calls it the
# primary, which it says is elsewhere; and a new replica is documented to be Creating first.
MISTAKES = {
    "to-get-details-about-a-multi-region-key-1637969624239": {"MultiRegionKeyType": "REPLICA"},
    "to-replicate-a-multi-region-key-in-a-different-aws-region-1628622402887": {"Enabled": False, "KeyState": "Creating"},
}

# What needs hardware is refused by name.
REFUSED = {
    "ConnectCustomKeyStore": "CustomKeyStoreNotFoundException",
    "CreateCustomKeyStore": "CloudHsmClusterNotFoundException",
    "DeleteCustomKeyStore": "CustomKeyStoreNotFoundException",
    "DisconnectCustomKeyStore": "CustomKeyStoreNotFoundException",
    "UpdateCustomKeyStore": "CustomKeyStoreNotFoundException",
    "to-create-a-kms-key-in-a-custom-key-store-1630604382908": "CustomKeyStoreNotFoundException",
    "to-get-detailed-information-about-a-custom-key-store-associated-with-a-cloudhsm-cluster-1628628885843": "CustomKeyStoreNotFoundException",
}

# Texts that differ from call to call: what an example's looks like, and what the emulator's has to look like.
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
FORMS = (
    (f"^{UUID}$", f"^{UUID}$"),
    ("^mrk-[0-9a-f]+$", "^mrk-[0-9a-f]{32}$"),
    (r"^arn:aws:kms:[a-z0-9-]+:\d{12}:key/[0-9a-f]{8}-", rf"^arn:aws:kms:[a-z0-9-]+:\d{{12}}:key/{UUID}$"),
    (r"^arn:aws:kms:[a-z0-9-]+:\d{12}:key/mrk-", r"^arn:aws:kms:[a-z0-9-]+:\d{12}:key/mrk-[0-9a-f]{32}$"),
    (r"^arn:aws:kms:[a-z0-9-]+:\d{12}:alias/", r"^arn:aws:kms:[a-z0-9-]+:\d{12}:alias/[a-zA-Z0-9/_-]+$"),
    ("^arn:aws:iam::[0-9]{12}:root$", "^arn:aws:iam::[0-9]{12}:root$"),
    ("^alias/", "^alias/[a-zA-Z0-9/_-]+$"),
    (r"^\d{12}$", r"^\d{12}$"),
    ("^[0-9a-f]{64}$", "^[0-9a-f]{64}$"),
    ("^<.*>$", "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"),
    ("^AQ[A-Za-z0-9_-]{100}", "^[A-Za-z0-9+/=_-]{32,8192}$"),
    (r"^[a-z]{2}-[a-z]+-\d$", r"^[a-z]{2}-[a-z]+-\d$"),
    # A service of AWS, where the emulator has a role.
    (r"^acm\.", r"^arn:aws:iam::\d{12}:role/"),
)


def main() -> int:
    examples = json.loads(EXAMPLES.read_text())["examples"]
    failed = passed = 0
    with emulator() as facts:
        world = World(facts)
        for operation, cases in examples.items():
            for case in cases:
                try:
                    problems = replay(world, operation, case)
                except Exception:  # whatever goes wrong is the verdict
                    problems = [traceback.format_exc(limit=-2)]
                failed += bool(problems)
                passed += not problems
                verdict = "failed" if problems else "passed"
                print(f"{verdict}  {operation}: {case['title']}", *problems, sep="\n    ")
    print(f"\n{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def replay(world, operation, case) -> list:
    """What is wrong with the emulator's answer."""
    region, members = INPUTS.get(operation, with_key)(world, dict(case.get("input") or {}))
    answer = world.send(region, operation, members)
    problems = envelope(answer)
    code = REFUSED.get(case["id"], REFUSED.get(operation))
    if code:
        if answer.status != 400 or answer.body.get("__type") != code or set(answer.body) != {"__type", "message"}:
            problems.append(f"{answer.status} {answer.body} instead of {code}")
        return problems
    if answer.status != 200:
        return [*problems, f"{answer.status} {answer.body}"]
    expected = case.get("output") or {}
    if not expected and not ADDED[operation] and answer.raw != b"":
        problems.append(f"a body where there is none: {answer.raw}")
    mistakes = MISTAKES.get(case["id"], {})
    compare(expected, answer.body, operation, ADDED[operation], mistakes, problems)
    return problems


def envelope(answer) -> list:
    """What every answer has around it."""
    forms = {
        "x-amzn-requestid": f"^{UUID}$",
        "content-type": "^application/x-amz-json-1.1$",
        "content-length": f"^{len(answer.raw)}$",
        "date": "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$",
    }
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return [
        f"header {name}: {headers.get(name)}"
        for name, form in forms.items()
        if not re.match(form, headers.get(name, ""))
    ]


def compare(expected, found, path, added, mistakes, problems):
    name = path.rpartition(".")[2]
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            problems.append(f"{path}: {found!r} is no structure")
            return
        problems += [f"{path}.{lacking}: is not there" for lacking in expected.keys() - found.keys()]
        problems += [f"{path}.{more}: nobody expects it" for more in found.keys() - expected.keys() - added]
        for member in expected.keys() & found.keys():
            compare(expected[member], found[member], f"{path}.{member}", added, mistakes, problems)
    elif isinstance(expected, list) and expected and isinstance(expected[0], dict):
        # As many as the account has, each like the example's.
        if not found:
            problems.append(f"{path}: is empty")
        for item in found:
            compare(expected[0], item, path, added, mistakes, problems)
    elif name.endswith("Date") or name.endswith("To"):
        recent = isinstance(found, (int, float)) and abs(found - time.time()) < 40 * 86400
        if not recent or round(found, 3) != found:
            problems.append(f"{path}: {found!r} is no time near now in milliseconds")
    elif name == "ReplicaPolicy" or (name == "Policy" and isinstance(expected, str)):
        compare_policies(expected, found, path, problems)
    elif isinstance(expected, str):
        form = next((strict for loose, strict in FORMS if re.search(loose, expected)), None)
        wanted = mistakes.get(name, expected)
        good = isinstance(found, str) and (re.search(form, found) if form else found == wanted)
        if not good:
            problems.append(f"{path}: {found!r} where {wanted!r} was expected")
    elif type(found) is not type(expected) or name != "Truncated" and found != mistakes.get(name, expected):
        problems.append(f"{path}: {found!r} where {expected!r} was expected")


def compare_policies(expected, found, path, problems):
    """The default policy, spaces and all, but for the account; one example leaves it out."""
    if expected.endswith("...}"):
        expected = expected[: -len("...}")]
        found = found[: len(expected)]
    if re.sub(r"\d{12}", "ACCOUNT", found) != re.sub(r"\d{12}", "ACCOUNT", expected):
        problems.append(f"{path}: {found!r} where {expected!r} was expected")


# --- The requests: an example's, with what is there instead of what was there -----------------------------------------

Answer = collections.namedtuple("Answer", "status headers raw body")
EXAMPLE_REGION = "us-east-2"
ROLE = "arn:aws:iam::111122223333:role/ExampleRole"


class World:
    """The emulator, its answers as they came."""

    def __init__(self, facts):
        self.facts = facts
        self.clients = {}
        self.received = None

    def client(self, region):
        if region not in self.clients:
            facts = self.facts
            kms = client(facts["endpoint"], "kms", region, facts["key_id"], facts["secret"])
            kms.meta.events.register("before-parse.kms", self._receive)
            self.clients[region] = kms
        return self.clients[region]

    def send(self, region, operation, members) -> Answer:
        kms = self.client(region)
        method = re.sub("(?<!^)([A-Z])", r"_\1", operation).lower()
        try:
            getattr(kms, method)(**members)
        except kms.exceptions.ClientError:
            pass
        raw = self.received["body"]
        body = json.loads(raw) if raw else {}
        return Answer(self.received["status_code"], self.received["headers"], raw, body)

    def _receive(self, response_dict, **_):
        self.received = response_dict

    def key(self, region=EXAMPLE_REGION, **arguments):
        return self.client(region).create_key(**arguments)["KeyMetadata"]["Arn"]


def without_hardware(_world, members):
    """The examples' cluster id is none by AWS' own rule; the certificate is text."""
    if "CloudHsmClusterId" in members:
        members["CloudHsmClusterId"] = "cluster-abcdefg2345"
    return EXAMPLE_REGION, members


def in_a_region_of_its_own(world, members):
    world.key("eu-central-2")
    return "eu-central-2", members


def with_key(world, members):
    """A key of the kind that most examples are about, and bytes where they say binary data."""
    if "KeyId" in members:
        members["KeyId"] = world.key().rpartition("/")[2]
    for name, value in members.items():
        if isinstance(value, str) and value.startswith("<"):
            members[name] = b"bytes"
    return EXAMPLE_REGION, members


def with_key_of(prepare=None, **arguments):
    def make(world, members):
        _, members = with_key(world, members)
        members["KeyId"] = world.key(**arguments)
        if prepare:
            members |= prepare(world.client(EXAMPLE_REGION), members["KeyId"]) or {}
        return EXAMPLE_REGION, members

    return make


def described(world, members):
    """The examples differ in nothing but the key's id and Region: told apart by those."""
    kms = world.client(EXAMPLE_REGION)
    kind = described.kinds.pop(0)
    if kind == "multi-region":
        home = world.client("us-west-2")
        key = home.create_key(MultiRegion=True)["KeyMetadata"]["Arn"]
        for region in ("eu-west-1", "ap-northeast-1", "sa-east-1"):
            home.replicate_key(KeyId=key, ReplicaRegion=region)
        return "ap-northeast-1", {"KeyId": key.replace("us-west-2", "ap-northeast-1")}
    arguments = {
        "symmetric": {},
        "rsa": {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
        "hmac": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC", "Description": "Development test key"},
    }[kind]
    key = world.key(**arguments)
    if kind == "rsa":
        kms.disable_key(KeyId=key)
    return EXAMPLE_REGION, members | {"KeyId": key}


described.kinds = ["symmetric", "rsa", "multi-region", "hmac"]


def replicated(world, members):
    return "us-east-1", members | {"KeyId": world.key("us-east-1", MultiRegion=True)}


def aliased(world, members):
    kms = world.client(EXAMPLE_REGION)
    members = members | {"AliasName": f"alias/Example-{time.monotonic_ns()}"}
    kms.create_alias(AliasName=members["AliasName"], TargetKeyId=world.key())
    if "TargetKeyId" in members:
        members["TargetKeyId"] = world.key()
    return EXAMPLE_REGION, members


def new_alias(world, members):
    return EXAMPLE_REGION, members | {"TargetKeyId": world.key()}


def listed_aliases(world, members):
    aliased(world, {})
    return EXAMPLE_REGION, members


def granted(kms, key):
    grant = kms.create_grant(
        KeyId=key,
        GranteePrincipal="arn:aws:iam::000000000000:role/Other",
        RetiringPrincipal="arn:aws:iam::000000000000:role/Other",
        Operations=["Encrypt", "ReEncryptFrom", "ReEncryptTo"],
    )
    return {"GrantId": grant["GrantId"]}


def listed_grants(world, members):
    key = world.key()
    granted(world.client(EXAMPLE_REGION), key)
    return EXAMPLE_REGION, members | {"KeyId": key}


def retirable(world, members):
    key = world.key()
    arguments = {"KeyId": key, "GranteePrincipal": ROLE, "RetiringPrincipal": ROLE}
    world.client(EXAMPLE_REGION).create_grant(**arguments, Operations=["Decrypt", "Encrypt"])
    return EXAMPLE_REGION, members


def imported(kms, key):
    given = kms.get_parameters_for_import(
        KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
    )
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    public_key = serialization.load_der_public_key(given["PublicKey"])
    return {
        "ImportToken": given["ImportToken"],
        "EncryptedKeyMaterial": public_key.encrypt(os.urandom(32), oaep),
    }


def deleted_material(kms, key):
    kms.import_key_material(KeyId=key, ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE", **imported(kms, key))


def encrypted(kms, key):
    return {"CiphertextBlob": kms.encrypt(KeyId=key, Plaintext=b"bytes")["CiphertextBlob"]}


def re_encrypted(world, members):
    source = encrypted(world.client(EXAMPLE_REGION), world.key())
    return EXAMPLE_REGION, members | source | {"DestinationKeyId": world.key()}


def signed(kms, key):
    arguments = {"KeyId": key, "Message": b"bytes", "SigningAlgorithm": "ECDSA_SHA_384"}
    return {"Signature": kms.sign(**arguments)["Signature"]}


def authenticated(kms, key):
    arguments = {"KeyId": key, "Message": b"Hello World", "MacAlgorithm": "HMAC_SHA_384"}
    return {"Mac": kms.generate_mac(**arguments)["Mac"]}


def with_policy(world, members):
    key = world.key()
    account = key.split(":")[4]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
    return EXAMPLE_REGION, members | {"KeyId": key, "Policy": json.dumps(policy)}


HMAC = {"KeySpec": "HMAC_384", "KeyUsage": "GENERATE_VERIFY_MAC"}
ECC = {"KeySpec": "ECC_NIST_P384", "KeyUsage": "SIGN_VERIFY"}
TAGS = [{"TagKey": key, "TagValue": value} for key, value in (("CostCenter", "87654"),)]

INPUTS = {
    "CancelKeyDeletion": with_key_of(lambda kms, key: kms.schedule_key_deletion(KeyId=key) and None),
    "CreateAlias": new_alias,
    "CreateCustomKeyStore": without_hardware,
    "Decrypt": with_key_of(encrypted),
    "DeleteAlias": aliased,
    "DeleteImportedKeyMaterial": with_key_of(deleted_material, Origin="EXTERNAL"),
    "DescribeKey": described,
    "EnableKey": with_key_of(lambda kms, key: kms.disable_key(KeyId=key) and None),
    "GenerateMac": with_key_of(**HMAC),
    "GetKeyRotationStatus": with_key_of(lambda kms, key: kms.enable_key_rotation(KeyId=key) and None),
    "GetParametersForImport": with_key_of(Origin="EXTERNAL"),
    "GetPublicKey": with_key_of(KeySpec="RSA_4096", KeyUsage="ENCRYPT_DECRYPT"),
    "ImportKeyMaterial": with_key_of(imported, Origin="EXTERNAL"),
    "ListAliases": listed_aliases,
    "ListGrants": listed_grants,
    "ListKeys": in_a_region_of_its_own,
    "ListResourceTags": with_key_of(Tags=TAGS),
    "ListRetirableGrants": retirable,
    "PutKeyPolicy": with_policy,
    "ReEncrypt": re_encrypted,
    "ReplicateKey": replicated,
    "RetireGrant": with_key_of(granted),
    "RevokeGrant": with_key_of(granted),
    "Sign": with_key_of(**ECC),
    "UpdateAlias": aliased,
    "UpdateCustomKeyStore": without_hardware,
    "Verify": with_key_of(signed, **ECC),
    "VerifyMac": with_key_of(authenticated, **HMAC),
}


if __name__ == "__main__":
    sys.exit(main())
