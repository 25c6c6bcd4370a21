//! Arguments from R, checked against the model: what is not meant is refused, with its name, what was given and what is
//! wanted. Nothing is guessed.
use std::collections::{HashMap, HashSet};

use extendr_api::prelude::*;
use kmsr_client::{Arguments, Value};
use kmsr_model::{Member, Operation, Shape, Structure};

use super::refusal::{BadArgument, refusal, wanted};
use super::scalar::{self, is_plain, named, text_at};
use super::text::inherits;

type Checked<T> = Result<T, BadArgument>;

/// The arguments of an operation from a named list; `NULL` and empty values are left out, as if not given.
pub(crate) fn arguments(operation: &'static Operation, given: &List) -> Checked<Arguments> {
    let given: Vec<(&str, Robj)> = given.iter().collect();
    arguments_by(operation, &|name| {
        let (_, value) = given.iter().find(|(key, _)| *key == name)?;
        Some(value.clone())
    })
}

/// The arguments of an operation, each asked for by its name.
pub(crate) fn arguments_by(
    operation: &'static Operation,
    find: &dyn Fn(&str) -> Option<Robj>,
) -> Checked<Arguments> {
    members(operation.input, find, "")
}

fn members(
    members: &'static [Member],
    find: &dyn Fn(&str) -> Option<Robj>,
    path: &str,
) -> Checked<Arguments> {
    let mut arguments = Arguments::new();
    for member in members {
        let at = if path.is_empty() {
            member.name.to_owned()
        } else {
            format!("{path}${}", member.name)
        };
        match find(member.name).filter(|value| !is_absent(value)) {
            Some(given) => match value(&member.shape, &given, &at)? {
                // A data frame without rows.
                Value::List(items) if items.is_empty() => {}
                value => arguments.push(member.name, value),
            },
            // A required argument that is NULL is the service's to refuse; a structure without its required member
            // cannot even be sent.
            None if member.required && !path.is_empty() => {
                return Err(BadArgument {
                    argument: at,
                    given: "nothing".to_owned(),
                    wanted: wanted(&member.shape),
                });
            }
            None => {}
        }
    }
    Ok(arguments)
}

fn is_absent(value: &Robj) -> bool {
    value.is_null() || (value.len() == 0 && (value.is_list() || value.is_vector_atomic()))
}

fn value(shape: &'static Shape, given: &Robj, at: &str) -> Checked<Value> {
    let value = match shape {
        Shape::String | Shape::Enum(_) => scalar::text(given).map(Value::Text),
        Shape::Blob => scalar::bytes(given).map(Value::Bytes),
        Shape::Boolean => scalar::truth(given).map(Value::Boolean),
        Shape::Integer => scalar::whole_number(given).map(Value::Integer),
        // R has made numbers of everything else that is a time.
        Shape::Timestamp => {
            scalar::number(given).map(|seconds| Value::Timestamp(seconds.trunc() as i64))
        }
        Shape::List(of) => return list(shape, of, given, at),
        Shape::Map => map(given).map(Value::Map),
        Shape::Structure(of) => return structure(shape, of, given, at),
    };
    value.ok_or_else(|| refusal(shape, given, at))
}

fn structure(
    shape: &'static Shape,
    of: &'static Structure,
    given: &Robj,
    at: &str,
) -> Checked<Value> {
    let entries = (!inherits(given, "data.frame"))
        .then(|| named(given))
        .flatten()
        .ok_or_else(|| refusal(shape, given, at))?;
    let mut seen = HashSet::new();
    for (name, _) in &entries {
        let known = of.members.iter().any(|member| member.name == name);
        if known && seen.insert(name.as_str()) {
            continue;
        }
        let known: Vec<_> = of.members.iter().map(|member| member.name).collect();
        return Err(BadArgument {
            argument: at.to_owned(),
            // A name that is none of the members' may be a misplaced value, and that value a secret.
            given: if seen.contains(name.as_str()) {
                format!("`{name}` twice")
            } else if of.members.iter().any(|member| member.sensitive) {
                "a name that is not a member's".to_owned()
            } else {
                format!("an unknown member `{name}`")
            },
            wanted: format!(
                "a named list with no members but {}, each once",
                known.join(", ")
            ),
        });
    }
    let find = |name: &str| {
        entries
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    members(of.members, &find, at).map(Value::Structure)
}

fn list(shape: &'static Shape, of: &'static Shape, given: &Robj, at: &str) -> Checked<Value> {
    let items = match of {
        Shape::Structure(of) => rows(of, given),
        _ if given.is_list() && is_plain(given) => {
            given.as_list().map(|list| list.values().collect())
        }
        _ if given.is_string() || inherits(given, "factor") => (0..given.len())
            .map(|index| text_at(given, index).map(Robj::from))
            .collect(),
        _ => None,
    };
    items
        .ok_or_else(|| refusal(shape, given, at))?
        .iter()
        .enumerate()
        .map(|(index, item)| value(of, item, &format!("{at}[[{}]]", index + 1)))
        .collect::<Checked<Vec<_>>>()
        .map(Value::List)
}

/// The structures of a list argument: a list of named lists, a data frame's rows, or, where a structure is a pair as tags
/// are, a named vector or list of single texts (names first).
fn rows(of: &'static Structure, given: &Robj) -> Option<Vec<Robj>> {
    if inherits(given, "data.frame") {
        return table_rows(given);
    }
    if given.is_list() && is_plain(given) {
        let items: Vec<Robj> = given.as_list()?.values().collect();
        let is_row = |item: &Robj| {
            (item.is_list() && !item.is_null())
                || (item.is_string() && named(item).is_some() && item.len() > 1)
        };
        if items.iter().all(is_row) {
            return Some(items);
        }
    }
    let [key, value] = of.members else {
        return None;
    };
    let pairs = pairs(given)?;
    // One structure that was not put into a list would otherwise become as many as it has members.
    let unwrapped = |name: &str| {
        let name = name.to_lowercase();
        [key, value].iter().any(|member| {
            let member = member.name.to_lowercase();
            name == member || of.name.to_lowercase() + &name == member
        })
    };
    if pairs.iter().all(|(name, _)| unwrapped(name)) {
        return None;
    }
    let row = |(name, text)| {
        List::from_pairs([(key.name, Robj::from(name)), (value.name, Robj::from(text))]).into()
    };
    Some(pairs.into_iter().map(row).collect())
}

fn table_rows(given: &Robj) -> Option<Vec<Robj>> {
    let columns = named(given)?;
    let count = columns.first().map_or(0, |(_, column)| column.len());
    let row = |index| {
        let cell = |(name, column): &(String, Robj)| {
            Some((name.clone(), Robj::from(text_at(column, index)?)))
        };
        Some(List::from_pairs(columns.iter().map(cell).collect::<Option<Vec<_>>>()?).into())
    };
    (0..count).map(row).collect()
}

fn map(given: &Robj) -> Option<HashMap<String, String>> {
    let pairs = pairs(given)?;
    let count = pairs.len();
    let map: HashMap<_, _> = pairs.into_iter().collect();
    (map.len() == count).then_some(map)
}

/// The names and texts of a named list or vector of single texts.
fn pairs(given: &Robj) -> Option<Vec<(String, String)>> {
    let names = given.get_attrib("names")?;
    let list = given.is_list();
    if (list && !is_plain(given)) || !(list || given.is_vector_atomic()) {
        return None;
    }
    let pair = |index| {
        let name = text_at(&names, index).filter(|name| !name.is_empty())?;
        let text = match given.as_list() {
            Some(list) => scalar::text(&list.elt(index).ok()?)?,
            None => text_at(given, index)?,
        };
        Some((name, text))
    };
    (0..given.len()).map(pair).collect()
}
