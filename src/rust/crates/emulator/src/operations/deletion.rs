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
    let key = call.key(&key_id);
    key.ensure_not_pending_deletion()?;
    let has_replicas = !key.is_replica() && call.world.regions_of(&key_id).len() > 1;
    let deletion = if has_replicas {
        Deletion::AfterReplicas { window_in_days }
    } else {
        Deletion::At {
            date: call.now.plus_days(window_in_days),
            window_in_days,
        }
    };
    let key = call.key_mut(&key_id);
    key.deletion = Some(deletion);
    let mut members = answer([
        ("KeyId", json!(key.arn)),
        ("KeyState", json!(key.state().name())),
        ("PendingWindowInDays", json!(window_in_days)),
    ]);
    if let Some(date) = deletion.date() {
        members.insert("DeletionDate".to_owned(), json!(date.seconds()));
    }
    Ok(members)
}

pub(super) fn cancel_key_deletion(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_only()?;
    let key = call.key(&key_id);
    if !matches!(
        key.state(),
        KeyState::PendingDeletion | KeyState::PendingReplicaDeletion
    ) {
        return Err(ServiceError::invalid_state(format!(
            "{} is not pending deletion.",
            key.arn
        )));
    }
    let key = call.key_mut(&key_id);
    key.deletion = None;
    // AWS leaves it to the user to enable a key that was on its way out.
    key.enabled = false;
    Ok(answer([("KeyId", json!(key.arn))]))
}
