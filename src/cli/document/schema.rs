//! What documents may say, for editors.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::channel::AdmissionRules;
use crate::channel::document::{ChannelDocument, CollectionsDocument, DocumentKind};
use crate::pki::ProfileOptions;

/// The JSON schema of a kind of document.
pub(in crate::cli) fn schema_of(kind: DocumentKind) -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let schema = match kind {
        DocumentKind::Channel => generator.into_root_schema_for::<ChannelDocument>(),
        DocumentKind::Collections => generator.into_root_schema_for::<CollectionsDocument>(),
        DocumentKind::Profile => generator.into_root_schema_for::<ProfileOptions>(),
        DocumentKind::Admission => generator.into_root_schema_for::<AdmissionRules>(),
    };
    let mut schema = schema.to_value();
    if let Some(members) = schema.as_object_mut() {
        let title = format!("A document of the kind `{}`", kind.word());
        members.insert("title".to_owned(), json!(title));
    }
    schema
}
