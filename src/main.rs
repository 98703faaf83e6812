//! The `chancery` command.

use std::process::ExitCode;

// A third of an enrollment's time outside of cryptography goes into memory: this allocator takes half
// as long as the C library's (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    chancery::cli::run(std::env::args_os())
}
