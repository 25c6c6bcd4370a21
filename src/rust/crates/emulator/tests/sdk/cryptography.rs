//! What keys are used for.

use crate::common::*;
use aws_lc_rs::agreement;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::kem::{EncapsulationKey, ML_KEM_768};
use aws_lc_rs::signature::{ED25519, ML_DSA_65, ParsedPublicKey};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{
    DataKeyPairSpec, DataKeySpec, EncapsulationAlgorithmSpec, KeyAgreementAlgorithmSpec, KeySpec,
    KeyUsageType, MessageType, OriginType, SigningAlgorithmSpec,
};

#[tokio::test]
async fn algorithms_and_usages_must_fit() {
    let emulator = emulator();
    let client = client(&emulator);
    let mac_key = own_key(&client, KeySpec::Hmac224, KeyUsageType::GenerateVerifyMac).await;
    let symmetric = symmetric_key(&client).await;
    let wrong_algorithm = client
        .generate_mac()
        .key_id(&mac_key)
        .mac_algorithm("HMAC_SHA_256".into())
        .message(Blob::new("x"))
        .send()
        .await;
    assert_eq!(
        refusal(wrong_algorithm),
        (
            "InvalidKeyUsageException".to_owned(),
            Some("Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_224.".to_owned())
        )
    );
    let wrong_usage = client
        .generate_mac()
        .key_id(&symmetric)
        .mac_algorithm("HMAC_SHA_256".into())
        .message(Blob::new("x"))
        .send()
        .await;
    assert_eq!(
        message(wrong_usage),
        format!("{symmetric} key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac.")
    );
    let too_long = client
        .encrypt()
        .key_id(&symmetric)
        .plaintext(Blob::new(vec![0; 4097]))
        .send()
        .await;
    assert_eq!(
        message(too_long),
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"
    );
    let sealed = client
        .encrypt()
        .key_id(&symmetric)
        .plaintext(Blob::new("x"))
        .send()
        .await;
    let opened = client
        .decrypt()
        .key_id(&mac_key)
        .set_ciphertext_blob(sealed.expect("it encrypts").ciphertext_blob)
        .send()
        .await;
    assert_eq!(
        refusal(opened),
        (
            "IncorrectKeyException".to_owned(),
            Some("The key ID in the request does not identify a CMK that can perform this operation.".to_owned())
        )
    );
    assert_eq!(
        code(client.get_public_key().key_id(&symmetric).send().await),
        "UnsupportedOperationException"
    );
}

#[tokio::test]
async fn data_keys_come_out_of_their_ciphertexts() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = symmetric_key(&client).await;
    let made = client
        .generate_data_key()
        .key_id(&id)
        .key_spec(DataKeySpec::Aes128)
        .encryption_context("a", "b")
        .send()
        .await
        .expect("a data key");
    let plaintext = made.plaintext.expect("a plaintext");
    assert_eq!(plaintext.as_ref().len(), 16);
    let open = |blob| {
        client
            .decrypt()
            .ciphertext_blob(blob)
            .encryption_context("a", "b")
            .send()
    };
    let opened = open(made.ciphertext_blob.expect("a ciphertext"))
        .await
        .expect("it opens");
    assert_eq!(opened.plaintext, Some(plaintext));
    let sealed = client
        .generate_data_key_without_plaintext()
        .key_id(&id)
        .number_of_bytes(100)
        .encryption_context("a", "b")
        .send()
        .await
        .expect("a data key");
    let opened = open(sealed.ciphertext_blob.expect("a ciphertext"))
        .await
        .expect("it opens");
    assert_eq!(opened.plaintext.expect("a plaintext").as_ref().len(), 100);
    assert_eq!(
        message(client.generate_data_key().key_id(&id).send().await),
        "Please specify either number of bytes or key spec."
    );

    for spec in [
        DataKeyPairSpec::EccNistP256,
        DataKeyPairSpec::Rsa2048,
        DataKeyPairSpec::MlKem768,
    ] {
        let made = client
            .generate_data_key_pair()
            .key_id(&id)
            .key_pair_spec(spec.clone())
            .encryption_context("a", "b")
            .send()
            .await
            .expect("a pair");
        let opened = open(made.private_key_ciphertext_blob.expect("a ciphertext"))
            .await
            .expect("it opens");
        assert_eq!(opened.plaintext, made.private_key_plaintext);
        assert!(made.public_key.is_some());
        let dry = client
            .generate_data_key_pair_without_plaintext()
            .key_id(&id)
            .key_pair_spec(spec)
            .dry_run(true)
            .send()
            .await;
        assert_eq!(
            refusal(dry),
            (
                "DryRunOperationException".to_owned(),
                Some("The request would have succeeded, but the DryRun option is set.".to_owned())
            )
        );
    }
    let sm2 = client
        .generate_data_key_pair()
        .key_id(&id)
        .key_pair_spec(DataKeyPairSpec::Sm2)
        .send()
        .await;
    assert_eq!(code(sm2), "UnsupportedOperationException");
}

#[tokio::test]
async fn a_ciphertext_moves_to_another_key() {
    let emulator = emulator();
    let client = client(&emulator);
    let source = symmetric_key(&client).await;
    let destination = symmetric_key(&client).await;
    let sealed = client
        .encrypt()
        .key_id(&source)
        .plaintext(Blob::new("moving"))
        .encryption_context("from", "here")
        .send()
        .await
        .expect("it encrypts");
    let move_it = || {
        client
            .re_encrypt()
            .set_ciphertext_blob(sealed.ciphertext_blob.clone())
            .source_encryption_context("from", "here")
            .destination_key_id(&destination)
            .destination_encryption_context("to", "there")
    };
    let moved = move_it().send().await.expect("it moves");
    assert_eq!(moved.source_key_id.as_ref(), Some(&source));
    assert_eq!(moved.key_id.as_ref(), Some(&destination));
    let opened = client
        .decrypt()
        .set_ciphertext_blob(moved.ciphertext_blob)
        .encryption_context("to", "there")
        .send()
        .await
        .expect("it opens");
    assert_eq!(opened.plaintext.expect("a plaintext").as_ref(), b"moving");
    let wrong = move_it().source_key_id(&destination).send().await;
    assert_eq!(code(wrong), "IncorrectKeyException");
    assert_eq!(
        code(move_it().dry_run(true).send().await),
        "DryRunOperationException"
    );
    let without = client
        .decrypt()
        .key_id(&source)
        .dry_run(true)
        .dry_run_modifiers("IGNORE_CIPHERTEXT".into())
        .send()
        .await;
    assert_eq!(code(without), "DryRunOperationException");
}

#[tokio::test]
async fn newer_algorithms_are_real_as_well() {
    let emulator = emulator();
    let client = client(&emulator);
    let public_key_of = async |id: &str| {
        let given = client
            .get_public_key()
            .key_id(id)
            .send()
            .await
            .expect("it is given");
        given.public_key.expect("a public key").into_inner()
    };

    let id = own_key(&client, KeySpec::MlDsa65, KeyUsageType::SignVerify).await;
    let sign = |kind| {
        client
            .sign()
            .key_id(&id)
            .signing_algorithm(SigningAlgorithmSpec::MlDsaShake256)
            .message_type(kind)
            .message(Blob::new("message"))
            .send()
    };
    let signature = sign(MessageType::Raw)
        .await
        .expect("a signature")
        .signature
        .expect("bytes");
    let key = ParsedPublicKey::new(&ML_DSA_65, public_key_of(&id).await).expect("an SPKI");
    assert!(key.verify_sig(b"message", signature.as_ref()).is_ok());
    let (code, message) = refusal(sign(MessageType::ExternalMu).await);
    assert_eq!(code, "UnsupportedOperationException");
    assert!(message.expect("a message").contains("EXTERNAL_MU"));

    let id = own_key(
        &client,
        KeySpec::EccNistEdwards25519,
        KeyUsageType::SignVerify,
    )
    .await;
    let sign = |algorithm, kind, message: Vec<u8>| {
        client
            .sign()
            .key_id(&id)
            .signing_algorithm(algorithm)
            .message_type(kind)
            .message(Blob::new(message))
            .send()
    };
    let pure = sign(
        SigningAlgorithmSpec::Ed25519Sha512,
        MessageType::Raw,
        b"x".to_vec(),
    )
    .await;
    let signature = pure.expect("a signature").signature.expect("bytes");
    let key = ParsedPublicKey::new(&ED25519, public_key_of(&id).await).expect("an SPKI");
    assert!(key.verify_sig(b"x", signature.as_ref()).is_ok());
    let prehashed = SigningAlgorithmSpec::Ed25519PhSha512;
    let signed = sign(prehashed.clone(), MessageType::Digest, vec![1; 64]).await;
    let verified = client
        .verify()
        .key_id(&id)
        .signing_algorithm(prehashed.clone())
        .message_type(MessageType::Digest)
        .message(Blob::new(vec![1; 64]))
        .set_signature(signed.expect("a signature").signature)
        .send()
        .await;
    assert!(verified.expect("it is checked").signature_valid);
    let raw = sign(prehashed, MessageType::Raw, b"x".to_vec()).await;
    assert_eq!(crate::common::code(raw), "ValidationException");

    let id = own_key(
        &client,
        KeySpec::MlKem768,
        KeyUsageType::EncapsulateDecapsulate,
    )
    .await;
    let spki = public_key_of(&id).await;
    let key = EncapsulationKey::new(&ML_KEM_768, &spki[spki.len() - 1184..]).expect("a raw key");
    let (ciphertext, secret) = key.encapsulate().expect("a secret");
    let arrived = client
        .decapsulate()
        .key_id(&id)
        .encapsulation_algorithm(EncapsulationAlgorithmSpec::MlKem)
        .shared_secret_ciphertext_blob(Blob::new(ciphertext.as_ref()))
        .send()
        .await
        .expect("it opens");
    assert_eq!(
        arrived.shared_secret.expect("a secret").as_ref(),
        secret.as_ref()
    );
    let sent = client
        .encapsulate()
        .key_id(&id)
        .encapsulation_algorithm(EncapsulationAlgorithmSpec::MlKem)
        .send()
        .await
        .expect("a secret");
    assert_eq!(sent.shared_secret.expect("a secret").as_ref().len(), 32);
}

#[tokio::test]
async fn a_secret_is_agreed_on() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = own_key(&client, KeySpec::EccNistP384, KeyUsageType::KeyAgreement).await;
    let mine = agreement::PrivateKey::generate(&agreement::ECDH_P384).expect("a key");
    let my_public_key = mine.compute_public_key().expect("a public key");
    let my_public_key = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(&my_public_key)
        .expect("an SPKI")
        .as_ref()
        .to_vec();
    let derive = |public_key: Vec<u8>| {
        client
            .derive_shared_secret()
            .key_id(&id)
            .key_agreement_algorithm(KeyAgreementAlgorithmSpec::Ecdh)
            .public_key(Blob::new(public_key))
            .send()
    };
    let theirs = derive(my_public_key).await.expect("a secret");
    assert_eq!(theirs.key_origin, Some(OriginType::AwsKms));
    let given = client
        .get_public_key()
        .key_id(&id)
        .send()
        .await
        .expect("it is given");
    let here = agreement::agree(
        &mine,
        agreement::UnparsedPublicKey::new(
            &agreement::ECDH_P384,
            given.public_key.expect("a public key").into_inner(),
        ),
        "no secret",
        |secret| Ok(secret.to_vec()),
    );
    assert_eq!(
        here.as_deref(),
        Ok(theirs.shared_secret.expect("a secret").as_ref())
    );
    assert_eq!(
        refusal(derive(vec![1; 100]).await),
        ("ValidationException".to_owned(), None)
    );
}

#[tokio::test]
async fn random_bytes_must_be_asked_for_in_number() {
    let emulator = emulator();
    let client = client(&emulator);
    let ask = |bytes| client.generate_random().set_number_of_bytes(bytes).send();
    let made = ask(Some(12))
        .await
        .expect("bytes")
        .plaintext
        .expect("bytes");
    assert_eq!(made.as_ref().len(), 12);
    assert_eq!(message(ask(None).await), "NumberOfBytes is required.");
    assert_eq!(
        message(ask(Some(0)).await),
        "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1"
    );
    assert_eq!(
        message(ask(Some(1025)).await),
        "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024"
    );
}
