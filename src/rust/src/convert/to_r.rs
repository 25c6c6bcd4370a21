//! Answers to R: a plain list with every member of the model, absent ones as empty values of their type.
//!
//! JSON is read once and goes straight to where it belongs in R.
use std::fmt;

use extendr_api::prelude::*;
use kmsr_model::{Member, Operation, Shape};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::text::for_r;
use crate::foreign::tree::{Items, Names, Root, Slot};

/// The body of a successful answer as the operation's list. `None` when it is no JSON object, or a member is not what the
/// model says or not what R can hold.
pub(crate) fn answer(operation: &'static Operation, body: &[u8]) -> Option<Robj> {
    let root = Root::new();
    // Operations without output members may answer with no body at all.
    let body = if body.is_empty() { b"{}" } else { body };
    let mut json = serde_json::Deserializer::from_slice(body);
    let whole = Structure {
        members: operation.output,
        slot: root.slot(),
        names: &mut SharedNames::default(),
    };
    json.deserialize_map(whole).ok()?;
    json.end().ok()?;
    Some(root.into_value())
}

/// Any JSON as R would hold it: objects and arrays as lists, numbers as doubles.
pub(crate) fn json_to_r(value: &Value) -> Robj {
    match value {
        Value::Null => ().into(),
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) => number.as_f64().unwrap_or(f64::NAN).into(),
        Value::String(text) => for_r(text).into_owned().into(),
        Value::Array(items) => List::from_values(items.iter().map(json_to_r)).into(),
        // Without the empty names that from_pairs() would give it.
        Value::Object(members) if members.is_empty() => List::new(0).into(),
        Value::Object(members) => List::from_pairs(
            members
                .iter()
                .map(|(name, value)| (for_r(name), json_to_r(value))),
        )
        .into(),
    }
}

/// The names of each structure's members, made once for an answer. A listing has them a thousand times.
#[derive(Default)]
struct SharedNames(Vec<(*const Member, Names)>);

impl SharedNames {
    fn of(&mut self, members: &'static [Member]) -> &Names {
        let structure = members.as_ptr();
        let index = match self.0.iter().position(|(known, _)| *known == structure) {
            Some(index) => index,
            None => {
                self.0.push((structure, names(members.iter())));
                self.0.len() - 1
            }
        };
        &self.0[index].1
    }
}

fn names<'m>(members: impl Iterator<Item = &'m Member>) -> Names {
    Names::new(&members.map(|member| member.name).collect::<Vec<_>>())
}

/// Reads an object into a list with every member of a structure.
struct Structure<'n, 'r> {
    members: &'static [Member],
    slot: Slot<'r>,
    names: &'n mut SharedNames,
}

impl<'de> Visitor<'de> for Structure<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let Self {
            members,
            slot,
            names,
        } = self;
        let list = slot.list(members.len());
        let mut present = vec![false; members.len()];
        while let Some(known) = object.next_key_seed(Name(members))? {
            let Some(index) = known else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            present[index] = object.next_value_seed(Filled {
                shape: &members[index].shape,
                slot: list.slot(index),
                names,
            })?;
        }
        complete(members, slot, &list, &present, names);
        Ok(())
    }
}

/// Puts empty values in place of the members that are not present.
fn complete(
    members: &'static [Member],
    slot: Slot<'_>,
    list: &Items<'_>,
    present: &[bool],
    shared: &mut SharedNames,
) {
    for (index, member) in members.iter().enumerate() {
        if !present[index] {
            empty(&member.shape, list.slot(index), shared);
        }
    }
    // Members that the mirrored interface lacks are there when the service sends them, and only then.
    let kept = |index: &usize| present[*index] || !members[*index].newer;
    let count = (0..members.len()).filter(kept).count();
    if members.is_empty() {
        // A list without elements has no names either.
        return;
    }
    if count == members.len() {
        list.name(shared.of(members));
        return;
    }
    let kept: Vec<usize> = (0..members.len()).filter(kept).collect();
    // Held while its place in the tree is taken.
    let held = Robj::from(&slot);
    let fewer = slot.list(count);
    list.copy(kept.iter().copied(), &fewer);
    fewer.name(&names(kept.iter().map(|&index| &members[index])));
    drop(held);
}

/// Reads a member's name as its index; `None` for a member the model does not have.
struct Name(&'static [Member]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|member| member.name == name))
    }
}

/// Reads a value of a shape into its place; says whether there was one or only null.
struct Filled<'n, 'r> {
    shape: &'static Shape,
    slot: Slot<'r>,
    names: &'n mut SharedNames,
}

impl<'de> DeserializeSeed<'de> for Filled<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<bool, D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Filled<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value of {:?}", self.shape)
    }

    fn visit_unit<E: de::Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<bool, E> {
        match self.shape {
            Shape::String | Shape::Enum(_) => self.slot.text(holdable(text)?),
            Shape::Blob => {
                // Servers other than AWS are not all strict about padding.
                let bytes = base64_simd::forgiving_decode_to_vec(text.as_bytes());
                self.slot.bytes(&bytes.map_err(E::custom)?);
            }
            _ => return Err(E::invalid_type(de::Unexpected::Str(""), &self)),
        }
        Ok(true)
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<bool, E> {
        match self.shape {
            Shape::Boolean => self.slot.truth(truth),
            _ => return Err(E::invalid_type(de::Unexpected::Bool(truth), &self)),
        }
        Ok(true)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<bool, E> {
        match self.shape {
            Shape::Integer => self.slot.number(number),
            Shape::Timestamp => self.slot.value(&timestamp(&[number])),
            _ => return Err(E::invalid_type(de::Unexpected::Float(number), &self)),
        }
        Ok(true)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<bool, E> {
        self.visit_f64(number as f64)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<bool, E> {
        self.visit_f64(number as f64)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let Shape::List(of) = self.shape else {
            return Err(de::Error::invalid_type(de::Unexpected::Seq, &self));
        };
        if matches!(of, Shape::String | Shape::Enum(_)) {
            let mut texts: Vec<String> = Vec::new();
            while let Some(text) = items.next_element::<String>()? {
                holdable::<A::Error>(&text)?;
                texts.push(text);
            }
            match texts.is_empty() {
                true => drop(self.slot.list(0)),
                false => self.slot.texts(&texts),
            }
            return Ok(true);
        }
        let mut list = self.slot.growing();
        while let Some(present) = items.next_element_seed(Filled {
            shape: of,
            slot: list.next(),
            names: self.names,
        })? {
            if !present {
                return Err(de::Error::custom("null in a list"));
            }
        }
        list.finish();
        Ok(true)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<bool, A::Error> {
        match self.shape {
            Shape::Structure(of) => Structure {
                members: of.members,
                slot: self.slot,
                names: self.names,
            }
            .visit_map(object)?,
            Shape::Map => {
                let members = Map::deserialize(MapAccessDeserializer::new(object))?;
                self.slot.value(&json_to_r(&Value::Object(members)));
            }
            _ => return Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
        }
        Ok(true)
    }
}

/// A text that an R string can hold whole.
fn holdable<E: de::Error>(text: &str) -> Result<&str, E> {
    if text.contains('\0') {
        return Err(E::custom("a text with NUL in it"));
    }
    Ok(text)
}

fn empty(shape: &'static Shape, slot: Slot<'_>, names: &mut SharedNames) {
    match shape {
        // A blob too: so it is in the mirrored interface.
        Shape::String | Shape::Enum(_) | Shape::Blob => slot.no_text(),
        Shape::Timestamp => slot.value(&timestamp(&[])),
        Shape::Boolean => slot.no_truth(),
        Shape::Integer => slot.no_number(),
        Shape::List(_) | Shape::Map => drop(slot.list(0)),
        Shape::Structure(of) => {
            let list = slot.list(of.members.len());
            complete(
                of.members,
                slot,
                &list,
                &vec![false; of.members.len()],
                names,
            );
        }
    }
}

fn timestamp(seconds: &[f64]) -> Robj {
    let mut time: Robj = Doubles::from_values(seconds.iter().copied()).into();
    // Attributes that R never refuses on a fresh double vector.
    let _ = time.set_class(["POSIXct", "POSIXt"]);
    let _ = time.set_attrib("tzone", "GMT");
    time
}
