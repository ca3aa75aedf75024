//! The server binary: what it can do is in `server::cli`, and it carries the files of the browser's half.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use rust_embed::RustEmbed;

/// Every request makes and drops some hundred small things: this is where the C library's allocator spends a fifth of it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[derive(RustEmbed)]
#[folder = "target/site/"]
#[allow_missing = true]
struct Site;

fn main() -> ExitCode {
    understudy::server::cli::main(Site::get)
}
