//! Paths below a folder, as text.

/// A path without `.`, doubled slashes, and what a `..` takes back, all by name; empty for the place itself. One that
/// leads out keeps its `..` at the start, and one from the root its slash.
pub fn clean_path(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part != ".." {
            parts.push(part);
        } else if parts.last().is_some_and(|last| *last != "..") {
            parts.pop();
        } else if !is_absolute {
            parts.push(part);
        }
    }
    let cleaned = parts.join("/");
    if is_absolute { format!("/{cleaned}") } else { cleaned }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_are_resolved_by_name() {
        for (path, cleaned) in [
            ("", ""),
            (".", ""),
            ("a//b/./c/", "a/b/c"),
            ("a/../b", "b"),
            ("a/../../b", "../b"),
            ("../../a", "../../a"),
            ("/", "/"),
            ("/a/../../b", "/b"),
        ] {
            assert_eq!(clean_path(path), cleaned, "{path}");
        }
    }
}
