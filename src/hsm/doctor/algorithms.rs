//! Which kinds of issuer keys the token has, and how fast it signs.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use cryptoki::mechanism::MechanismType;

use super::exam::{Exam, fault_text, sign};
use super::finding::{Conclusion, bad, fair, good};
use crate::hsm::digest::sha256;
use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::{Algorithm, Binding};
use crate::hsm::pkcs11::epoch::OpenEpoch;
use crate::hsm::token::Epoch as _;
use crate::pki::signature;

/// Makes a key pair, signs, verifies.
pub(super) fn algorithm(exam: &Exam<'_>, algorithm: Algorithm) -> Result<Conclusion, Fault> {
    let (make, use_) = match algorithm {
        Algorithm::Rsa { .. } => (MechanismType::RSA_PKCS_KEY_PAIR_GEN, MechanismType::RSA_PKCS),
        Algorithm::Ed25519 => (MechanismType::ECC_EDWARDS_KEY_PAIR_GEN, MechanismType::EDDSA),
        Algorithm::P256 | Algorithm::P384 | Algorithm::HmacSha256 => {
            (MechanismType::ECC_KEY_PAIR_GEN, MechanismType::ECDSA)
        }
    };
    exam.epoch(|epoch| {
        let mut listed = true;
        for kind in [make, use_] {
            let info = exam.call(format!("C_GetMechanismInfo of {kind}"), || {
                exam.library().get_mechanism_info(epoch.slot, kind)
            });
            listed &= info.is_ok();
        }
        let (key, made) = match exam.make(epoch, 0, algorithm) {
            Ok(made) => made,
            // A module that lists the mechanism and fails to make a key does not have it either.
            Err(fault)
                if matches!(fault.class, Class::Request | Class::Device | Class::Session) =>
            {
                let why = fault_text(&fault);
                return Ok(fair("none", if listed { why } else { "not offered".to_owned() }));
            }
            Err(fault) => return Err(fault),
        };
        let mut session = epoch.session()?;
        let signed = exam.step("sign, and verify with another library", || {
            sign(session.as_mut(), &key, b"a certificate")
        });
        let level = made.custody.level();
        exam.note("what is proven about the key", level.to_string());
        Ok(match signed {
            Ok(_) => good("works", format!("signatures verify, custody {level}")),
            Err(fault) if fault.class == Class::Device => bad("wrong", fault_text(&fault)),
            Err(fault) => fair("none", fault_text(&fault)),
        })
    })
}

/// Signs as fast as it goes with 1, 2, 4 and 8 sessions, and verifies as fast as it goes.
pub(super) fn speed(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    let lasting = Duration::from_secs(if exam.order.slow { 5 } else { 1 });
    exam.epoch(|epoch| {
        let (key, _) = exam.make(epoch, 0, Algorithm::P256)?;
        let mut rates = Vec::new();
        for sessions in [1, 2, 4, 8] {
            let what = format!("C_Sign for {} s with {sessions} sessions", lasting.as_secs());
            let rate = exam.step(what, || signing(epoch, &key, sessions, lasting));
            let Ok(rate) = rate else { continue };
            exam.figure(format!("sessions_{sessions}"), rate.round());
            rates.push((sessions, rate));
        }
        let verified = verifying(epoch, &key, lasting)?;
        exam.figure("verifications", verified.round());
        exam.note("verifications a second by one thread, for scale", format!("{verified:.0}"));
        let text: Vec<_> = rates.iter().map(|(n, rate)| format!("{rate:.0} with {n}")).collect();
        let Some((_, first)) = rates.first() else {
            return Ok(bad("none", "no signature was made"));
        };
        let best = rates.iter().fold(*first, |best, (_, rate)| best.max(*rate));
        // The fewest sessions that come close to the best rate.
        let enough = rates.iter().find(|(_, rate)| *rate >= 0.95 * best);
        let enough = enough.map_or(1, |(sessions, _)| *sessions);
        exam.figure("enough_sessions", f64::from(enough));
        let text = format!("{}; {verified:.0} verifications by one thread", text.join(", "));
        Ok(good("measured", text))
    })
}

/// Signatures a second.
fn signing(
    epoch: &OpenEpoch<'_>,
    key: &Binding,
    sessions: u32,
    lasting: Duration,
) -> Result<f64, Fault> {
    let ready = Barrier::new(usize::try_from(sessions).unwrap_or(1));
    let ready = &ready;
    thread::scope(|scope| {
        let work = move || {
            let opened = epoch.session().and_then(|mut session| {
                sign(session.as_mut(), key, b"warm")?;
                Ok(session)
            });
            // Who has no session must not keep the others waiting.
            ready.wait();
            let mut session = opened?;
            let (began, mut made) = (Instant::now(), 0_u32);
            while began.elapsed() < lasting {
                session.sign(key, &sha256(&made.to_be_bytes()))?;
                made += 1;
            }
            Ok(f64::from(made) / began.elapsed().as_secs_f64())
        };
        let threads: Vec<_> = (0..sessions).map(|_| scope.spawn(work)).collect();
        let ends = threads.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err(Fault::new(Class::Device, "sign", "a thread panicked")))
        });
        ends.sum()
    })
}

/// Verifications a second by one thread.
fn verifying(epoch: &OpenEpoch<'_>, key: &Binding, lasting: Duration) -> Result<f64, Fault> {
    let wrong = |why: String| Fault::new(Class::Device, "verify a signature", why);
    let raw = sign(epoch.session()?.as_mut(), key, b"verified")?;
    let public = key.public.as_ref().ok_or_else(|| wrong("no public key".to_owned()))?;
    let der = signature::ecdsa_der_low_s(public.algorithm(), &raw);
    let der = der.map_err(|why| wrong(why.to_string()))?;
    let digest = sha256(b"verified");
    let (began, mut made) = (Instant::now(), 0_u32);
    while began.elapsed() < lasting {
        signature::verify_digest(public, &digest, &der).map_err(|why| wrong(why.to_string()))?;
        made += 1;
    }
    Ok(f64::from(made) / began.elapsed().as_secs_f64())
}
