//! What every test needs: the emulator, the SDK's client for it, and material wrapped by another
//! implementation than the emulator's.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as SdkCredentials;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::{BehaviorVersion, Region};
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::operation::get_parameters_for_import::GetParametersForImportOutput;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{
    AlgorithmSpec, ExpirationModelType, KeyMetadata, KeySpec, KeyState, KeyUsageType, OriginType,
    WrappingKeySpec,
};
use aws_smithy_async::time::StaticTimeSource;
use kmsr_emulator::{Config, Credentials, Emulator};
use kmsr_wrap::WrappingAlgorithm;

/// An emulator of its own for each test.
pub fn emulator() -> Emulator {
    Emulator::start(Config::default()).expect("a port is free")
}

/// The SDK's client, in a Region, signing with the emulator's credentials.
pub fn client_in(emulator: &Emulator, region: &str) -> Client {
    client_of(emulator, region, emulator.credentials())
}

pub fn client_of(emulator: &Emulator, region: &str, credentials: &Credentials) -> Client {
    let credentials = SdkCredentials::new(
        credentials.access_key_id.clone(),
        credentials.secret_access_key.clone(),
        credentials.session_token.clone(),
        None,
        "test",
    );
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(emulator.endpoint())
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

/// A client whose clock stands where the emulator's is now: the SDK signs with the system's, which cannot be advanced.
pub fn client_now(emulator: &Emulator, region: &str) -> Client {
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(emulator.now().millis() as u64);
    let config = client_in(emulator, region).config().to_builder();
    Client::from_conf(config.time_source(StaticTimeSource::new(now)).build())
}

pub fn client(emulator: &Emulator) -> Client {
    client_in(emulator, emulator.region())
}

/// The code and message of a refused call.
#[track_caller]
pub fn refusal<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    outcome: Result<T, E>,
) -> (String, Option<String>) {
    let error = outcome.expect_err("the call is refused");
    (
        error
            .code()
            .unwrap_or_else(|| panic!("{error:?}"))
            .to_owned(),
        error.message().map(str::to_owned),
    )
}

#[track_caller]
pub fn code<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    outcome: Result<T, E>,
) -> String {
    refusal(outcome).0
}

#[track_caller]
pub fn message<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    outcome: Result<T, E>,
) -> String {
    refusal(outcome).1.expect("the refusal has a message")
}

/// A new key with material of KMS' own.
pub async fn own_key(client: &Client, spec: KeySpec, usage: KeyUsageType) -> String {
    let created = client
        .create_key()
        .key_spec(spec)
        .key_usage(usage)
        .send()
        .await;
    created
        .expect("the key is created")
        .key_metadata
        .and_then(|metadata| metadata.arn)
        .expect("a key has an ARN")
}

pub async fn symmetric_key(client: &Client) -> String {
    own_key(
        client,
        KeySpec::SymmetricDefault,
        KeyUsageType::EncryptDecrypt,
    )
    .await
}

pub async fn describe(client: &Client, key_id: &str) -> KeyMetadata {
    let described = client.describe_key().key_id(key_id).send().await;
    described
        .expect("the key is described")
        .key_metadata
        .expect("with its metadata")
}

pub async fn state(client: &Client, key_id: &str) -> KeyState {
    describe(client, key_id)
        .await
        .key_state
        .expect("a key has a state")
}

pub fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

/// A new key without material.
pub async fn external_key(client: &Client, spec: KeySpec, usage: KeyUsageType) -> String {
    let created = client
        .create_key()
        .key_spec(spec)
        .key_usage(usage)
        .origin(OriginType::External)
        .send()
        .await
        .expect("the key is created");
    created
        .key_metadata
        .and_then(|metadata| metadata.arn)
        .expect("a key has an ARN")
}

pub async fn parameters(
    client: &Client,
    key_id: &str,
    algorithm: AlgorithmSpec,
    size: WrappingKeySpec,
) -> GetParametersForImportOutput {
    client
        .get_parameters_for_import()
        .key_id(key_id)
        .wrapping_algorithm(algorithm)
        .wrapping_key_spec(size)
        .send()
        .await
        .expect("parameters are given")
}

/// Wraps with the RustCrypto family.
pub fn wrap(public_key: &[u8], algorithm: &AlgorithmSpec, material: &[u8]) -> Vec<u8> {
    let algorithm = WrappingAlgorithm::parse(algorithm.as_str()).expect("an algorithm AWS names");
    kmsr_wrap::wrap_slice(material, public_key, algorithm).expect("the material fits")
}

/// The whole way of an import without expiry.
pub async fn import(
    client: &Client,
    key_id: &str,
    algorithm: AlgorithmSpec,
    size: WrappingKeySpec,
    material: &[u8],
) -> Result<
    aws_sdk_kms::operation::import_key_material::ImportKeyMaterialOutput,
    aws_sdk_kms::error::SdkError<
        aws_sdk_kms::operation::import_key_material::ImportKeyMaterialError,
    >,
> {
    let given = parameters(client, key_id, algorithm.clone(), size).await;
    let public_key = given.public_key.expect("parameters have a public key");
    client
        .import_key_material()
        .key_id(key_id)
        .set_import_token(given.import_token)
        .encrypted_key_material(Blob::new(wrap(public_key.as_ref(), &algorithm, material)))
        .expiration_model(ExpirationModelType::KeyMaterialDoesNotExpire)
        .send()
        .await
}
