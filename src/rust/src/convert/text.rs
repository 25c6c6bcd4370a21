//! Text out of R character vectors, whatever its encoding, and back.
use std::borrow::Cow;

use extendr_api::prelude::*;

use crate::foreign::{Encoding, string_bytes};

/// What R takes the bytes from 0x80 to 0x9f for in text declared to be latin1: Windows' code page 1252. The bytes that the
/// code page leaves open are NUL here.
const CODE_PAGE_1252: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘',
    '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// One element of a character vector.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// Text as UTF-8.
    Utf8(String),
    /// `NA_character_`.
    Missing,
    /// Bytes that are not text in the encoding they are declared to have.
    Invalid,
}

/// The element at an index of a character vector; `Missing` past its end or of another type.
pub(super) fn element(vector: &Robj, index: usize) -> Text {
    let Some((bytes, encoding)) = string_bytes(vector, index) else {
        return Text::Missing;
    };
    let text = match encoding {
        // Bytes that happen to be UTF-8 may well say something else.
        Encoding::Latin1 => bytes.iter().map(|&byte| latin1(byte)).collect(),
        Encoding::Bytes => None,
        // The session's encoding is UTF-8 wherever this package is likely to run.
        Encoding::Utf8OrNative => std::str::from_utf8(bytes).ok().map(str::to_owned),
    };
    text.map_or(Text::Invalid, Text::Utf8)
}

/// The text as R can hold it: an R string ends at the first NUL, so each becomes the sign for a character that is not there.
pub(crate) fn for_r(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}").into()
    } else {
        text.into()
    }
}

/// The object's class attribute; empty when it has none.
pub(super) fn classes(object: &Robj) -> Vec<String> {
    let Some(class) = object.get_attrib("class") else {
        return Vec::new();
    };
    (0..class.len())
        .map(|index| match element(&class, index) {
            Text::Utf8(name) => name,
            Text::Missing | Text::Invalid => "?".to_owned(),
        })
        .collect()
}

/// Whether the object has this class.
pub(super) fn inherits(object: &Robj, class: &str) -> bool {
    classes(object).iter().any(|name| name == class)
}

fn latin1(byte: u8) -> Option<char> {
    let mapped = match byte {
        0x80..=0x9f => CODE_PAGE_1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    };
    (mapped != '\0').then_some(mapped)
}
