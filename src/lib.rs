#![doc = include_str!("../docs/architecture.md")]

// What the tests of the library share with the tests at large names it from outside.
#[cfg(all(test, feature = "service"))]
extern crate self as chancery;

#[cfg(feature = "service")]
pub mod api;
pub mod audit;
pub mod channel;
#[cfg(feature = "service")]
pub mod cli;
pub mod clock;
#[cfg(feature = "service")]
pub mod config;
#[cfg(feature = "service")]
pub mod fabric;
pub mod folder;
#[cfg(feature = "service")]
pub mod hsm;
#[cfg(feature = "service")]
pub mod http;
pub mod id;
pub mod msp;
#[cfg(feature = "service")]
pub mod orderer;
pub mod pki;
pub mod policy;
pub mod secret;
#[cfg(feature = "service")]
pub mod server;
#[cfg(feature = "service")]
pub mod service;
#[cfg(feature = "service")]
pub mod signer;
#[cfg(feature = "service")]
pub mod store;
#[cfg(feature = "service")]
pub mod telemetry;
#[cfg(feature = "service")]
pub mod tls;
pub mod wire;
