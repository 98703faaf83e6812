//! The strict key template: what of it the token takes, and what it says afterwards.

use cryptoki::object::{Attribute, AttributeType, ObjectClass};

use super::exam::Exam;
use super::finding::{Conclusion, bad, fair, good};
use crate::hsm::custody::CustodyLevel;
use crate::hsm::fault::Fault;
use crate::hsm::key::Algorithm;
use crate::hsm::pkcs11::template::protected;

/// Makes a key by the ladder of the signer, and reads every attribute of the template back.
pub(super) fn ladder(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    exam.epoch(|epoch| {
        let (key, made) = exam.make(epoch, 0, Algorithm::P256)?;
        let session = epoch.open_session(false)?;
        let handle = exam.handle(epoch, &session, 0, ObjectClass::PRIVATE_KEY)?;
        let template = protected(&key.info.label, &key.info.id, key.info.algorithm);
        let mut unproven = Vec::new();
        for asked in template.firm.iter().chain(&template.yielding) {
            let kind = asked.attribute_type();
            let told = session.get_attributes(handle, &[kind]).ok();
            let told = told.and_then(|all| all.into_iter().next());
            let proven = told.as_ref() == Some(asked);
            if matches!(kind, AttributeType::Label | AttributeType::Id) && proven {
                continue;
            }
            let text = told.map_or_else(|| "not told".to_owned(), |told| format!("{told:?}"));
            exam.note(format!("C_GetAttributeValue of what was asked as {asked:?}"), text);
            if !proven {
                unproven.push(name(asked));
            }
        }
        for refused in &made.refused {
            exam.item(refused.clone());
        }
        let refused = made.refused.join(", ");
        Ok(if !made.refused.is_empty() {
            fair("reduced", format!("refused: {refused}"))
        } else if unproven.is_empty() {
            good("taken", "every attribute is taken and read back")
        } else {
            fair("unproven", format!("taken, but not read back: {}", unproven.join(", ")))
        })
    })
}

fn name(attribute: &Attribute) -> String {
    format!("{:?}", attribute.attribute_type())
}

/// What a key that was made inside says about itself.
pub(super) fn custody(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    exam.epoch(|epoch| {
        let (_, made) = exam.make(epoch, 0, Algorithm::P256)?;
        let custody = &made.custody;
        let told = |value: Option<bool>| value.map_or("not told".to_owned(), |is| is.to_string());
        for (name, value) in [
            ("CKA_PRIVATE", custody.private),
            ("CKA_SENSITIVE", custody.sensitive),
            ("CKA_ALWAYS_SENSITIVE", custody.always_sensitive),
            ("CKA_EXTRACTABLE", custody.extractable),
            ("CKA_NEVER_EXTRACTABLE", custody.never_extractable),
            ("CKA_LOCAL", custody.local),
            ("CKA_MODIFIABLE", custody.modifiable),
            ("CKA_SIGN alone", custody.sign_only),
        ] {
            exam.note(format!("C_GetAttributeValue of {name}"), told(value));
        }
        let made_by = custody.made_by.clone().unwrap_or_else(|| "not told".to_owned());
        exam.note("C_GetAttributeValue of CKA_KEY_GEN_MECHANISM", made_by);
        let short = custody.shortfalls(CustodyLevel::Generated).join(", ");
        Ok(match custody.level() {
            CustodyLevel::Generated => good("generated", "made inside, never anywhere else"),
            CustodyLevel::Guarded => fair("guarded", short),
            CustodyLevel::Any => bad("any", short),
        })
    })
}
