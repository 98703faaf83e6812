//! The bare token, in a process of its own: a vendor's module is not loaded into this one.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::place::{Place, ourselves};
use super::processes;
use crate::cli::exit::Failure;
use crate::cli::output::Output;
use crate::hsm::{
    BareFigure, BareTurn, CustodyLevel, DeviceOptions, KeyInfo, Module, PinSource, Pkcs11Device,
    TokenSelector,
};
use crate::secret::Pin;

/// No task is longer, in octets.
const MAX_TASK: u64 = 64 * 1024;

/// What the process is to do; it comes over standard input, after a line with the PIN.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Task {
    module: PathBuf,
    token: TokenSelector,
    threads: usize,
    seconds: f64,
    turns: Vec<(BareTurn, KeyInfo)>,
}

/// What was measured: turns a second, and processor time of each in microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bare {
    pub(super) rate: f64,
    pub(super) cpu_us: f64,
}

/// Measures the bare token for `chancery bench`.
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub(crate) struct BenchToken {}

impl BenchToken {
    /// Does what standard input says, and prints the figures.
    ///
    /// # Errors
    /// When the task is malformed, or the token refuses.
    #[expect(clippy::unused_self, reason = "as every command")]
    pub(crate) fn run(self, out: &Output) -> Result<(), Failure> {
        let failed = |e| Failure::refused("could not read the task").because(e);
        let mut text = Zeroizing::new(String::new());
        let input = std::io::stdin().lock();
        input.take(MAX_TASK).read_to_string(&mut text).map_err(failed)?;
        let (pin, task) = text
            .split_once('\n')
            .ok_or_else(|| Failure::usage("this is `chancery bench`'s own; run that"))?;
        let task: Task = serde_json::from_str(task)
            .map_err(|e| Failure::usage("the task is malformed").because(e))?;
        let figures = measure(&task, Pin::new(pin.to_owned()))?;
        let figures = serde_json::to_string(&figures)
            .map_err(|e| Failure::refused("could not write the figures").because(e))?;
        out.octets(figures.as_bytes())
    }
}

fn measure(task: &Task, pin: Pin) -> Result<Vec<BareFigure>, Failure> {
    let module = Module::load(&task.module)
        .map_err(|e| Failure::refused("the module cannot be used").because(e))?;
    let options = DeviceOptions {
        token: task.token.clone(),
        custody: CustodyLevel::Any,
        generates: false,
        reserve: 0,
    };
    let device = Pkcs11Device::new(module, options, pin);
    let length = Duration::try_from_secs_f64(task.seconds)
        .map_err(|e| Failure::usage("the task's time").because(e))?;
    let meter = || processes::own_cpu_us().unwrap_or_default();
    let all = task.turns.iter().map(|(turn, key)| {
        device
            .bare(key, *turn, task.threads, length, &meter)
            .map_err(|e| Failure::refused("the bare token could not be measured").because(e))
    });
    all.collect()
}

/// Starts the process and waits for its figures, in the order of `turns`.
///
/// # Errors
/// When the process cannot be started, or fails.
pub(super) fn run(
    place: &Place,
    turns: &[(BareTurn, KeyInfo)],
    threads: usize,
    length: Duration,
) -> Result<Vec<Bare>, Failure> {
    let failed = |e| Failure::refused("could not measure the bare token").because(e);
    let signer = &place.config.signer;
    let pin = signer.pin_file.clone().map(PinSource::File);
    let pin = pin.ok_or_else(|| Failure::usage("there is no file with the PIN"))?;
    let pin = pin.read().map_err(|e| Failure::usage("no PIN").because(e))?;
    let task = Task {
        module: signer.module.clone(),
        token: TokenSelector { label: signer.token.clone(), serial: signer.serial.clone() },
        threads,
        seconds: length.as_secs_f64(),
        turns: turns.to_vec(),
    };
    let task = serde_json::to_string(&task)
        .map_err(|e| Failure::refused("could not write the task").because(e))?;
    let text = Zeroizing::new(format!("{}\n{task}", pin.expose()));

    let mut child = ourselves()
        .arg("bench-token")
        .envs(place.environment())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        let why = format!("the process that measures the bare token ended with {}", output.status);
        return Err(Failure::refused(why).hint("its own lines above say more"));
    }
    let figures: Vec<BareFigure> = serde_json::from_slice(&output.stdout)
        .map_err(|e| Failure::refused("the bare token's figures are malformed").because(e))?;
    Ok(figures.iter().map(per_turn).collect())
}

fn per_turn(figure: &BareFigure) -> Bare {
    #[expect(clippy::cast_precision_loss, reason = "a count of signatures")]
    let turns = figure.turns.max(1) as f64;
    Bare { rate: turns / figure.seconds, cpu_us: figure.used / turns }
}
