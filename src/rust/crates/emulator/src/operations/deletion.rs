//! Keys are deleted after a waiting period.

use serde_json::json;

use super::{Answer, Call, answer};
use crate::error::ServiceError;
use crate::state::{Deletion, KeyState};

pub(super) fn schedule_key_deletion(call: &mut Call<'_>) -> Answer {
    let window_in_days = call
        .parameters
        .integer("PendingWindowInDays")?
        .unwrap_or(30);
    if !(7..=30).contains(&window_in_days) {
        return Err(ServiceError::validation(
            "PendingWindowInDays must be between 7 and 30 (inclusive).",
        ));
    }
    let key_id = call.key_only()?;
    let date = call.now.plus_days(window_in_days);
    let key = call.key(&key_id);
    key.ensure_not_pending_deletion()?;
    key.deletion = Some(Deletion {
        date,
        window_in_days,
    });
    Ok(answer([
        ("KeyId", json!(key.arn)),
        ("DeletionDate", json!(date.seconds())),
        ("KeyState", json!(key.state().name())),
        ("PendingWindowInDays", json!(window_in_days)),
    ]))
}

pub(super) fn cancel_key_deletion(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_only()?;
    let key = call.key(&key_id);
    if key.state() != KeyState::PendingDeletion {
        return Err(ServiceError::invalid_state(format!(
            "{} is not pending deletion.",
            key.arn
        )));
    }
    key.deletion = None;
    // AWS leaves it to the user to enable a key that was on its way out.
    key.enabled = false;
    Ok(answer([("KeyId", json!(key.arn))]))
}
