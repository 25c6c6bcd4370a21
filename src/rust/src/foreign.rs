//! R's C API where extendr does not reach: all of the binding's unsafe code.
pub(crate) mod tree;

use std::os::raw::c_int;

use extendr_api::prelude::*;
use extendr_ffi::{R_CHAR, R_NaString, Rf_xlength, SEXP, STRING_ELT};

#[allow(improper_ctypes, reason = "SEXP is a pointer that only R looks behind")]
unsafe extern "C" {
    // In entrypoint.c: asks R for pending interrupts inside R_ToplevelExec, so that R's jump ends there and never
    // unwinds a Rust frame.
    safe fn kmsr_interrupted() -> c_int;
    // In guard.c: an R object that refuses to be serialised.
    fn kmsr_guard() -> SEXP;
    fn Rf_getCharCE(x: SEXP) -> c_int;
}

/// Whether the user asked to stop; asking takes the interrupt off R's hands. For the main thread only.
pub(crate) fn interrupt_pending() -> bool {
    kmsr_interrupted() != 0
}

/// An object that makes `save()` and its kin stop with an error that says why.
pub(crate) fn guard() -> Robj {
    // SAFETY: called on R's thread; returns a fresh object, which Robj protects before anything else is allocated.
    unsafe { Robj::from_sexp(kmsr_guard()) }
}

/// What the bytes of an R string are declared to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, ASCII, or nothing, which is the session's encoding.
    Utf8OrNative,
    /// What R calls latin1.
    Latin1,
    /// Not text.
    Bytes,
}

/// The bytes of the element at an index of a character vector; `None` for NA, past its end, or of another type. extendr
/// would take every R string for UTF-8 unchecked.
pub(crate) fn string_bytes(vector: &Robj, index: usize) -> Option<(&[u8], Encoding)> {
    if !vector.is_string() || index >= vector.len() {
        return None;
    }
    // SAFETY: the vector is a STRSXP and the index within it, so the element is a CHARSXP; its bytes live as long as
    // the vector does, which the borrow outlives.
    let (bytes, encoding) = unsafe {
        let element = STRING_ELT(vector.get(), index as isize);
        if element == R_NaString {
            return None;
        }
        let length = Rf_xlength(element) as usize;
        (
            std::slice::from_raw_parts(R_CHAR(element).cast::<u8>(), length),
            Rf_getCharCE(element),
        )
    };
    // R's cetype_t.
    let encoding = match encoding {
        2 => Encoding::Latin1,
        3 => Encoding::Bytes,
        _ => Encoding::Utf8OrNative,
    };
    Some((bytes, encoding))
}
