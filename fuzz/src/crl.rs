//! Revocation lists.

use chancery::pki::{Crl, CrlEntries, Reason, Revoked, draft_crl, lint_crl};

use super::material::{issuer, now};
use super::tlv;

pub fn law(octets: &[u8]) {
    let Ok(crl) = Crl::from_der(octets) else { return };
    assert_eq!(crl.der(), octets, "a list keeps its octets");
    assert_eq!(Crl::from_pem(&crl.to_pem()).as_ref(), Ok(&crl));
    let parts = tlv::children(octets).unwrap();
    assert_eq!(tlv::wrap(0x30, &parts), octets, "its parts make it whole again");
    let entries: Vec<Revoked> = crl.entries().collect();
    assert_eq!((entries.len(), entries.is_empty()), (crl.len(), crl.is_empty()));
    if let Some(first) = entries.first() {
        assert_eq!(crl.find(&first.serial).as_ref(), Some(first));
    }
    let (key, issuer) = issuer();
    let _ = (lint_crl(crl.head(), issuer), crl.verify_signed_by(issuer.public_key()));

    // Its entries in a list of ours are the same entries, but that ours say of none that it is to be
    // taken off another list.
    if entries.len() <= 64 {
        let written = CrlEntries::write(entries.iter().cloned(), true).unwrap();
        let draft = draft_crl(issuer, &written, crl.number(), now(), now().plus(3600)).unwrap();
        let signature = key.sign(draft.to_be_signed());
        let ours = draft.seal(&signature).expect("what was drafted can be sealed");
        let as_ours = entries.into_iter().map(|mut entry| {
            if entry.reason == Reason::RemoveFromCrl {
                entry.reason = Reason::Unspecified;
            }
            entry
        });
        assert!(ours.entries().eq(as_ours));
        assert_eq!(ours.number(), crl.number());
    }
}
