//! The server binary. Everything it can do is in `server::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    understudy::server::cli::main()
}
