//! `chancery expiry`: what ends soon, of all that the server knows.

use super::channels::expiry_lines;
use super::server::Session;
use crate::api::v2::ExpiringBody;
use crate::cli::exit::Failure;
use crate::cli::output::{Output, printable};

/// Tell what ends soon: issued certificates, certificates inside channels, and policies that nobody can satisfy
/// afterwards
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:\n  chancery expiry --within 30")]
pub struct Expiry {
    /// Only what ends within so many days
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(0..=36500))]
    within: u32,
    #[command(flatten)]
    session: Session,
}

impl Expiry {
    /// Asks.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        let (client, caller) = self.session.open()?;
        let first = format!("expiry?within={}", self.within);
        let mut told: ExpiringBody = client.call("GET", &first, None, Some(&caller))?;
        while let Some(next) = told.next.take() {
            let path = format!("{first}&after={next}");
            let page: ExpiringBody = client.call("GET", &path, None, Some(&caller))?;
            told.certificates.extend(page.certificates);
            told.next = page.next;
        }
        let issued = told.certificates.iter().map(|one| {
            let words = [&one.not_after, &one.ca, &one.enrollment_id, &one.serial];
            format!("issued  {}", words.map(|word| printable(word).into_owned()).join("  "))
        });
        let mut lines: Vec<String> = issued.collect();
        for channel in &told.channels {
            let of = expiry_lines(&channel.ends);
            lines.extend(of.into_iter().map(|line| format!("{}  {line}", printable(&channel.id))));
        }
        if lines.is_empty() {
            lines.push("nothing ends by then".to_owned());
        }
        out.result(&told, &lines.join("\n"))
    }
}
