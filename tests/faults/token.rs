//! Every way in which a token can fail, under load. For each: the service stays up, every caller gets an
//! answer or 503 with `Retry-After` within the deadline, no wrong signature leaves, and issuing goes on by
//! itself.
//!
//! `CHANCERY_CAMPAIGN=long`: each fault lasts longer; `CHANCERY_BIN` names a release build.

use std::time::Duration;

use super::bench::Bench;
use super::is_long;
use super::member::Key;
use super::module::{Fault, Function, Module};
use crate::support::server::Server;

/// Return values by class: what PKCS#11 v3.1 names, with its number.
const RETURN_VALUES: &[(&str, u64)] = &[
    ("HOST_MEMORY", 0x2),
    ("SLOT_ID_INVALID", 0x3),
    ("GENERAL_ERROR", 0x5),
    ("FUNCTION_FAILED", 0x6),
    ("ARGUMENTS_BAD", 0x7),
    ("DATA_INVALID", 0x20),
    ("DATA_LEN_RANGE", 0x21),
    ("DEVICE_ERROR", 0x30),
    ("DEVICE_MEMORY", 0x31),
    ("DEVICE_REMOVED", 0x32),
    ("FUNCTION_CANCELED", 0x50),
    ("FUNCTION_NOT_SUPPORTED", 0x54),
    ("KEY_HANDLE_INVALID", 0x60),
    ("KEY_FUNCTION_NOT_PERMITTED", 0x68),
    ("MECHANISM_INVALID", 0x70),
    ("OBJECT_HANDLE_INVALID", 0x82),
    ("OPERATION_ACTIVE", 0x90),
    ("OPERATION_NOT_INITIALIZED", 0x91),
    ("PIN_INCORRECT", 0xa0),
    ("PIN_EXPIRED", 0xa3),
    ("PIN_LOCKED", 0xa4),
    ("SESSION_CLOSED", 0xb0),
    ("SESSION_COUNT", 0xb1),
    ("SESSION_HANDLE_INVALID", 0xb3),
    ("TOKEN_NOT_PRESENT", 0xe0),
    ("TOKEN_NOT_RECOGNIZED", 0xe1),
    ("USER_NOT_LOGGED_IN", 0x101),
    ("BUFFER_TOO_SMALL", 0x150),
    ("CRYPTOKI_NOT_INITIALIZED", 0x190),
    ("FUNCTION_REJECTED", 0x200),
    ("VENDOR_DEFINED + 1", 0x8000_0001),
    ("a number that means nothing", 0x7abc),
];

fn world(campaign: impl FnOnce(&Bench<'_>, &Module)) {
    let data = tempfile::tempdir().unwrap();
    let module = Module::build(data.path());
    let server = Server::spawn(module.dev(data.path()), data.path());
    let key = Key::new();
    Bench::run(&server, &key, |bench| campaign(bench, &module));
    assert!(server.stop().success(), "it is the same process, and its record is sound");
}

fn lasts() -> Duration {
    Duration::from_millis(if is_long() { 2000 } else { 150 })
}

#[test]
fn a_token_that_returns_errors_is_survived() {
    world(|bench, module| {
        let until_cleared = |name: &str, function, fault| {
            let seen =
                bench.suffer(|| module.fail(function, fault, None), lasts(), || module.clear());
            seen.tell(name);
        };
        for (name, value) in RETURN_VALUES {
            until_cleared(&format!("C_Sign: {name}"), Function::Sign, Fault::Return(*value));
            if is_long() {
                let fault = Fault::Return(*value);
                until_cleared(&format!("C_SignInit: {name}"), Function::SignInit, fault);
                until_cleared(&format!("every function: {name}"), Function::Any, fault);
            }
        }
        for (name, function, value) in [
            ("every function: DEVICE_REMOVED", Function::Any, 0x32),
            ("every function: CRYPTOKI_NOT_INITIALIZED", Function::Any, 0x190),
            ("C_SignInit: KEY_HANDLE_INVALID", Function::SignInit, 0x60),
            ("C_GetSessionInfo: SESSION_HANDLE_INVALID", Function::GetSessionInfo, 0xb3),
        ] {
            until_cleared(name, function, Fault::Return(value));
        }
        // Errors of what is called when an epoch opens and closes only show when one does.
        for (name, function, value) in [
            ("C_Initialize: GENERAL_ERROR", Function::Initialize, 0x5),
            ("C_GetTokenInfo: TOKEN_NOT_PRESENT", Function::GetTokenInfo, 0xe0),
            ("C_OpenSession: SESSION_COUNT", Function::OpenSession, 0xb1),
            ("C_Login: DEVICE_ERROR", Function::Login, 0x30),
            ("C_CloseSession: DEVICE_ERROR", Function::CloseSession, 0x30),
            ("C_Finalize: DEVICE_ERROR", Function::Finalize, 0x30),
        ] {
            let begin = || {
                module.fail(function, Fault::Return(value), None);
                module.fail(Function::Sign, Fault::Return(0x30), Some(1));
            };
            bench.suffer(begin, lasts(), || module.clear()).tell(name);
        }
        let key_is_gone = || {
            module.fail(Function::FindObjects, Fault::NothingFound, None);
            module.fail(Function::SignInit, Fault::Return(0x60), Some(4));
        };
        bench.suffer(key_is_gone, lasts(), || module.clear()).tell("the keys are not found");
        until_cleared(
            "C_Sign: signs and returns DEVICE_ERROR",
            Function::Sign,
            Fault::DoneButFailed(0x30),
        );
    });
}

#[test]
fn a_token_that_gives_wrong_signatures_gives_none() {
    world(|bench, module| {
        for (name, function, fault) in [
            ("a bit of the signature is flipped", Function::Sign, Fault::FlippedBit),
            ("another message is signed", Function::Sign, Fault::OtherMessage),
            ("another key signs", Function::SignInit, Fault::OtherKey),
            ("r is zero", Function::Sign, Fault::ZeroR),
            ("the signature is cut short", Function::Sign, Fault::CutShort),
        ] {
            let begin = || module.fail(function, fault, None);
            let end = || {
                bench.somebody_is_put_off();
                module.clear();
            };
            bench.suffer(begin, lasts(), end).tell(name);
        }
        // A high S is no fault: it is turned over before it leaves.
        let begin = || module.fail(Function::Sign, Fault::HighS, None);
        let seen = bench.suffer(begin, lasts(), || module.clear());
        assert_eq!(seen.put_off, 0, "a high S is right");
        seen.tell("S is high");
    });
}

#[test]
fn a_token_that_hangs_or_crashes_is_survived() {
    world(|bench, module| {
        let hang = |name: &str, function, lasts| {
            let begin = || module.fail(function, Fault::Hang, None);
            bench.suffer(begin, lasts, || module.clear()).tell(name);
        };
        hang("C_Sign hangs, less than its limit", Function::Sign, Duration::from_millis(800));
        hang("C_Sign hangs, longer than its limit", Function::Sign, Duration::from_secs(4));
        hang("every function hangs for seven seconds", Function::Any, Duration::from_secs(7));
        // The fault is over when it has happened: what it leaves behind is the service's to mend.
        let once = |name: &str, function, fault, times| {
            let begin = || module.fail(function, fault, Some(times));
            bench.suffer(begin, Duration::ZERO, || module.is_met(function)).tell(name);
        };
        once("one C_Sign never returns", Function::Sign, Fault::HangForEver, 1);
        once("one C_SignInit never returns", Function::SignInit, Fault::HangForEver, 1);
        // What opens and closes an epoch hangs when one does.
        for (name, function) in [
            ("one C_Initialize never returns", Function::Initialize),
            ("one C_Login never returns", Function::Login),
            ("one C_OpenSession never returns", Function::OpenSession),
            ("one C_Finalize never returns", Function::Finalize),
        ] {
            let begin = || {
                module.fail(function, Fault::HangForEver, Some(1));
                module.fail(Function::Sign, Fault::Return(0x30), Some(1));
            };
            bench.suffer(begin, Duration::ZERO, || module.is_met(function)).tell(name);
        }
        once("C_Sign dies of SIGSEGV", Function::Sign, Fault::Crash, 1);
        once("C_Sign dies of SIGSEGV three times", Function::Sign, Fault::Crash, 3);
        let crash = || module.fail(Function::Initialize, Fault::Crash, None);
        let begin = || {
            crash();
            module.fail(Function::Sign, Fault::Crash, Some(1));
        };
        let lasts = Duration::from_secs(if is_long() { 20 } else { 4 });
        let seen = bench.suffer(begin, lasts, || module.clear());
        seen.tell("the module crashes at every start, for seconds");
    });
}
