//! One browser among many: asks for a page, reads it to its end or goes away before, and looks at what it got.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::http::Client;

/// An answer that takes longer is one that does not come.
const PATIENCE: Duration = Duration::from_secs(20);
/// One request in so many is given up.
const GIVES_UP: usize = 10;
/// Wrong answers that are told whole.
const EXAMPLES: usize = 5;

/// A page, and how it is known to be whole.
pub struct Page {
    pub path: String,
    status: u16,
    /// What is in it once its data are.
    has: &'static str,
    who: Who,
    /// What the browser takes it over with comes along.
    has_data: bool,
    /// It leads elsewhere and has nothing to show.
    redirects: bool,
}

/// Whose browser asks.
enum Who {
    Nobody,
    Operator,
    /// Whoever these cookies say.
    Other(String),
}

impl Page {
    pub fn new(path: &str, status: u16, has: &'static str) -> Self {
        Self { path: path.to_owned(), status, has, who: Who::Operator, has_data: true, redirects: false }
    }

    /// One of the provider's own, in which no script runs.
    pub fn hosted(path: &str, status: u16, has: &'static str) -> Self {
        Self { who: Who::Nobody, has_data: false, ..Self::new(path, status, has) }
    }

    /// Asked for by somebody who is not signed in.
    pub fn signed_out(self) -> Self {
        Self { who: Who::Nobody, ..self }
    }

    /// Asked for by a browser with these cookies.
    pub fn with_cookies(self, cookies: &str) -> Self {
        Self { who: Who::Other(cookies.to_owned()), ..self }
    }

    /// A way on, and no page.
    pub fn redirects(self) -> Self {
        Self { redirects: true, ..self }
    }

    /// Asks for it once.
    pub fn check(&self, client: &Client) -> Result<()> {
        let mut client = match &self.who {
            Who::Operator => client.clone(),
            Who::Nobody => Client::new(client.address()),
            Who::Other(cookies) => Client::new(client.address()).with_header("Cookie", cookies),
        };
        let answer = client.get(&self.path)?;
        self.compare(answer.status, &answer.body)
    }

    fn compare(&self, status: u16, body: &[u8]) -> Result<()> {
        if status != self.status {
            bail!("{} answered {status} instead of {}", self.path, self.status);
        }
        if self.redirects {
            return Ok(());
        }
        let text = String::from_utf8_lossy(body);
        let data: &[&str] = if self.has_data { &["__RESOLVED_RESOURCES", "</script>"] } else { &[] };
        for part in [self.has, "</html>"].iter().chain(data) {
            if !text.contains(*part) {
                bail!("{} has no {part:?} in its {} bytes", self.path, body.len());
            }
        }
        Ok(())
    }

    fn request(&self, address: SocketAddr, cookies: &str) -> Vec<u8> {
        let cookie = match &self.who {
            Who::Operator => format!("Cookie: {cookies}\r\n"),
            Who::Nobody => String::new(),
            Who::Other(cookies) => format!("Cookie: {cookies}\r\n"),
        };
        let path = &self.path;
        let port = address.port();
        format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAccept: text/html\r\n{cookie}\r\n").into_bytes()
    }
}

#[derive(Default)]
pub struct Visits {
    /// Milliseconds of every page that was read to its end.
    pub times: Vec<f64>,
    pub given_up: usize,
    pub wrong: usize,
    pub examples: Vec<String>,
}

impl Visits {
    pub fn add(&mut self, mut other: Self) {
        self.times.append(&mut other.times);
        self.given_up += other.given_up;
        self.wrong += other.wrong;
        self.examples.append(&mut other.examples);
        self.examples.truncate(EXAMPLES);
    }

    fn note(&mut self, said: String) {
        self.wrong += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(said);
        }
    }
}

/// Where a browser goes away.
#[derive(Clone, Copy)]
enum Leaving {
    /// As soon as it has asked.
    AtOnce,
    /// After as many microseconds, most likely before the first byte.
    After(u64),
    /// With the first bytes read.
    AtTheFirstBytes,
    /// With about half of the page read.
    InTheMiddle,
}

/// Asks for pages until `next` has no more numbers.
pub fn visit(
    address: SocketAddr,
    cookies: &str,
    pages: &[Page],
    visitor: usize,
    next: impl Fn() -> Option<usize>,
) -> Result<Visits> {
    let requests: Vec<Vec<u8>> = pages.iter().map(|page| page.request(address, cookies)).collect();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ (visitor as u64 + 1));
    let mut visits = Visits::default();
    let mut connection = None;
    let mut answer = Vec::with_capacity(256 * 1024);
    while let Some(index) = next() {
        let (page, request) = (&pages[index % pages.len()], &requests[index % pages.len()]);
        let mut stream = match connection.take() {
            Some(stream) => stream,
            None => connect(address)?,
        };
        if dice.roll(GIVES_UP as u64) == 0 {
            let leaving = match dice.roll(4) {
                0 => Leaving::AtOnce,
                1 => Leaving::After(dice.roll(3_000)),
                2 => Leaving::AtTheFirstBytes,
                _ => Leaving::InTheMiddle,
            };
            leave(&mut stream, request, leaving);
            visits.given_up += 1;
            continue;
        }
        let asked = Instant::now();
        answer.clear();
        match ask(&mut stream, request, &mut answer) {
            Ok((status, body)) => {
                visits.times.push(asked.elapsed().as_secs_f64() * 1000.0);
                match page.compare(status, &answer[body..]) {
                    Ok(()) => connection = Some(stream),
                    Err(error) => visits.note(error.to_string()),
                }
            }
            Err(error) => visits.note(format!("{}: {error}", page.path)),
        }
    }
    Ok(visits)
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Asks, and goes away. Whatever happens then is the server's business.
fn leave(stream: &mut TcpStream, request: &[u8], leaving: Leaving) {
    let mut buffer = [0; 16 * 1024];
    if stream.write_all(request).is_err() {
        return;
    }
    match leaving {
        Leaving::AtOnce => {}
        Leaving::After(microseconds) => std::thread::sleep(Duration::from_micros(microseconds)),
        Leaving::AtTheFirstBytes => _ = stream.read(&mut buffer[..64]),
        Leaving::InTheMiddle => {
            let mut read = 0;
            // A shorter page ends before that, and nothing follows it.
            _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
            while read < 24 * 1024 {
                match stream.read(&mut buffer) {
                    Ok(count) if count > 0 => read += count,
                    _ => break,
                }
            }
        }
    }
    _ = stream.shutdown(Shutdown::Both);
}

/// Reads one answer; gives its status and where its body begins.
fn ask(stream: &mut TcpStream, request: &[u8], answer: &mut Vec<u8>) -> Result<(u16, usize)> {
    stream.write_all(request)?;
    let mut chunk = [0; 32 * 1024];
    let head = loop {
        if let Some(at) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        fill(stream, answer, &mut chunk)?;
    };
    let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    let Some(status) = text.get(9..12).and_then(|status| status.parse().ok()) else { bail!("not an HTTP answer") };
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    match length {
        Some(length) => {
            while answer.len() < head + length {
                fill(stream, answer, &mut chunk)?;
            }
        }
        // In pieces, of which the last is empty.
        None => {
            while !answer.ends_with(b"\r\n0\r\n\r\n") {
                fill(stream, answer, &mut chunk)?;
            }
        }
    }
    Ok((status, head))
}

fn fill(stream: &mut TcpStream, answer: &mut Vec<u8>, chunk: &mut [u8]) -> Result<()> {
    match stream.read(chunk) {
        Ok(0) => bail!("the server closed the connection after {} bytes", answer.len()),
        Ok(count) => {
            answer.extend_from_slice(&chunk[..count]);
            Ok(())
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            bail!("no answer within {PATIENCE:?}, {} bytes so far", answer.len())
        }
        Err(error) => Err(error.into()),
    }
}

/// Chance that is the same in every run: xorshift.
struct Dice(u64);

impl Dice {
    /// 0 to `sides` - 1.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[cfg(test)]
mod tests {
    use super::{Dice, Page};

    #[test]
    fn a_page_that_broke_off_is_noticed() {
        let page = Page::new("/x", 200, "table");
        let whole = b"<table></html><script>__RESOLVED_RESOURCES=[]</script>";
        assert!(page.compare(200, whole).is_ok());
        assert!(page.compare(200, &whole[..20]).is_err());
        assert!(page.compare(500, whole).is_err());
        let way = Page::hosted("/x", 303, "").redirects();
        assert!(way.compare(303, b"").is_ok() && way.compare(200, b"").is_err());
    }

    #[test]
    fn dice_show_every_side() {
        let mut dice = Dice(7);
        let rolls: Vec<u64> = (0..200).map(|_| dice.roll(10)).collect();
        assert!((0..10).all(|side| rolls.contains(&side)));
    }
}
