//! Private tokens, and this binary as a signer.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use chancery::hsm::{PinSource, SignerCommand};
use chancery::signer::{SignerOptions, run};
use clap::Parser;
use tempfile::TempDir;

pub(crate) const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub(crate) const PIN: &str = "1234";
pub(crate) const ARGUMENTS: &str = "CHANCERY_TEST_SIGNER";

/// A folder with tokens of its own, and the files of a signer.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub(crate) fn new(labels: &[&str]) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(home.path("tokens")).unwrap();
        let conf = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            home.path("tokens").display()
        );
        std::fs::write(home.conf(), conf).unwrap();
        std::fs::write(home.path("pin"), format!("{PIN}\n")).unwrap();
        for label in labels {
            home.init_token(label, PIN);
        }
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn conf(&self) -> PathBuf {
        self.path("softhsm2.conf")
    }

    pub(crate) fn init_token(&self, label: &str, pin: &str) {
        let output = Command::new("softhsm2-util")
            .args([
                "--init-token",
                "--free",
                "--label",
                label,
                "--so-pin",
                "00000000",
                "--pin",
                pin,
            ])
            .env("SOFTHSM2_CONF", self.conf())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Runs `pkcs11-tool` on a token of ours.
    pub(crate) fn pkcs11_tool(&self, arguments: &[&str]) -> String {
        let output = Command::new("pkcs11-tool")
            .args(["--module", MODULE, "--login", "--pin", PIN])
            .args(arguments)
            .env("SOFTHSM2_CONF", self.conf())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn options(&self, token: &str) -> SignerOptions {
        let pin = PinSource::File(self.path("pin"));
        SignerOptions {
            allow_generate: true,
            workers: 2,
            ..SignerOptions::new(
                token,
                MODULE,
                pin,
                self.path("register.json"),
                self.path("ledger.txt"),
            )
        }
    }

    /// This binary, run again as a signer.
    pub(crate) fn command(&self, options: &SignerOptions) -> SignerCommand {
        let arguments: Vec<String> = options
            .arguments()
            .into_iter()
            .map(|argument| argument.into_string().unwrap())
            .collect();
        SignerCommand {
            program: std::env::current_exe().unwrap(),
            arguments: ["fixture::signer_process", "--exact", "--nocapture"]
                .map(OsString::from)
                .to_vec(),
            environment: vec![
                ("SOFTHSM2_CONF".into(), self.conf().into()),
                (ARGUMENTS.into(), serde_json::to_string(&arguments).unwrap().into()),
            ],
        }
    }
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: SignerOptions,
}

/// No test of its own: what the other tests start as a signer.
#[test]
fn signer_process() {
    let Ok(arguments) = std::env::var(ARGUMENTS) else { return };
    if std::env::var_os("CHANCERY_TEST_LOG").is_some() {
        tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    }
    let mut arguments: Vec<String> = serde_json::from_str(&arguments).unwrap();
    arguments.insert(0, "signer".into());
    let options = Arguments::parse_from(arguments).options;
    std::process::exit(run(&options).into());
}

/// Runs the test `name` again in a process of its own, whose tokens are those of a new home. Gives
/// the home there, and nothing here.
pub(crate) fn own_process(name: &str) -> Option<PathBuf> {
    const HOME: &str = "CHANCERY_TEST_HOME";
    if let Some(home) = std::env::var_os(HOME) {
        return Some(home.into());
    }
    let home = Home::new(&["t"]);
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env("SOFTHSM2_CONF", home.conf())
        .env(HOME, home.folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    None
}

pub(crate) fn ledger_lines(path: &Path) -> Vec<chancery::hsm::ledger::Line> {
    std::fs::read_to_string(path)
        .unwrap_or_default()
        .lines()
        .map(|line| line.parse().unwrap())
        .collect()
}
