//! What a member holds after enrolling: made with OpenSSL and plain HTTP, not with our own client.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::server::Server;
use super::tools::{python, root, run};

/// Enrolls the identities of `orders` (JSON, see `tests/support/enroll.py`) into folders under
/// `into`: `NAME/key.pem`, `NAME/cert.pem`, `NAME/chain.pem`.
pub(crate) fn enroll(server: &Server, into: &Path, orders: &serde_json::Value) {
    let mut command = python("python");
    command.arg(root().join("tests/support/enroll.py")).arg(server.url()).arg(into);
    run(command.arg(orders.to_string()));
}

/// What a certificate or CRL says, by `tests/support/describe.py`.
pub(crate) fn describe(path: &Path) -> serde_json::Value {
    let mut command = python("python");
    command.arg(root().join("tests/support/describe.py"));
    let text = run(command.arg(path));
    serde_json::from_str::<Vec<serde_json::Value>>(&text).unwrap().remove(0)
}

/// `openssl` with these arguments, its output, lines trimmed.
pub(crate) fn openssl<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> String {
    run(Command::new("openssl").args(arguments))
}

/// Every PEM block of a file, each in a file of its own beside it: `chain-0.pem`, `chain-1.pem`...
pub(crate) fn split(pem: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(pem).unwrap();
    let stem = pem.file_stem().unwrap().to_string_lossy().into_owned();
    let blocks = text.split_inclusive("-----END CERTIFICATE-----\n");
    let blocks = blocks.filter(|block| block.contains("-----BEGIN CERTIFICATE-----"));
    let write = |(n, block): (usize, &str)| {
        let path = pem.with_file_name(format!("{stem}-{n}.pem"));
        std::fs::write(&path, block).unwrap();
        path
    };
    blocks.enumerate().map(write).collect()
}
