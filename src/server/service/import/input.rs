//! A file as a stream of UTF-8, whatever it was written in, with the numbers of its lines.

use std::collections::VecDeque;
use std::io::{self, Cursor, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::Content;
use super::sorter::Piece;

/// How much of a file is looked at to find out what it is.
const SAMPLE: usize = 64 * 1024;
const STEP: usize = 32 * 1024;

/// A file that was opened, and its beginning.
pub struct Input {
    pub text: Text,
    pub encoding: &'static Encoding,
    /// The first 64 KiB, decoded.
    pub sample: String,
    /// There is no more than that.
    pub is_whole: bool,
}

/// Opens a file and finds out its encoding, unless that is told.
///
/// # Errors
/// A sentence about what kind of file it is instead of a text.
pub fn open(content: Content, told: Option<&'static Encoding>) -> Result<Input, String> {
    let mut bytes: Box<dyn Read + Send> = match content {
        Content::Bytes(bytes) => Box::new(Cursor::new(bytes)),
        Content::File(path) => Box::new(std::fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?),
        Content::Spooled(file, end) => Box::new(Piece { file, at: 0, end }),
    };
    let mut head = Vec::with_capacity(SAMPLE);
    bytes.by_ref().take(SAMPLE as u64).read_to_end(&mut head).map_err(|error| format!("cannot be read: {error}"))?;
    match head.as_slice() {
        [b'P', b'K', 3, 4, ..] => {
            return Err(
                "is an Excel workbook or a zip archive; save the sheet as \"CSV UTF-8\", or unpack it".to_owned()
            );
        }
        [0x1f, 0x8b, ..] => return Err("is compressed with gzip; unpack it first, with gunzip".to_owned()),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => {
            return Err("is an old Excel workbook; save the sheet as \"CSV UTF-8\"".to_owned());
        }
        _ => {}
    }
    let encoding = told.unwrap_or_else(|| encoding_of(&head));
    let (sample, _) = encoding.decode_with_bom_removal(&head);
    if sample.chars().take(4096).any(|c| c == '\0') {
        return Err(
            "holds NUL characters, so it is no text in this encoding; name the right one with --encoding".to_owned()
        );
    }
    let sample = sample.into_owned();
    let is_whole = head.len() < SAMPLE;
    let text = Text::new(Box::new(Cursor::new(head).chain(bytes)), encoding);
    Ok(Input { text, encoding, sample, is_whole })
}

/// By its mark where it has one. UTF-16 without one shows in every second byte of the head line being zero.
fn encoding_of(head: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return encoding;
    }
    let head = &head[..head.len().min(512)];
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    match head.len() / 4 {
        0 => UTF_8,
        many if odd > many && even < odd / 4 => UTF_16LE,
        many if even > many && odd < even / 4 => UTF_16BE,
        _ => UTF_8,
    }
}

/// The decoded text, read from the top to the bottom.
pub struct Text {
    bytes: Box<dyn Read + Send>,
    decoder: Decoder,
    encoding: &'static Encoding,
    decoded: String,
    given: usize,
    ended: bool,
    lines: Lines,
    read: u64,
    /// Where another encoding was told: whether the text is UTF-8 all the same.
    utf_8: Option<Utf8>,
}

/// Text in letters of more than one byte that is UTF-8 from the top to the bottom is not by chance.
struct Utf8 {
    decoder: Decoder,
    lines: Lines,
    first: Option<u64>,
    is_other: bool,
}

impl Utf8 {
    fn new() -> Self {
        Self { decoder: UTF_8.new_decoder_without_bom_handling(), lines: Lines::new(), first: None, is_other: false }
    }

    /// The line of the first letter that the told encoding would misread, once the text is over and all of it is UTF-8.
    fn refuted(&mut self, bytes: &[u8], ended: bool) -> Option<u64> {
        if self.is_other {
            return None;
        }
        if self.first.is_none() {
            let letter = bytes.iter().position(|byte| !byte.is_ascii());
            self.lines.note(&bytes[..letter.unwrap_or(bytes.len())]);
            self.lines.starts.clear();
            self.first = letter.map(|_| self.lines.line);
        }
        let mut decoded = String::with_capacity(3 * STEP + 16);
        let (result, _) = self.decoder.decode_to_string_without_replacement(bytes, &mut decoded, ended);
        self.is_other = result != DecoderResult::InputEmpty;
        self.first.filter(|_| ended && !self.is_other)
    }
}

impl Text {
    fn new(bytes: Box<dyn Read + Send>, encoding: &'static Encoding) -> Self {
        Self {
            bytes,
            decoder: encoding.new_decoder_with_bom_removal(),
            encoding,
            decoded: String::new(),
            given: 0,
            ended: false,
            lines: Lines::new(),
            read: 0,
            utf_8: (![UTF_8, UTF_16LE, UTF_16BE].contains(&encoding)).then(Utf8::new),
        }
    }

    /// Bytes of the file that were read so far.
    pub fn read_so_far(&self) -> u64 {
        self.read
    }

    /// The line of the record that begins at `byte` of the decoded text, or after the line ends that stand there. Asked
    /// for in the order of the text.
    pub fn line_of(&mut self, byte: u64) -> u64 {
        self.lines.of(byte)
    }

    /// The line of what was read last.
    pub fn line(&mut self) -> u64 {
        self.lines.starts.clear();
        self.lines.line
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut raw = [0; STEP];
        let count = self.bytes.read(&mut raw)?;
        self.read += count as u64;
        self.ended = count == 0;
        if let Some(line) = self.utf_8.as_mut().and_then(|check| check.refuted(&raw[..count], self.ended)) {
            let advice = format!("is UTF-8 and not {}; leave --encoding out", self.encoding.name());
            return Err(BadText::at(line, advice));
        }
        self.decoded.clear();
        self.given = 0;
        let room = self.decoder.max_utf8_buffer_length_without_replacement(count).unwrap_or(3 * STEP);
        self.decoded.reserve(room);
        let (result, _) =
            self.decoder.decode_to_string_without_replacement(&raw[..count], &mut self.decoded, self.ended);
        match result {
            DecoderResult::InputEmpty => Ok(()),
            DecoderResult::OutputFull | DecoderResult::Malformed(..) => {
                let mut lines = Lines { starts: VecDeque::new(), ..self.lines };
                lines.note(self.decoded.as_bytes());
                let advice = if self.encoding == UTF_8 {
                    "is not UTF-8; save the file as \"CSV UTF-8\", or, where it comes from an older Excel, name what that \
                     wrote: --encoding windows-1252 in western Europe and America, --encoding windows-1250 where Polish, \
                     Czech, Slovak, Hungarian, Slovene or Croatian is written, windows-1251 for Cyrillic"
                        .to_owned()
                } else {
                    format!("is not {}; name the right encoding with --encoding", self.encoding.name())
                };
                Err(BadText::at(lines.line, advice))
            }
        }
    }
}

/// Bytes that are no text in the file's encoding.
#[derive(Debug, thiserror::Error)]
#[error("{advice}")]
pub struct BadText {
    pub line: u64,
    advice: String,
}

impl BadText {
    pub fn at(line: u64, advice: impl Into<String>) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, Self { line, advice: advice.into() })
    }
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.decoded.len() {
            if self.ended {
                return Ok(0);
            }
            self.fill()?;
        }
        let rest = &self.decoded.as_bytes()[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.lines.note(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

/// Where lines begin, counted as the text goes by. A line ends with LF, CR or CR LF, and empty lines count.
struct Lines {
    at: u64,
    line: u64,
    after_cr: bool,
    /// Nothing of this line was seen yet.
    fresh: bool,
    /// Beginnings of lines that are not empty and were not asked for yet.
    starts: VecDeque<(u64, u64)>,
}

impl Lines {
    fn new() -> Self {
        Self { at: 0, line: 1, after_cr: false, fresh: true, starts: VecDeque::new() }
    }

    fn note(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' if self.after_cr => self.after_cr = false,
                b'\n' | b'\r' => {
                    self.line += 1;
                    self.fresh = true;
                    self.after_cr = *byte == b'\r';
                }
                _ => {
                    self.after_cr = false;
                    if self.fresh {
                        self.fresh = false;
                        self.starts.push_back((self.at, self.line));
                    }
                }
            }
            self.at += 1;
        }
    }

    fn of(&mut self, byte: u64) -> u64 {
        while let Some((start, line)) = self.starts.front() {
            if *start >= byte {
                return *line;
            }
            self.starts.pop_front();
        }
        self.line
    }
}
