//! How Go's decoder reads a JSON object into a struct.
//!
//! Clients rely on it: keys match without regard to case, an exact match being preferred; of a key
//! that comes twice the last value counts; null leaves a field as it was; unknown fields are
//! ignored, a value of another type is not. Shapes are plain serde structs with defaults; the
//! rules live in the deserializer here.
//!
//! Invariant: work and memory are linear in the text, and no depth of nesting makes it recurse
//! further than the shape that is read.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

/// The most members of one object; no request of ours has more than twenty.
const MAX_MEMBERS: usize = 1024;

/// A text is not the JSON that is wanted. Never says what the text was: it may hold a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotWanted(String);

impl serde::de::Error for NotWanted {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Reads exactly one JSON value. Octets that are no UTF-8 are replaced, as Go does.
pub(super) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, NotWanted> {
    let text = String::from_utf8_lossy(body);
    // serde_json skips a value without recursion and checks its grammar to the last octet.
    let raw: &RawValue = serde_json::from_str(&text).map_err(|error| {
        NotWanted(format!("not JSON at line {} column {}", error.line(), error.column()))
    })?;
    T::deserialize(Value(raw.get()))
}

/// The text of one JSON value whose grammar has been checked.
#[derive(Clone, Copy)]
struct Value<'de>(&'de str);

impl<'de> Value<'de> {
    fn is_null(self) -> bool {
        self.0 == "null"
    }

    fn mismatch<T>(self, wanted: &str) -> Result<T, NotWanted> {
        let found = match self.0.as_bytes().first() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        };
        Err(NotWanted(format!("{wanted} is wanted where {found} stands")))
    }

    fn string(self) -> Result<Cow<'de, str>, NotWanted> {
        match self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(inside) => Ok(unescape(inside)),
            None => self.mismatch("a string"),
        }
    }

    fn members(self) -> Result<Vec<(Cow<'de, str>, Value<'de>)>, NotWanted> {
        if !self.0.starts_with('{') {
            return self.mismatch("an object");
        }
        // The grammar has been checked, so all that can be wrong is their number.
        let Members(members) = serde_json::from_str(self.0)
            .map_err(|_| NotWanted(format!("an object has more than {MAX_MEMBERS} members")))?;
        members
            .into_iter()
            .map(|(key, value)| Ok((Value(key.get()).string()?, Value(value.get()))))
            .collect()
    }
}

/// An object, member by member, nothing lost and nothing read yet.
struct Members<'de>(Vec<(&'de RawValue, &'de RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    if members.len() == MAX_MEMBERS {
                        return Err(serde::de::Error::custom("too many"));
                    }
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = NotWanted;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NotWanted> {
        let mut values = vec![None; fields.len()];
        if !self.is_null() {
            for (key, value) in self.members()? {
                let exact = fields.iter().position(|field| *field == key);
                let field = exact.or_else(|| fields.iter().position(|field| folds(field, &key)));
                if let Some(slot) = field.and_then(|index| values.get_mut(index))
                    && !value.is_null()
                {
                    *slot = Some(value);
                }
            }
        }
        let present = fields.iter().zip(values).filter_map(|(field, value)| Some((*field, value?)));
        visitor.visit_map(Fields { rest: present, value: None })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotWanted> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotWanted> {
        if self.is_null() { visitor.visit_str("") } else { visitor.visit_str(&self.string()?) }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotWanted> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotWanted> {
        match self.0 {
            "true" => visitor.visit_bool(true),
            "false" | "null" => visitor.visit_bool(false),
            _ => self.mismatch("a boolean"),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotWanted> {
        if self.is_null() {
            return visitor.visit_i64(0);
        }
        // As Go: the literal itself must be an integer, so neither `1.0` nor `1e3` is one.
        self.0
            .parse()
            .map_or_else(|_| self.mismatch("an integer"), |number| visitor.visit_i64(number))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotWanted> {
        let elements: Vec<&'de RawValue> = if self.is_null() {
            Vec::new()
        } else {
            serde_json::from_str(self.0).or_else(|_| self.mismatch("an array"))?
        };
        visitor.visit_seq(Elements(elements.into_iter()))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, NotWanted> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotWanted> {
        visitor.visit_unit()
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, NotWanted> {
        Err(NotWanted("no request of ours holds such a type".to_owned()))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        tuple tuple_struct map enum identifier
    }
}

/// The fields that came, in the order of the shape.
struct Fields<'de, I> {
    rest: I,
    value: Option<Value<'de>>,
}

impl<'de, I: Iterator<Item = (&'static str, Value<'de>)>> MapAccess<'de> for Fields<'de, I> {
    type Error = NotWanted;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, NotWanted> {
        let Some((field, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        let name: StrDeserializer<'_, NotWanted> = field.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, NotWanted> {
        // Serde asks for a key first; null is what an absent value means here anyway.
        seed.deserialize(self.value.take().unwrap_or(Value("null")))
    }
}

struct Elements<I>(I);

impl<'de, I: Iterator<Item = &'de RawValue>> SeqAccess<'de> for Elements<I> {
    type Error = NotWanted;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, NotWanted> {
        self.0.next().map(|element| seed.deserialize(Value(element.get()))).transpose()
    }
}

/// Whether a key is a field's name but for its case: Go's `strings.EqualFold`. Beside the letters
/// of ASCII two others fold to one of them: the long s (U+017F) and the Kelvin sign (U+212A).
fn folds(field: &str, key: &str) -> bool {
    let fold = |letter: char| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    field.chars().map(fold).eq(key.chars().map(fold))
}

/// The text that stands between the quotes. A half of a surrogate pair alone becomes U+FFFD.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut letters = escaped.chars();
        let letter = letters.next();
        rest = letters.as_str();
        out.push(match letter {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let (letter, after) = code_point(rest);
                rest = after;
                letter
            }
            Some(itself) => itself,
            None => char::REPLACEMENT_CHARACTER,
        });
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Reads what follows `\u`, with the second half of a pair where the first stands.
fn code_point(text: &str) -> (char, &str) {
    let Some((first, rest)) = unit(text) else { return (char::REPLACEMENT_CHARACTER, text) };
    let second = rest.strip_prefix("\\u").and_then(unit);
    if let Some((second, after)) = second
        && let Some(Ok(letter)) = char::decode_utf16([first, second]).next()
        && letter.len_utf16() == 2
    {
        return (letter, after);
    }
    (char::from_u32(u32::from(first)).unwrap_or(char::REPLACEMENT_CHARACTER), rest)
}

fn unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::fabric::{
        CaChoice, EnrollRequest, GenCrlRequest, RegisterRequest, RenameAffiliationRequest,
    };

    #[test]
    fn an_object_of_too_many_members_is_refused() {
        let object = |count: usize| format!("{{{}}}", vec![r#""a":{"b":[]}"#; count].join(","));
        assert_eq!(ca(&object(MAX_MEMBERS)), Ok(String::new()));
        let why = ca(&object(MAX_MEMBERS + 1)).unwrap_err().to_string();
        assert_eq!(why, "an object has more than 1024 members");
        assert!(ca("[]").unwrap_err().to_string().contains("an array"));
    }

    fn ca(body: &str) -> Result<String, NotWanted> {
        decode::<CaChoice>(body.as_bytes()).map(|choice| choice.caname)
    }

    #[test]
    fn keys_match_without_regard_to_case() {
        for key in ["caname", "CAName", "CANAME", "CaNaMe"] {
            assert_eq!(ca(&format!(r#"{{"{key}":"x"}}"#)), Ok("x".into()));
        }
        assert_eq!(ca(r#"{"ca_name":"x","cänàme":"y"}"#), Ok(String::new()));
        let request: RegisterRequest =
            decode("{\"\u{17f}ecret\":\"a\",\"ATTR\u{17f}\":[{\"NAME\":\"n\"}]}".as_bytes())
                .unwrap();
        assert_eq!(request.secret.expose(), "a");
        assert_eq!(request.attrs[0].name, "n");
        assert!(folds("K", "\u{212a}") && !folds("k", "s") && !folds("caname", "caname2"));
    }

    #[test]
    fn an_escaped_key_is_the_key() {
        assert_eq!(ca(r#"{"c\u0061name":"x"}"#), Ok("x".into()));
        assert_eq!(ca(r#"{"\ud800":"x"}"#), Ok(String::new()));
    }

    #[test]
    fn the_exact_key_beats_another_case_in_any_order() {
        for body in [r#"{"Name":"old","name":"new"}"#, r#"{"name":"new","Name":"old"}"#] {
            let request: RenameAffiliationRequest = decode(body.as_bytes()).unwrap();
            assert_eq!(request.new_name(), "new");
        }
        let request: RenameAffiliationRequest = decode(br#"{"NAME":"new"}"#).unwrap();
        assert_eq!(request.new_name(), "new");
    }

    #[test]
    fn the_last_of_two_counts_and_null_leaves_the_field() {
        assert_eq!(ca(r#"{"caname":"a","caname":"b"}"#), Ok("b".into()));
        assert_eq!(ca(r#"{"caname":"a","CAName":"b"}"#), Ok("b".into()));
        assert_eq!(ca(r#"{"caname":"a","caname":null}"#), Ok("a".into()));
        assert_eq!(ca(r#"{"caname":null}"#), Ok(String::new()));
        assert_eq!(ca("null"), Ok(String::new()));
        assert_eq!(ca(" {} \n"), Ok(String::new()));
        let request: EnrollRequest =
            decode(br#"{"hosts":null,"attr_reqs":[],"subject":null,"label":null}"#).unwrap();
        assert_eq!((request.hosts, request.attr_reqs), (None, Some(vec![])));
        let request: RegisterRequest = decode(br#"{"attrs":[null,{"ecert":null}]}"#).unwrap();
        assert_eq!(request.attrs.len(), 2);
    }

    #[test]
    fn values_of_another_type_are_refused() {
        for body in [
            r#"{"id":1}"#,
            r#"{"id":{}}"#,
            r#"{"max_enrollments":"5"}"#,
            r#"{"max_enrollments":1.0}"#,
            r#"{"max_enrollments":1e3}"#,
            r#"{"max_enrollments":99999999999999999999}"#,
            r#"{"attrs":{"a":"b"}}"#,
            r#"{"attrs":["a"]}"#,
            r#"{"attrs":[{"value":true}]}"#,
            r#"{"attrs":[{"ecert":"true"}]}"#,
            r#"{"attrs":"a"}"#,
            "[]",
            r#""text""#,
            "7",
            "true",
        ] {
            assert!(decode::<RegisterRequest>(body.as_bytes()).is_err(), "{body}");
        }
        let ok: RegisterRequest = decode(br#"{"max_enrollments":-0,"what":1.5}"#).unwrap();
        assert_eq!(ok.max_enrollments, 0);
    }

    #[test]
    fn anything_but_one_value_is_refused() {
        for body in
            ["", " ", "{", "{} {}", "{}x", "{'a':1}", "{\"a\":01}", "{\"a\":\"\n\"}", "\u{feff}{}"]
        {
            assert!(ca(body).is_err(), "{body:?}");
        }
    }

    #[test]
    fn times_follow_go() {
        let read = |body: &str| decode::<GenCrlRequest>(body.as_bytes());
        assert!(
            read(r#"{"revokedBefore":"2030-01-01T00:00:00Z"}"#).unwrap().revokedbefore.0.is_some()
        );
        assert!(
            read(r#"{"expireafter":null,"revokedafter":"0001-01-01T00:00:00Z"}"#)
                .unwrap()
                .revokedafter
                .is_none()
        );
        assert!(read(r#"{"revokedafter":""}"#).is_err());
        assert!(read(r#"{"revokedafter":"2026-01-01"}"#).is_err());
        assert!(read(r#"{"revokedafter":5}"#).is_err());
    }

    #[test]
    fn escapes_and_broken_unicode_are_read_as_go_does() {
        assert_eq!(
            ca(r#"{"caname":"\"\\\/\b\f\n\r\té\ud83d\ude00"}"#).unwrap(),
            "\"\\/\u{8}\u{c}\n\r\té😀"
        );
        assert_eq!(
            ca(r#"{"caname":"\ud800x\ud800\u0041\udc00"}"#).unwrap(),
            "\u{fffd}x\u{fffd}A\u{fffd}"
        );
        let choice: CaChoice = decode(b"{\"caname\":\"a\xffb\"}").unwrap();
        assert_eq!(choice.caname, "a\u{fffd}b");
    }

    #[test]
    fn an_error_does_not_repeat_the_body() {
        let error = decode::<RegisterRequest>(br#"{"id":1,"secret":"hunter2"}"#).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
        let error = decode::<RegisterRequest>(br#"{"secret":"hunter2""#).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn deep_nesting_is_skipped_or_refused() {
        let deep = "[".repeat(200_000) + &"]".repeat(200_000);
        assert_eq!(ca(&format!(r#"{{"x":{deep},"caname":"a"}}"#)), Ok("a".into()));
        assert!(ca(&deep).is_err());
    }

    proptest! {
        #[test]
        fn a_string_survives(text in any::<String>()) {
            let body = serde_json::json!({ "caname": text }).to_string();
            prop_assert_eq!(ca(&body), Ok(text));
        }

        #[test]
        fn no_octets_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode::<EnrollRequest>(&body);
        }

        #[test]
        fn no_near_json_makes_it_panic(body in r#"[\[\]{}:,"\\u0-9a-fnultrse .-]{0,60}"#) {
            let _ = decode::<RegisterRequest>(body.as_bytes());
            let _ = decode::<RegisterRequest>(format!("{{\"attrs\":[{body}],\"id\":\"{body}\"}}").as_bytes());
        }
    }
}
