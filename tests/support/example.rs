//! A network of `policies/`, executed: a server with a CA for each of its organizations and one for who wants to join, and the
//! channel that its documents describe.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use chancery::channel::{AdmissionRules, CustodyDemand};
use serde_json::Value;

use super::channel;
use super::club::{Club, done, refused};
use super::council::{json, path};
use super::tools::{chancery, output, pause, root};

/// A network whose channel the server decides over.
pub(crate) struct Example {
    pub(crate) club: Club,
    /// The documents, with what they name.
    folder: PathBuf,
    /// The channel of `channel.yaml`.
    pub(crate) channel: String,
    /// Who wants to join.
    pub(crate) newcomer: &'static str,
}

/// What a document of a channel names, as far as this has to make it.
struct Named {
    organizations: Vec<String>,
    /// Below the folder.
    certificates: Vec<String>,
}

impl Named {
    fn of(text: &str) -> Self {
        let names = text.lines().filter_map(|line| line.strip_prefix("  - name: "));
        let is_file = |word: &&str| Path::new(word).extension().is_some_and(|end| end == "pem");
        let words = text.split([' ', ',', '}', '\n']).filter(is_file);
        let mut certificates: Vec<String> = words.map(str::to_owned).collect();
        certificates.sort();
        certificates.dedup();
        Self { organizations: names.map(str::to_owned).collect(), certificates }
    }

    /// Certificates of the nodes of an organization: `tls/orderer0-depot.pem` is of `Depot`.
    fn of_organization(&self, org: &str) -> impl Iterator<Item = &str> {
        let end = format!("-{}.pem", org.to_lowercase());
        self.certificates.iter().map(String::as_str).filter(move |file| file.ends_with(&end))
    }
}

impl Example {
    /// The network of this folder of `policies/`: its channel with its rules and its collections.
    pub(crate) fn new(name: &str, newcomer: &'static str) -> Self {
        let policies = root().join("policies").join(name);
        let text = std::fs::read_to_string(policies.join("channel.yaml")).unwrap();
        let named = Named::of(&text);
        let mut arguments = vec!["--hierarchy", "two", "--administrators"];
        for org in named.organizations.iter().map(String::as_str).chain([newcomer]) {
            arguments.extend(["--ca", org]);
        }
        let profiles = policies.join("profiles");
        if profiles.exists() {
            arguments.extend(["--profiles", path(&profiles)]);
        }
        let club = Club::with(&arguments);
        let folder = club.path("network");
        std::fs::create_dir(&folder).unwrap();
        for entry in std::fs::read_dir(&policies).unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_some_and(|end| end == "yaml") {
                std::fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
            }
        }
        let id = text.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
        let example = Self { club, folder, channel: id, newcomer };
        let (example_ref, named_ref) = (&example, &named);
        std::thread::scope(|scope| {
            for org in named.organizations.iter().map(String::as_str).chain([newcomer]) {
                scope.spawn(move || example_ref.equip(org, named_ref));
            }
        });

        let lint = json(&done(chancery().args(["policy", "lint", "--json"]).arg(&example.folder)));
        for document in lint["documents"].as_array().unwrap() {
            for part in ["errors", "warnings", "notes"] {
                assert_eq!(document[part], serde_json::json!([]), "{document:#}");
            }
        }
        example.create("channel.yaml", &["--rules", "admission.yaml"]);
        let mut set = example.command("admin", "collections");
        done(set.arg("--set").arg(example.folder.join("collections.yaml")));
        example
    }

    /// Makes the server know a channel by its document, and decide over it.
    pub(crate) fn create(&self, document: &str, more: &[&str]) {
        let mut create = self.verb("admin", "create");
        done(create.current_dir(&self.folder).args([document, "--govern-here"]).args(more));
    }

    /// The administrator of the CA, an administrator of the organization, its MSP, and its nodes' certificates.
    fn equip(&self, org: &str, named: &Named) {
        let registrar = format!("admin-{org}");
        let mut enroll = self.club.as_member(&registrar, "enroll");
        enroll.env("CHANCERY_ENROLL_SECRET", "adminpw");
        done(enroll.args(["--ca", org, "--id", "admin"]));
        self.member(org, "boss", "admin");
        let mut export = chancery();
        export.args(["msp", "export", &format!("{org}MSP"), "--url", self.club.server.url()]);
        done(export.arg("--out-dir").arg(self.folder.join("msp").join(org)));
        for file in named.of_organization(org) {
            let made = self.folder.join(file);
            std::fs::create_dir_all(made.parent().unwrap()).unwrap();
            let member = if file.starts_with("nodes/") {
                self.member(org, "orderer", "orderer")
            } else {
                let member = file.replace(['/', '.'], "-");
                let mut enroll = self.club.as_member(&member, "enroll");
                enroll
                    .env("CHANCERY_ENROLL_SECRET", "adminpw")
                    .args(["--ca", org, "--id", "admin"]);
                done(enroll.args(["--profile", "tls", "--hosts", "orderer.example"]));
                self.club.path(&member)
            };
            std::fs::copy(member.join("signcerts/cert.pem"), made).unwrap();
        }
    }

    /// Somebody of an organization: `clerk` of `Depot` is `clerk-Depot`.
    pub(crate) fn member(&self, org: &str, name: &str, kind: &str) -> PathBuf {
        let (registrar, id) = (format!("admin-{org}"), format!("{name}-{org}"));
        self.club.member_of(org, &registrar, &id, kind)
    }

    /// `chancery channel VERB` as somebody, for machines.
    pub(crate) fn verb(&self, member: &str, verb: &str) -> Command {
        let mut command = chancery();
        command.args(["channel", verb, "--url", self.club.server.url(), "--json", "--msp-dir"]);
        command.arg(self.club.path(member));
        command
    }

    /// The same of the channel.
    pub(crate) fn command(&self, member: &str, verb: &str) -> Command {
        let mut command = self.verb(member, verb);
        command.arg(&self.channel);
        command
    }

    /// What the channel's rules ask for.
    fn rules(&self) -> AdmissionRules {
        let told = json(&done(&mut self.command("admin", "rules")));
        AdmissionRules::read(told["content"].as_str().unwrap().as_bytes()).unwrap()
    }

    /// The newcomer's application with these documents.
    fn application(&self, documents: &[String]) -> Command {
        let msp = channel::msp(&self.club, self.newcomer);
        let mut apply = self.command(&format!("boss-{}", self.newcomer), "apply");
        apply.args(["--org", self.newcomer, "--msp", path(&msp)]);
        apply.args(["--contact", "Ada, ada@example.com"]);
        for document in documents {
            apply.arg("--document").arg(format!("{document}=sha256:{}", "ab".repeat(32)));
        }
        if self.rules().custody() == CustodyDemand::Declared {
            let evidence = documents.last().map_or("nothing", String::as_str);
            apply.args(["--custody", "in a token of its own", "--evidence", evidence]);
        }
        apply
    }

    /// Applies: first without a document that the rules ask for, which is refused, then with all.
    pub(crate) fn apply(&self) -> Value {
        let all: Vec<String> = self.rules().documents().map(|it| it.name.clone()).collect();
        let (first, rest) = all.split_first().unwrap();
        let said = refused(&mut self.application(rest));
        assert!(said.contains(&format!("the document `{first}` is missing")), "{said}");
        json(&done(&mut self.application(&all)))
    }

    /// How an application stands.
    pub(crate) fn show(&self, application: &Value) -> Value {
        let mut show = self.verb("admin", "application");
        json(&done(show.arg(application["id"].as_str().unwrap())))
    }

    /// Somebody of an organization approves; gives the state after it.
    pub(crate) fn approve(&self, application: &Value, org: &str, name: &str) -> String {
        let member = format!("{name}-{org}");
        if !self.club.path(&member).exists() {
            self.member(org, name, "admin");
        }
        let mut approve = self.verb(&member, "approve");
        approve.args([application["id"].as_str().unwrap(), "--msp-id", &format!("{org}MSP")]);
        json(&done(&mut approve))["state"].as_str().unwrap().to_owned()
    }

    /// The smallest sets of each policy that an application must satisfy, as the proposal tells them: how many
    /// administrators of which organizations.
    pub(crate) fn sets(&self, application: &Value) -> Vec<Vec<BTreeMap<String, usize>>> {
        let shown = self.show(application);
        let demands = shown["proposal"]["standing"]["demands"].as_array().unwrap();
        // The channel's own policy, and the rules of admission.
        assert_eq!(demands.len(), 2, "{shown:#}");
        demands.iter().map(sets_of).collect()
    }

    /// Who has to approve, when as few do as can: an organization's name once for each of its administrators.
    pub(crate) fn fewest(&self, application: &Value) -> Vec<String> {
        let mut best: Option<BTreeMap<String, usize>> = None;
        for set in self.sets(application) {
            let before = best.take().unwrap_or_default();
            let union = |set: &BTreeMap<String, usize>| {
                let mut union = before.clone();
                for (org, count) in set {
                    let known = union.entry(org.clone()).or_default();
                    *known = (*known).max(*count);
                }
                union
            };
            best = set.iter().map(union).min_by_key(|union| union.values().sum::<usize>());
        }
        let best = best.unwrap();
        best.iter().flat_map(|(org, count)| vec![org.clone(); *count]).collect()
    }

    /// These administrators approve one after another; with the last one the newcomer is in, and not before.
    pub(crate) fn admit_by(&self, application: &Value, orgs: &[String]) {
        let mut by: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, org) in orgs.iter().enumerate() {
            let number = by.entry(org).or_default();
            *number += 1;
            let name = if *number == 1 { "boss".to_owned() } else { format!("boss{number}") };
            let state = self.approve(application, org, &name);
            let expected = if place + 1 == orgs.len() { "admitted" } else { "open" };
            assert_eq!(state, expected, "{org} of {orgs:?}: {:#}", self.show(application));
        }
        let shown = json(&done(&mut self.command("admin", "show")));
        assert!(
            shown["msps"].to_string().contains(&format!("\"{}MSP\"", self.newcomer)),
            "{shown}"
        );
    }

    /// Whether somebody's signature is enough for what is asked: `--policy PATH`, `--resource NAME`.
    pub(crate) fn verdict(&self, org: &str, name: &str, asks: &[&str]) -> bool {
        let member = self.club.path(&format!("{name}-{org}"));
        let (message, signature) = (self.club.path("message"), self.club.path("signature"));
        std::fs::write(&message, "ten crates").unwrap();
        let mut sign = chancery();
        sign.arg("sign").arg(&message).arg("--msp-dir").arg(&member).arg("--out").arg(&signature);
        done(&mut sign);
        let mut verify = self.club.as_member("admin", "verify");
        verify.args(["--json", "--channel", &self.channel, "--message"]).arg(&message);
        verify.arg("--by").arg(format!("{org}MSP,{},{}", path(&member), path(&signature)));
        let told = output(verify.args(asks));
        let told = json(&String::from_utf8(told.stdout).unwrap());
        told["verdicts"][0]["satisfied"].as_bool().unwrap()
    }

    /// What somebody may do with collections.
    pub(crate) fn access(&self, org: &str, name: &str, collections: &[&str]) -> Value {
        let member = self.club.path(&format!("{name}-{org}"));
        let mut access = self.command("admin", "access");
        access.arg("--by").arg(format!("{org}MSP,{}", path(&member)));
        for collection in collections {
            access.args(["--collection", collection]);
        }
        json(&done(&mut access))
    }

    /// Revokes somebody who was good: refused at once, and on the list in the channel soon, by itself.
    pub(crate) fn revoke(&self, org: &str, name: &str) {
        let readers = ["--policy", "/Channel/Application/Readers"];
        assert!(self.verdict(org, name, &readers), "{name} of {org} reads");
        let mut revoke = self.club.as_member(&format!("admin-{org}"), "revoke");
        done(revoke.args(["--ca", org, "--id", &format!("{name}-{org}")]));
        assert!(!self.verdict(org, name, &readers), "{name} of {org} reads no more");
        self.carried(org);
    }

    /// Waits until the channel carries the one revocation of an organization.
    pub(crate) fn carried(&self, org: &str) {
        let id = format!("{org}MSP");
        let mut told = Value::Null;
        for _ in 0..300 {
            let said = output(&mut self.command("admin", "pushes"));
            told = json(&String::from_utf8(said.stdout).unwrap());
            let of = |push: &&Value| push["msp_id"] == *id && push["matter"] == "revocation-lists";
            let push = told["pushes"].as_array().unwrap().iter().find(of);
            if push.is_some_and(|push| push["state"] == "effective") && self.listed(&id) == 1 {
                return;
            }
            pause();
        }
        panic!("{} on the list of {id}: {told:#}", self.listed(&id));
    }

    /// How many certificates of an MSP are on the lists that the channel carries.
    fn listed(&self, msp_id: &str) -> usize {
        let file: &Path = &self.club.path("shown.pb");
        done(self.command("admin", "show").arg("--config").arg(file));
        channel::listed(&std::fs::read(file).unwrap(), msp_id)
    }
}

/// The sets of a policy, e.g. `Org1MSP.admin + 2 x Org2MSP.admin`.
pub(crate) fn sets_of(demand: &Value) -> Vec<BTreeMap<String, usize>> {
    let set = |text: &Value| {
        let parts = text.as_str().unwrap().split(" + ").map(|part| {
            let (count, who) = part.split_once(" x ").unwrap_or(("1", part));
            let org = who.strip_suffix("MSP.admin").unwrap_or_else(|| panic!("{who}"));
            (org.to_owned(), count.parse().unwrap())
        });
        parts.collect()
    };
    demand["sets"].as_array().unwrap().iter().map(set).collect()
}
