//! Login: once, shared, lasting, and what is seen without it.

use cryptoki::mechanism::MechanismType;
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::slot::Limit;

use super::exam::Exam;
use super::facts::TokenFacts;
use super::finding::{Conclusion, bad, fair, good};
use super::wire::Event;
use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::Algorithm;
use crate::hsm::pkcs11::epoch::is_logged_in;
use crate::hsm::token::Device as _;

/// Logs in for the first time. Everything that fails here ends the examination.
pub(super) fn token(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    let before = sockets();
    exam.epoch(|epoch| {
        let sockets = sockets().saturating_sub(before);
        let library = exam.library();
        let refused = Fault::at("ask what the module is");
        let info = exam.call("C_GetInfo", || library.get_library_info()).map_err(&refused)?;
        let slot = exam.call("C_GetSlotInfo", || library.get_slot_info(epoch.slot));
        let slot = slot.map_err(&refused)?;
        let hardware = |kind: MechanismType| {
            let info = exam.call(format!("C_GetMechanismInfo of {kind}"), || {
                library.get_mechanism_info(epoch.slot, kind)
            });
            info.is_ok_and(|info| info.hardware())
        };
        let session = epoch.open_session(false)?;
        let objects = session.find_objects(&[]).map_err(Fault::at("list the objects"))?.len();
        let token = &epoch.info;
        let facts = TokenFacts {
            module: exam.device.describe(),
            library_manufacturer: info.manufacturer_id().trim().to_owned(),
            library_description: info.library_description().trim().to_owned(),
            library_version: info.library_version().to_string(),
            cryptoki_version: info.cryptoki_version().to_string(),
            label: token.label().to_owned(),
            serial: token.serial_number().to_owned(),
            manufacturer: token.manufacturer_id().trim().to_owned(),
            model: token.model().trim().to_owned(),
            hardware_version: token.hardware_version().to_string(),
            firmware_version: token.firmware_version().to_string(),
            max_sessions: match token.max_session_count() {
                Limit::Max(limit) => Some(limit),
                Limit::Unavailable | Limit::Infinite => None,
            },
            hardware_slot: slot.hardware_slot(),
            hardware_ecdsa: hardware(MechanismType::ECDSA),
            hardware_key_generation: hardware(MechanismType::ECC_KEY_PAIR_GEN),
            protected_authentication_path: token.protected_authentication_path(),
            sockets,
            objects: u64::try_from(objects).unwrap_or(u64::MAX),
        };
        exam.note("C_Login", "CKR_OK");
        exam.note("CKF_HW_SLOT", facts.hardware_slot.to_string());
        exam.note("CKF_HW of CKM_ECDSA", facts.hardware_ecdsa.to_string());
        exam.note("CKF_HW of CKM_EC_KEY_PAIR_GEN", facts.hardware_key_generation.to_string());
        exam.note("sockets opened by the module", sockets.to_string());
        exam.tell(&Event::Facts(Box::new(facts)));
        Ok(good("logged-in", "the PIN was accepted"))
    })
}

/// Sockets that this process has open.
pub(super) fn sockets() -> u64 {
    let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let links = entries.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let sockets = links.filter(|link| link.to_string_lossy().starts_with("socket:"));
    u64::try_from(sockets.count()).unwrap_or(u64::MAX)
}

/// Logs one session in and asks another for its state.
pub(super) fn shared(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    exam.device.with_module(|slot, info| {
        let open = |what: &str| {
            let opened = exam.call(what, || exam.library().open_ro_session(slot));
            opened.map_err(Fault::at("open a session"))
        };
        let (before, first) = (open("C_OpenSession, before the login")?, open("C_OpenSession")?);
        exam.step("C_Login with the second", || exam.device.log_in(&first, info))?;
        let after = open("C_OpenSession, after the login")?;
        let states = [is_logged_in(&before)?, is_logged_in(&after)?];
        exam.note("C_GetSessionInfo of the one opened before", state(states[0]));
        exam.note("C_GetSessionInfo of the one opened after", state(states[1]));
        Ok(match states {
            [true, true] => good("shared", "one login serves all sessions of the process"),
            [false, false] => bad("separate", "each session needs a login of its own"),
            _ => bad("partly", "only some sessions share the login"),
        })
    })
}

fn state(logged_in: bool) -> &'static str {
    if logged_in { "logged in" } else { "public" }
}

/// Closes the session that logged in while another stays open.
pub(super) fn lasting(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    exam.device.with_module(|slot, info| {
        let open = || exam.library().open_ro_session(slot).map_err(Fault::at("open a session"));
        let (first, other) = (open()?, open()?);
        exam.step("C_Login with the first of two sessions", || exam.device.log_in(&first, info))?;
        exam.call("C_CloseSession of the first", || first.close())
            .map_err(Fault::at("close a session"))?;
        let lasts = is_logged_in(&other)?;
        exam.note("C_GetSessionInfo of the other", state(lasts));
        exam.call("C_CloseSession of the other, the last one", || other.close())
            .map_err(Fault::at("close a session"))?;
        let stays = is_logged_in(&open()?)?;
        exam.note("C_GetSessionInfo of a new one", state(stays));
        Ok(match (lasts, stays) {
            (true, false) => good("until-last-session", "it ends with the last session"),
            (true, true) => fair("until-finalize", "it outlives every session of the process"),
            (false, _) => fair("until-its-session", "it ends with the session that logged in"),
        })
    })
}

/// Logs out and looks for a private key.
pub(super) fn public(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    exam.epoch(|epoch| {
        exam.make(epoch, 0, Algorithm::P256)?;
        let session = epoch.open_session(false)?;
        let find = |what: &str, class: ObjectClass| {
            let template = [Attribute::Class(class), Attribute::Id(exam.id(0))];
            let found = session.find_objects(&template).map_err(Fault::at("find a key"))?;
            exam.note(format!("C_FindObjects of {what}"), found.len().to_string());
            Ok::<_, Fault>(found.len())
        };
        let seen = find("the private key, logged in", ObjectClass::PRIVATE_KEY)?;
        exam.call("C_Logout", || session.logout()).map_err(Fault::at("log out"))?;
        let private = find("the private key, logged out", ObjectClass::PRIVATE_KEY)?;
        let public = find("the public key, logged out", ObjectClass::PUBLIC_KEY)?;
        exam.figure("public_keys_seen", if public > 0 { 1.0 } else { 0.0 });
        if seen == 0 {
            return Err(Fault::new(Class::Alarm, "find a key", "not even seen after login"));
        }
        Ok(match private {
            0 => good("hidden", "private keys are seen after login only"),
            _ => bad("seen", "private keys are seen without login"),
        })
    })
}

/// Whether the token holds what it held before.
pub(super) fn left(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    exam.device.with_epoch(|epoch| {
        let destroyed = exam.clean_up(epoch)?;
        exam.note("C_DestroyObject of what probes left behind", destroyed.to_string());
        let rest = exam.clean_up(epoch)?;
        let session = epoch.open_session(false)?;
        let objects = session.find_objects(&[]).map_err(Fault::at("list the objects"))?.len();
        let objects = u64::try_from(objects).unwrap_or(u64::MAX);
        exam.note("objects before", exam.order.objects.to_string());
        exam.note("objects now", objects.to_string());
        let before = exam.order.objects;
        Ok(if rest > 0 {
            let label = &exam.order.label;
            bad("not-left", format!("objects labelled `{label}` cannot be destroyed"))
        } else if objects == before {
            good("as-found", "nothing is left of what the doctor made")
        } else {
            let why =
                format!("{before} objects before, {objects} now; none has the doctor's label");
            fair("changed", why)
        })
    })?
}
