//! What an emulator is started with.

use std::fmt;
use std::path::PathBuf;

use aws_lc_rs::rand;

use crate::clock::{Clock, Time};

/// How an emulator behaves. The default suits a test: any free port, fresh credentials, the system's clock.
#[derive(Debug)]
pub struct Config {
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// The Region [`Emulator::region`](crate::Emulator::region) names. Every well-formed Region name is served.
    pub region: String,
    /// The twelve digits in ARNs. The default, `000000000000`, is no AWS account.
    pub account_id: String,
    /// Who may sign; when empty, one pair of credentials is generated.
    pub credentials: Vec<Credentials>,
    /// The clock everything is judged by: signatures, tokens, expiry, rotation, deletion.
    pub clock: Clock,
    /// A file to keep the account in, so that it outlives the process; it is made if it is not there. Key material lies in it
    /// as it is, readable by its owner alone.
    pub store: Option<PathBuf>,
    /// AWS' default request quotas, sped up by this factor: at 60, what takes an hour at AWS takes a minute. `None` has none.
    pub quotas: Option<f64>,
    /// How many records the log keeps.
    pub log_capacity: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            credentials: Vec::new(),
            clock: Clock::system(),
            store: None,
            quotas: None,
            log_capacity: 10_000,
        }
    }
}

/// An access key of the emulator; of use nowhere else.
#[derive(Clone)]
pub struct Credentials {
    /// Twenty characters that begin with AKIA, or with ASIA for temporary credentials.
    pub access_key_id: String,
    /// Forty characters.
    pub secret_access_key: String,
    /// What temporary credentials send along.
    pub session_token: Option<String>,
    /// When temporary credentials stop working.
    pub expires: Option<Time>,
    /// The IAM user's name in ARNs, the audit log, and the caller's identity.
    pub user_name: String,
}

impl Credentials {
    /// Long-lived credentials with an access key id that reads like AWS' and shows what it is: `AKIAKMSR...`.
    pub fn generate(user_name: &str) -> Self {
        Self {
            access_key_id: format!(
                "AKIAKMSR{}",
                random_text(12, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
            ),
            secret_access_key: random_text(
                40,
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            ),
            session_token: None,
            expires: None,
            user_name: user_name.to_owned(),
        }
    }

    /// What IAM calls the user's unique id: like the access key id, but AIDA.
    pub(crate) fn user_id(&self) -> String {
        format!("AIDA{}", self.access_key_id.get(4..).unwrap_or_default())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &"<REDACTED>")
            .field(
                "session_token",
                &self.session_token.as_ref().map(|_| "<REDACTED>"),
            )
            .field("expires", &self.expires)
            .field("user_name", &self.user_name)
            .finish()
    }
}

/// Random characters of an alphabet whose length is a power of two.
fn random_text(length: usize, alphabet: &[u8]) -> String {
    debug_assert!(alphabet.len().is_power_of_two());
    let mut bytes = vec![0; length];
    rand::fill(&mut bytes).expect("the system's random number generator works");
    bytes
        .iter()
        .map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_look_like_aws_and_print_redacted() {
        let credentials = Credentials::generate("kmsr");
        assert_eq!(credentials.access_key_id.len(), 20);
        assert_eq!(credentials.secret_access_key.len(), 40);
        let printed = format!("{credentials:?}");
        assert!(!printed.contains(&credentials.secret_access_key));
        assert!(printed.contains("<REDACTED>"));
    }
}
