//! What was measured: a table for people, and the same with stable names for machines.

use std::fmt::Write as _;

use serde::Serialize;

/// Questions of a request for verdicts.
pub(super) const BATCH: u16 = 256;

/// Verification of ECDSA on P-256 by the library alone.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct VerificationFigure {
    /// A second, on one thread.
    pub(super) one_thread: f64,
    /// A second, on all cores.
    pub(super) all_cores: f64,
    /// Processor time of one, in microseconds.
    pub(super) cpu_us: f64,
}

/// The token with nothing around it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct TokenFigure {
    /// Sessions at work.
    pub(super) sessions: usize,
    /// `C_Sign` with ECDSA on P-256, a second.
    pub(super) sign_per_second: f64,
    /// Processor time of one, in microseconds. Hardware takes none of it.
    pub(super) sign_cpu_us: f64,
    /// Processor time of an HMAC; none where the token has no HMAC.
    pub(super) mac_cpu_us: Option<f64>,
}

/// A signature through the signer, beside a bare `C_Sign` with its verification.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct SignerFigure {
    pub(super) per_second: f64,
    pub(super) cpu_us: f64,
    pub(super) limit_per_second: f64,
    pub(super) limit_cpu_us: f64,
    pub(super) rate_ratio: f64,
    pub(super) cpu_ratio: f64,
}

/// Durable writes, beside bare syncs of the same file system.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct StoreFigure {
    pub(super) deeds_per_second: f64,
    pub(super) cpu_us: Option<f64>,
    pub(super) limit_syncs_per_second: f64,
    pub(super) deeds_per_sync: f64,
}

/// What was measured without the server.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Limits {
    pub(super) verification: VerificationFigure,
    pub(super) token: TokenFigure,
    pub(super) signer: SignerFigure,
    pub(super) store: StoreFigure,
}

/// The cryptography that an operation cannot do without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Floor {
    pub(super) signs: u8,
    pub(super) macs: u8,
    pub(super) verifications: u16,
}

impl Limits {
    /// Processor time of a floor, in microseconds.
    pub(super) fn cpu_us(&self, floor: Floor) -> f64 {
        f64::from(floor.signs) * self.token.sign_cpu_us
            + f64::from(floor.macs) * self.token.mac_cpu_us.unwrap_or_default()
            + f64::from(floor.verifications) * self.verification.cpu_us
    }
}

/// One operation of the server.
#[derive(Debug, Clone, Serialize)]
pub(super) struct OperationFigure {
    pub(super) operation: String,
    /// Good answers a second.
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Answers that were not of 2xx.
    pub(super) not_2xx: u64,
    /// The first of these.
    pub(super) first_refusal: Option<String>,
    /// Processor time of the server's processes for one answer, in microseconds.
    pub(super) cpu_us: Option<f64>,
    /// That of the cryptography alone, by the limits of this run; none where there is none.
    pub(super) limit_cpu_us: Option<f64>,
    /// What all cores could answer if there were nothing else to do.
    pub(super) limit_per_second: Option<f64>,
    /// `cpu_us` by `limit_cpu_us`.
    pub(super) cpu_ratio: Option<f64>,
    /// How many things one answer is about: identities of a list, entries of a revocation list.
    pub(super) items: Option<usize>,
    /// Memory of the server's processes after it, in octets.
    pub(super) resident_bytes: Option<u64>,
}

/// The server as a whole.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct ServerFigure {
    pub(super) start_to_ready_ms: f64,
    pub(super) idle_resident_bytes: Option<u64>,
    pub(super) most_resident_bytes: Option<u64>,
}

/// A step of growth.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct StepFigure {
    /// Certificates in the store after it, as far as this run issued them.
    pub(super) certificates: usize,
    pub(super) per_second: f64,
    pub(super) cpu_us: Option<f64>,
    /// `cpu_us` by that of the first step.
    pub(super) cpu_ratio: Option<f64>,
    pub(super) not_2xx: u64,
    pub(super) resident_bytes: Option<u64>,
}

/// Everything.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Report {
    pub(super) version: &'static str,
    pub(super) cores: usize,
    pub(super) module: String,
    pub(super) token: String,
    pub(super) seconds: u64,
    pub(super) connections: usize,
    pub(super) limits: Limits,
    pub(super) server: ServerFigure,
    pub(super) operations: Vec<OperationFigure>,
    pub(super) growth: Vec<StepFigure>,
}

impl Report {
    /// How many answers were not of 2xx.
    pub(super) fn refused(&self) -> u64 {
        self.operations.iter().map(|operation| operation.not_2xx).sum::<u64>()
            + self.growth.iter().map(|step| step.not_2xx).sum::<u64>()
    }

    /// The table.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "chancery {}, {} cores, token `{}` of {}\n",
            self.version, self.cores, self.token, self.module
        );
        self.limits_text(&mut text);
        if !self.operations.is_empty() {
            self.operations_text(&mut text);
        }
        if !self.growth.is_empty() {
            self.growth_text(&mut text);
        }
        let server = &self.server;
        // Writing into a String cannot fail.
        let _ = writeln!(
            text,
            "\nserver: ready after {:.0} ms; resident {} MB idle, {} MB at most",
            server.start_to_ready_ms,
            mega(server.idle_resident_bytes),
            mega(server.most_resident_bytes)
        );
        text
    }

    fn limits_text(&self, text: &mut String) {
        let Limits { verification, token, signer, store } = &self.limits;
        let mac = token.mac_cpu_us.map_or("none".to_owned(), |us| format!("{us:.1} us"));
        let _ = writeln!(text, "\n{:34}{:>12}{:>12}{:>9}", "limits", "figure", "limit", "ratio");
        let mut row = |name: &str, figure: String, limit: String, ratio: String| {
            let _ = writeln!(text, "{name:34}{figure:>12}{limit:>12}{ratio:>9}");
        };
        let none = String::new;
        let rate = |rate: f64| format!("{rate:.0}/s");
        let micros = |us: f64| format!("{us:.1} us");
        row("verification, one thread", rate(verification.one_thread), none(), none());
        row("verification, all cores", rate(verification.all_cores), none(), none());
        row("verification, CPU", micros(verification.cpu_us), none(), none());
        let sessions = format!("bare C_Sign, {} sessions", token.sessions);
        row(&sessions, rate(token.sign_per_second), none(), none());
        row("bare C_Sign, CPU", micros(token.sign_cpu_us), none(), none());
        row("bare HMAC, CPU", mac, none(), none());
        row(
            "signer, against C_Sign and verify",
            rate(signer.per_second),
            rate(signer.limit_per_second),
            format!("{:.2}", signer.rate_ratio),
        );
        row(
            "signer, CPU",
            micros(signer.cpu_us),
            micros(signer.limit_cpu_us),
            format!("{:.2}", signer.cpu_ratio),
        );
        row(
            "durable writes, against fdatasync",
            rate(store.deeds_per_second),
            rate(store.limit_syncs_per_second),
            format!("{:.2}", store.deeds_per_sync),
        );
        row("durable writes, CPU", store.cpu_us.map_or_else(none, micros), none(), none());
    }

    fn operations_text(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "\n{:11}{:>10}{:>10}{:>9}{:>9}{:>8}{:>9}{:>9}{:>7}{:>8}{:>9}",
            "operation",
            "answers/s",
            "limit/s",
            "p50 ms",
            "p99 ms",
            "not 2xx",
            "CPU us",
            "limit us",
            "ratio",
            "RSS MB",
            "items"
        );
        for row in &self.operations {
            let _ = writeln!(
                text,
                "{:11}{:>10.0}{:>10}{:>9.2}{:>9.2}{:>8}{:>9}{:>9}{:>7}{:>8}{:>9}",
                row.operation,
                row.per_second,
                number(row.limit_per_second, 0),
                row.p50_ms,
                row.p99_ms,
                row.not_2xx,
                number(row.cpu_us, 0),
                number(row.limit_cpu_us, 0),
                number(row.cpu_ratio, 2),
                mega(row.resident_bytes),
                row.items.map_or("-".to_owned(), |items| items.to_string())
            );
            if row.operation == "verify" {
                // Two threads of one core are slower than two cores: what both do at once is the limit.
                let bare = self.limits.verification.all_cores;
                let ours = row.per_second * f64::from(BATCH);
                let _ = writeln!(
                    text,
                    "  {ours:.0} verdicts/s, {:.2} of the {bare:.0} bare verifications/s of all cores",
                    ours / bare
                );
            }
            if let Some(refusal) = &row.first_refusal {
                let _ = writeln!(text, "  first that was not 2xx: {refusal}");
            }
        }
        let _ = writeln!(
            text,
            "{} s each, {} connections. Limit: the cryptography of the operation alone, on all cores,\n\
             by the limits above. CPU: of all the server's processes, for one answer.",
            self.seconds, self.connections
        );
    }

    fn growth_text(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "\n{:>12}{:>10}{:>9}{:>14}{:>9}{:>8}",
            "certificates", "enroll/s", "CPU us", "to the first", "not 2xx", "RSS MB"
        );
        for step in &self.growth {
            let _ = writeln!(
                text,
                "{:>12}{:>10.0}{:>9}{:>14}{:>9}{:>8}",
                step.certificates,
                step.per_second,
                number(step.cpu_us, 0),
                number(step.cpu_ratio, 2),
                step.not_2xx,
                mega(step.resident_bytes)
            );
        }
    }
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
}

/// Octets in units of a million of two.
fn mega(octets: Option<u64>) -> String {
    octets.map_or("-".to_owned(), |octets| (octets >> 20).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            verification: VerificationFigure {
                one_thread: 20_000.0,
                all_cores: 40_000.0,
                cpu_us: 50.0,
            },
            token: TokenFigure {
                sessions: 2,
                sign_per_second: 40_000.0,
                sign_cpu_us: 30.0,
                mac_cpu_us: Some(5.0),
            },
            signer: SignerFigure {
                per_second: 20_000.0,
                cpu_us: 90.0,
                limit_per_second: 25_000.0,
                limit_cpu_us: 80.0,
                rate_ratio: 0.8,
                cpu_ratio: 1.125,
            },
            store: StoreFigure {
                deeds_per_second: 10_000.0,
                cpu_us: Some(60.0),
                limit_syncs_per_second: 500.0,
                deeds_per_sync: 20.0,
            },
        }
    }

    #[test]
    fn a_floor_is_what_its_parts_cost() {
        let enroll = Floor { signs: 1, macs: 1, verifications: 2 };
        assert_eq!(limits().cpu_us(enroll).to_bits(), 135.0_f64.to_bits());
        assert_eq!(limits().cpu_us(Floor::default()).to_bits(), 0.0_f64.to_bits());
        let mut without = limits();
        without.token.mac_cpu_us = None;
        assert_eq!(without.cpu_us(enroll).to_bits(), 130.0_f64.to_bits());
    }

    #[test]
    fn the_table_is_aligned_and_says_what_was_refused() {
        let operation = |name: &str, not_2xx| OperationFigure {
            operation: name.to_owned(),
            per_second: 4000.0,
            p50_ms: 1.0,
            p99_ms: 2.0,
            not_2xx,
            first_refusal: (not_2xx > 0).then(|| "503 busy".to_owned()),
            cpu_us: Some(200.0),
            limit_cpu_us: None,
            limit_per_second: None,
            cpu_ratio: None,
            items: None,
            resident_bytes: Some(40 << 20),
        };
        let report = Report {
            version: "0",
            cores: 2,
            module: "/m.so".to_owned(),
            token: "t".to_owned(),
            seconds: 3,
            connections: 64,
            limits: limits(),
            server: ServerFigure {
                start_to_ready_ms: 100.0,
                idle_resident_bytes: Some(30 << 20),
                most_resident_bytes: None,
            },
            operations: vec![operation("cainfo", 0), operation("identities", 3)],
            growth: vec![],
        };
        assert_eq!(report.refused(), 3);
        let text = report.text();
        let rows: Vec<_> = text
            .lines()
            .filter(|line| {
                ["operation ", "cainfo", "identities"].iter().any(|n| line.starts_with(n))
            })
            .collect();
        assert_eq!(rows.len(), 3, "{text}");
        assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{text}");
        assert!(text.contains("first that was not 2xx: 503 busy"), "{text}");
        assert!(text.contains("resident 30 MB idle, - MB at most"), "{text}");
    }
}
