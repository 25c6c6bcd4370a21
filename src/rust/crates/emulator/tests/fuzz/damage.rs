//! What can be wrong with a request's JSON: in its values, and in its text.

use serde_json::{Map, Value, json};

use super::choices::Choices;

/// Changes one value somewhere in the members.
pub fn values(choices: &mut Choices<'_>, members: &mut Map<String, Value>) {
    if members.is_empty() || choices.once_in(8) {
        let value = wrong(choices);
        let name = choices.of(&[
            "KeyId",
            "DryRun",
            "Limit",
            "Recipient",
            "",
            "\u{0}",
            "Unknown",
        ]);
        members.insert(name.to_owned(), value);
        return;
    }
    let index = choices.below(members.len());
    let name = members.keys().nth(index).cloned().unwrap_or_default();
    if choices.once_in(6) {
        members.remove(&name);
    } else if let Some(value) = members.get_mut(&name) {
        within(choices, value);
    }
}

/// Goes down into a value, stops somewhere, and changes what is there.
fn within(choices: &mut Choices<'_>, value: &mut Value) {
    let deeper = !choices.once_in(3);
    match value {
        Value::Object(members) if deeper && !members.is_empty() => values(choices, members),
        Value::Array(items) if deeper && !items.is_empty() => {
            let index = choices.below(items.len());
            match choices.below(4) {
                0 => items.push(items[index].clone()),
                1 => {
                    items.remove(index);
                }
                2 => {
                    let item = items[index].clone();
                    items.resize(items.len() + choices.below(2000), item);
                }
                _ => within(choices, &mut items[index]),
            }
        }
        Value::String(text) if deeper => {
            if let Some(changed) = other_text(choices, text) {
                *text = changed;
            }
        }
        Value::Number(_) if deeper => *value = number(choices),
        _ => *value = wrong(choices),
    }
}

fn other_text(choices: &mut Choices<'_>, text: &str) -> Option<String> {
    let mut characters: Vec<char> = text.chars().collect();
    let at = choices.below(characters.len() + 1);
    match choices.below(8) {
        0 => characters.insert(
            at,
            choices.of(&['\u{0}', '=', '/', ':', 'é', '\u{10ffff}', '"', 'A']),
        ),
        1 => characters.truncate(at),
        2 if at < characters.len() => {
            characters.remove(at);
        }
        3 if at < characters.len() => characters[at] = char::from(choices.byte()),
        4 => {
            return Some(
                text.repeat(
                    choices
                        .of(&[0, 2, 100, 4000])
                        .min(200_000 / text.len().max(1)),
                ),
            );
        }
        5 => return Some(text.to_uppercase()),
        6 => return Some(format!(" {text}")),
        _ => return Some(choices.of(TEXTS).to_owned()),
    }
    Some(characters.into_iter().collect())
}

const TEXTS: &[&str] = &[
    "",
    "AAAA",
    "not base64!",
    "AAA",
    "\u{0}",
    "\u{202e}\u{fffd}\u{1f511}",
    "alias/",
    "alias/aws/kms",
    "alias/x",
    "arn:aws:kms:us-east-1:000000000000:key/",
    "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "arn:aws:kms:::alias/",
    "arn:::::",
    "mrk-1234abcd12ab34cd56ef1234567890ab",
    "1234abcd-12ab-34cd-56ef-1234567890ab",
    "{\"Version\":\"2012-10-17\",\"Statement\":[]}",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
];

fn number(choices: &mut Choices<'_>) -> Value {
    choices
        .of(&[
            json!(0),
            json!(-1),
            json!(1),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(1e300),
            json!(-1e-300),
            json!(0.5),
            json!(4_294_967_296_u64),
            json!(253_402_300_800_u64),
        ]
        .iter()
        .collect::<Vec<_>>())
        .clone()
}

/// A value of some type, most likely another than the right one.
fn wrong(choices: &mut Choices<'_>) -> Value {
    match choices.below(9) {
        0 => Value::Null,
        1 => json!(true),
        2 => number(choices),
        3 => json!(choices.of(TEXTS)),
        4 => json!([]),
        5 => json!([null]),
        6 => json!({}),
        7 => json!({"a": choices.of(TEXTS), "b": null}),
        _ => json!([{"TagKey": "a", "TagValue": 1}]),
    }
}

/// The members as text, in most cases as it should be.
pub fn text(choices: &mut Choices<'_>, members: &Map<String, Value>, intact: bool) -> Vec<u8> {
    let good = Value::Object(members.clone()).to_string();
    if intact || !choices.once_in(4) {
        return good.into_bytes();
    }
    let mut bytes = good.clone().into_bytes();
    match choices.below(9) {
        // A member twice: the first has another value.
        0 => {
            let name = members.keys().next().cloned().unwrap_or_default();
            return format!("{{{}:{},{}", json!(name), wrong(choices), &good[1..]).into_bytes();
        }
        1 => {
            let levels = choices.of(&[10, 127, 128, 129, 5000]);
            let nested = "[".repeat(levels) + &"]".repeat(levels);
            return format!("{{\"Unknown\":{nested},{}", &good[1..]).into_bytes();
        }
        2 => bytes.truncate(choices.below(good.len())),
        3 => bytes.extend_from_slice(b" x"),
        4 => {
            let at = choices.below(bytes.len());
            bytes[at] = choices.byte();
        }
        5 => bytes.insert(0, choices.of(b"\xef\xff\0 [\"")),
        6 => {
            let padding = vec![b' '; choices.of(&[1000, 200_000, 1_048_000])];
            bytes.extend_from_slice(&padding);
        }
        7 => return good.replace('"', "'").into_bytes(),
        _ => return good.replacen(':', "::", 1).into_bytes(),
    }
    bytes
}
