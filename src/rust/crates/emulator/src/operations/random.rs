//! Random bytes.

use super::{Answer, Call, answer};
use crate::crypto::fill_random;
use crate::error::ServiceError;
use crate::request::encode_blob;

pub(super) fn generate_random(call: &mut Call<'_>) -> Answer {
    if let Some(store) = call.parameters.text("CustomKeyStoreId")? {
        return Err(super::custom_key_stores::not_found(store));
    }
    call.refuse_recipient()?;
    let length = call
        .parameters
        .integer("NumberOfBytes")?
        .and_then(|length| usize::try_from(length).ok())
        .ok_or_else(|| ServiceError::validation("NumberOfBytes is required."))?;
    let mut bytes = zeroize::Zeroizing::new(vec![0; length.min(1024)]);
    fill_random(&mut bytes);
    Ok(answer([("Plaintext", encode_blob(&bytes))]))
}
