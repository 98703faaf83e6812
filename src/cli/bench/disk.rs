//! The disk: durable writes through the store, beside what the file system syncs with nothing of ours.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use super::place::Place;
use super::processes;
use super::report::StoreFigure;
use crate::audit::Entry;
use crate::cli::exit::Failure;
use crate::clock::Clock;
use crate::id::{Affiliation, CaName};
use crate::store::{Change, Identity, Options, Store, Write};

/// Writers at once.
const CALLERS: usize = 64;
/// What one bare sync covers, in octets: a page of the database.
const PAGE: usize = 4096;

/// Deeds a second, and syncs a second on the same file system.
///
/// # Errors
/// When the disk refuses.
pub(super) fn measure(place: &Place, length: Duration) -> Result<StoreFigure, Failure> {
    let folder = place.apart()?;
    let syncs_per_second = syncs(&folder, length)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::refused("could not start").because(e))?;
    let before = processes::own_cpu_us();
    let (deeds, took) = runtime.block_on(deeds(&folder, length))?;
    let used = before.zip(processes::own_cpu_us()).map(|(before, after)| after - before);
    #[expect(clippy::cast_precision_loss, reason = "a count of writes")]
    let count = deeds.max(1) as f64;
    let deeds_per_second = count / took.as_secs_f64();
    Ok(StoreFigure {
        deeds_per_second,
        cpu_us: used.map(|used| used / count),
        limit_syncs_per_second: syncs_per_second,
        deeds_per_sync: deeds_per_second / syncs_per_second,
    })
}

/// Appends a page and waits until it is on the disk, again and again.
fn syncs(folder: &Path, length: Duration) -> Result<f64, Failure> {
    let path = folder.join("syncs");
    let failed = |e| Failure::refused(format!("could not write `{}`", path.display())).because(e);
    let mut file = fs::File::create(&path).map_err(failed)?;
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < length {
        file.write_all(&[7; PAGE]).and_then(|()| file.sync_data()).map_err(failed)?;
        count += 1;
    }
    let rate = f64::from(count) / began.elapsed().as_secs_f64();
    fs::remove_file(&path).map_err(failed)?;
    Ok(rate)
}

/// Registers identities in a store of its own.
async fn deeds(folder: &Path, length: Duration) -> Result<(usize, Duration), Failure> {
    let failed = |e| Failure::refused("could not write to the store").because(e);
    // A new file for each run, so that runs are alike.
    let stamp = Clock::system().now().unix();
    let path = folder.join(format!("store-{stamp}-{}.db", std::process::id()));
    let store = Store::open(&Options::new(format!("sqlite://{}", path.display()))).await;
    let store = store.map_err(failed)?;
    let began = Instant::now();
    let callers = (0..CALLERS).map(|caller| {
        let store = store.clone();
        let task = async move {
            let mut done = 0;
            while began.elapsed() < length {
                store.write(deed(&format!("member-{caller}-{done}"))?).await.map_err(failed)?;
                done += 1;
            }
            Ok::<usize, Failure>(done)
        };
        let task = tokio::spawn(task);
        async { task.await.map_err(|e| Failure::refused("a writer died").because(e))? }
    });
    let done: usize = try_join_all(callers).await?.into_iter().sum();
    let took = began.elapsed();
    store.close().await;
    for ending in ["", "-wal", "-shm", ".lock"] {
        // Gone already is as good.
        let _ = fs::remove_file(format!("{}{ending}", path.display()));
    }
    Ok((done, took))
}

/// What registering an identity writes.
fn deed(name: &str) -> Result<Write, Failure> {
    let bad = || Failure::refused("could not make an identity");
    let ca: CaName = "bench".parse().map_err(|e| bad().because(e))?;
    let at = Clock::system().now();
    let identity = Identity {
        ca: ca.clone(),
        id: name.parse().map_err(|e| bad().because(e))?,
        kind: "client".to_owned(),
        affiliation: Affiliation::ROOT,
        attributes: vec![],
        // As long as what is kept of a secret.
        secret: "0".repeat(64),
        max_enrollments: -1,
        enrollments: 0,
        revoked_at: None,
        version: 1,
        created_at: at,
    };
    let entry = Entry {
        at,
        ca,
        actor: "bench".into(),
        deed: "register",
        subject: name.to_owned(),
        reason: String::new(),
    };
    Ok(Write::new(Change::AddIdentity(identity), entry))
}
