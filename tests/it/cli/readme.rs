//! README's *Run it for real*, word for word: whoever copies its lines in their order has a server to sign in to.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{Folder, err, out};

const README: &str = include_str!("../../../README.md");
/// What stands in the lines and is not for every machine. Nothing else is changed.
const REPLACED: [(&str, &str); 1] = [
    // Only root may make a folder there.
    ("/var/lib/understudy/", "$FOLDER/var/lib/understudy/"),
];
/// The line that goes on until it is stopped.
const SERVE: &str = "understudy serve";
/// What the doctor says is missing before each of these commands, whenever somebody asks.
const MISSING: [(&str, &str); 4] = [
    ("environment create", "there is no database yet"),
    ("operator create", "there is no Owner"),
    ("import --environment", "Production has no application"),
    ("impersonation on", "impersonation is turned off in Production"),
];
/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// The commands of the section, in order: what its fenced blocks have, without remarks.
fn lines() -> Vec<String> {
    let section = README.split("\n## Run it for real\n").nth(1).and_then(|rest| rest.split("\n## ").next());
    let section = section.expect("README has the section");
    let blocks = section.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    let commands =
        blocks.flat_map(str::lines).map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned());
    commands.filter(|line| !line.is_empty()).collect()
}

/// An empty machine: a folder, and the program on its path.
struct Machine {
    folder: Folder,
    address: SocketAddr,
    /// The `export` lines so far, as a shell that stays open has them.
    exported: String,
}

impl Machine {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let programs = folder.0.join("bin");
        std::fs::create_dir(&programs).expect("a folder");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_understudy"), programs.join("understudy")).expect("a link");
        std::fs::create_dir(folder.0.join("home")).expect("a folder");
        let address = TcpListener::bind("127.0.0.1:0").and_then(|taken| taken.local_addr()).expect("a port");
        Self { folder, address, exported: String::new() }
    }

    fn shell(&self, line: &str) -> Command {
        let root = self.folder.0.display().to_string();
        let mut text = format!("{}{line}", self.exported);
        for (written, instead) in REPLACED {
            text = text.replace(written, &instead.replace("$FOLDER", &root));
        }
        let mut command = Command::new("/bin/sh");
        command.args(["-euc", &text]).current_dir(self.folder.0.join("home")).env_clear();
        command.env("PATH", format!("{root}/bin:/usr/bin:/bin")).env("LISTEN_ADDR", self.address.to_string());
        command
    }

    fn run(&mut self, line: &str) -> Output {
        if line.starts_with("export ") {
            self.exported.push_str(line);
            self.exported.push('\n');
        }
        self.shell(line).output().expect("a shell")
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.0.join("home").join(name)
    }

    /// "And so on for applications, accounts, users: fill them in."
    fn fill_in(&mut self, template: &str, user: &str) {
        for kind in ["applications", "accounts", "users"] {
            let output = self.run(&template.replace("roles", kind));
            assert!(output.status.success(), "{kind}: {}", err(&output));
        }
        let users = std::fs::read_to_string(self.file("users.csv")).expect("a template");
        let filled = users.replace("ann@northwind.example", user);
        assert!(filled != users, "the template's user has another address: {users}");
        std::fs::write(self.file("users.csv"), filled).expect("a file");
    }

    fn serve(&self, line: &str) -> Server {
        let child = self.shell(&format!("exec {line}")).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut server = Server { child: child.expect("a shell"), address: self.address };
        let begun = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            let ended = server.child.try_wait().expect("a process");
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "{line} does not listen: {ended:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }
}

/// A running server, behind a proxy with TLS that is played here.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn ask(&self, method: &str, path: &str, host: &str, more: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n\
             Origin: https://{host}\r\nAccept: text/html\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\nConnection: close\r\n{more}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// What stands behind `name` in a line, up to the next space, without quotes.
fn word_behind<'a>(line: &'a str, name: &str) -> &'a str {
    let rest = line.split_once(name).unwrap_or_else(|| panic!("{line} has no {name}")).1.trim_start();
    rest.split_whitespace().next().expect("a word").trim_matches('"')
}

fn line_with<'a>(lines: &'a [String], text: &str) -> &'a str {
    lines.iter().find(|line| line.contains(text)).unwrap_or_else(|| panic!("README has no {text}"))
}

/// Nothing of what the lines bring is missing any more.
fn has_everything(told: &str) {
    for good in ["there is an Owner", "Production has an active RS256 key", "the public address is https://"] {
        assert!(told.contains(&format!("✓ {good}")), "{good} is not said:\n{told}");
    }
    for (_, missing) in MISSING {
        assert!(!told.contains(missing), "{missing} is said:\n{told}");
    }
}

#[test]
fn run_it_for_real_as_the_readme_has_it_ends_with_a_server_to_sign_in_to() {
    let lines = lines();
    for (written, _) in REPLACED {
        assert!(lines.iter().any(|line| line.contains(written)), "README has no {written} any more");
    }
    assert_eq!(lines.last().map(String::as_str), Some(SERVE), "the last of {lines:?}");
    let doctor = line_with(&lines, "understudy doctor");
    let operator = word_behind(line_with(&lines, "operator create"), "--email");
    let user = word_behind(line_with(&lines, "set-password-link"), "--email");
    let host = line_with(&lines, "PUBLIC_URL=").split("https://").nth(1).expect("an address");
    let mut machine = Machine::new("readme");
    let (mut password, mut link) = (String::new(), String::new());
    for line in lines.iter().filter(|line| *line != SERVE) {
        if let Some((_, missing)) = MISSING.iter().find(|(command, _)| line.contains(command)) {
            let told = out(&machine.run(doctor));
            assert!(told.contains(missing), "before {line}: {missing} is not said:\n{told}");
        }
        let output = machine.run(line);
        // The doctor's own line fails where something is wrong with the machine, as it does where files are missing in a
        // binary that was built for tests.
        let is_doctor = line == doctor;
        assert!(output.status.success() || is_doctor, "{line}\n{}\n{}", out(&output), err(&output));
        if line.contains("operator create") {
            let said = out(&output);
            password =
                said.split("shown this once: ").nth(1).expect(&said).split_whitespace().next().expect("it").into();
        } else if line.contains("--template roles") {
            machine.fill_in(line, user);
        } else if line.contains("set-password-link") {
            link = out(&output).split_whitespace().next().expect("a link").to_owned();
        } else if is_doctor {
            has_everything(&out(&output));
        }
    }
    assert!(Path::new(&machine.folder.0.join("var/lib/understudy/understudy.db")).is_file());
    let server = machine.serve(SERVE);
    let form = [("email", operator), ("password", &password), ("return_to", "/production/users")];
    let signed_in = server.ask("POST", "/rpc/sign-in", host, "", &crate::support::encode(&form));
    let cookie = signed_in.lines().find_map(|line| line.strip_prefix("set-cookie: __Host-understudy="));
    let cookie = cookie.unwrap_or_else(|| panic!("{signed_in}")).split(';').next().expect("a value");
    let users = server.ask("GET", "/production/users", host, &format!("Cookie: __Host-understudy={cookie}\r\n"), "");
    assert!(users.starts_with("HTTP/1.1 200") && users.contains(user) && users.contains("Your Name"), "{users}");
    let (there, path) = link.trim_start_matches("https://").split_once('/').expect("a link");
    assert_eq!(there, host);
    let chosen = server.ask("GET", &format!("/{path}"), host, "", "");
    assert!(chosen.starts_with("HTTP/1.1 200") && chosen.contains("type=\"password\""), "{chosen}");
}

#[test]
fn a_command_or_an_option_that_the_program_does_not_have_fails() {
    let mut machine = Machine::new("readme-wrong");
    for line in ["understudy environment make --slug x", "understudy doctor --nonsense", "understudy nothing"] {
        assert_eq!(machine.run(line).status.code(), Some(2), "{line}");
    }
}
