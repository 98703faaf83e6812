//! Answers signature vectors with the verification that the product itself uses.
//!
//! usage: `cargo run --release --example conformance -- ecdsa [--low-s reject|accept]`
//!
//! One JSON object a line on standard input, `{"id", "alg", "pub", "msg", "sig"}`, octets in hex;
//! for each a line `ID<TAB>ACCEPT|REJECT|SKIP[<TAB>reason]` on standard output. DER is strict. An
//! ECDSA signature with S above half the order is refused, as Fabric does, unless `--low-s accept`.

mod verdict;

use std::io::{BufRead as _, BufWriter, Write as _};
use std::process::ExitCode;

use verdict::{LowS, answer};

const USAGE: &str = "usage: conformance ecdsa [--low-s reject|accept]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let low_s = match words[..] {
        ["ecdsa"] | ["ecdsa", "--low-s", "reject"] => LowS::Demanded,
        ["ecdsa", "--low-s", "accept"] => LowS::NotAsked,
        _ => return refuse(USAGE),
    };
    match answer_all(low_s) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error.to_string()),
    }
}

fn answer_all(low_s: LowS) -> std::io::Result<()> {
    let mut output = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if !line.trim().is_empty() {
            writeln!(output, "{}", answer(&line, low_s))?;
        }
    }
    output.flush()
}

fn refuse(why: &str) -> ExitCode {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "conformance: {why}");
    ExitCode::from(2)
}
