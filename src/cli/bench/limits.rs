//! The limits: what the processor and the token can do with nothing of ours around them, and beside
//! them the path through the signer.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};

use super::bare::{self, Bare};
use super::place::Place;
use super::processes;
use super::report::{SignerFigure, TokenFigure, VerificationFigure};
use crate::cli::compose;
use crate::cli::exit::Failure;
use crate::hsm::{
    Algorithm, BareTurn, Error as HsmError, Hsm, HsmOptions, KeyInfo, NewKey, PinSource, Purpose,
    SignerCommand, SignerSource, Status,
};
use crate::id::KeyLabel;
use crate::service::SECRETS_LABEL;
use crate::signer::SignerOptions;

/// As long as what is signed of a certificate, in octets.
const MESSAGE: [u8; 700] = [7; 700];
/// Signatures under way through the signer.
const IN_FLIGHT: usize = 64;
/// The limit and ours in turns, so often.
const ROUNDS: usize = 3;

/// Verifications of ECDSA on P-256 by the library alone.
///
/// # Errors
/// When a key cannot be made.
pub(super) fn verifications(length: Duration) -> Result<VerificationFigure, Failure> {
    let failed = |e| Failure::refused("could not make a signature to verify").because(e);
    let unspecified = |_| Failure::refused("could not make a signature to verify");
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(unspecified)?;
    let signature = pair.sign(&random, &MESSAGE).map_err(unspecified)?;
    let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key().as_ref());
    let key = key.map_err(failed)?;
    let loops = |threads: usize| {
        let until = Instant::now() + length;
        let began = Instant::now();
        let verify = || {
            let mut count = 0_u64;
            while Instant::now() < until && key.verify_sig(&MESSAGE, signature.as_ref()).is_ok() {
                count += 1;
            }
            count
        };
        let count: u64 = thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(verify)).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).sum()
        });
        per_second(count, began.elapsed())
    };
    let before = processes::own_cpu_us();
    let began = Instant::now();
    let one_thread = loops(1);
    let busy = began.elapsed();
    let used = before.zip(processes::own_cpu_us()).map(|(before, after)| after - before);
    let all_cores = loops(cores());
    let count = one_thread * busy.as_secs_f64();
    // Where the system does not tell processor time, one thread that is never idle tells it.
    let cpu_us = used.map_or(1e6 / one_thread, |used| used / count.max(1.0));
    Ok(VerificationFigure { one_thread, all_cores, cpu_us })
}

/// How many threads run at once here.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn per_second(count: u64, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of operations")]
    let count = count as f64;
    count / took.as_secs_f64()
}

/// The bare token, and the path through the signer beside it.
///
/// # Errors
/// When the token refuses, or holds keys of a server that is not this run's.
pub(super) fn token(
    place: &Place,
    slice: Duration,
) -> Result<(TokenFigure, SignerFigure), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::refused("could not start").because(e))?;
    let command = signer_command(place)?;
    let hsm = {
        let _inside = runtime.enter();
        Hsm::start(SignerSource::Spawn(command), HsmOptions::default())
    };
    let measured = measure(place, &runtime, &hsm, slice);
    runtime.block_on(hsm.shutdown());
    measured
}

fn measure(
    place: &Place,
    runtime: &tokio::runtime::Runtime,
    hsm: &Hsm,
    slice: Duration,
) -> Result<(TokenFigure, SignerFigure), Failure> {
    let (key, mac) = runtime.block_on(keys(place, hsm))?;
    let mut turns = vec![(BareTurn::SignAndVerify, key.clone()), (BareTurn::Sign, key.clone())];
    turns.extend(mac.map(|mac| (BareTurn::Mac, mac)));
    let threads = place.config.signer.workers;
    let mut bare: Vec<Bare> = Vec::new();
    let mut ours = Bare { rate: 0.0, cpu_us: f64::INFINITY };
    for _ in 0..ROUNDS {
        let round = bare::run(place, &turns, threads, slice)?;
        if bare.is_empty() {
            bare = round;
        } else {
            bare.iter_mut().zip(round).for_each(|(best, new)| better(best, new));
        }
        better(&mut ours, runtime.block_on(through_signer(hsm, &key, slice))?);
    }
    let mut bare = bare.into_iter();
    let (Some(limit), Some(sign)) = (bare.next(), bare.next()) else {
        return Err(Failure::refused("the bare token's figures are not all there"));
    };
    let token = TokenFigure {
        sessions: threads,
        sign_per_second: sign.rate,
        sign_cpu_us: sign.cpu_us,
        mac_cpu_us: bare.next().map(|mac| mac.cpu_us),
    };
    let signer = SignerFigure {
        per_second: ours.rate,
        cpu_us: ours.cpu_us,
        limit_per_second: limit.rate,
        limit_cpu_us: limit.cpu_us,
        rate_ratio: ours.rate / limit.rate,
        cpu_ratio: ours.cpu_us / limit.cpu_us,
    };
    Ok((token, signer))
}

/// The best of what was measured is the least disturbed.
fn better(best: &mut Bare, new: Bare) {
    best.rate = best.rate.max(new.rate);
    best.cpu_us = best.cpu_us.min(new.cpu_us);
}

/// The keys that are measured with: those of an earlier run in the same folder, or new ones.
async fn keys(place: &Place, hsm: &Hsm) -> Result<(KeyInfo, Option<KeyInfo>), Failure> {
    hsm.wait_ready(compose::TOKEN_PATIENCE).await.map_err(compose::no_token)?;
    if !place.is_known() {
        let inventory = hsm.inventory().await.map_err(compose::no_token)?;
        if inventory.keys.iter().any(|key| key.label == SECRETS_LABEL) {
            let why = format!("the token {} is a server's already", inventory.token);
            return Err(Failure::refused(why)
                .hint("use a token of its own, or the `--data` of the run that made the keys"));
        }
    }
    let key = key(hsm, "bench-sign", Algorithm::P256, Purpose::Tls).await;
    let key = key.map_err(compose::no_token)?;
    match self::key(hsm, "bench-mac", Algorithm::HmacSha256, Purpose::Mac).await {
        Ok(mac) => Ok((key, Some(mac))),
        // Not every token has HMAC; the server does without, too.
        Err(HsmError::Refused { .. }) => Ok((key, None)),
        Err(error) => Err(compose::no_token(error)),
    }
}

async fn key(
    hsm: &Hsm,
    label: &str,
    algorithm: Algorithm,
    purpose: Purpose,
) -> Result<KeyInfo, HsmError> {
    let Ok(label) = label.parse::<KeyLabel>() else { return Err(HsmError::Protocol) };
    if let Some(key) = hsm.key(&label).await? {
        return Ok(key);
    }
    hsm.generate(NewKey { label, algorithm, purposes: BTreeSet::from([purpose]) }).await
}

/// Signatures as the server has them: asked for in this process, made in the signer's, verified there.
async fn through_signer(hsm: &Hsm, key: &KeyInfo, length: Duration) -> Result<Bare, Failure> {
    let Status::Up { pid, .. } = hsm.status() else {
        return Err(Failure::refused("the signer went away while it was measured"));
    };
    let pids = [std::process::id(), pid];
    let before = processes::cpu_us(&pids);
    let began = Instant::now();
    let count = Arc::new(AtomicU64::new(0));
    let callers: Vec<_> = (0..IN_FLIGHT)
        .map(|_| {
            let (hsm, key, count) = (hsm.clone(), key.reference, Arc::clone(&count));
            tokio::spawn(async move {
                while began.elapsed() < length {
                    hsm.sign_tls(&key, &MESSAGE).await?;
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<(), HsmError>(())
            })
        })
        .collect();
    for caller in callers {
        let died = |e| Failure::refused("a caller of the signer died").because(e);
        caller.await.map_err(died)?.map_err(compose::no_token)?;
    }
    let rate = per_second(count.load(Ordering::Relaxed), began.elapsed());
    let turns = rate * began.elapsed().as_secs_f64();
    let used = before.zip(processes::cpu_us(&pids)).map(|(before, after)| after - before);
    Ok(Bare { rate, cpu_us: used.unwrap_or_default() / turns.max(1.0) })
}

/// A signer of the same token with a register of its own.
fn signer_command(place: &Place) -> Result<SignerCommand, Failure> {
    let folder = place.apart()?;
    let options = &place.config.signer;
    let pin = options.pin_file.clone().map_or(PinSource::Prompt, PinSource::File);
    let mut signer = SignerOptions::new(
        &options.token,
        &options.module,
        pin,
        folder.join("register"),
        folder.join("ledger"),
    );
    signer.token_serial.clone_from(&options.serial);
    signer.allow_generate = true;
    signer.workers = u16::try_from(options.workers)
        .map_err(|e| Failure::usage("`--workers` is too large").because(e))?;
    let mut arguments = vec![OsString::from("signer")];
    arguments.extend(signer.arguments());
    let mut environment = place.environment();
    environment.push(("CHANCERY_LOG".into(), "warn".into()));
    Ok(SignerCommand { program: PathBuf::from("/proc/self/exe"), arguments, environment })
}
