//! How much memory the processes of a server take.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use crate::support::tools::pause;

/// Looks at a server's processes every few milliseconds and keeps the most that they took.
pub(super) struct Watch {
    most: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches the process group of this leader.
    pub(super) fn group(leader: u32) -> Self {
        let (most, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (seen, stop) = (Arc::clone(&most), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                seen.fetch_max(resident(leader), Ordering::Relaxed);
                pause();
            }
        });
        Self { most, over, thread: Some(thread) }
    }

    /// The most, in kilobytes.
    pub(super) fn most(mut self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        self.most.load(Ordering::Relaxed)
    }
}

/// What all processes of a group have in memory now, in kilobytes; pages that they share (the
/// program itself) count once for each.
pub(super) fn resident(leader: u32) -> u64 {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let of_group = processes.filter(|process| {
        let stat = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        // Behind the name in parentheses: state, parent, group.
        let group = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(2));
        group.and_then(|group| group.parse().ok()) == Some(leader)
    });
    of_group
        .map(|process| {
            let status = std::fs::read_to_string(process.path().join("status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let size = line.and_then(|line| line.split_whitespace().next());
            size.and_then(|size| size.parse::<u64>().ok()).unwrap_or(0)
        })
        .sum()
}
