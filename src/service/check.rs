//! `chancery ca check`: everything that is stored is verified again.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::clock::Timestamp;
use crate::id::{CaName, KeyId};
use crate::pki::{Certificate, Crl};
use crate::service::error::Error;
use crate::service::issuer::{Issuer, MAX_CHAIN};
use crate::store::{
    CertificateFilter, CertificateRow, JournalFilter, JournalKind, JournalRow, JournalState, Reader,
};

/// Rows that are read at once.
const PAGE: u32 = 1000;

/// What was looked at, and what is wrong.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Issuers whose certificates were verified.
    pub issuers: u64,
    /// Certificates whose signature, serial number, validity and journal row were verified.
    pub certificates: u64,
    /// Of these, revoked.
    pub revoked: u64,
    /// Journal rows.
    pub journal: u64,
    /// Of these, abandoned.
    pub abandoned: u64,
    /// Published revocation lists that were verified.
    pub crls: u64,
    /// Signatures of the signer's ledger that were found in the journal.
    pub signatures: u64,
    /// Of these, made of octets that had been signed before: the first one was lost on its way, or the
    /// same revocation list was drafted again after a crash.
    pub repeated: u64,
    /// Lines of the ledger that a crash cut short; their signatures were not handed out.
    pub cut_short: u64,
    /// What is wrong, a sentence each.
    pub faults: Vec<String>,
}

/// One signature that the signer says it made with an issuer key.
#[derive(Debug, Clone)]
pub struct LedgerLine {
    /// SHA-256 of the key's SubjectPublicKeyInfo.
    pub key: [u8; 32],
    /// SHA-256 of the signed octets.
    pub digest: [u8; 32],
}

/// Verifies every stored certificate, serial number, chain, revocation and journal row of `cas`, and that
/// every signature of the signer's ledger has its journal row (I2).
///
/// # Errors
/// Of the store. What is wrong with the content is in the report.
pub async fn check(
    reader: &Reader,
    cas: &[CaName],
    ledger: Option<&[LedgerLine]>,
) -> Result<Report, Error> {
    let mut report = Report::default();
    let mut digests = BTreeSet::new();
    for ca in cas {
        let issuers = check_issuers(reader, ca, &mut report).await?;
        let journal = read_journal(reader, ca, &mut report, &mut digests).await?;
        check_certificates(reader, ca, &issuers, &journal, &mut report).await?;
        for issuer in issuers.values() {
            check_crl(reader, ca, issuer, &mut report).await?;
        }
    }
    check_ledger(ledger.unwrap_or_default(), &digests, &mut report);
    Ok(report)
}

/// Key and digest of what the journal holds.
type Digests = BTreeSet<([u8; 32], [u8; 32])>;

/// Every signature stands for a journal row. One row may have two: when a signer dies before its answer
/// is read, the same octets are signed again, and what they say is on record all the same.
fn check_ledger(ledger: &[LedgerLine], digests: &Digests, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for line in ledger {
        if !digests.contains(&(line.key, line.digest)) {
            report.faults.push(format!(
                "key {} signed {} which is not in the journal",
                hex::encode(line.key),
                hex::encode(line.digest)
            ));
            continue;
        }
        report.signatures += 1;
        report.repeated += u64::from(!seen.insert((line.key, line.digest)));
    }
}

async fn check_issuers(
    reader: &Reader,
    ca: &CaName,
    report: &mut Report,
) -> Result<BTreeMap<KeyId, Issuer>, Error> {
    let mut issuers = BTreeMap::new();
    let mut active = 0;
    for row in reader.issuers(ca).await? {
        report.issuers += 1;
        active += usize::from(row.active);
        let mut fault =
            |why: String| report.faults.push(format!("{ca} issuer {}: {why}", row.key_id));
        let parsed = Certificate::from_der(&row.certificate).map_err(|e| e.to_string());
        let above = if row.chain_pem.is_empty() {
            Ok(Vec::new())
        } else {
            Certificate::chain_from_pem(&row.chain_pem, MAX_CHAIN).map_err(|e| e.to_string())
        };
        let (certificate, above) = match (parsed, above) {
            (Ok(certificate), Ok(above)) => (certificate, above),
            (Err(why), _) | (_, Err(why)) => {
                fault(why);
                continue;
            }
        };
        if certificate.public_key().spki_hash() != row.spki_hash {
            fault("the certificate is for another key".to_owned());
        }
        let by = above.first().unwrap_or(&certificate);
        if certificate.verify_signed_by(by.public_key()).is_err() {
            fault("the certificate is not signed by the one above it".to_owned());
        }
        match Issuer::new(certificate, above) {
            Ok(issuer) => {
                issuers.insert(row.key_id.clone(), issuer);
            }
            Err(error) => fault(error.to_string()),
        }
    }
    if active != 1 {
        report.faults.push(format!("{ca} has {active} active issuers instead of one"));
    }
    Ok(issuers)
}

/// The sealed certificates of the journal: issuer, serial, and the digest that was signed.
type Journal = BTreeMap<(KeyId, String), [u8; 32]>;

async fn read_journal(
    reader: &Reader,
    ca: &CaName,
    report: &mut Report,
    digests: &mut Digests,
) -> Result<Journal, Error> {
    let mut sealed = Journal::new();
    let filter = JournalFilter { ca: Some(ca.clone()), ..JournalFilter::default() };
    let mut after = None;
    loop {
        let page = reader.journal(&filter, after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(sealed) };
        after = Some(last.cursor());
        for row in page {
            report.journal += 1;
            digests.insert((row.intent.key, row.intent.digest));
            match row.state {
                JournalState::Open => report.faults.push(format!(
                    "{ca} journal {}: still open; the next start settles it",
                    row.name
                )),
                JournalState::Abandoned => report.abandoned += 1,
                JournalState::Sealed => note_sealed(row, &mut sealed),
            }
        }
    }
}

fn note_sealed(row: JournalRow, sealed: &mut Journal) {
    if row.kind == JournalKind::Certificate {
        sealed.insert((row.issuer, row.name), row.intent.digest);
    }
}

async fn check_certificates(
    reader: &Reader,
    ca: &CaName,
    issuers: &BTreeMap<KeyId, Issuer>,
    journal: &Journal,
    report: &mut Report,
) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    let mut after = None;
    loop {
        let page =
            reader.certificates(ca, &CertificateFilter::default(), after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.cursor());
        for row in page {
            report.certificates += 1;
            report.revoked += u64::from(row.revoked_at.is_some());
            let who = format!("{ca} certificate {}", row.serial);
            if !seen.insert((row.issuer.clone(), row.serial.clone())) {
                report.faults.push(format!("{who}: the serial number is there twice"));
            }
            let faults = certificate_faults(&row, issuers, journal);
            report.faults.extend(faults.into_iter().map(|fault| format!("{who}: {fault}")));
        }
    }
}

fn certificate_faults(
    row: &CertificateRow,
    issuers: &BTreeMap<KeyId, Issuer>,
    journal: &Journal,
) -> Vec<String> {
    let certificate = match Certificate::from_der(&row.der) {
        Ok(certificate) => certificate,
        Err(error) => return vec![error.to_string()],
    };
    let Some(issuer) = issuers.get(&row.issuer) else {
        return vec![format!("issuer {} is not one of this CA", row.issuer)];
    };
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate.tbs().der());
    let journalled = journal.get(&(row.issuer.clone(), row.serial.to_string()));
    let by = issuer.certificate();
    let wrong = [
        (*certificate.serial() != row.serial, "the serial number is not that of the row"),
        (certificate.verify_signed_by(by.public_key()).is_err(), "the signature does not verify"),
        (certificate.issuer_der() != by.subject_der(), "the issuer's name is another"),
        (certificate.not_before() < by.not_before(), "it begins before its issuer"),
        (certificate.not_after() > by.not_after(), "it ends after its issuer"),
        (
            certificate.not_before() != row.not_before || certificate.not_after() != row.not_after,
            "the validity is not that of the row",
        ),
        (journalled.is_none(), "there is no sealed journal row"),
        (
            journalled.is_some_and(|journalled| journalled[..] != *digest.as_ref()),
            "the journal has another digest",
        ),
        (
            row.revoked_at.is_some() != row.reason_code.is_some(),
            "revocation time and reason do not go together",
        ),
        (
            row.revoked_at.is_some_and(|at| at < Timestamp::from_unix(0)),
            "the revocation time is odd",
        ),
    ];
    wrong.iter().filter(|(is, _)| *is).map(|(_, why)| (*why).to_owned()).collect()
}

async fn check_crl(
    reader: &Reader,
    ca: &CaName,
    issuer: &Issuer,
    report: &mut Report,
) -> Result<(), Error> {
    let Some(row) = reader.latest_crl(issuer.key_id()).await? else { return Ok(()) };
    report.crls += 1;
    let good = Crl::from_der(row.der)
        .is_ok_and(|crl| crl.verify_signed_by(issuer.certificate().public_key()).is_ok());
    if !good {
        report.faults.push(format!("{ca}: the published CRL of {} is not good", issuer.key_id()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_may_be_repeated_but_not_be_off_the_record() {
        let line = |digest| LedgerLine { key: [1; 32], digest: [digest; 32] };
        let digests = Digests::from([([1; 32], [1; 32]), ([1; 32], [2; 32])]);
        let mut report = Report::default();
        check_ledger(&[line(1), line(2), line(1)], &digests, &mut report);
        assert!(report.faults.is_empty(), "{:?}", report.faults);
        assert_eq!((report.signatures, report.repeated), (3, 1));
        check_ledger(&[line(3)], &digests, &mut report);
        assert!(report.faults[0].contains("not in the journal"), "{:?}", report.faults);
        let other_key = LedgerLine { key: [9; 32], digest: [1; 32] };
        check_ledger(&[other_key], &digests, &mut report);
        assert_eq!(report.faults.len(), 2);
    }
}
