//! Imports, with material wrapped by another implementation than the emulator's.

use std::time::Duration;

use crate::common::*;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING,
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RsaKeyPair,
};
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::{Blob, DateTime};
use aws_sdk_kms::types::{
    AlgorithmSpec, ExpirationModelType, ImportType, KeySpec, KeyState, KeyUsageType,
    MacAlgorithmSpec, WrappingKeySpec,
};

const OAEP: AlgorithmSpec = AlgorithmSpec::RsaesOaepSha256;

const SIZE: WrappingKeySpec = WrappingKeySpec::Rsa2048;

async fn empty_key(client: &Client) -> String {
    external_key(
        client,
        KeySpec::SymmetricDefault,
        KeyUsageType::EncryptDecrypt,
    )
    .await
}

fn seconds_from_now(emulator: &kmsr_emulator::Emulator, seconds: i64) -> DateTime {
    DateTime::from_secs(emulator.now().millis() / 1000 + seconds)
}

#[tokio::test]
async fn a_symmetric_key_goes_the_whole_way() {
    let emulator = emulator();
    let client = client(&emulator);
    let key_id = empty_key(&client).await;
    let fresh = describe(&client, &key_id).await;
    assert_eq!(fresh.key_state, Some(KeyState::PendingImport));
    assert!(!fresh.enabled);
    assert_eq!(fresh.expiration_model, None);
    assert_eq!(fresh.current_key_material_id, None);
    let refused = client
        .encrypt()
        .key_id(&key_id)
        .plaintext(Blob::new("x"))
        .send()
        .await;
    assert_eq!(
        refusal(refused),
        (
            "KMSInvalidStateException".to_owned(),
            Some(format!("{key_id} is pending import."))
        )
    );

    let imported = import(&client, &key_id, OAEP, SIZE, &[7; 32])
        .await
        .expect("it is imported");
    let material_id = imported
        .key_material_id
        .expect("symmetric material has an id");
    assert_eq!(material_id.len(), 64);
    let ready = describe(&client, &key_id).await;
    assert_eq!(ready.key_state, Some(KeyState::Enabled));
    assert_eq!(
        ready.expiration_model,
        Some(ExpirationModelType::KeyMaterialDoesNotExpire)
    );
    assert_eq!(
        ready.current_key_material_id.as_deref(),
        Some(material_id.as_str())
    );

    let sealed = client
        .encrypt()
        .key_id(&key_id)
        .plaintext(Blob::new("attack at dawn"))
        .encryption_context("purpose", "test")
        .send()
        .await
        .expect("it encrypts");
    let ciphertext = sealed.ciphertext_blob.expect("a ciphertext");
    let opened = client
        .decrypt()
        .ciphertext_blob(ciphertext.clone())
        .encryption_context("purpose", "test")
        .send()
        .await
        .expect("it decrypts");
    assert_eq!(
        opened.plaintext.expect("a plaintext").as_ref(),
        b"attack at dawn"
    );
    assert_eq!(
        opened.key_material_id.as_deref(),
        Some(material_id.as_str())
    );

    let deleted = client
        .delete_imported_key_material()
        .key_id(&key_id)
        .send()
        .await
        .expect("it is deleted");
    assert_eq!(
        deleted.key_material_id.as_deref(),
        Some(material_id.as_str())
    );
    let empty = describe(&client, &key_id).await;
    assert_eq!(empty.key_state, Some(KeyState::PendingImport));
    assert_eq!(empty.expiration_model, None);
    assert_eq!(
        empty.current_key_material_id.as_deref(),
        Some(material_id.as_str())
    );

    let other = import(&client, &key_id, OAEP, SIZE, &[8; 32]).await;
    assert_eq!(code(other), "IncorrectKeyMaterialException");
    let again = import(&client, &key_id, OAEP, SIZE, &[7; 32])
        .await
        .expect("the same bytes");
    assert_eq!(again.key_material_id.as_deref(), Some(material_id.as_str()));
    let opened = client
        .decrypt()
        .ciphertext_blob(ciphertext)
        .encryption_context("purpose", "test")
        .send()
        .await;
    assert!(opened.is_ok(), "what was encrypted before decrypts after");
}

#[tokio::test]
async fn hmac_keys_of_every_length_give_the_same_codes() {
    let emulator = emulator();
    let client = client(&emulator);
    for (spec, algorithm, local, length) in [
        (
            KeySpec::Hmac224,
            MacAlgorithmSpec::HmacSha224,
            hmac::HMAC_SHA224,
            28,
        ),
        (
            KeySpec::Hmac256,
            MacAlgorithmSpec::HmacSha256,
            hmac::HMAC_SHA256,
            32,
        ),
        (
            KeySpec::Hmac384,
            MacAlgorithmSpec::HmacSha384,
            hmac::HMAC_SHA384,
            128,
        ),
        (
            KeySpec::Hmac512,
            MacAlgorithmSpec::HmacSha512,
            hmac::HMAC_SHA512,
            64,
        ),
    ] {
        let key_id = external_key(&client, spec, KeyUsageType::GenerateVerifyMac).await;
        let material = vec![0x3c; length];
        let imported = import(
            &client,
            &key_id,
            AlgorithmSpec::RsaesOaepSha1,
            SIZE,
            &material,
        )
        .await
        .expect("it is imported");
        assert_eq!(
            imported.key_material_id, None,
            "symmetric keys alone have one"
        );
        let mac = client
            .generate_mac()
            .key_id(&key_id)
            .mac_algorithm(algorithm)
            .message(Blob::new("nonce"))
            .send()
            .await
            .expect("it authenticates")
            .mac
            .expect("a code");
        let expected = hmac::sign(&hmac::Key::new(local, &material), b"nonce");
        assert_eq!(mac.as_ref(), expected.as_ref());
    }
}

#[tokio::test]
async fn private_keys_of_every_kind_give_the_same_public_key() {
    let emulator = emulator();
    let client = client(&emulator);
    let curve = |spec, algorithm| {
        let key = EcdsaKeyPair::generate(algorithm).expect("a key");
        let private_key = key.to_pkcs8v1().expect("PKCS#8").as_ref().to_vec();
        let public_key = key
            .public_key()
            .as_der()
            .expect("an SPKI")
            .as_ref()
            .to_vec();
        (spec, private_key, public_key)
    };
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let ed25519 = Ed25519KeyPair::generate().expect("a key");
    let keys = [
        curve(KeySpec::EccNistP256, &ECDSA_P256_SHA256_ASN1_SIGNING),
        curve(KeySpec::EccNistP384, &ECDSA_P384_SHA384_ASN1_SIGNING),
        curve(KeySpec::EccNistP521, &ECDSA_P521_SHA512_ASN1_SIGNING),
        curve(KeySpec::EccSecgP256K1, &ECDSA_P256K1_SHA256_ASN1_SIGNING),
        (
            KeySpec::EccNistEdwards25519,
            ed25519.to_pkcs8v1().expect("PKCS#8").as_ref().to_vec(),
            ed25519
                .public_key()
                .as_der()
                .expect("an SPKI")
                .as_ref()
                .to_vec(),
        ),
        (
            KeySpec::Rsa2048,
            AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&rsa)
                .expect("PKCS#8")
                .as_ref()
                .to_vec(),
            rsa.public_key()
                .as_der()
                .expect("an SPKI")
                .as_ref()
                .to_vec(),
        ),
    ];
    for (spec, private_key, public_key) in keys {
        for algorithm in [
            AlgorithmSpec::RsaAesKeyWrapSha256,
            AlgorithmSpec::RsaAesKeyWrapSha1,
        ] {
            let key_id = external_key(&client, spec.clone(), KeyUsageType::SignVerify).await;
            import(&client, &key_id, algorithm, SIZE, &private_key)
                .await
                .unwrap_or_else(|error| panic!("{spec}: {error:?}"));
            let given = client
                .get_public_key()
                .key_id(&key_id)
                .send()
                .await
                .expect("it is given");
            assert_eq!(
                given.public_key.expect("a key").as_ref(),
                public_key,
                "{spec}"
            );

            let wrong = external_key(&client, KeySpec::Rsa3072, KeyUsageType::SignVerify).await;
            let refused = import(
                &client,
                &wrong,
                AlgorithmSpec::RsaAesKeyWrapSha256,
                SIZE,
                &private_key,
            )
            .await;
            assert_eq!(code(refused), "IncorrectKeyMaterialException");
            assert_eq!(state(&client, &wrong).await, KeyState::PendingImport);
        }
    }
}

#[tokio::test]
async fn wrong_lengths_are_incorrect_material() {
    let emulator = emulator();
    let client = client(&emulator);
    for (spec, usage, length) in [
        (KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt, 31),
        (KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt, 33),
        (KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac, 31),
        (KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac, 129),
    ] {
        let key_id = external_key(&client, spec, usage).await;
        let refused = import(&client, &key_id, OAEP, SIZE, &vec![1; length]).await;
        assert_eq!(code(refused), "IncorrectKeyMaterialException");
    }
}

#[tokio::test]
async fn material_ends_when_its_time_comes() {
    let emulator = emulator();
    let client = client(&emulator);
    let key_id = empty_key(&client).await;
    let given = parameters(&client, &key_id, OAEP, SIZE).await;
    let public_key = given.public_key.expect("a public key");
    let valid_to = seconds_from_now(&emulator, 3600);
    client
        .import_key_material()
        .key_id(&key_id)
        .set_import_token(given.import_token)
        .encrypted_key_material(Blob::new(wrap(public_key.as_ref(), &OAEP, &[1; 32])))
        .valid_to(valid_to)
        .send()
        .await
        .expect("it is imported");
    let described = describe(&client, &key_id).await;
    assert_eq!(described.valid_to, Some(valid_to));
    assert_eq!(
        described.expiration_model,
        Some(ExpirationModelType::KeyMaterialExpires)
    );

    emulator.advance(Duration::from_secs(3600));
    let refused = client
        .encrypt()
        .key_id(&key_id)
        .plaintext(Blob::new("x"))
        .send()
        .await;
    assert_eq!(message(refused), format!("{key_id} is pending import."));
    let described = describe(&client, &key_id).await;
    assert_eq!(described.valid_to, None);
    import(&client, &key_id, OAEP, SIZE, &[1; 32])
        .await
        .expect("the same bytes come back");
    assert_eq!(state(&client, &key_id).await, KeyState::Enabled);
}

#[tokio::test]
async fn new_material_of_a_symmetric_key_waits() {
    let emulator = emulator();
    let client = client(&emulator);
    let key_id = empty_key(&client).await;
    import(&client, &key_id, OAEP, SIZE, &[1; 32])
        .await
        .expect("the first");
    let import_new = |byte: u8| {
        let (client, key_id) = (client.clone(), key_id.clone());
        async move {
            let given = parameters(&client, &key_id, OAEP, SIZE).await;
            let public_key = given.public_key.expect("a public key");
            client
                .import_key_material()
                .key_id(&key_id)
                .set_import_token(given.import_token)
                .encrypted_key_material(Blob::new(wrap(public_key.as_ref(), &OAEP, &[byte; 32])))
                .expiration_model(ExpirationModelType::KeyMaterialDoesNotExpire)
                .import_type(ImportType::NewKeyMaterial)
                .send()
                .await
        }
    };
    let second = import_new(2).await.expect("the second waits");
    let second = second.key_material_id.expect("an id");
    let current = describe(&client, &key_id).await.current_key_material_id;
    assert_ne!(current.as_deref(), Some(second.as_str()));
    let (code, message) = refusal(import_new(3).await);
    assert_eq!(code, "KMSInvalidStateException");
    let message = message.expect("a message");
    assert!(message.starts_with("New key material (id: "), "{message}");
    assert!(
        message.ends_with(&format!(
            ") cannot be imported into KMS key {key_id}, because another key material (id: {second}) is pending rotation."
        )),
        "{message}"
    );
    let unknown = import(&client, &key_id, OAEP, SIZE, &[9; 32]).await;
    assert_eq!(
        crate::common::code(unknown),
        "IncorrectKeyMaterialException"
    );
}

#[tokio::test]
async fn the_key_ends_with_material_that_is_its_own_for_good() {
    let emulator = emulator();
    let client = client(&emulator);
    let key_id = empty_key(&client).await;
    import(&client, &key_id, OAEP, SIZE, &[1; 32])
        .await
        .expect("the first does not expire");
    let given = parameters(&client, &key_id, OAEP, SIZE).await;
    let public_key = given.public_key.expect("a public key");
    client
        .import_key_material()
        .key_id(&key_id)
        .set_import_token(given.import_token)
        .encrypted_key_material(Blob::new(wrap(public_key.as_ref(), &OAEP, &[2; 32])))
        .valid_to(seconds_from_now(&emulator, 3600))
        .import_type(ImportType::NewKeyMaterial)
        .send()
        .await
        .expect("the second does");
    let described = async || describe(&client, &key_id).await;
    let waiting = described().await;
    assert_eq!(waiting.valid_to, None);
    assert_eq!(
        waiting.expiration_model,
        Some(ExpirationModelType::KeyMaterialDoesNotExpire)
    );
    client
        .rotate_key_on_demand()
        .key_id(&key_id)
        .send()
        .await
        .expect("it rotates");
    assert!(described().await.valid_to.is_some());
}

#[tokio::test]
async fn an_import_that_was_waited_for_enables_the_key() {
    let emulator = emulator();
    let client = client(&emulator);
    let key_id = empty_key(&client).await;
    let bring = async || import(&client, &key_id, OAEP, SIZE, &[1; 32]).await;
    client
        .schedule_key_deletion()
        .key_id(&key_id)
        .send()
        .await
        .expect("scheduled");
    client
        .cancel_key_deletion()
        .key_id(&key_id)
        .send()
        .await
        .expect("cancelled");
    assert_eq!(state(&client, &key_id).await, KeyState::PendingImport);
    bring().await.expect("the first");
    assert_eq!(state(&client, &key_id).await, KeyState::Enabled);

    client
        .disable_key()
        .key_id(&key_id)
        .send()
        .await
        .expect("off");
    bring().await.expect("once more");
    assert_eq!(state(&client, &key_id).await, KeyState::Disabled);
    client
        .delete_imported_key_material()
        .key_id(&key_id)
        .send()
        .await
        .expect("deleted");
    bring().await.expect("back");
    assert_eq!(state(&client, &key_id).await, KeyState::Enabled);
}
