//! What the AWS KMS API is: its operations, their members and types, as data.
//!
//! The client converts arguments and answers by this table, the emulator validates requests by it, and the R functions
//! and their help pages are generated from the same source. [`OPERATIONS`] is generated; the types are written here.

#[rustfmt::skip] // Generated: one member a line, however long.
mod table;

pub use table::OPERATIONS;

/// One operation of the API.
#[derive(Debug)]
pub struct Operation {
    /// The name on the wire, as in `X-Amz-Target: TrentService.<name>`.
    pub name: &'static str,
    /// The method's name in R, for example `describe_key`.
    pub method: &'static str,
    /// The request's members, in the order of the R function's arguments.
    pub input: &'static [Member],
    /// The answer's members, in the order of the R list. Members newer than the mirrored interface come last.
    pub output: &'static [Member],
    /// The error codes the service model lists for this operation.
    pub errors: &'static [&'static str],
    /// The member that holds one page of a listing; `None` for operations without pages.
    pub page: Option<&'static str>,
}

/// A named, typed part of a request, an answer, or a structure.
#[derive(Debug)]
pub struct Member {
    /// The name on the wire and in R.
    pub name: &'static str,
    /// The member's type.
    pub shape: Shape,
    /// Whether the service refuses a request without it.
    pub required: bool,
    /// Whether its value must never be printed or logged.
    pub sensitive: bool,
    /// Whether the mirrored interface knows the operation or structure but not this member: such a member of an answer
    /// is left out when the service does not send it. False throughout an operation the mirrored interface lacks.
    pub newer: bool,
    /// Whether the AWS SDK's own types have it; a request member they lack is added to the body.
    pub in_sdk: bool,
    /// The least length (strings, blobs, lists) or value (integers), where the service model states one.
    pub min: Option<u32>,
    /// The greatest length (strings, blobs, lists) or value (integers), where the service model states one.
    pub max: Option<u32>,
    /// The regular expression the service model states for a string.
    pub pattern: Option<&'static str>,
}

/// The type of a member.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Text.
    String,
    /// Text from a list the service may extend.
    Enum(&'static Enumeration),
    /// Bytes; base64 on the wire.
    Blob,
    /// Seconds since 1970-01-01 UTC, with a fraction; a number on the wire.
    Timestamp,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// An ordered list.
    List(&'static Shape),
    /// Names to text.
    Map,
    /// Named members.
    Structure(&'static Structure),
}

/// A structure's name and members.
#[derive(Debug)]
pub struct Structure {
    /// The name in the service model.
    pub name: &'static str,
    /// Its members, in the order of the R list.
    pub members: &'static [Member],
}

/// A list of allowed texts.
#[derive(Debug)]
pub struct Enumeration {
    /// The name in the service model.
    pub name: &'static str,
    /// The values known today.
    pub values: &'static [&'static str],
}

/// The operation with this wire name.
pub fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS
        .binary_search_by(|operation| operation.name.cmp(name))
        .ok()
        .map(|index| &OPERATIONS[index])
}

/// A member with nothing special about it, for the table to build on.
const fn member(name: &'static str, shape: Shape) -> Member {
    Member {
        name,
        shape,
        required: false,
        sensitive: false,
        newer: false,
        in_sdk: true,
        min: None,
        max: None,
        pattern: None,
    }
}

impl Member {
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    const fn newer(mut self) -> Self {
        self.newer = true;
        self
    }

    #[allow(dead_code, reason = "the SDK catches up with the service now and then")]
    const fn not_in_sdk(mut self) -> Self {
        self.in_sdk = false;
        self
    }

    const fn min(mut self, min: u32) -> Self {
        self.min = Some(min);
        self
    }

    const fn max(mut self, max: u32) -> Self {
        self.max = Some(max);
        self
    }

    const fn pattern(mut self, pattern: &'static str) -> Self {
        self.pattern = Some(pattern);
        self
    }
}

#[cfg(test)]
mod tests;
