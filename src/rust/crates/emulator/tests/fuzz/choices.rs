//! Decisions read from bytes: the fuzzer changes the bytes, and so the decisions.

/// What is left of the bytes. Without any left, every decision is the first one.
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        let mut value = usize::from(self.byte());
        if limit > 256 {
            value = value << 8 | usize::from(self.byte());
        }
        value % limit.max(1)
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    pub fn of<T: Copy>(&mut self, options: &[T]) -> T {
        options[self.below(options.len())]
    }
}
