//! Child processes that never outlive xtask: each runs in a process group of its own, which is stopped when its guard
//! is dropped, whether the work went well, failed, or was interrupted by Ctrl-C or SIGTERM.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

const POLL: Duration = Duration::from_millis(10);
/// What a server may take to drain before it is killed.
const PATIENCE: Duration = Duration::from_secs(8);

/// From here on Ctrl-C, SIGTERM and a closed terminal end the work in an orderly way.
pub fn listen_for_signals() -> Result<()> {
    let flag = Arc::clone(INTERRUPTED.get_or_init(Arc::default));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&flag))?;
    }
    Ok(())
}

/// Whether somebody asked xtask to stop.
pub fn interrupted() -> bool {
    INTERRUPTED.get().is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// A child process; dropping it stops its whole process group.
pub struct Running {
    name: String,
    child: Child,
    stop_signal: Signal,
}

impl Running {
    /// Starts `command` in its own process group, with nothing on standard input.
    pub fn spawn(name: &str, command: &mut Command) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name} ({})", shown(command)))?;
        Ok(Self { name: name.to_owned(), child, stop_signal: Signal::TERM })
    }

    /// Starts a server whose output goes to a file, so that it does not run through what a person reads.
    pub fn spawn_logged(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdout(file.try_clone()?).stderr(file);
        Self::spawn(name, command)
    }

    /// The signal that asks this child to stop, where SIGTERM means something else to it.
    pub fn stopped_by(mut self, signal: Signal) -> Self {
        self.stop_signal = signal;
        self
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits to the end, or to an interruption, which is an error.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if interrupted() {
                bail!("interrupted during {}", self.name);
            }
            thread::sleep(POLL);
        }
    }

    /// [`Self::wait`]; anything but success is an error.
    pub fn succeed(&mut self) -> Result<()> {
        let status = self.wait()?;
        if !status.success() {
            bail!("{} failed with {status}", self.name);
        }
        Ok(())
    }

    /// Asks it to stop, waits, and kills what is left. Returns how it ended.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        let group = Pid::from_child(&self.child);
        // An error here means that it ended in between; waiting below tells.
        let _ = kill_process_group(group, self.stop_signal);
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(POLL);
        }
        let _ = kill_process_group(group, Signal::KILL);
        Ok(self.child.wait()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("cannot stop {}: {error:#}", self.name);
        }
    }
}

/// A command for a server that ends with xtask even if xtask is killed outright, where the system can do that.
pub fn server(program: &Path) -> Command {
    static CAN: OnceLock<bool> = OnceLock::new();
    let can = *CAN.get_or_init(|| {
        Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "true"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    });
    if !can {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]).arg(program);
    command
}

/// The command as one could type it, for messages.
pub fn shown(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

/// Runs to the end with its output passed through; anything but success is an error.
pub fn run(name: &str, command: &mut Command) -> Result<()> {
    let status = Running::spawn(name, command)?.wait()?;
    if !status.success() {
        bail!("{name} failed with {status}: {}", shown(command));
    }
    Ok(())
}

/// Runs to the end and returns what it wrote to standard output.
pub fn output(name: &str, command: &mut Command) -> Result<String> {
    let mut text = String::new();
    let status = each_line(name, command, |line| {
        text.push_str(line);
        text.push('\n');
    })?;
    if !status.success() {
        bail!("{name} failed with {status}: {}", shown(command));
    }
    Ok(text)
}

/// Runs to the end and hands over each line of standard output as it comes.
pub fn each_line(name: &str, command: &mut Command, mut line: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut running = Running::spawn(name, command.stdout(Stdio::piped()))?;
    let Some(pipe) = running.child.stdout.take() else {
        bail!("{name} has no standard output");
    };
    let (send, lines) = mpsc::channel();
    let reader = thread::spawn(move || {
        for bytes in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            if send.send(String::from_utf8_lossy(&bytes).into_owned()).is_err() {
                return;
            }
        }
    });
    let status = loop {
        while let Ok(text) = lines.recv_timeout(POLL) {
            line(&text);
        }
        if let Some(status) = running.ended()? {
            break status;
        }
        if interrupted() {
            bail!("interrupted during {name}");
        }
    };
    // A background process that kept the pipe must not keep us: take what is there, briefly.
    let ended = Instant::now();
    while ended.elapsed() < Duration::from_secs(2) {
        match lines.recv_timeout(POLL) {
            Ok(text) => line(&text),
            Err(_) if reader.is_finished() => break,
            Err(_) => {}
        }
    }
    while let Ok(text) = lines.try_recv() {
        line(&text);
    }
    Ok(status)
}

/// The last lines of a log, for the message about a server that did not do as it should.
pub fn tail(log: &Path, lines: usize) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Instant;

    use super::{Running, each_line, output, run};

    #[test]
    fn dropping_a_child_stops_what_it_started_too() {
        let began = Instant::now();
        let running = Running::spawn("sleepers", Command::new("sh").args(["-c", "sleep 61 & sleep 61"])).unwrap();
        drop(running);
        assert!(began.elapsed().as_secs() < 5);
    }

    #[test]
    fn a_failing_command_is_an_error_that_shows_it() {
        let error = run("nothing", &mut Command::new("false")).unwrap_err();
        assert!(error.to_string().contains("false"), "{error}");
    }

    #[test]
    fn lines_arrive_whole_and_in_order() {
        let text = output("lines", Command::new("sh").args(["-c", "printf 'a\\nb'; printf c"]));
        assert_eq!(text.unwrap(), "a\nbc\n");
        let status = each_line("exit", Command::new("sh").args(["-c", "exit 3"]), |_| {});
        assert_eq!(status.unwrap().code(), Some(3));
    }
}
