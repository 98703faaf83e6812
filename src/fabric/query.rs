//! The query of a request target, as Go's `URL.Query` reads it.

use percent_encoding::percent_decode_str;

/// Names and values in the order in which they came.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

/// A parameter that should hold a boolean holds none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoBoolean(&'static str);

impl NoBoolean {
    /// The sentence for the caller.
    pub(super) fn detail(&self) -> String {
        format!("the query parameter `{}` is no boolean", self.0)
    }
}

impl Query {
    /// Reads what stands behind the question mark. A pair with a semicolon or a broken escape is
    /// left out, not refused.
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';'));
        Self(
            pairs
                .filter_map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    Some((unescape(name)?, unescape(value)?))
                })
                .collect(),
        )
    }

    /// All of them.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// The first value of this name; empty when there is none.
    pub(super) fn first(&self, name: &str) -> &str {
        self.0.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value)
    }

    /// The boolean of this name, in any case; false when it is absent or empty.
    pub(super) fn boolean(&self, name: &'static str) -> Result<bool, NoBoolean> {
        match self.first(name) {
            "" => Ok(false),
            text => parse_bool(&text.to_ascii_lowercase()).ok_or(NoBoolean(name)),
        }
    }

    /// The boolean of this name, spelled as Go spells it; false when it is absent or empty.
    pub(super) fn exact_boolean(&self, name: &'static str) -> Result<bool, NoBoolean> {
        match self.first(name) {
            "" => Ok(false),
            text => parse_bool(text).ok_or(NoBoolean(name)),
        }
    }
}

/// Go's `strconv.ParseBool`.
fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// Undoes the escapes of one segment of a path; `None` when one is broken.
pub(super) fn unescape_segment(text: &str) -> Option<String> {
    let mut escapes = text.split('%');
    escapes.next();
    let whole = |escape: &str| {
        let mut octets = escape.bytes();
        octets.next().is_some_and(|digit| digit.is_ascii_hexdigit())
            && octets.next().is_some_and(|digit| digit.is_ascii_hexdigit())
    };
    escapes.all(whole).then(|| percent_decode_str(text).decode_utf8_lossy().into_owned())
}

fn unescape(text: &str) -> Option<String> {
    unescape_segment(&text.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_value_counts_and_escapes_are_undone() {
        let query = Query::parse("ca=a&ca=b&id=x%2Fy+z%C3%A9&empty=&&bare");
        assert_eq!(query.first("ca"), "a");
        assert_eq!(query.first("id"), "x/y zé");
        assert_eq!((query.first("empty"), query.first("bare"), query.first("none")), ("", "", ""));
    }

    #[test]
    fn broken_pairs_are_left_out() {
        let query = Query::parse("a=%zz&b=%4&c=1;d=2&e=3&%=1");
        assert_eq!(query, Query(vec![("e".into(), "3".into())]));
    }

    #[test]
    fn booleans_are_gos() {
        let query = Query::parse("a=TrUe&b=1&c=maybe&d=");
        assert_eq!(query.boolean("a"), Ok(true));
        assert_eq!(query.exact_boolean("a"), Err(NoBoolean("a")));
        assert_eq!(query.exact_boolean("b"), Ok(true));
        assert_eq!(query.boolean("c"), Err(NoBoolean("c")));
        assert_eq!((query.boolean("d"), query.boolean("e")), (Ok(false), Ok(false)));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = Query::parse(&text);
            let _ = unescape_segment(&text);
        }

        #[test]
        fn what_was_escaped_comes_back(text in any::<String>()) {
            let escaped = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
            let query = Query::parse(&format!("x=1&id={escaped}&id=2"));
            prop_assert_eq!(query.first("id"), text);
        }
    }
}
