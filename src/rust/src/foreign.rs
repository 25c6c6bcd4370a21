//! R's C API where extendr does not reach: all of the binding's unsafe code.
pub(crate) mod tree;

use std::os::raw::c_int;

use extendr_api::prelude::*;
use extendr_ffi::{
    INTEGER_ELT, LOGICAL_ELT, R_CHAR, R_NaString, R_ReleaseObject, REAL_ELT, Rf_ScalarInteger,
    Rf_xlength, SEXP, STRING_ELT, VECTOR_ELT,
};

#[allow(improper_ctypes, reason = "SEXP is a pointer that only R looks behind")]
unsafe extern "C" {
    // In entrypoint.c: asks R for pending interrupts inside R_ToplevelExec, so that R's jump ends there and never
    // unwinds a Rust frame.
    fn kmsr_stopped(error: *mut SEXP) -> c_int;
    // In guard.c: an R object that refuses to be serialised.
    fn kmsr_guard() -> SEXP;
    fn Rf_getCharCE(x: SEXP) -> c_int;
    pub(super) fn Rf_ScalarString(x: SEXP) -> SEXP;
    pub(super) fn Rf_ScalarReal(x: f64) -> SEXP;
    pub(super) fn Rf_ScalarLogical(x: c_int) -> SEXP;
}

/// What R ended a wait with.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The user's interrupt.
    Interrupt,
    /// An error, as when a time limit is reached: R's condition.
    Error(Robj),
}

/// What R wants to end a wait with, if it wants to; asking takes it off R's hands. For the main thread only.
pub(crate) fn stopped() -> Option<Stopped> {
    let mut error = std::ptr::null_mut();
    // SAFETY: called on R's thread. A condition that comes back is preserved until it is released here, after Robj has
    // protected it.
    unsafe {
        if kmsr_stopped(&raw mut error) == 0 {
            return None;
        }
        if error.is_null() {
            return Some(Stopped::Interrupt);
        }
        let condition = Robj::from_sexp(error);
        R_ReleaseObject(error);
        Some(Stopped::Error(condition))
    }
}

/// An object that makes `save()` and its kin stop with an error that says why.
pub(crate) fn guard() -> Robj {
    // SAFETY: called on R's thread; returns a fresh object, which Robj protects before anything else is allocated.
    unsafe { Robj::from_sexp(kmsr_guard()) }
}

/// The element of a list at an index, or that of an atomic vector as a vector of one, without attributes; `NULL` past the
/// end.
pub(crate) fn element(vector: &Robj, index: usize) -> Robj {
    if index >= vector.len() {
        return ().into();
    }
    let at = index as isize;
    // SAFETY: each accessor is that of the vector's type, and the index within it. What comes back is protected by the
    // vector or by Robj before anything else is allocated.
    unsafe {
        let sexp = vector.get();
        match vector.rtype() {
            Rtype::List => Robj::from_sexp(VECTOR_ELT(sexp, at)),
            Rtype::Strings => Robj::from_sexp(Rf_ScalarString(STRING_ELT(sexp, at))),
            Rtype::Doubles => Robj::from_sexp(Rf_ScalarReal(REAL_ELT(sexp, at))),
            Rtype::Integers => Robj::from_sexp(Rf_ScalarInteger(INTEGER_ELT(sexp, at))),
            Rtype::Logicals => Robj::from_sexp(Rf_ScalarLogical(LOGICAL_ELT(sexp, at))),
            _ => ().into(),
        }
    }
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
