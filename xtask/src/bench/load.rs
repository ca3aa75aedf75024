//! A load on a server of this machine: some connections, each sending its next request when its last was answered, and
//! how long each took. Cheap, because it shares the processor with what it measures.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::quantile;

const LIMIT: Duration = Duration::from_secs(20);

/// What one connection asks, one request after the other.
pub trait Asking: Send {
    /// The next request, as the bytes that go over the wire; none where there is nothing left to ask.
    fn next(&mut self) -> Option<Vec<u8>>;

    /// Reads what came back. An answer that is not as expected ends the measurement.
    fn check(&mut self, answer: &Answered<'_>) -> Result<()>;
}

pub struct Answered<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Answered<'_> {
    /// The text of a member of a JSON object.
    pub fn member(&self, name: &str) -> Result<String> {
        let object: serde_json::Value = serde_json::from_slice(self.body)?;
        Ok(object[name].as_str().with_context(|| format!("no {name} in {object}"))?.to_owned())
    }

    pub fn expect(&self, status: u16) -> Result<()> {
        if self.status != status {
            let body = String::from_utf8_lossy(self.body).chars().take(300).collect::<String>();
            bail!("answered {} instead of {status}: {body}", self.status);
        }
        Ok(())
    }
}

/// The same request again and again.
pub struct Same {
    pub request: Vec<u8>,
    pub status: u16,
}

impl Asking for Same {
    fn next(&mut self) -> Option<Vec<u8>> {
        Some(self.request.clone())
    }

    fn check(&mut self, answer: &Answered<'_>) -> Result<()> {
        answer.expect(self.status)
    }
}

/// What a measurement gave.
#[derive(Clone, Copy)]
pub struct Measured {
    pub per_second: f64,
    pub median_ms: f64,
    pub p99_ms: f64,
    /// Microseconds of the server's processor time.
    pub cpu_us: f64,
}

/// Lets every one of `asking` ask over a connection of its own until `length` is over or there is nothing left to ask.
pub fn measure(address: SocketAddr, asking: &mut [Box<dyn Asking>], length: Duration, server: u32) -> Result<Measured> {
    let ready = Barrier::new(asking.len() + 1);
    let (times, took, cpu) = std::thread::scope(|scope| {
        let workers: Vec<_> = asking
            .iter_mut()
            .map(|one| {
                let ready = &ready;
                scope.spawn(move || {
                    let connection = connect(address);
                    ready.wait();
                    ask(connection?, one.as_mut(), length)
                })
            })
            .collect();
        ready.wait();
        let (began, cpu) = (Instant::now(), processor_time(server)?);
        let mut times = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(result) => times.append(&mut result?),
                Err(_) => bail!("a connection's thread ended in a panic"),
            }
        }
        let took = began.elapsed();
        anyhow::Ok((times, took, processor_time(server)?.saturating_sub(cpu)))
    })?;
    let mut times = times;
    if times.is_empty() {
        bail!("there was nothing to ask");
    }
    let count = times.len() as f64;
    Ok(Measured {
        per_second: count / took.as_secs_f64(),
        median_ms: quantile(&mut times, 0.5),
        p99_ms: quantile(&mut times, 0.99),
        cpu_us: cpu.as_secs_f64() * 1e6 / count,
    })
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let connection = TcpStream::connect(address)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(LIMIT))?;
    Ok(connection)
}

/// Milliseconds of each request.
fn ask(mut connection: TcpStream, asking: &mut dyn Asking, length: Duration) -> Result<Vec<f64>> {
    let began = Instant::now();
    let mut times = Vec::new();
    let mut buffer = Vec::with_capacity(16 * 1024);
    while began.elapsed() < length {
        let Some(request) = asking.next() else { break };
        let asked = Instant::now();
        connection.write_all(&request)?;
        let (head, end) = read(&mut connection, &mut buffer)?;
        times.push(asked.elapsed().as_secs_f64() * 1000.0);
        let text = std::str::from_utf8(&buffer[..head])?;
        let status = text.get(9..12).and_then(|status| status.parse().ok()).context("not an HTTP answer")?;
        asking.check(&Answered { status, body: &buffer[head..end] })?;
        buffer.clear();
    }
    Ok(times)
}

/// Reads one answer; gives where its head and where its body ends.
fn read(connection: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(usize, usize)> {
    let mut chunk = [0; 16 * 1024];
    loop {
        if let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) {
            let end = head + body_length(&buffer[..head])?;
            while buffer.len() < end {
                fill(connection, buffer, &mut chunk)?;
            }
            return Ok((head, end));
        }
        fill(connection, buffer, &mut chunk)?;
    }
}

fn fill(connection: &mut TcpStream, buffer: &mut Vec<u8>, chunk: &mut [u8]) -> Result<()> {
    let count = connection.read(chunk)?;
    if count == 0 {
        bail!("the server closed the connection");
    }
    buffer.extend_from_slice(&chunk[..count]);
    Ok(())
}

/// Servers say the length of what is measured here; an answer without one has no body.
fn body_length(head: &[u8]) -> Result<usize> {
    const NAME: &[u8] = b"content-length:";
    for line in head.split(|byte| *byte == b'\n') {
        if line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME) {
            return Ok(std::str::from_utf8(&line[NAME.len()..])?.trim().parse()?);
        }
        if line.len() > 18 && line[..18].eq_ignore_ascii_case(b"transfer-encoding:") {
            bail!("the answer is chunked, which this reader does not expect");
        }
    }
    Ok(0)
}

/// User and system time that a process has used.
pub fn processor_time(process: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("the system does not tell a process's time")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok());
    let (user, system) = ticks(11).zip(ticks(12)).context("the system does not tell a process's time")?;
    // A tick is a hundredth of a second on every Linux that Rust knows.
    Ok(Duration::from_millis((user + system) * 10))
}

/// A request as bytes.
pub fn request(method: &str, address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\n", address.port());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!(
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
            body.len()
        ));
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{Answered, body_length, request};

    #[test]
    fn an_answer_is_read_by_its_length() {
        assert_eq!(body_length(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n").unwrap(), 12);
        assert_eq!(body_length(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap(), 0);
        assert!(body_length(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn members_are_found() {
        let answer = Answered { status: 200, body: br#"{"a":"b"}"# };
        assert_eq!(answer.member("a").unwrap(), "b");
        assert!(answer.expect(201).is_err());
    }

    #[test]
    fn a_form_says_its_length() {
        let bytes = request("POST", "127.0.0.1:80".parse().unwrap(), "/x", &[("A", "b")], "c=d");
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("POST /x HTTP/1.1\r\nHost: localhost:80\r\nA: b\r\n"), "{text}");
        assert!(text.ends_with("Content-Length: 3\r\n\r\nc=d"), "{text}");
    }
}
