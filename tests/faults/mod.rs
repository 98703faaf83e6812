//! Campaigns of faults: processes are killed, disks fill up, tokens fail in every way that PKCS#11
//! has a name for. What was answered stays true, and the service goes on by itself.
//!
//! `cargo test` runs each campaign in a short form. The long ones: `docs/campaigns.md`.

mod book;
mod crash;
mod disk;
pub(crate) mod http;
mod load;
pub(crate) mod member;
mod module;
mod p11kit;
mod pin;
mod power;
mod race;
mod signer;
mod token;
mod trace;

/// A number that a long campaign sets by the environment; the short form has its own.
fn number(name: &str, short: usize) -> usize {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}: `{text}` is no number")),
        Err(_) => short,
    }
}

/// Whether the long form was asked for.
fn is_long() -> bool {
    std::env::var("CHANCERY_CAMPAIGN").is_ok_and(|text| text == "long")
}
