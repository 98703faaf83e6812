//! What fuzz targets and the replay of their corpora see of this room's readers. No part of the
//! library's interface: nothing here is promised.

use super::alternative::{self, AlternativeName, AlternativeNameError};
use super::asn1::Malformed;
use super::name::{self, Subject, SubjectError};

/// Reads a `Name`.
///
/// # Errors
/// When it is no DER, or a field that we know is no plain text.
pub fn read_name(der: &[u8]) -> Result<Subject, Malformed> {
    Subject::read(der)
}

/// Writes a `Name`.
///
/// # Errors
/// When a field cannot stand in a certificate, or nothing is left.
pub fn write_name(subject: &Subject, grouped: bool) -> Result<Vec<u8>, SubjectError> {
    subject.write(grouped)
}

/// A `Name` as people read it.
pub fn display_name(der: &[u8]) -> String {
    name::display(der)
}

/// Reads a `GeneralNames`.
///
/// # Errors
/// When it is no DER, or holds what we do not certify.
pub fn read_alternative_names(der: &[u8]) -> Result<Vec<AlternativeName>, AlternativeNameError> {
    alternative::read(der)
}

/// Writes a `GeneralNames`.
pub fn write_alternative_names(names: &[AlternativeName]) -> Vec<u8> {
    alternative::write(names)
}
