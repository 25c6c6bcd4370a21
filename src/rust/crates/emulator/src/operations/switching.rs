//! Keys are switched on and off, and described anew.

use super::{Answer, Call, nothing};

pub(super) fn enable_key(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_only()?;
    call.key(&key_id).ensure_manageable()?;
    let now = call.now;
    let key = call.key_mut(&key_id);
    key.enabled = true;
    // A rotation that fell due while the key was off happens as soon as it is on again.
    if let Some(next) = &mut key.rotation.next {
        *next = (*next).max(now);
    }
    nothing()
}

pub(super) fn disable_key(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_only()?;
    call.key(&key_id).ensure_manageable()?;
    call.key_mut(&key_id).enabled = false;
    nothing()
}

pub(super) fn update_key_description(call: &mut Call<'_>) -> Answer {
    let description = call.parameters.required_text("Description")?;
    let key_id = call.key_only()?;
    call.key(&key_id).ensure_not_pending_deletion()?;
    call.key_mut(&key_id).description = description.to_owned();
    nothing()
}
