//! Signature Version 4, verified: an implementation of its own, written from AWS' published description ("Create a signed
//! AWS API request" in the IAM user guide), so that the SDKs' signing meets another.

mod authorization;
mod canonical;
#[cfg(test)]
mod tests;

use std::time::Duration;

use aws_lc_rs::{constant_time, digest, hmac};

use self::authorization::Authorization;
pub(crate) use self::canonical::percent_decode;
use crate::arn;
use crate::clock::Time;
use crate::config::Credentials;

/// How far a request's date may lie from the clock, in either direction.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// A request as it came, before anything in it is believed.
pub(crate) struct Incoming<'a> {
    pub(crate) method: &'a str,
    /// The path as sent, still percent-encoded.
    pub(crate) path: &'a str,
    /// What follows the question mark, as sent.
    pub(crate) query: &'a str,
    pub(crate) headers: &'a Headers,
    pub(crate) body: &'a [u8],
}

/// Header names in lower case with their values, in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Headers(pub(crate) Vec<(String, Vec<u8>)>);

impl Headers {
    /// The first value of a header, when it is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values(name)
            .next()
            .and_then(|value| std::str::from_utf8(value).ok())
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.0
            .iter()
            .filter(move |(header, _)| header == name)
            .map(|(_, value)| value.as_slice())
    }
}

/// Who signed a request, for where.
#[derive(Debug)]
pub(crate) struct Signer<'a> {
    pub(crate) credentials: &'a Credentials,
    pub(crate) region: String,
}

/// Why a request is not believed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no Signature Version 4 authorization in the request.
    MissingToken,
    /// The authorization lacks a part, or a part cannot be read.
    Incomplete(String),
    /// The signature is for another service, Region, time or content, or was made with another secret.
    InvalidSignature(String),
    /// The access key is not known here, or the session token is not the one that belongs to it.
    UnknownToken,
    /// The temporary credentials are past their end.
    ExpiredToken,
}

/// The verifier's idea of the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// What its clock says.
    pub(crate) here: Time,
    /// What it would say, had it never been advanced. A test that advances the emulator's clock cannot advance its clients':
    /// some stay where they were, some have learnt of an earlier advance from a `Date` header. So a signature may be of any
    /// time since.
    pub(crate) left_behind: Time,
}

/// Checks a request's signature and everything it rests on: the access key, the session token, the scope (date, Region,
/// service), the date, the signed headers, and the body.
pub(crate) fn verify<'a>(
    request: &Incoming<'_>,
    service: &str,
    known: &'a [Credentials],
    now: Now,
) -> Result<Signer<'a>, Refusal> {
    let authorization = Authorization::of(request)?;
    let scope = &authorization.scope;
    scope_fits(&authorization, service)?;
    headers_are_signed(request, &authorization.signed_headers)?;
    date_is_near(authorization.date, now)?;

    let credentials = known
        .iter()
        .find(|candidate| candidate.access_key_id == authorization.access_key_id)
        .ok_or(Refusal::UnknownToken)?;
    session_token_fits(request.headers, credentials, now.here)?;

    body_is_as_stated(request)?;

    let canonical_request = canonical::request(request, &authorization.signed_headers);
    let expected = signature(
        &credentials.secret_access_key,
        authorization.date,
        scope,
        &canonical_request,
    );
    constant_time::verify_slices_are_equal(expected.as_bytes(), authorization.signature.as_bytes())
        .map_err(|_| Refusal::InvalidSignature(DOES_NOT_MATCH.to_owned()))?;
    Ok(Signer {
        credentials,
        region: scope.region.to_owned(),
    })
}

const DOES_NOT_MATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";

fn scope_fits(authorization: &Authorization<'_>, service: &str) -> Result<(), Refusal> {
    let scope = &authorization.scope;
    let mut wrong = Vec::new();
    if !arn::is_region(scope.region) {
        wrong.push("Credential should be scoped to a valid region. ".to_owned());
    }
    if scope.service != service {
        wrong.push(format!(
            "Credential should be scoped to correct service: '{service}'. "
        ));
    }
    if scope.terminator != TERMINATOR {
        wrong.push(format!(
            "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'. ",
            scope.terminator
        ));
    }
    let basic = authorization.date.basic();
    let day = &basic[..8];
    if scope.date != day {
        wrong.push(format!("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{day}', from '{basic}'.", scope.date));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Refusal::InvalidSignature(wrong.concat()))
}

/// The host and everything AWS reads meaning from must be under the signature.
fn headers_are_signed(request: &Incoming<'_>, signed: &[&str]) -> Result<(), Refusal> {
    if !signed.contains(&"host") {
        return Err(Refusal::InvalidSignature(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned(),
        ));
    }
    let unsigned = request
        .headers
        .0
        .iter()
        .map(|(name, _)| name.as_str())
        .find(|name| name.starts_with("x-amz-") && !signed.contains(name));
    match unsigned {
        None => Ok(()),
        Some(name) => Err(Refusal::InvalidSignature(format!(
            "'{name}' must be a 'SignedHeader' in the AWS Authorization."
        ))),
    }
}

fn date_is_near(date: Time, now: Now) -> Result<(), Refusal> {
    let tolerance = TOLERANCE.as_millis() as i64;
    let earliest = now.left_behind.plus_millis(-tolerance);
    let latest = now.here.plus_millis(tolerance);
    if date < earliest {
        return Err(Refusal::InvalidSignature(format!(
            "Signature expired: {} is now earlier than {} ({} - 5 min.)",
            date.basic(),
            earliest.basic(),
            now.left_behind.basic()
        )));
    }
    if date > latest {
        return Err(Refusal::InvalidSignature(format!(
            "Signature not yet current: {} is still later than {} ({} + 5 min.)",
            date.basic(),
            latest.basic(),
            now.here.basic()
        )));
    }
    Ok(())
}

fn session_token_fits(
    headers: &Headers,
    credentials: &Credentials,
    now: Time,
) -> Result<(), Refusal> {
    let sent = headers.values("x-amz-security-token").next();
    let fits = match (&credentials.session_token, sent) {
        (None, None) => true,
        (Some(expected), Some(sent)) => {
            constant_time::verify_slices_are_equal(expected.as_bytes(), sent).is_ok()
        }
        _ => false,
    };
    if !fits {
        return Err(Refusal::UnknownToken);
    }
    match credentials.expires {
        Some(end) if now >= end => Err(Refusal::ExpiredToken),
        _ => Ok(()),
    }
}

/// Who states the body's hash states the body's own: only S3 takes bodies that are not under the signature.
fn body_is_as_stated(request: &Incoming<'_>) -> Result<(), Refusal> {
    let mut stated = request.headers.values("x-amz-content-sha256");
    if stated.all(|hash| hash == sha256_hex(request.body).as_bytes()) {
        return Ok(());
    }
    Err(Refusal::InvalidSignature(DOES_NOT_MATCH.to_owned()))
}

/// The parts of a credential scope.
#[derive(Debug, PartialEq, Eq)]
struct Scope<'a> {
    date: &'a str,
    region: &'a str,
    service: &'a str,
    terminator: &'a str,
}

/// The signature, in hexadecimal, that the secret gives for a canonical request.
fn signature(secret: &str, date: Time, scope: &Scope<'_>, canonical_request: &[u8]) -> String {
    let string_to_sign = format!(
        "{ALGORITHM}\n{}\n{}/{}/{}/{}\n{}",
        date.basic(),
        scope.date,
        scope.region,
        scope.service,
        scope.terminator,
        sha256_hex(canonical_request)
    );
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [scope.date, scope.region, scope.service, scope.terminator] {
        key = hmac_sha256(&key, part.as_bytes());
    }
    hex(&hmac_sha256(&key, string_to_sign.as_bytes()))
}

fn hmac_sha256(key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data)
        .as_ref()
        .to_vec()
}

fn sha256_hex(data: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, data).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
