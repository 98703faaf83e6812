//! The `chancery` command.

use std::process::ExitCode;

// With the C library's allocator a tenth of a reenrollment's processor time went into memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    chancery::cli::run(std::env::args_os())
}
