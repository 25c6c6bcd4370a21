//! A thousand clients at once, each with a key and a secret of its own: each gets its own answers, and all of them.

use std::thread;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

#[path = "fuzz/wire.rs"]
#[allow(dead_code, reason = "raw bytes are the fuzzer's")]
mod wire;

const CLIENTS: usize = 1000;

#[test]
fn a_thousand_clients_get_their_own_answers() {
    allow_files(2 * CLIENTS as u64 + 100);
    let emulator = wire::emulator();
    let connected = || {
        let mut client = Client(wire::Connection::to(&emulator));
        client.ask("GenerateRandom", &json!({"NumberOfBytes": 1}));
        client
    };
    // Nobody goes on before all connections are open.
    let clients: Vec<Client> = (0..CLIENTS).map(|_| connected()).collect();
    thread::scope(|scope| {
        for (number, mut client) in clients.into_iter().enumerate() {
            thread::Builder::new()
                .stack_size(512 * 1024)
                .spawn_scoped(scope, move || client.use_a_key(number))
                .expect("a thread");
        }
    });
}

struct Client(wire::Connection);

impl Client {
    fn use_a_key(&mut self, number: usize) {
        let description = format!("key {number}");
        let created = self.ask("CreateKey", &json!({"Description": description}));
        let key = &created["KeyMetadata"]["Arn"];
        let context = json!({"client": number.to_string()});
        let secret = BASE64_STANDARD.encode(format!("the secret of client {number}"));
        let encrypt = json!({"KeyId": key, "Plaintext": secret, "EncryptionContext": context});
        let sealed = self.ask("Encrypt", &encrypt);
        let decrypt =
            json!({"CiphertextBlob": sealed["CiphertextBlob"], "EncryptionContext": context});
        let opened = self.ask("Decrypt", &decrypt);
        assert_eq!(opened["Plaintext"], secret);
        assert_eq!(opened["KeyId"], *key);
        let described = self.ask("DescribeKey", &json!({"KeyId": key}));
        assert_eq!(described["KeyMetadata"]["Description"], description);
        assert_eq!(described["KeyMetadata"]["Arn"], *key);
    }

    fn ask(&mut self, operation: &str, members: &Value) -> Value {
        let request = wire::signed("us-east-1", operation, members.to_string().as_bytes());
        let answer = self.0.ask(&request).expect("an answer");
        assert_eq!(answer.status, 200, "{operation}");
        serde_json::from_slice(&answer.body).expect("JSON")
    }
}

/// Both ends of every connection are this process's: more than many systems allow by default.
fn allow_files(count: u64) {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: both calls are given a valid pointer to a limit of their own.
    let raised = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        limit.rlim_cur = limit.rlim_cur.max(count).min(limit.rlim_max);
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit)
    };
    assert_eq!(raised, 0);
    assert!(limit.rlim_cur >= count, "this system allows too few files");
}
