//! Many sessions, many threads, many processes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use cryptoki::context::{CInitializeArgs, CInitializeFlags};
use cryptoki::session::Session;
use cryptoki::slot::Limit;

use super::exam::{Exam, fault_text, returned, sign};
use super::finding::{Conclusion, bad, fair, good, unknown};
use super::wire::{Favour, Reply};
use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::{Algorithm, Binding};
use crate::hsm::pkcs11::epoch::OpenEpoch;
use crate::hsm::token::Epoch as _;

/// Threads that sign at once.
const THREADS: u64 = 8;
/// Signatures of each.
const EACH: u64 = 25;
/// No more sessions are opened than this: a token that opens so many opens enough.
const SESSIONS: usize = 256;

/// Initialises the module with `CKF_OS_LOCKING_OK`, and where that is refused without.
pub(super) fn locking(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    let library = exam.library();
    let with = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    if exam.call("C_Initialize with CKF_OS_LOCKING_OK", || library.initialize(with)).is_ok() {
        exam.call("C_Finalize", || library.clone().finalize())
            .map_err(Fault::at("finalise the module"))?;
        return Ok(good("accepted", "the module locks with what the system offers"));
    }
    let without = CInitializeArgs::new(CInitializeFlags::empty());
    Ok(match exam.call("C_Initialize with no flag", || library.initialize(without)) {
        Ok(()) => bad("refused", "the module is for one thread; Chancery does not use it"),
        Err(_) => bad("broken", "the module cannot be initialised"),
    })
}

/// Signs with many sessions at once, then with one session that goes from thread to thread.
pub(super) fn threads(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    exam.epoch(|epoch| {
        let (key, _) = exam.make(epoch, 0, Algorithm::P256)?;
        let key = &key;
        let what = format!("{THREADS} threads sign {EACH} times at once, each with its session");
        exam.trying(&what);
        let told: Vec<_> = thread::scope(|scope| {
            let work = |number| scope.spawn(move || many(epoch, key, number));
            let threads: Vec<_> = (0..THREADS).map(work).collect();
            threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
        });
        let mut faults: BTreeMap<String, u64> = BTreeMap::new();
        for end in told {
            match end {
                Ok(Ok(())) => {}
                Ok(Err(fault)) => *faults.entry(fault_text(&fault)).or_default() += 1,
                Err(_) => *faults.entry("a thread panicked".to_owned()).or_default() += 1,
            }
        }
        let failed: u64 = faults.values().sum();
        for (fault, times) in &faults {
            exam.note(what.clone(), format!("{fault} in {times} threads"));
        }
        if failed == 0 {
            exam.note(what, "every signature verifies");
        }

        let what = "one session signs in one thread after another";
        exam.trying(what);
        let mut session = epoch.session()?;
        let mut moved = Ok(());
        for number in 0..THREADS {
            let session = &mut session;
            let end = thread::scope(|scope| {
                let thread = scope
                    .spawn(move || sign(session.as_mut(), key, &number.to_be_bytes()).map(|_| ()));
                thread.join()
            });
            let end = end
                .unwrap_or_else(|_| Err(Fault::new(Class::Device, "sign", "the thread panicked")));
            moved = moved.and(end);
        }
        exam.note(
            what,
            moved.as_ref().map_or_else(fault_text, |()| "every signature verifies".into()),
        );
        Ok(match (failed, moved) {
            (0, Ok(())) => good("safe", "no error and no wrong signature"),
            (0, Err(_)) => {
                fair("bound-to-thread", "a session serves only the thread that opened it")
            }
            _ => bad("unsafe", format!("{failed} of {THREADS} threads met errors")),
        })
    })
}

fn many(epoch: &OpenEpoch<'_>, key: &Binding, number: u64) -> Result<(), Fault> {
    let mut session = epoch.session()?;
    for count in 0..EACH {
        let message = [number.to_be_bytes(), count.to_be_bytes()].concat();
        sign(session.as_mut(), key, &message)?;
    }
    Ok(())
}

/// Opens sessions until the token opens no more.
pub(super) fn session_limit(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    exam.epoch(|epoch| {
        let claimed = match epoch.info.max_session_count() {
            Limit::Max(limit) => limit.to_string(),
            Limit::Unavailable => "not told".to_owned(),
            Limit::Infinite => "none".to_owned(),
        };
        exam.note("CK_TOKEN_INFO.ulMaxSessionCount", claimed);
        let what = format!("C_OpenSession up to {SESSIONS} times");
        exam.trying(&what);
        let mut open: Vec<Session> = Vec::new();
        let end = loop {
            // The session of the login is one of them.
            if open.len() + 1 >= SESSIONS {
                break None;
            }
            match exam.library().open_ro_session(epoch.slot) {
                Ok(session) => open.push(session),
                Err(error) => break Some(error),
            }
        };
        let reached = u32::try_from(open.len() + 1).unwrap_or(u32::MAX);
        exam.figure("sessions", f64::from(reached));
        let told = end.as_ref().map_or_else(|| "CKR_OK every time".to_owned(), returned);
        exam.note(what, format!("{reached} open, then {told}"));
        let count = open.len();
        let closed = open.into_iter().filter_map(|session| session.close().ok()).count();
        exam.note("C_CloseSession of each", format!("{closed} of {count} closed"));
        let after =
            exam.call("C_OpenSession after that", || exam.library().open_ro_session(epoch.slot));
        Ok(match end {
            _ if after.is_err() || closed != count => {
                bad("leaks", "sessions that were closed are not given back")
            }
            None => good("beyond", format!("at least {reached}")),
            Some(_) if reached >= 8 => good("limited", format!("{reached} sessions")),
            Some(_) => fair("few", format!("{reached} sessions")),
        })
    })
}

/// Signs while another process logs in, signs with the same key, makes a key and goes.
pub(super) fn processes(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    exam.note(
        "fork after C_Initialize, without exec",
        "not tried: Chancery never forks once a module is loaded; its signer is a process of its own",
    );
    exam.epoch(|epoch| {
        let (key, _) = exam.make(epoch, 0, Algorithm::P256)?;
        // The system's own way to start a program: fork and exec, with the module in use.
        let started = std::process::Command::new("/proc/self/exe").arg("--version").output();
        let started = started.is_ok_and(|output| output.status.success());
        exam.note(
            "another program started (fork and exec)",
            if started { "done" } else { "failed" },
        );
        let mut session = epoch.session()?;
        exam.step("sign after that", || sign(session.as_mut(), &key, b"after fork and exec"))?;
        drop(session);

        let (stop, made) = (AtomicBool::new(false), AtomicU64::new(0));
        let (reply, signed) = thread::scope(|scope| {
            let signing = scope.spawn(|| {
                let mut session = epoch.session()?;
                while !stop.load(Ordering::Relaxed) {
                    sign(session.as_mut(), &key, b"beside another process")?;
                    made.fetch_add(1, Ordering::Relaxed);
                }
                // Once more after the other process has logged out and gone.
                sign(session.as_mut(), &key, b"after another process").map(|_| ())
            });
            let reply = exam.ask(Favour::SecondProcess);
            stop.store(true, Ordering::Relaxed);
            let signed = signing.join();
            let lost = || Err(Fault::new(Class::Device, "sign", "the thread panicked"));
            (reply, signed.unwrap_or_else(|_| lost()))
        });
        let made = made.into_inner();
        let what = "signatures here while the other process was at work";
        exam.note(what, signed.as_ref().map_or_else(fault_text, |()| format!("{made}, all good")));
        let other = match reply? {
            Reply::Done(told) => {
                exam.note("another process logs in, signs, makes a key, ends", told);
                true
            }
            Reply::Failed(told) => {
                exam.note("another process logs in, signs, makes a key, ends", told);
                false
            }
            Reply::Unable => return Ok(unknown("not-tried", "no second process")),
        };
        let seen = exam.find(epoch, 1).is_ok();
        Ok(match (signed.is_ok(), other) {
            (true, true) if seen => good("independent", "processes do not disturb each other"),
            (true, true) => fair("stale", "a key made by another process is not seen until later"),
            (false, _) => bad("disturbed", "another process ends the sessions of this one"),
            (true, false) => bad("exclusive", "one process at a time can use the token"),
        })
    })
}

/// The second process.
pub(super) fn beside(exam: &Exam<'_>) -> Result<String, Fault> {
    exam.device.with_epoch(|epoch| {
        let key = exam.find(epoch, 0)?;
        let mut session = epoch.session()?;
        for number in 0..EACH {
            sign(session.as_mut(), &key, &number.to_be_bytes())?;
        }
        exam.make(epoch, 1, Algorithm::P256)?;
        Ok(format!("{EACH} signatures with the key of the first process, and a key made"))
    })?
}
