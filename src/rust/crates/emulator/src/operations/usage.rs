//! When a key was last used.

use serde_json::json;

use super::{Answer, Call, answer};

pub(super) fn get_key_last_usage(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_only()?;
    let key = call.key(&key_id);
    // A key that was never used has an object without members.
    let usage = key.last_use.as_ref().map_or_else(
        || json!({}),
        |last_use| {
            json!({
                "Operation": last_use.operation,
                "Timestamp": last_use.time.seconds(),
                "CloudTrailEventId": last_use.event_id,
                "KmsRequestId": last_use.request_id,
            })
        },
    );
    Ok(answer([
        ("KeyId", json!(key.arn)),
        ("KeyLastUsage", usage),
        // Uses have been recorded for as long as the key exists.
        ("TrackingStartDate", json!(key.created.seconds())),
        ("KeyCreationDate", json!(key.created.seconds())),
    ]))
}
