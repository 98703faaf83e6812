//! `chancery hsm doctor` on real tokens: what it finds, and that it leaves nothing behind.

use std::process::{Command, Output};

use serde_json::Value;

use crate::fixture::{Home, MODULE};
use crate::places::{Place, installed};

fn doctor(place: &Place) -> Command {
    let mut command = place.chancery();
    command.args(["hsm", "doctor", "--json", "--token", &place.token, "--module"]);
    command.arg(&place.module).arg("--pin-file").arg(place.home.path("pin"));
    command
}

fn report(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{error}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn outcome<'a>(report: &'a Value, probe: &str) -> &'a str {
    finding(report, probe)["outcome"].as_str().unwrap()
}

fn finding<'a>(report: &'a Value, probe: &str) -> &'a Value {
    let probes = report["probes"].as_array().unwrap();
    probes.iter().find(|finding| finding["probe"] == probe).unwrap_or_else(|| panic!("no {probe}"))
}

/// What must be so on every token that Chancery serves.
fn is_served(report: &Value) {
    for (probe, outcomes) in [
        ("token", &["logged-in"][..]),
        ("locking", &["accepted"]),
        ("threads", &["safe"]),
        ("algorithm-p256", &["works"]),
        ("custody", &["generated", "guarded"]),
        ("hmac", &["works"]),
        ("high-s", &["sometimes", "never"]),
        ("left-as-found", &["as-found"]),
        ("read-value", &["refused"]),
    ] {
        let found = finding(report, probe);
        let outcome = found["outcome"].as_str().unwrap();
        assert!(outcomes.contains(&outcome), "{found:#}");
        assert!(!found["evidence"].as_array().unwrap().is_empty(), "{probe} has no evidence");
    }
}

#[test]
fn a_token_is_examined_and_left_as_it_was() {
    let place = Place::softhsm2();
    let home = &place.home;
    home.pkcs11_tool(&["--keypairgen", "--key-type", "EC:prime256v1", "--label", "theirs"]);
    let before = home.pkcs11_tool(&["--list-objects"]);
    let report = report(&doctor(&place).output().unwrap());
    assert_eq!(home.pkcs11_tool(&["--list-objects"]), before);
    is_served(&report);
    for (probe, expected) in [
        ("shared-login", "shared"),
        ("lasting-login", "until-last-session"),
        ("public-session", "hidden"),
        ("processes", "independent"),
        ("template", "taken"),
        ("set-extractable", "refused"),
        ("set-insensitive", "refused"),
        ("wrap-out", "refused"),
        ("duplicate-id", "accepted"),
        ("handle-reuse", "another-key"),
        ("ec-point", "der"),
        ("algorithm-p384", "works"),
        ("lost-connection", "not-applicable"),
    ] {
        assert_eq!(outcome(&report, probe), expected, "{:#}", finding(&report, probe));
    }
    let limit = finding(&report, "session-limit");
    assert_eq!(limit["figures"]["sessions"], 256.0);
    assert!(finding(&report, "speed")["figures"]["sessions_8"].as_f64().unwrap() > 0.0);
    // Software that keeps its keys in files is for tests, whatever it refuses.
    assert_eq!(report["verdict"]["level"], "test-only");
    let settings = report["settings"]["toml"].as_str().unwrap();
    assert!(settings.contains("[signer]\n") && settings.contains("token = \"t\""), "{settings}");
}

#[test]
fn a_wrong_pin_is_tried_once() {
    // OpenSC's module that writes down every call before it passes it on.
    let Some(spy) = installed("OpenSC's spy", "pkcs11/pkcs11-spy.so") else { return };
    let place = Place { module: spy, ..Place::softhsm2() };
    std::fs::write(place.home.path("pin"), "9999").unwrap();
    let log = place.home.path("spy.log");
    let mut command = doctor(&place);
    command.env("PKCS11SPY", MODULE).env("PKCS11SPY_OUTPUT", &log);
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("refused the PIN") && told.contains("CKR_PIN_INCORRECT"), "{told}");
    assert!(output.stdout.is_empty());
    let calls = std::fs::read_to_string(log).unwrap();
    assert_eq!(calls.lines().filter(|line| line.ends_with(": C_Login")).count(), 1, "{calls}");
}

#[test]
fn a_token_that_is_not_there_is_told_with_those_that_are() {
    let place = Place { token: "other".into(), ..Place::softhsm2() };
    let output = doctor(&place).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("there is no token `other`; tokens seen: `t`"), "{told}");
}

#[test]
fn a_relative_module_is_a_usage_error() {
    let home = Home::new(&[]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_chancery"));
    command.args(["hsm", "doctor", "--module", "libsofthsm2.so", "--token", "t", "--pin-file"]);
    let output = command.arg(home.path("pin")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_lost_connection_is_mended() {
    let Some(place) = Place::p11_kit() else { return };
    let mut command = doctor(&place);
    command
        .arg("--lost-connection-command")
        .arg(format!("sh {}", place.restart_script().display()));
    let output = command.output().unwrap();
    place.end_restarted();
    let report = report(&output);
    is_served(&report);
    assert_eq!(outcome(&report, "custody"), "generated");
    let lost = finding(&report, "lost-connection");
    assert!(
        ["re-initialise", "new-process"].contains(&lost["outcome"].as_str().unwrap()),
        "{lost:#}"
    );
    // Software, but in another process.
    assert_eq!(report["verdict"]["claims"][7]["holds"], true, "{:#}", report["verdict"]);
}

#[test]
fn nss_softokn_is_examined() {
    let Some(place) = Place::nss() else { return };
    let report = report(&doctor(&place).output().unwrap());
    is_served(&report);
    // What NSS 3.87 does: `CKA_COPYABLE` has no column, `CKA_LOCAL` is not kept, keys can be wrapped out.
    assert_eq!(outcome(&report, "template"), "reduced");
    assert_eq!(outcome(&report, "custody"), "guarded");
    assert_eq!(report["verdict"]["level"], "test-only");
    assert!(report["settings"]["toml"].as_str().unwrap().contains("custody = \"guarded\""));
}

#[test]
fn kryoptic_is_examined() {
    let Some(place) = Place::kryoptic() else { return };
    is_served(&report(&doctor(&place).output().unwrap()));
}

#[test]
fn the_text_is_for_people() {
    let place = Place::softhsm2();
    let mut command = place.chancery();
    command.args(["hsm", "doctor", "--token", &place.token, "--module", MODULE, "--pin-file"]);
    let output = command.arg(place.home.path("pin")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    for line in ["verdict: test-only", "wrap out", "workers", "    [signer]"] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
}
