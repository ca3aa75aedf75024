//! What comes more than once among any number of things, in little room.

use std::collections::HashMap;
use std::io;

use super::super::sorter::Sorter;

/// Takes hashes.
#[derive(Default)]
pub struct Repeats {
    sorter: Sorter,
    failed: Option<io::Error>,
}

impl Repeats {
    /// `id` is one that no other has.
    pub fn new(id: u64) -> Self {
        Self { sorter: Sorter::new(id), failed: None }
    }

    /// Gives whether it makes sense to go on.
    pub fn add(&mut self, hash: u64) -> bool {
        let bytes = hash.to_be_bytes();
        if let Err(error) = self.sorter.push(&bytes, &bytes) {
            self.failed.get_or_insert(error);
        }
        self.failed.is_none()
    }

    /// Those that came more than once, and how often.
    ///
    /// # Errors
    /// Where the disk is full, for example.
    pub fn found(self) -> io::Result<HashMap<u64, usize>> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut sorted = self.sorter.sorted()?;
        let (mut found, mut before) = (HashMap::new(), None);
        while let Some(hash) = sorted.next()? {
            if before.as_ref() == Some(&hash)
                && let Ok(bytes) = <[u8; 8]>::try_from(hash.as_slice())
            {
                *found.entry(u64::from_be_bytes(bytes)).or_insert(1) += 1;
            }
            before = Some(hash);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_again_is_remembered() {
        let mut repeats = Repeats::new(1);
        for hash in [5, 7, 5, 9, 7, 5] {
            assert!(repeats.add(hash));
        }
        assert_eq!(repeats.found().expect("sorted"), HashMap::from([(5, 3), (7, 2)]));
    }
}
