//! PEM (RFC 7468) as it is found in the wild: text around it, several blocks, other line lengths and line ends.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// What is wrong with a PEM text; never a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PemError(pub(crate) &'static str);

/// One encapsulated part.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a> {
    /// What stands between `-----BEGIN ` and `-----`.
    pub(crate) label: &'a [u8],
    body: &'a [u8],
}

/// Whether `bytes` hold a PEM block.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    find(bytes, BEGIN).is_some()
}

/// All blocks, in order.
pub(crate) fn blocks(bytes: &[u8]) -> Result<Vec<Block<'_>>, PemError> {
    let mut blocks = Vec::new();
    let mut rest = bytes;
    while let Some(begin) = find(rest, BEGIN) {
        rest = &rest[begin + BEGIN.len()..];
        let label = find(rest, DASHES)
            .map(|end| &rest[..end])
            .filter(|label| !label.contains(&b'\n'))
            .ok_or(PemError("its BEGIN line is cut short"))?;
        rest = &rest[label.len() + DASHES.len()..];
        let end = find(rest, END).ok_or(PemError("its END line is missing"))?;
        let body = &rest[..end];
        rest = &rest[end + END.len()..];
        if !rest.starts_with(label) || !rest[label.len()..].starts_with(DASHES) {
            return Err(PemError("its END line does not match its BEGIN line"));
        }
        blocks.push(Block { label, body });
    }
    Ok(blocks)
}

impl Block<'_> {
    /// Whether the block has the headers of RFC 1421 that OpenSSL's old encryption writes.
    pub(crate) fn is_legacy_encrypted(&self) -> bool {
        find(self.body, b"Proc-Type:").is_some()
    }

    /// The bytes the block stands for.
    pub(crate) fn decode(&self) -> Result<Zeroizing<Vec<u8>>, PemError> {
        // Collected without growing, so that no half-filled copy is left behind.
        let mut base64 = Zeroizing::new(Vec::with_capacity(self.body.len()));
        base64.extend(self.body.iter().filter(|byte| !byte.is_ascii_whitespace()));
        let mut bytes = Zeroizing::new(vec![0; base64.len() / 4 * 3]);
        let len = Base64::decode(base64.as_slice(), &mut bytes)
            .map_err(|_| PemError("what stands between its BEGIN and END lines is not base64"))?
            .len();
        bytes.truncate(len);
        Ok(bytes)
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
