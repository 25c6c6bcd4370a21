//! Listings in pages: `Limit`, `Marker`, `NextMarker`, `Truncated`.

use std::ops::RangeInclusive;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Map, Value, json};

use super::{Answer, Call};
use crate::error::ServiceError;

/// One page of entries that are sorted by their name.
///
/// A marker holds the name of the last entry that was sent, so a listing goes on where it was even when entries have come or
/// gone in between. `limits` are the number of entries on a page when the request does not say, and the greatest it may ask for.
pub(super) fn answer(
    call: &Call<'_>,
    member: &str,
    limits: RangeInclusive<usize>,
    entries: impl Iterator<Item = (String, Value)>,
) -> Answer {
    let limit = call
        .parameters
        .integer("Limit")?
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(*limits.start())
        .max(1);
    if limit > *limits.end() {
        return Err(ServiceError::validation(format!(
            "Limit must be between 1 and {} (inclusive).",
            limits.end()
        )));
    }
    let after = call
        .parameters
        .text("Marker")?
        .map(read_marker)
        .transpose()?;

    let mut rest = entries
        .filter(|(name, _)| after.as_ref().is_none_or(|after| name > after))
        .peekable();
    let mut page = Vec::new();
    let mut last = None;
    while page.len() < limit
        && let Some((name, entry)) = rest.next()
    {
        page.push(entry);
        last = Some(name);
    }
    let truncated = rest.peek().is_some();

    let mut answer = Map::new();
    answer.insert(member.to_owned(), Value::Array(page));
    answer.insert("Truncated".to_owned(), json!(truncated));
    if let (true, Some(last)) = (truncated, last) {
        answer.insert(
            "NextMarker".to_owned(),
            json!(BASE64_STANDARD.encode(PREFIX.to_owned() + &last)),
        );
    }
    Ok(answer)
}

const PREFIX: &str = "after:";

fn read_marker(marker: &str) -> Result<String, ServiceError> {
    BASE64_STANDARD
        .decode(marker)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix(PREFIX).map(str::to_owned))
        .ok_or_else(|| ServiceError::new("InvalidMarkerException", "Could not deserialize marker"))
}
