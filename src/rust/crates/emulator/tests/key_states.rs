//! The table "Key states of AWS KMS keys" of AWS' developer guide, operation by operation. The states `Creating`, `Updating` and
//! `Unavailable` are left out: the emulator replicates and updates at once, and has no custom key stores.

use base64::prelude::{BASE64_STANDARD, Engine};
use kmsr_wrap::WrappingAlgorithm;
use serde_json::{Value, json};

#[path = "fuzz/wire.rs"]
#[allow(dead_code, reason = "raw bytes are the fuzzer's")]
mod wire;

/// The guide's footnotes, and `OK` for its check mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    OK,
    /// [1] `DisabledException: <key ARN> is disabled.`
    X1,
    /// [3] `KMSInvalidStateException: <key ARN> is pending deletion (or pending replica deletion).`
    X3,
    /// [4] `KMSInvalidStateException: <key ARN> is not pending deletion.`
    X4,
    /// [5] `KMSInvalidStateException: <key ARN> is pending import.`
    X5,
    /// [6] `UnsupportedOperationException: <key ARN> origin is EXTERNAL which is not valid for this operation.`
    X6,
    /// There is no such key.
    NA,
}
use Outcome::*;

/// What kind of key an operation is tried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// For encryption, its material KMS' own.
    Own,
    /// For encryption, its material imported.
    Imported,
    Signing,
    Mac,
    Agreement,
    Encapsulation,
    /// A multi-Region primary with a replica, its material KMS' own.
    Primary,
}
use Kind::*;

/// The guide has one column for "Pending deletion" and "Pending replica deletion". Where it answers "[2] or [3]", AWS and the
/// emulator answer [3]. The last column is tried with a key of the same kind whose material is imported and gone.
#[rustfmt::skip]
const TABLE: &[(&str, Kind, [Outcome; 4])] = &[
    //                                                      Enabled Disabled Pending  Pending
    //                                                                       deletion import
    ("CancelKeyDeletion",                   Own,           [X4,     X4,      OK,      X4]),
    ("CreateAlias",                         Own,           [OK,     OK,      X3,      OK]),
    ("CreateGrant",                         Own,           [OK,     X1,      X3,      X5]),
    ("Decapsulate",                         Encapsulation, [OK,     X1,      X3,      NA]),
    ("Decrypt",                             Own,           [OK,     X1,      X3,      X5]),
    ("DeleteAlias",                         Own,           [OK,     OK,      OK,      OK]),
    ("DeleteImportedKeyMaterial",           Imported,      [OK,     OK,      OK,      OK]),
    ("DeriveSharedSecret",                  Agreement,     [OK,     X1,      X3,      X5]),
    ("DescribeKey",                         Own,           [OK,     OK,      OK,      OK]),
    ("DisableKey",                          Own,           [OK,     OK,      X3,      X5]),
    ("DisableKeyRotation",                  Own,           [OK,     X1,      X3,      X6]),
    ("EnableKey",                           Own,           [OK,     OK,      X3,      X5]),
    ("EnableKeyRotation",                   Own,           [OK,     X1,      X3,      X6]),
    ("Encapsulate",                         Encapsulation, [OK,     X1,      X3,      NA]),
    ("Encrypt",                             Own,           [OK,     X1,      X3,      X5]),
    ("GenerateDataKey",                     Own,           [OK,     X1,      X3,      X5]),
    ("GenerateDataKeyPair",                 Own,           [OK,     X1,      X3,      X5]),
    ("GenerateDataKeyPairWithoutPlaintext", Own,           [OK,     X1,      X3,      X5]),
    ("GenerateDataKeyWithoutPlaintext",     Own,           [OK,     X1,      X3,      X5]),
    ("GenerateMac",                         Mac,           [OK,     X1,      X3,      X5]),
    ("GetKeyLastUsage",                     Own,           [OK,     OK,      OK,      OK]),
    ("GetKeyPolicy",                        Own,           [OK,     OK,      OK,      OK]),
    // [6] where material is pending import, says the guide; since imported material rotates, there is a status to ask for.
    ("GetKeyRotationStatus",                Own,           [OK,     OK,      OK,      OK]),
    ("GetParametersForImport",              Imported,      [OK,     OK,      X3,      OK]),
    ("GetPublicKey",                        Signing,       [OK,     X1,      X3,      X5]),
    ("ImportKeyMaterial",                   Imported,      [OK,     OK,      X3,      OK]),
    ("ListAliases",                         Own,           [OK,     OK,      OK,      OK]),
    ("ListGrants",                          Own,           [OK,     OK,      OK,      OK]),
    ("ListKeyPolicies",                     Own,           [OK,     OK,      OK,      OK]),
    ("ListKeyRotations",                    Own,           [OK,     OK,      OK,      OK]),
    ("ListResourceTags",                    Own,           [OK,     OK,      OK,      OK]),
    ("PutKeyPolicy",                        Own,           [OK,     OK,      OK,      OK]),
    ("ReEncrypt",                           Own,           [OK,     X1,      X3,      X5]),
    ("ReplicateKey",                        Primary,       [OK,     X1,      X3,      X5]),
    ("RetireGrant",                         Own,           [OK,     OK,      OK,      OK]),
    ("RevokeGrant",                         Own,           [OK,     OK,      OK,      OK]),
    ("RotateKeyOnDemand",                   Own,           [OK,     X1,      X3,      X5]),
    ("ScheduleKeyDeletion",                 Own,           [OK,     OK,      X3,      OK]),
    ("Sign",                                Signing,       [OK,     X1,      X3,      X5]),
    ("TagResource",                         Own,           [OK,     OK,      X3,      OK]),
    ("UntagResource",                       Own,           [OK,     OK,      X3,      OK]),
    ("UpdateAlias",                         Own,           [OK,     OK,      X3,      OK]),
    ("UpdateKeyDescription",                Own,           [OK,     OK,      X3,      OK]),
    ("UpdatePrimaryRegion",                 Primary,       [OK,     X1,      X3,      X5]),
    ("Verify",                              Signing,       [OK,     X1,      X3,      X5]),
    ("VerifyMac",                           Mac,           [OK,     X1,      X3,      X5]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Enabled,
    Disabled,
    PendingDeletion,
    PendingReplicaDeletion,
    PendingImport,
}

#[test]
fn every_operation_in_every_state() {
    let mut account = Account::new();
    let mut wrong = Vec::new();
    for &(operation, kind, [enabled, disabled, pending_deletion, pending_import]) in TABLE {
        for (state, expected) in [
            (State::Enabled, enabled),
            (State::Disabled, disabled),
            (State::PendingDeletion, pending_deletion),
            (State::PendingReplicaDeletion, pending_deletion),
            (State::PendingImport, pending_import),
        ] {
            let found = match expected {
                NA => continue,
                _ => account.outcome(operation, kind, state),
            };
            if found.as_ref() != Ok(&expected) {
                wrong.push(format!(
                    "{operation} when {state:?}: {found:?}, not {expected:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_operation_on_a_key_is_in_the_table() {
    let on_a_key = kmsr_model::OPERATIONS.iter().filter(|operation| {
        let names_a_key = |name: &str| matches!(name, "KeyId" | "TargetKeyId" | "AliasName");
        let mut members = operation.input.iter();
        members.any(|member| names_a_key(member.name)) || operation.name == "ReEncrypt"
    });
    let here: Vec<&str> = TABLE.iter().map(|(operation, ..)| *operation).collect();
    let all: Vec<&str> = on_a_key.map(|operation| operation.name).collect();
    assert_eq!(here, all);
}

const HERE: &str = "us-east-1";
const THERE: &str = "eu-west-1";
const ELSEWHERE: &str = "ap-southeast-2";
const ALICE: &str = "arn:aws:iam::000000000000:user/alice";

struct Account {
    client: wire::Connection,
    /// Keeps aliases apart.
    count: usize,
    /// Keeps it running.
    _emulator: kmsr_emulator::Emulator,
}

/// A key, and what was made under it while it worked.
struct Prepared {
    arn: String,
    alias: String,
    grant: Value,
    made: Value,
}

impl Account {
    fn new() -> Self {
        let emulator = wire::emulator();
        Self {
            client: wire::Connection::to(&emulator),
            count: 0,
            _emulator: emulator,
        }
    }

    /// What an operation does to a new key of a kind that was brought into a state.
    fn outcome(&mut self, operation: &str, kind: Kind, state: State) -> Result<Outcome, Value> {
        let key = self.key(operation, kind, state);
        let request = self.request(operation, &key);
        let (status, answer) = self.ask(HERE, operation, &request);
        let text = |member: &str| answer[member].as_str().unwrap_or_default().to_owned();
        let says = text("message").replace(&key.arn, "K");
        match (status, text("__type").as_str(), says.as_str()) {
            (200, ..) => Ok(OK),
            (_, "DisabledException", "K is disabled.") => Ok(X1),
            (_, "KMSInvalidStateException", "K is pending deletion.")
                if state == State::PendingDeletion =>
            {
                Ok(X3)
            }
            (_, "KMSInvalidStateException", "K is pending replica deletion.")
                if state == State::PendingReplicaDeletion =>
            {
                Ok(X3)
            }
            (_, "KMSInvalidStateException", "K is not pending deletion.") => Ok(X4),
            (_, "KMSInvalidStateException", "K is pending import.") => Ok(X5),
            (
                _,
                "UnsupportedOperationException",
                "K origin is EXTERNAL which is not valid for this operation.",
            ) => Ok(X6),
            _ => Err(answer),
        }
    }

    fn key(&mut self, operation: &str, kind: Kind, state: State) -> Prepared {
        let (spec, usage) = match kind {
            Own | Imported | Primary => ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
            Signing => ("ECC_NIST_P256", "SIGN_VERIFY"),
            Mac => ("HMAC_256", "GENERATE_VERIFY_MAC"),
            Agreement => ("ECC_NIST_P256", "KEY_AGREEMENT"),
            Encapsulation => ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"),
        };
        let imported = kind == Imported || state == State::PendingImport;
        let multi_region = kind == Primary || state == State::PendingReplicaDeletion;
        let created = self.must(
            "CreateKey",
            &json!({
                "KeySpec": spec,
                "KeyUsage": usage,
                "MultiRegion": multi_region,
                "Origin": if imported { "EXTERNAL" } else { "AWS_KMS" },
            }),
        );
        let arn = created["KeyMetadata"]["Arn"]
            .as_str()
            .expect("an ARN")
            .to_owned();
        if imported {
            self.import(&arn, spec);
        }
        // Without a replica, a primary's deletion has to wait for none.
        if multi_region && state != State::PendingDeletion {
            self.must(
                "ReplicateKey",
                &json!({"KeyId": arn, "ReplicaRegion": THERE}),
            );
        }
        let grant = json!({"KeyId": arn, "GranteePrincipal": ALICE, "Operations": ["DescribeKey"]});
        let grant = self.must("CreateGrant", &grant);
        self.count += 1;
        let alias = format!("alias/{}", self.count);
        self.must(
            "CreateAlias",
            &json!({"AliasName": alias, "TargetKeyId": arn}),
        );
        let made = self.make(operation, &arn);
        self.bring(&arn, state);
        Prepared {
            arn,
            alias,
            grant,
            made,
        }
    }

    /// What the operation needs that only a working key can make.
    fn make(&mut self, operation: &str, arn: &str) -> Value {
        let (maker, mut request) = match operation {
            "Decrypt" | "ReEncrypt" => ("Encrypt", json!({"Plaintext": "AAAA"})),
            "Verify" => (
                "Sign",
                json!({"Message": "AAAA", "SigningAlgorithm": "ECDSA_SHA_256"}),
            ),
            "VerifyMac" => (
                "GenerateMac",
                json!({"Message": "AAAA", "MacAlgorithm": "HMAC_SHA_256"}),
            ),
            "DeriveSharedSecret" => ("GetPublicKey", json!({})),
            "ImportKeyMaterial" => ("GetParametersForImport", wishes()),
            "Decapsulate" => ("Encapsulate", json!({"EncapsulationAlgorithm": "ML_KEM"})),
            _ => return Value::Null,
        };
        request["KeyId"] = json!(arn);
        self.must(maker, &request)
    }

    fn bring(&mut self, arn: &str, state: State) {
        let key = json!({"KeyId": arn});
        match state {
            State::Enabled => return,
            State::Disabled => self.must("DisableKey", &key),
            State::PendingDeletion | State::PendingReplicaDeletion => {
                let scheduled = self.must("ScheduleKeyDeletion", &key);
                assert_eq!(scheduled["KeyState"], format!("{state:?}"));
                scheduled
            }
            State::PendingImport => self.must("DeleteImportedKeyMaterial", &key),
        };
    }

    fn request(&mut self, operation: &str, key: &Prepared) -> Value {
        let mut request = match operation {
            "CreateAlias" => json!({"AliasName": format!("{}-more", key.alias)}),
            "DeleteAlias" => return json!({"AliasName": key.alias}),
            "UpdateAlias" => {
                let other = self.key("UpdateAlias", Own, State::Enabled);
                json!({"AliasName": other.alias})
            }
            "CreateGrant" => json!({"GranteePrincipal": ALICE, "Operations": ["DescribeKey"]}),
            "RetireGrant" | "RevokeGrant" => json!({"GrantId": key.grant["GrantId"]}),
            "Decrypt" => json!({"CiphertextBlob": key.made["CiphertextBlob"]}),
            "ReEncrypt" => {
                return json!({
                    "CiphertextBlob": key.made["CiphertextBlob"],
                    "SourceKeyId": key.arn,
                    "DestinationKeyId": key.arn,
                });
            }
            "Encrypt" => json!({"Plaintext": "AAAA"}),
            "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext" => json!({"KeySpec": "AES_256"}),
            "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext" => {
                json!({"KeyPairSpec": "ECC_NIST_P256"})
            }
            "GenerateMac" | "VerifyMac" => {
                json!({"Message": "AAAA", "MacAlgorithm": "HMAC_SHA_256", "Mac": key.made["Mac"]})
            }
            "Sign" | "Verify" => json!({
                "Message": "AAAA",
                "SigningAlgorithm": "ECDSA_SHA_256",
                "Signature": key.made["Signature"],
            }),
            "DeriveSharedSecret" => {
                json!({"KeyAgreementAlgorithm": "ECDH", "PublicKey": key.made["PublicKey"]})
            }
            "Encapsulate" | "Decapsulate" => json!({
                "EncapsulationAlgorithm": "ML_KEM",
                "SharedSecretCiphertextBlob": key.made["SharedSecretCiphertextBlob"],
            }),
            "GetParametersForImport" => wishes(),
            "ImportKeyMaterial" => wrapped(&key.made, MATERIAL),
            "PutKeyPolicy" => {
                let policy = self.must("GetKeyPolicy", &json!({"KeyId": key.arn}));
                json!({"Policy": policy["Policy"]})
            }
            "ReplicateKey" => json!({"ReplicaRegion": ELSEWHERE}),
            "UpdatePrimaryRegion" => json!({"PrimaryRegion": THERE}),
            "TagResource" => json!({"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
            "UntagResource" => json!({"TagKeys": ["a"]}),
            "UpdateKeyDescription" => json!({"Description": "x"}),
            _ => json!({}),
        };
        let member = match operation {
            "CreateAlias" | "UpdateAlias" => "TargetKeyId",
            _ => "KeyId",
        };
        request[member] = json!(key.arn);
        request
    }
}

impl Account {
    fn import(&mut self, arn: &str, spec: &str) {
        let mut request = wishes();
        request["KeyId"] = json!(arn);
        let parameters = self.must("GetParametersForImport", &request);
        let mut request = if spec == "ECC_NIST_P256" {
            let wrapping = self.must("CreateKey", &json!({}));
            let pair = json!({"KeyId": wrapping["KeyMetadata"]["KeyId"], "KeyPairSpec": spec});
            let pair = self.must("GenerateDataKeyPair", &pair);
            wrapped(&parameters, &bytes(&pair["PrivateKeyPlaintext"]))
        } else {
            wrapped(&parameters, MATERIAL)
        };
        request["KeyId"] = json!(arn);
        self.must("ImportKeyMaterial", &request);
    }

    fn must(&mut self, operation: &str, members: &Value) -> Value {
        let (status, answer) = self.ask(HERE, operation, members);
        assert_eq!(status, 200, "{operation} {members}: {answer}");
        answer
    }

    fn ask(&mut self, region: &str, operation: &str, members: &Value) -> (u16, Value) {
        let request = wire::signed(region, operation, members.to_string().as_bytes());
        let answer = self.client.ask(&request).expect("an answer");
        let body = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer.status, body)
    }
}

const MATERIAL: &[u8] = &[7; 32];
const WRAPPING: &str = "RSAES_OAEP_SHA_256";

fn wishes() -> Value {
    json!({"WrappingAlgorithm": WRAPPING, "WrappingKeySpec": "RSA_2048"})
}

/// An import of material under the parameters for it.
fn wrapped(parameters: &Value, material: &[u8]) -> Value {
    let algorithm = WrappingAlgorithm::parse(WRAPPING).expect("an algorithm AWS names");
    let public_key = bytes(&parameters["PublicKey"]);
    let wrapped = kmsr_wrap::wrap_slice(material, &public_key, algorithm).expect("it fits");
    json!({
        "ImportToken": parameters["ImportToken"],
        "EncryptedKeyMaterial": BASE64_STANDARD.encode(wrapped),
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    })
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("a text");
    BASE64_STANDARD.decode(text).expect("base64")
}
