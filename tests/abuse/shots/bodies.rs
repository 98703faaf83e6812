//! JSON of the wrong types, and what is no JSON.

use serde_json::{Value, json};

use super::super::der::pem;
use super::{Expect, Shots, some};

impl Shots<'_> {
    /// Every field of every body with a value of every type.
    pub(super) fn wrong_types(&mut self) {
        let values = [
            json!(null),
            json!(true),
            json!(-1),
            json!(1e300),
            json!(18_446_744_073_709_551_615_u64),
            json!("\u{0}\u{202e}"),
            json!([]),
            json!([null]),
            json!([[]]),
            json!({}),
            json!({ "a": [] }),
            json!("x".repeat(5000)),
        ];
        let csr = pem("CERTIFICATE REQUEST", &self.good());
        let names = json!({ "CN": self.material.id, "names": [null, { "C": 1 }] });
        let bodies: [(&str, &str, Value); 8] = [
            (
                "POST",
                "/api/v1/enroll",
                json!({ "certificate_request": csr, "hosts": 1, "profile": 1, "label": 1, "subject": names, "NotBefore": 1, "NotAfter": 1, "crl_override": 1, "ReturnPrecert": 1, "attr_reqs": 1, "caname": 1, "serial": 1, "extensions": 1 }),
            ),
            (
                "POST",
                "/api/v1/reenroll",
                json!({ "certificate_request": csr, "hosts": 1, "attr_reqs": 1, "subject": 1 }),
            ),
            (
                "POST",
                "/api/v1/register",
                json!({ "id": "", "type": 1, "secret": 1, "max_enrollments": 1, "affiliation": "x", "attrs": 1, "caname": 1 }),
            ),
            (
                "POST",
                "/api/v1/identities",
                json!({ "id": "", "type": 1, "attrs": 1, "affiliation": 1 }),
            ),
            (
                "PUT",
                "/api/v1/identities/nobody",
                json!({ "type": 1, "affiliation": 1, "attrs": 1, "max_enrollments": 1, "secret": 1 }),
            ),
            (
                "POST",
                "/api/v1/revoke",
                json!({ "id": "nobody", "serial": 1, "aki": 1, "reason": 1, "gencrl": 1, "caname": 1 }),
            ),
            (
                "POST",
                "/api/v1/gencrl",
                json!({ "revokedafter": 1, "revokedbefore": 1, "expireafter": 1, "expirebefore": 1, "caname": 1 }),
            ),
            ("POST", "/api/v1/affiliations", json!({ "name": "", "caname": 1 })),
        ];
        let every = if self.scale.0 > 100 { 1 } else { 5 };
        let mut count = 0;
        for (method, target, fields) in bodies {
            let keys: Vec<String> = fields.as_object().unwrap().keys().cloned().collect();
            for key in &keys {
                for value in &values {
                    count += 1;
                    if count % every != 0 {
                        continue;
                    }
                    let kept = ["certificate_request", "id", "name"];
                    let mut body = json!({});
                    for kept in kept.iter().filter(|kept| fields.get(kept).is_some()) {
                        body[*kept] = fields[*kept].clone();
                    }
                    body[key] = value.clone();
                    let body = body.to_string();
                    let octets = match target {
                        "/api/v1/enroll" => self.material.enroll_body(body.as_bytes()),
                        _ => self.material.signed(method, target, body.as_bytes()),
                    };
                    let what = format!("{target} {key}: {:.24}", value.to_string());
                    self.add("wrong JSON types", what, Expect::Answer, octets);
                }
            }
        }
        for attributes in [
            "[null]",
            "[1]",
            "[[]]",
            "[{}]",
            "[{\"name\":null}]",
            "[{\"name\":\"x\"}]",
            "[{\"name\":\"x\",\"optional\":null}]",
            "{}",
            "\"\"",
            "[null,null,null]",
        ] {
            let csr = Value::from(csr.clone());
            let body = format!("{{\"certificate_request\":{csr},\"attr_reqs\":{attributes}}}");
            let octets = self.material.enroll_body(body.as_bytes());
            self.add("attr_reqs", attributes, Expect::Answer, octets);
        }
    }

    /// Bodies that are no JSON, or more of it than anybody wants.
    pub(super) fn json(&mut self) {
        let csr = Value::from(pem("CERTIFICATE REQUEST", &self.good())).to_string();
        let many = |key: &str, count: usize| {
            format!("{{{}}}", vec![format!("\"{key}\":{csr}"); count].join(","))
        };
        let deep =
            |open: &str, close: &str, count: usize| open.repeat(count) + "1" + &close.repeat(count);
        let bodies: Vec<(&'static str, String, Vec<u8>)> = vec![
            ("duplicate keys", "twice".into(), many("certificate_request", 2).into_bytes()),
            ("duplicate keys", "100 spellings".into(), many("Certificate_REQUEST", 100).into_bytes()),
            ("duplicate keys", "100000 of no meaning".into(), format!("{{{}}}", vec!["\"a\":1"; 100_000].join(",")).into_bytes()),
            ("duplicate keys", "200000 CAs".into(), format!("{{{}}}", vec!["\"CA\":0"; 100_000].join(",")).into_bytes()),
            ("deep JSON", "100 arrays".into(), deep("[", "]", 100).into_bytes()),
            ("deep JSON", "500000 arrays".into(), deep("[", "]", 500_000).into_bytes()),
            ("deep JSON", "1000000 open arrays".into(), "[".repeat(1_000_000).into_bytes()),
            ("deep JSON", "100000 objects".into(), deep("{\"a\":", "}", 100_000).into_bytes()),
            ("deep JSON", "a field of 100000 arrays".into(), format!("{{\"attr_reqs\":{}}}", deep("[", "]", 100_000)).into_bytes()),
            ("deep JSON", "subjects in subjects".into(), deep("{\"subject\":", "}", 50_000).into_bytes()),
            ("deep JSON", "500000 elements".into(), format!("{{\"hosts\":[{}]}}", vec!["1"; 500_000].join(",")).into_bytes()),
            ("invalid UTF-8", "alone".into(), vec![0xff, 0xfe]),
            ("invalid UTF-8", "in a text".into(), [b"{\"caname\":\"", &[0xc3, 0x28][..], b"\"}"].concat()),
            ("invalid UTF-8", "in a key".into(), [b"{\"", &[0xed, 0xa0, 0x80][..], b"\":1}"].concat()),
            ("invalid UTF-8", "overlong".into(), [b"{\"caname\":\"", &[0xc0, 0x80][..], b"\"}"].concat()),
            ("invalid UTF-8", "UTF-16".into(), "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("invalid UTF-8", "a byte order mark".into(), "\u{feff}{}".into()),
            ("no JSON", "nothing".into(), vec![]),
            ("no JSON", "blanks".into(), b" ".repeat(900_000)),
            ("no JSON", "two values".into(), b"{}{}".to_vec()),
            ("no JSON", "a comma too many".into(), b"{\"a\":1,}".to_vec()),
            ("no JSON", "NaN".into(), b"{\"max_enrollments\":NaN}".to_vec()),
            ("no JSON", "a long number".into(), format!("{{\"max_enrollments\":{}}}", "9".repeat(500_000)).into_bytes()),
            ("no JSON", "a tiny number".into(), b"{\"max_enrollments\":1e-999999999}".to_vec()),
            ("no JSON", "escapes".into(), format!("{{\"caname\":\"{}\"}}", "\\ud800".repeat(100_000)).into_bytes()),
            ("no JSON", "an unknown escape".into(), b"{\"caname\":\"\\x\"}".to_vec()),
            ("no JSON", "a form".into(), b"id=a&secret=b".to_vec()),
            ("no JSON", "XML".into(), b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>".to_vec()),
        ];
        for (family, what, body) in bodies {
            let expect = if family == "duplicate keys" { Expect::Answer } else { Expect::Refusal };
            let octets = self.material.enroll_body(&body);
            self.add(family, format!("enroll: {what}"), expect, octets);
            for (method, target) in [
                ("POST", "/api/v1/register"),
                ("POST", "/api/v1/gencrl"),
                ("PUT", "/api/v1/identities/nobody"),
                ("GET", "/api/v1/affiliations"),
            ] {
                let octets = self.material.signed(method, target, &body);
                self.add(family, format!("{method} {target}: {what}"), Expect::Answer, octets);
            }
        }
        let body =
            json!({ "certificate_request": pem("CERTIFICATE REQUEST", &self.good()) }).to_string();
        for at in some(body.len(), self.scale.0) {
            let octets = self.material.enroll_body(&body.as_bytes()[..at]);
            self.add("truncated JSON", format!("{at} octets"), Expect::Refusal, octets);
        }
    }
}
