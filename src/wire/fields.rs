//! What fields of messages can be, and what becomes of their values: once for each type.

use std::collections::BTreeMap;

use super::decode::{Fault, Field, Shaped, Value, merge, walk};

/// What a field is in a message of ours.
pub(super) trait Slot: Default {
    /// What it carries on the wire.
    const FIELD: Field;

    /// Takes one more occurrence of the field. A value of another wire type is passed over.
    fn put(&mut self, value: Value<'_>) -> Result<(), Fault>;
}

/// Whether a value is of the wire type of a field.
pub(super) fn fits(field: Field, value: Value<'_>) -> bool {
    match field {
        Field::Number => matches!(value, Value::Number(_)),
        Field::Octets | Field::Message(_) | Field::Entry(_) => matches!(value, Value::Octets(..)),
    }
}

impl Slot for u64 {
    const FIELD: Field = Field::Number;

    fn put(&mut self, value: Value<'_>) -> Result<(), Fault> {
        if let Value::Number(number) = value {
            *self = number;
        }
        Ok(())
    }
}

/// Numbers of other types are what protobuf makes of a 64-bit one.
macro_rules! number {
    ($type:ty, $number:ident => $made:expr) => {
        impl Slot for $type {
            const FIELD: Field = Field::Number;

            fn put(&mut self, value: Value<'_>) -> Result<(), Fault> {
                if let Value::Number($number) = value {
                    *self = $made;
                }
                Ok(())
            }
        }
    };
}
number!(i64, number => number.cast_signed());
number!(u32, number => low(number));
number!(i32, number => low(number).cast_signed());
number!(bool, number => number != 0);

#[expect(clippy::cast_possible_truncation, reason = "protobuf cuts what does not fit")]
fn low(number: u64) -> u32 {
    number as u32
}

impl Slot for Vec<u8> {
    const FIELD: Field = Field::Octets;

    fn put(&mut self, value: Value<'_>) -> Result<(), Fault> {
        if let Value::Octets(octets, _) = value {
            *self = Self::from(octets);
        }
        Ok(())
    }
}

impl Slot for String {
    const FIELD: Field = Field::Octets;

    fn put(&mut self, value: Value<'_>) -> Result<(), Fault> {
        if let Value::Octets(octets, _) = value {
            *self = Self::from(str::from_utf8(octets).map_err(|_| Fault::Malformed)?);
        }
        Ok(())
    }
}

/// Fields of a message that is there twice are added up.
impl<M: Shaped> Slot for M {
    const FIELD: Field = Field::Message(M::shape);

    fn put(&mut self, value: Value<'_>) -> Result<(), Fault> {
        match value {
            Value::Octets(octets, depth) => merge(self, octets, depth),
            Value::Number(_) | Value::Other => Ok(()),
        }
    }
}

impl<T: Slot> Slot for Option<T> {
    const FIELD: Field = T::FIELD;

    fn put(&mut self, value: Value<'_>) -> Result<(), Fault> {
        if fits(T::FIELD, value) {
            self.get_or_insert_default().put(value)?;
        }
        Ok(())
    }
}

impl<T: Slot> Slot for Vec<T> {
    const FIELD: Field = T::FIELD;

    fn put(&mut self, value: Value<'_>) -> Result<(), Fault> {
        if fits(T::FIELD, value) {
            let mut one = T::default();
            one.put(value)?;
            self.push(one);
        }
        Ok(())
    }
}

/// Of entries with one key the last counts.
impl<T: Slot> Slot for BTreeMap<String, T> {
    const FIELD: Field = Field::Entry(|| const { &[(1, Field::Octets), (2, T::FIELD)] });

    fn put(&mut self, value: Value<'_>) -> Result<(), Fault> {
        let Value::Octets(octets, depth) = value else { return Ok(()) };
        let (mut name, mut content) = (String::new(), T::default());
        walk(octets, depth, |number, value| match number {
            1 => name.put(value),
            2 => content.put(value),
            _ => Ok(()),
        })?;
        self.insert(name, content);
        Ok(())
    }
}

/// What a field is, by its place in a message.
pub(super) const fn field_of<M, T: Slot>(_: fn(&M) -> &T) -> Field {
    T::FIELD
}

/// What a field is, by the variant that holds it.
pub(super) const fn variant_of<O, T: Slot>(_: fn(T) -> O) -> Field {
    T::FIELD
}

/// Makes a message known: its name in Fabric's sources, and which number each field has.
macro_rules! shaped {
    ($message:ident, $name:literal, { $($number:literal => $field:ident),* $(,)? }) => {
        impl $crate::wire::decode::Shaped for $message {
            const NAME: &'static str = $name;

            fn shape() -> &'static [(u32, $crate::wire::decode::Field)] {
                const {
                    &[$((
                        $number,
                        $crate::wire::fields::field_of(|message: &$message| &message.$field),
                    )),*]
                }
            }

            fn take(
                &mut self,
                number: u32,
                _value: $crate::wire::decode::Value<'_>,
            ) -> Result<(), $crate::wire::decode::Fault> {
                match number {
                    $($number => $crate::wire::fields::Slot::put(&mut self.$field, _value),)*
                    _ => Ok(()),
                }
            }
        }
    };
}

/// The same of a message that is one of several: which number each variant has. The last that is there counts; what it adds
/// to is one that is the same already.
macro_rules! one_of {
    (
        $message:ident, $name:literal,
        $field:ident: $kind:ident { $($number:literal => $variant:ident),* $(,)? }
    ) => {
        impl $crate::wire::decode::Shaped for $message {
            const NAME: &'static str = $name;

            fn shape() -> &'static [(u32, $crate::wire::decode::Field)] {
                const { &[$(($number, $crate::wire::fields::variant_of($kind::$variant))),*] }
            }

            fn take(
                &mut self,
                number: u32,
                value: $crate::wire::decode::Value<'_>,
            ) -> Result<(), $crate::wire::decode::Fault> {
                use $crate::wire::fields::{Slot as _, fits, variant_of};
                match number {
                    $($number if fits(const { variant_of($kind::$variant) }, value) => {
                        if !matches!(self.$field, Some($kind::$variant(_))) {
                            self.$field = Some($kind::$variant(Default::default()));
                        }
                        if let Some($kind::$variant(content)) = &mut self.$field {
                            content.put(value)?;
                        }
                        Ok(())
                    })*
                    _ => Ok(()),
                }
            }
        }
    };
}
pub(super) use {one_of, shaped};
