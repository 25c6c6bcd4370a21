//! What imports are asked with: tokens, wrappings, terms.

use std::time::Duration;

use crate::common::*;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::{Blob, DateTime};
use aws_sdk_kms::types::{
    AlgorithmSpec, ExpirationModelType, KeySpec, KeyUsageType, OriginType, WrappingKeySpec,
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
async fn a_failed_import_does_not_burn_the_token() {
    let emulator = emulator();
    let client = client(&emulator);
    let key_id = empty_key(&client).await;
    let given = parameters(&client, &key_id, OAEP, SIZE).await;
    let public_key = given.public_key.expect("a public key");
    let wrapped = Blob::new(wrap(public_key.as_ref(), &OAEP, &[1; 32]));
    let call = || {
        client
            .import_key_material()
            .key_id(&key_id)
            .set_import_token(given.import_token.clone())
            .encrypted_key_material(wrapped.clone())
    };

    assert_eq!(
        refusal(call().send().await),
        (
            "ValidationException".to_owned(),
            Some(
                "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
                    .to_owned()
            )
        )
    );
    let garbage = call()
        .encrypted_key_material(Blob::new(vec![0; 256]))
        .expiration_model(ExpirationModelType::KeyMaterialDoesNotExpire)
        .send()
        .await;
    assert_eq!(
        refusal(garbage),
        ("InvalidCiphertextException".to_owned(), None)
    );
    for valid_to in [-1, 366 * 86_400] {
        let refused = call()
            .valid_to(seconds_from_now(&emulator, valid_to))
            .send()
            .await;
        assert_eq!(code(refused), "ValidationException");
    }
    let both = call()
        .valid_to(seconds_from_now(&emulator, 60))
        .expiration_model(ExpirationModelType::KeyMaterialDoesNotExpire)
        .send()
        .await;
    assert_eq!(code(both), "ValidationException");

    call()
        .expiration_model(ExpirationModelType::KeyMaterialDoesNotExpire)
        .send()
        .await
        .expect("the same token, at last");
    call()
        .valid_to(seconds_from_now(&emulator, 60))
        .send()
        .await
        .expect("and once more within its day");
}

#[tokio::test]
async fn a_token_is_for_its_key_its_algorithm_and_its_day() {
    let emulator = emulator();
    let client = client(&emulator);
    let key_id = empty_key(&client).await;
    let other_key = empty_key(&client).await;
    let given = parameters(&client, &key_id, OAEP, SIZE).await;
    let second = parameters(&client, &key_id, OAEP, SIZE).await;
    assert_ne!(
        given.public_key, second.public_key,
        "every set has a key of its own"
    );
    let public_key = given.public_key.clone().expect("a public key");
    let token = given.import_token.clone().expect("a token");
    let call = |key_id: &str, token: Blob, wrapped: Vec<u8>| {
        client
            .import_key_material()
            .key_id(key_id)
            .import_token(token)
            .encrypted_key_material(Blob::new(wrapped))
            .expiration_model(ExpirationModelType::KeyMaterialDoesNotExpire)
            .send()
    };
    let good = wrap(public_key.as_ref(), &OAEP, &[1; 32]);

    let foreign = call(&other_key, token.clone(), good.clone()).await;
    assert_eq!(code(foreign), "InvalidImportTokenException");
    let mut mangled = token.clone().into_inner();
    mangled[40] ^= 1;
    let mangled = call(&key_id, Blob::new(mangled), good.clone()).await;
    assert_eq!(code(mangled), "InvalidImportTokenException");
    let junk = call(&key_id, Blob::new("junk"), good.clone()).await;
    assert_eq!(code(junk), "InvalidImportTokenException");
    let of_the_other_set = call(&key_id, second.import_token.expect("a token"), good.clone()).await;
    assert_eq!(code(of_the_other_set), "InvalidCiphertextException");
    let by_sha1 = wrap(public_key.as_ref(), &AlgorithmSpec::RsaesOaepSha1, &[1; 32]);
    assert_eq!(
        code(call(&key_id, token.clone(), by_sha1).await),
        "InvalidCiphertextException"
    );

    let difference =
        given.parameters_valid_to.expect("an end").as_secs_f64() - emulator.now().seconds();
    assert!(
        (86_390.0..=86_400.0).contains(&difference),
        "24 hours, not {difference} s"
    );
    emulator.advance(Duration::from_secs(24 * 3600 + 1));
    let client = client_now(&emulator, emulator.region());
    let late = client
        .import_key_material()
        .key_id(&key_id)
        .import_token(token)
        .encrypted_key_material(Blob::new(good))
        .expiration_model(ExpirationModelType::KeyMaterialDoesNotExpire)
        .send()
        .await;
    assert_eq!(code(late), "ExpiredImportTokenException");
}

#[tokio::test]
async fn keys_of_another_origin_and_wrong_wrappings_are_refused() {
    let emulator = emulator();
    let client = client(&emulator);
    let own = client
        .create_key()
        .send()
        .await
        .expect("a key")
        .key_metadata
        .expect("metadata");
    assert_eq!(own.origin, Some(OriginType::AwsKms));
    let arn = own.arn.expect("an ARN");
    let refused = client
        .get_parameters_for_import()
        .key_id(&own.key_id)
        .wrapping_algorithm(OAEP)
        .wrapping_key_spec(SIZE)
        .send()
        .await;
    assert_eq!(
        refusal(refused),
        (
            "UnsupportedOperationException".to_owned(),
            Some(format!(
                "{arn} origin is AWS_KMS which is not valid for this operation."
            ))
        )
    );
    for (spec, usage, algorithm, size) in [
        (KeySpec::Rsa2048, KeyUsageType::SignVerify, OAEP, SIZE),
        (KeySpec::EccNistP521, KeyUsageType::SignVerify, OAEP, SIZE),
        (
            KeySpec::SymmetricDefault,
            KeyUsageType::EncryptDecrypt,
            AlgorithmSpec::RsaesPkcs1V15,
            SIZE,
        ),
        (
            KeySpec::SymmetricDefault,
            KeyUsageType::EncryptDecrypt,
            AlgorithmSpec::Sm2Pke,
            WrappingKeySpec::Sm2,
        ),
    ] {
        let key_id = external_key(&client, spec, usage).await;
        let refused = client
            .get_parameters_for_import()
            .key_id(&key_id)
            .wrapping_algorithm(algorithm)
            .wrapping_key_spec(size)
            .send()
            .await;
        assert_eq!(code(refused), "UnsupportedOperationException");
    }
    let key_id = empty_key(&client).await;
    for alias in ["alias/some", "alias"] {
        let refused = client
            .get_parameters_for_import()
            .key_id(alias)
            .wrapping_algorithm(OAEP)
            .wrapping_key_spec(SIZE)
            .send()
            .await;
        assert_eq!(message(refused), format!("Invalid keyId '{alias}'"));
    }
    assert!(key_id.starts_with("arn:aws:kms:us-east-1:000000000000:key/"));
}

#[tokio::test]
async fn a_burst_of_the_longest_parameters_is_served() {
    let emulator = emulator();
    let client = client(&emulator);
    let key_id = empty_key(&client).await;
    let calls = (0..3).map(|_| parameters(&client, &key_id, OAEP, WrappingKeySpec::Rsa4096));
    let mut keys = Vec::new();
    for call in calls {
        let given = call.await;
        assert!(given.import_token.expect("a token").as_ref().len() <= 6144);
        keys.push(given.public_key.expect("a public key").into_inner());
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 3);
}
