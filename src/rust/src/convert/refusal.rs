//! What is said of an argument that is refused: never its content, which may be a secret.
use extendr_api::prelude::*;
use kmsr_model::{Member, Shape};

use super::scalar;
use super::text::{Text, classes, element};

/// An argument that is not what it must be.
#[derive(Debug)]
pub(crate) struct BadArgument {
    /// The argument, with the path into it, for example `Tags[[2]]$TagKey`.
    pub(crate) argument: String,
    /// What was given, in words.
    pub(crate) given: String,
    /// What is wanted, in words.
    pub(crate) wanted: String,
}

/// Refuses a value for not being of a shape.
pub(super) fn refusal(shape: &'static Shape, given: &Robj, at: &str) -> BadArgument {
    let given = match (shape, scalar::number(given)) {
        (Shape::Integer | Shape::Boolean, Some(number)) => format!("the number {number}"),
        _ => describe(given),
    };
    BadArgument {
        argument: at.to_owned(),
        given,
        wanted: wanted(shape),
    }
}

/// What a shape wants, in words.
pub(super) fn wanted(shape: &'static Shape) -> String {
    match shape {
        Shape::String => "one string".to_owned(),
        Shape::Enum(enumeration) => format!(
            "one string, such as {:?}",
            enumeration.values.first().unwrap_or(&"")
        ),
        Shape::Blob => "a raw vector, or one string to be sent as its UTF-8 bytes".to_owned(),
        Shape::Timestamp => {
            "one time: a POSIXct, a Date, an ISO 8601 string, or seconds since 1970".to_owned()
        }
        Shape::Boolean => "TRUE or FALSE".to_owned(),
        Shape::Integer => "one whole number".to_owned(),
        Shape::Map => "a named list or character vector, each name once".to_owned(),
        Shape::Structure(structure) => format!("a named list like {}", example(structure.members)),
        Shape::List(Shape::Structure(structure)) if structure.name == "Tag" => format!(
            "a list of lists like list({}), a named character vector, or a data frame with these columns",
            example(structure.members)
        ),
        Shape::List(Shape::Structure(structure)) => {
            format!("a list of lists like list({})", example(structure.members))
        }
        Shape::List(_) => "a character vector without NA, or a list of strings".to_owned(),
    }
}

fn example(members: &[Member]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|member| format!("{} = ...", member.name))
        .collect();
    format!("list({})", members.join(", "))
}

/// What a value is, in words.
pub(crate) fn describe(given: &Robj) -> String {
    if is_missing(given) {
        return "NA".to_owned();
    }
    if given.is_string() && given.len() == 1 && element(given, 0) == Text::Invalid {
        return "a string that is not valid in its declared encoding".to_owned();
    }
    let kind = match classes(given).first() {
        Some(class) => format!("an object of class {class}"),
        None => match given.rtype() {
            Rtype::Null => return "NULL".to_owned(),
            Rtype::Function => return "a function".to_owned(),
            Rtype::Environment => return "an environment".to_owned(),
            Rtype::Strings if given.len() == 1 => "a string".to_owned(),
            Rtype::Strings => "a character vector".to_owned(),
            Rtype::Doubles => "a number".to_owned(),
            Rtype::Integers => "an integer".to_owned(),
            Rtype::Logicals => "a logical".to_owned(),
            Rtype::Raw => "a raw vector".to_owned(),
            Rtype::List => "a list".to_owned(),
            _ => return "an object of another type".to_owned(),
        },
    };
    if given.len() == 1 {
        kind
    } else {
        format!("{kind} of length {}", given.len())
    }
}

fn is_missing(given: &Robj) -> bool {
    given.len() == 1
        && match given.rtype() {
            Rtype::Strings => element(given, 0) == Text::Missing,
            Rtype::Doubles => given
                .as_real_slice()
                .is_some_and(|numbers| numbers[0].is_nan()),
            Rtype::Integers => given
                .as_integer_slice()
                .is_some_and(|numbers| numbers[0] == i32::MIN),
            Rtype::Logicals => given
                .as_logical_slice()
                .is_some_and(|truths| truths[0].is_na()),
            _ => false,
        }
}
