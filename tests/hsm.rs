//! The token, the signer and the service's side of it, on private tokens of `SoftHSM2`.
//!
//! Such a token is found by `SOFTHSM2_CONF` in the environment of the process that loads the
//! module: signers are processes of their own (this binary, run again), and tests that load the
//! module themselves run in a process of their own too.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "the helpers of tests fail by panicking, as tests do"
)]

#[path = "hsm/client.rs"]
mod client;
#[path = "hsm/doctor.rs"]
mod doctor;
#[path = "hsm/engine.rs"]
mod engine;
#[path = "hsm/faulty.rs"]
mod faulty;
#[path = "hsm/fixture.rs"]
mod fixture;
#[path = "hsm/keys.rs"]
mod keys;
#[path = "hsm/places.rs"]
mod places;
#[path = "hsm/process.rs"]
mod process;
#[path = "hsm/supervised.rs"]
mod supervised;
#[path = "hsm/tokens.rs"]
mod tokens;
