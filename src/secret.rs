//! Secrets: wiped on drop, never shown, compared in constant time.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Declares a secret text: no `Display`, a `Debug` that tells nothing, wiped on drop.
macro_rules! secret_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Takes the text over.
            pub fn new(text: String) -> Self {
                Self(Zeroizing::new(text))
            }

            /// The secret itself. Search for this word to see every place that reads one.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret_text! {
    /// The user PIN of a token.
    Pin
}

secret_text! {
    /// What an identity proves itself with when it enrolls.
    EnrollmentSecret
}

impl EnrollmentSecret {
    /// Makes one of `letters` letters a-z A-Z (5.7 bits each) out of the system's randomness.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate(letters: usize) -> Result<Self, getrandom::Error> {
        const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let mut text = Zeroizing::new(String::with_capacity(letters));
        let mut octets = Zeroizing::new([0_u8; 64]);
        while text.len() < letters {
            getrandom::fill(octets.as_mut())?;
            // 208 is the largest multiple of 52 in an octet: no letter is likelier than another.
            let usable = octets.iter().filter(|octet| **octet < 208);
            for octet in usable.take(letters - text.len()) {
                text.extend(LETTERS.get(usize::from(octet % 52)).map(|letter| char::from(*letter)));
            }
        }
        Ok(Self(text))
    }
}

/// Whether two octet strings are equal, in a time that depends on their lengths alone.
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// `N` octets from the system's randomness.
///
/// # Errors
/// When the system gives none.
pub fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets)?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = EnrollmentSecret::new("hunter2".into());
        assert_eq!(format!("{secret:?}"), "EnrollmentSecret(..)");
    }

    #[test]
    fn generated_secrets_differ_and_are_letters() {
        let (a, b) =
            (EnrollmentSecret::generate(12).unwrap(), EnrollmentSecret::generate(12).unwrap());
        assert_ne!(a.expose(), b.expose());
        assert_eq!(a.expose().len(), 12);
        assert!(a.expose().chars().all(|c| c.is_ascii_alphabetic()));
    }
}
