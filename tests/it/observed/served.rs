//! A server as a process: metrics at an address of their own, and the way in which it stops.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

pub struct Server {
    child: Child,
    folder: std::path::PathBuf,
    public: SocketAddr,
    metrics: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
        _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|taken| taken.local_addr()).expect("a port")
}

impl Server {
    pub fn start(name: &str, options: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("understudy-observed-{name}-{}", std::process::id()));
        _ = std::fs::remove_dir_all(&folder);
        let (public, metrics) = (free_port(), free_port());
        let child = Command::new(env!("CARGO_BIN_EXE_understudy"))
            .arg("serve")
            .args(options)
            .env_clear()
            .env("DATA_DIR", &folder)
            .env("LISTEN_ADDR", public.to_string())
            .env("METRICS_LISTEN_ADDR", metrics.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let mut server = Self { child, folder, public, metrics };
        let mut said = String::new();
        let out = server.child.stdout.take().expect("its answers");
        BufReader::new(out).read_line(&mut said).expect("a line");
        assert!(said.contains("is ready"), "{said}");
        server
    }

    /// The whole answer to a request with more headers.
    pub fn ask(&self, path: &str, more: &str) -> String {
        ask_with(self.public, path, more).expect("an answer")
    }

    /// Waits for its end, and whether that was a good one.
    pub fn wait(&mut self) -> bool {
        self.child.wait().expect("it ends").success()
    }

    pub fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.expect("a signal").success());
    }
}

/// The whole answer; none where nobody listens any more.
fn ask(address: SocketAddr, path: &str) -> Option<String> {
    ask_with(address, path, "")
}

fn ask_with(address: SocketAddr, path: &str, more: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:3000\r\nConnection: close\r\n{more}\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

#[test]
fn metrics_are_at_their_own_address_and_nothing_else_is() {
    let server = Server::start("metrics", &[]);
    ask(server.public, "/readyz").expect("an answer");
    let metrics = ask(server.metrics, "/metrics").expect("an answer");
    assert!(metrics.starts_with("HTTP/1.1 200") && metrics.contains("understudy_build_info{version="), "{metrics}");
    assert!(metrics.contains("understudy_requests_total{door=\"health\",outcome=\"2xx\"} 1"), "{metrics}");
    for path in ["/", "/sign-in", "/readyz"] {
        let nothing = ask(server.metrics, path).expect("an answer");
        assert!(nothing.starts_with("HTTP/1.1 404"), "{path}: {nothing}");
    }
    let public = ask(server.public, "/metrics").expect("an answer");
    assert!(public.starts_with("HTTP/1.1 404"), "{public}");
}

#[test]
fn a_server_that_is_stopped_says_so_before_it_takes_no_more_connections() {
    let mut server = Server::start("stopping", &["--stop-delay", "2"]);
    assert!(ask(server.public, "/readyz").expect("an answer").starts_with("HTTP/1.1 200"));
    server.terminate();
    let told = Instant::now();
    loop {
        let answer = ask(server.public, "/readyz").expect("it still takes connections");
        if answer.starts_with("HTTP/1.1 503") {
            assert!(answer.contains("\"stopping\""), "{answer}");
            break;
        }
        assert!(told.elapsed() < Duration::from_secs(1), "{answer}");
    }
    assert!(ask(server.public, "/healthz").expect("it still serves").starts_with("HTTP/1.1 200"));
    assert!(server.child.wait().expect("it ends").success());
    assert!(told.elapsed() >= Duration::from_secs(2), "it took no connections for {:?}", told.elapsed());
}
