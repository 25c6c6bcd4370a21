//! Text out of R character vectors, whatever its encoding. The only unsafe code of the conversions: extendr takes every R
//! string for UTF-8 unchecked.
use std::os::raw::c_int;

use extendr_api::prelude::*;
use extendr_ffi::{R_CHAR, R_NaString, Rf_xlength, SEXP, STRING_ELT};

#[allow(improper_ctypes, reason = "SEXP is a pointer that only R looks behind")]
unsafe extern "C" {
    fn Rf_getCharCE(x: SEXP) -> c_int;
}

/// `CE_LATIN1` of R's `cetype_t`.
const LATIN1: c_int = 4;

/// One element of a character vector.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// Text as UTF-8.
    Utf8(String),
    /// `NA_character_`.
    Missing,
    /// Bytes that are not text in the encoding they are declared to have.
    Invalid,
}

/// The element at an index of a character vector; `Missing` past its end or of another type.
pub(crate) fn element(vector: &Robj, index: usize) -> Text {
    if !vector.is_string() || index >= vector.len() {
        return Text::Missing;
    }
    // SAFETY: the vector is a STRSXP and the index within it, so the element is a CHARSXP; its bytes live as long as
    // the vector does, which the borrow outlives. No R code runs and nothing is allocated in between.
    let (bytes, encoding) = unsafe {
        let element = STRING_ELT(vector.get(), index as isize);
        if element == R_NaString {
            return Text::Missing;
        }
        let length = Rf_xlength(element) as usize;
        (std::slice::from_raw_parts(R_CHAR(element).cast::<u8>(), length), Rf_getCharCE(element))
    };
    match std::str::from_utf8(bytes) {
        // Declared latin1 may happen to be valid UTF-8, but says something else.
        Ok(text) if encoding != LATIN1 || text.is_ascii() => Text::Utf8(text.to_owned()),
        _ if encoding == LATIN1 => Text::Utf8(bytes.iter().map(|&byte| char::from(byte)).collect()),
        _ => Text::Invalid,
    }
}
