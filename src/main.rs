//! The server binary. Everything it can do is in `server::cli`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Every request makes and drops some hundred small things: this is where the C library's allocator spends a fifth of it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    understudy::server::cli::main()
}
