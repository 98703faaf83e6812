//! The token's errors, classed by what to do about them.

use std::fmt;

use cryptoki::error::{Error as TokenError, RvError};
use serde::{Deserialize, Serialize};

/// What to do about an error of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The request is wrong and would be wrong again: fail it.
    Request,
    /// An operation is stuck in the session: drop the session, try once in a new one.
    Operation,
    /// The session is gone or logged out: a new one, one more try.
    Session,
    /// The object handle is stale: find the key again once, then a new epoch.
    Handle,
    /// The device or the module is unwell: a new epoch, with back-off.
    Device,
    /// The PIN is wrong, locked or expired: stop, tell, never try again.
    Pin,
    /// The key is not the one that it should be: fail the request and tell; nothing to retry.
    Alarm,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Operation => "operation",
            Self::Session => "session",
            Self::Handle => "handle",
            Self::Device => "device",
            Self::Pin => "pin",
            Self::Alarm => "alarm",
        })
    }
}

/// The one operation that shows the token a PIN.
pub(super) const LOG_IN: &str = "log in";

/// Something that went wrong at the token.
#[derive(Debug, thiserror::Error)]
#[error("could not {operation}: {detail}")]
pub struct Fault {
    /// What to do about it.
    pub class: Class,
    /// What was attempted, e.g. `sign`.
    pub operation: &'static str,
    /// What went wrong, in words; no secret.
    pub detail: String,
    /// The token's own error, where there is one.
    pub source: Option<TokenError>,
}

impl Fault {
    /// A fault that the token did not tell itself.
    pub fn new(class: Class, operation: &'static str, detail: impl Into<String>) -> Self {
        Self { class, operation, detail: detail.into(), source: None }
    }

    /// A fault that the token told; its class follows from the error.
    pub fn token(operation: &'static str, error: TokenError) -> Self {
        let mut class = classify(&error);
        if class == Class::Pin && operation != LOG_IN {
            // Nobody has shown a PIN: whether ours still is good, the login of a new epoch tells, once.
            class = Class::Device;
        }
        Self { class, operation, detail: describe(&error), source: Some(error) }
    }

    /// For `map_err`: `session.sign(..).map_err(Fault::at("sign"))`.
    pub fn at(operation: &'static str) -> impl Fn(TokenError) -> Self {
        move |error| Self::token(operation, error)
    }

    /// The token's return value, where there is one.
    pub fn rv(&self) -> Option<RvError> {
        match &self.source {
            Some(TokenError::Pkcs11(rv, _)) => Some(*rv),
            _ => None,
        }
    }
}

/// The short name of an error: the token's own words run over several lines.
fn describe(error: &TokenError) -> String {
    if let TokenError::Pkcs11(rv, function) = error {
        return format!("C_{function:?} returned {rv:?}");
    }
    error.to_string()
}

/// What to do about an error of `cryptoki`.
pub fn classify(error: &TokenError) -> Class {
    match error {
        TokenError::Pkcs11(rv, _) => classify_rv(*rv),
        // The module does not have the function, or our own arguments do not fit: no retry helps.
        TokenError::NotSupported
        | TokenError::NulError(_)
        | TokenError::NullFunctionPointer
        | TokenError::InvalidValue
        | TokenError::TryFromInt(_)
        | TokenError::TryFromSlice(_)
        | TokenError::ParseInt(_)
        | TokenError::Utf8(_) => Class::Request,
        TokenError::LibraryLoading(_) | TokenError::MissingSymbol(_) => Class::Device,
        TokenError::PinNotSet => Class::Pin,
    }
}

/// What to do about a return value. PKCS#11 v3.1 section 5.1 says what each means; where it leaves
/// room, the reading that does least harm is taken: what might be the device is the device.
pub fn classify_rv(rv: RvError) -> Class {
    use RvError as R;
    match rv {
        R::ArgumentsBad
        | R::AttributeReadOnly
        | R::AttributeSensitive
        | R::AttributeTypeInvalid
        | R::AttributeValueInvalid
        | R::ActionProhibited
        | R::DataInvalid
        | R::DataLenRange
        | R::EncryptedDataInvalid
        | R::EncryptedDataLenRange
        | R::FunctionNotSupported
        | R::CurveNotSupported
        | R::KeySizeRange
        | R::KeyTypeInconsistent
        | R::KeyNotNeeded
        | R::KeyChanged
        | R::KeyNeeded
        | R::KeyIndigestible
        | R::KeyFunctionNotPermitted
        | R::KeyNotWrappable
        | R::KeyUnextractable
        | R::MechanismInvalid
        | R::MechanismParamInvalid
        | R::SessionParallelNotSupported
        | R::SessionReadOnly
        | R::SignatureInvalid
        | R::SignatureLenRange
        | R::TemplateIncomplete
        | R::TemplateInconsistent
        | R::TokenWriteProtected
        | R::UnwrappingKeyHandleInvalid
        | R::UnwrappingKeySizeRange
        | R::UnwrappingKeyTypeInconsistent
        | R::UserTypeInvalid
        | R::WrappedKeyInvalid
        | R::WrappedKeyLenRange
        | R::WrappingKeyHandleInvalid
        | R::WrappingKeySizeRange
        | R::WrappingKeyTypeInconsistent
        | R::RandomSeedNotSupported
        | R::DomainParamsInvalid
        | R::InformationSensitive
        | R::PublicKeyInvalid
        | R::ExceededMaxIterations
        | R::FunctionRejected => Class::Request,

        R::Cancel
        | R::FunctionCanceled
        | R::FunctionNotParallel
        | R::OperationActive
        | R::OperationNotInitialized
        | R::BufferTooSmall
        | R::SavedStateInvalid
        | R::StateUnsaveable
        | R::NoEvent => Class::Operation,

        // A function that failed "might succeed when called again": in a session of its own.
        R::FunctionFailed
        | R::SessionClosed
        | R::SessionHandleInvalid
        | R::SessionExists
        | R::SessionReadOnlyExists
        | R::SessionReadWriteSoExists
        | R::UserNotLoggedIn
        | R::UserAlreadyLoggedIn => Class::Session,

        R::KeyHandleInvalid | R::ObjectHandleInvalid => Class::Handle,

        R::HostMemory
        | R::SlotIdInvalid
        | R::GeneralError
        | R::NeedToCreateThreads
        | R::CantLock
        | R::DeviceError
        | R::DeviceMemory
        | R::DeviceRemoved
        | R::SessionCount
        | R::TokenNotPresent
        | R::TokenNotRecognized
        | R::UserAnotherAlreadyLoggedIn
        | R::UserTooManyTypes
        | R::RandomNoRng
        | R::CryptokiNotInitialized
        | R::CryptokiAlreadyInitialized
        | R::MutexBad
        | R::MutexNotLocked
        | R::FipsSelfTestFailed
        | R::LibraryLoadFailed
        | R::VendorDefined(_)
        | R::UnknownErrorCode(_) => Class::Device,

        R::PinIncorrect
        | R::PinInvalid
        | R::PinLenRange
        | R::PinExpired
        | R::PinLocked
        | R::PinTooWeak
        | R::UserPinNotInitialized
        | R::NewPinMode
        | R::NextOtp => Class::Pin,
    }
}

/// How often one job may be tried again, and what is next. One of these lives as long as the job
/// does in one epoch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Recovery {
    renewed: bool,
    found_again: bool,
}

/// What is done after a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Tell the asker; nothing else is wrong.
    Fail,
    /// Close the session and try once more in a new one.
    NewSession,
    /// Forget the handle and try once more.
    FindAgain,
    /// End the epoch.
    NewEpoch,
    /// Stop for good.
    Stop,
}

impl Recovery {
    /// What to do about a fault of this class, given what this job has been through.
    pub(super) fn step(&mut self, class: Class) -> Step {
        match class {
            // A key that was there and is no longer found: the module's view of the token may be
            // old, and a new epoch shows the present one.
            Class::Alarm if self.found_again => Step::NewEpoch,
            Class::Request | Class::Alarm => Step::Fail,
            Class::Operation | Class::Session => {
                if std::mem::replace(&mut self.renewed, true) {
                    Step::NewEpoch
                } else {
                    Step::NewSession
                }
            }
            Class::Handle => {
                if std::mem::replace(&mut self.found_again, true) {
                    Step::NewEpoch
                } else {
                    Step::FindAgain
                }
            }
            Class::Device => Step::NewEpoch,
            Class::Pin => Step::Stop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;

    fn class(rv: RvError) -> Class {
        classify(&TokenError::Pkcs11(rv, Function::Sign))
    }

    #[test]
    fn a_request_bug_is_failed() {
        for rv in [RvError::ArgumentsBad, RvError::DataLenRange, RvError::MechanismInvalid] {
            assert_eq!(class(rv), Class::Request);
        }
        assert_eq!(classify(&TokenError::NullFunctionPointer), Class::Request);
        assert_eq!(Recovery::default().step(Class::Request), Step::Fail);
    }

    #[test]
    fn a_stuck_operation_costs_the_session() {
        for rv in [RvError::OperationActive, RvError::OperationNotInitialized] {
            assert_eq!(class(rv), Class::Operation);
        }
        let mut recovery = Recovery::default();
        assert_eq!(recovery.step(Class::Operation), Step::NewSession);
        assert_eq!(recovery.step(Class::Operation), Step::NewEpoch);
    }

    #[test]
    fn a_lost_session_is_opened_again_once() {
        for rv in [RvError::SessionHandleInvalid, RvError::SessionClosed, RvError::UserNotLoggedIn]
        {
            assert_eq!(class(rv), Class::Session);
        }
        let mut recovery = Recovery::default();
        assert_eq!(recovery.step(Class::Session), Step::NewSession);
        assert_eq!(recovery.step(Class::Operation), Step::NewEpoch);
    }

    #[test]
    fn a_stale_handle_is_found_again_once() {
        for rv in [RvError::KeyHandleInvalid, RvError::ObjectHandleInvalid] {
            assert_eq!(class(rv), Class::Handle);
        }
        let mut recovery = Recovery::default();
        assert_eq!(recovery.step(Class::Handle), Step::FindAgain);
        assert_eq!(recovery.step(Class::Handle), Step::NewEpoch);
    }

    #[test]
    fn an_unwell_device_gets_a_new_epoch() {
        for rv in [
            RvError::DeviceError,
            RvError::DeviceRemoved,
            RvError::TokenNotPresent,
            RvError::GeneralError,
            RvError::CryptokiNotInitialized,
            RvError::VendorDefined(0x8000_0001),
            RvError::UnknownErrorCode(0x7fff),
        ] {
            assert_eq!(class(rv), Class::Device);
        }
        assert_eq!(Recovery::default().step(Class::Device), Step::NewEpoch);
    }

    #[test]
    fn a_pin_error_stops() {
        for rv in [RvError::PinIncorrect, RvError::PinLocked, RvError::PinExpired] {
            assert_eq!(class(rv), Class::Pin);
        }
        assert_eq!(Recovery::default().step(Class::Pin), Step::Stop);
        let told = |operation| {
            Fault::token(operation, TokenError::Pkcs11(RvError::PinExpired, Function::Sign)).class
        };
        assert_eq!((told(LOG_IN), told("sign")), (Class::Pin, Class::Device));
    }

    #[test]
    fn an_alarm_fails_the_request_alone_unless_the_key_was_there_before() {
        let mut recovery = Recovery::default();
        assert_eq!(recovery.step(Class::Alarm), Step::Fail);
        assert_eq!(recovery.step(Class::Handle), Step::FindAgain);
        assert_eq!(recovery.step(Class::Alarm), Step::NewEpoch);
    }
}
