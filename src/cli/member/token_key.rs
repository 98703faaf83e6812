//! A member's key in its own token, used in this very process.
//!
//! Invariant: each signature is an epoch of its own, from `C_Initialize` to `C_Finalize`, and is
//! verified with the key that was meant before anybody sees it.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, IsTerminal as _};

use zeroize::Zeroizing;

use super::key::{Curve, MemberKey, curve_and_point, fabric_ski};
use crate::cli::exit::Failure;
use crate::hsm::token::{Clerk, Device as _, Epoch, Seen};
use crate::hsm::{
    Algorithm, Binding, Class, CustodyLevel, DeviceOptions, Fault, KeyInfo, Module, NewKey,
    PinSource, Pkcs11Device, Purpose, TokenName, TokenSelector, Uri,
};
use crate::id::KeyLabel;
use crate::pki::{PublicKey, signature};

/// The environment variable that may hold the PIN of the member's token.
const PIN_VARIABLE: &str = "CHANCERY_PIN";

/// A key that never leaves its token.
pub(super) struct TokenKey {
    device: Pkcs11Device,
    binding: Binding,
    public: PublicKey,
    curve: Curve,
    point: Vec<u8>,
    place: Uri,
}

/// Whether a key that is not there is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// It is made, on this curve.
    Make(Curve),
    /// That is a failure.
    Fail,
}

impl TokenKey {
    /// Finds the key that a PKCS#11 URI names, or makes it.
    ///
    /// # Errors
    /// When the URI names no module, token or key, the PIN is missing or wrong, or the token fails.
    pub(super) fn open(uri: &Uri, missing: Missing) -> Result<Self, Failure> {
        let Some(module) = &uri.module else {
            return Err(Failure::usage("the PKCS#11 URI names no module")
                .hint("add `?module-path=/usr/lib/softhsm/libsofthsm2.so`, or wherever it is"));
        };
        let Some(token) = TokenSelector::from_uri(uri) else {
            return Err(Failure::usage("the PKCS#11 URI names no token").hint("add `token=LABEL`"));
        };
        if uri.object.is_none() && uri.id.is_none() {
            return Err(Failure::usage("the PKCS#11 URI names no key").hint("add `object=LABEL`"));
        }
        let options = DeviceOptions {
            token,
            // Whose key it is decides how well it is kept; a key that we make is kept well.
            custody: CustodyLevel::Any,
            generates: missing != Missing::Fail,
            reserve: 0,
        };
        let module = Module::load(module)
            .map_err(|error| Failure::usage("the PKCS#11 module cannot be used").because(error))?;
        let device = Pkcs11Device::new(module, options, pin(uri)?);
        let info = in_epoch(&device, |epoch| find_or_make(epoch, uri, missing))??;
        Self::bound(device, info)
    }

    fn bound(device: Pkcs11Device, info: KeyInfo) -> Result<Self, Failure> {
        let bad = |label: &KeyLabel| Failure::refused(format!("the key `{label}` cannot be used"));
        let public = info.public_key().ok_or_else(|| bad(&info.label))?;
        let (curve, point) = curve_and_point(&public)?;
        let point = point.to_vec();
        let place = Uri {
            token: Some(info.token.label.clone()),
            serial: Some(info.token.serial.clone()),
            object: Some(info.label.to_string()),
            id: Some(info.id.clone()),
            ..Uri::default()
        };
        let label = info.label.clone();
        let binding = Binding::new(info).map_err(|error| bad(&label).because(error))?;
        Ok(Self { device, binding, public, curve, point, place })
    }
}

impl MemberKey for TokenKey {
    fn curve(&self) -> Curve {
        self.curve
    }

    fn point(&self) -> &[u8] {
        &self.point
    }

    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, Failure> {
        let raw = in_epoch(&self.device, |epoch| epoch.session()?.sign(&self.binding, digest))?
            .map_err(failed)?;
        let bad = |error| {
            Failure::refused("what the token gave is no signature of its key").because(error)
        };
        let signature = signature::ecdsa_der_low_s(self.public.algorithm(), &raw).map_err(bad)?;
        signature::verify_digest(&self.public, digest, &signature).map_err(bad)?;
        Ok(signature)
    }

    fn to_pem(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        Ok(None)
    }

    fn place(&self) -> Option<&Uri> {
        Some(&self.place)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({}, {})", self.place, fabric_ski(&self.point))
    }
}

/// The PIN: from where the URI says, the environment, or a prompt.
fn pin(uri: &Uri) -> Result<crate::secret::Pin, Failure> {
    let source = match &uri.pin {
        Some(source) => source.clone(),
        None if std::env::var_os(PIN_VARIABLE).is_some() => PinSource::Env(PIN_VARIABLE.to_owned()),
        None if io::stdin().is_terminal() => PinSource::Prompt,
        None => {
            return Err(Failure::usage("there is no PIN for the token").hint(format!(
                "add `pin-source=file:/path` to the PKCS#11 URI, or set {PIN_VARIABLE}"
            )));
        }
    };
    source.read().map_err(|error| Failure::usage("there is no PIN for the token").because(error))
}

/// Runs one epoch and gives what came of it.
fn in_epoch<R>(
    device: &Pkcs11Device,
    mut serve: impl FnMut(&dyn Epoch) -> R,
) -> Result<R, Failure> {
    let mut result = None;
    device.epoch(&mut |epoch| result = Some(serve(epoch))).map_err(failed)?;
    result.ok_or_else(|| Failure::refused("the token served nobody"))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(fault: Fault) -> Failure {
    let hint = match fault.class {
        Class::Pin => {
            Some("the PIN was tried once and is not tried again; check it before you repeat")
        }
        Class::Device => Some("check that the token is there and that its module can reach it"),
        Class::Request | Class::Operation | Class::Session | Class::Handle | Class::Alarm => None,
    };
    // Its source says the same at greater length.
    let failure = Failure::refused(fault.to_string());
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn find_or_make(epoch: &dyn Epoch, uri: &Uri, missing: Missing) -> Result<KeyInfo, Failure> {
    let mut clerk = epoch.clerk().map_err(failed)?;
    let mut found: Vec<Seen> = clerk.list().map_err(failed)?;
    found.retain(|seen| {
        uri.object.as_ref().is_none_or(|label| *label == seen.label)
            && uri.id.as_ref().is_none_or(|id| *id == seen.id)
            && seen.algorithm.is_none_or(|algorithm| !algorithm.is_secret())
    });
    match (found.pop(), found.len(), missing) {
        (Some(seen), 0, _) => known(&seen, epoch.token()),
        (Some(_), more, _) => {
            Err(Failure::usage(format!("the PKCS#11 URI names {} keys", more + 1))
                .hint("add `id=` with the CKA_ID of the right one"))
        }
        (None, _, Missing::Make(curve)) => make(clerk.as_mut(), epoch.token(), uri, curve),
        (None, _, Missing::Fail) => {
            Err(Failure::usage(format!("the token {} has no such key", epoch.token())))
        }
    }
}

fn known(seen: &Seen, token: &TokenName) -> Result<KeyInfo, Failure> {
    let bad = |why: &str| Failure::usage(format!("the key `{}` cannot be used: {why}", seen.label));
    let algorithm = seen.algorithm.ok_or_else(|| bad("it is of a kind that is not supported"))?;
    let spki = seen.spki.as_ref().ok_or_else(|| bad("the token does not show its public key"))?;
    let public =
        PublicKey::from_spki(spki).map_err(|error| bad("its public key").because(error))?;
    Ok(KeyInfo {
        label: seen.label.parse().map_err(|error| bad("its label").because(error))?,
        reference: public.spki_hash(),
        algorithm,
        spki: spki.clone(),
        token: token.clone(),
        id: seen.id.clone(),
        purposes: BTreeSet::from([Purpose::ConfigSignature]),
        custody: seen.custody.clone(),
    })
}

fn make(
    clerk: &mut dyn Clerk,
    token: &TokenName,
    uri: &Uri,
    curve: Curve,
) -> Result<KeyInfo, Failure> {
    let label: KeyLabel =
        uri.object.as_deref().unwrap_or_default().parse().map_err(|error| {
            Failure::usage("the PKCS#11 URI names no usable key").because(error)
        })?;
    let id = match &uri.id {
        Some(id) => id.clone(),
        // Letters, since a Fabric node's configuration can name no other `CKA_ID`.
        None => crate::secret::random::<8>()
            .map(|octets| hex::encode(octets).into_bytes())
            .map_err(|error| Failure::refused("the system gives no randomness").because(error))?,
    };
    let algorithm = match curve {
        Curve::P256 => Algorithm::P256,
        Curve::P384 => Algorithm::P384,
    };
    let purposes = BTreeSet::from([Purpose::ConfigSignature]);
    let key = NewKey { label, algorithm, purposes };
    let made = clerk.generate(&key, &id).map_err(failed)?;
    Ok(KeyInfo {
        label: key.label,
        reference: made.reference,
        algorithm,
        spki: made.spki,
        token: token.clone(),
        id,
        purposes: key.purposes,
        custody: made.custody,
    })
}
