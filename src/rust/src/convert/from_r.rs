//! Arguments from R, checked against the model: what is not meant is refused, with its name, what was given and what is
//! wanted. Nothing is guessed.
use std::collections::HashMap;

use extendr_api::prelude::*;
use kmsr_client::{Arguments, Value};
use kmsr_model::{Member, Operation, Shape};

use super::text::{Text, element};

/// An argument that is not what it must be.
#[derive(Debug)]
pub(crate) struct BadArgument {
    /// The argument, with the path into it, for example `Tags[[2]]$TagKey`.
    pub(crate) argument: String,
    /// What was given, in words; never the value of a sensitive argument.
    pub(crate) given: String,
    /// What is wanted, in words.
    pub(crate) wanted: String,
}

type Checked<T> = Result<T, BadArgument>;

/// The arguments of an operation from a named list; `NULL` and empty values are left out, as if not given.
pub(crate) fn arguments(operation: &'static Operation, given: &List) -> Checked<Arguments> {
    let given: HashMap<&str, Robj> = given.iter().collect();
    members(operation.input, &|name| given.get(name).cloned(), "")
}

fn members(members: &'static [Member], find: &dyn Fn(&str) -> Option<Robj>, path: &str) -> Checked<Arguments> {
    let mut arguments = Arguments::new();
    for member in members {
        let at = if path.is_empty() { member.name.to_owned() } else { format!("{path}${}", member.name) };
        match find(member.name).filter(|value| !is_absent(value)) {
            Some(given) => arguments.push(member.name, value(&member.shape, &given, &at)?),
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
    value.is_null() || (value.len() == 0 && (value.is_raw() || value.is_list() || value.is_vector_atomic()))
}

fn value(shape: &'static Shape, given: &Robj, at: &str) -> Checked<Value> {
    let refuse = || Err(refusal(shape, given, at));
    match shape {
        Shape::String | Shape::Enum(_) => text(given).map_or_else(refuse, |text| Ok(Value::Text(text))),
        Shape::Blob => match (given.as_raw_slice(), single_string(given)) {
            (Some(bytes), _) => Ok(Value::Bytes(bytes.to_vec())),
            // Text is sent as its UTF-8 bytes.
            (None, Some(text)) => Ok(Value::Bytes(text.into_bytes())),
            _ => refuse(),
        },
        Shape::Boolean => match single_logical(given) {
            Some(truth) => Ok(Value::Boolean(truth)),
            None => refuse(),
        },
        Shape::Integer => match whole_number(given) {
            Some(number) => Ok(Value::Integer(number)),
            None => refuse(),
        },
        // R has made numbers of everything else that is a time.
        Shape::Timestamp => match single_number(given) {
            Some(seconds) => Ok(Value::Timestamp(seconds.trunc() as i64)),
            None => refuse(),
        },
        Shape::List(of) => list(shape, of, given, at),
        Shape::Map => map(given, at).unwrap_or_else(refuse),
        Shape::Structure(structure) => {
            if !given.is_list() || given.inherits("data.frame") {
                return refuse();
            }
            let entries = named(given).ok_or_else(|| refusal(shape, given, at))?;
            if let Some((unknown, _)) =
                entries.iter().find(|(name, _)| !structure.members.iter().any(|member| member.name == name))
            {
                let known: Vec<_> = structure.members.iter().map(|member| member.name).collect();
                return Err(BadArgument {
                    argument: format!("{at}${unknown}"),
                    given: format!("an unknown member `{unknown}`"),
                    wanted: format!("only {}", known.join(", ")),
                });
            }
            let find = |name: &str| entries.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
            members(structure.members, &find, at).map(Value::Structure)
        }
    }
}

fn list(shape: &'static Shape, of: &'static Shape, given: &Robj, at: &str) -> Checked<Value> {
    let items: Vec<Robj> = match of {
        Shape::Structure(_) => match rows(given) {
            Some(rows) => rows,
            None => return Err(refusal(shape, given, at)),
        },
        _ if given.is_list() => given.as_list().map(|list| list.values().collect()).unwrap_or_default(),
        _ if given.is_string() || given.inherits("factor") => {
            (0..given.len()).map(|index| string_at(given, index)).collect::<Option<Vec<_>>>().map_or_else(
                || Err(refusal(shape, given, at)),
                |texts| Ok(texts.into_iter().map(Robj::from).collect()),
            )?
        }
        _ => return Err(refusal(shape, given, at)),
    };
    items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let at = format!("{at}[[{}]]", index + 1);
            if item.is_null() { Err(refusal(of, item, &at)) } else { value(of, item, &at) }
        })
        .collect::<Checked<Vec<_>>>()
        .map(Value::List)
}

/// The structures of a list argument: a list of named lists, a data frame's rows, or, for pairs such as tags, a named
/// vector or list of single texts (names first).
fn rows(given: &Robj) -> Option<Vec<Robj>> {
    if given.inherits("data.frame") {
        let columns = named(given)?;
        let count = columns.first().map_or(0, |(_, column)| column.len());
        return (0..count)
            .map(|row| {
                let cells = columns
                    .iter()
                    .map(|(name, column)| Some((name.clone(), Robj::from(string_at(column, row)?))))
                    .collect::<Option<Vec<_>>>()?;
                Some(List::from_pairs(cells).into())
            })
            .collect();
    }
    if given.is_list() && named(given).is_none() {
        let items: Vec<Robj> = given.as_list()?.values().collect();
        return items.iter().all(Robj::is_list).then_some(items);
    }
    let pairs = map_entries(given)?;
    Some(
        pairs
            .into_iter()
            .map(|(key, text)| List::from_pairs([("TagKey", Robj::from(key)), ("TagValue", Robj::from(text))]).into())
            .collect(),
    )
}

fn map(given: &Robj, at: &str) -> Option<Checked<Value>> {
    let entries = map_entries(given)?;
    let count = entries.len();
    let map: HashMap<String, String> = entries.into_iter().collect();
    if map.len() < count {
        return Some(Err(BadArgument {
            argument: at.to_owned(),
            given: "the same name twice".to_owned(),
            wanted: "each name once".to_owned(),
        }));
    }
    Some(Ok(Value::Map(map)))
}

fn map_entries(given: &Robj) -> Option<Vec<(String, String)>> {
    let names = given.get_attrib("names")?;
    let at = |index| {
        let name = string_at(&names, index).filter(|name| !name.is_empty())?;
        let value = match given.as_list() {
            Some(list) => text(&list.elt(index).ok()?)?,
            None => string_at(given, index)?,
        };
        Some((name, value))
    };
    (given.is_list() || given.is_vector_atomic()).then(|| (0..given.len()).map(at).collect())?
}

/// The named elements of a list, if every element has a name.
fn named(given: &Robj) -> Option<Vec<(String, Robj)>> {
    let names = given.get_attrib("names")?;
    let values = given.as_list()?;
    values
        .values()
        .enumerate()
        .map(|(index, value)| Some((string_at(&names, index).filter(|name| !name.is_empty())?, value)))
        .collect()
}

/// One text: a string, a factor's label, a number or a truth value as R would write it.
fn text(given: &Robj) -> Option<String> {
    (given.len() == 1 && !given.is_list()).then(|| string_at(given, 0))?
}

fn single_string(given: &Robj) -> Option<String> {
    (given.is_string() && given.len() == 1).then(|| string_at(given, 0))?
}

/// The element of an atomic vector as text; `None` for NA, for what is not text, and past the end.
fn string_at(given: &Robj, index: usize) -> Option<String> {
    if given.inherits("factor") {
        let code = *given.as_integer_slice()?.get(index)?;
        let level = usize::try_from(code).ok()?.checked_sub(1)?;
        return string_at(&given.get_attrib("levels")?, level);
    }
    if given.is_string() {
        return match element(given, index) {
            Text::Utf8(text) => Some(text),
            Text::Missing | Text::Invalid => None,
        };
    }
    // Dates and times are numbers in disguise; as text they would not say what was meant.
    if given.get_attrib("class").is_some() {
        return None;
    }
    if let Some(numbers) = given.as_real_slice() {
        return numbers.get(index).filter(|number| number.is_finite()).map(f64::to_string);
    }
    if let Some(numbers) = given.as_integer_slice() {
        return numbers.get(index).filter(|&&number| number != i32::MIN).map(i32::to_string);
    }
    let truth = given.as_logical_slice()?.get(index)?;
    match (truth.is_true(), truth.is_false()) {
        (true, _) => Some("TRUE".to_owned()),
        (_, true) => Some("FALSE".to_owned()),
        _ => None,
    }
}

fn single_logical(given: &Robj) -> Option<bool> {
    if given.len() != 1 {
        return None;
    }
    if let Some([truth]) = given.as_logical_slice() {
        return (!truth.is_na()).then(|| truth.is_true());
    }
    match single_number(given) {
        Some(1.0) => Some(true),
        Some(0.0) => Some(false),
        _ => None,
    }
}

fn whole_number(given: &Robj) -> Option<i32> {
    let number = match single_string(given) {
        Some(text) => text.trim().parse().ok()?,
        None => single_number(given)?,
    };
    let whole = number.trunc() == number && number.abs() <= f64::from(i32::MAX);
    whole.then_some(number as i32)
}

fn single_number(given: &Robj) -> Option<f64> {
    if given.len() != 1 || given.inherits("factor") {
        return None;
    }
    if let Some([number]) = given.as_real_slice() {
        return number.is_finite().then_some(*number);
    }
    match given.as_integer_slice() {
        Some([number]) if *number != i32::MIN => Some(f64::from(*number)),
        _ => None,
    }
}

fn refusal(shape: &'static Shape, given: &Robj, at: &str) -> BadArgument {
    BadArgument {
        argument: at.to_owned(),
        given: describe(given),
        wanted: wanted(shape),
    }
}

fn wanted(shape: &'static Shape) -> String {
    match shape {
        Shape::String => "one string".to_owned(),
        Shape::Enum(enumeration) => format!("one string, such as {:?}", enumeration.values.first().unwrap_or(&"")),
        Shape::Blob => "a raw vector, or one string to be sent as its UTF-8 bytes".to_owned(),
        Shape::Timestamp => "one time: a POSIXct, a Date, an ISO 8601 string, or seconds since 1970".to_owned(),
        Shape::Boolean => "TRUE or FALSE".to_owned(),
        Shape::Integer => "one whole number".to_owned(),
        Shape::Map => "a named list or character vector, each name once".to_owned(),
        Shape::Structure(structure) => format!("a named list like {}", example(structure.members)),
        Shape::List(Shape::Structure(structure)) if structure.name == "Tag" => format!(
            "a list of lists like list({}), a named character vector, or a data frame with these columns",
            example(structure.members)
        ),
        Shape::List(Shape::Structure(structure)) => format!("a list of lists like list({})", example(structure.members)),
        Shape::List(_) => "a character vector without NA, or a list of strings".to_owned(),
    }
}

fn example(members: &[Member]) -> String {
    let members: Vec<_> = members.iter().map(|member| format!("{} = ...", member.name)).collect();
    format!("list({})", members.join(", "))
}

/// What a value is, without its content.
fn describe(given: &Robj) -> String {
    let length = given.len();
    let kind = match given.class().and_then(|mut class| class.next()) {
        Some(class) => format!("a {class}"),
        None => match given.rtype() {
            Rtype::Null => return "NULL".to_owned(),
            Rtype::Strings => "a character vector".to_owned(),
            Rtype::Doubles => "a number".to_owned(),
            Rtype::Integers => "an integer".to_owned(),
            Rtype::Logicals => "a logical".to_owned(),
            Rtype::Raw => "a raw vector".to_owned(),
            Rtype::List => "a list".to_owned(),
            Rtype::Function => "a function".to_owned(),
            Rtype::Environment => "an environment".to_owned(),
            _ => "an object of another type".to_owned(),
        },
    };
    if length == 1 && is_missing(given) {
        return "NA".to_owned();
    }
    match given.rtype() {
        Rtype::Strings if length == 1 && element(given, 0) == Text::Invalid => {
            "a string that is not valid in its declared encoding".to_owned()
        }
        Rtype::Doubles if length == 1 && given.class().is_none() => {
            given.as_real().map_or(kind, |number| format!("the number {number}"))
        }
        Rtype::Strings | Rtype::Doubles | Rtype::Integers | Rtype::Logicals | Rtype::List if length != 1 => {
            format!("{kind} of length {length}")
        }
        _ => kind,
    }
}

fn is_missing(given: &Robj) -> bool {
    match given.rtype() {
        Rtype::Strings => element(given, 0) == Text::Missing,
        Rtype::Doubles => given.as_real_slice().is_some_and(|numbers| numbers.iter().all(|number| number.is_nan())),
        Rtype::Integers => given.as_integer_slice().is_some_and(|numbers| numbers.iter().all(|&number| number == i32::MIN)),
        Rtype::Logicals => given.as_logical_slice().is_some_and(|truths| truths.iter().all(|truth| truth.is_na())),
        _ => false,
    }
}
