//! Keys in environment variables.
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_types::os_shim_internal::Env;

const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
/// When the keys expire, as `aws configure export-credentials` tells.
const EXPIRATION: &str = "AWS_CREDENTIAL_EXPIRATION";

/// The keys in the environment.
///
/// # Errors
/// `CredentialsNotLoaded` when there are none; `InvalidConfiguration` when there is half a pair, which must not silently
/// become another identity, or a time that is none.
pub(super) fn keys(env: &Env) -> Result<Credentials, CredentialsError> {
    let set = |name| {
        env.get(name)
            .ok()
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    };
    let (access_key_id, secret_access_key) = match (set(ACCESS_KEY_ID), set(SECRET_ACCESS_KEY)) {
        (Some(id), Some(secret)) => (id, secret),
        (None, None) => {
            return Err(CredentialsError::not_loaded(format!(
                "{ACCESS_KEY_ID} is not set"
            )));
        }
        (Some(_), None) => return Err(half(ACCESS_KEY_ID, SECRET_ACCESS_KEY)),
        (None, Some(_)) => return Err(half(SECRET_ACCESS_KEY, ACCESS_KEY_ID)),
    };
    let expires = set(EXPIRATION).map(|text| time(&text)).transpose()?;
    let mut keys = Credentials::builder()
        .access_key_id(access_key_id)
        .secret_access_key(secret_access_key)
        .provider_name("environment");
    keys.set_session_token(set(SESSION_TOKEN));
    keys.set_expiry(expires);
    Ok(keys.build())
}

fn half(set: &str, missing: &str) -> CredentialsError {
    CredentialsError::invalid_configuration(format!(
        "{set} is set, but {missing} is not: keys come in pairs"
    ))
}

fn time(text: &str) -> Result<SystemTime, CredentialsError> {
    DateTime::from_str(text, Format::DateTimeWithOffset)
        .ok()
        .and_then(|time| SystemTime::try_from(time).ok())
        .ok_or_else(|| {
            CredentialsError::invalid_configuration(format!(
                "{EXPIRATION} must be a time such as 2030-01-31T12:00:00Z, but is {text:?}"
            ))
        })
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::time::Duration;

    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Credentials, CredentialsError> {
        keys(&Env::from_slice(variables))
    }

    #[test]
    fn a_whole_pair_is_found_with_token_and_expiration() {
        let found = with(&[
            (ACCESS_KEY_ID, "AKIA"),
            (SECRET_ACCESS_KEY, " secret\n"),
            (SESSION_TOKEN, "token"),
            (EXPIRATION, "2001-09-09T03:46:40+02:00"),
        ])
        .expect("a whole pair");
        assert_eq!(
            (found.access_key_id(), found.secret_access_key()),
            ("AKIA", "secret")
        );
        assert_eq!(found.session_token(), Some("token"));
        assert_eq!(
            found.expiry(),
            Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
        );

        let found = with(&[
            (ACCESS_KEY_ID, "AKIA"),
            (SECRET_ACCESS_KEY, "secret"),
            (SESSION_TOKEN, ""),
        ]);
        assert_eq!(found.expect("a whole pair").session_token(), None);
    }

    #[test]
    fn no_pair_passes_on_and_half_a_pair_does_not() {
        for nothing in [
            &[][..],
            &[(ACCESS_KEY_ID, ""), (SECRET_ACCESS_KEY, " ")],
            &[(SESSION_TOKEN, "token")],
        ] {
            assert!(matches!(
                with(nothing),
                Err(CredentialsError::CredentialsNotLoaded(_))
            ));
        }
        for (half, missing) in [
            (ACCESS_KEY_ID, SECRET_ACCESS_KEY),
            (SECRET_ACCESS_KEY, ACCESS_KEY_ID),
        ] {
            let error = with(&[(half, "value")]).expect_err("half a pair");
            assert!(matches!(error, CredentialsError::InvalidConfiguration(_)));
            let told = error.source().expect("a cause").to_string();
            assert_eq!(
                told,
                format!("{half} is set, but {missing} is not: keys come in pairs")
            );
        }
    }

    #[test]
    fn a_time_that_is_none_is_not_ignored() {
        let error = with(&[
            (ACCESS_KEY_ID, "AKIA"),
            (SECRET_ACCESS_KEY, "secret"),
            (EXPIRATION, "tomorrow"),
        ]);
        assert!(matches!(
            error,
            Err(CredentialsError::InvalidConfiguration(_))
        ));
    }
}
