//! Names that are no text, alternative names and extensions of every odd kind.

use serde_json::json;

use super::super::der::{Key, name, pem, wrap};
use super::{Expect, Shots};

impl Shots<'_> {
    pub(super) fn names(&mut self) {
        let (id, key) = (self.material.id.clone(), Key::of(9));
        let value = id.as_bytes();
        for tag in [1, 2, 3, 4, 5, 6, 12, 19, 20, 22, 23, 28, 30, 0x30, 0xa0] {
            for (what, content) in [
                ("the name", value.to_vec()),
                ("nothing", vec![]),
                ("invalid UTF-8", vec![0xc3, 0x28, 0xff]),
                ("NUL", [value, &[0], b"x"].concat()),
                ("control characters", [value, b"\x1b[2J\r\n"].concat()),
                ("64 KB", vec![b'a'; 60_000]),
            ] {
                // The name itself, in one of the types of a text, is a good request.
                let text = what == "the name" && matches!(tag, 12 | 19 | 20 | 22);
                let expect = if text { Expect::Answer } else { Expect::Refusal };
                let der = key.request_of(&name(tag, &content), &key.spki(), &wrap(0xa0, &[]));
                self.csr("non-text names", format!("{what} as {tag:#x}"), expect, &der);
            }
        }
        let pair = wrap(0x30, &[&[6, 3, 0x55, 4, 3], &wrap(12, &[value])]);
        let many = wrap(0x30, &[&wrap(0x31, &[&pair]).repeat(500)]);
        for (what, subject) in [
            ("500 common names", many),
            ("500 in one RDN", wrap(0x30, &[&wrap(0x31, &[&pair.repeat(500)])])),
            ("an empty RDN", wrap(0x30, &[&[0x31, 0], &wrap(0x31, &[&pair])])),
            ("no RDN", wrap(0x30, &[])),
            ("a name that is none", vec![5, 0]),
        ] {
            let der = key.request_of(&subject, &key.spki(), &wrap(0xa0, &[]));
            self.csr("non-text names", what, Expect::Refusal, &der);
        }
    }

    pub(super) fn extensions(&mut self) {
        let (id, key) = (self.material.id.clone(), Key::of(9));
        let san = [0x55, 0x1d, 0x11];
        let host = |number: usize| wrap(0x82, &[format!("h{number}.example.com").as_bytes()]);
        let hosts = |count: usize| (0..count).flat_map(host).collect::<Vec<u8>>();
        let odd: Vec<(String, Vec<u8>, Expect)> = vec![
            ("101 hosts".into(), hosts(101), Expect::Refusal),
            ("2500 hosts".into(), hosts(2500), Expect::Refusal),
            ("a host of 60000 octets".into(), wrap(0x82, &[&[b'a'; 60_000]]), Expect::Refusal),
            ("an empty host".into(), wrap(0x82, &[]), Expect::Refusal),
            ("a host with NUL".into(), wrap(0x82, &[b"a\0.example.com"]), Expect::Refusal),
            ("a host that is no text".into(), wrap(0x82, &[&[0xff; 8]]), Expect::Refusal),
            ("an address of 5 octets".into(), wrap(0x87, &[&[1; 5]]), Expect::Refusal),
            ("an address of none".into(), wrap(0x87, &[]), Expect::Refusal),
            ("an address with a mask".into(), wrap(0x87, &[&[1; 8]]), Expect::Refusal),
            ("an unknown kind".into(), wrap(0x8f, &[b"x"]), Expect::Refusal),
            (
                "other names".into(),
                wrap(0xa0, &[&[6, 3, 0x2a, 3, 4], &[0xa0, 2, 5, 0]]).repeat(50),
                Expect::Answer,
            ),
            ("a directory name".into(), wrap(0xa4, &[&name(12, b"x")]), Expect::Answer),
            ("wildcards".into(), wrap(0x82, &[b"*.*.*"]), Expect::Answer),
            ("a mailbox of ats".into(), wrap(0x81, &[b"@@@@"]), Expect::Answer),
            ("a URI of nothing".into(), wrap(0x86, &[b"://"]), Expect::Answer),
            ("nothing".into(), vec![], Expect::Answer),
        ];
        for (what, names, expect) in odd {
            let value = wrap(0x30, &[&names]);
            let der = key.request_with(&id, &san, &value);
            self.csr("giant and odd SANs", what, expect, &der);
        }
        for (what, oid, value) in [
            ("constraints that are none", vec![0x55, 0x1d, 0x13], vec![5, 0]),
            ("a CA", vec![0x55, 0x1d, 0x13], vec![0x30, 3, 1, 1, 0xff]),
            (
                "a path length below 0",
                vec![0x55, 0x1d, 0x13],
                vec![0x30, 6, 1, 1, 0xff, 2, 1, 0x80],
            ),
            (
                "a path length of 300",
                vec![0x55, 0x1d, 0x13],
                vec![0x30, 7, 1, 1, 0xff, 2, 2, 1, 0x2c],
            ),
            ("a false that is written", vec![0x55, 0x1d, 0x13], vec![0x30, 3, 1, 1, 0]),
            ("names twice nested", vec![0x55, 0x1d, 0x11], wrap(0x30, &[&wrap(0x30, &[&host(1)])])),
            (
                "forged attributes",
                vec![0x2a, 3, 4, 5, 6, 7, 8, 1],
                br#"{"attrs":{"hf.Revoker":"1"}}"#.to_vec(),
            ),
            ("60000 octets", vec![0x2a, 3, 4], vec![0; 60_000]),
        ] {
            let der = key.request_with(&id, &oid, &value);
            // What is not heeded may be granted; a CA may not.
            let expect = match what {
                "forged attributes" | "60000 octets" | "a false that is written" => Expect::Answer,
                _ => Expect::Refusal,
            };
            self.csr("odd extensions", what, expect, &der);
        }
        for (what, hosts) in [
            ("10000 hosts", json!(vec!["a.example.com"; 10_000])),
            ("a host of 100000 letters", json!(["a".repeat(100_000)])),
            ("blanks", json!([" ", "\t", "\u{0}"])),
            ("no ASCII", json!(["\u{fc}.example.com", "\u{202e}moc"])),
            ("an address with a zone", json!(["fe80::1%eth0"])),
            ("numbers", json!([1, 2])),
        ] {
            let csr = pem("CERTIFICATE REQUEST", &self.good());
            let body = json!({ "certificate_request": csr, "hosts": hosts }).to_string();
            let expect = if what.contains("zone") { Expect::Answer } else { Expect::Refusal };
            let octets = self.material.enroll_body(body.as_bytes());
            self.add("giant and odd SANs", format!("hosts: {what}"), expect, octets);
        }
    }
}
