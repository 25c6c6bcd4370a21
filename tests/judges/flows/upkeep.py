"""The years of a key: names, tags, policies, grants, rotation, Regions, deletion; and who may call at all."""

import json
import os

from flows.account import refused, same

ALICE = "arn:aws:iam::000000000000:user/alice"


def identity(account):
    """signatures by a wrong secret, an unknown access key and a made-up session are refused, by STS as well"""
    kms = account.client("kms", secret="x" * len(account.facts["secret"]))
    refused("InvalidSignatureException", kms.list_keys)
    refused("UnrecognizedClientException", account.client("kms", key_id="AKIAUNKNOWN0000000AA").list_keys)
    refused("UnrecognizedClientException", account.client("kms", token="made up").list_keys)
    found = account.client("sts").get_caller_identity()
    same(found["Account"], "000000000000")
    assert found["Arn"].startswith("arn:aws:iam::000000000000:user/"), found
    refused("InvalidClientTokenId", account.client("sts", key_id="AKIAUNKNOWN0000000AA").get_caller_identity)
    refused("SignatureDoesNotMatch", account.client("sts", secret="x").get_caller_identity)


def names(account):
    """an alias names a key, then another, then none"""
    kms, one, other = account.kms, account.key(), account.key()
    name = f"alias/{os.urandom(8).hex()}"
    kms.create_alias(AliasName=name, TargetKeyId=one)
    same(account.metadata(name)["Arn"], one)
    refused("AlreadyExistsException", kms.create_alias, AliasName=name, TargetKeyId=other)
    kms.update_alias(AliasName=name, TargetKeyId=other)
    listed = kms.list_aliases(KeyId=other)["Aliases"]
    same([alias["AliasName"] for alias in listed], [name])
    same(account.metadata(listed[0]["AliasArn"])["Arn"], other)
    kms.delete_alias(AliasName=name)
    refused("NotFoundException", kms.describe_key, KeyId=name)


def descriptions(account):
    """descriptions and tags are kept as given"""
    kms = account.kms
    key = account.key(Description="one", Tags=[{"TagKey": "a", "TagValue": "1"}])
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "b", "TagValue": "2"}])
    kms.untag_resource(KeyId=key, TagKeys=["a"])
    same(kms.list_resource_tags(KeyId=key)["Tags"], [{"TagKey": "b", "TagValue": "2"}])
    kms.update_key_description(KeyId=key, Description="two")
    same(account.metadata(key)["Description"], "two")


def policies(account):
    """a policy is kept, and one that makes no sense refused"""
    kms, key = account.kms, account.key()
    same(kms.list_key_policies(KeyId=key)["PolicyNames"], ["default"])
    policy = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    policy["Statement"][0]["Sid"] = "Renamed"
    kms.put_key_policy(KeyId=key, Policy=json.dumps(policy))
    same(json.loads(kms.get_key_policy(KeyId=key)["Policy"]), policy)
    refused("MalformedPolicyDocumentException", kms.put_key_policy, KeyId=key, Policy="{}")


def grants(account):
    """grants are given, used by their tokens, listed, retired and revoked"""
    kms, key = account.kms, account.key()
    asked = {
        "KeyId": key,
        "GranteePrincipal": ALICE,
        "RetiringPrincipal": ALICE,
        "Operations": ["Encrypt", "Decrypt"],
        "Constraints": {"EncryptionContextSubset": {"a": "b"}},
    }
    first, second = kms.create_grant(**asked), kms.create_grant(**asked, Name="second")
    kms.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[first["GrantToken"]])
    listed = kms.list_grants(KeyId=key)["Grants"]
    same({grant["GrantId"] for grant in listed}, {first["GrantId"], second["GrantId"]})
    same(listed[0]["Constraints"], asked["Constraints"])
    retirable = kms.list_retirable_grants(RetiringPrincipal=ALICE)["Grants"]
    assert {grant["GrantId"] for grant in listed} <= {grant["GrantId"] for grant in retirable}, retirable
    kms.retire_grant(GrantToken=first["GrantToken"])
    kms.revoke_grant(KeyId=key, GrantId=second["GrantId"])
    same(kms.list_grants(KeyId=key)["Grants"], [])


def use_and_end(account):
    """a disabled key does nothing, one that is scheduled for deletion can be saved"""
    kms, key = account.kms, account.key()
    kms.disable_key(KeyId=key)
    same(refused("DisabledException", kms.encrypt, KeyId=key, Plaintext=b"x"), f"{key} is disabled.")
    kms.enable_key(KeyId=key)
    kms.encrypt(KeyId=key, Plaintext=b"x")
    same(kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]["Operation"], "Encrypt")
    same(kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)["KeyState"], "PendingDeletion")
    same(
        refused("KMSInvalidStateException", kms.encrypt, KeyId=key, Plaintext=b"x"),
        f"{key} is pending deletion.",
    )
    kms.cancel_key_deletion(KeyId=key)
    same(account.state(key), "Disabled")


def rotation(account):
    """keys of AWS rotate by the calendar or on demand, and open what they closed before"""
    kms, key = account.kms, account.key()
    sealed = kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    same(kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"], 180)
    kms.rotate_key_on_demand(KeyId=key)
    same([entry["RotationType"] for entry in kms.list_key_rotations(KeyId=key)["Rotations"]], ["ON_DEMAND"])
    same(kms.decrypt(CiphertextBlob=sealed)["Plaintext"], b"old")
    kms.disable_key_rotation(KeyId=key)
    same(kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"], False)


def regions(account):
    """a multi-Region key is the same key elsewhere, and its primary can move"""
    kms, there = account.kms, "us-west-2"
    here = account.facts["region"]
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    replica = kms.replicate_key(KeyId=key, ReplicaRegion=there)["ReplicaKeyMetadata"]
    same(replica["Arn"], f"arn:aws:kms:{there}:000000000000:key/{key}")
    sealed = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    same(account.client("kms", there).decrypt(CiphertextBlob=sealed)["Plaintext"], b"x")
    kms.update_primary_region(KeyId=key, PrimaryRegion=there)
    relatives = account.metadata(key)["MultiRegionConfiguration"]
    same((relatives["MultiRegionKeyType"], relatives["PrimaryKey"]["Region"]), ("REPLICA", there))
    same([relative["Region"] for relative in relatives["ReplicaKeys"]], [here])


def listings(account):
    """pages of a listing have every key, each once"""
    made = {account.key() for _ in range(5)}
    pages = account.kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
    found = [key["KeyArn"] for page in pages for key in page["Keys"]]
    assert made <= set(found) and len(found) == len(set(found)), found
    refused("InvalidMarkerException", account.kms.list_keys, Marker="nonsense")


def no_key_stores(account):
    """custom key stores are answered as in an account that has none"""
    kms, store = account.kms, {"CustomKeyStoreId": "cks-1234567890abcdef0"}
    same(kms.describe_custom_key_stores()["CustomKeyStores"], [])
    asked = {"CustomKeyStoreName": "mine", "CloudHsmClusterId": "cluster-abcdefg2345"}
    refused("CloudHsmClusterNotFoundException", kms.create_custom_key_store, **asked)
    for call in (
        kms.connect_custom_key_store,
        kms.disconnect_custom_key_store,
        kms.update_custom_key_store,
        kms.delete_custom_key_store,
    ):
        refused("CustomKeyStoreNotFoundException", call, **store)


CASES = (
    identity,
    names,
    descriptions,
    policies,
    grants,
    use_and_end,
    rotation,
    regions,
    listings,
    no_key_stores,
)
