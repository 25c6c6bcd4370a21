//! What a client will use, looked up where the AWS SDKs look, and where each value was found.
use std::borrow::Cow;

use aws_config::profile::ProfileSet;
use aws_runtime::env_config::EnvConfigValue;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use crate::error::{Error, chain};
use crate::settings::{RetryMode, Settings};

/// A value and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced {
    /// The value.
    pub value: String,
    /// Where it was found, in words.
    pub source: String,
}

/// What a client will use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The Region: settings, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile.
    pub region: Option<Sourced>,
    /// The endpoint when it does not follow from the Region: settings, `AWS_ENDPOINT_URL_KMS`, `AWS_ENDPOINT_URL`, the
    /// profile's `services` section, the profile.
    pub endpoint: Option<Sourced>,
    /// The shared config profile in use.
    pub profile: String,
    /// How many times a failed call is sent again.
    pub max_retries: u32,
    /// How retries are spaced.
    pub retry_mode: RetryMode,
    /// Whether the endpoint is a FIPS 140 one.
    pub use_fips: bool,
    /// Whether the endpoint has IPv6 as well.
    pub use_dual_stack: bool,
}

/// How often a failed call is sent again unless told otherwise.
const MAX_RETRIES: u32 = 3;

/// Looks up what the settings leave open. Reads the environment and the shared config files; nothing is sent.
///
/// # Errors
/// [`Error::Request`] when the shared config files cannot be parsed or a value in them, or in the environment, is not what
/// it must be.
pub async fn resolve(settings: &Settings) -> Result<Resolved, Error> {
    let env = Env::real();
    let profiles = aws_config::profile::load(
        &Fs::real(),
        &env,
        &EnvConfigFiles::default(),
        settings.profile.clone().map(Cow::Owned),
    )
    .await
    .map_err(|error| {
        invalid(format!(
            "the shared AWS config files cannot be read: {}",
            chain(&error)
        ))
    })?;
    let look = Look {
        env: &env,
        profiles: &profiles,
    };

    let region = given(settings.region.as_deref())
        .or_else(|| look.variable("AWS_REGION"))
        .or_else(|| look.variable("AWS_DEFAULT_REGION"))
        .or_else(|| look.profile("region"));
    let endpoint = given(settings.endpoint.as_deref()).or_else(|| look.endpoint());
    let max_retries = match settings.max_retries {
        Some(retries) => retries,
        None => look.max_retries()?,
    };
    let retry_mode = match settings.retry_mode {
        Some(mode) => mode,
        None => look.retry_mode()?,
    };
    // A custom endpoint says it all; a switch in the environment must not make it an error.
    let custom = endpoint.is_some();
    Ok(Resolved {
        use_fips: look.switch(
            settings.use_fips,
            custom,
            "AWS_USE_FIPS_ENDPOINT",
            "use_fips_endpoint",
        )?,
        use_dual_stack: look.switch(
            settings.use_dual_stack,
            custom,
            "AWS_USE_DUALSTACK_ENDPOINT",
            "use_dualstack_endpoint",
        )?,
        region,
        endpoint,
        profile: profiles.selected_profile().to_owned(),
        max_retries,
        retry_mode,
    })
}

struct Look<'a> {
    env: &'a Env,
    profiles: &'a ProfileSet,
}

impl Look<'_> {
    fn variable(&self, name: &str) -> Option<Sourced> {
        let value = self.env.get(name).ok()?;
        sourced(&value, || format!("environment variable {name}"))
    }

    fn profile(&self, key: &str) -> Option<Sourced> {
        let value = self.profiles.get(key)?;
        sourced(value, || {
            format!("profile {:?}", self.profiles.selected_profile())
        })
    }

    fn endpoint(&self) -> Option<Sourced> {
        let ignored = self
            .variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .or_else(|| self.profile("ignore_configured_endpoint_urls"))
            .is_some_and(|found| found.value.eq_ignore_ascii_case("true"));
        if ignored {
            return None;
        }
        self.variable("AWS_ENDPOINT_URL_KMS")
            .or_else(|| self.variable("AWS_ENDPOINT_URL"))
            .or_else(|| {
                let (value, _) = EnvConfigValue::new()
                    .profile("endpoint_url")
                    .service_id("kms")
                    .load(self.env, Some(self.profiles))?;
                sourced(&value, || {
                    format!("profile {:?}", self.profiles.selected_profile())
                })
            })
    }

    fn max_retries(&self) -> Result<u32, Error> {
        let found = self
            .variable("AWS_MAX_ATTEMPTS")
            .or_else(|| self.profile("max_attempts"));
        let Some(found) = found else {
            return Ok(MAX_RETRIES);
        };
        match found.value.parse::<u32>() {
            Ok(attempts) if attempts > 0 => Ok(attempts - 1),
            _ => Err(wrong(
                &found,
                "AWS_MAX_ATTEMPTS (max_attempts)",
                "a whole number of at least 1",
            )),
        }
    }

    fn retry_mode(&self) -> Result<RetryMode, Error> {
        let found = self
            .variable("AWS_RETRY_MODE")
            .or_else(|| self.profile("retry_mode"));
        let Some(found) = found else {
            return Ok(RetryMode::Standard);
        };
        match found.value.to_ascii_lowercase().as_str() {
            // "legacy" is older SDKs' name for what standard replaced.
            "standard" | "legacy" => Ok(RetryMode::Standard),
            "adaptive" => Ok(RetryMode::Adaptive),
            _ => Err(wrong(
                &found,
                "AWS_RETRY_MODE (retry_mode)",
                "standard or adaptive",
            )),
        }
    }

    fn switch(
        &self,
        set: Option<bool>,
        custom_endpoint: bool,
        variable: &str,
        key: &str,
    ) -> Result<bool, Error> {
        if let Some(set) = set {
            return Ok(set);
        }
        let Some(found) = self.variable(variable).or_else(|| self.profile(key)) else {
            return Ok(false);
        };
        match found.value.to_ascii_lowercase().as_str() {
            "true" => Ok(!custom_endpoint),
            "false" => Ok(false),
            _ => Err(wrong(&found, variable, "true or false")),
        }
    }
}

fn given(value: Option<&str>) -> Option<Sourced> {
    sourced(value?, || "given".to_owned())
}

fn sourced(value: &str, source: impl FnOnce() -> String) -> Option<Sourced> {
    (!value.is_empty()).then(|| Sourced {
        value: value.to_owned(),
        source: source(),
    })
}

fn wrong(found: &Sourced, name: &str, wanted: &str) -> Error {
    invalid(format!(
        "{name} must be {wanted}, but the {} says {:?}",
        found.source, found.value
    ))
}

fn invalid(message: String) -> Error {
    Error::Request { message }
}
