//! Which line says what of the configuration tree.

use std::collections::BTreeMap;

/// Lines and paths of a document by the path of the element that they speak of.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(BTreeMap<String, (u64, String)>);

impl Places {
    pub(super) fn put(&mut self, element: impl Into<String>, line: u64, path: impl Into<String>) {
        self.0.insert(element.into(), (line, path.into()));
    }

    /// Where an element, or the nearest above it, is spoken of.
    pub(super) fn find(&self, element: &str) -> Option<(u64, &str)> {
        let mut element = element;
        loop {
            if let Some((line, path)) = self.0.get(element) {
                return Some((*line, path));
            }
            element = element.rsplit_once('/')?.0;
        }
    }
}
