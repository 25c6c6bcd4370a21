//! Grants: made, listed and taken back. They are not enforced: every caller of the emulator may do everything.

mod read;
mod token;

use serde_json::{Map, Value, json};

use super::{Answer, Call, answer, nothing, page};
use crate::arn::KeyName;
use crate::crypto::{hex, random};
use crate::error::ServiceError;
use crate::state::{Grant, Key, Principal};

/// Refuses tokens that were never given, where the operation has such a refusal.
pub(super) fn check_tokens(call: &Call<'_>) -> Result<(), ServiceError> {
    let refuses = kmsr_model::operation(call.operation)
        .is_some_and(|operation| operation.errors.contains(&INVALID_TOKEN));
    let tokens = call.parameters.texts("GrantTokens")?.unwrap_or_default();
    let token_key = &call.world.token_key;
    let are_good = || {
        tokens
            .iter()
            .all(|token| token::read(token_key, token).is_some())
    };
    if refuses && !are_good() {
        return Err(invalid_token());
    }
    Ok(())
}

pub(super) fn create_grant(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_only()?;
    let key = call.key(&key_id);
    key.ensure_usable()?;
    let grant = read::grant(call, key)?;
    // The same named grant asked for again is the same grant, with another token.
    let same = key
        .grants
        .iter()
        .find(|(_, known)| !grant.name.is_empty() && is_same(known, &grant))
        .map(|(id, _)| id.clone());
    if same.is_none() && key.grants.len() >= MOST {
        return Err(ServiceError::new(
            "LimitExceededException",
            format!("A KMS key can have at most {MOST} grants: {}", key.arn),
        ));
    }
    call.end_of_dry_run()?;
    let id = match same {
        Some(id) => id,
        None => {
            let id = hex(&random::<32>());
            call.key_mut(&key_id).grants.insert(id.clone(), grant);
            id
        }
    };
    let token = token::make(&call.world.token_key, call.region, &key_id, &id);
    Ok(answer([
        ("GrantToken", json!(token)),
        ("GrantId", json!(id)),
    ]))
}

pub(super) fn list_grants(call: &mut Call<'_>) -> Answer {
    let parameters = call.parameters;
    let id = parameters.text("GrantId")?;
    let grantee = parameters.text("GranteePrincipal")?;
    let service = parameters.text("GranteeServicePrincipal")?;
    if grantee.is_some() && service.is_some() {
        return Err(read::only_one_principal("Grantee"));
    }
    let key_id = call.key_only()?;
    if let Some(id) = id
        && !is_grant_id(id)
    {
        return Err(invalid_id());
    }
    let key = call.key(&key_id);
    let grants: Vec<(String, Value)> = key
        .grants
        .iter()
        .filter(|(known, _)| id.is_none_or(|id| id == *known))
        .filter(|(_, grant)| grantee.is_none_or(|name| is_aws(Some(&grant.grantee), name)))
        .filter(|(_, grant)| service.is_none_or(|name| is_service(Some(&grant.grantee), name)))
        .map(|(id, grant)| (id.clone(), entry(call, key, id, grant)))
        .collect();
    page::answer(call, "Grants", 50..=100, grants.into_iter())
}

pub(super) fn list_retirable_grants(call: &mut Call<'_>) -> Answer {
    let parameters = call.parameters;
    let principal = parameters.text("RetiringPrincipal")?;
    let service = parameters.text("RetiringServicePrincipal")?;
    match (principal, service) {
        (Some(principal), None) => read::check_principal(principal)?,
        (None, Some(_)) => {}
        _ => {
            return Err(ServiceError::validation(
                "You must specify exactly one of RetiringPrincipal and RetiringServicePrincipal.",
            ));
        }
    }
    call.world.settle_region(call.region, call.now);
    let grants: Vec<(String, Value)> = call
        .world
        .keys(call.region)
        .flat_map(|key| key.grants.iter().map(move |(id, grant)| (key, id, grant)))
        .filter(|(_, _, grant)| principal.is_none_or(|name| is_aws(grant.retiring.as_ref(), name)))
        .filter(|(_, _, grant)| {
            service.is_none_or(|name| is_service(grant.retiring.as_ref(), name))
        })
        .map(|(key, id, grant)| (id.clone(), entry(call, key, id, grant)))
        .collect();
    let mut grants = grants;
    grants.sort_by(|one, other| one.0.cmp(&other.0));
    page::answer(call, "Grants", 50..=100, grants.into_iter())
}

pub(super) fn retire_grant(call: &mut Call<'_>) -> Answer {
    let parameters = call.parameters;
    let token = parameters.text("GrantToken")?;
    let (key_id, grant_id) = match (token, parameters.has("KeyId"), parameters.text("GrantId")?) {
        (Some(token), false, None) => of_token(call, token)?,
        (None, true, Some(id)) => {
            if !matches!(
                KeyName::parse(parameters.required_text("KeyId")?),
                KeyName::KeyArn(..) | KeyName::Id(_)
            ) {
                return Err(ServiceError::new(
                    "InvalidArnException",
                    "KeyId must be a key ARN",
                ));
            }
            let key_id = call.key_only()?;
            (key_id, id.to_owned())
        }
        _ => {
            return Err(ServiceError::validation(
                "You must specify either a grant token, or both a key ID and a grant ID, but not all of them.",
            ));
        }
    };
    remove(call, &key_id, &grant_id)
}

pub(super) fn revoke_grant(call: &mut Call<'_>) -> Answer {
    let grant_id = call.parameters.required_text("GrantId")?.to_owned();
    let key_id = call.key_only()?;
    remove(call, &key_id, &grant_id)
}

/// How many grants AWS lets a key have.
const MOST: usize = 50_000;

fn remove(call: &mut Call<'_>, key_id: &str, grant_id: &str) -> Answer {
    if !is_grant_id(grant_id) {
        return Err(invalid_id());
    }
    let key = call.key(key_id);
    if !key.grants.contains_key(grant_id) {
        return Err(ServiceError::not_found(format!(
            "Grant '{grant_id}' does not exist on KMS key {}",
            key.arn
        )));
    }
    call.end_of_dry_run()?;
    call.key_mut(key_id).grants.remove(grant_id);
    nothing()
}

/// The key and the grant a token was given for.
fn of_token(call: &mut Call<'_>, token: &str) -> Result<(String, String), ServiceError> {
    let (region, key_id, grant_id) =
        token::read(&call.world.token_key, token).ok_or_else(invalid_token)?;
    if region != call.region {
        return Err(invalid_token());
    }
    let key_id = call
        .resolve_name(&key_id, false)
        .map_err(|_| invalid_token())?;
    if !call.key(&key_id).grants.contains_key(&grant_id) {
        return Err(invalid_token());
    }
    Ok((key_id, grant_id))
}

fn entry(call: &Call<'_>, key: &Key, id: &str, grant: &Grant) -> Value {
    let mut members = answer([
        ("KeyId", json!(key.arn)),
        ("GrantId", json!(id)),
        ("Name", json!(grant.name)),
        ("CreationDate", json!(grant.created.seconds())),
        (
            "IssuingAccount",
            json!(call.world.home(call.region).root_arn()),
        ),
        ("Operations", json!(grant.operations)),
    ]);
    name_principal(&mut members, "Grantee", &grant.grantee);
    if let Some(retiring) = &grant.retiring {
        name_principal(&mut members, "Retiring", retiring);
    }
    let constraints = read::constraints_value(&grant.constraints);
    if !constraints.is_empty() {
        members.insert("Constraints".to_owned(), Value::Object(constraints));
    }
    Value::Object(members)
}

fn name_principal(members: &mut Map<String, Value>, role: &str, principal: &Principal) {
    let (member, name) = match principal {
        Principal::Aws(arn) => (format!("{role}Principal"), arn),
        Principal::Service(name) => (format!("{role}ServicePrincipal"), name),
    };
    members.insert(member, json!(name));
}

/// Whether two grants differ in nothing but the moment.
fn is_same(one: &Grant, other: &Grant) -> bool {
    let mut other = other.clone();
    other.created = one.created;
    *one == other
}

fn is_aws(principal: Option<&Principal>, name: &str) -> bool {
    matches!(principal, Some(Principal::Aws(arn)) if arn == name)
}

fn is_service(principal: Option<&Principal>, name: &str) -> bool {
    matches!(principal, Some(Principal::Service(service)) if service == name)
}

fn is_grant_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn invalid_id() -> ServiceError {
    ServiceError::new("InvalidGrantIdException", "The grant ID is not valid.")
}

const INVALID_TOKEN: &str = "InvalidGrantTokenException";

fn invalid_token() -> ServiceError {
    ServiceError::new(INVALID_TOKEN, "The grant token is not valid.")
}
