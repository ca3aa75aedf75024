//! How a CSV file separates its cells, and what stands above its head line.

/// What was found out from the beginning of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    pub separator: u8,
    /// Lines above the head line: `sep=;` as Excel takes it, `version:v1.0` as Entra's templates have it.
    pub preamble: usize,
}

impl Dialect {
    /// `score` says how well cells serve as a head line; the separator that gives the best one is taken, and of those that
    /// are alike the one that gives the most cells.
    pub fn detect(sample: &str, score: &dyn Fn(&[String]) -> usize) -> Self {
        let mut preamble = 0;
        let mut told = None;
        let mut lines = lines(sample);
        let mut head = lines.next().unwrap_or_default();
        for _ in 0..2 {
            let bare = head.trim().trim_matches('"');
            if let Some(separator) =
                bare.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).map(|_| &bare[4..])
            {
                told = separator.bytes().next().filter(u8::is_ascii).or(Some(b'\t'));
            } else if !bare.to_ascii_lowercase().starts_with("version:") {
                break;
            }
            preamble += 1;
            head = lines.next().unwrap_or_default();
        }
        // Numbers begins with the name of the table.
        if let Some(next) = lines.next()
            && best(head, score) == (b',', 0, 1)
            && best(next, score).1 > 1
        {
            preamble += 1;
            head = next;
        }
        Self { separator: told.unwrap_or_else(|| best(head, score).0), preamble }
    }

    pub fn label(self) -> &'static str {
        match self.separator {
            b',' => "commas",
            b';' => "semicolons",
            b'\t' => "tabs",
            b'|' => "bars",
            _ => "the sign that its first line names",
        }
    }
}

/// The separator under which a line serves best as a head line, how well it does, and the number of its cells.
fn best(line: &str, score: &dyn Fn(&[String]) -> usize) -> (u8, usize, usize) {
    let mut best = (b',', 0, 0);
    for separator in *b",;\t|" {
        let cells = split(line, separator);
        let found = (separator, score(&cells), cells.len());
        if (found.1, found.2) > (best.1, best.2) {
            best = found;
        }
    }
    best
}

/// The lines in which something stands.
pub fn lines(sample: &str) -> impl Iterator<Item = &str> {
    sample.split(['\n', '\r']).filter(|line| !is_blank(line))
}

/// Whether a line has nothing in it but separators.
pub fn is_blank(line: &str) -> bool {
    line.chars().all(|c| c.is_whitespace() || matches!(c, ',' | ';' | '|' | '"' | '\u{feff}'))
}

/// The cells of one line.
pub fn split(line: &str, separator: u8) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(line.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => record.iter().map(ToOwned::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A cell without what spreadsheets and exports put around text: white space, `="…"`, and the apostrophe before what
/// would otherwise be a formula. In a guarded row every text has one, and exactly one is taken away.
pub fn bare(cell: &str, guarded: bool) -> &str {
    let cell = cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if let Some(text) = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        return text;
    }
    match cell.strip_prefix('\'') {
        Some(text) if guarded || text.starts_with(['=', '+', '-', '@', '\t']) => text,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialect, bare};

    fn detect(text: &str) -> (char, usize) {
        let known = ["email", "name", "accounts"];
        let dialect = Dialect::detect(text, &|cells| cells.iter().filter(|c| known.contains(&c.trim())).count());
        (char::from(dialect.separator), dialect.preamble)
    }

    #[test]
    fn separators_are_found_or_told() {
        assert_eq!(detect("email,name\n"), (',', 0));
        assert_eq!(detect("\r\nemail;name;accounts\r\n"), (';', 0));
        assert_eq!(detect("email\tname\r"), ('\t', 0));
        assert_eq!(detect("\"email\"|\"name\"\n"), ('|', 0));
        assert_eq!(detect("sep=;\r\nemail;name\r\n"), (';', 1));
        assert_eq!(detect("SEP=,\nemail,name\n"), (',', 1));
        assert_eq!(detect("version:v1.0\nemail,name\n"), (',', 1));
        assert_eq!(detect("email\n"), (',', 0));
        assert_eq!(detect("Table 1\nemail;name\n"), (';', 1));
        assert_eq!(detect(",,,\n;;\nemail;name\n"), (';', 0));
        assert_eq!(detect("strange\nmore\n"), (',', 0));
        assert_eq!(detect("email,comma;in name\n"), (',', 0));
    }

    #[test]
    fn guards_are_taken_off_once() {
        assert_eq!(bare("'b.osei@x.example", true), "b.osei@x.example");
        assert_eq!(bare("''t Hooft", true), "'t Hooft");
        assert_eq!(bare("'t Hooft", false), "'t Hooft");
        assert_eq!(bare("'=1+1", false), "=1+1");
        assert_eq!(bare("=\"0012\"", false), "0012");
    }
}
