//! A small HTTP/1.1 client for servers on this machine: one connection, kept open, and what a benchmark needs to see.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

const LIMIT: Duration = Duration::from_secs(10);

pub struct Client {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
    cookies: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

/// Another browser with the same cookies, over a connection of its own.
impl Clone for Client {
    fn clone(&self) -> Self {
        let (cookies, headers) = (self.cookies.clone(), self.headers.clone());
        Self { address: self.address, connection: None, cookies, headers }
    }
}

pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(each, _)| each == name)?;
        Some(value)
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, connection: None, cookies: Vec::new(), headers: Vec::new() }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// With a header that every request carries.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The cookies as a request carries them.
    pub fn cookies(&self) -> String {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        cookies.join("; ")
    }

    pub fn get(&mut self, path: &str) -> Result<Answer> {
        self.send("GET", path, None, "text/html")
    }

    /// Sends form text as it is, and asks for an answer of this type.
    pub fn send_form(&mut self, path: &str, form: &str, accept: &str) -> Result<Answer> {
        self.send("POST", path, Some(form), accept)
    }

    /// Sends a form as the portal's own page would.
    pub fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        self.send("POST", path, Some(&fields.join("&")), "text/html")
    }

    fn send(&mut self, method: &str, path: &str, form: Option<&str>, accept: &str) -> Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let stream = TcpStream::connect_timeout(&self.address, LIMIT)?;
                stream.set_read_timeout(Some(LIMIT))?;
                stream.set_nodelay(true)?;
                BufReader::new(stream)
            }
        };
        let origin = format!("localhost:{}", self.address.port());
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {origin}\r\nAccept: {accept}\r\n");
        for (name, value) in &self.headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.cookies.is_empty() {
            request.push_str(&format!("Cookie: {}\r\n", self.cookies()));
        }
        if let Some(form) = form {
            request.push_str(&format!(
                "Origin: http://{origin}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
                form.len()
            ));
        }
        request.push_str("\r\n");
        request.push_str(form.unwrap_or_default());
        connection.get_mut().write_all(request.as_bytes())?;
        let answer = read(&mut connection)?;
        for (_, value) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            self.remember(value);
        }
        if answer.header("connection") != Some("close") {
            self.connection = Some(connection);
        }
        Ok(answer)
    }

    fn remember(&mut self, set_cookie: &str) {
        let pair = set_cookie.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.split_once('=') {
            self.cookies.retain(|(each, _)| each != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}

fn read(connection: &mut impl BufRead) -> Result<Answer> {
    let first = line(connection)?;
    let status = first
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .with_context(|| format!("not an HTTP answer: {first}"))?;
    let mut headers = Vec::new();
    loop {
        let text = line(connection)?;
        let Some((name, value)) = text.split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    if let Some(length) = answer.header("content-length") {
        answer.body = vec![0; length.parse()?];
        connection.read_exact(&mut answer.body)?;
    } else if answer.header("transfer-encoding") == Some("chunked") {
        loop {
            let size = line(connection)?;
            let size = usize::from_str_radix(size.split(';').next().unwrap_or_default(), 16)?;
            let mut chunk = vec![0; size];
            connection.read_exact(&mut chunk)?;
            answer.body.append(&mut chunk);
            line(connection)?;
            if size == 0 {
                break;
            }
        }
    } else if !matches!(status, 204 | 304) {
        connection.read_to_end(&mut answer.body)?;
    }
    Ok(answer)
}

fn line(connection: &mut impl BufRead) -> Result<String> {
    let mut text = String::new();
    if connection.read_line(&mut text)? == 0 {
        bail!("the connection was closed");
    }
    Ok(text.trim_end().to_owned())
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{encoded, read};

    #[test]
    fn a_form_field_is_percent_encoded() {
        assert_eq!(encoded("a b&c@d.é"), "a%20b%26c%40d.%C3%A9");
    }

    #[test]
    fn a_chunked_answer_is_put_together() {
        let mut bytes = &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nServer-Timing: app;dur=1.5\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"[..];
        let answer = read(&mut bytes).unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"abcde"[..]));
        assert_eq!(answer.header("server-timing"), Some("app;dur=1.5"));
    }
}
