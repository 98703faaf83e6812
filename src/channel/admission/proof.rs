//! Who applies: an administrator of the organization itself, by the MSP that it submits.

use crate::clock::Timestamp;
use crate::msp::{Identity, Msp};
use crate::policy::{Named, Role, role_principal};
use crate::wire::{SignatureHeader, decode};

/// What is signed after the header to take back the application with this digest.
pub fn withdrawal_of(digest: &[u8; 32]) -> Vec<u8> {
    [b"withdraw application ", digest.as_slice()].concat()
}

/// Whoever signed `header || message`: a valid administrator of the MSP, whose certificate is not over.
///
/// # Errors
/// Why it is none, in words.
pub fn applicant(
    msp: &Msp,
    header: &[u8],
    message: &[u8],
    signature: &[u8],
    now: Timestamp,
) -> Result<Identity, String> {
    let read: SignatureHeader =
        decode(header).map_err(|why| format!("`header` is no SignatureHeader: {why}"))?;
    let who = msp.identity(&read.creator).and_then(|who| who.validate().map(|()| who)).map_err(
        |why| format!("the signer is no valid member of the MSP that is submitted: {why}"),
    )?;
    let administrator = Named { msp_id: msp.id().to_owned(), role: Role::Admin };
    who.satisfies(&role_principal(&administrator)).map_err(|why| {
        format!("the signer is no administrator of the MSP that is submitted: {why}")
    })?;
    if who.not_after() < now.unix() {
        return Err("the signer's certificate is over".to_owned());
    }
    who.verify(&[header, message].concat(), signature)
        .map_err(|why| format!("`signature`: {why}"))?;
    Ok(who)
}
