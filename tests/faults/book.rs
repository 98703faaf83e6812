//! What clients got an answer for, and whether the server still knows it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::member::{Key, Member, serial};

/// Shared by all clients of a campaign.
#[derive(Default)]
pub(super) struct Book {
    numbers: AtomicUsize,
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    /// Identity and how often it may enroll.
    registered: BTreeMap<String, i64>,
    /// Serial numbers.
    certified: BTreeSet<String>,
    /// Serial numbers of certificates that were revoked with their identity.
    revoked: BTreeSet<String>,
    /// Identities with a limit, whose client never learned how its last request ended.
    unsettled: BTreeSet<String>,
    /// Answers that told the client to come again.
    put_off: usize,
}

impl Book {
    /// A number that was never given before.
    pub(super) fn number(&self) -> usize {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap()
    }

    pub(super) fn registered(&self, id: &str, max: i64) {
        self.pages().registered.insert(id.to_owned(), max);
    }

    pub(super) fn certified(&self, pem: &str) -> String {
        let serial = serial(pem);
        assert!(self.pages().certified.insert(serial.clone()), "serial number {serial} twice");
        serial
    }

    pub(super) fn revoked(&self, serials: Vec<String>) {
        self.pages().revoked.extend(serials);
    }

    pub(super) fn unsettled(&self, id: &str) {
        self.pages().unsettled.insert(id.to_owned());
    }

    pub(super) fn put_off(&self) {
        self.pages().put_off += 1;
    }

    /// How many answers there were.
    pub(super) fn answers(&self) -> usize {
        let pages = self.pages();
        pages.registered.len() + pages.certified.len() + pages.revoked.len()
    }

    /// What was counted, in a line.
    pub(super) fn summary(&self) -> String {
        let pages = self.pages();
        format!(
            "answered: {} registrations, {} certificates, {} of them revoked; {} put off by 503; {} \
             limited enrollments cut off",
            pages.registered.len(),
            pages.certified.len(),
            pages.revoked.len(),
            pages.put_off,
            pages.unsettled.len(),
        )
    }

    /// Everything that was answered is in the store, as the API shows it.
    pub(super) fn is_kept(&self, url: &str, key: &Key) {
        let mut member = Member::of(url, key);
        let admin = member.admin();
        let serials = |list: &serde_json::Value| {
            let list = list["certs"].as_array().unwrap();
            let all: Vec<_> = list.iter().map(|one| serial(one["PEM"].as_str().unwrap())).collect();
            let set: BTreeSet<_> = all.iter().cloned().collect();
            assert_eq!(all.len(), set.len(), "a serial number is there twice");
            set
        };
        let certified = serials(&member.list(&admin, "/api/v1/certificates"));
        let revoked = serials(&member.list(&admin, "/api/v1/certificates?revoked_start=-1d"));
        let identities = member.list(&admin, "/api/v1/identities");
        let identities: BTreeMap<&str, i64> = identities["identities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["id"].as_str().unwrap(), one["max_enrollments"].as_i64().unwrap()))
            .collect();
        let pages = self.pages();
        let lost: Vec<_> = pages.certified.difference(&certified).collect();
        assert!(lost.is_empty(), "answered certificates are lost: {lost:?}");
        let lost: Vec<_> = pages.revoked.difference(&revoked).collect();
        assert!(lost.is_empty(), "answered revocations are lost: {lost:?}");
        let lost: Vec<_> = pages
            .registered
            .iter()
            .filter(|(id, max)| identities.get(id.as_str()) != Some(max))
            .collect();
        assert!(lost.is_empty(), "answered registrations are lost: {lost:?}");
    }

    /// Whoever may enroll so and so often has as many certificates, once nothing is left of the
    /// enrollments: a crash has neither given one away nor lost one.
    pub(super) fn limits_are_exact(&self, url: &str, key: &Key) {
        let limited: Vec<_> = {
            let pages = self.pages();
            let unsettled = |id: &String| pages.unsettled.contains(id);
            pages
                .registered
                .iter()
                .filter(|(id, max)| **max > 0 && unsettled(id))
                .map(|(id, max)| (id.clone(), *max))
                .collect()
        };
        let mut member = Member::of(url, key);
        let admin = member.admin();
        for (id, max) in limited {
            loop {
                match member.enroll(&id, "s").unwrap() {
                    Ok(pem) => self.certified(&pem),
                    Err(answer) if answer.status == 401 => break,
                    Err(answer) => panic!("{answer:?}"),
                };
            }
            let list = member.list(&admin, &format!("/api/v1/certificates?id={id}"));
            let count = list["certs"].as_array().unwrap().len();
            assert_eq!(i64::try_from(count).unwrap(), max, "certificates of `{id}`");
        }
    }
}
