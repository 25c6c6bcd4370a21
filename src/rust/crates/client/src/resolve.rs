//! What a client will use, looked up where the AWS SDKs look, and where each value was found.
use aws_config::profile::ProfileSet;
use aws_runtime::env_config::EnvConfigValue;
use aws_types::os_shim_internal::Env;

use crate::address;
use crate::error::Error;
use crate::files::{Files, profile_name};
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

/// The source of what the caller gave.
const GIVEN: &str = "given";

/// How often a failed call is sent again unless told otherwise.
const MAX_RETRIES: u32 = 3;

/// Looks up what the settings leave open. Reads the environment and the shared config files; nothing is sent.
///
/// # Errors
/// [`Error::Request`] when the shared config files cannot be parsed or a value in them, or in the environment, is not what
/// it must be.
pub async fn resolve(settings: &Settings) -> Result<Resolved, Error> {
    let env = Env::real();
    let profile = profile_name(&env, settings.profile.as_deref());
    let profiles = Files::new(&env).load(&profile).await?;
    let look = Look {
        env: &env,
        profiles: &profiles,
    };

    let region = given(settings.region.as_deref())
        .or_else(|| look.variable("AWS_REGION"))
        .or_else(|| look.variable("AWS_DEFAULT_REGION"))
        .or_else(|| look.profile("region"));
    let endpoint = given(settings.endpoint.as_deref()).or_else(|| look.endpoint("KMS"));
    let max_retries = match settings.max_retries {
        Some(retries) => retries,
        None => look.max_retries()?,
    };
    let retry_mode = match settings.retry_mode {
        Some(mode) => mode,
        None => look.retry_mode()?,
    };
    region.as_ref().map_or(Ok(()), check_region)?;
    endpoint.as_ref().map_or(Ok(()), check_endpoint)?;
    Ok(Resolved {
        use_fips: look.switch(
            settings.use_fips,
            endpoint.as_ref(),
            "AWS_USE_FIPS_ENDPOINT",
            "use_fips_endpoint",
        )?,
        use_dual_stack: look.switch(
            settings.use_dual_stack,
            endpoint.as_ref(),
            "AWS_USE_DUALSTACK_ENDPOINT",
            "use_dualstack_endpoint",
        )?,
        region,
        endpoint,
        profile,
        max_retries,
        retry_mode,
    })
}

/// The endpoint the environment or the profile names for another service, by its upper-case name in variables.
pub(crate) async fn endpoint_of(
    env: &Env,
    profile: &str,
    service: &str,
) -> Result<Option<Sourced>, Error> {
    let profiles = Files::new(env).load(profile).await?;
    let look = Look {
        env,
        profiles: &profiles,
    };
    Ok(look.endpoint(service))
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

    fn endpoint(&self, service: &str) -> Option<Sourced> {
        let ignored = self
            .variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .or_else(|| self.profile("ignore_configured_endpoint_urls"))
            .is_some_and(|found| found.value.eq_ignore_ascii_case("true"));
        if ignored {
            return None;
        }
        self.variable(&format!("AWS_ENDPOINT_URL_{service}"))
            .or_else(|| self.variable("AWS_ENDPOINT_URL"))
            .or_else(|| {
                let service = service.to_ascii_lowercase();
                let (value, _) = EnvConfigValue::new()
                    .profile("endpoint_url")
                    .service_id(&service)
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

    /// Whether a variant of the Region's own endpoint is wanted. A custom endpoint says it all: asking for both is an
    /// error, but a switch in the environment, meant for other endpoints, is not.
    fn switch(
        &self,
        set: Option<bool>,
        custom: Option<&Sourced>,
        variable: &str,
        key: &str,
    ) -> Result<bool, Error> {
        match (set, custom) {
            (Some(true), Some(endpoint)) => {
                let setting = if key == "use_fips_endpoint" {
                    "use_fips"
                } else {
                    "use_dual_stack"
                };
                return Err(invalid(format!(
                    "the endpoint {:?} ({}) has no variants, so {setting} cannot pick one: leave one of the two out",
                    endpoint.value, endpoint.source
                )));
            }
            (Some(set), _) => return Ok(set),
            (None, _) => {}
        }
        let Some(found) = self.variable(variable).or_else(|| self.profile(key)) else {
            return Ok(false);
        };
        match found.value.to_ascii_lowercase().as_str() {
            "true" => Ok(custom.is_none()),
            "false" => Ok(false),
            _ => Err(wrong(&found, variable, "true or false")),
        }
    }
}

/// A Region becomes a part of a host name, and nothing but that.
fn check_region(region: &Sourced) -> Result<(), Error> {
    let name = &region.value;
    let is_label = name.len() <= 63
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    // Digits alone would make an address.
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    if is_label && !is_number {
        Ok(())
    } else {
        Err(wrong(
            region,
            "region",
            "the name of an AWS Region such as eu-central-1",
        ))
    }
}

fn check_endpoint(endpoint: &Sourced) -> Result<(), Error> {
    let usable = address::parse(&endpoint.value).is_some_and(|url| {
        matches!(url.scheme_str(), Some("http" | "https"))
            && url
                .authority()
                .is_some_and(|authority| !authority.as_str().contains('@'))
    });
    if usable {
        Ok(())
    } else {
        Err(wrong(
            endpoint,
            "endpoint",
            "a URL such as https://kms.eu-central-1.amazonaws.com",
        ))
    }
}

fn given(value: Option<&str>) -> Option<Sourced> {
    sourced(value?, || GIVEN.to_owned())
}

fn sourced(value: &str, source: impl FnOnce() -> String) -> Option<Sourced> {
    (!value.is_empty()).then(|| Sourced {
        value: value.to_owned(),
        source: source(),
    })
}

fn wrong(found: &Sourced, name: &str, wanted: &str) -> Error {
    let Sourced { value, source } = found;
    if source == GIVEN {
        return invalid(format!("{name} must be {wanted}, not {value:?}"));
    }
    invalid(format!(
        "{name} must be {wanted}, but the {source} says {value:?}"
    ))
}

fn invalid(message: String) -> Error {
    Error::Request { message }
}
