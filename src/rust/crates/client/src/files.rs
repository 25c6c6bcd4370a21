//! The shared AWS config and credentials files.
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use aws_config::profile::{Profile, ProfileSet};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};

use crate::error::{Error, chain, one_line};

/// Where the two files are.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    env: Env,
    config: PathBuf,
    credentials: PathBuf,
}

/// What the two files were when they were looked at. Equal stamps are the same files, unchanged.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    files: Files,
    seen: [Option<(SystemTime, u64)>; 2],
}

/// What a profile says about credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Survey {
    /// There is no such profile.
    Missing,
    /// It names no credentials.
    Silent,
    /// It names some, in a way that can be tried.
    Speaks {
        /// How, in words.
        kind: &'static str,
        /// The profile, itself or one of its sources, that takes part in IAM Identity Center.
        sso: Option<String>,
    },
    /// It names some, in a way that cannot.
    Unsupported(String),
}

/// Settings of a profile that say where credentials come from.
const CREDENTIALS: [&str; 10] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "credential_process",
    "credential_source",
    "login_session",
    "role_arn",
    "source_profile",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
];

impl Files {
    /// The files the environment names, or those in the home folder.
    pub(crate) fn new(env: &Env) -> Self {
        Self {
            config: path(env, "AWS_CONFIG_FILE", "config"),
            credentials: path(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            env: env.clone(),
        }
    }

    /// Reads the files, with this profile selected. A file that is not there counts as an empty one.
    ///
    /// # Errors
    /// [`Error::Request`] when a file is there but cannot be read or parsed. It names the file, and the line if it can.
    pub(crate) async fn load(&self, profile: &str) -> Result<ProfileSet, Error> {
        let files = self.present()?;
        aws_config::profile::load(
            &Fs::real(),
            &self.env,
            &files,
            Some(Cow::Owned(profile.to_owned())),
        )
        .await
        .map_err(|error| {
            invalid(format!(
                "the shared AWS config files cannot be used: {}",
                one_line(&chain(&error))
            ))
        })
    }

    /// The files that are there, for the SDK's own reader, which takes what it cannot read for an empty file.
    ///
    /// # Errors
    /// [`Error::Request`] when a file is there but cannot be read.
    pub(crate) fn present(&self) -> Result<EnvConfigFiles, Error> {
        let mut files = EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, "");
        for (kind, path) in [
            (EnvConfigFileKind::Config, &self.config),
            (EnvConfigFileKind::Credentials, &self.credentials),
        ] {
            match fs::read(path).map(String::from_utf8) {
                Ok(Ok(_)) => files = files.with_file(kind, path),
                Ok(Err(_)) => {
                    return Err(invalid(format!(
                        "{} is not a text file in UTF-8",
                        path.display()
                    )));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(invalid(format!(
                        "{} cannot be read: {error}",
                        path.display()
                    )));
                }
            }
        }
        Ok(files.build())
    }

    /// What the files are now.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            seen: [seen(&self.config), seen(&self.credentials)],
            files: self.clone(),
        }
    }

    /// Where the files are, in words.
    pub(crate) fn describe(&self) -> String {
        format!(
            "{} and {}",
            self.config.display(),
            self.credentials.display()
        )
    }
}

impl Stamp {
    /// Whether the files are still what they were.
    pub(crate) fn is_current(&self) -> bool {
        self.seen == [seen(&self.files.config), seen(&self.files.credentials)]
    }
}

/// The profile in use: the one given, else `AWS_PROFILE`, else `default`.
pub(crate) fn profile_name(env: &Env, given: Option<&str>) -> String {
    given
        .map(str::to_owned)
        .or_else(|| env.get("AWS_PROFILE").ok())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "default".to_owned())
}

/// Follows a profile and the profiles it takes its first credentials from.
pub(crate) fn survey(profiles: &ProfileSet, name: &str) -> Survey {
    let Some(first) = profiles.get_profile(name) else {
        return Survey::Missing;
    };
    if !CREDENTIALS.iter().any(|key| first.get(key).is_some()) {
        return Survey::Silent;
    }
    let mut sso = None;
    let mut visited = Vec::new();
    let mut next = Some(first);
    // A loop is for the SDK to tell.
    while let Some(profile) = next.filter(|profile| !visited.contains(&profile.name())) {
        if let Some(reason) = unsupported(profile) {
            return Survey::Unsupported(reason);
        }
        if profile
            .get("sso_session")
            .or(profile.get("sso_start_url"))
            .is_some()
        {
            sso = Some(profile.name().to_owned());
        }
        visited.push(profile.name());
        next = profile
            .get("source_profile")
            .and_then(|source| profiles.get_profile(source));
    }
    Survey::Speaks {
        kind: kind(first),
        sso,
    }
}

/// What a profile's credentials come from. Where it says several things, in the AWS SDKs' order.
fn kind(profile: &Profile) -> &'static str {
    let has = |key| profile.get(key).is_some();
    if has("web_identity_token_file") {
        "web identity token"
    } else if has("role_arn") {
        "assumed role"
    } else if has("sso_session") || has("sso_start_url") {
        "IAM Identity Center"
    } else if has("credential_process") {
        "credential_process"
    } else {
        "keys in the files"
    }
}

fn unsupported(profile: &Profile) -> Option<String> {
    let name = profile.name();
    if profile.get("role_arn").is_some() && profile.get("mfa_serial").is_some() {
        return Some(format!(
            "profile {name:?} asks for an MFA code (mfa_serial), and there is nobody to ask: get temporary keys with `aws \
             configure export-credentials --profile {name}` and set them in the environment"
        ));
    }
    if profile.get("login_session").is_some() {
        return Some(format!(
            "profile {name:?} uses a console sign-in (login_session), which only the AWS CLI can use: let another \
             profile have `credential_process = aws configure export-credentials --profile {name} --format process`"
        ));
    }
    None
}

fn path(env: &Env, variable: &str, name: &str) -> PathBuf {
    let home = home(env);
    match env.get(variable).ok().filter(|path| !path.is_empty()) {
        Some(path) => match path.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => path.into(),
        },
        None => home.join(".aws").join(name),
    }
}

/// The home folder as the AWS tools see it. R on Windows sets `HOME` to another one.
fn home(env: &Env) -> PathBuf {
    let variables = if cfg!(windows) {
        ["USERPROFILE", "HOME"]
    } else {
        ["HOME", "HOME"]
    };
    variables
        .iter()
        .find_map(|name| env.get(name).ok())
        .unwrap_or_else(|| "~".to_owned())
        .into()
}

fn seen(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn invalid(message: String) -> Error {
    Error::Request { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn profiles(config: &str) -> ProfileSet {
        let files = EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, config)
            .build();
        aws_config::profile::load(&Fs::real(), &Env::from_slice(&[]), &files, None)
            .await
            .expect("a config file")
    }

    #[test]
    fn paths_follow_the_environment_and_the_home_folder() {
        let files = Files::new(&Env::from_slice(&[
            ("HOME", "/home/me"),
            ("USERPROFILE", "/home/me"),
        ]));
        assert_eq!(
            files.describe(),
            "/home/me/.aws/config and /home/me/.aws/credentials"
        );
        let files = Files::new(&Env::from_slice(&[
            ("HOME", "/home/me"),
            ("USERPROFILE", "/home/me"),
            ("AWS_CONFIG_FILE", "~/elsewhere"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/etc/keys"),
        ]));
        assert_eq!(files.describe(), "/home/me/elsewhere and /etc/keys");
    }

    #[test]
    fn an_empty_variable_names_no_profile() {
        assert_eq!(
            profile_name(&Env::from_slice(&[("AWS_PROFILE", "")]), None),
            "default"
        );
        assert_eq!(
            profile_name(&Env::from_slice(&[("AWS_PROFILE", "work")]), None),
            "work"
        );
        assert_eq!(
            profile_name(&Env::from_slice(&[("AWS_PROFILE", "work")]), Some("home")),
            "home"
        );
    }

    #[tokio::test]
    async fn a_profile_is_followed_to_its_sources() {
        let profiles = profiles(
            "[profile region-only]\nregion = eu-west-1\n\
             [profile keys]\naws_access_key_id = AKIA\n\
             [profile signed-in]\nsso_session = work\n\
             [profile role]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = signed-in\n\
             [profile mfa]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = keys\nmfa_serial = arn:aws:iam::1:mfa/me\n\
             [profile above-mfa]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = mfa\n\
             [profile login]\nlogin_session = arn:aws:iam::1:user/me\n\
             [profile circle]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = circle\n",
        )
        .await;
        let speaks = |kind, sso: Option<&str>| Survey::Speaks {
            kind,
            sso: sso.map(str::to_owned),
        };
        assert_eq!(survey(&profiles, "nobody"), Survey::Missing);
        assert_eq!(survey(&profiles, "region-only"), Survey::Silent);
        assert_eq!(survey(&profiles, "keys"), speaks("keys in the files", None));
        assert_eq!(
            survey(&profiles, "signed-in"),
            speaks("IAM Identity Center", Some("signed-in"))
        );
        assert_eq!(
            survey(&profiles, "role"),
            speaks("assumed role", Some("signed-in"))
        );
        assert_eq!(survey(&profiles, "circle"), speaks("assumed role", None));
        for (name, said) in [
            ("mfa", "MFA"),
            ("above-mfa", "profile \"mfa\""),
            ("login", "login_session"),
        ] {
            let Survey::Unsupported(reason) = survey(&profiles, name) else {
                panic!("{name} cannot be used");
            };
            assert!(reason.contains(said), "{reason}");
        }
    }
}
