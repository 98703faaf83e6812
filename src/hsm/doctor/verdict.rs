//! What a token is good for, and why.

use std::fmt;

use serde::Serialize;

use super::facts::TokenFacts;
use super::finding::{Finding, Probe, Rating};

/// What a token is good for.
///
/// A token is *sound* when every claim of [`Verdict::claims`] but the two about its whereabouts
/// holds: keys are made inside and the token says so; every way to get one out is refused; known
/// keys do not pass for keys made inside; private keys need the PIN; signatures are right under
/// load; no probe killed or stopped the module. Then:
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Sound, and slot and mechanisms claim to be a device (`CKF_HW_SLOT`, `CKF_HW` of `CKM_ECDSA`
    /// and of `CKM_EC_KEY_PAIR_GEN`), and it is no software known as such. The claim is the module's
    /// own: no call can prove it; the vendor's certificate and your eyes do.
    Hardware,
    /// Sound, and keys are out of reach of the process that uses them: it is reached over a
    /// connection, or claims to be a device in part. Who guards the other end guards the keys.
    Hardened,
    /// Not sound; or software in the very process that uses it, with keys in files that the PIN
    /// opens: good for tests and development.
    TestOnly,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hardware => "hardware",
            Self::Hardened => "hardened",
            Self::TestOnly => "test-only",
        })
    }
}

/// One thing that must be so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// What must be so.
    pub claim: &'static str,
    /// Whether it is, as far as it was shown.
    pub holds: bool,
    /// What speaks against it, or for it.
    pub because: String,
    /// Whose evidence it is.
    pub probes: Vec<Probe>,
}

/// What a token is good for, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The verdict.
    pub level: Level,
    /// What decided it.
    pub reason: String,
    /// What it is drawn from.
    pub claims: Vec<Claim>,
}

/// A claim about probes: each must have one of these outcomes.
struct Rule {
    claim: &'static str,
    probes: &'static [(Probe, &'static [&'static str])],
}

const REFUSED: &[&str] = &["refused", "refused-by-template"];
const IMPORTED: &[&str] = &["refused", "told", "no-wrapping-key", "no-mechanism"];

const RULES: [Rule; 5] = [
    Rule {
        claim: "keys are made inside, and the token says so",
        probes: &[(Probe::Custody, &["generated"]), (Probe::AlgorithmP256, &["works"])],
    },
    Rule {
        claim: "keys do not leave",
        probes: &[
            (Probe::ReadValue, REFUSED),
            (Probe::SetExtractable, REFUSED),
            (Probe::SetInsensitive, REFUSED),
            (Probe::CopyExtractable, REFUSED),
            (Probe::WrapOut, &["refused", "refused-by-template", "no-wrapping-key"]),
        ],
    },
    Rule {
        claim: "known keys do not pass for keys made inside",
        probes: &[(Probe::CreateKnown, IMPORTED), (Probe::UnwrapKnown, IMPORTED)],
    },
    Rule { claim: "private keys need the PIN", probes: &[(Probe::PublicSession, &["hidden"])] },
    Rule {
        claim: "signatures are right under load",
        probes: &[
            (Probe::Locking, &["accepted"]),
            (Probe::Threads, &["safe", "bound-to-thread"]),
            (Probe::HighS, &["never", "sometimes"]),
            (Probe::Speed, &["measured"]),
        ],
    },
];

impl Verdict {
    pub(super) fn of(token: &TokenFacts, findings: &[Finding]) -> Self {
        let mut claims: Vec<_> = RULES.iter().map(|rule| judge(rule, findings)).collect();
        claims.push(stable(findings));
        let unsound: Vec<_> =
            claims.iter().filter(|claim| !claim.holds).map(|claim| claim.claim).collect();
        let device = device(token);
        let elsewhere = elsewhere(token);
        let (level, reason) = if !unsound.is_empty() {
            (Level::TestOnly, format!("not shown: {}", unsound.join("; ")))
        } else if device.holds {
            (
                Level::Hardware,
                format!("sound, and {}; the claim is the module's own", device.because),
            )
        } else if elsewhere.holds {
            (Level::Hardened, format!("sound, and {}", elsewhere.because))
        } else {
            let why = "sound by PKCS#11, but its keys are kept by the process that uses it: \
                       who has its files and the PIN has the keys";
            (Level::TestOnly, why.to_owned())
        };
        claims.push(device);
        claims.push(elsewhere);
        Self { level, reason, claims }
    }
}

fn judge(rule: &Rule, findings: &[Finding]) -> Claim {
    let mut against = Vec::new();
    for (probe, outcomes) in rule.probes {
        match findings.iter().find(|finding| finding.probe == *probe) {
            Some(finding) if outcomes.contains(&finding.outcome.as_str()) => {}
            Some(finding) => against.push(format!("{probe}: {}", finding.outcome)),
            None => against.push(format!("{probe}: not tried")),
        }
    }
    let probes = rule.probes.iter().map(|(probe, _)| *probe).collect();
    let because =
        if against.is_empty() { "every probe says so".into() } else { against.join("; ") };
    Claim { claim: rule.claim, holds: against.is_empty(), because, probes }
}

fn stable(findings: &[Finding]) -> Claim {
    let ill = |finding: &&Finding| {
        matches!(finding.outcome.as_str(), "died" | "hung")
            || finding.rating == Rating::Bad
                && matches!(finding.probe, Probe::SessionLimit | Probe::Processes)
    };
    let ill: Vec<_> = findings.iter().filter(ill).collect();
    let because = if ill.is_empty() {
        "no probe killed, stopped or disturbed it".to_owned()
    } else {
        let text = ill.iter().map(|finding| format!("{}: {}", finding.probe, finding.outcome));
        text.collect::<Vec<_>>().join("; ")
    };
    let probes = ill.iter().map(|finding| finding.probe).collect();
    Claim { claim: "the module is stable", holds: ill.is_empty(), because, probes }
}

fn device(token: &TokenFacts) -> Claim {
    let (holds, because) = match token.known_software() {
        Some(name) => (false, format!("it is software known as `{name}`")),
        None if token.claims_hardware() => {
            (true, "slot and mechanisms claim to be a device".to_owned())
        }
        None => (false, "slot or mechanisms do not claim to be a device".to_owned()),
    };
    Claim { claim: "it is a device, by its own words", holds, because, probes: vec![Probe::Token] }
}

fn elsewhere(token: &TokenFacts) -> Claim {
    let partly = token.hardware_slot || token.hardware_ecdsa || token.hardware_key_generation;
    let (holds, because) = if token.sockets > 0 {
        (true, "the token is reached over a connection".to_owned())
    } else if partly && token.known_software().is_none() {
        (true, "it claims to be a device".to_owned())
    } else {
        (false, "the module opened no connection, so its keys are in this process".to_owned())
    };
    let claim = "keys are out of reach of the process that uses them";
    Claim { claim, holds, because, probes: vec![Probe::Token] }
}

#[cfg(test)]
mod tests {
    use super::super::facts::tests::facts;
    use super::*;

    fn sound() -> Vec<Finding> {
        let rules = RULES.iter().flat_map(|rule| rule.probes);
        rules
            .map(|(probe, outcomes)| {
                Finding::unanswered(*probe, outcomes[0], Rating::Good, String::new())
            })
            .collect()
    }

    #[test]
    fn software_is_never_hardware_whatever_it_claims() {
        assert_eq!(Verdict::of(&facts(), &sound()).level, Level::Hardware);
        let soft = TokenFacts { manufacturer: "SoftHSM project".into(), ..facts() };
        assert_eq!(Verdict::of(&soft, &sound()).level, Level::TestOnly);
        let remote = TokenFacts { sockets: 1, ..soft };
        assert_eq!(Verdict::of(&remote, &sound()).level, Level::Hardened);
    }

    #[test]
    fn one_way_out_makes_any_token_one_for_tests() {
        for spoiled in 0..sound().len() {
            let mut findings = sound();
            findings[spoiled].outcome = "allowed".into();
            let verdict = Verdict::of(&facts(), &findings);
            assert_eq!(verdict.level, Level::TestOnly, "{:?}", findings[spoiled].probe);
        }
        // What was not tried is not shown.
        assert_eq!(Verdict::of(&facts(), &[]).level, Level::TestOnly);
    }

    #[test]
    fn a_module_that_dies_is_for_tests() {
        let mut findings = sound();
        findings.push(Finding::unanswered(Probe::Hmac, "died", Rating::Bad, String::new()));
        let verdict = Verdict::of(&facts(), &findings);
        assert_eq!(verdict.level, Level::TestOnly);
        assert!(verdict.reason.contains("stable"), "{}", verdict.reason);
    }
}
