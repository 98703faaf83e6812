//! A certificate revocation list: read strictly, its entries one by one.
//! [RFC 5280 section 5](https://www.rfc-editor.org/rfc/rfc5280#section-5)

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use const_oid::db::rfc5280;
use der::Decode as _;
use x509_cert::ext::pkix::AuthorityKeyIdentifier;

use super::algorithm::SignatureAlgorithm;
use super::asn1::{self, Malformed, Reader};
use super::draft::Sealable;
use super::extension;
use super::key::PublicKey;
use super::name;
use super::pem;
use super::reason::Reason;
use super::signature::{self, SignatureError};
use crate::clock::Timestamp;
use crate::id::{KeyId, SerialNumber};

/// The largest CRL that is read, in octets: some 1.7 million entries.
pub const MAX_CRL: usize = 64 * 1024 * 1024;

/// The PEM label; Fabric's nodes take a CRL in PEM only when it begins with exactly this.
const LABEL: &str = "X509 CRL";

/// The extensions of an entry that tells its reason and nothing else, up to the code: reasonCode
/// 2.5.29.21, an ENUMERATED in an OCTET STRING.
pub(super) const REASON_ALONE: [u8; 13] =
    [0x30, 0x0c, 0x30, 0x0a, 0x06, 3, 0x55, 0x1d, 0x15, 0x04, 3, asn1::ENUMERATED, 1];

/// One entry: a certificate that is revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// The certificate's serial number.
    pub serial: SerialNumber,
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// What a CRL says apart from its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlHead {
    /// The issuer's `Name`.
    pub issuer: Vec<u8>,
    /// When it was issued.
    pub this_update: Timestamp,
    /// When the next is due at the latest.
    pub next_update: Option<Timestamp>,
    /// The CRL number, where there is one of at most eight octets.
    pub number: Option<u64>,
    /// The key that signs it.
    pub authority_key_id: Option<KeyId>,
}

/// Why octets or text are no CRL of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// The text does not hold exactly one PEM block of the right label.
    #[error("the text is no PEM CRL")]
    NotPem,
    /// Larger than 64 MiB.
    #[error("the CRL is larger than 64 MiB")]
    TooLarge,
    /// Not the DER that it should be.
    #[error("{0} of the CRL")]
    Malformed(#[from] Malformed),
    /// Something that we do not speak, such as a signature with SHA-1.
    #[error("the CRL has {0}")]
    Unsupported(&'static str),
}

/// A CRL. Whose it is, and whether it is fresh, is not its matter. Cheap to clone.
#[derive(Clone)]
pub struct Crl(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    signed: Range<usize>,
    entries: Range<usize>,
    count: usize,
    head: CrlHead,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

impl Crl {
    /// Reads DER, every entry included. Takes octets over where they are given, since there may be
    /// many.
    ///
    /// # Errors
    /// When it is larger than 64 MiB, malformed, or signed in a way that we do not speak.
    pub fn from_der(der: impl Into<Vec<u8>>) -> Result<Self, CrlError> {
        Self::read(der.into())
    }

    fn read(der: Vec<u8>) -> Result<Self, CrlError> {
        if der.len() > MAX_CRL {
            return Err(CrlError::TooLarge);
        }
        let mut reader = Reader::inside(&der, asn1::SEQUENCE, "the frame")?;
        let signed = reader.expect(asn1::SEQUENCE)?;
        let identifier = reader.expect(asn1::SEQUENCE)?.whole;
        let signature = reader.bits()?.to_vec();
        reader.end()?;

        let mut tbs = Reader::new(signed.content, "the signed part");
        if tbs.peek() == asn1::INTEGER && tbs.number()? != 1 {
            return Err(CrlError::Unsupported("another version than 2"));
        }
        // RFC 5280 section 5.1.1.2: the algorithm outside the signature is that inside of it.
        if tbs.expect(asn1::SEQUENCE)?.whole != identifier {
            return Err(Malformed("the signature algorithm").into());
        }
        let algorithm = SignatureAlgorithm::from_identifier_der(identifier)
            .ok_or(CrlError::Unsupported("a signature algorithm that is not known"))?;
        let issuer = tbs.expect(asn1::SEQUENCE)?.whole;
        name::attributes(issuer)?;
        let this_update = tbs.time()?;
        let has_next = matches!(tbs.peek(), asn1::UTC_TIME | asn1::GENERALIZED_TIME);
        let next_update = if has_next { Some(tbs.time()?) } else { None };
        let entries = tbs.optional(asn1::SEQUENCE)?.map_or(&[][..], |entries| entries.content);
        let count = count_entries(entries)?;
        let mut head = CrlHead {
            issuer: issuer.to_vec(),
            this_update,
            next_update,
            number: None,
            authority_key_id: None,
        };
        if let Some(list) = tbs.optional(asn1::constructed(0))? {
            read_extensions(list.content, &mut head)?;
        }
        tbs.end()?;
        Ok(Self(Arc::new(Inner {
            signed: range(&der, signed.whole),
            entries: range(&der, entries),
            der,
            count,
            head,
            algorithm,
            signature,
        })))
    }

    /// Reads text that holds exactly one PEM block, a CRL.
    ///
    /// # Errors
    /// When it does not, or as [`Crl::from_der`].
    pub fn from_pem(text: &str) -> Result<Self, CrlError> {
        if text.len() > 2 * MAX_CRL {
            return Err(CrlError::TooLarge);
        }
        let mut blocks = pem::blocks(text);
        match (blocks.next(), blocks.next()) {
            (Some(block), None) if block.label == LABEL => Self::read(block.der),
            _ => Err(CrlError::NotPem),
        }
    }

    /// The whole CRL.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The CRL as PEM, with a line feed at its end.
    pub fn to_pem(&self) -> String {
        pem::encode(LABEL, self.der())
    }

    /// What it says apart from its entries.
    pub fn head(&self) -> &CrlHead {
        &self.0.head
    }

    /// The CRL number, where there is one.
    pub fn number(&self) -> Option<u64> {
        self.0.head.number
    }

    /// How many certificates are on it.
    pub fn len(&self) -> usize {
        self.0.count
    }

    /// Whether no certificate is on it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The certificates on it, in its order.
    pub fn entries(&self) -> impl Iterator<Item = Revoked> + '_ {
        let content = self.0.der.get(self.0.entries.clone()).unwrap_or_default();
        let mut reader = Reader::new(content, "an entry");
        // The entries were read when they were counted, so none fails here.
        std::iter::from_fn(move || {
            if reader.is_empty() {
                return None;
            }
            let RawEntry { serial, at, reason } = RawEntry::read(&mut reader).ok()?;
            Some(Revoked { serial: SerialNumber::from_octets(serial).ok()?, at, reason })
        })
    }

    /// The entry of a certificate. It looks at every entry: who asks often keeps them in a map.
    pub fn find(&self, serial: &SerialNumber) -> Option<Revoked> {
        self.entries().find(|entry| entry.serial == *serial)
    }

    /// Checks the signature under a key.
    ///
    /// # Errors
    /// When it is not that of the key.
    pub fn verify_signed_by(&self, key: &PublicKey) -> Result<(), SignatureError> {
        signature::verify(key, self.0.algorithm, self.signed_part(), &self.0.signature)
    }
}

impl PartialEq for Crl {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Crl {}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crl({:?}, {} entries, {})", self.number(), self.len(), self.head().this_update)
    }
}

impl Sealable for Crl {
    type Preview = CrlHead;

    fn reread(der: Vec<u8>) -> Result<Self, String> {
        Self::read(der).map_err(|error| error.to_string())
    }

    fn signed_part(&self) -> &[u8] {
        self.0.der.get(self.0.signed.clone()).unwrap_or_default()
    }
}

/// Where `part`, a slice of `whole`, lies in it.
fn range(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    if part.is_empty() { 0..0 } else { start..start + part.len() }
}

fn count_entries(content: &[u8]) -> Result<usize, Malformed> {
    let mut reader = Reader::new(content, "an entry");
    let mut count = 0;
    while !reader.is_empty() {
        RawEntry::read(&mut reader)?;
        count += 1;
    }
    Ok(count)
}

/// An entry as it lies in the CRL, read without copies: there may be very many.
struct RawEntry<'a> {
    serial: &'a [u8],
    at: Timestamp,
    reason: Reason,
}

impl<'a> RawEntry<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let mut inner = reader.enter(asn1::SEQUENCE, "an entry")?;
        let serial = inner.unsigned()?;
        if serial.len() > 20 || serial == [0] {
            return Err(Malformed("the serial number of an entry"));
        }
        let at = inner.time()?;
        let reason = match inner.optional(asn1::SEQUENCE)? {
            Some(list) => entry_reason(list.whole)?,
            None => Reason::Unspecified,
        };
        inner.end()?;
        Ok(Self { serial, at, reason })
    }
}

/// The reason among an entry's extensions.
fn entry_reason(list: &[u8]) -> Result<Reason, Malformed> {
    // The usual case, a reason alone, needs no list.
    if let [code] = list.strip_prefix(&REASON_ALONE).unwrap_or_default() {
        return Ok(Reason::from_code(*code).unwrap_or_default());
    }
    let mut reason = Reason::Unspecified;
    for extension in extension::read(list)? {
        if extension.oid == rfc5280::ID_CE_CRL_REASONS {
            let mut value = Reader::new(&extension.value, "the reason of an entry");
            let code = value.expect(asn1::ENUMERATED)?.content;
            value.end()?;
            let [code] = code else { return Err(Malformed("the reason of an entry")) };
            // A number that nobody knows revokes all the same.
            reason = Reason::from_code(*code).unwrap_or_default();
        }
    }
    Ok(reason)
}

fn read_extensions(list: &[u8], head: &mut CrlHead) -> Result<(), Malformed> {
    for extension in extension::read(list)? {
        match extension.oid {
            rfc5280::ID_CE_CRL_NUMBER => {
                let mut value = Reader::new(&extension.value, "the number");
                let octets = value.unsigned()?;
                value.end()?;
                head.number = (octets.len() <= 8)
                    .then(|| octets.iter().fold(0, |number, o| number << 8 | u64::from(*o)));
            }
            rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER => {
                let wrong = Malformed("the authority key identifier");
                let found =
                    AuthorityKeyIdentifier::from_der(&extension.value).map_err(|_| wrong)?;
                head.authority_key_id = found
                    .key_identifier
                    .map(|id| KeyId::from_octets(id.as_bytes()))
                    .transpose()
                    .map_err(|_| wrong)?;
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::certificate::Certificate;
    use proptest::prelude::*;
    use x509_cert::crl::CertificateList;

    const FABRIC: &str = include_str!("testdata/fabric.crl");
    const FABRIC_ROOT: &str = include_str!("testdata/fabric-root.pem");

    #[test]
    fn what_fabric_ca_issued_is_read() {
        let crl = Crl::from_pem(FABRIC).unwrap();
        let root = Certificate::from_pem(FABRIC_ROOT).unwrap();
        assert_eq!(crl.verify_signed_by(root.public_key()), Ok(()));
        assert_eq!(crl.head().issuer, root.subject_der());
        assert_eq!(crl.head().authority_key_id, root.subject_key_id());
        assert_eq!(crl.number(), None);
        assert_eq!(crl.to_pem(), FABRIC);

        let theirs =
            CertificateList::<x509_cert::certificate::Rfc5280>::from_der(crl.der()).unwrap();
        let theirs = theirs.tbs_cert_list.revoked_certificates.unwrap();
        assert_eq!(crl.len(), theirs.len());
        for (ours, theirs) in crl.entries().zip(theirs) {
            assert_eq!(ours.serial.as_octets(), theirs.serial_number.as_bytes());
            assert_eq!(
                u64::try_from(ours.at.unix()).unwrap(),
                theirs.revocation_date.to_unix_duration().as_secs()
            );
            assert_eq!(ours.reason, Reason::Unspecified);
            assert_eq!(crl.find(&ours.serial), Some(ours));
        }
        assert_eq!(crl.find(&SerialNumber::from_octets(&[1]).unwrap()), None);
    }

    #[test]
    fn what_is_no_crl_is_refused() {
        assert_eq!(Crl::from_pem("").unwrap_err(), CrlError::NotPem);
        assert_eq!(Crl::from_pem(FABRIC_ROOT).unwrap_err(), CrlError::NotPem);
        assert_eq!(Crl::from_pem(&FABRIC.repeat(2)).unwrap_err(), CrlError::NotPem);
        assert!(matches!(Crl::from_der([0x30, 0]), Err(CrlError::Malformed(_))));
    }

    proptest! {
        #[test]
        fn mutated_crls_do_not_make_the_parser_panic(
            changes in proptest::collection::vec((0_usize..800, any::<u8>()), 1..4),
            cut in 0_usize..800,
        ) {
            let mut der = Crl::from_pem(FABRIC).unwrap().der().to_vec();
            for (position, octet) in changes {
                let position = position % der.len();
                der[position] = octet;
            }
            if let Ok(crl) = Crl::from_der(der.clone()) {
                prop_assert_eq!(crl.entries().count(), crl.len());
                let _ = format!("{crl:?}");
            }
            prop_assert!(Crl::from_der(&der[..cut.min(der.len() - 1)]).is_err());
        }
    }
}
