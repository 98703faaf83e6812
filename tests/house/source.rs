//! A source file as the house sees it: what it names, where it stands, and which of it is tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// The files of the crate by the module that each of them is.
pub(super) struct Crate {
    pub(super) files: BTreeMap<Vec<String>, File>,
}

pub(super) struct File {
    /// Relative to `src/`, e.g. `pki/key.rs`.
    pub(super) path: String,
    pub(super) is_face: bool,
    pub(super) items: Vec<String>,
    pub(super) names: Vec<Name>,
    pub(super) macros: Vec<Name>,
    /// Every identifier, in macros too.
    pub(super) words: BTreeSet<String>,
    test_modules: Vec<Vec<String>>,
}

/// A path that a file names, by `use` or in passing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// From the root of this crate when `ours`, else from another crate or as written.
    pub(super) path: Vec<String>,
    pub(super) ours: bool,
    pub(super) in_tests: bool,
}

impl Crate {
    /// Reads every `*.rs` beneath `src`.
    pub(super) fn read(src: &Path) -> Self {
        let mut paths = Vec::new();
        collect(src, src, &mut paths);
        Self::parse(paths.iter().map(|path| {
            let text = std::fs::read_to_string(src.join(path)).unwrap();
            (path.as_str(), text)
        }))
    }

    /// Parses files given as (path relative to `src`, text).
    pub(super) fn parse<'a>(files: impl Iterator<Item = (&'a str, String)>) -> Self {
        let texts: Vec<_> = files.map(|(path, text)| (path, module_of(path), text)).collect();
        let modules: BTreeSet<_> = texts.iter().map(|(_, module, _)| module.clone()).collect();
        let mut files = BTreeMap::new();
        for (path, module, text) in &texts {
            let parsed = syn::parse_file(text).unwrap_or_else(|e| panic!("src/{path}: {e}"));
            files.insert(module.clone(), Reader::read(path, module, &modules, &parsed));
        }
        // A file behind `#[cfg(test)] mod tests;` is tests from its first line.
        let tests: Vec<_> = files.values().flat_map(|file| file.test_modules.clone()).collect();
        for (module, file) in &mut files {
            let is_tests = tests.iter().any(|test| module.starts_with(test));
            // `#[path = "x_tests.rs"] mod tests;` is told by its name.
            if is_tests || file.path.ends_with("_tests.rs") {
                file.names.iter_mut().chain(&mut file.macros).for_each(|name| name.in_tests = true);
            }
        }
        Self { files }
    }

    /// The module of the file that a path of ours leads into: the deepest that is a file.
    pub(super) fn owner(&self, path: &[String]) -> Vec<String> {
        (0..=path.len())
            .rev()
            .map(|n| path[..n].to_vec())
            .find(|module| self.files.contains_key(module))
            .unwrap_or_default()
    }
}

fn collect(root: &Path, dir: &Path, into: &mut Vec<String>) {
    let mut entries: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(root, &path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
}

fn module_of(path: &str) -> Vec<String> {
    let mut module: Vec<String> =
        path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

struct Reader<'a> {
    modules: &'a BTreeSet<Vec<String>>,
    /// The module that we stand in, inline modules included.
    module: Vec<String>,
    test_depth: usize,
    file: File,
}

impl<'a> Reader<'a> {
    fn read(
        path: &str,
        module: &[String],
        modules: &'a BTreeSet<Vec<String>>,
        parsed: &syn::File,
    ) -> File {
        let file = File {
            path: path.to_owned(),
            is_face: path.ends_with("mod.rs"),
            items: parsed
                .items
                .iter()
                .filter(|item| !is_test(attributes(item)))
                .map(kind)
                .collect(),
            names: Vec::new(),
            macros: Vec::new(),
            words: BTreeSet::new(),
            test_modules: Vec::new(),
        };
        let test_depth = usize::from(is_test(&parsed.attrs));
        let mut reader = Self { modules, module: module.to_vec(), test_depth, file };
        reader.visit_file(parsed);
        reader.file
    }

    fn name(&mut self, written: &[String]) {
        let mut module = self.module.clone();
        let mut rest = written;
        let mut ours = true;
        match rest.split_first() {
            Some((first, tail)) if first == "crate" || self.is_binary_naming_us(first) => {
                module.clear();
                rest = tail;
            }
            Some((first, tail)) if first == "self" => rest = tail,
            Some((first, _)) if first == "super" => {
                while let Some((_, tail)) = rest.split_first().filter(|(word, _)| *word == "super")
                {
                    module.pop();
                    rest = tail;
                }
            }
            Some((first, _)) => {
                let child = [module.as_slice(), std::slice::from_ref(first)].concat();
                ours = self.modules.contains(&child);
            }
            None => return,
        }
        let path = if ours { [module.as_slice(), rest].concat() } else { written.to_vec() };
        self.file.names.push(Name { path, ours, in_tests: self.test_depth > 0 });
    }

    /// `main.rs` is a crate of its own and names the library by its name.
    fn is_binary_naming_us(&self, first: &str) -> bool {
        self.file.path == "main.rs" && first == "chancery"
    }

    fn within<T>(&mut self, is_test: bool, visit: impl FnOnce(&mut Self) -> T) -> T {
        self.test_depth += usize::from(is_test);
        let result = visit(self);
        self.test_depth -= usize::from(is_test);
        result
    }

    /// Paths inside a macro's input, which `syn` leaves as tokens.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    let word = word.to_string();
                    if colons != 2 {
                        self.finish(&mut path);
                    }
                    colons = 0;
                    path.push(word);
                    continue;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => {
                    self.finish(&mut path);
                    self.tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => self.finish(&mut path),
            }
            colons = 0;
        }
        self.finish(&mut path);
    }

    fn finish(&mut self, path: &mut Vec<String>) {
        let path = std::mem::take(path);
        self.file.words.extend(path.iter().cloned());
        if path.len() > 1 {
            self.name(&path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        self.within(is_test(attributes(item)), |me| visit::visit_item(me, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.within(is_test(&item.attrs), |me| visit::visit_impl_item_fn(me, item));
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let module = item.ident.to_string();
        self.module.push(module);
        if item.content.is_some() {
            visit::visit_item_mod(self, item);
        } else if self.test_depth > 0 {
            self.file.test_modules.push(self.module.clone());
        }
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut paths = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut paths);
        for path in paths {
            self.file.words.extend(path.iter().cloned());
            self.name(&path);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if words.len() > 1 {
            self.name(&words);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let path = mac.path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.file.macros.push(Name { path, ours: false, in_tests: self.test_depth > 0 });
        self.visit_path(&mac.path);
        self.tokens(mac.tokens.clone());
    }

    fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
        self.file.words.insert(ident.to_string());
    }

    // `pub(in crate::pki)` says who may see, not whom we use; attributes name no item of ours.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

fn flatten(tree: &syn::UseTree, before: &mut Vec<String>, into: &mut Vec<Vec<String>>) {
    let mut leaf = |before: &[String], word: Option<String>| {
        into.push(before.iter().cloned().chain(word).collect());
    };
    match tree {
        syn::UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, into);
            before.pop();
        }
        syn::UseTree::Name(name) if name.ident == "self" => leaf(before, None),
        syn::UseTree::Rename(name) if name.ident == "self" => leaf(before, None),
        syn::UseTree::Name(name) => leaf(before, Some(name.ident.to_string())),
        syn::UseTree::Rename(name) => leaf(before, Some(name.ident.to_string())),
        syn::UseTree::Glob(_) => leaf(before, Some("*".to_owned())),
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, before, into);
            }
        }
    }
}

/// `#[test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`, `#[tokio::test]`.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.segments.last().is_some_and(|s| s.ident == "test"),
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let text = list.tokens.to_string();
            text == "test" || (text.starts_with("all") && text.contains("test"))
        }
        syn::Meta::List(list) => list.path.segments.last().is_some_and(|s| s.ident == "test"),
        syn::Meta::NameValue(_) => false,
    })
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(i) => &i.attrs,
        syn::Item::Enum(i) => &i.attrs,
        syn::Item::ExternCrate(i) => &i.attrs,
        syn::Item::Fn(i) => &i.attrs,
        syn::Item::ForeignMod(i) => &i.attrs,
        syn::Item::Impl(i) => &i.attrs,
        syn::Item::Macro(i) => &i.attrs,
        syn::Item::Mod(i) => &i.attrs,
        syn::Item::Static(i) => &i.attrs,
        syn::Item::Struct(i) => &i.attrs,
        syn::Item::Trait(i) => &i.attrs,
        syn::Item::TraitAlias(i) => &i.attrs,
        syn::Item::Type(i) => &i.attrs,
        syn::Item::Union(i) => &i.attrs,
        syn::Item::Use(i) => &i.attrs,
        syn::Item::Verbatim(_) | _ => &[],
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the rest has no name worth telling")]
fn kind(item: &syn::Item) -> String {
    match item {
        syn::Item::Mod(i) if i.content.is_none() => "mod".to_owned(),
        syn::Item::Use(_) => "use".to_owned(),
        syn::Item::Fn(i) => format!("fn {}", i.sig.ident),
        syn::Item::Struct(i) => format!("struct {}", i.ident),
        syn::Item::Enum(i) => format!("enum {}", i.ident),
        _ => "another item".to_owned(),
    }
}
