//! The `Authorization` header and the date it goes with, taken apart.

use super::{ALGORITHM, Headers, Incoming, Refusal, Scope};
use crate::clock::Time;

/// What a request says about its own signature.
#[derive(Debug)]
pub(super) struct Authorization<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) scope: Scope<'a>,
    /// In the order of the header, which is the order they were signed in.
    pub(super) signed_headers: Vec<&'a str>,
    pub(super) signature: &'a str,
    pub(super) date: Time,
}

impl<'a> Authorization<'a> {
    pub(super) fn of(request: &Incoming<'a>) -> Result<Self, Refusal> {
        let headers: &'a Headers = request.headers;
        let header = headers.text("authorization").ok_or(Refusal::MissingToken)?;
        let header = header.trim();
        let (algorithm, rest) = header.split_once([' ', '\t']).unwrap_or((header, ""));
        if algorithm != ALGORITHM {
            return Err(if algorithm.starts_with("AWS") {
                Refusal::Incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'. "))
            } else {
                Refusal::MissingToken
            });
        }

        let mut credential = None;
        let mut signed_headers = None;
        let mut signature = None;
        for field in rest
            .split(',')
            .map(str::trim)
            .filter(|field| !field.is_empty())
        {
            let (name, value) = field.split_once('=').ok_or_else(|| {
                Refusal::Incomplete(format!("'{field}' not a valid key=value pair (missing equal-sign) in Authorization header: '{header}'."))
            })?;
            match name {
                "Credential" => credential = Some(value),
                "SignedHeaders" => signed_headers = Some(value),
                "Signature" => signature = Some(value),
                // AWS takes no notice of others.
                _ => {}
            }
        }
        let date_header = headers.text("x-amz-date").or_else(|| headers.text("date"));

        let mut missing = String::new();
        for (name, value) in [
            ("Credential", credential),
            ("Signature", signature),
            ("SignedHeaders", signed_headers),
        ] {
            if value.is_none_or(str::is_empty) {
                missing.push_str(&format!(
                    "Authorization header requires '{name}' parameter. "
                ));
            }
        }
        if date_header.is_none() {
            missing.push_str("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
        }
        let (Some(credential), Some(signed_headers), Some(signature), Some(date_header), true) = (
            credential,
            signed_headers,
            signature,
            date_header,
            missing.is_empty(),
        ) else {
            return Err(Refusal::Incomplete(format!(
                "{missing}Authorization={algorithm}"
            )));
        };

        let (access_key_id, scope) = parse_credential(credential)?;
        Ok(Self {
            access_key_id,
            scope,
            signed_headers: signed_headers.split(';').collect(),
            signature,
            date: parse_date(date_header)?,
        })
    }
}

fn parse_credential(credential: &str) -> Result<(&str, Scope<'_>), Refusal> {
    let parts: Vec<&str> = credential.split('/').collect();
    let [access_key_id, date, region, service, terminator] = parts[..] else {
        return Err(Refusal::Incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
        )));
    };
    let scope = Scope {
        date,
        region,
        service,
        terminator,
    };
    Ok((access_key_id, scope))
}

fn parse_date(text: &str) -> Result<Time, Refusal> {
    Time::parse_basic(text)
        .or_else(|| Time::parse_imf_fixdate(text))
        .ok_or_else(|| {
            Refusal::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"))
        })
}
