//! What AWS has and the emulator has not is refused by name, in AWS' form, wherever the API has it: SM2, enclaves (`Recipient`),
//! messages hashed elsewhere (EXTERNAL_MU), custom key stores.

use kmsr_model::{OPERATIONS, Operation, Shape};
use serde_json::{Map, Value, json};

#[path = "fuzz/wire.rs"]
#[allow(dead_code, reason = "raw bytes are the fuzzer's")]
mod wire;

#[test]
fn enclaves() {
    let mut account = Account::new();
    let recipient =
        json!({"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": "AAAA"});
    let mut count = 0;
    for operation in having("Recipient") {
        let refusal = account.refusal(operation, "Recipient", recipient.clone());
        assert_eq!(refusal.code, "UnsupportedOperationException", "{refusal:?}");
        assert!(refusal.message.contains("Nitro Enclaves"), "{refusal:?}");
        count += 1;
    }
    assert_eq!(count, 5);
}

#[test]
fn sm2_and_messages_hashed_elsewhere() {
    let mut account = Account::new();
    let mut count = 0;
    let mut unnamed = Vec::new();
    for operation in OPERATIONS {
        for member in operation.input {
            let Shape::Enum(enumeration) = member.shape else {
                continue;
            };
            let left_out = |value: &&&str| value.starts_with("SM2") || **value == "EXTERNAL_MU";
            for value in enumeration.values.iter().filter(left_out) {
                let refusal = account.refusal(operation, member.name, json!(value));
                let what = if value.starts_with("SM2") {
                    "SM2"
                } else {
                    value
                };
                if !refusal.message.contains(what) || refusal.code == "SerializationException" {
                    unnamed.push((operation.name, member.name, value, refusal));
                }
                count += 1;
            }
        }
    }
    assert!(unnamed.is_empty(), "{unnamed:#?}");
    assert!(count > 10, "{count}");
}

#[test]
fn custom_key_stores() {
    let mut account = Account::new();
    let store = json!("cks-1234567890abcdef0");
    for operation in having("CustomKeyStoreId") {
        let refusal = account.refusal(operation, "CustomKeyStoreId", store.clone());
        assert_eq!(
            refusal.code, "CustomKeyStoreNotFoundException",
            "{refusal:?}"
        );
    }
    let create = kmsr_model::operation("CreateCustomKeyStore").expect("the table has it");
    let cluster = json!("cluster-abcdefg2345");
    let refusal = account.refusal(create, "CloudHsmClusterId", cluster);
    assert_eq!(
        refusal.code, "CloudHsmClusterNotFoundException",
        "{refusal:?}"
    );
    assert!(refusal.message.contains("not emulated"), "{refusal:?}");
    let create = kmsr_model::operation("CreateKey").expect("the table has it");
    for (member, value) in [
        ("Origin", "AWS_CLOUDHSM"),
        ("Origin", "EXTERNAL_KEY_STORE"),
        ("XksKeyId", "key"),
    ] {
        let refusal = account.refusal(create, member, json!(value));
        let names_it = refusal
            .message
            .to_lowercase()
            .replace(' ', "")
            .contains("keystore");
        assert!(names_it, "{member} {value}: {refusal:?}");
    }
}

fn having(member: &'static str) -> impl Iterator<Item = &'static Operation> {
    let has = move |operation: &&Operation| operation.input.iter().any(|m| m.name == member);
    OPERATIONS.iter().filter(has)
}

#[derive(Debug)]
struct Refusal {
    code: String,
    message: String,
}

struct Account {
    client: wire::Connection,
    symmetric: Value,
    signing: Value,
    external: Value,
    /// Under the symmetric key.
    ciphertext: Value,
    /// Keeps it running.
    _emulator: kmsr_emulator::Emulator,
}

impl Account {
    fn new() -> Self {
        let emulator = wire::emulator();
        let mut account = Self {
            client: wire::Connection::to(&emulator),
            symmetric: Value::Null,
            signing: Value::Null,
            external: Value::Null,
            ciphertext: Value::Null,
            _emulator: emulator,
        };
        account.symmetric = account.key(&json!({}));
        let signing = json!({"KeySpec": "ML_DSA_44", "KeyUsage": "SIGN_VERIFY"});
        account.signing = account.key(&signing);
        account.external = account.key(&json!({"Origin": "EXTERNAL"}));
        let encrypt = json!({"KeyId": account.symmetric, "Plaintext": "AAAA"});
        account.ciphertext = account.ask("Encrypt", &encrypt).1["CiphertextBlob"].take();
        account
    }

    fn key(&mut self, members: &Value) -> Value {
        let (status, mut created) = self.ask("CreateKey", members);
        assert_eq!(status, 200);
        created["KeyMetadata"]["KeyId"].take()
    }

    /// The refusal of a request that is good but for one member.
    fn refusal(&mut self, operation: &Operation, name: &str, value: Value) -> Refusal {
        let mut members: Map<String, Value> = operation
            .input
            .iter()
            .filter(|member| member.required)
            .map(|member| {
                let good = match (member.name, member.shape) {
                    ("KeyId", _) if matches!(operation.name, "Sign" | "Verify") => {
                        self.signing.clone()
                    }
                    ("KeyId", _) if operation.name == "GetParametersForImport" => {
                        self.external.clone()
                    }
                    ("KeyId" | "DestinationKeyId", _) => self.symmetric.clone(),
                    ("WrappingAlgorithm", _) => json!("RSAES_OAEP_SHA_256"),
                    ("SigningAlgorithm", _) => json!("ML_DSA_SHAKE_256"),
                    (_, Shape::Enum(enumeration)) => json!(enumeration.values[0]),
                    _ => json!("AAAA"),
                };
                (member.name.to_owned(), good)
            })
            .collect();
        // What has to go with it.
        match (operation.name, name) {
            ("CreateKey", "KeySpec" | "CustomerMasterKeySpec") => {
                members.insert("KeyUsage".to_owned(), json!("SIGN_VERIFY"));
            }
            ("CreateKey", "CustomKeyStoreId") => {
                members.insert("Origin".to_owned(), json!("AWS_CLOUDHSM"));
            }
            ("Decrypt" | "ReEncrypt", _) => {
                members.insert("CiphertextBlob".to_owned(), self.ciphertext.clone());
            }
            _ => {}
        }
        members.insert(name.to_owned(), value);
        let (status, body) = self.ask(operation.name, &Value::Object(members));
        assert_eq!(status, 400, "{} {name}: {body}", operation.name);
        let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
        Refusal {
            code: text("__type"),
            message: text("message"),
        }
    }

    fn ask(&mut self, operation: &str, members: &Value) -> (u16, Value) {
        let request = wire::signed("us-east-1", operation, members.to_string().as_bytes());
        let answer = self.client.ask(&request).expect("an answer");
        (
            answer.status,
            serde_json::from_slice(&answer.body).unwrap_or_default(),
        )
    }
}
