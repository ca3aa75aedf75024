//! Sorting more than memory should hold: pieces of it are sorted in memory, put into a file that nobody else sees, and merged
//! from there.
//!
//! Rows that go into the database in the order of an index change few of its pages at a time. In the order in which files
//! happen to have them, each row would change a page of its own.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::mem;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::sync::Arc;

/// Bytes that wait in memory until they are sorted.
const ROOM: usize = 16 * 1024 * 1024;
/// Bytes of each sorted piece that are read ahead.
const AHEAD: usize = 64 * 1024;

/// Takes records by their keys, in any order.
#[derive(Default)]
pub struct Sorter {
    /// What the file is called as long as it has a name.
    name: String,
    /// Keys and records, one after the other.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Sorted pieces in the file: where each begins and ends.
    pieces: Vec<(u64, u64)>,
    file: Option<BufWriter<File>>,
    written: u64,
    room: Option<usize>,
    len: usize,
}

/// Where a key begins and ends, and the record behind it ends.
struct Entry {
    key: usize,
    record: usize,
    end: usize,
}

impl Sorter {
    /// `id` is one that no other has.
    pub fn new(id: impl Display) -> Self {
        Self { name: format!("understudy-import-{id}"), ..Self::default() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// # Errors
    /// Where the disk is full, for example.
    pub fn push(&mut self, key: &[u8], record: &[u8]) -> io::Result<()> {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(record);
        self.entries.push(Entry { key: from, record: from + key.len(), end: self.bytes.len() });
        self.len += 1;
        if self.bytes.len() + mem::size_of::<Entry>() * self.entries.len() >= self.room.unwrap_or(ROOM) {
            self.spill()?;
        }
        Ok(())
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        self.entries.sort_by(|one, other| bytes[one.key..one.record].cmp(&bytes[other.key..other.record]));
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        let file = match self.file.take() {
            Some(file) => file,
            None => BufWriter::with_capacity(AHEAD, unseen(&self.name)?),
        };
        let file = self.file.insert(file);
        let begin = self.written;
        for entry in self.entries.drain(..) {
            for part in [entry.key..entry.record, entry.record..entry.end] {
                let length = u32::try_from(part.len()).map_err(io::Error::other)?;
                file.write_all(&length.to_le_bytes())?;
                file.write_all(&self.bytes[part])?;
            }
            self.written += (2 * mem::size_of::<u32>() + entry.end - entry.key) as u64;
        }
        self.bytes.clear();
        self.pieces.push((begin, self.written));
        Ok(())
    }

    /// All records, in the order of their keys; those of equal keys in the order in which they came.
    ///
    /// # Errors
    /// Where the disk is full, for example.
    pub fn sorted(mut self) -> io::Result<Sorted> {
        self.sort();
        let mut rest = mem::take(&mut self.entries);
        rest.reverse();
        let memory = Memory { bytes: mem::take(&mut self.bytes), rest };
        let mut sorted = Sorted { heads: BinaryHeap::new(), memory, pieces: Vec::new() };
        if let Some(file) = self.file.take() {
            let file = Arc::new(file.into_inner().map_err(io::IntoInnerError::into_error)?);
            let piece = |(at, end): &(u64, u64)| Piece { file: file.clone(), at: *at, end: *end };
            sorted.pieces =
                self.pieces.iter().map(|piece_at| BufReader::with_capacity(AHEAD, piece(piece_at))).collect();
        }
        for source in 0..=sorted.pieces.len() {
            sorted.refill(source)?;
        }
        Ok(sorted)
    }
}

/// A file without a name: it is gone with the process, whatever ends that, and holds what files to import hold.
pub fn unseen(name: &str) -> io::Result<File> {
    let path = std::env::temp_dir().join(name);
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// What was never put into the file, the last first.
struct Memory {
    bytes: Vec<u8>,
    rest: Vec<Entry>,
}

/// A part of a file, which others may read at the same time.
pub struct Piece {
    pub file: Arc<File>,
    pub at: u64,
    pub end: u64,
}

impl Read for Piece {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let room = buffer.len().min(left);
        let count = self.file.read_at(&mut buffer[..room], self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// The records, from the least key on.
pub struct Sorted {
    heads: BinaryHeap<Head>,
    memory: Memory,
    pieces: Vec<BufReader<Piece>>,
}

/// The next record of a piece, or of memory, which counts as the one after the last piece.
struct Head {
    key: Vec<u8>,
    record: Vec<u8>,
    source: usize,
}

impl Ord for Head {
    /// The least key is the greatest head: a heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key.cmp(&self.key).then(other.source.cmp(&self.source))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}

impl Sorted {
    /// # Errors
    /// Where the file cannot be read.
    pub fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(head) = self.heads.pop() else { return Ok(None) };
        self.refill(head.source)?;
        Ok(Some(head.record))
    }

    fn refill(&mut self, source: usize) -> io::Result<()> {
        let head = match self.pieces.get_mut(source) {
            Some(piece) => {
                let Some(key) = part(piece)? else { return Ok(()) };
                let record = part(piece)?.ok_or(io::ErrorKind::UnexpectedEof)?;
                Head { key, record, source }
            }
            None => {
                let Some(entry) = self.memory.rest.pop() else { return Ok(()) };
                let bytes = &self.memory.bytes;
                let (key, record) = (&bytes[entry.key..entry.record], &bytes[entry.record..entry.end]);
                Head { key: key.to_vec(), record: record.to_vec(), source }
            }
        };
        self.heads.push(head);
        Ok(())
    }
}

/// The next key or record of a piece, if there is one.
fn part(piece: &mut BufReader<Piece>) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; mem::size_of::<u32>()];
    if piece.get_ref().at == piece.get_ref().end && piece.buffer().is_empty() {
        return Ok(None);
    }
    piece.read_exact(&mut length)?;
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    piece.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(sorter: Sorter) -> Vec<String> {
        let mut sorted = sorter.sorted().expect("sorted");
        let mut records = Vec::new();
        while let Some(record) = sorted.next().expect("it is read") {
            records.push(String::from_utf8(record).expect("text"));
        }
        records
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out_in_order(keys in proptest::collection::vec("[a-c]{0,6}", 0..200), room in 1usize..4000) {
            let mut sorter = Sorter { room: Some(room), ..Sorter::new(format!("test-{}", std::process::id())) };
            for (at, key) in keys.iter().enumerate() {
                sorter.push(key.as_bytes(), format!("{key}!{at}").as_bytes()).expect("room");
            }
            prop_assert_eq!(sorter.len(), keys.len());
            let mut expected: Vec<(usize, String)> = keys.into_iter().enumerate().collect();
            expected.sort_by(|(_, one), (_, other)| one.cmp(other));
            let expected: Vec<String> = expected.iter().map(|(at, key)| format!("{key}!{at}")).collect();
            prop_assert_eq!(all(sorter), expected);
        }
    }

    #[test]
    fn nothing_comes_of_nothing() {
        assert_eq!(all(Sorter::default()), Vec::<String>::new());
    }
}
