//! A folder within another.

use super::folder::{Folder, NamedFiles};
use super::path::clean_path;

/// A folder within another. A path from the root stays one.
#[derive(Debug)]
pub struct Subfolder<'a, F> {
    folder: &'a F,
    path: &'a str,
}

impl<'a, F: Folder> Subfolder<'a, F> {
    /// The folder at this path.
    pub fn new(folder: &'a F, path: &'a str) -> Self {
        Self { folder, path }
    }

    fn path_of(&self, below: &str) -> String {
        clean_path(&format!("{}/{below}", if self.path.is_empty() { "." } else { self.path }))
    }
}

impl<F: Folder> Folder for Subfolder<'_, F> {
    fn directory(&self, name: &str) -> Result<Option<NamedFiles>, String> {
        self.folder.directory(&self.path_of(name))
    }

    fn file(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        self.folder.file(&self.path_of(path))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_is_below_is_found() {
        let named = ["a/msp/cacerts/x", "a/x", "/etc/x", "cacerts/y"];
        let files: BTreeMap<String, Vec<u8>> =
            named.iter().map(|path| ((*path).to_owned(), path.as_bytes().to_vec())).collect();
        let below = Subfolder::new(&files, "./a//msp");
        assert_eq!(below.directory("cacerts").unwrap().unwrap().len(), 1);
        assert_eq!(below.file("../x").unwrap().unwrap(), b"a/x");
        assert_eq!(below.file("x"), Ok(None));
        assert_eq!(Subfolder::new(&files, "/etc").file("x").unwrap().unwrap(), b"/etc/x");
        assert_eq!(Subfolder::new(&files, "").directory("cacerts").unwrap().unwrap().len(), 1);
    }
}
