//! Lists: read element by element as they come, so that a long one takes no memory.

use std::fmt;
use std::io::BufReader;
use std::marker::PhantomData;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::client::{Client, Credential, LIST_BYTES};
use crate::api::fabric::Message;
use crate::cli::exit::Failure;

impl Client {
    /// Asks for a list and hands over its elements, found under `key` in the result, as they come.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses (perhaps after some elements), or answers what it
    /// should not; or when `each` fails.
    pub(super) fn list<T: DeserializeOwned>(
        &self,
        endpoint: &str,
        query: &[(&str, &str)],
        key: &'static str,
        credential: Credential<'_>,
        each: &mut dyn FnMut(T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut response = self.exchange("GET", &self.target(endpoint, query), b"", credential)?;
        let status = response.status().as_u16();
        let reader = response.body_mut().with_config().limit(LIST_BYTES).reader();
        let mut stopped = None;
        let mut read = Read { each, stopped: &mut stopped, element: PhantomData };
        let mut json = serde_json::Deserializer::from_reader(BufReader::new(reader));
        let ends = EnvelopeSeed { key, read: &mut read }
            .deserialize(&mut json)
            .and_then(|ends| json.end().map(|()| ends));
        match (stopped, ends) {
            (Some(failure), _) => Err(failure),
            (None, Ok(ends)) => self.verdict(status, ends.success, ends.errors),
            (None, Err(error)) if error.is_io() => {
                Err(Failure::refused("the list broke off before its end").because(error))
            }
            (None, Err(error)) => Err(self.not_fabric(status).because(error)),
        }
    }
}

/// What stands around the result.
#[derive(Default)]
struct Ends {
    errors: Vec<Message>,
    success: bool,
}

struct Read<'a, T> {
    each: &'a mut dyn FnMut(T) -> Result<(), Failure>,
    stopped: &'a mut Option<Failure>,
    element: PhantomData<T>,
}

struct EnvelopeSeed<'a, 'b, T> {
    key: &'static str,
    read: &'b mut Read<'a, T>,
}

struct ResultSeed<'a, 'b, T> {
    key: &'static str,
    read: &'b mut Read<'a, T>,
}

struct ElementsSeed<'a, 'b, T>(&'b mut Read<'a, T>);

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for EnvelopeSeed<'_, '_, T> {
    type Value = Ends;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Ends, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for EnvelopeSeed<'_, '_, T> {
    type Value = Ends;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an envelope")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ends, A::Error> {
        let mut ends = Ends::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "result" => map.next_value_seed(ResultSeed { key: self.key, read: self.read })?,
                "errors" => ends.errors = map.next_value::<Option<_>>()?.unwrap_or_default(),
                "success" => ends.success = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(ends)
    }
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for ResultSeed<'_, '_, T> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for ResultSeed<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a result")
    }

    // A refusal has an empty text for a result.
    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == self.key {
                map.next_value_seed(ElementsSeed(self.read))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for ElementsSeed<'_, '_, T> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for ElementsSeed<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<T>()? {
            if let Err(failure) = (self.0.each)(element) {
                *self.0.stopped = Some(failure);
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> (Vec<u32>, Result<Ends, serde_json::Error>, Option<Failure>) {
        let mut seen = Vec::new();
        let mut stopped = None;
        let mut each = |element: u32| {
            if element == 9 {
                return Err(Failure::refused("nine"));
            }
            seen.push(element);
            Ok(())
        };
        let mut read = Read { each: &mut each, stopped: &mut stopped, element: PhantomData };
        let mut json = serde_json::Deserializer::from_str(json);
        let ends = EnvelopeSeed { key: "certs", read: &mut read }.deserialize(&mut json);
        (seen, ends, stopped)
    }

    #[test]
    fn elements_come_before_the_errors_that_follow_them() {
        let (seen, ends, _) = read(
            r#"{"result":{"caname":"","certs":[1,2]},"errors":[{"code":67,"message":"m"}],"messages":[],"success":false}"#,
        );
        assert_eq!(seen, [1, 2]);
        assert_eq!(ends.unwrap().errors[0].code, 67);
    }

    #[test]
    fn empty_and_null_lists_are_lists() {
        for result in [r#""""#, "null", "{}", r#"{"certs":null}"#, r#"{"certs":[]}"#] {
            let (seen, ends, _) =
                read(&format!(r#"{{"result":{result},"errors":null,"success":true}}"#));
            assert!(seen.is_empty() && ends.unwrap().success, "{result}");
        }
    }

    #[test]
    fn the_reader_may_stop() {
        let (seen, ends, stopped) = read(r#"{"result":{"certs":[1,9,3]}}"#);
        assert_eq!(seen, [1]);
        assert!(ends.is_err() && stopped.is_some());
        assert!(read(r#"{"result":{"certs":["x"]}}"#).1.is_err());
    }
}
