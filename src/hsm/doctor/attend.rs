//! The process of one probe: reads its order, does it, tells what it found.

use std::io::{self, BufRead, Write};

use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use zeroize::Zeroizing;

use super::exam::{Exam, fault_text};
use super::finding::{Conclusion, Probe};
use super::wire::{Event, Order, Task, Wire};
use super::{
    algorithms, concurrency, connection, extraction, import, login, names, signatures, template,
};
use crate::hsm::custody::CustodyLevel;
use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::Algorithm;
use crate::hsm::pkcs11::{DeviceOptions, Module, Pkcs11Device};
use crate::secret::Pin;

/// Does one order: its first line is the order, its second the PIN. What is found goes to `output`.
///
/// # Errors
/// When the order cannot be read.
pub fn attend(mut input: Box<dyn BufRead>, output: Box<dyn Write>) -> io::Result<()> {
    // The PIN is in this memory: no core file, no debugger of the same user.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let mut line = String::new();
    input.read_line(&mut line)?;
    let order: Order = serde_json::from_str(&line)?;
    // Room for the longest PIN from the start, so that growing leaves no copy behind.
    let mut pin = Zeroizing::new(String::with_capacity(512));
    input.read_line(&mut pin)?;
    let pin = Pin::new(pin.trim_end_matches('\n').to_owned());
    let wire = Wire::new(input, output);
    match carry_out(&order, pin, &wire) {
        Ok(()) => wire.tell(&Event::Done),
        Err(fault) => wire.tell(&Event::Failed { class: fault.class, detail: fault_text(&fault) }),
    }
    Ok(())
}

fn carry_out(order: &Order, pin: Pin, wire: &Wire) -> Result<(), Fault> {
    wire.tell(&Event::Trying("load the module".to_owned()));
    let module = Module::load(&order.module)
        .map_err(|error| Fault::new(Class::Device, "load the module", chain(&error)))?;
    let options = DeviceOptions {
        token: order.token.clone(),
        custody: CustodyLevel::Any,
        generates: true,
        reserve: 0,
    };
    let device = Pkcs11Device::new(module, options, pin);
    let exam = Exam::new(&device, order, wire);
    match order.task {
        Task::Probe(probe) => {
            let end = run(probe, &exam);
            // Without the first login there is nothing to find out.
            let end = match end {
                Err(fault) if probe == Probe::Token || fault.class == Class::Pin => {
                    return Err(fault);
                }
                end => end,
            };
            wire.tell(&Event::Finding(Box::new(exam.conclude(probe, end))));
            Ok(())
        }
        // What a helping process did is told as the last thing that it tried.
        Task::Beside => concurrency::beside(&exam).map(|done| wire.tell(&Event::Trying(done))),
        Task::After => connection::after(&exam).map(|done| wire.tell(&Event::Trying(done))),
        Task::CleanUp => device.with_epoch(|epoch| exam.clean_up(epoch))?.map(|_| ()),
    }
}

fn run(probe: Probe, exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    match probe {
        Probe::Token => login::token(exam),
        Probe::SharedLogin => login::shared(exam),
        Probe::LastingLogin => login::lasting(exam),
        Probe::PublicSession => login::public(exam),
        Probe::Locking => concurrency::locking(exam),
        Probe::Threads => concurrency::threads(exam),
        Probe::SessionLimit => concurrency::session_limit(exam),
        Probe::Processes => concurrency::processes(exam),
        Probe::Template => template::ladder(exam),
        Probe::Custody => template::custody(exam),
        Probe::ReadValue => extraction::read_value(exam),
        Probe::SetExtractable => extraction::set_extractable(exam),
        Probe::SetInsensitive => extraction::set_insensitive(exam),
        Probe::CopyExtractable => extraction::copy(exam),
        Probe::WrapOut => extraction::wrap_out(exam),
        Probe::CreateKnown => import::create(exam),
        Probe::UnwrapKnown => import::unwrap(exam),
        Probe::DuplicateId => names::duplicate(exam),
        Probe::HandleReuse => names::reuse(exam),
        Probe::HighS => signatures::high_s(exam),
        Probe::EcPoint => signatures::ec_point(exam),
        Probe::Hmac => signatures::hmac(exam),
        Probe::AlgorithmP256 => algorithms::algorithm(exam, Algorithm::P256),
        Probe::AlgorithmP384 => algorithms::algorithm(exam, Algorithm::P384),
        Probe::AlgorithmRsa3072 => algorithms::algorithm(exam, Algorithm::Rsa { bits: 3072 }),
        Probe::AlgorithmEd25519 => algorithms::algorithm(exam, Algorithm::Ed25519),
        Probe::Speed => algorithms::speed(exam),
        Probe::LostConnection => connection::lost(exam),
        Probe::LeftAsFound => login::left(exam),
    }
}

/// An error and its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
