//! Good requests of every operation, made from the API's table and from what earlier answers said.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine};
use kmsr_model::{Member, Operation, Shape};
use kmsr_wrap::WrappingAlgorithm;
use serde_json::{Map, Value, json};

use super::choices::Choices;
use super::wire::NOW;

type Members = Map<String, Value>;

/// What was learnt from answers.
#[derive(Default)]
pub struct Memory {
    /// The metadata of every key that was made, oldest first.
    keys: Vec<Value>,
    /// By operation, the last request that succeeded, and its answer.
    last: BTreeMap<&'static str, (Members, Members)>,
}

impl Memory {
    pub fn remember(
        &mut self,
        operation: &'static str,
        request: &Map<String, Value>,
        answer: &Map<String, Value>,
    ) {
        for name in ["KeyMetadata", "ReplicaKeyMetadata"] {
            if let (Some(key), "CreateKey" | "ReplicateKey") = (answer.get(name), operation) {
                self.keys.push(key.clone());
            }
        }
        self.last
            .insert(operation, (request.clone(), answer.clone()));
    }

    /// An operation that goes on from one that has been, or else that one.
    pub fn next(&self, choices: &mut Choices<'_>) -> &'static str {
        let (operation, origins) = choices.of(FOLLOWS);
        let before = origins[0].1;
        if self.last.contains_key(before) && !choices.once_in(4) {
            operation
        } else {
            before
        }
    }

    /// A member of an operation's last answer.
    fn answered(&self, operation: &str, member: &str) -> Option<&Value> {
        self.last.get(operation)?.1.get(member)
    }

    /// A member of an operation's last request.
    fn asked(&self, operation: &str, member: &str) -> Option<&Value> {
        self.last.get(operation)?.0.get(member)
    }
}

/// Whence an operation's members come when another has gone before: member, that operation, its member, and whether from its
/// answer rather than its request.
type Origin = (&'static str, &'static str, &'static str, bool);

const FOLLOWS: &[(&str, &[Origin])] = &[
    (
        "Verify",
        &[
            ("KeyId", "Sign", "KeyId", false),
            ("Message", "Sign", "Message", false),
            ("MessageType", "Sign", "MessageType", false),
            ("SigningAlgorithm", "Sign", "SigningAlgorithm", false),
            ("Signature", "Sign", "Signature", true),
        ],
    ),
    (
        "VerifyMac",
        &[
            ("KeyId", "GenerateMac", "KeyId", false),
            ("Message", "GenerateMac", "Message", false),
            ("MacAlgorithm", "GenerateMac", "MacAlgorithm", false),
            ("Mac", "GenerateMac", "Mac", true),
        ],
    ),
    (
        "Decrypt",
        &[
            ("KeyId", "Encrypt", "KeyId", false),
            ("EncryptionContext", "Encrypt", "EncryptionContext", false),
            (
                "EncryptionAlgorithm",
                "Encrypt",
                "EncryptionAlgorithm",
                false,
            ),
            ("CiphertextBlob", "Encrypt", "CiphertextBlob", true),
        ],
    ),
    (
        "ReEncrypt",
        &[
            ("SourceKeyId", "Encrypt", "KeyId", false),
            (
                "SourceEncryptionContext",
                "Encrypt",
                "EncryptionContext",
                false,
            ),
            (
                "SourceEncryptionAlgorithm",
                "Encrypt",
                "EncryptionAlgorithm",
                false,
            ),
            ("CiphertextBlob", "Encrypt", "CiphertextBlob", true),
        ],
    ),
    (
        "Decapsulate",
        &[
            ("KeyId", "Encapsulate", "KeyId", false),
            (
                "EncapsulationAlgorithm",
                "Encapsulate",
                "EncapsulationAlgorithm",
                false,
            ),
            (
                "SharedSecretCiphertextBlob",
                "Encapsulate",
                "SharedSecretCiphertextBlob",
                true,
            ),
        ],
    ),
    (
        "DeriveSharedSecret",
        &[
            ("KeyId", "GetPublicKey", "KeyId", true),
            ("PublicKey", "GetPublicKey", "PublicKey", true),
        ],
    ),
    (
        "ImportKeyMaterial",
        &[
            ("KeyId", "GetParametersForImport", "KeyId", true),
            ("ImportToken", "GetParametersForImport", "ImportToken", true),
        ],
    ),
    (
        "RevokeGrant",
        &[
            ("KeyId", "CreateGrant", "KeyId", false),
            ("GrantId", "CreateGrant", "GrantId", true),
        ],
    ),
    (
        "UpdatePrimaryRegion",
        &[
            ("KeyId", "ReplicateKey", "KeyId", false),
            ("PrimaryRegion", "ReplicateKey", "ReplicaRegion", false),
        ],
    ),
    (
        "ImportKeyMaterial",
        &[("KeyId", "GenerateDataKeyPair", "KeyId", false)],
    ),
    (
        "RetireGrant",
        &[
            ("GrantToken", "CreateGrant", "GrantToken", true),
            ("KeyId", "CreateGrant", "no such member", true),
            ("GrantId", "CreateGrant", "no such member", true),
        ],
    ),
    (
        "DeleteAlias",
        &[("AliasName", "CreateAlias", "AliasName", false)],
    ),
    (
        "UpdateAlias",
        &[("AliasName", "CreateAlias", "AliasName", false)],
    ),
    ("UntagResource", &[("KeyId", "TagResource", "KeyId", false)]),
    (
        "CancelKeyDeletion",
        &[("KeyId", "ScheduleKeyDeletion", "KeyId", true)],
    ),
    (
        "DeleteImportedKeyMaterial",
        &[("KeyId", "ImportKeyMaterial", "KeyId", true)],
    ),
    (
        "RotateKeyOnDemand",
        &[("KeyId", "EnableKeyRotation", "KeyId", false)],
    ),
];

/// The members of a request as a client would send it.
pub fn request(
    choices: &mut Choices<'_>,
    memory: &Memory,
    operation: &'static Operation,
) -> Map<String, Value> {
    if operation.name == "CreateKey" {
        return new_key(choices);
    }
    let key = fitting_key(choices, memory, operation.name);
    let mut members = Map::new();
    for member in operation.input {
        if member.required || choices.once_in(4) {
            let value = value(choices, memory, &key, member, member.shape);
            members.insert(member.name.to_owned(), value);
        }
    }
    if !choices.once_in(4) {
        follow(memory, operation.name, &mut members);
    }
    if operation.page.is_some()
        && let Some(marker) = memory.answered(operation.name, "NextMarker")
    {
        members.insert("Marker".to_owned(), marker.clone());
    }
    members
}

fn follow(memory: &Memory, operation: &str, members: &mut Map<String, Value>) {
    let origins = FOLLOWS
        .iter()
        .find(|(name, _)| *name == operation)
        .map_or(&[][..], |(_, origins)| origins);
    for (member, before, there, from_answer) in origins {
        if !memory.last.contains_key(before) {
            return;
        }
        let value = if *from_answer {
            memory.answered(before, there)
        } else {
            memory.asked(before, there)
        };
        match value {
            Some(value) => members.insert((*member).to_owned(), value.clone()),
            None => members.remove(*member),
        };
    }
}

const SPECS: &[(&str, &str)] = &[
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
    ("ECC_NIST_P256", "SIGN_VERIFY"),
    ("HMAC_256", "GENERATE_VERIFY_MAC"),
    ("ECC_NIST_P256", "KEY_AGREEMENT"),
    ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"),
    ("ML_DSA_44", "SIGN_VERIFY"),
    ("HMAC_512", "GENERATE_VERIFY_MAC"),
    ("ECC_NIST_P384", "KEY_AGREEMENT"),
    ("ECC_NIST_P521", "SIGN_VERIFY"),
    ("ECC_SECG_P256K1", "SIGN_VERIFY"),
    ("SM2", "SIGN_VERIFY"),
];

fn new_key(choices: &mut Choices<'_>) -> Map<String, Value> {
    let (mut spec, mut usage) = choices.of(SPECS);
    if choices.once_in(64) {
        // They take long to make.
        (spec, usage) = choices.of(&[("RSA_2048", "ENCRYPT_DECRYPT"), ("RSA_2048", "SIGN_VERIFY")]);
    }
    let mut members = Map::new();
    members.insert("KeySpec".to_owned(), json!(spec));
    members.insert("KeyUsage".to_owned(), json!(usage));
    if choices.once_in(2) {
        members.insert("Origin".to_owned(), json!("EXTERNAL"));
    }
    if choices.once_in(3) {
        members.insert("MultiRegion".to_owned(), json!(true));
    }
    if choices.once_in(4) {
        members.insert("Tags".to_owned(), json!([{"TagKey": "a", "TagValue": "b"}]));
    }
    if choices.once_in(4) {
        members.insert("Policy".to_owned(), json!(POLICY));
    }
    members
}

const POLICY: &str = r#"{"Version":"2012-10-17","Id":"p","Statement":[{"Sid":"s","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:*","Resource":"*"}]}"#;

/// A key that the operation can work with, if there is one; else any, and without any, nothing.
fn fitting_key(choices: &mut Choices<'_>, memory: &Memory, operation: &str) -> Value {
    let wanted = match operation {
        "Encrypt"
        | "Decrypt"
        | "ReEncrypt"
        | "GenerateDataKey"
        | "GenerateDataKeyPair"
        | "GenerateDataKeyWithoutPlaintext"
        | "GenerateDataKeyPairWithoutPlaintext"
        | "EnableKeyRotation"
        | "RotateKeyOnDemand" => Some(("KeyUsage", "ENCRYPT_DECRYPT")),
        "Sign" | "Verify" => Some(("KeyUsage", "SIGN_VERIFY")),
        "GenerateMac" | "VerifyMac" => Some(("KeyUsage", "GENERATE_VERIFY_MAC")),
        "DeriveSharedSecret" | "GetPublicKey" => Some(("KeyUsage", "KEY_AGREEMENT")),
        "Encapsulate" | "Decapsulate" => Some(("KeyUsage", "ENCAPSULATE_DECAPSULATE")),
        "GetParametersForImport" | "ImportKeyMaterial" | "DeleteImportedKeyMaterial" => {
            Some(("Origin", "EXTERNAL"))
        }
        "ReplicateKey" | "UpdatePrimaryRegion" => {
            let of_many = |key: &&Value| key["MultiRegion"] == true;
            return memory
                .keys
                .iter()
                .rfind(of_many)
                .cloned()
                .unwrap_or(Value::Null);
        }
        _ => None,
    };
    let fitting: Vec<&Value> = memory
        .keys
        .iter()
        .filter(|key| wanted.is_none_or(|(member, value)| key[member] == value))
        .collect();
    if fitting.is_empty() || choices.once_in(16) {
        let any = choices.below(memory.keys.len());
        return memory.keys.get(any).cloned().unwrap_or(Value::Null);
    }
    fitting[choices.below(fitting.len())].clone()
}

fn value(
    choices: &mut Choices<'_>,
    memory: &Memory,
    key: &Value,
    member: &Member,
    shape: Shape,
) -> Value {
    match member.name {
        "KeyId" | "TargetKeyId" | "SourceKeyId" | "DestinationKeyId" => {
            let alias = memory.asked("CreateAlias", "AliasName");
            return match (choices.below(4), alias) {
                (3, Some(alias)) => alias.clone(),
                (2, _) => key["KeyId"].clone(),
                _ => key["Arn"].clone(),
            };
        }
        // A key's metadata lists what it can do.
        "SigningAlgorithm"
        | "EncryptionAlgorithm"
        | "MacAlgorithm"
        | "KeyAgreementAlgorithm"
        | "EncapsulationAlgorithm"
        | "SourceEncryptionAlgorithm"
        | "DestinationEncryptionAlgorithm" => {
            let list = match member.name {
                "EncapsulationAlgorithm" => "EncapsulationAlgorithms".to_owned(),
                name if name.ends_with("EncryptionAlgorithm") => "EncryptionAlgorithms".to_owned(),
                name => format!("{name}s"),
            };
            if let Some(algorithms) = key[list.as_str()].as_array() {
                return algorithms[choices.below(algorithms.len())].clone();
            }
        }
        "EncryptedKeyMaterial" => return wrapped(choices, memory, key),
        "WrappingAlgorithm" => {
            return json!(choices.of(&[
                "RSAES_OAEP_SHA_256",
                "RSA_AES_KEY_WRAP_SHA_256",
                "RSAES_OAEP_SHA_1"
            ]));
        }
        "WrappingKeySpec" => return json!("RSA_2048"),
        "ExpirationModel" => return json!("KEY_MATERIAL_DOES_NOT_EXPIRE"),
        "ValidTo" => return json!(NOW.seconds() + choices.of(&[1.0, 86_400.5, 30_000_000.0])),
        "KeyPairSpec" => {
            return json!(choices.of(&[
                "ECC_NIST_P256",
                "ECC_NIST_EDWARDS25519",
                "ECC_NIST_P521",
                "ECC_SECG_P256K1"
            ]));
        }
        "Operations" => {
            return json!([
                "DescribeKey",
                choices.of(&["RetireGrant", "CreateGrant", "Decrypt", "Sign"])
            ]);
        }
        "Policy" => return json!(POLICY),
        "PolicyName" => return json!("default"),
        "AliasName" => return json!(choices.of(&["alias/a", "alias/b/c", "alias/d"])),
        "GranteePrincipal" | "RetiringPrincipal" => {
            return json!("arn:aws:iam::000000000000:user/fuzz");
        }
        "ReplicaRegion" | "PrimaryRegion" => return json!(choices.of(&["eu-west-1", "us-east-1"])),
        "PendingWindowInDays" => return json!(7 + choices.below(24)),
        "RotationPeriodInDays" => return json!(90 + choices.below(2000)),
        "NumberOfBytes" => return json!(choices.of(&[1, 32, 1024])),
        "Limit" => return json!(1 + choices.below(50)),
        "Message" => {
            let length = choices.of(&[32, 1, 4096, 48, 64, 20]);
            return json!(BASE64_STANDARD.encode(vec![7; length]));
        }
        "DryRun" | "BypassPolicyLockoutSafetyCheck" => return json!(choices.once_in(4)),
        _ => {}
    }
    match shape {
        Shape::String => json!(choices.of(&["a", "AAAAAAAA", "default"])),
        Shape::Enum(enumeration) => json!(choices.of(enumeration.values)),
        Shape::Blob => json!(BASE64_STANDARD.encode(vec![9; choices.of(&[16, 1, 256, 4096])])),
        Shape::Timestamp => json!(NOW.seconds()),
        Shape::Boolean => json!(choices.once_in(2)),
        Shape::Integer => json!(choices.below(400)),
        Shape::List(item) => {
            let count = 1 + choices.below(3);
            let items = (0..count).map(|_| value(choices, memory, key, member, *item));
            Value::Array(items.collect())
        }
        Shape::Map => json!({"purpose": choices.of(&["a", "ß", ""])}),
        Shape::Structure(structure) => {
            let mut members = Map::new();
            for member in structure.members {
                if member.required || choices.once_in(2) {
                    let value = value(choices, memory, key, member, member.shape);
                    members.insert(member.name.to_owned(), value);
                }
            }
            Value::Object(members)
        }
    }
}

/// Material that fits the key, wrapped for the import parameters that were given last.
fn wrapped(choices: &mut Choices<'_>, memory: &Memory, key: &Value) -> Value {
    let spec = key["KeySpec"].as_str().unwrap_or_default();
    let material = if spec.starts_with("HMAC") {
        vec![choices.byte(); 64]
    } else if spec == "SYMMETRIC_DEFAULT" {
        vec![choices.below(3) as u8; 32]
    } else {
        // A data key pair's private half comes in the form in which it can be imported.
        bytes(memory.answered("GenerateDataKeyPair", "PrivateKeyPlaintext"))
    };
    let algorithm = memory
        .asked("GetParametersForImport", "WrappingAlgorithm")
        .and_then(Value::as_str)
        .and_then(|name| WrappingAlgorithm::parse(name).ok());
    let public_key = bytes(memory.answered("GetParametersForImport", "PublicKey"));
    let wrapped = algorithm
        .and_then(|algorithm| kmsr_wrap::wrap_slice(&material, &public_key, algorithm).ok());
    json!(BASE64_STANDARD.encode(wrapped.unwrap_or(material)))
}

fn bytes(value: Option<&Value>) -> Vec<u8> {
    value
        .and_then(Value::as_str)
        .and_then(|text| BASE64_STANDARD.decode(text).ok())
        .unwrap_or_default()
}
