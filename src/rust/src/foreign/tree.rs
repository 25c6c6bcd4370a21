//! R lists built from the root down, so that a value is protected from R's garbage collector by the list it is put into,
//! and a large answer costs no bookkeeping per value.
use std::marker::PhantomData;
use std::os::raw::c_int;

use extendr_api::prelude::*;
use extendr_ffi::{
    R_NamesSymbol, RAW, Rf_allocVector, Rf_mkCharLenCE, Rf_setAttrib, SET_STRING_ELT,
    SET_VECTOR_ELT, SEXP, SEXPTYPE, VECTOR_ELT, cetype_t,
};

use super::{Rf_ScalarLogical, Rf_ScalarReal, Rf_ScalarString};

/// What a tree grows from: a protected list with one place.
pub(crate) struct Root(Robj);

/// A place in a list of a tree. What is put there second replaces what was there first.
#[derive(Clone, Copy)]
pub(crate) struct Slot<'r> {
    // Invariant: a generic vector that has the index and is in the tree, or was when the slot was made and is kept there
    // by whoever made it until the slot is filled.
    list: SEXP,
    index: isize,
    root: PhantomData<&'r Root>,
}

/// A list of a tree.
pub(crate) struct Items<'r> {
    list: SEXP,
    length: usize,
    root: PhantomData<&'r Root>,
}

/// A list of a tree, as long as it turns out to be.
pub(crate) struct Growing<'r> {
    slot: Slot<'r>,
    items: Items<'r>,
    length: usize,
}

/// The names of a list's elements, to be shared by all lists that have the same.
pub(crate) struct Names(Robj);

impl Root {
    pub(crate) fn new() -> Self {
        Self(List::new(1).into())
    }

    /// The place of the whole value.
    pub(crate) fn slot(&self) -> Slot<'_> {
        // SAFETY: Robj protects the list, which has one element.
        Slot {
            list: unsafe { self.0.get() },
            index: 0,
            root: PhantomData,
        }
    }

    /// What was put into the slot.
    pub(crate) fn into_value(self) -> Robj {
        // SAFETY: the list has one element, which Robj protects before the list goes.
        unsafe { Robj::from_sexp(VECTOR_ELT(self.0.get(), 0)) }
    }
}

impl<'r> Slot<'r> {
    /// One string, without NUL.
    pub(crate) fn text(self, text: &str) {
        // SAFETY: see `put`. ScalarString protects its argument while it allocates.
        unsafe { self.put(Rf_ScalarString(string(text))) }
    }

    /// A character vector of strings without NUL.
    pub(crate) fn texts(self, texts: &[String]) {
        // SAFETY: the vector is in the tree, and with it protected, before the first string is allocated.
        unsafe {
            let vector = Rf_allocVector(SEXPTYPE::STRSXP, texts.len() as isize);
            self.put(vector);
            for (index, text) in texts.iter().enumerate() {
                SET_STRING_ELT(vector, index as isize, string(text));
            }
        }
    }

    /// A raw vector.
    pub(crate) fn bytes(self, bytes: &[u8]) {
        // SAFETY: the fresh vector has as many bytes as are copied, and nothing is allocated meanwhile.
        unsafe {
            let vector = Rf_allocVector(SEXPTYPE::RAWSXP, bytes.len() as isize);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), RAW(vector), bytes.len());
            self.put(vector);
        }
    }

    /// One double.
    pub(crate) fn number(self, number: f64) {
        // SAFETY: see `put`.
        unsafe { self.put(Rf_ScalarReal(number)) }
    }

    /// `TRUE` or `FALSE`.
    pub(crate) fn truth(self, truth: bool) {
        // SAFETY: see `put`.
        unsafe { self.put(Rf_ScalarLogical(c_int::from(truth))) }
    }

    /// Any R object.
    pub(crate) fn value(self, value: &Robj) {
        // SAFETY: see `put`; Robj protects the value until it is there.
        unsafe { self.put(value.get()) }
    }

    /// An empty character vector.
    pub(crate) fn no_text(self) {
        self.empty(SEXPTYPE::STRSXP);
    }

    /// An empty logical vector.
    pub(crate) fn no_truth(self) {
        self.empty(SEXPTYPE::LGLSXP);
    }

    /// An empty double vector.
    pub(crate) fn no_number(self) {
        self.empty(SEXPTYPE::REALSXP);
    }

    /// A list of `NULL`s, to be filled.
    pub(crate) fn list(self, length: usize) -> Items<'r> {
        // SAFETY: see `put`.
        let list = unsafe { Rf_allocVector(SEXPTYPE::VECSXP, length as isize) };
        unsafe { self.put(list) };
        Items {
            list,
            length,
            root: PhantomData,
        }
    }

    /// A list, to be filled one by one.
    pub(crate) fn growing(self) -> Growing<'r> {
        Growing {
            slot: self,
            items: self.list(16),
            length: 0,
        }
    }

    fn empty(self, kind: SEXPTYPE) {
        // SAFETY: see `put`.
        unsafe { self.put(Rf_allocVector(kind, 0)) }
    }

    /// # Safety
    /// `value` is an R object that nothing was allocated after, or that is protected.
    unsafe fn put(self, value: SEXP) {
        // SAFETY: the slot's list is a generic vector with this index; setting an element allocates nothing.
        unsafe { SET_VECTOR_ELT(self.list, self.index, value) };
    }
}

impl<'r> Items<'r> {
    /// The place at an index.
    pub(crate) fn slot(&self, index: usize) -> Slot<'r> {
        assert!(index < self.length, "the list has {} places", self.length);
        Slot {
            list: self.list,
            index: index as isize,
            root: PhantomData,
        }
    }

    /// Names the elements; there are as many names.
    pub(crate) fn name(&self, names: &Names) {
        assert_eq!(names.0.len(), self.length, "a name for each element");
        // SAFETY: both are protected; names of the right length are never refused.
        unsafe { Rf_setAttrib(self.list, R_NamesSymbol, names.0.get()) };
    }

    /// Puts the list's elements with these indices, in this order, into the first places of another list.
    pub(crate) fn copy(&self, indices: impl Iterator<Item = usize>, to: &Items<'r>) {
        for (place, index) in indices.enumerate() {
            assert!(
                index < self.length && place < to.length,
                "places that are there"
            );
            // SAFETY: both indices are within their lists; nothing is allocated, so what only `self` holds stays.
            unsafe {
                SET_VECTOR_ELT(
                    to.list,
                    place as isize,
                    VECTOR_ELT(self.list, index as isize),
                )
            };
        }
    }
}

impl<'r> Growing<'r> {
    /// The place of the next element.
    pub(crate) fn next(&mut self) -> Slot<'r> {
        if self.length == self.items.length {
            self.resize(2 * self.length);
        }
        self.length += 1;
        self.items.slot(self.length - 1)
    }

    /// Ends the list before the place that was given out last.
    pub(crate) fn finish(mut self) {
        self.length -= 1;
        self.resize(self.length);
    }

    fn resize(&mut self, length: usize) {
        // The old list leaves the tree with the new one's arrival; it holds what is copied until nothing more is allocated.
        let old = Robj::from(&self.slot);
        let items = self.slot.list(length);
        self.items.copy(0..self.length, &items);
        self.items = items;
        drop(old);
    }
}

impl From<&Slot<'_>> for Robj {
    /// What is in the slot.
    fn from(slot: &Slot<'_>) -> Self {
        // SAFETY: by the slot's invariant; Robj protects the element.
        unsafe { Robj::from_sexp(VECTOR_ELT(slot.list, slot.index)) }
    }
}

impl Names {
    pub(crate) fn new(names: &[&str]) -> Self {
        Self(names.into())
    }
}

/// # Safety
/// For R's thread. The caller protects the result before the next allocation.
unsafe fn string(text: &str) -> SEXP {
    debug_assert!(!text.contains('\0'), "R strings end at the first NUL");
    // SAFETY: the pointer and length are those of a live string.
    unsafe { Rf_mkCharLenCE(text.as_ptr().cast(), text.len() as c_int, cetype_t::CE_UTF8) }
}
