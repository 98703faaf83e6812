//! Each step of the write path is failed twice: not done, and done but reported failed. Whatever
//! happens, nothing is half done, and the next start needs no hand.
//!
//! Store, token and signer are the real ones. The store fails where its seam for tests says so; the
//! signer is reached through a relay that can swallow what goes to it or what comes back.

use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chancery::clock::Clock;
use chancery::hsm::{Hsm, HsmOptions, SignerSource};
use chancery::pki::{Certificate, Csr};
use chancery::secret::EnrollmentSecret;
use chancery::service::{
    Authority, CaOptions, Caller, Ceremony, Commons, Enroll, Error, Expiry, IdentityOptions, Kind,
    OpenIntents, SECRETS_LABEL, SecretScheme, SignedRequest, Sweep, check, recover,
};
use chancery::store::{
    Fault, JournalFilter, JournalState, Moment, Options, RevokedFilter, Step, Store,
};
use tempfile::TempDir;

use crate::support::tools::{chancery, pause, run};

/// What fails next: a deed of the store at a step, as often as it is listed.
type Plan = Arc<Mutex<Vec<(&'static str, Step)>>>;

const FORWARD: u8 = 0;
const SWALLOW_REQUESTS: u8 = 1;
const SWALLOW_REPLIES: u8 = 2;

/// A CA on a private token and a SQLite file, with an identity that may enroll once.
struct World {
    folder: TempDir,
    signer: Child,
    relay: Arc<AtomicU8>,
    plan: Plan,
}

/// One life of the service.
struct Life {
    commons: Commons,
    authority: Arc<Authority>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("tokens")).unwrap();
        let conf = format!("directories.tokendir = {}\n", path("tokens").display());
        std::fs::write(path("softhsm2.conf"), conf).unwrap();
        std::fs::write(path("pin"), "12345678").unwrap();
        let module = softhsm2();
        let mut init = chancery();
        init.env("SOFTHSM2_CONF", path("softhsm2.conf")).args(["hsm", "init-token"]);
        init.args(["--label", "t", "--pin-file"]).arg(path("pin")).arg("--module").arg(&module);
        run(&mut init);
        let mut signer = chancery();
        signer.env("SOFTHSM2_CONF", path("softhsm2.conf")).args(["signer", "--token", "t"]);
        signer.arg("--module").arg(&module).arg("--allow-generate");
        signer.arg("--pin").arg(format!("file:{}", path("pin").display()));
        signer.arg("--register").arg(path("register")).arg("--ledger").arg(path("ledger"));
        signer.arg("--socket").arg(path("signer.sock"));
        signer.stderr(std::fs::File::create(path("signer.log")).unwrap());
        let signer = signer.spawn().unwrap();
        while !path("signer.sock").exists() {
            pause();
        }
        let relay = relay(&path("signer.sock"), &path("relay.sock"));
        Self { folder, signer, relay, plan: Plan::default() }
    }

    async fn live(&self) -> Life {
        let plan = self.plan.clone();
        let url = format!("sqlite://{}", self.folder.path().join("ca.db").display());
        let options = Options {
            faults: Some(Arc::new(move |moment: Moment| {
                let mut plan = plan.lock().unwrap();
                match plan.iter().position(|(deed, step)| moment == Moment { deed, step: *step }) {
                    Some(at) => {
                        plan.remove(at);
                        Fault::Fail
                    }
                    None => Fault::None,
                }
            })),
            ..Options::new(url)
        };
        let hsm = Hsm::start(
            SignerSource::Socket(self.folder.path().join("relay.sock")),
            HsmOptions { deadline: Duration::from_millis(500), ..HsmOptions::default() },
        );
        hsm.wait_ready(Duration::from_secs(30)).await.unwrap();
        let mut commons = Commons {
            store: Store::open(&options).await.unwrap(),
            hsm: hsm.clone(),
            clock: Clock::system(),
            secrets: SecretScheme::local(),
            instance: "test".into(),
            open_intents: OpenIntents::default(),
        };
        let ca: CaOptions = toml::from_str("name = \"ca\"").unwrap();
        if commons.store.read().issuers(&ca.name).await.unwrap().is_empty() {
            let ceremony = Ceremony {
                commons: &commons,
                root_token: &|_| None,
                ask_parent: &|_, _| Err("no parent".into()),
            };
            ceremony.hold(std::slice::from_ref(&ca), false, b"").await.unwrap();
        }
        let key = hsm.key(&SECRETS_LABEL.parse().unwrap()).await.unwrap().unwrap();
        commons.secrets = SecretScheme::by_token(hsm, key.reference);
        recover(&commons, Sweep::AtStart).await.unwrap();
        let authority = Authority::open(&commons, &ca).await.unwrap();
        let once: IdentityOptions =
            toml::from_str("id = \"once\"\nsecret_file = \"-\"\nmax_enrollments = 1").unwrap();
        let secret = EnrollmentSecret::new("pw".into());
        authority.ensure_identity(&once, &secret).await.unwrap();
        Life { commons, authority }
    }

    fn fail(&self, plan: &[(&'static str, Step)]) {
        *self.plan.lock().unwrap() = plan.to_vec();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.signer.kill().unwrap();
        self.signer.wait().unwrap();
    }
}

impl Life {
    /// Enrolls with the relay in a state that it takes on after the secret was compared.
    async fn enroll(&self, world: &World, relay: u8) -> Result<(), Error> {
        self.enroll_with(world, relay, csr("once", &rcgen::KeyPair::generate().unwrap()))
            .await
            .map(|_| ())
    }

    async fn enroll_with(&self, world: &World, relay: u8, csr: Csr) -> Result<Certificate, Error> {
        let secret = EnrollmentSecret::new("pw".into());
        let source = [127, 0, 0, 1].into();
        let enrollee = self.authority.prove_secret("once", &secret, source).await?;
        world.relay.store(relay, Ordering::SeqCst);
        let enroll = Enroll {
            csr,
            profile: None,
            names: None,
            hosts: None,
            not_before: None,
            attributes: None,
        };
        let done = self.authority.enroll(&enrollee, enroll).await;
        world.relay.store(FORWARD, Ordering::SeqCst);
        done
    }

    /// Enrolls the one identity, and lets it ask with its certificate.
    async fn caller(&self, world: &World) -> Caller {
        use p256::ecdsa::signature::Signer as _;
        use p256::pkcs8::DecodePrivateKey as _;
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = self.enroll_with(world, FORWARD, csr("once", &key)).await.unwrap();
        let key = p256::ecdsa::SigningKey::from_pkcs8_der(&key.serialize_der()).unwrap();
        let signature: p256::ecdsa::Signature = key.sign(b"a request");
        let signature = signature.normalize_s().to_der();
        let request = SignedRequest {
            certificate: &certificate,
            message: b"a request",
            signature: signature.as_bytes(),
        };
        self.authority.authenticate(&request, Expiry::Enforced).await.unwrap()
    }

    async fn count(&self, state: JournalState) -> i64 {
        let filter = JournalFilter { state: Some(state), ..JournalFilter::default() };
        self.commons.store.read().journal_count(&filter).await.unwrap()
    }

    /// Serial numbers that revocation lists carry without a certificate.
    async fn struck(&self) -> usize {
        let issuer = self.authority.active_issuer().key_id().clone();
        let filter = RevokedFilter::default();
        self.commons.store.read().revoked(&issuer, &filter).await.unwrap().len()
    }

    async fn end(self) {
        self.commons.hsm.shutdown().await;
        self.commons.store.close().await;
    }

    /// Nothing is open, nothing is off the record, and the one enrollment is there to be had (or not).
    async fn ends_whole(self, world: &World, may_enroll: bool) {
        assert_eq!(self.count(JournalState::Open).await, 0, "no intent is left open");
        let again = self.enroll(world, FORWARD).await;
        assert_eq!(again.is_ok(), may_enroll, "{again:?}");
        if let Err(error) = again {
            assert_eq!(error.kind, Kind::Unauthenticated);
        }
        let ca = [self.authority.name().clone()];
        let report = check(self.commons.store.read(), &ca, None).await.unwrap();
        assert!(report.faults.is_empty(), "{:?}", report.faults);
        assert_eq!(report.certificates, 1, "one enrollment, one certificate");
        self.end().await;
    }
}

/// Every fault: what the client is told at once, and how the next life finds the world.
async fn fault(
    plan: &[(&'static str, Step)],
    relay: u8,
    client_is_answered: bool,
    struck_off: usize,
) {
    let world = World::new();
    let life = world.live().await;
    world.fail(plan);
    let told = life.enroll(&world, relay).await;
    assert_eq!(told.is_ok(), client_is_answered, "{told:?}");
    assert!(world.plan.lock().unwrap().is_empty(), "the fault was met");
    life.end().await;

    let life = world.live().await;
    assert_eq!(life.struck().await, struck_off, "serial numbers that may have been signed");
    life.ends_whole(&world, !client_is_answered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_that_is_not_written_leaves_nothing() {
    fault(&[("intend-certificate", Step::BeforeCommit)], FORWARD, false, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_that_is_written_but_reported_failed_is_closed_unsigned() {
    fault(&[("intend-certificate", Step::AfterCommit)], FORWARD, false, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_is_not_made_gives_the_enrollment_back() {
    fault(&[], SWALLOW_REQUESTS, false, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_is_made_but_lost_is_struck_off() {
    fault(&[], SWALLOW_REPLIES, false, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_kept_is_struck_off() {
    fault(&[("issue-certificate", Step::BeforeCommit)], FORWARD, false, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_kept_but_reported_failed_is_answered() {
    fault(&[("issue-certificate", Step::AfterCommit)], FORWARD, true, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_closed_at_once_is_closed_by_the_next_start() {
    let plan = [("issue-certificate", Step::BeforeCommit), ("abandon-intent", Step::BeforeCommit)];
    fault(&plan, FORWARD, false, 1).await;
    let plan = [("intend-certificate", Step::AfterCommit), ("abandon-intent", Step::BeforeCommit)];
    fault(&plan, FORWARD, false, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_closed_at_once_is_closed_by_the_next_sweep() {
    let plan = [("issue-certificate", Step::BeforeCommit), ("abandon-intent", Step::BeforeCommit)];
    let world = World::new();
    let life = world.live().await;
    world.fail(&plan);
    assert!(life.enroll(&world, FORWARD).await.is_err());
    assert_eq!(life.count(JournalState::Open).await, 1);
    world.fail(&[("abandon-intent", Step::BeforeCommit)]);
    assert!(recover(&life.commons, Sweep::WhileServing).await.is_err(), "the store fails still");
    assert_eq!(recover(&life.commons, Sweep::WhileServing).await.unwrap(), 1);
    life.ends_whole(&world, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_that_is_done_but_reported_failed_is_done() {
    let plan = [("issue-certificate", Step::BeforeCommit), ("abandon-intent", Step::AfterCommit)];
    fault(&plan, FORWARD, false, 1).await;
}

/// A list on demand is answered as soon as it is sealed. What then becomes of the record that it was
/// finished: in what state its intent is at last, and whether only the next start gets it there.
async fn list_fault(plan: &[(&'static str, Step)], at_last: JournalState, by_the_next_start: bool) {
    let world = World::new();
    let life = world.live().await;
    let caller = life.caller(&world).await;
    let before = life.count(at_last).await;
    world.fail(plan);
    let (crl, _room) = life.authority.crl_after_revocation(&caller).await.unwrap();
    let issuer = life.authority.active_issuer().certificate().clone();
    crl.verify_signed_by(issuer.public_key()).unwrap();

    // Behind the answer: until the faults were met, and nothing is at work any more.
    life.commons.open_intents.finish(Duration::from_secs(10)).await;
    assert!(world.plan.lock().unwrap().is_empty(), "the fault was met");
    assert_eq!(life.count(JournalState::Open).await, i64::from(by_the_next_start));
    life.end().await;

    let life = world.live().await;
    assert_eq!(life.count(JournalState::Open).await, 0, "no intent is left open");
    assert_eq!(life.count(at_last).await, before + 1);
    life.ends_whole(&world, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_was_answered_leaves_no_intent_open() {
    list_fault(&[], JournalState::Sealed, false).await;
    list_fault(&[("sign-crl", Step::AfterCommit)], JournalState::Sealed, false).await;
    list_fault(&[("sign-crl", Step::BeforeCommit)], JournalState::Abandoned, false).await;
    let plan = [("sign-crl", Step::BeforeCommit), ("abandon-intent", Step::BeforeCommit)];
    list_fault(&plan, JournalState::Abandoned, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_enrollments_at_once_with_one_allowed_exactly_one_is_done() {
    let world = Arc::new(World::new());
    let life = Arc::new(world.live().await);
    let many = (0..50).map(|_| {
        let (world, life) = (world.clone(), life.clone());
        tokio::spawn(async move { life.enroll(&world, FORWARD).await.is_ok() })
    });
    let mut done = 0;
    for one in many.collect::<Vec<_>>() {
        done += usize::from(one.await.unwrap());
    }
    assert_eq!(done, 1);
    let Some(life) = Arc::into_inner(life) else { panic!("still used") };
    life.ends_whole(&world, false).await;
}

fn csr(name: &str, key: &rcgen::KeyPair) -> Csr {
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    Csr::from_pem(&params.serialize_request(key).unwrap().pem().unwrap()).unwrap()
}

fn softhsm2() -> PathBuf {
    let places = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"];
    places.iter().map(PathBuf::from).find(|path| path.exists()).expect("SoftHSM2 is installed")
}

/// Passes octets between the service and the signer, as long as it is told to.
fn relay(signer: &Path, at: &Path) -> Arc<AtomicU8> {
    let (state, signer) = (Arc::new(AtomicU8::new(FORWARD)), signer.to_owned());
    let listener = UnixListener::bind(at).unwrap();
    let told = state.clone();
    std::thread::spawn(move || {
        for service in listener.incoming().map_while(Result::ok) {
            let signer = UnixStream::connect(&signer).unwrap();
            let ends = (service.try_clone().unwrap(), signer.try_clone().unwrap());
            pass(service, signer, told.clone(), SWALLOW_REQUESTS);
            pass(ends.1, ends.0, told.clone(), SWALLOW_REPLIES);
        }
    });
    state
}

fn pass(from: UnixStream, to: UnixStream, state: Arc<AtomicU8>, swallow: u8) {
    use std::io::{Read as _, Write as _};
    std::thread::spawn(move || {
        let (mut from, mut to) = (from, to);
        let mut octets = vec![0; 65_536];
        while let Ok(read @ 1..) = from.read(&mut octets) {
            if state.load(Ordering::SeqCst) != swallow && to.write_all(&octets[..read]).is_err() {
                break;
            }
        }
        // Either side may have gone before.
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}
