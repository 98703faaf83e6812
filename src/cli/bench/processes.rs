//! What processes have used, as Linux tells it under `/proc`; nothing elsewhere.

use std::fs;

/// The ticks that `/proc` counts in, a second: `USER_HZ`, which is 100 wherever we run.
const TICKS: f64 = 100.0;

/// A process and what it has started, and what those have.
pub(super) fn with_children(pid: u32) -> Vec<u32> {
    let mut found = vec![pid];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        at += 1;
        let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else { continue };
        for thread in threads.flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            let children = children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok());
            for child in children {
                if !found.contains(&child) {
                    found.push(child);
                }
            }
        }
    }
    found
}

/// Processor time that they have used, in microseconds; `None` when one of them cannot be seen.
pub(super) fn cpu_us(pids: &[u32]) -> Option<f64> {
    pids.iter().map(|pid| cpu_of(&format!("/proc/{pid}/stat"))).sum()
}

/// The same of this process.
pub(super) fn own_cpu_us() -> Option<f64> {
    cpu_of("/proc/self/stat")
}

/// `man 5 proc_pid_stat`: after the name, which may hold anything, utime and stime are 14 and 15.
fn cpu_of(path: &str) -> Option<f64> {
    let stat = fs::read_to_string(path).ok()?;
    let fields = stat.rsplit(')').next()?.split_whitespace();
    let ticks: Option<f64> = fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().ok()).sum();
    Some(ticks? * 1e6 / TICKS)
}

/// Memory of theirs that is resident now, in octets.
pub(super) fn resident(pids: &[u32]) -> Option<u64> {
    pids.iter().map(|pid| status(*pid, "VmRSS:")).sum()
}

/// The most that each has ever had resident, added up, in octets.
pub(super) fn most_resident(pids: &[u32]) -> Option<u64> {
    pids.iter().map(|pid| status(*pid, "VmHWM:")).sum()
}

fn status(pid: u32, key: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_and_memory_of_this_process_are_seen() {
        let own = std::process::id();
        let before = own_cpu_us().unwrap();
        let mut sum = 0_u64;
        while own_cpu_us().unwrap() < before + 20_000.0 {
            sum = sum.wrapping_add(std::hint::black_box(1));
        }
        assert!(cpu_us(&[own]).unwrap() >= before + 20_000.0);
        let now = resident(&[own]).unwrap();
        assert!(now > 1 << 20 && most_resident(&[own]).unwrap() > 1 << 20);
        assert_eq!(cpu_us(&[u32::MAX]), None);
    }

    #[test]
    fn children_are_found_with_theirs() {
        let mut child = std::process::Command::new("sh")
            .args(["-c", "sleep 30 & echo started; wait"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        let found = with_children(child.id());
        for pid in found.iter().rev() {
            let pid = rustix::process::Pid::from_raw(i32::try_from(*pid).unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
        child.wait().unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
