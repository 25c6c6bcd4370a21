//! Amazon Resource Names of keys and aliases, and the other ways to name a key.

use crate::error::ServiceError;

/// Where an account's keys live: partition, Region, account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Home<'a> {
    pub(crate) region: &'a str,
    pub(crate) account_id: &'a str,
}

impl Home<'_> {
    pub(crate) fn partition(&self) -> &'static str {
        partition(self.region)
    }

    pub(crate) fn key_arn(&self, key_id: &str) -> String {
        format!(
            "arn:{}:kms:{}:{}:key/{key_id}",
            self.partition(),
            self.region,
            self.account_id
        )
    }

    /// Refuses what lies in another partition, Region, or account.
    pub(crate) fn ensure_own(&self, arn: &Arn<'_>, name: &str) -> Result<(), ServiceError> {
        if arn.partition != self.partition() || arn.region != self.region {
            return Err(ServiceError::not_found(format!(
                "Invalid arn {}",
                arn.region
            )));
        }
        if arn.account_id != self.account_id {
            return Err(ServiceError::new(
                "AccessDeniedException",
                format!(
                    "The caller is not authorized to use {name} because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"
                ),
            ));
        }
        Ok(())
    }

    pub(crate) fn root_arn(&self) -> String {
        format!("arn:{}:iam::{}:root", self.partition(), self.account_id)
    }

    pub(crate) fn alias_arn(&self, alias_name: &str) -> String {
        format!(
            "arn:{}:kms:{}:{}:{alias_name}",
            self.partition(),
            self.region,
            self.account_id
        )
    }
}

/// The partition a Region belongs to.
pub(crate) fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ if region.starts_with("us-isob-") => "aws-iso-b",
        _ if region.starts_with("us-isof-") => "aws-iso-f",
        _ if region.starts_with("eu-isoe-") => "aws-iso-e",
        _ if region.starts_with("us-iso-") => "aws-iso",
        _ if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

/// Whether this can be the name of a Region: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
pub(crate) fn is_region(text: &str) -> bool {
    let words: Vec<&str> = text.split('-').collect();
    let Some((number, names)) = words.split_last() else {
        return false;
    };
    names.len() >= 2
        && text.len() <= 32
        && names
            .iter()
            .all(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// One of the ways a request names a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum KeyName<'a> {
    /// `1234abcd-12ab-34cd-56ef-1234567890ab`, `mrk-1234abcd12ab34cd56ef1234567890ab`.
    Id(&'a str),
    /// `alias/name`.
    Alias(&'a str),
    /// `arn:aws:kms:us-east-1:111122223333:key/...`.
    KeyArn(Arn<'a>, &'a str),
    /// `arn:aws:kms:us-east-1:111122223333:alias/...`; the name still begins with `alias/`.
    AliasArn(Arn<'a>, &'a str),
    /// Begins like an ARN but is none of KMS' ARNs.
    MalformedArn,
    /// Anything else.
    Unknown,
}

/// The parts of an ARN that say whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) partition: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account_id: &'a str,
}

impl<'a> KeyName<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        if text.starts_with("arn:") {
            return Self::parse_arn(text).unwrap_or(Self::MalformedArn);
        }
        if text.starts_with("alias/") {
            return Self::Alias(text);
        }
        if is_key_id(text) {
            return Self::Id(text);
        }
        Self::Unknown
    }

    fn parse_arn(text: &'a str) -> Option<Self> {
        let fields: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "kms", region, account_id, resource] = fields[..] else {
            return None;
        };
        if partition.is_empty() || region.is_empty() || account_id.is_empty() {
            return None;
        }
        let arn = Arn {
            partition,
            region,
            account_id,
        };
        if let Some(key_id) = resource.strip_prefix("key/") {
            return Some(Self::KeyArn(arn, key_id));
        }
        resource
            .starts_with("alias/")
            .then_some(Self::AliasArn(arn, resource))
    }
}

/// Whether this has the form of a key id: a UUID, or a multi-Region key's `mrk-` and 32 digits.
pub(crate) fn is_key_id(text: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(digits) = text.strip_prefix("mrk-") {
        return digits.len() == 32 && is_hex(digits);
    }
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == 5
        && groups
            .iter()
            .zip([8, 4, 4, 4, 12])
            .all(|(group, length)| group.len() == length && is_hex(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_names_of_keys_apart() {
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        let arn = Arn {
            partition: "aws",
            region: "eu-west-1",
            account_id: "111122223333",
        };
        for (text, expected) in [
            (id, KeyName::Id(id)),
            ("alias/a/b", KeyName::Alias("alias/a/b")),
            (
                "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                KeyName::KeyArn(arn, id),
            ),
            (
                "arn:aws:kms:eu-west-1:111122223333:alias/x",
                KeyName::AliasArn(arn, "alias/x"),
            ),
            ("arn:aws:s3:::bucket", KeyName::MalformedArn),
            (
                "arn:aws:kms:eu-west-1:111122223333:grant/x",
                KeyName::MalformedArn,
            ),
            ("134f2428cec14b25a1ae9048164dba47", KeyName::Unknown),
            ("mrk-fake-key-id", KeyName::Unknown),
        ] {
            assert_eq!(KeyName::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn knows_regions_and_their_partitions() {
        for region in [
            "us-east-1",
            "us-gov-west-1",
            "cn-north-1",
            "eusc-de-east-1",
            "ap-southeast-12",
        ] {
            assert!(is_region(region), "{region}");
        }
        for text in [
            "",
            "us",
            "us-east",
            "US-EAST-1",
            "us-east-1 ",
            "../x-1",
            "us--1",
        ] {
            assert!(!is_region(text), "{text}");
        }
        assert_eq!(partition("cn-north-1"), "aws-cn");
        assert_eq!(partition("eu-central-1"), "aws");
    }
}
