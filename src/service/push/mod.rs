//! What a CA says comes into the channels by itself: who is revoked, which issuers it has.
//!
//! For each organization of this server and each channel that carries its MSP, what the channel lacks is looked for, an
//! update is proposed that brings it, the organization's administrator signs it where the key is in the token, and it comes
//! into force: here, or at the channel's orderers. Each step is found again by what is on record, so that a process that
//! ends between any two of them is followed by one that goes on, and nothing is done twice.
//!
//! Invariant: no list leaves that nodes would pass over, that would make them refuse everybody, or that is older than the
//! one in place.

mod at_orderers;
mod lacking;
mod room;
mod round;
mod standing;
mod step;

pub use standing::Push;
