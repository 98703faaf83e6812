//! Certificates as Go's `crypto/x509` sees them, whose judgment is part of Fabric's verdicts.
//!
//! Not for what we issue: `pki` is strict. Here is what Fabric's nodes take and refuse, and how they build
//! chains: nothing more lenient, nothing less.

pub(in crate::msp) mod algorithm;
mod chain;
mod constraints;
pub(in crate::msp) mod der;
mod extensions;
mod hosts;
pub(in crate::msp) mod key;
pub(in crate::msp) mod lax;
mod parsed;
mod policies;
mod text;
mod time;

pub(in crate::msp) use chain::{Path, Pool, alone, unique_chain, ways_from};
pub(in crate::msp) use parsed::Certificate;
pub(in crate::msp) use text::is_value;
