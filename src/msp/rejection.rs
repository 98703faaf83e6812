//! Why something was refused: a stable word for programs, a sentence for people.

use std::fmt;
use std::sync::Arc;

macro_rules! categories {
    ($($(#[$doc:meta])* $name:ident $word:literal,)*) => {
        /// The reason of a rejection, coarse and stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Category { $($(#[$doc])* $name,)* }

        impl Category {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word that programs compare, e.g. `unknown-authority`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

categories! {
    /// There is no PEM block.
    Pem "pem",
    /// Something follows the PEM block.
    PemTrailing "pem-trailing",
    /// The PEM block has another label.
    PemType "pem-type",
    /// The certificate does not parse.
    CertParse "cert-parse",
    /// The certificate's key is of no kind that identities can have.
    KeyImport "key-import",
    /// No listed CA issued it.
    UnknownAuthority "unknown-authority",
    /// A certificate of the chain was not valid when the certificate began.
    OutsideValidity "outside-validity",
    /// The chain is not good for servers.
    IncompatibleExtendedKeyUsage "incompatible-extended-key-usage",
    /// A critical extension is not understood.
    UnhandledCriticalExtension "unhandled-critical-extension",
    /// More CAs than a CA allows below itself.
    PathLength "path-length",
    /// A CA may not issue.
    NotAuthorizedToSign "not-authorized-to-sign",
    /// A name that a CA may not certify.
    NameConstraint "name-constraint",
    /// A common name like a host's, below constraints.
    LegacyNameConstraint "legacy-name-constraint",
    /// Certificate policies leave no chain.
    NoValidChains "no-valid-chains",
    /// More than one chain.
    MultipleChains "multiple-chains",
    /// Nobody above it in its chain.
    NoParentInChain "no-parent-in-chain",
    /// The chain has one certificate only.
    ChainTooShort "chain-too-short",
    /// Its issuer has an intermediate CA below itself.
    ParentNotLeafOfTree "parent-not-leaf-of-tree",
    /// A CA is no identity.
    CaAsIdentity "ca-as-identity",
    /// Keys of this kind are not accepted for identities.
    UnsupportedPublicKeyAlgorithm "unsupported-public-key-algorithm",
    /// It is no CA.
    NotACa "not-a-ca",
    /// It has no subject key identifier.
    NoSki "no-ski",
    /// Its subject key identifier is malformed.
    BadSki "bad-ski",
    /// The certificate's signature is not written as DER demands.
    CertSignatureNotCanonical "cert-signature-not-canonical",
    /// It is revoked.
    Revoked "revoked",
    /// A revocation list does not parse.
    CrlParse "crl-parse",
    /// A revocation list has no authority key identifier.
    CrlNoAki "crl-no-aki",
    /// A revocation list's authority key identifier is malformed.
    CrlBadAki "crl-bad-aki",
    /// It holds no organizational unit.
    NoOu "no-ou",
    /// It holds none of the units that the MSP asks for.
    OuNotRecognised "ou-not-recognised",
    /// A unit is bound to a certificate that is no CA of the MSP.
    OuCertNotACaOfMsp "ou-cert-not-a-ca-of-msp",
    /// A role is bound to another CA.
    OuCertifierMismatch "ou-certifier-mismatch",
    /// It holds no unit that is a role.
    NoRoleOu "no-role-ou",
    /// It holds several units that are roles.
    SeveralRoleOus "several-role-ous",
    /// It does not hold the role's unit.
    RoleOuAbsent "role-ou-absent",
    /// The MSP has no unit for the role.
    RoleOuUndefined "role-ou-undefined",
    /// The MSP does not tell roles apart.
    NodeousDisabled "nodeous-disabled",
    /// The unit of clients is not given.
    NodeouClientMissing "nodeou-client-missing",
    /// The unit of peers is not given.
    NodeouPeerMissing "nodeou-peer-missing",
    /// Nobody can be an administrator.
    NoAdmins "no-admins",
    /// The configuration does not parse.
    ConfigUnmarshal "config-unmarshal",
    /// There is no configuration.
    ConfigNil "config-nil",
    /// The configuration is of another kind of MSP.
    MspType "msp-type",
    /// No root CA is listed.
    NoRootCa "no-root-ca",
    /// The hash function of identifiers is unknown.
    HashUnknown "hash-unknown",
    /// The family of hash functions is unknown.
    HashFamilyUnknown "hash-family-unknown",
    /// The signing identity's key is nowhere.
    SignerNoKey "signer-no-key",
    /// The signing identity's key is no PEM.
    SignerKeyPem "signer-key-pem",
    /// The signing identity's key is no ECDSA key.
    SignerKeyImport "signer-key-import",
    /// The signing identity has expired.
    SignerExpired "signer-expired",
    /// It is of another MSP.
    OtherMsp "other-msp",
    /// There is no such MSP.
    UnknownMsp "unknown-msp",
    /// There is no such role.
    BadRole "bad-role",
    /// It is no administrator.
    NotAdmin "not-admin",
    /// It is somebody else.
    NoMatch "no-match",
    /// Principals of this kind are not supported.
    UnsupportedPrincipal "unsupported-principal",
    /// The principal does not parse.
    PrincipalMalformed "principal-malformed",
    /// The identity does not parse.
    IdentityMalformed "identity-malformed",
    /// Identities with certificates are never anonymous.
    AnonymousUnsupported "anonymous-unsupported",
    /// There is no such kind of anonymity.
    BadAnonymity "bad-anonymity",
    /// A combination of no principals.
    CombinedEmpty "combined-empty",
    /// The signature is no pair of numbers in DER.
    SigDer "sig-der",
    /// A number of the signature is not positive.
    SigRange "sig-range",
    /// The signature's second number is above half the curve's order.
    SigHighS "sig-high-s",
    /// The signature is not of this key over this message.
    SigInvalid "sig-invalid",
    /// The signature is empty.
    SigEmpty "sig-empty",
    /// The message is empty.
    DigestEmpty "digest-empty",
    /// Keys of this kind verify nothing.
    SigKeyUnsupported "sig-key-unsupported",
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal. Shown, it says what is wrong and, where that helps, what to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    category: Category,
    detail: Arc<str>,
}

impl Rejection {
    /// A refusal for this reason, in these words.
    pub fn new(category: Category, detail: impl Into<Arc<str>>) -> Self {
        Self { category, detail: detail.into() }
    }

    /// The reason.
    pub fn category(&self) -> Category {
        self.category
    }

    /// The same reason, said of something: `what: detail`.
    #[must_use]
    pub fn of(self, what: impl fmt::Display) -> Self {
        Self { category: self.category, detail: format!("{what}: {}", self.detail).into() }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Rejection {}
