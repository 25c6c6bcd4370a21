//! AWS' default request quotas: so many calls a second, per account, Region and operation.
//!
//! Each quota is a bucket that holds one second's calls, or a single call where the rate is below one a second. Operations
//! that use keys in cryptography share a bucket, as they do at AWS. The source is the developer guide's table of request
//! quotas; where AWS gives a quota by Region, the smaller one stands.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::arn::is_region;
use crate::request::Parameters;

/// The buckets of an emulator, and how fast its time runs for them.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Calls a second are multiplied by this; `None` lets everything through.
    speed: Option<f64>,
    buckets: HashMap<(String, &'static str), Bucket>,
}

#[derive(Debug)]
struct Bucket {
    calls: f64,
    at: Instant,
}

impl Quotas {
    /// Applies the quotas, sped up by a factor, from full buckets; or none.
    pub(crate) fn set(&self, speed: Option<f64>) {
        let mut state = self.lock();
        state.speed = speed.filter(|speed| speed.is_finite() && *speed > 0.0);
        state.buckets.clear();
    }

    /// Whether a call may be made at this moment; if so, it counts.
    pub(crate) fn admit(
        &self,
        region: &str,
        operation: &str,
        parameters: &Parameters,
        now: Instant,
    ) -> bool {
        let mut state = self.lock();
        let Some(speed) = state.speed else {
            return true;
        };
        let elsewhere = elsewhere(operation, parameters);
        let here = (region, quota(operation, parameters), 1.0);
        let charges = [Some(here), elsewhere];
        for (region, (name, rate), calls) in charges.into_iter().flatten() {
            let rate = rate * speed;
            let most = rate.max(calls);
            let bucket = state
                .buckets
                .entry((region.to_owned(), name))
                .or_insert(Bucket {
                    calls: most,
                    at: now,
                });
            let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
            bucket.calls = (bucket.calls + passed * rate).min(most);
            bucket.at = now;
            if bucket.calls < calls {
                return false;
            }
        }
        for (region, (name, _), calls) in charges.into_iter().flatten() {
            if let Some(bucket) = state.buckets.get_mut(&(region.to_owned(), name)) {
                bucket.calls -= calls;
            }
        }
        true
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a call counts as in another Region: the Region, its quota there, and how many calls of it.
fn elsewhere<'a>(operation: &str, parameters: &'a Parameters) -> Option<(&'a str, Quota, f64)> {
    let (member, operation, calls) = match operation {
        // The first of the two tries whether a key can be made.
        "ReplicateKey" => ("ReplicaRegion", "CreateKey", 2.0),
        "UpdatePrimaryRegion" => ("PrimaryRegion", operation, 1.0),
        _ => return None,
    };
    let region = parameters
        .text(member)
        .ok()?
        .filter(|text| is_region(text))?;
    Some((region, quota(operation, parameters), calls))
}

/// The name of a bucket, and the calls a second that it allows.
type Quota = (&'static str, f64);

/// The bucket a call counts in.
fn quota(operation: &str, parameters: &Parameters) -> Quota {
    let text = |member| parameters.text(member).ok().flatten().unwrap_or_default();
    let is_rsa = |member| text(member).starts_with("RSAES");
    match operation {
        "Encrypt" | "Decrypt" if is_rsa("EncryptionAlgorithm") => ASYMMETRIC,
        "ReEncrypt"
            if is_rsa("SourceEncryptionAlgorithm") || is_rsa("DestinationEncryptionAlgorithm") =>
        {
            ASYMMETRIC
        }
        "Sign" | "Verify" | "DeriveSharedSecret" | "Encapsulate" | "Decapsulate" => ASYMMETRIC,
        "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext" => {
            match text("KeyPairSpec") {
                "RSA_2048" => ("data key pairs RSA_2048", 1.0),
                "RSA_3072" => ("data key pairs RSA_3072", 0.5),
                "RSA_4096" => ("data key pairs RSA_4096", 0.1),
                _ => ("data key pairs on curves", 100.0),
            }
        }
        _ => PER_OPERATION
            .iter()
            .find(|(name, _)| *name == operation)
            .copied()
            .unwrap_or(SYMMETRIC),
    }
}

/// Encrypt, Decrypt, ReEncrypt, data keys, MACs and random bytes.
const SYMMETRIC: Quota = ("symmetric cryptography", 10_000.0);
const ASYMMETRIC: Quota = ("asymmetric cryptography", 1_000.0);

const PER_OPERATION: &[Quota] = &[
    ("CancelKeyDeletion", 5.0),
    ("ConnectCustomKeyStore", 5.0),
    ("CreateAlias", 5.0),
    ("CreateCustomKeyStore", 5.0),
    ("CreateGrant", 50.0),
    ("CreateKey", 5.0),
    ("DeleteAlias", 15.0),
    ("DeleteCustomKeyStore", 5.0),
    ("DeleteImportedKeyMaterial", 15.0),
    ("DescribeCustomKeyStores", 5.0),
    ("DescribeKey", 2000.0),
    ("DisableKey", 5.0),
    ("DisableKeyRotation", 5.0),
    ("DisconnectCustomKeyStore", 5.0),
    ("EnableKey", 5.0),
    ("EnableKeyRotation", 15.0),
    ("GetKeyLastUsage", 5.0),
    ("GetKeyPolicy", 1000.0),
    ("GetKeyRotationStatus", 1000.0),
    ("GetParametersForImport", 1.0),
    ("GetPublicKey", 2000.0),
    ("ImportKeyMaterial", 15.0),
    ("ListAliases", 500.0),
    ("ListGrants", 100.0),
    ("ListKeyPolicies", 100.0),
    ("ListKeyRotations", 100.0),
    ("ListKeys", 500.0),
    ("ListResourceTags", 2000.0),
    ("ListRetirableGrants", 100.0),
    ("PutKeyPolicy", 15.0),
    ("ReplicateKey", 5.0),
    ("RetireGrant", 30.0),
    ("RevokeGrant", 30.0),
    ("RotateKeyOnDemand", 5.0),
    ("ScheduleKeyDeletion", 15.0),
    ("TagResource", 10.0),
    ("UntagResource", 5.0),
    ("UpdateAlias", 5.0),
    ("UpdateCustomKeyStore", 5.0),
    ("UpdateKeyDescription", 5.0),
    ("UpdatePrimaryRegion", 5.0),
];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn none() -> Parameters {
        Parameters::parse(b"").expect("no members")
    }

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let quotas = Quotas::default();
        let start = Instant::now();
        let admit = |region, operation, millis| {
            quotas.admit(
                region,
                operation,
                &none(),
                start + Duration::from_millis(millis),
            )
        };
        assert!(
            (0..100).all(|_| admit("a", "CreateKey", 0)),
            "off by default"
        );

        quotas.set(Some(1.0));
        let admitted = (0..10).filter(|_| admit("a", "CreateKey", 0)).count();
        assert_eq!(admitted, 5);
        assert!(admit("b", "CreateKey", 0), "every Region has its own");
        assert!(admit("a", "CreateAlias", 0), "and every operation");
        assert!(!admit("a", "CreateKey", 100));
        assert!(admit("a", "CreateKey", 300));

        quotas.set(Some(60.0));
        let admitted = (0..400).filter(|_| admit("a", "CreateKey", 400)).count();
        assert_eq!(admitted, 300);
    }

    #[test]
    fn what_concerns_two_regions_counts_in_both() {
        let quotas = Quotas::default();
        let start = Instant::now();
        let admit = |operation, body: &str| {
            let parameters = Parameters::parse(body.as_bytes()).expect("members");
            quotas.admit("a", operation, &parameters, start)
        };
        let count = |operation, body| (0..10).filter(|_| admit(operation, body)).count();

        // Two of five CreateKey requests there each time, and one of five here.
        quotas.set(Some(1.0));
        assert_eq!(count("ReplicateKey", r#"{"ReplicaRegion":"us-east-2"}"#), 2);
        assert_eq!(count("ReplicateKey", r#"{"ReplicaRegion":"us-west-1"}"#), 2);
        assert_eq!(count("ReplicateKey", r#"{"ReplicaRegion":"us-west-2"}"#), 1);
        quotas.set(Some(0.1));
        assert_eq!(count("ReplicateKey", r#"{"ReplicaRegion":"us-east-2"}"#), 1);

        quotas.set(Some(1.0));
        assert_eq!(
            count("UpdatePrimaryRegion", r#"{"PrimaryRegion":"us-east-2"}"#),
            5
        );
        assert!(!quotas.admit("us-east-2", "UpdatePrimaryRegion", &none(), start));
    }

    #[test]
    fn less_than_one_a_second_is_still_one_at_first() {
        let quotas = Quotas::default();
        quotas.set(Some(0.25));
        let start = Instant::now();
        let admit = |seconds| {
            let now = start + Duration::from_secs(seconds);
            quotas.admit("a", "GetParametersForImport", &none(), now)
        };
        assert!(admit(0));
        assert!(!admit(3));
        assert!(admit(5));
    }

    #[test]
    fn every_named_operation_exists() {
        for (name, _) in PER_OPERATION {
            assert!(kmsr_model::operation(name).is_some(), "{name}");
        }
    }
}
