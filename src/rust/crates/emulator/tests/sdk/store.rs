//! The account in a file: what outlives its process, and what a file must be.

use std::path::PathBuf;

use crate::common::*;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{AlgorithmSpec, KeySpec, KeyState, KeyUsageType, WrappingKeySpec};
use kmsr_emulator::{Config, Emulator};

/// A file that goes with its test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kmsr-{}-{name}.redb", std::process::id()));
        let _ = std::fs::remove_file(&path);
        Self(path)
    }

    fn start(&self) -> std::io::Result<Emulator> {
        Emulator::start(Config {
            store: Some(self.0.clone()),
            ..Config::default()
        })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn an_account_outlives_its_emulator() {
    let scratch = Scratch::new("outlives");
    let emulator = scratch.start().expect("it starts");
    let before = client(&emulator);
    let id = symmetric_key(&before).await;
    let mac_id = external_key(&before, KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac).await;
    let gone = symmetric_key(&before).await;
    before
        .create_alias()
        .alias_name("alias/kept")
        .target_key_id(&id)
        .send()
        .await
        .expect("an alias");
    let sealed = before
        .encrypt()
        .key_id(&id)
        .plaintext(Blob::new("kept"))
        .send()
        .await
        .expect("it encrypts");
    let given = parameters(
        &before,
        &mac_id,
        AlgorithmSpec::RsaesOaepSha256,
        WrappingKeySpec::Rsa2048,
    )
    .await;
    before
        .schedule_key_deletion()
        .key_id(&gone)
        .pending_window_in_days(7)
        .send()
        .await
        .expect("scheduled");
    assert!(scratch.start().is_err(), "one file, one emulator");
    emulator.stop();

    let emulator = scratch.start().expect("it starts again");
    let after = client(&emulator);
    let opened = after
        .decrypt()
        .set_ciphertext_blob(sealed.ciphertext_blob)
        .send()
        .await
        .expect("it opens");
    assert_eq!(opened.plaintext.expect("a plaintext").as_ref(), b"kept");
    assert_eq!(describe(&after, "alias/kept").await.arn, Some(id.clone()));
    let public_key = given.public_key.expect("a public key");
    after
        .import_key_material()
        .key_id(&mac_id)
        .set_import_token(given.import_token)
        .encrypted_key_material(Blob::new(wrap(
            public_key.as_ref(),
            &AlgorithmSpec::RsaesOaepSha256,
            &[1; 32],
        )))
        .expiration_model("KEY_MATERIAL_DOES_NOT_EXPIRE".into())
        .send()
        .await
        .expect("the token is as good as before");
    emulator.advance(days(8));
    assert_eq!(
        code(after.describe_key().key_id(&gone).send().await),
        "NotFoundException"
    );
    let usage = after
        .get_key_last_usage()
        .key_id(&id)
        .send()
        .await
        .expect("a usage");
    assert!(
        usage
            .key_last_usage
            .is_some_and(|usage| usage.operation.is_some())
    );
}

#[tokio::test]
async fn what_was_answered_survives_a_crash() {
    let (running, crashed) = (Scratch::new("running"), Scratch::new("crashed"));
    let emulator = running.start().expect("it starts");
    let before = client(&emulator);
    let id = symmetric_key(&before).await;
    let encrypt = before.encrypt().key_id(&id).plaintext(Blob::new("kept"));
    let sealed = encrypt.send().await.expect("it encrypts");
    before
        .disable_key()
        .key_id(&id)
        .send()
        .await
        .expect("it is off");
    // What a process that is killed now leaves behind.
    let left = std::fs::read(&running.0).expect("a file");
    std::fs::write(&crashed.0, &left).expect("it is copied");
    let emulator = crashed.start().expect("it starts again");
    let after = client(&emulator);
    assert_eq!(
        describe(&after, &id).await.key_state,
        Some(KeyState::Disabled)
    );
    after.enable_key().key_id(&id).send().await.expect("on");
    after
        .decrypt()
        .set_ciphertext_blob(sealed.ciphertext_blob)
        .send()
        .await
        .expect("it opens");
    emulator.stop();
}

#[tokio::test]
async fn a_damaged_store_is_an_error_and_no_panic() {
    let scratch = Scratch::new("damaged");
    let emulator = scratch.start().expect("it starts");
    let client = client(&emulator);
    for _ in 0..20 {
        symmetric_key(&client).await;
    }
    emulator.stop();
    let good = std::fs::read(&scratch.0).expect("a file");
    let mut errors = 0;
    let mut start = |bytes: &[u8]| {
        std::fs::write(&scratch.0, bytes).expect("it is damaged");
        errors += usize::from(scratch.start().is_err());
    };
    for length in [0, 1, 100, 4096, good.len() / 2, good.len() - 1] {
        start(&good[..length]);
    }
    for index in (0..good.len()).step_by(1021) {
        let mut bytes = good.clone();
        bytes[index] ^= 0x10;
        start(&bytes);
    }
    // Not every byte matters; that the file is whole does.
    assert!(errors >= 5, "{errors}");
}

#[cfg(unix)]
#[test]
fn the_store_is_its_owners_alone_and_must_be_a_store() {
    use std::os::unix::fs::PermissionsExt;

    let scratch = Scratch::new("private");
    drop(scratch.start().expect("it starts"));
    let mode = std::fs::metadata(&scratch.0)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let other_account = Emulator::start(Config {
        store: Some(scratch.0.clone()),
        account_id: "111111111111".to_owned(),
        ..Config::default()
    });
    assert!(other_account.is_err());
    std::fs::write(&scratch.0, b"no store at all").expect("it is overwritten");
    assert!(scratch.start().is_err());
}
