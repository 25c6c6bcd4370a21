//! Reading a key file: regular files of a sane size only, straight into memory that is wiped.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::LIMIT;
use crate::error::KeyMaterialError;

/// The content of the file at `path`.
pub(crate) fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyMaterialError> {
    let io = |source| KeyMaterialError::Io {
        path: path.to_owned(),
        source,
    };
    // Before opening: opening a named pipe waits for a writer.
    if !fs::metadata(path).map_err(io)?.is_file() {
        return Err(KeyMaterialError::NotAFile {
            path: path.to_owned(),
        });
    }
    let mut file = File::open(path).map_err(io)?;
    // One byte more than allowed, so that a file that is too long shows. Never reallocated, so nothing is left behind.
    let mut content = Zeroizing::new(vec![0; LIMIT + 1]);
    let mut len = 0;
    while len < content.len() {
        match file.read(&mut content[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(io(error)),
        }
    }
    if len > LIMIT {
        return Err(KeyMaterialError::FileTooLong {
            path: path.to_owned(),
            limit: LIMIT,
        });
    }
    content.truncate(len);
    Ok(content)
}
