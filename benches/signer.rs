//! A signature through the signer beside its limit: a bare `C_Sign` and a bare verification.
//!
//! Prints ratios of one run, the limit and ours in turns: CPU time of a signature (signer and
//! service together), and throughput. Goals: at most 1.25 times the CPU, at least 0.85 of the
//! throughput.
//!
//! `cargo bench --bench signer [-- SECONDS]`

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::panic,
    reason = "a bench fails by panicking and prints its figures"
)]

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chancery::hsm::frame::{self, Frames};
use chancery::hsm::protocol::{Ask, Hello, Message, Reply, Request};
use chancery::hsm::{
    Algorithm, BareTurn, CustodyLevel, DeviceOptions, Hsm, HsmOptions, KeyInfo, Module, NewKey,
    PinSource, Pkcs11Device, Purpose, SignerCommand, SignerSource, Status, TokenSelector,
};
use chancery::secret::Pin;
use chancery::signer::{SignerOptions, run};
use clap::Parser;

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const THREADS: usize = 2;
/// Requests in flight through the signer.
const IN_FLIGHT: usize = 64;
/// The size of a certificate's TBS.
const MESSAGE: [u8; 700] = [7; 700];

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: SignerOptions,
}

fn main() {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|first| first == "signer") {
        let options = Arguments::parse_from(&arguments[1..]).options;
        std::process::exit(run(&options).into());
    }
    if let Some(home) = std::env::var_os("BENCH_HOME") {
        let seconds = arguments.iter().find_map(|a| a.to_str()?.parse().ok());
        return measure(Path::new(&home), Duration::from_secs(seconds.unwrap_or(3)));
    }
    // SoftHSM2 finds its tokens by the environment of the process that loads it: run again in one.
    let home = tempfile::tempdir().unwrap();
    let conf = home.path().join("softhsm2.conf");
    std::fs::create_dir(home.path().join("tokens")).unwrap();
    let text = format!("directories.tokendir = {}\n", home.path().join("tokens").display());
    std::fs::write(&conf, text).unwrap();
    std::fs::write(home.path().join("pin"), "1234").unwrap();
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "t", "--so-pin", "00000000", "--pin", "1234"])
        .env("SOFTHSM2_CONF", &conf)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let status = Command::new(std::env::current_exe().unwrap())
        .args(&arguments[1..])
        .env("SOFTHSM2_CONF", &conf)
        .env("BENCH_HOME", home.path())
        .status()
        .unwrap();
    assert!(status.success());
}

/// CPU time in microseconds for one signature, and signatures in a second.
#[derive(Debug, Clone, Copy)]
struct Figure {
    cpu: f64,
    rate: f64,
}

fn measure(home: &Path, length: Duration) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut options = SignerOptions::new(
        "t",
        MODULE,
        PinSource::File(home.join("pin")),
        home.join("register.json"),
        home.join("ledger.txt"),
    );
    options.allow_generate = true;
    options.workers = u16::try_from(THREADS).unwrap();
    let mut arguments = options.arguments();
    arguments.insert(0, "signer".into());
    let program = std::env::current_exe().unwrap();
    let command = SignerCommand { program, arguments, environment: Vec::new() };
    let (hsm, tls, issuer) = runtime.block_on(start(&command));
    let Status::Up { pid, .. } = hsm.status() else { panic!("the signer is not up") };

    let mut figures: HashMap<&str, Vec<Figure>> = HashMap::new();
    for _ in 0..3 {
        figures.entry("bare").or_default().push(bare(&issuer, length));
        let service = runtime.block_on(through_hsm(&hsm, &tls, pid, length));
        figures.entry("service").or_default().push(service);
        figures.entry("ledgered").or_default().push(pipelined(&command, &issuer, length));
    }
    let best = |name: &str| {
        let all = &figures[name];
        Figure {
            cpu: all.iter().map(|f| f.cpu).fold(f64::INFINITY, f64::min),
            rate: all.iter().map(|f| f.rate).fold(0.0, f64::max),
        }
    };
    let limit = best("bare");
    println!("bare C_Sign and verification:  {:6.1} us CPU, {:7.0}/s", limit.cpu, limit.rate);
    for (name, what) in [
        ("service", "through Hsm (TLS purpose):    "),
        ("ledgered", "pipelined client, with ledger:"),
    ] {
        let ours = best(name);
        let (cpu, rate) = (ours.cpu / limit.cpu, ours.rate / limit.rate);
        println!(
            "{what} {:6.1} us CPU, {:7.0}/s: {cpu:.2} x CPU, {rate:.2} x rate",
            ours.cpu, ours.rate
        );
    }
    runtime.block_on(hsm.shutdown());
}

async fn start(command: &SignerCommand) -> (Hsm, KeyInfo, KeyInfo) {
    let hsm = Hsm::start(SignerSource::Spawn(command.clone()), HsmOptions::default());
    hsm.wait_ready(Duration::from_secs(20)).await.unwrap();
    let key = |label: &str, purpose| NewKey {
        label: label.parse().unwrap(),
        algorithm: Algorithm::P256,
        purposes: [purpose].into(),
    };
    let tls = hsm.generate(key("tls", Purpose::Tls)).await.unwrap();
    let issuer = hsm.generate(key("issuer", Purpose::Certificate)).await.unwrap();
    (hsm, tls, issuer)
}

/// CPU time that a process has used, in microseconds.
fn cpu(pid: u32) -> f64 {
    // /proc/PID/stat, after the name: utime and stime are fields 14 and 15, in ticks of 10 ms.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11..13].iter().map(|field| field.parse::<f64>().unwrap()).sum();
    ticks * 10_000.0
}

fn timed(pids: &[u32], run: impl FnOnce() -> u64) -> Figure {
    let before: f64 = pids.iter().map(|pid| cpu(*pid)).sum();
    let started = Instant::now();
    let count = run();
    let elapsed = started.elapsed().as_secs_f64();
    let after: f64 = pids.iter().map(|pid| cpu(*pid)).sum();
    #[expect(clippy::cast_precision_loss, reason = "a count of signatures")]
    let count = count as f64;
    Figure { cpu: (after - before) / count, rate: count / elapsed }
}

/// The token with nothing around it.
fn bare(key: &KeyInfo, length: Duration) -> Figure {
    let options = DeviceOptions {
        token: TokenSelector { label: "t".to_owned(), serial: None },
        custody: CustodyLevel::Any,
        generates: false,
        reserve: 0,
    };
    let module = Module::load(Path::new(MODULE)).unwrap();
    let device = Pkcs11Device::new(module, options, Pin::new("1234".to_owned()));
    let meter = || cpu(std::process::id());
    let figure = device.bare(key, BareTurn::SignAndVerify, THREADS, length, &meter).unwrap();
    #[expect(clippy::cast_precision_loss, reason = "a count of signatures")]
    let turns = figure.turns as f64;
    Figure { cpu: figure.used / turns, rate: turns / figure.seconds }
}

async fn through_hsm(hsm: &Hsm, key: &KeyInfo, pid: u32, length: Duration) -> Figure {
    let pids = [std::process::id(), pid];
    let before: f64 = pids.iter().map(|pid| cpu(*pid)).sum();
    let started = Instant::now();
    let count = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..IN_FLIGHT)
        .map(|_| {
            let (hsm, key, count) = (hsm.clone(), key.reference, count.clone());
            tokio::spawn(async move {
                let until = Instant::now() + length;
                while Instant::now() < until {
                    hsm.sign_tls(&key, &MESSAGE).await.unwrap();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let elapsed = started.elapsed().as_secs_f64();
    let after: f64 = pids.iter().map(|pid| cpu(*pid)).sum();
    #[expect(clippy::cast_precision_loss, reason = "a count of signatures")]
    let count = count.load(Ordering::Relaxed) as f64;
    Figure { cpu: (after - before) / count, rate: count / elapsed }
}

/// One thread that keeps requests in flight by hand, for a purpose that the ledger holds.
fn pipelined(command: &SignerCommand, key: &KeyInfo, length: Duration) -> Figure {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;

    let (mut stream, theirs) = UnixStream::pair().unwrap();
    let mut child = Command::new(&command.program)
        .args(&command.arguments)
        .stdin(std::process::Stdio::from(std::os::fd::OwnedFd::from(theirs)))
        .spawn()
        .unwrap();
    let mut frames = Frames::default();
    let mut out = Vec::new();
    frame::encode(&Hello::new(), &mut out).unwrap();
    let mut piece = vec![0; 1 << 16];
    let request = |id| Request {
        id,
        deadline_ms: 20_000,
        ask: Ask::Sign {
            key: key.reference,
            purpose: Purpose::Certificate,
            message: Message::of(&MESSAGE),
        },
    };
    // The welcome and one signature: the key is found, the session is open.
    frame::encode(&request(0), &mut out).unwrap();
    stream.write_all(&out).unwrap();
    let mut read = 0;
    while read < 2 {
        let count = stream.read(&mut piece).unwrap();
        frames.extend(&piece[..count]);
        while frames.next_frame().unwrap().is_some() {
            read += 1;
        }
    }
    let figure = timed(&[std::process::id(), child.id()], || {
        out.clear();
        for id in 0..IN_FLIGHT as u64 {
            frame::encode(&request(id), &mut out).unwrap();
        }
        stream.write_all(&out).unwrap();
        let until = Instant::now() + length;
        let (mut sent, mut got) = (IN_FLIGHT as u64, 0);
        while got < sent {
            let count = stream.read(&mut piece).unwrap();
            frames.extend(&piece[..count]);
            out.clear();
            while let Some(body) = frames.next_frame().unwrap() {
                frame::decode::<Reply>(body).unwrap().answer.unwrap();
                got += 1;
                if Instant::now() < until {
                    frame::encode(&request(sent), &mut out).unwrap();
                    sent += 1;
                }
            }
            stream.write_all(&out).unwrap();
        }
        got
    });
    drop(stream);
    child.wait().unwrap();
    figure
}
