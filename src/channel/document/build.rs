//! What the words of a document come to: the model that files of Fabric's tools are read into, and its tree.

use std::collections::{BTreeMap, BTreeSet};

use super::at::At;
use super::error::{DocumentError, shown};
use super::orderer::{BatchSize, Consenter, Orderer, State};
use super::places::Places;
use super::shape::{ChannelDocument, Organization, Policies, Section};
use super::usual;
use crate::channel::configtx::{
    Application, BftConsenter, BftSection, Material, Orderer as OrdererSection,
    Organization as Member, Origin, PolicyText, PolicyTexts, Profile, RaftConsenterFiles,
    RaftSection,
};
use crate::channel::duration::parse_nanoseconds;
use crate::channel::genesis::{Generated, GenesisError, generate, usual_bft};
use crate::channel::names::is_legal_name;
use crate::msp::Folder;
use crate::policy::{language, parse_implicit};
use crate::wire;

/// The capability with which orderers may agree by BFT, and only organizations say where they are.
const V3_0: &str = "V3_0";

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
            orderer: Some(self.orderer(take("orderer"), orderers)?),
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

    fn orderer(
        &mut self,
        organizations: Vec<Member>,
        policies: PolicyTexts,
    ) -> Result<OrdererSection, DocumentError> {
        let document = self.document;
        let nobody = At::new(Orderer { r#type: At::new("solo".to_owned()), ..Orderer::default() });
        let is_left_out = document.without.iter().any(|it| it.value == "group /Channel/Orderer");
        let at = match &document.orderer {
            Some(at) => at,
            None if is_left_out => &nobody,
            None => {
                let why = "`orderer` is missing: a channel has orderers from its first block on";
                return Err(DocumentError::at(&document.id, "", why));
            }
        };
        let orderer = &at.value;
        self.places.put("/Channel/Orderer", at.line, "orderer");
        let timeout = orderer.batch_timeout.as_ref();
        self.places.put(
            "/Channel/Orderer/BatchTimeout",
            timeout.map_or(at.line, |timeout| timeout.line),
            "orderer.batch_timeout",
        );
        self.places.put("/Channel/Orderer/BatchSize", at.line, "orderer.batch_size");
        self.places.put("/Channel/OrdererAddresses", at.line, "orderer.addresses");
        self.check(orderer)?;
        let origin = Origin::at(at.line, "orderer");
        let raft = (orderer.r#type.value == "etcdraft").then(|| {
            let said = orderer.raft.as_ref();
            RaftSection {
                consenters: consenters(orderer, raft_consenter),
                options: said.map(|raft| raft.value.options()).unwrap_or_default(),
                origin: Origin::at(said.map_or(at.line, |raft| raft.line), "orderer.raft"),
            }
        });
        let bft = orderer.bft.as_ref().map(|bft| BftSection(bft.value.options(usual_bft())));
        Ok(OrdererSection {
            kind: orderer.r#type.value.clone(),
            addresses: orderer.addresses.iter().map(|one| one.value.clone()).collect(),
            batch_timeout: nanoseconds(timeout)?,
            batch_size: batch_size(&orderer.batch_size, at.line)?,
            consenter_mapping: consenters(orderer, bft_consenter),
            raft,
            bft,
            organizations,
            max_channels: orderer.max_channels,
            state: match orderer.state {
                State::Normal => wire::ConsensusState::Normal.into(),
                State::Maintenance => wire::ConsensusState::Maintenance.into(),
            },
            capabilities: all(&document.capabilities.orderer),
            policies,
            origin,
        })
    }

    /// What does not go together.
    fn check(&self, orderer: &Orderer) -> Result<(), DocumentError> {
        let kind = &orderer.r#type;
        let has_v3 = self.document.capabilities.channel.iter().any(|name| name.value == V3_0);
        let wrong = |at: u64, path: &str, why: String| Err(DocumentError::new(at, path, why));
        match kind.value.as_str() {
            "etcdraft" | "BFT" if orderer.consenters.is_empty() => {
                let why = format!("{} asks for `consenters`", kind.value);
                return wrong(kind.line, "orderer.type", why);
            }
            "BFT" if !has_v3 => {
                let why = "BFT needs the channel capability V3_0".to_owned();
                return wrong(kind.line, "orderer.type", why);
            }
            "solo" | "etcdraft" | "BFT" => {}
            other => {
                let shown = shown(other);
                let why = format!("`{shown}` is neither etcdraft nor BFT");
                return wrong(kind.line, "orderer.type", why);
            }
        }
        if let (true, Some(first)) = (has_v3, orderer.addresses.first()) {
            let why = "with the channel capability V3_0 organizations say where their orderers are: `endpoints`";
            return wrong(first.line, "orderer.addresses", why.to_owned());
        }
        let is_bft = kind.value == "BFT";
        let is_raft = kind.value == "etcdraft";
        let idle = [
            (orderer.raft.as_ref().map(|it| it.line), is_raft, "raft"),
            (orderer.bft.as_ref().map(|it| it.line), is_bft, "bft"),
            (orderer.consenters.first().map(|it| it.line), is_raft || is_bft, "consenters"),
        ];
        if let Some((Some(line), _, key)) = idle.iter().find(|(at, used, _)| at.is_some() && !used)
        {
            let why = format!("it has no effect with the type `{}`", kind.value);
            return wrong(*line, &format!("orderer.{key}"), why);
        }
        for (number, at) in orderer.consenters.iter().enumerate() {
            let Consenter { id, host, port, msp_id, identity, client_tls, server_tls } = &at.value;
            let lacks = [
                (host.is_empty(), "host"),
                (*port == 0, "port"),
                (client_tls.is_empty(), "client_tls"),
                (server_tls.is_empty(), "server_tls"),
                (is_bft && id.is_none(), "id"),
                (is_bft && msp_id.as_ref().is_none_or(String::is_empty), "msp_id"),
                (is_bft && identity.as_ref().is_none_or(String::is_empty), "identity"),
            ];
            if let Some((_, key)) = lacks.iter().find(|(lacks, _)| *lacks) {
                let path = format!("orderer.consenters[{number}]");
                return wrong(at.line, &path, format!("`{key}` is missing"));
            }
            let extra = [
                (id.is_some(), "id"),
                (msp_id.is_some(), "msp_id"),
                (identity.is_some(), "identity"),
            ];
            if let (false, Some((_, key))) = (is_bft, extra.iter().find(|(has, _)| *has)) {
                let path = format!("orderer.consenters[{number}].{key}");
                return wrong(at.line, &path, "raft has none".to_owned());
            }
        }
        Ok(())
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

fn all(names: &[At<String>]) -> BTreeMap<String, bool> {
    names.iter().map(|name| (name.value.clone(), true)).collect()
}

fn host_and_port(text: &str) -> Result<(String, i32), String> {
    let parts = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    let parts = parts.and_then(|(host, port)| Some((host.to_owned(), port.parse::<u16>().ok()?)));
    let parts = parts.map(|(host, port)| (host, i32::from(port)));
    parts.ok_or_else(|| format!("`{}` is not host:port", shown(text)))
}

fn nanoseconds(timeout: Option<&At<String>>) -> Result<i64, DocumentError> {
    let Some(timeout) = timeout else { return Ok(0) };
    parse_nanoseconds(&timeout.value).filter(|nanoseconds| *nanoseconds > 0).ok_or_else(|| {
        let shown = shown(&timeout.value);
        let why = format!("`{shown}` is no duration above zero, such as `2s` or `500ms`");
        DocumentError::at(timeout, "orderer.batch_timeout", why)
    })
}

fn batch_size(said: &BatchSize, line: u64) -> Result<wire::BatchSize, DocumentError> {
    let numbers = [
        ("max_message_count", said.max_message_count),
        ("absolute_max_bytes", said.absolute_max_bytes.map(|size| size.0)),
        ("preferred_max_bytes", said.preferred_max_bytes.map(|size| size.0)),
    ];
    if let Some((key, _)) = numbers.iter().find(|(_, number)| *number == Some(0)) {
        let path = format!("orderer.batch_size.{key}");
        return Err(DocumentError::new(line, path, "it must be above zero"));
    }
    let [max_message_count, absolute_max_bytes, preferred_max_bytes] =
        numbers.map(|(_, number)| number.unwrap_or_default());
    Ok(wire::BatchSize { max_message_count, absolute_max_bytes, preferred_max_bytes })
}

fn consenters<T>(orderer: &Orderer, read: fn(usize, &At<Consenter>) -> T) -> Vec<T> {
    orderer.consenters.iter().enumerate().map(|(number, at)| read(number, at)).collect()
}

fn origin_of(number: usize, at: &At<Consenter>) -> Origin {
    Origin::at(at.line, format!("orderer.consenters[{number}]"))
}

/// PEM itself, or where it is.
fn material(text: &str) -> Material {
    if text.contains("-----BEGIN") {
        Material::Given(text.as_bytes().to_vec())
    } else {
        Material::File(text.to_owned())
    }
}

fn raft_consenter(number: usize, at: &At<Consenter>) -> RaftConsenterFiles {
    let Consenter { host, port, client_tls, server_tls, .. } = &at.value;
    RaftConsenterFiles {
        host: host.clone(),
        port: *port,
        client_tls: Some(material(client_tls)),
        server_tls: Some(material(server_tls)),
        origin: origin_of(number, at),
    }
}

fn bft_consenter(number: usize, at: &At<Consenter>) -> BftConsenter {
    let Consenter { id, host, port, msp_id, identity, client_tls, server_tls } = &at.value;
    BftConsenter {
        id: id.unwrap_or_default(),
        host: host.clone(),
        port: *port,
        msp_id: msp_id.clone().unwrap_or_default(),
        identity: material(identity.as_deref().unwrap_or_default()),
        client_tls: material(client_tls),
        server_tls: material(server_tls),
        origin: origin_of(number, at),
    }
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
