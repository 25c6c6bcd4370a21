//! Aliases.

use serde_json::{Value, json};

use super::{Answer, Call, nothing, page};
use crate::arn::KeyName;
use crate::error::ServiceError;
use crate::spec::{Family, KeySpec};
use crate::state::{Alias, Key};

pub(super) fn create_alias(call: &mut Call<'_>) -> Answer {
    let name = alias_name(call)?;
    if name.starts_with("alias/aws/") {
        return Err(ServiceError::bare("NotAuthorizedException"));
    }
    let target = call.resolve("TargetKeyId", false)?;
    call.key(&target).ensure_not_pending_deletion()?;
    if call.world.alias(call.region, name).is_some() {
        return Err(ServiceError::new(
            "AlreadyExistsException",
            format!(
                "An alias with the name {} already exists",
                call.world.home(call.region).alias_arn(name)
            ),
        ));
    }
    ensure_room(call, &target)?;
    let alias = Alias {
        target,
        created: call.now,
        updated: call.now,
    };
    call.world.set_alias(call.region, name, Some(alias));
    nothing()
}

pub(super) fn update_alias(call: &mut Call<'_>) -> Answer {
    let name = alias_name(call)?;
    let target = call.resolve("TargetKeyId", false)?;
    let Some(alias) = call.world.alias(call.region, name) else {
        return Err(call.world.no_such_alias(call.region, name));
    };
    let created = alias.created;
    let old = call.world.find_key(call.region, &alias.target);
    let new = call.key(&target);
    new.ensure_not_pending_deletion()?;
    if old.is_some_and(|old| kind(old) != kind(new)) {
        return Err(ServiceError::validation(format!(
            "Alias {} cannot be updated to KMS key {}: the current and the new KMS key must be the same type and have the same key usage.",
            call.world.home(call.region).alias_arn(name),
            new.arn
        )));
    }
    if old.is_none_or(|old| old.id != target) {
        ensure_room(call, &target)?;
    }
    let alias = Alias {
        target,
        created,
        updated: call.now,
    };
    call.world.set_alias(call.region, name, Some(alias));
    nothing()
}

pub(super) fn delete_alias(call: &mut Call<'_>) -> Answer {
    let name = alias_name(call)?;
    if call.world.alias(call.region, name).is_none() {
        return Err(call.world.no_such_alias(call.region, name));
    }
    call.world.set_alias(call.region, name, None);
    nothing()
}

pub(super) fn list_aliases(call: &mut Call<'_>) -> Answer {
    let target = match call.parameters.has("KeyId") {
        true => Some(call.key_only()?),
        false => None,
    };
    call.world.settle_region(call.region, call.now);
    let home = call.world.home(call.region);
    let aliases: Vec<(String, Value)> = call
        .world
        .aliases(call.region)
        .filter(|(_, alias)| target.as_ref().is_none_or(|target| alias.target == *target))
        .map(|(name, alias)| {
            let entry = json!({
                "AliasName": name,
                "AliasArn": home.alias_arn(name),
                "TargetKeyId": alias.target,
                "CreationDate": alias.created.seconds(),
                "LastUpdatedDate": alias.updated.seconds(),
            });
            (name.clone(), entry)
        })
        .collect();
    page::answer(call, "Aliases", 50..=100, aliases.into_iter())
}

/// How many aliases AWS lets a key have.
const MOST: usize = 50;

fn alias_name<'a>(call: &Call<'a>) -> Result<&'a str, ServiceError> {
    let name = call.parameters.required_text("AliasName")?;
    if !matches!(KeyName::parse(name), KeyName::Alias(_)) || name == "alias/" {
        return Err(ServiceError::validation(
            "Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        ));
    }
    if name.contains(':') {
        return Err(ServiceError::validation(format!(
            "{name} contains invalid characters for an alias"
        )));
    }
    Ok(name)
}

fn ensure_room(call: &Call<'_>, target: &str) -> Result<(), ServiceError> {
    let count = call
        .world
        .aliases(call.region)
        .filter(|(_, alias)| alias.target == target)
        .count();
    if count < MOST {
        return Ok(());
    }
    Err(ServiceError::new(
        "LimitExceededException",
        format!(
            "A KMS key can have at most {MOST} aliases: {}",
            call.key(target).arn
        ),
    ))
}

/// What must be the same of an alias' old and new key.
fn kind(key: &Key) -> (u8, &'static str) {
    let nature = match key.spec.family() {
        Family::Symmetric => 0,
        Family::Hmac(_) => 1,
        _ => 2,
    };
    debug_assert!(nature != 0 || key.spec == KeySpec::Symmetric);
    (nature, key.usage.name())
}
