//! Attributes on the command line: `name=value[:ecert]` to give, `name[:opt]` to ask for.

use crate::api::fabric::{Attribute, AttributeRequest};
use crate::cli::exit::Failure;

/// Reads attributes to give: elements `name=value`, or `name=value:ecert` for one that goes into
/// every enrollment certificate. Elements are separated by commas; an element in double quotes may
/// hold commas, and one without `=` continues the value before it, so that
/// `hf.Registrar.Roles=client,peer` means what it seems to.
///
/// # Errors
/// A usage failure that names the element.
pub(super) fn to_give(arguments: &[String]) -> Result<Vec<Attribute>, Failure> {
    let mut texts: Vec<String> = Vec::new();
    for argument in arguments {
        // A value goes on within its argument only.
        let mut open = false;
        for (element, quoted) in elements(argument)? {
            match texts.last_mut() {
                Some(last) if open && !quoted && !element.contains('=') => {
                    last.push(',');
                    last.push_str(&element);
                }
                Some(_) | None => texts.push(element),
            }
            open = !quoted;
        }
    }
    texts.iter().map(|text| give_one(text)).collect()
}

/// Reads attributes to ask for: elements `name`, or `name:opt` for one that may be missing.
/// `None` when the option was not given; an empty list asks for none at all.
///
/// # Errors
/// A usage failure that names the element.
pub(super) fn to_request(
    arguments: Option<&[String]>,
) -> Result<Option<Vec<AttributeRequest>>, Failure> {
    let Some(arguments) = arguments else { return Ok(None) };
    let mut requests = Vec::new();
    for argument in arguments {
        for (element, _) in elements(argument)? {
            let (name, optional) = match element.rsplit_once(':') {
                Some((name, "opt")) => (name, true),
                Some(_) => {
                    return Err(Failure::usage(format!(
                        "the attribute request `{element}` has a flag other than `opt`"
                    ))
                    .hint("write `name` or `name:opt`"));
                }
                None => (element.as_str(), false),
            };
            if name.is_empty() {
                return Err(Failure::usage("an attribute request has no name"));
            }
            requests.push(AttributeRequest { name: name.to_owned(), optional });
        }
    }
    Ok(Some(requests))
}

/// An attribute as text, the way it is written on the command line.
pub(super) fn to_text(attribute: &Attribute) -> String {
    let flag = if attribute.ecert { ":ecert" } else { "" };
    format!("{}={}{flag}", attribute.name, attribute.value)
}

fn give_one(text: &str) -> Result<Attribute, Failure> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(Failure::usage(format!("the attribute `{text}` has no `=`"))
            .hint("write `name=value` or `name=value:ecert`"));
    };
    let name = name.trim();
    if name.is_empty() {
        return Err(Failure::usage(format!("the attribute `{text}` has no name")));
    }
    let (value, ecert) = match value.rsplit_once(':') {
        Some((value, flag)) if flag.eq_ignore_ascii_case("ecert") => (value, true),
        Some(_) | None => (value, false),
    };
    Ok(Attribute { name: name.to_owned(), value: value.to_owned(), ecert })
}

/// Splits at commas outside double quotes; tells of each element whether it was quoted. A doubled
/// quote inside quotes is one quote, as in CSV.
fn elements(text: &str) -> Result<Vec<(String, bool)>, Failure> {
    let mut found = Vec::new();
    let (mut element, mut quoted, mut inside) = (String::new(), false, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if inside && letters.next_if_eq(&'"').is_some() => element.push('"'),
            '"' if inside => inside = false,
            '"' if element.trim().is_empty() && !quoted => {
                (element, quoted, inside) = (String::new(), true, true);
            }
            ',' if !inside => {
                found.push((std::mem::take(&mut element), quoted));
                quoted = false;
            }
            _ => element.push(letter),
        }
    }
    if inside {
        return Err(Failure::usage(format!("a quote in `{text}` is not closed")));
    }
    found.push((element, quoted));
    Ok(found
        .into_iter()
        .map(|(element, quoted)| (element.trim().to_owned(), quoted))
        .filter(|(element, _)| !element.is_empty())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn give(arguments: &[&str]) -> Vec<(String, String, bool)> {
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        let attributes = to_give(&arguments).unwrap();
        attributes.into_iter().map(|a| (a.name, a.value, a.ecert)).collect()
    }

    fn attribute(name: &str, value: &str, ecert: bool) -> (String, String, bool) {
        (name.to_owned(), value.to_owned(), ecert)
    }

    #[test]
    fn flags_quotes_and_lists_are_read() {
        assert_eq!(
            give(&["hf.Revoker=true,admin=true:ecert"]),
            [attribute("hf.Revoker", "true", false), attribute("admin", "true", true)]
        );
        let roles = attribute("hf.Registrar.Roles", "client,peer", false);
        let revoker = attribute("hf.Revoker", "1", false);
        assert_eq!(
            give(&["\"hf.Registrar.Roles=client,peer\",hf.Revoker=1"]),
            [roles.clone(), revoker.clone()]
        );
        assert_eq!(
            give(&["hf.Registrar.Roles=client,peer,hf.Revoker=1"]),
            [roles.clone(), revoker.clone()]
        );
        assert_eq!(give(&["hf.Registrar.Roles=client,peer", "hf.Revoker=1"]), [roles, revoker]);
    }

    #[test]
    fn values_keep_what_is_no_flag() {
        assert_eq!(give(&["url=http://a:1"]), [attribute("url", "http://a:1", false)]);
        assert_eq!(give(&["a=b=c:ECERT"]), [attribute("a", "b=c", true)]);
        assert_eq!(give(&["gone="]), [attribute("gone", "", false)]);
        assert_eq!(give(&["\"a=say \"\"hi\"\"\""]), [attribute("a", "say \"hi\"", false)]);
    }

    #[test]
    fn malformed_attributes_are_usage_failures() {
        for bad in ["admin", "=x", "\"a=b", "\"a=b\",c"] {
            assert!(to_give(&[bad.to_owned()]).is_err(), "{bad}");
        }
        // The end of one argument is the end of its value.
        assert!(to_give(&["a=b".to_owned(), "c".to_owned()]).is_err());
    }

    #[test]
    fn requests_tell_none_from_an_empty_list() {
        assert!(to_request(None).unwrap().is_none());
        assert!(to_request(Some(&[String::new()])).unwrap().unwrap().is_empty());
        let asked = to_request(Some(&["a,b:opt".to_owned()])).unwrap().unwrap();
        assert_eq!(asked.iter().map(|r| r.optional).collect::<Vec<_>>(), [false, true]);
        assert!(to_request(Some(&["a:ecert".to_owned()])).is_err());
        assert!(to_request(Some(&[":opt".to_owned()])).is_err());
    }
}
