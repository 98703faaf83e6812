//! A client that speaks the protocol by hand: what the service cannot do, this must not be able to
//! do either.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use chancery::hsm::frame::{Frames, decode, encode};
use chancery::hsm::protocol::{
    Answer, Ask, Health, Hello, Message, Refusal, Reply, Request, VERSION, Welcome,
};
use chancery::hsm::{Algorithm, KeyInfo, NewKey, Purpose, SignerCommand};

pub(crate) struct Client {
    stream: UnixStream,
    frames: Frames,
    next: u64,
    pub(crate) child: Option<Child>,
}

impl Client {
    /// Starts a signer and greets it.
    pub(crate) fn start(command: &SignerCommand) -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let child = Command::new(&command.program)
            .args(&command.arguments)
            .envs(command.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut client =
            Self { stream: ours, frames: Frames::default(), next: 1, child: Some(child) };
        client.greet();
        client
    }

    pub(crate) fn connect(path: &std::path::Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        let mut client = Self { stream, frames: Frames::default(), next: 1, child: None };
        client.greet();
        client
    }

    fn greet(&mut self) {
        self.stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        self.send_raw(&Hello::new());
        let welcome: Option<Welcome> = self.read();
        if let Some(welcome) = welcome {
            assert_eq!(welcome.version, VERSION);
        }
    }

    pub(crate) fn send_raw<T: serde::Serialize>(&mut self, value: &T) {
        let mut out = Vec::new();
        encode(value, &mut out).unwrap();
        self.send_octets(&out);
    }

    pub(crate) fn send_octets(&mut self, octets: &[u8]) {
        // A signer that has gone is found out by reading.
        let _ = self.stream.write_all(octets);
    }

    /// The next frame; `None` when the signer has closed its end.
    pub(crate) fn read<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        let mut piece = vec![0; 65536];
        loop {
            if let Some(body) = self.frames.next_frame().unwrap() {
                return Some(decode(body).unwrap());
            }
            match self.stream.read(&mut piece) {
                Ok(count) if count > 0 => self.frames.extend(&piece[..count]),
                _ => return None,
            }
        }
    }

    pub(crate) fn send(&mut self, ask: Ask) -> u64 {
        self.send_within(ask, 20_000)
    }

    pub(crate) fn send_within(&mut self, ask: Ask, deadline_ms: u32) -> u64 {
        let id = self.next;
        self.next += 1;
        self.send_raw(&Request { id, deadline_ms, ask });
        id
    }

    /// Asks, and waits for the answer; nothing else may be in flight.
    pub(crate) fn ask(&mut self, ask: Ask) -> Result<Answer, Refusal> {
        let id = self.send(ask);
        let reply: Reply = self.read().expect("the signer closed its end");
        assert_eq!(reply.id, id);
        reply.answer
    }

    /// Waits until the token is served.
    pub(crate) fn ready(&mut self) -> &mut Self {
        for _ in 0..1000 {
            if self.health().serving {
                return self;
            }
            pause(10);
        }
        panic!("the token is not served: {:?}", self.health());
    }

    pub(crate) fn health(&mut self) -> Health {
        match self.ask(Ask::Health) {
            Ok(Answer::Health(health)) => *health,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn generate(
        &mut self,
        label: &str,
        algorithm: Algorithm,
        purposes: &[Purpose],
    ) -> Result<KeyInfo, Refusal> {
        let key = NewKey {
            label: label.parse().unwrap(),
            algorithm,
            purposes: purposes.iter().copied().collect(),
        };
        let Answer::Key(info) = self.ask(Ask::Generate(key))? else { panic!("no key") };
        Ok(*info)
    }

    pub(crate) fn sign(
        &mut self,
        key: &KeyInfo,
        purpose: Purpose,
        message: &[u8],
    ) -> Result<Vec<u8>, Refusal> {
        let message = Message::of(message);
        let ask = Ask::Sign { key: key.reference, purpose, message };
        let Answer::Signature(signature) = self.ask(ask)? else { panic!("no signature") };
        Ok(signature.0)
    }

    pub(crate) fn mac(&mut self, key: &KeyInfo, message: &[u8]) -> Result<[u8; 32], Refusal> {
        let ask = Ask::Mac { key: key.reference, message: message.into() };
        let Answer::Mac(code) = self.ask(ask)? else { panic!("no code") };
        Ok(code)
    }

    /// Closes our end and waits for the signer's exit.
    pub(crate) fn finish(mut self) -> ExitStatus {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
        self.wait()
    }

    /// Waits for the signer's exit.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        for _ in 0..3000 {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            pause(10);
        }
        child.kill().unwrap();
        panic!("the signer did not end");
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sleeps without `thread::sleep`: a wait for something that does not come.
pub(crate) fn pause(milliseconds: u64) {
    let (_keep, never) = std::sync::mpsc::channel::<()>();
    let _ = never.recv_timeout(Duration::from_millis(milliseconds));
}

pub(crate) fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(status.unwrap().success());
}
