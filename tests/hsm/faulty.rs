//! A token that fails when it is told to, around a real one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chancery::hsm::token::{Clerk, Device, Epoch, Token};
use chancery::hsm::{Binding, Fault, TokenName};
use cryptoki::context::Function;
use cryptoki::error::{Error, RvError};

use crate::client::pause;

/// What goes wrong with the next signature.
#[derive(Debug, Clone)]
pub(crate) enum Mischief {
    /// Nothing is done, and this is told.
    NotDone(RvError),
    /// It is done, and this is told all the same.
    DoneButFailed(RvError),
    /// A signature over something else is given.
    WrongSignature,
    /// The thread fails.
    Panic,
    /// The call does not return for so long.
    Hang(Duration),
}

/// What will go wrong, and what has happened.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) next: Mutex<VecDeque<Mischief>>,
    pub(crate) epochs: AtomicUsize,
    pub(crate) sessions: AtomicUsize,
    pub(crate) open: AtomicUsize,
    pub(crate) forgotten: AtomicUsize,
}

impl Plan {
    pub(crate) fn of(mischief: &[Mischief]) -> Arc<Self> {
        Arc::new(Self { next: Mutex::new(mischief.iter().cloned().collect()), ..Self::default() })
    }

    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.epochs.load(Ordering::SeqCst), self.sessions.load(Ordering::SeqCst))
    }
}

pub(crate) struct FaultyDevice<D> {
    pub(crate) inner: D,
    pub(crate) plan: Arc<Plan>,
}

impl<D: Device> Device for FaultyDevice<D> {
    fn epoch(&self, serve: &mut dyn FnMut(&dyn Epoch)) -> Result<(), Fault> {
        self.plan.epochs.fetch_add(1, Ordering::SeqCst);
        self.inner.epoch(&mut |inner| {
            serve(&FaultyEpoch { inner, plan: self.plan.clone() });
            let open = self.plan.open.load(Ordering::SeqCst);
            assert_eq!(open, 0, "a session is open when the epoch closes");
        })
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

struct FaultyEpoch<'a> {
    inner: &'a dyn Epoch,
    plan: Arc<Plan>,
}

impl Epoch for FaultyEpoch<'_> {
    fn token(&self) -> &TokenName {
        self.inner.token()
    }

    fn room(&self, wanted: usize) -> usize {
        self.inner.room(wanted)
    }

    fn session(&self) -> Result<Box<dyn Token + '_>, Fault> {
        self.plan.sessions.fetch_add(1, Ordering::SeqCst);
        self.plan.open.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Faulty { inner: self.inner.session()?, plan: self.plan.clone() }))
    }

    fn clerk(&self) -> Result<Box<dyn Clerk + '_>, Fault> {
        self.inner.clerk()
    }
}

struct Faulty<'a> {
    inner: Box<dyn Token + 'a>,
    plan: Arc<Plan>,
}

impl Drop for Faulty<'_> {
    fn drop(&mut self) {
        self.plan.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Token for Faulty<'_> {
    fn sign(&mut self, key: &Binding, input: &[u8]) -> Result<Vec<u8>, Fault> {
        let next = self.plan.next.lock().unwrap().pop_front();
        let fault = |rv| Err(Fault::token("sign", Error::Pkcs11(rv, Function::Sign)));
        match next {
            None => self.inner.sign(key, input),
            Some(Mischief::NotDone(rv)) => fault(rv),
            Some(Mischief::DoneButFailed(rv)) => {
                self.inner.sign(key, input)?;
                fault(rv)
            }
            Some(Mischief::WrongSignature) => {
                let mut other = input.to_vec();
                other[0] ^= 1;
                self.inner.sign(key, &other)
            }
            Some(Mischief::Panic) => panic!("as planned"),
            Some(Mischief::Hang(duration)) => {
                pause(u64::try_from(duration.as_millis()).unwrap());
                self.inner.sign(key, input)
            }
        }
    }

    fn mac(&mut self, key: &Binding, message: &[u8]) -> Result<[u8; 32], Fault> {
        self.inner.mac(key, message)
    }

    fn forget(&mut self, key: &Binding) {
        self.plan.forgotten.fetch_add(1, Ordering::SeqCst);
        self.inner.forget(key);
    }

    fn probe(&mut self) -> Result<(), Fault> {
        self.inner.probe()
    }
}
