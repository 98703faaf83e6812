//! The capabilities of Chancery, one module each. `tests/run` installs what they need.

#[cfg(test)]
mod abuse;
#[cfg(test)]
mod admission;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod ceremony;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod corpora;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod expiry;
#[cfg(test)]
mod fabric_material;
#[cfg(test)]
mod fabric_replay;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod health;
#[cfg(test)]
mod house;
#[cfg(test)]
#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "a library of its own for the fuzz targets")]
mod laws;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod members;
#[cfg(test)]
mod node_client;
#[cfg(test)]
mod orderers;
#[cfg(test)]
mod proposals;
#[cfg(test)]
mod pushes;
#[cfg(test)]
mod pushes_at_orderers;
#[cfg(test)]
mod quickstart;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tutorial;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod verdicts;
