//! Grant tokens. A token names its grant under a seal: all tokens of a grant are alike, none has to be remembered, and nobody
//! can make one up.

use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};

use crate::crypto::{Secret, aead};

/// The Region, the key's id and the grant's id.
type Named = (String, String, String);

/// Another token for a grant.
pub(super) fn make(token_key: &Secret, region: &str, key_id: &str, grant_id: &str) -> String {
    let named = serde_json::to_vec(&(region, key_id, grant_id)).expect("texts can be written");
    let sealed = aead::seal(token_key, &named, PURPOSE).expect("the token key is an AES-256 key");
    BASE64_STANDARD_NO_PAD.encode(sealed)
}

/// The grant a token was given for; `None` when it is no token of this account.
pub(crate) fn read(token_key: &Secret, token: &str) -> Option<Named> {
    let sealed = BASE64_STANDARD_NO_PAD.decode(token).ok()?;
    let named = aead::open(token_key, &sealed, PURPOSE).ok()?;
    serde_json::from_slice(&named).ok()
}

/// Authenticated with every token, so that nothing else sealed under the same key can pass for one.
const PURPOSE: &[u8] = b"kmsr emulator grant token, version 1";
