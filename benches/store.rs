//! Deeds a second: one commit each, against many deeds a commit, in one run.
//!
//! The processor time tells more than the clock when the machine has other work.
//!
//! `cargo bench --bench store [-- URL]`; without a URL on an SQLite file under the target directory.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench has nobody to tell but us")]

use std::sync::Arc;
use std::time::Instant;

use chancery::audit::{Entry, Intent};
use chancery::clock::Timestamp;
use chancery::id::{Affiliation, KeyId, SerialNumber};
use chancery::store::{
    CertificateRow, Change, Claim, Identity, JournalKind, JournalRow, JournalState, Options, Store,
    Write,
};

const CALLERS: u64 = 64;

/// What each caller does, with numbers that nobody else has.
#[derive(Clone, Copy)]
enum Work {
    Note,
    Register,
    Intend,
    Seal,
    Read,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run());
}

async fn run() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let url = std::env::args().nth(1).filter(|argument| argument.contains(':'));
    let single = open(&directory, "single", url.clone(), 1).await;
    let grouped = open(&directory, "grouped", url, 256).await;
    println!("{CALLERS} callers; deeds a second");
    println!(
        "{:10} {:>14} {:>14} {:>7} {:>8}",
        "", "a commit each", "many a commit", "ratio", "CPU"
    );
    for (name, work, few, many) in [
        ("note", Work::Note, 20, 300),
        ("register", Work::Register, 20, 300),
        ("intend", Work::Intend, 20, 300),
        ("seal", Work::Seal, 20, 300),
    ] {
        let (slow, _) = measure(&single, work, 0, few).await;
        let (fast, cpu) = measure(&grouped, work, 1, many).await;
        println!("{name:10} {slow:>14.0} {fast:>14.0} {:>6.1}x {cpu:>5.0} us", fast / slow);
    }
    let (fast, cpu) = measure(&grouped, Work::Read, 1, 300).await;
    println!("{:10} {:>14} {fast:>14.0} {:>7} {cpu:>5.0} us", "read", "", "");
}

async fn open(
    directory: &tempfile::TempDir,
    name: &str,
    url: Option<String>,
    batch: usize,
) -> Store {
    let file = || format!("sqlite://{}/{name}.db", directory.path().display());
    let options = Options { batch, ..Options::new(url.unwrap_or_else(file)) };
    Store::open(&options).await.unwrap()
}

/// Deeds a second when each caller does `turns` of them, and microseconds of processor time for one.
async fn measure(store: &Store, work: Work, series: u64, turns: u64) -> (f64, f64) {
    let (start, busy) = (Instant::now(), processor_seconds());
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let store = store.clone();
            tokio::spawn(async move {
                for turn in 0..turns {
                    work.once(&store, (series * CALLERS + caller) * 1_000_000 + turn).await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    #[expect(clippy::cast_precision_loss, reason = "a measure")]
    let deeds = (CALLERS * turns) as f64;
    (deeds / start.elapsed().as_secs_f64(), (processor_seconds() - busy) / deeds * 1e6)
}

/// What this process used so far. `man 5 proc_pid_stat`: fields 14 and 15, in ticks of 10 ms.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

impl Work {
    async fn once(self, store: &Store, number: u64) {
        let name = format!("member{number}");
        let entry = Entry {
            at: Timestamp::from_unix(1_800_000_000),
            ca: "ca".parse().unwrap(),
            actor: "admin".into(),
            deed: "bench",
            subject: name.clone(),
            reason: String::new(),
        };
        let issuer = KeyId::from_octets(&[7; 20]).unwrap();
        match self {
            Self::Note => {
                store.write(Write::note(entry)).await.unwrap();
            }
            Self::Register => {
                let change = Change::AddIdentity(identity(&name, entry.at));
                store.write(Write::new(change, entry)).await.unwrap();
            }
            Self::Intend => {
                let row = JournalRow {
                    ca: entry.ca.clone(),
                    issuer,
                    name: serial(number).to_string(),
                    kind: JournalKind::Certificate,
                    intent: Intent {
                        key: [1; 32],
                        digest: digest(number),
                        to_be_signed: Arc::from([0x30; 600]),
                    },
                    enrollment_id: name.clone(),
                    caller: name,
                    reason: "enroll".into(),
                    at: entry.at,
                    instance: "bench".into(),
                    state: JournalState::Open,
                    consumed: true,
                };
                store.record_intent(row, Claim::Enrollment { cap: -1 }, entry).await.unwrap();
            }
            Self::Seal => {
                let row = CertificateRow {
                    ca: entry.ca.clone(),
                    issuer,
                    serial: serial(number),
                    enrollment_id: name,
                    not_before: entry.at,
                    not_after: entry.at.plus(31_536_000),
                    der: vec![0x30; 700],
                    revoked_at: None,
                    reason_code: None,
                };
                let change = Change::SealCertificate { row };
                store.write(Write::new(change, entry)).await.unwrap();
            }
            Self::Read => {
                store.read().identity(&entry.ca, &name).await.unwrap().unwrap();
            }
        }
    }
}

fn identity(name: &str, at: Timestamp) -> Identity {
    Identity {
        ca: "ca".parse().unwrap(),
        id: name.parse().unwrap(),
        kind: "client".into(),
        affiliation: Affiliation::ROOT,
        attributes: vec![],
        secret: "a hash of some sixty octets, as long as such things tend to be".into(),
        max_enrollments: -1,
        enrollments: 0,
        revoked_at: None,
        version: 1,
        created_at: at,
    }
}

/// As the service makes them: in the order of time, four to a millisecond, and random.
fn serial(number: u64) -> SerialNumber {
    let mut random = [0; 14];
    let spread = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    random[..8].copy_from_slice(&spread.to_be_bytes());
    SerialNumber::new(number / 4, random)
}

fn digest(number: u64) -> [u8; 32] {
    let serial = serial(number);
    std::array::from_fn(|index| serial.as_octets().get(index % 20).copied().unwrap_or_default())
}
