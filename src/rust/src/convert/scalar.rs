//! Single values from R: one string, one number, one truth value. `None` for everything that is not clearly that.
use extendr_api::prelude::*;

use super::text::{Text, classes, element, inherits};

/// Up to here R writes a number as it is; beyond, its digits may not be those that were meant.
const EXACT: f64 = 1e15;

/// One text: a string, a factor's label, a number or a truth value as R would write it.
pub(super) fn text(given: &Robj) -> Option<String> {
    text_at(&single(given)?, 0)
}

/// A raw vector, or one string as its UTF-8 bytes.
pub(super) fn bytes(given: &Robj) -> Option<Vec<u8>> {
    let given = unlisted(given);
    match given.as_raw_slice() {
        Some(bytes) => Some(bytes.to_vec()),
        None if given.is_string() => text(&given).map(String::into_bytes),
        None => None,
    }
}

/// `TRUE` or `FALSE`, also as 1 or 0.
pub(super) fn truth(given: &Robj) -> Option<bool> {
    let given = single(given)?;
    if let Some([truth]) = given.as_logical_slice() {
        return (!truth.is_na()).then(|| truth.is_true());
    }
    match finite(&given) {
        Some(1.0) => Some(true),
        Some(0.0) => Some(false),
        _ => None,
    }
}

/// A whole number, also written as text.
pub(super) fn whole_number(given: &Robj) -> Option<i32> {
    let given = single(given)?;
    let number = if given.is_string() || inherits(&given, "factor") {
        text_at(&given, 0)?.trim().parse().ok()?
    } else {
        finite(&given)?
    };
    let whole = number.trunc() == number && number.abs() <= f64::from(i32::MAX);
    whole.then_some(number as i32)
}

/// One finite number.
pub(super) fn number(given: &Robj) -> Option<f64> {
    finite(&single(given)?)
}

/// A vector of one element. Anything longer ends here: asking R for the content of a compact sequence would unfold it,
/// however long it is.
fn single(given: &Robj) -> Option<Robj> {
    Some(unlisted(given)).filter(|given| given.len() == 1)
}

/// The one element of a plain list of one element; any other object itself.
fn unlisted(given: &Robj) -> Robj {
    let wrapped = given.is_list() && given.len() == 1 && is_plain(given);
    let inner = if wrapped {
        given.as_list().and_then(|list| list.elt(0).ok())
    } else {
        None
    };
    inner.unwrap_or_else(|| given.clone())
}

fn finite(given: &Robj) -> Option<f64> {
    if let (Some([bits]), true) = (given.as_real_slice(), inherits(given, "integer64")) {
        // The bits of a double hold an integer; its least value stands for NA.
        let integer = bits.to_bits() as i64;
        return (integer != i64::MIN).then_some(integer as f64);
    }
    if !is_plain(given) {
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

/// The element of an atomic vector as text; `None` for NA, for what is not text, and past the end.
pub(super) fn text_at(given: &Robj, index: usize) -> Option<String> {
    if given.is_string() {
        return match element(given, index) {
            Text::Utf8(text) => Some(text),
            Text::Missing | Text::Invalid => None,
        };
    }
    if inherits(given, "factor") {
        let code = *given.as_integer_slice()?.get(index)?;
        let level = usize::try_from(code).ok()?.checked_sub(1)?;
        return match element(&given.get_attrib("levels")?, level) {
            Text::Utf8(text) => Some(text),
            Text::Missing | Text::Invalid => None,
        };
    }
    // Dates and times are numbers in disguise; as text they would not say what was meant.
    if !is_plain(given) {
        return None;
    }
    if let Some(numbers) = given.as_real_slice() {
        // Adding zero takes the sign off a negative one.
        return numbers
            .get(index)
            .filter(|number| number.abs() < EXACT)
            .map(|number| (number + 0.0).to_string());
    }
    if let Some(numbers) = given.as_integer_slice() {
        return numbers
            .get(index)
            .filter(|&&number| number != i32::MIN)
            .map(i32::to_string);
    }
    let truth = given.as_logical_slice()?.get(index)?;
    match (truth.is_true(), truth.is_false()) {
        (true, _) => Some("TRUE".to_owned()),
        (_, true) => Some("FALSE".to_owned()),
        _ => None,
    }
}

/// The named elements of a list or character vector, if every element has a name of its own.
pub(super) fn named(given: &Robj) -> Option<Vec<(String, Robj)>> {
    let names = given.get_attrib("names")?;
    let name = |index| text_at(&names, index).filter(|name| !name.is_empty());
    if given.is_string() {
        return (0..given.len())
            .map(|index| Some((name(index)?, text_at(given, index)?.into())))
            .collect();
    }
    let values = given.as_list()?;
    values
        .values()
        .enumerate()
        .map(|(index, value)| Some((name(index)?, value)))
        .collect()
}

/// Whether the object's content means what it says: it has no class, or one that says just that.
pub(super) fn is_plain(given: &Robj) -> bool {
    classes(given)
        .iter()
        .all(|class| matches!(class.as_str(), "AsIs" | "noquote" | "list"))
}
