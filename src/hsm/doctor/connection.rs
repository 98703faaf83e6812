//! What happens when the connection to the token is lost.

use super::exam::{Exam, fault_text, sign};
use super::finding::{Conclusion, bad, fair, good, unknown};
use super::login::sockets;
use super::wire::{Favour, Reply};
use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::Algorithm;
use crate::hsm::token::Epoch as _;

/// Has the connection cut and mended, then signs with what there was; with a new session; after
/// re-initialising; in a new process.
pub(super) fn lost(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    let before = sockets();
    let mut end = None;
    let closed = exam.device.with_epoch(|epoch| {
        let connected = sockets() > before;
        let (key, _) = exam.make(epoch, 0, Algorithm::P256)?;
        let mut session = epoch.session()?;
        exam.step("sign", || sign(session.as_mut(), &key, b"before"))?;
        match exam.ask(Favour::LoseConnection)? {
            Reply::Done(told) => exam.note("cut the connection and mend it", told),
            Reply::Failed(why) => {
                end = Some(unknown("not-tried", format!("the command failed: {why}")));
                return Ok(());
            }
            Reply::Unable if connected => {
                let how = "the module is connected to something; give --lost-connection-command";
                end = Some(unknown("not-tried", how));
                return Ok(());
            }
            Reply::Unable => {
                exam.note("sockets opened by the module", "none");
                end = Some(good("not-applicable", "the module opened no connection"));
                return Ok(());
            }
        }
        if exam
            .step("sign with the same session", || sign(session.as_mut(), &key, b"after"))
            .is_ok()
        {
            end = Some(good("survives", "the same session goes on signing"));
            return Ok(());
        }
        drop(session);
        let fresh = exam
            .step("sign with a new session", || sign(epoch.session()?.as_mut(), &key, b"after"));
        if fresh.is_ok() {
            end = Some(good("new-session", "a new session signs again"));
        }
        Ok::<_, Fault>(())
    });
    exam.note("C_Finalize", closed.as_ref().map_or_else(fault_text, |_| "CKR_OK".to_owned()));
    if let Ok(Err(fault)) = closed {
        clean(exam);
        return Err(fault);
    }
    if let Some(end) = end {
        clean(exam);
        return Ok(end);
    }
    let renewed = exam.step("C_Initialize again, log in, sign", || {
        exam.device.with_epoch(|epoch| {
            let key = exam.find(epoch, 0)?;
            sign(epoch.session()?.as_mut(), &key, b"after").map(|_| ())
        })?
    });
    if renewed.is_ok() {
        clean(exam);
        return Ok(good("re-initialise", "signs again after C_Finalize and C_Initialize"));
    }
    match exam.ask(Favour::NewProcess)? {
        Reply::Done(told) => {
            exam.note("a new process logs in and signs", told);
            Ok(fair(
                "new-process",
                "signs again in a new process; Chancery starts its signer again",
            ))
        }
        Reply::Failed(told) => {
            exam.note("a new process logs in and signs", told);
            Ok(bad("lost", "not even a new process reaches the token"))
        }
        Reply::Unable => Err(Fault::new(Class::Request, "ask the doctor", "no new process")),
    }
}

/// What is left here, the doctor takes away in the end.
fn clean(exam: &Exam<'_>) {
    let cleaned = exam.step("C_DestroyObject of what the probe made", || {
        exam.device.with_epoch(|epoch| exam.clean_up(epoch))?.map(|_| ())
    });
    drop(cleaned);
}

/// The new process.
pub(super) fn after(exam: &Exam<'_>) -> Result<String, Fault> {
    exam.epoch(|epoch| {
        let key = exam.find(epoch, 0)?;
        sign(epoch.session()?.as_mut(), &key, b"after")?;
        Ok("done".to_owned())
    })
}
