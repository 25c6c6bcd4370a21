//! Ledgers: files of JSON lines that one process at a time adds to, and that a kill leaves readable.
//!
//! Every line ends in a check over itself and the line before, so that a changed, missing or foreign line is seen for what
//! it is. The check guards against mistakes, not against malice: anybody can compute it.
use std::cell::RefCell;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};

use extendr_api::prelude::*;
use sha2::{Digest, Sha256};

use crate::error::{Failure, into_r};

/// A ledger that this process has locked. The lock ends with the file being closed, also by a kill.
struct Ledger {
    open: RefCell<Option<Open>>,
}

struct Open {
    file: File,
    /// The check of the last line.
    check: String,
}

/// Opens a ledger, made if there is none, and locks it: a list of the ledger's `pointer`, its `lines`, how many of them
/// are `sound` from the beginning, and the bytes of a last line that was `torn`, which are cut off.
#[extendr]
fn rs_ledger_open(path: &str) -> Robj {
    into_r(open(path))
}

/// Adds lines, each a JSON object; with `sync`, waits until the disk has them. `NULL` or the failure.
#[extendr]
fn rs_ledger_append(ledger: ExternalPtr<Ledger>, lines: Strings, sync: bool) -> Robj {
    into_r(append(&ledger, &lines, sync))
}

/// Closes a ledger and frees it for others; the second time does nothing.
#[extendr]
fn rs_ledger_close(ledger: ExternalPtr<Ledger>) {
    ledger.open.take();
}

fn open(path: &str) -> Result<List, Failure> {
    let cannot = |error: io::Error| refused("io", format!("cannot be used: {error}"));
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(cannot)?;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => refused("locked", "is in use by another run".to_owned()),
        TryLockError::Error(error) => cannot(error),
    })?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(cannot)?;

    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    let torn = bytes.len() - whole;
    bytes.truncate(whole);
    file.set_len(whole as u64).map_err(cannot)?;
    file.seek(SeekFrom::End(0)).map_err(cannot)?;

    let mut check = String::new();
    let mut sound = 0;
    let mut lines = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches('\n');
        if sound == lines.len()
            && let Some((body, found)) = split(line)
            && check_of(&check, body) == found
        {
            found.clone_into(&mut check);
            sound += 1;
        }
        lines.push(line.to_owned());
    }
    let open = RefCell::new(Some(Open { file, check }));
    Ok(list!(
        pointer = ExternalPtr::new(Ledger { open }),
        lines = lines,
        sound = sound as f64,
        torn = torn as f64
    ))
}

fn append(ledger: &Ledger, lines: &Strings, sync: bool) -> Result<(), Failure> {
    let mut open = ledger.open.borrow_mut();
    let open = open
        .as_mut()
        .ok_or_else(|| refused("closed", "is closed".to_owned()))?;
    let mut text = String::new();
    let mut check = open.check.clone();
    for line in lines.iter() {
        // R writes nothing but objects here.
        let body: &str = line.as_ref();
        let body = body.strip_suffix('}').unwrap_or(body);
        check = check_of(&check, body);
        text.push_str(body);
        text.push_str(CHECK);
        text.push_str(&check);
        text.push_str("\"}\n");
    }
    let written = open.file.write_all(text.as_bytes());
    let kept = written.and_then(|()| if sync { open.file.sync_data() } else { Ok(()) });
    kept.map_err(|error| refused("io", format!("cannot be written: {error}")))?;
    open.check = check;
    Ok(())
}

/// What is between a line's own members and its check.
const CHECK: &str = ",\"check\":\"";

/// A line's own members, without the closing brace, and its check.
fn split(line: &str) -> Option<(&str, &str)> {
    line.strip_suffix("\"}")?.rsplit_once(CHECK)
}

fn check_of(before: &str, body: &str) -> String {
    let digest = Sha256::new()
        .chain_update(before)
        .chain_update(body)
        .finalize();
    digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn refused(reason: &'static str, message: String) -> Failure {
    Failure::Refused {
        kind: "ledger",
        reason,
        message,
    }
}

extendr_module! {
    mod ledger;
    fn rs_ledger_open;
    fn rs_ledger_append;
    fn rs_ledger_close;
}
