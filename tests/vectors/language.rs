//! Texts of policies.

use chancery::policy::language::{LanguageError, Written, print, read, read_legacy};
use chancery::policy::{ImplicitRuleError, parse_implicit, print_implicit, to_envelope};
use chancery::wire::Message as _;
use serde_json::Value;

use super::frame::{Judge, Tables, Told, octets};

fn compare(told: &mut Told, parser: &str, ours: Result<Written, LanguageError>, expected: &Value) {
    if let (Ok(written), true) = (&ours, expected["ok"] == true) {
        let envelope = to_envelope(written).encode_to_vec();
        told.same(parser, &envelope, &octets(&expected["envelope"]));
        let text = print(written).unwrap_or_default();
        told.same("printed", &read(&text).as_ref().ok(), &Some(written));
        told.same("printed, before", &read_legacy(&text).as_ref().ok(), &Some(written));
    }
    told.verdict(parser, ours.map(drop), |error| error.fault().word(), expected);
}

pub(super) fn policy_dsl(_: &Tables) -> Judge {
    Box::new(|case, told| {
        let text = case.text("policy");
        compare(told, "today", read(text), case.expect());
        let before = case.get("expect_legacy");
        let before = if before.is_null() { case.expect() } else { before };
        compare(told, "before", read_legacy(text), before);
    })
}

pub(super) fn implicit_meta_rule(_: &Tables) -> Judge {
    Box::new(|case, told| {
        let (rule, expected) = (case.text("rule"), case.expect());
        let ours = parse_implicit(rule);
        if let (Ok(policy), true) = (&ours, expected["ok"] == true) {
            told.same("policy", &policy.encode_to_vec(), &octets(&expected["policy"]));
            told.same("printed", &print_implicit(policy).as_deref(), &Some(rule));
        }
        told.verdict("rule", ours.map(drop), ImplicitRuleError::word, expected);
    })
}
