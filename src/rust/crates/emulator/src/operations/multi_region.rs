//! One key in several Regions.

use serde_json::json;

use super::metadata::key_metadata;
use super::{Answer, Call, answer, nothing, policies, tags};
use crate::arn::{is_region, partition};
use crate::error::ServiceError;
use crate::spec::Origin;
use crate::state::{Key, KeyState, MultiRegion, World};

pub(super) fn replicate_key(call: &mut Call<'_>) -> Answer {
    let region = call.parameters.required_text("ReplicaRegion")?;
    let key_id = call.key_only()?;
    let primary = call.key(&key_id);
    ensure_primary(primary)?;
    primary.ensure_usable()?;
    ensure_region(call, region)?;
    if call.world.find_key(region, &key_id).is_some() {
        return Err(ServiceError::new(
            "AlreadyExistsException",
            format!(
                "Key '{}' already exists",
                call.world.home(region).key_arn(&key_id)
            ),
        ));
    }
    let tags = tags::read(call)?;
    let policy = match policies::read(call)? {
        Some(policy) => policy.to_owned(),
        None => policies::default(call, region),
    };
    let description = call.parameters.text("Description")?.unwrap_or_default();

    let primary = call.key(&key_id);
    let replica = Key {
        arn: call.world.home(region).key_arn(&key_id),
        id: key_id.clone(),
        region: region.to_owned(),
        spec: primary.spec,
        usage: primary.usage,
        origin: primary.origin,
        created: call.now,
        description: description.to_owned(),
        enabled: true,
        policy: policy.clone(),
        tags: tags.clone(),
        deletion: None,
        multi_region: primary.multi_region.clone(),
        materials: World::materials_for_replica(primary),
        rotation: primary.rotation.clone(),
        grants: Default::default(),
        last_use: None,
        visible_from: call.new_keys_visible_from,
    };
    if replica.origin == Origin::External {
        call.pool.expect_a_burst();
    }
    call.touched.push(replica.arn.clone());
    call.world.insert_key(replica);
    call.world.align_pending(&key_id);
    // AWS is still at work when it answers; the emulator is done.
    let mut metadata = key_metadata(call.world, call.world.key(region, &key_id));
    if let Some(members) = metadata.as_object_mut() {
        members.insert("KeyState".to_owned(), json!(KeyState::Creating.name()));
        members.insert("Enabled".to_owned(), json!(false));
        members.remove("CurrentKeyMaterialId");
    }
    let tags: Vec<_> = tags
        .iter()
        .map(|(name, value)| json!({"TagKey": name, "TagValue": value}))
        .collect();
    Ok(answer([
        ("ReplicaKeyMetadata", metadata),
        ("ReplicaPolicy", json!(policy)),
        ("ReplicaTags", json!(tags)),
    ]))
}

pub(super) fn update_primary_region(call: &mut Call<'_>) -> Answer {
    let region = call.parameters.required_text("PrimaryRegion")?;
    let key_id = call.key_only()?;
    let primary = call.key(&key_id);
    ensure_primary(primary)?;
    primary.ensure_usable()?;
    ensure_region(call, region)?;
    let name = call.world.home(region).key_arn(&key_id);
    call.world.resolve(region, &name, false, call.now)?;
    call.world.key(region, &key_id).ensure_manageable()?;

    // What only a primary has goes to the new one.
    let rotation = call.key(&key_id).rotation.clone();
    call.world.key_mut(region, &key_id).rotation = rotation;
    for relative in call.world.regions_of(&key_id) {
        call.world.key_mut(&relative, &key_id).multi_region = Some(MultiRegion {
            primary_region: region.to_owned(),
        });
    }
    nothing()
}

fn ensure_primary(key: &Key) -> Result<(), ServiceError> {
    if key.multi_region.is_none() {
        return Err(key.not_a_primary());
    }
    key.ensure_not_replica()
}

/// The other Region must be one, in the same partition, and another.
fn ensure_region(call: &Call<'_>, region: &str) -> Result<(), ServiceError> {
    if !is_region(region) || partition(region) != partition(call.region) {
        return Err(ServiceError::validation(format!(
            "{region} is not a Region of partition {}.",
            partition(call.region)
        )));
    }
    if region == call.region {
        return Err(ServiceError::validation(format!(
            "{region} is the Region of the primary key already."
        )));
    }
    Ok(())
}
