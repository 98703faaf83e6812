//! An application before the rules: everything that it lacks.

use std::collections::BTreeSet;

use super::application::{AdmissionApplication, Attached};
use super::certificates::certificates;
use super::document::{AdmissionRules, CustodyDemand, is_document_name, is_line};
use super::shortcoming::{Shortcoming, shown};
use crate::channel::load::Channel;
use crate::channel::names::is_legal_name;
use crate::clock::Timestamp;
use crate::msp::Msp;
use crate::policy::language;
use crate::wire::{FabricMspConfig, MspConfig, decode};

/// The most documents of an application.
const MAX_DOCUMENTS: usize = 100;
/// The most policies of its own.
const MAX_POLICIES: usize = 50;
/// The longest line, in characters.
const MAX_LINE: usize = 500;
/// The longest rule and the longest URI, in characters.
const MAX_TEXT: usize = 2_000;
/// How old an application may be when it comes, in seconds: a day.
const MAX_AGE: i64 = 86_400;
/// How far the applicant's clock may be ahead, in seconds.
const MAX_AHEAD: i64 = 300;

/// What an application meets.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The channel.
    pub channel: &'a Channel,
    /// Whether the keys of the CAs that are submitted are proven to be in the server's own tokens.
    pub custody_is_proven: bool,
}

impl AdmissionRules {
    /// What an application lacks; nothing when it can stand.
    pub fn judge(
        &self,
        application: &AdmissionApplication,
        met: Circumstances<'_>,
        now: Timestamp,
    ) -> Vec<Shortcoming> {
        let mut lacks = Vec::new();
        let mut lack = |code, text: String| lacks.push(Shortcoming::new(code, text));
        if application.channel != self.channel() {
            let told = shown(&application.channel);
            lack(
                "channel",
                format!("`channel` is `{told}`, and the rules are of `{}`", self.channel()),
            );
        }
        match application.at.parse::<Timestamp>() {
            Err(_) => lack("time", "`at` is no RFC 3339 time in UTC".to_owned()),
            Ok(at) if at < now.plus(-MAX_AGE) || at > now.plus(MAX_AHEAD) => {
                lack(
                    "time",
                    format!("`at` is {at}, and it is {now}: an application is made anew each day"),
                );
            }
            Ok(_) => {}
        }
        if !is_line(&application.contact, MAX_LINE) {
            lack("contact", format!("`contact` is not one line of 1 to {MAX_LINE} characters"));
        }
        judge_place(application, met, &mut lacks);
        self.judge_documents(application, &mut lacks);
        judge_policies(application, &mut lacks);
        self.judge_msp(application, met, now, &mut lacks);
        self.judge_custody(application, met, &mut lacks);
        lacks
    }

    fn judge_documents(&self, application: &AdmissionApplication, lacks: &mut Vec<Shortcoming>) {
        let mut lack = |text: String| lacks.push(Shortcoming::new("document", text));
        let mut names = BTreeSet::new();
        for document in application.documents.iter().take(MAX_DOCUMENTS) {
            let Attached { name, sha256, uri } = document;
            if !is_document_name(name) {
                lack(format!(
                    "a document is called `{}`, which is not 1 to 64 of `[a-z0-9._-]`",
                    shown(name)
                ));
            } else if !names.insert(name.as_str()) {
                lack(format!("the document `{name}` is there twice"));
            }
            if hex::decode(sha256).map(|sum| sum.len()) != Ok(32) {
                lack(format!("the document `{}` has no SHA-256 in hexadecimal", shown(name)));
            }
            if uri.as_ref().is_some_and(|uri| !is_line(uri, MAX_TEXT)) {
                lack(format!("the document `{}` has a URI that is none", shown(name)));
            }
        }
        if application.documents.len() > MAX_DOCUMENTS {
            lack(format!("there are more than {MAX_DOCUMENTS} documents"));
        }
        for asked in self.documents().filter(|asked| !names.contains(asked.name.as_str())) {
            lack(format!("the document `{}` is missing: {}", asked.name, asked.description));
        }
    }

    fn judge_msp(
        &self,
        application: &AdmissionApplication,
        met: Circumstances<'_>,
        now: Timestamp,
        lacks: &mut Vec<Shortcoming>,
    ) {
        let Some(octets) = application.msp_config() else {
            lacks.push(Shortcoming::new("msp", "`msp` is no base64"));
            return;
        };
        let read = decode::<MspConfig>(&octets).ok().filter(|outer| outer.r#type == 0);
        let config = read.and_then(|outer| decode::<FabricMspConfig>(&outer.config).ok());
        let Some(config) = config else {
            lacks.push(Shortcoming::new("msp", "`msp` is no `MSPConfig` of the type 0"));
            return;
        };
        let msp = Msp::new(&octets, met.channel.version(), now);
        if let Err(why) = &msp {
            let text = format!("nodes would refuse the MSP ({}): {why}", why.category());
            lacks.push(Shortcoming::new("msp", text));
        }
        if config.name.is_empty() {
            lacks.push(Shortcoming::new("msp", "the MSP has no ID"));
        } else if met.channel.msps().get(&config.name).is_some() {
            let text = format!("the MSP `{}` is in the channel already", shown(&config.name));
            lacks.push(Shortcoming::new("already-in", text));
        }
        if config.signing_identity.is_some() {
            lacks.push(Shortcoming::new(
                "msp",
                "the MSP holds a signing identity, which is nobody else's business",
            ));
        }
        certificates(self.certificates(), &config, msp.as_ref().ok(), now, lacks);
    }

    fn judge_custody(
        &self,
        application: &AdmissionApplication,
        met: Circumstances<'_>,
        lacks: &mut Vec<Shortcoming>,
    ) {
        let mut lack = |text: String| lacks.push(Shortcoming::new("custody", text));
        if let Some(told) = &application.custody {
            if !is_line(&told.statement, MAX_LINE) {
                lack(format!("`custody.statement` is not one line of 1 to {MAX_LINE} characters"));
            }
            if !application.documents.iter().any(|document| document.name == told.evidence) {
                let evidence = shown(&told.evidence);
                lack(format!("`custody.evidence` is `{evidence}`, which is none of the documents"));
            }
        }
        match self.custody() {
            CustodyDemand::Any => {}
            CustodyDemand::Declared => {
                if application.custody.is_none() {
                    lack("how the keys of the CAs are kept is not stated (`custody`)".to_owned());
                }
            }
            CustodyDemand::Token => {
                if !met.custody_is_proven {
                    lack(
                        "the keys of the CAs are not proven to be in a token of this server"
                            .to_owned(),
                    );
                }
            }
        }
    }
}

fn judge_place(
    application: &AdmissionApplication,
    met: Circumstances<'_>,
    lacks: &mut Vec<Shortcoming>,
) {
    let name = &application.organization;
    let Some(section) = met.channel.application() else {
        lacks.push(Shortcoming::new("channel", "the channel has no application section"));
        return;
    };
    if !is_legal_name(name) {
        let text =
            format!("`organization` is `{}`, no name of 1 to 249 of `[a-zA-Z0-9.-]`", shown(name));
        lacks.push(Shortcoming::new("organization", text));
    } else if section.orgs.contains_key(name) {
        let text = format!("the organization `{name}` is in the channel already");
        lacks.push(Shortcoming::new("already-in", text));
    }
}

fn judge_policies(application: &AdmissionApplication, lacks: &mut Vec<Shortcoming>) {
    let mut lack = |text: String| lacks.push(Shortcoming::new("policy", text));
    if application.policies.len() > MAX_POLICIES {
        lack(format!("there are more than {MAX_POLICIES} policies"));
    }
    for (name, rule) in application.policies.iter().take(MAX_POLICIES) {
        if !is_legal_name(name) {
            lack(format!(
                "a policy is called `{}`, which is not 1 to 249 of `[a-zA-Z0-9.-]`",
                shown(name)
            ));
        }
        if rule.chars().count() > MAX_TEXT {
            lack(format!("the policy `{}` has more than {MAX_TEXT} characters", shown(name)));
        } else if let Err(why) = language::read(rule) {
            lack(format!("the policy `{}` is no rule of signatures: {why}", shown(name)));
        }
    }
}
