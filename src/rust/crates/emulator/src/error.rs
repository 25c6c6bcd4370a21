//! What the service answers when it does not do what was asked.

use std::borrow::Cow;

use serde_json::{Value, json};

/// A refusal, in AWS' terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceError {
    /// The code, for example `NotFoundException`; `__type` on the wire.
    pub(crate) code: Cow<'static, str>,
    /// `None` where AWS sends a code alone, as it does for InvalidCiphertextException.
    pub(crate) message: Option<String>,
    /// The HTTP status.
    pub(crate) status: u16,
}

impl ServiceError {
    /// A refusal with a message; HTTP 400, as nearly all of them are.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code: Cow::Borrowed(code),
            message: Some(message.into()),
            status: 400,
        }
    }

    /// A refusal for which AWS sends no message.
    pub(crate) fn bare(code: &'static str) -> Self {
        Self {
            code: Cow::Borrowed(code),
            message: None,
            status: 400,
        }
    }

    /// A fault of the emulator itself: always a bug.
    pub(crate) fn internal() -> Self {
        Self {
            status: 500,
            ..Self::new(
                "KMSInternalException",
                "The emulator failed to handle this request. This is a bug in the emulator; please report it with the request that caused it.",
            )
        }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new("NotFoundException", message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new("UnsupportedOperationException", message)
    }

    pub(crate) fn invalid_state(message: impl Into<String>) -> Self {
        Self::new("KMSInvalidStateException", message)
    }

    pub(crate) fn invalid_key_usage(message: impl Into<String>) -> Self {
        Self::new("InvalidKeyUsageException", message)
    }

    pub(crate) fn incorrect_key_material(message: impl Into<String>) -> Self {
        Self::new("IncorrectKeyMaterialException", message)
    }

    pub(crate) fn invalid_ciphertext() -> Self {
        Self::bare("InvalidCiphertextException")
    }

    /// The answer's body in the JSON protocol.
    pub(crate) fn body(&self) -> Value {
        match &self.message {
            Some(message) => json!({"__type": self.code, "message": message}),
            None => json!({"__type": self.code}),
        }
    }
}
