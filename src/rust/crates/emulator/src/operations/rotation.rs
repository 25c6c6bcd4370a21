//! New material for old keys.

use serde_json::{Map, Value, json};

use super::{Answer, Call, answer, nothing, page};
use crate::error::ServiceError;
use crate::spec::Origin;
use crate::state::{DEFAULT_PERIOD, Expiry, Key, Material, RotationType};

pub(super) fn enable_key_rotation(call: &mut Call<'_>) -> Answer {
    let period = call.parameters.integer("RotationPeriodInDays")?;
    let key_id = call.key_only()?;
    ensure_automatic(call.key(&key_id))?;
    let now = call.now;
    let rotation = &mut call.key_mut(&key_id).rotation;
    // The period counts from when rotation was enabled.
    if rotation.next.is_none() || period.is_some() {
        rotation.period_in_days = period.unwrap_or(DEFAULT_PERIOD);
        rotation.next = Some(now.plus_days(rotation.period_in_days));
    }
    nothing()
}

pub(super) fn disable_key_rotation(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_only()?;
    ensure_automatic(call.key(&key_id))?;
    call.key_mut(&key_id).rotation.next = None;
    nothing()
}

pub(super) fn get_key_rotation_status(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_only()?;
    let key = call.key(&key_id);
    // A replica's rotation is its primary's.
    let primary = key
        .multi_region
        .as_ref()
        .and_then(|multi_region| call.world.find_key(&multi_region.primary_region, &key_id))
        .unwrap_or(key);
    let rotation = &primary.rotation;
    // On its way out, a key does not rotate; what was set comes back when its deletion is cancelled.
    let next = rotation.next.filter(|_| key.deletion.is_none());
    let mut members = answer([
        ("KeyId", json!(key.arn)),
        ("KeyRotationEnabled", json!(next.is_some())),
    ]);
    if let Some(next) = next {
        members.insert(
            "RotationPeriodInDays".to_owned(),
            json!(rotation.period_in_days),
        );
        members.insert("NextRotationDate".to_owned(), json!(next.seconds()));
    }
    Ok(members)
}

pub(super) fn rotate_key_on_demand(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_only()?;
    let key = call.key(&key_id);
    ensure_symmetric(key)?;
    key.ensure_usable()?;
    key.ensure_not_replica()?;
    if key.origin == Origin::External
        && key
            .pending()
            .is_none_or(|pending| pending.state != crate::state::MaterialState::PendingRotation)
    {
        return Err(ServiceError::invalid_state(format!(
            "No available key material pending rotation for the key: {}.",
            key.arn
        )));
    }
    let soon = call.now.plus_millis(TOO_CLOSE_MILLIS);
    if key.rotation.next.is_some_and(|next| next <= soon) {
        return Err(ServiceError::new(
            "ConflictException",
            format!(
                "An automatic rotation of {} is scheduled to begin within the next 20 minutes.",
                key.arn
            ),
        ));
    }
    if key.rotation.on_demand_count >= MOST_ON_DEMAND {
        return Err(ServiceError::new(
            "LimitExceededException",
            format!(
                "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: {}",
                key.arn
            ),
        ));
    }
    let arn = key.arn.clone();
    call.world
        .rotate(call.region, &key_id, call.now, RotationType::OnDemand);
    call.key_mut(&key_id).rotation.on_demand_count += 1;
    Ok(answer([("KeyId", json!(arn))]))
}

pub(super) fn list_key_rotations(call: &mut Call<'_>) -> Answer {
    let all = call.parameters.text("IncludeKeyMaterial")? == Some("ALL_KEY_MATERIAL");
    let key_id = call.key_only()?;
    let key = call.key(&key_id);
    ensure_symmetric(key)?;
    let entries: Vec<(String, Value)> = key
        .materials
        .iter()
        .enumerate()
        .filter(|(_, material)| all || material.rotation.is_some())
        // Numbered, so that pages keep the order the materials came in.
        .map(|(index, material)| (format!("{index:08}"), entry(key, material)))
        .collect();
    page::answer(call, "Rotations", 100..=1000, entries.into_iter())
}

/// How often AWS lets a key be rotated on demand.
const MOST_ON_DEMAND: u32 = 25;
/// A key that is to rotate by itself within twenty minutes is not rotated on demand.
const TOO_CLOSE_MILLIS: i64 = 20 * 60 * 1000;

fn entry(key: &Key, material: &Material) -> Value {
    let mut members = answer([
        ("KeyId", json!(key.id)),
        ("KeyMaterialId", json!(material.id_text())),
        ("KeyMaterialState", json!(material.state.name())),
    ]);
    if let Some((date, kind)) = material.rotation {
        members.insert("RotationDate".to_owned(), json!(date.seconds()));
        members.insert("RotationType".to_owned(), json!(kind.name()));
    }
    if key.origin == Origin::External {
        add_import(&mut members, material);
    }
    Value::Object(members)
}

fn add_import(members: &mut Map<String, Value>, material: &Material) {
    let mut set = |name: &str, value| members.insert(name.to_owned(), value);
    set("ImportState", json!(material.import_state().name()));
    if let Some(expiry) = material.expiry {
        set("ExpirationModel", json!(expiry.model()));
        if let Expiry::At(time) = expiry {
            set("ValidTo", json!(time.seconds()));
        }
    }
    if let Some(description) = &material.description {
        set("KeyMaterialDescription", json!(description));
    }
}

fn ensure_symmetric(key: &Key) -> Result<(), ServiceError> {
    if key.spec.is_symmetric() {
        return Ok(());
    }
    Err(ServiceError::bare("UnsupportedOperationException"))
}

/// Automatic rotation is for symmetric keys whose material KMS makes; its switch is the primary's.
fn ensure_automatic(key: &Key) -> Result<(), ServiceError> {
    ensure_symmetric(key)?;
    key.ensure_origin(Origin::AwsKms)?;
    key.ensure_usable()?;
    key.ensure_not_replica()
}
