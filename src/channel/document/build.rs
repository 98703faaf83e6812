//! What the words of a document come to: the model that files of Fabric's tools are read into, and its tree.

use std::collections::{BTreeMap, BTreeSet};

use super::at::At;
use super::build_orderer::{V3_0, all, section};
use super::error::{DocumentError, shown};
use super::places::Places;
use super::shape::{ChannelDocument, Organization, Policies, Section};
use super::usual;
use crate::channel::configtx::{
    Application, Organization as Member, Origin, PolicyText, PolicyTexts, Profile,
};
use crate::channel::genesis::{Generated, GenesisError, generate};
use crate::channel::names::is_legal_name;
use crate::msp::Folder;
use crate::policy::{language, parse_implicit};

/// Makes the tree that the words of a document speak of, and notes what stands where.
pub(super) fn build(
    document: &ChannelDocument,
    files: &impl Folder,
    places: &mut Places,
) -> Result<Generated, DocumentError> {
    let profile = Builder { document, places }.profile(files)?;
    generate(&profile, files).map_err(|why| of_genesis(&why))
}

struct Builder<'d, 'p> {
    document: &'d ChannelDocument,
    places: &'p mut Places,
}

impl Builder<'_, '_> {
    fn profile(&mut self, files: &impl Folder) -> Result<Profile, DocumentError> {
        let document = self.document;
        self.places.put("/Channel", document.id.line, "");
        let named = &document.policies;
        let channel = self.policies(
            "/Channel",
            "policies.channel",
            &named.channel,
            &[usual::CHANNEL.as_slice()],
        )?;
        let orderers = self.policies(
            "/Channel/Orderer",
            "policies.orderer",
            &named.orderer,
            &[&usual::CHANNEL, &usual::ORDERER],
        )?;
        let applications = self.policies(
            "/Channel/Application",
            "policies.application",
            &named.application,
            &[&usual::CHANNEL, &usual::APPLICATION],
        )?;
        self.refuse_twice()?;
        let mut members = BTreeMap::from([("application", Vec::new()), ("orderer", Vec::new())]);
        for (number, organization) in document.organizations.iter().enumerate() {
            let member = self.member(number, organization, files)?;
            for section in &organization.value.sections {
                let word = match section {
                    Section::Application => "application",
                    Section::Orderer => "orderer",
                };
                members.entry(word).or_default().push(member.clone());
            }
        }
        let mut take = |word| members.remove(word).unwrap_or_default();
        let capabilities = &document.capabilities;
        let lines = [
            ("/Channel/Capabilities", &capabilities.channel, "capabilities.channel"),
            ("/Channel/Orderer/Capabilities", &capabilities.orderer, "capabilities.orderer"),
            (
                "/Channel/Application/Capabilities",
                &capabilities.application,
                "capabilities.application",
            ),
        ];
        for (element, listed, path) in lines {
            if let Some(first) = listed.first() {
                self.places.put(element, first.line, path);
            }
        }
        if let Some(first) = document.acls.values().next() {
            self.places.put("/Channel/Application/ACLs", first.line, "acls");
        }
        let acls = document.acls.iter().map(|(name, policy)| (name.clone(), policy.value.clone()));
        let application = Application {
            organizations: take("application"),
            capabilities: all(&capabilities.application),
            policies: applications,
            acls: acls.collect(),
            origin: Origin::at(document.id.line, "application"),
        };
        Ok(Profile {
            consortium: document.consortium.clone().unwrap_or_default(),
            application: Some(application),
            orderer: Some(section(document, self.places, take("orderer"), orderers)?),
            consortiums: None,
            capabilities: all(&capabilities.channel),
            policies: channel,
            origin: Origin::at(document.id.line, ""),
            unused_variables: Vec::new(),
        })
    }

    /// No two organizations of a section have one name.
    fn refuse_twice(&self) -> Result<(), DocumentError> {
        let mut seen = BTreeSet::new();
        for (number, organization) in self.document.organizations.iter().enumerate() {
            let path = format!("organizations[{number}]");
            let Organization { name, sections, .. } = &organization.value;
            if sections.is_empty() {
                let why = "it is in no section: `application`, `orderer` or both";
                return Err(DocumentError::at(organization, format!("{path}.sections"), why));
            }
            for section in sections {
                if !seen.insert((*section == Section::Orderer, &name.value)) {
                    let why = format!("`{}` is there twice", shown(&name.value));
                    return Err(DocumentError::at(name, format!("{path}.name"), why));
                }
            }
        }
        Ok(())
    }

    fn member(
        &mut self,
        number: usize,
        at: &At<Organization>,
        files: &impl Folder,
    ) -> Result<Member, DocumentError> {
        let Organization { name, msp_id, sections, policies, anchor_peers, endpoints, msp } =
            &at.value;
        let path = format!("organizations[{number}]");
        if !is_legal_name(&name.value) {
            let why = format!(
                "`{}` is no name of a group: 1 to 249 of `[a-zA-Z0-9.-]`",
                shown(&name.value)
            );
            return Err(DocumentError::at(name, format!("{path}.name"), why));
        }
        if msp_id.value.is_empty() {
            return Err(DocumentError::at(msp_id, format!("{path}.msp_id"), "it is empty"));
        }
        let mut texts = PolicyTexts::new();
        for (policy, rule) in usual::of_organization(&msp_id.value, sections) {
            if policies.contains_key(&policy) {
                continue;
            }
            // Quotes of the language do not hold every MSP ID. What `raw` says wins, so it does not matter then.
            let rule =
                if self.is_raw(name, sections, &policy) { "ANY Readers".to_owned() } else { rule };
            let rule = At { value: rule, line: at.line };
            texts.insert(policy, text_of(&path, "policies", &rule)?);
        }
        for (policy, rule) in policies {
            texts.insert(policy.clone(), text_of(&path, &format!("policies.{policy}"), rule)?);
        }
        let is_in = |section| sections.contains(&section);
        for (section, word) in
            [(Section::Application, "Application"), (Section::Orderer, "Orderer")]
        {
            if !is_in(section) {
                continue;
            }
            let group = format!("/Channel/{word}/{}", name.value);
            self.places.put(format!("{group}/MSP"), msp.line, format!("{path}.msp"));
            for (policy, rule) in policies {
                let path = format!("{path}.policies.{policy}");
                self.places.put(format!("{group}/{policy}"), rule.line, path);
            }
            self.places.put(group, at.line, path.clone());
        }
        let wrong_section = [
            (anchor_peers, Section::Application, "anchor_peers", "peers"),
            (endpoints, Section::Orderer, "endpoints", "orderers"),
        ];
        for (listed, section, key, who) in wrong_section {
            if let (Some(first), false) = (listed.first(), is_in(section)) {
                let why = format!("the organization has no {who}: `sections` does not say so");
                return Err(DocumentError::at(first, format!("{path}.{key}"), why));
            }
        }
        let has_v3 = self.document.capabilities.channel.iter().any(|name| name.value == V3_0);
        if has_v3 && is_in(Section::Orderer) && endpoints.is_empty() {
            let why = "`endpoints` are missing, which the channel capability V3_0 asks for";
            return Err(DocumentError::at(at, path, why));
        }
        let peers = anchor_peers.iter().enumerate().map(|(number, peer)| {
            let path = format!("{path}.anchor_peers[{number}]");
            host_and_port(&peer.value).map_err(|why| DocumentError::at(peer, path, why))
        });
        let peers = peers.collect::<Result<_, _>>()?;
        let source = msp.value.source(&msp_id.value, files);
        Ok(Member {
            name: name.value.clone(),
            msp_id: msp_id.value.clone(),
            msp: source.map_err(|why| DocumentError::at(msp, format!("{path}.msp"), why))?,
            msp_type: String::new(),
            policies: texts,
            anchor_peers: peers,
            orderer_endpoints: endpoints.iter().map(|one| one.value.clone()).collect(),
            is_foreign: false,
            origin: Origin::at(msp.line, path),
        })
    }

    /// Whether `raw` says the policy of an organization, in each of its sections.
    fn is_raw(&self, name: &At<String>, sections: &[Section], policy: &str) -> bool {
        sections.iter().all(|section| {
            let word = match section {
                Section::Application => "Application",
                Section::Orderer => "Orderer",
            };
            let element = format!("policy /Channel/{word}/{}/{policy}", name.value);
            self.document.raw.contains_key(&element)
        })
    }

    /// The policies of a group: what is usual, and what is said.
    fn policies(
        &mut self,
        group: &str,
        path: &str,
        said: &Policies,
        usual: &[&[(&str, &str)]],
    ) -> Result<PolicyTexts, DocumentError> {
        let mut texts = PolicyTexts::new();
        for (name, rule) in usual.iter().copied().flatten() {
            let rule = At { value: (*rule).to_owned(), line: self.document.id.line };
            texts.insert((*name).to_owned(), text_of(path, name, &rule)?);
        }
        for (name, rule) in said {
            let text = text_of(path, name, rule)?;
            self.places.put(format!("{group}/{name}"), rule.line, format!("{path}.{name}"));
            if !is_legal_name(name) {
                let why = "no name of a policy: 1 to 249 of `[a-zA-Z0-9.-]`";
                return Err(DocumentError::at(rule, format!("{path}.{name}"), why));
            }
            texts.insert(name.clone(), text);
        }
        Ok(texts)
    }
}

fn text_of(path: &str, key: &str, rule: &At<String>) -> Result<PolicyText, DocumentError> {
    let path = format!("{path}.{key}");
    let kind = kind_of_rule(&rule.value).map_err(|why| DocumentError::at(rule, &*path, why))?;
    let origin = Origin::at(rule.line, path);
    Ok(PolicyText { kind: kind.to_owned(), rule: rule.value.clone(), origin })
}

/// The kind of a policy's text, as Fabric's tools name it.
pub(super) fn kind_of_rule(rule: &str) -> Result<&'static str, String> {
    if parse_implicit(rule).is_ok() {
        return Ok("ImplicitMeta");
    }
    match language::read(rule) {
        Ok(_) => Ok("Signature"),
        Err(why) => {
            let shown = shown(rule);
            Err(format!("`{shown}` is no policy: {why}"))
        }
    }
}

fn host_and_port(text: &str) -> Result<(String, i32), String> {
    let parts = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    let parts = parts.and_then(|(host, port)| Some((host.to_owned(), port.parse::<u16>().ok()?)));
    let parts = parts.map(|(host, port)| (host, i32::from(port)));
    parts.ok_or_else(|| format!("`{}` is not host:port", shown(text)))
}

/// In the words of documents; what is checked before is told as it is.
fn of_genesis(error: &GenesisError) -> DocumentError {
    let at = |origin: &Origin, key: &str, why: String| {
        DocumentError::new(origin.line().unwrap_or(0), format!("{}{key}", origin.path()), why)
    };
    if let GenesisError::MspFolder { origin, folder, why } = error {
        return at(origin, ".msp", format!("the folder `{}` does not load: {why}", shown(folder)));
    }
    if let GenesisError::File { origin, key, path, why } = error {
        let key = match *key {
            "ClientTLSCert" => ".client_tls",
            "ServerTLSCert" => ".server_tls",
            _ => ".identity",
        };
        return at(origin, key, format!("`{}` cannot be read: {why}", shown(path)));
    }
    if let GenesisError::RaftOptions(origin, what) = error {
        return at(origin, "", format!("it has {what}"));
    }
    DocumentError::new(0, "", error.to_string())
}
