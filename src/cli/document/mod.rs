//! Documents in YAML as commands take them: read from files, judged, described to editors.

mod any;
mod judge;
mod schema;
mod source;
mod stand_in;

pub(super) use any::read_any;
pub(super) use judge::{Judged, judge};
pub(super) use schema::schema_of;
pub(super) use source::{read_channel, read_text};
