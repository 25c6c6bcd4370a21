//! Where secret bytes live: pages of their own, locked where the system allows it, wiped before they are given back.

use std::alloc::System;

use getrandom::SysRng;
use getrandom::rand_core::TryRng;
use zeroize::Zeroize;
use zeroizing_alloc::ZeroAlloc;

/// Every program with this crate in it wipes what it frees.
///
/// The secrets this crate holds itself are wiped by their own types. But the arithmetic underneath (big integers of
/// RSA, for example) frees intermediate values without wiping them, and only the allocator sees those.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// Owned secret bytes of a fixed length.
///
/// The bytes have whole pages to themselves, since locks are held by page, and are never moved while they live. Where
/// the system refuses to lock them (a limit, a container), they are used unlocked.
pub(crate) struct SecretBytes {
    // Before `pages`, so that it is dropped first: pages are unlocked before they are freed.
    _lock: Option<region::LockGuard>,
    pages: Vec<u8>,
    start: usize,
    len: usize,
}

impl SecretBytes {
    /// `len` zero bytes.
    pub(crate) fn zeroed(len: usize) -> Self {
        let page = region::page::size();
        let locked = len.next_multiple_of(page).max(page);
        let pages = vec![0; locked + page - 1];
        let start = pages.as_ptr().align_offset(page).min(page - 1);
        let lock = region::lock(pages[start..].as_ptr(), locked).ok();
        Self {
            _lock: lock,
            pages,
            start,
            len,
        }
    }

    /// A copy of `bytes`.
    pub(crate) fn copy_of(bytes: &[u8]) -> Self {
        let mut copy = Self::zeroed(bytes.len());
        copy.as_mut_slice().copy_from_slice(bytes);
        copy
    }

    /// `len` bytes from the operating system's random number generator.
    pub(crate) fn random(len: usize) -> Result<Self, getrandom::Error> {
        let mut bytes = Self::zeroed(len);
        SysRng.try_fill_bytes(bytes.as_mut_slice())?;
        Ok(bytes)
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.pages[self.start..self.start + self.len]
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.pages[self.start..self.start + self.len]
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.as_mut_slice().zeroize();
    }
}

/// Runs `work`, then wipes the part of the stack it used.
///
/// Registers and stack slots spilled by elliptic curve and hash code outlive the call that made them; the values there
/// have no owner that could wipe them. What `work` returns should own secrets by pointer only.
pub(crate) fn on_wiped_stack<T>(work: impl FnOnce() -> T) -> T {
    let result = below(work);
    wipe_stack();
    result
}

/// In a frame of its own, below the one that `wipe_stack` is called from.
#[inline(never)]
fn below<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// More than the deepest frames of any operation of this crate need.
const STACK_DEPTH: usize = 128 * 1024;

#[inline(never)]
fn wipe_stack() {
    let mut frame = [0u8; STACK_DEPTH];
    frame.zeroize();
    std::hint::black_box(&mut frame);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::SecretBytes;

    #[test]
    fn secret_bytes_have_pages_of_their_own() {
        let page = region::page::size();
        for len in [1, 32, page - 1, page, page + 1, 3 * page] {
            let bytes = SecretBytes::copy_of(&vec![7; len]);
            assert_eq!(bytes.as_slice(), vec![7; len]);
            assert_eq!(bytes.as_slice().as_ptr().align_offset(page), 0);
            assert!(bytes.start + len.next_multiple_of(page) <= bytes.pages.len());
        }
    }

    #[test]
    fn moving_the_owner_does_not_move_the_bytes() {
        let bytes = SecretBytes::random(32).unwrap();
        let address = bytes.as_slice().as_ptr();
        let moved = Box::new(bytes);
        assert_eq!(moved.as_slice().as_ptr(), address);
    }

    #[test]
    fn random_bytes_differ() {
        let [a, b] = [(); 2].map(|()| SecretBytes::random(32).unwrap());
        assert!(a.as_slice() != b.as_slice());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn pages_are_locked_where_the_limit_allows() {
        let locked = || {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = status
                .lines()
                .find(|line| line.starts_with("VmLck:"))
                .unwrap()
                .to_owned();
            line.split_whitespace()
                .nth(1)
                .unwrap()
                .parse::<usize>()
                .unwrap()
        };
        // Other tests lock pages at the same time, so only this much is certain while the bytes live.
        let bytes = SecretBytes::zeroed(1);
        if bytes._lock.is_some() {
            assert!(locked() * 1024 >= region::page::size());
        }
    }
}
