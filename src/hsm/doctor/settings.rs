//! What Chancery does with a token like this.

use std::path::Path;

use serde::Serialize;

use super::facts::TokenFacts;
use super::finding::{Finding, Probe};

/// Sessions that the signer needs beside its workers: login, clerk, and two left to others.
const BESIDE: f64 = 4.0;

/// One thing that Chancery does, or is to be told, on this token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// What it is about.
    pub topic: &'static str,
    /// The key of the configuration that says it; `None` where Chancery does it by itself.
    pub key: Option<&'static str>,
    /// The value, or what is done.
    pub value: String,
    /// Why.
    pub because: String,
}

/// What Chancery does with a token like this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// The part of `chancery.toml` for this token.
    pub toml: String,
    /// Each setting with its reason.
    pub items: Vec<Setting>,
}

struct Found<'a>(&'a [Finding]);

impl Found<'_> {
    fn get(&self, probe: Probe) -> Option<&Finding> {
        self.0.iter().find(|finding| finding.probe == probe)
    }

    fn outcome(&self, probe: Probe) -> &str {
        self.get(probe).map_or("not tried", |finding| finding.outcome.as_str())
    }

    fn summary(&self, probe: Probe) -> String {
        self.get(probe).map_or_else(|| "not tried".to_owned(), |finding| finding.summary.clone())
    }

    fn figure(&self, probe: Probe, name: &str) -> Option<f64> {
        self.get(probe)?.figures.get(name).copied()
    }

    /// A setting that Chancery makes by itself.
    fn own(&self, topic: &'static str, value: impl Into<String>, probe: Probe) -> Setting {
        Setting { topic, key: None, value: value.into(), because: self.summary(probe) }
    }
}

impl Settings {
    pub(super) fn of(module: &Path, token: &TokenFacts, findings: &[Finding]) -> Self {
        let found = Found(findings);
        let (workers, why) = workers(&found);
        let algorithms = algorithms(&found);
        let mut items = vec![Setting {
            topic: "workers",
            key: Some("signer.workers"),
            value: workers.to_string(),
            because: why,
        }];
        items.push(Setting {
            topic: "issuers",
            key: Some("ca.issuer.key_algorithm"),
            value: algorithms.join(", "),
            because: "a key was made, and its signature verified".to_owned(),
        });
        items.push(found.own("key template", template(&found), Probe::Template));
        let level = found.outcome(Probe::Custody);
        items.push(Setting {
            topic: "custody",
            key: Some("signer.custody"),
            value: match level {
                "generated" | "guarded" | "any" => level.to_owned(),
                other => format!("none is proven: {other}"),
            },
            because: found.summary(Probe::Custody),
        });
        items.push(found.own(
            "enrollment secrets",
            match found.outcome(Probe::Hmac) {
                "works" => "kept as HMAC-SHA256 by a secret in the token",
                _ => "random ones as digests, chosen ones by Argon2id; a stolen database is then worth guessing",
            },
            Probe::Hmac,
        ));
        items.push(found.own(
            "public keys",
            match found.outcome(Probe::EcPoint) {
                "der" => "read as the standard writes them",
                "other" => "read in the token's own form",
                "not-told" => "not shown by the token: it cannot be used",
                _ => "not readable: the token cannot be used",
            },
            Probe::EcPoint,
        ));
        items.push(found.own("signatures", "verified, and written with a low S", Probe::HighS));
        items.push(Setting {
            topic: "keep-alive",
            key: None,
            value: "an idle session is asked for a sign of life every 60 s".to_owned(),
            because: "tokens that close idle connections count it as use".to_owned(),
        });
        items.push(found.own(
            "lost connection",
            match found.outcome(Probe::LostConnection) {
                "survives" => "nothing is to be done",
                "new-session" => "a new session, by itself",
                "re-initialise" => "a new C_Initialize, by itself",
                _ => "a new C_Initialize, then a new signer process, by itself",
            },
            Probe::LostConnection,
        ));
        let toml = toml(module, token, workers, level, &algorithms);
        Self { toml, items }
    }
}

/// The fewest sessions that come close to the best rate, within what the token opens.
fn workers(found: &Found<'_>) -> (u32, String) {
    let enough = found.figure(Probe::Speed, "enough_sessions");
    let limit = found.figure(Probe::SessionLimit, "sessions");
    let Some(enough) = enough else {
        return (2, "the default: no rate was measured".to_owned());
    };
    let room = limit.map_or(enough, |limit| (limit - BESIDE).max(1.0));
    let chosen = [8, 4, 2, 1].into_iter().find(|count| f64::from(*count) <= enough.min(room));
    let chosen = chosen.unwrap_or(1);
    let why = if room < enough {
        format!("the token opens {} sessions", limit.unwrap_or_default())
    } else {
        "more sessions sign no faster".to_owned()
    };
    (chosen, why)
}

fn algorithms(found: &Found<'_>) -> Vec<&'static str> {
    [
        (Probe::AlgorithmP256, "P-256"),
        (Probe::AlgorithmP384, "P-384"),
        (Probe::AlgorithmRsa3072, "RSA-3072"),
        (Probe::AlgorithmEd25519, "Ed25519"),
    ]
    .into_iter()
    .filter(|(probe, _)| found.outcome(*probe) == "works")
    .map(|(_, name)| name)
    .collect()
}

fn template(found: &Found<'_>) -> String {
    match found.get(Probe::Template) {
        Some(finding) if finding.outcome == "taken" || finding.outcome == "unproven" => {
            "strict, as it is".to_owned()
        }
        Some(finding) if finding.outcome == "reduced" => {
            format!("without {}", finding.items.join(", "))
        }
        _ => "none is known to be taken".to_owned(),
    }
}

fn toml(
    module: &Path,
    token: &TokenFacts,
    workers: u32,
    custody: &str,
    algorithms: &[&str],
) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut lines = vec![
        "[signer]".to_owned(),
        format!("module = {}", quoted(&module.to_string_lossy())),
        format!("token = {}", quoted(&token.label)),
    ];
    if !token.serial.is_empty() {
        lines.push(format!("serial = {}", quoted(&token.serial)));
    }
    lines.push("pin_file = \"pin\"".to_owned());
    // The default asks for `generated`: what is less must be allowed knowingly.
    if matches!(custody, "guarded" | "any") {
        lines.push(format!("custody = {}", quoted(custody)));
    }
    lines.push(format!("workers = {workers}"));
    if let Some(first) = algorithms.first() {
        lines.push(String::new());
        lines.push("[ca.issuer]".to_owned());
        lines.push(format!("key_algorithm = {}", quoted(first)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::facts::tests::facts;
    use super::super::finding::Rating;
    use super::*;

    #[test]
    fn workers_fit_into_the_token() {
        let mut speed = Finding::unanswered(Probe::Speed, "measured", Rating::Good, String::new());
        speed.figures.insert("enough_sessions".into(), 8.0);
        let mut limit =
            Finding::unanswered(Probe::SessionLimit, "few", Rating::Fair, String::new());
        limit.figures.insert("sessions".into(), 6.0);
        let settings = Settings::of(Path::new("/m.so"), &facts(), &[speed.clone(), limit]);
        assert!(settings.toml.contains("workers = 2"), "{}", settings.toml);
        let settings = Settings::of(Path::new("/m.so"), &facts(), &[speed]);
        assert!(settings.toml.contains("workers = 8"), "{}", settings.toml);
        assert!(settings.toml.contains("serial = \"1\""), "{}", settings.toml);
    }
}
