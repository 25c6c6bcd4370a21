//! Tags.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, Call, nothing, page};
use crate::error::ServiceError;

pub(super) fn tag_resource(call: &mut Call<'_>) -> Answer {
    let new = read(call)?;
    let key_id = call.key_only()?;
    let key = call.key(&key_id);
    key.ensure_not_pending_deletion()?;
    let mut tags = key.tags.clone();
    tags.extend(new);
    ensure_few(tags.len())?;
    call.key_mut(&key_id).tags = tags;
    nothing()
}

pub(super) fn untag_resource(call: &mut Call<'_>) -> Answer {
    let names = call.parameters.texts("TagKeys")?.unwrap_or_default();
    let key_id = call.key_only()?;
    call.key(&key_id).ensure_not_pending_deletion()?;
    let key = call.key_mut(&key_id);
    for name in names {
        key.tags.remove(name);
    }
    nothing()
}

pub(super) fn list_resource_tags(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_only()?;
    let tags: Vec<(String, Value)> = call
        .key(&key_id)
        .tags
        .iter()
        .map(|(name, value)| (name.clone(), json!({"TagKey": name, "TagValue": value})))
        .collect();
    page::answer(call, "Tags", 50..=50, tags.into_iter())
}

/// The tags a request brings, checked.
pub(super) fn read(call: &Call<'_>) -> Result<BTreeMap<String, String>, ServiceError> {
    let mut tags = BTreeMap::new();
    for tag in call.parameters.list("Tags")?.unwrap_or_default() {
        let text = |name| tag.get(name).and_then(Value::as_str);
        let (Some(name), Some(value)) = (text("TagKey"), text("TagValue")) else {
            return Err(ServiceError::bare("SerializationException"));
        };
        if name.to_ascii_lowercase().starts_with("aws:") {
            return Err(tag_error("Tags beginning with aws: are reserved"));
        }
        if tags.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(tag_error("Duplicate tag keys"));
        }
    }
    ensure_few(tags.len())?;
    Ok(tags)
}

/// How many tags AWS lets a key have.
const MOST: usize = 50;

fn ensure_few(count: usize) -> Result<(), ServiceError> {
    if count > MOST {
        return Err(tag_error("Too many tags"));
    }
    Ok(())
}

fn tag_error(message: &str) -> ServiceError {
    ServiceError::new("TagException", message)
}
