//! The capabilities of Chancery, one module each. `tests/run` installs what they need.

#[cfg(test)]
mod house;
#[cfg(test)]
mod support;
