//! The programs that tests run, and how their ends are judged.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc;
use std::time::Duration;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Our binary, or the build that `CHANCERY_BIN` names, with nothing of the caller's configuration in
/// its environment.
pub(crate) fn chancery() -> Command {
    let other = std::env::var_os("CHANCERY_BIN");
    let mut command = Command::new(other.unwrap_or_else(|| env!("CARGO_BIN_EXE_chancery").into()));
    for (name, _) in std::env::vars() {
        if name.starts_with("CHANCERY_") || name == "SOFTHSM2_CONF" {
            command.env_remove(name);
        }
    }
    command
}

/// A program of the Python environment that `tests/run` makes.
pub(crate) fn python(program: &str) -> Command {
    Command::new(venv().join(program))
}

/// Where the Python environment keeps its programs.
pub(crate) fn venv() -> PathBuf {
    let bin = root().join("tests/.cache/venv/bin");
    assert!(bin.join("python").exists(), "{} is missing: run tests/run once", bin.display());
    bin
}

/// Runs it to its end; the end must be good. Gives its standard output.
pub(crate) fn run(command: &mut Command) -> String {
    let output = output(command);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{text}\n{error}", output.status);
    text
}

/// Runs it to its end, whatever that is.
pub(crate) fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|e| panic!("{command:?}: {e}: run tests/run once"))
}

/// A moment between two looks at something that says nothing by itself.
pub(crate) fn pause() {
    wait(Duration::from_millis(20));
}

/// Lets time pass where that is what is tested: a fault that lasts, a moment taken at random.
pub(crate) fn wait(time: Duration) {
    let (_never, told) = mpsc::channel::<()>();
    let _: Result<(), _> = told.recv_timeout(time);
}
