//! Chancery: a certificate authority and membership service for permissioned networks.

pub mod api;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod fabric;
pub mod hsm;
pub mod http;
pub mod id;
pub mod pki;
pub mod secret;
pub mod server;
pub mod service;
pub mod signer;
pub mod store;
pub mod telemetry;
pub mod tls;
