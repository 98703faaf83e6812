//! Tokens that are spoiled, and numbers that no certificate has.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::super::der::{Key, name, pem};
use super::{Expect, Shots, some};

impl Shots<'_> {
    /// Tokens spoiled at every position, and certificates that nobody issued.
    pub(super) fn tokens(&mut self) {
        let target = "/api/v1/identities";
        let good = self.material.token("GET", target, b"");
        let with = |token: &[u8]| {
            let mut octets =
                format!("GET {target} HTTP/1.1\r\nHost: ca\r\nAuthorization: ").into_bytes();
            octets.extend_from_slice(token);
            octets.extend_from_slice(b"\r\n\r\n");
            octets
        };
        for at in some(good.len(), self.scale.0) {
            let mut spoiled = good.clone().into_bytes();
            spoiled[at] = if spoiled[at] == b'A' { b'B' } else { b'A' };
            self.add("spoiled tokens", format!("letter {at}"), Expect::Refusal, with(&spoiled));
            self.add(
                "truncated tokens",
                format!("{at} letters"),
                Expect::Refusal,
                with(&good.as_bytes()[..at]),
            );
        }
        for (what, token) in [
            ("a dot", &b"."[..]),
            ("dots", b"a.b.c.d"),
            ("Idemix", b"idemix.1.2.3"),
            ("Bearer", b"Bearer x.y.z"),
            ("Basic", b"Basic YWRtaW46YWRtaW5wdw=="),
            ("no UTF-8", b"\xff\xfe.\xff"),
            ("obs-text", b"\x80\x81"),
            ("60000 letters", &vec![b'A'; 60_000]),
        ] {
            self.add("spoiled tokens", what, Expect::Refusal, with(token));
        }
        let key = Key::of(11);
        let subject = name(12, b"admin");
        let serials: [&[u8]; 8] =
            [&[0xff], &[0x80, 0, 0, 1], &[0], &[], &[0, 0, 1], &[0x7f; 21], &[0x7f; 5000], &[1]];
        for serial in serials {
            let certificate = pem("CERTIFICATE", &key.certificate(serial, &subject));
            let certificate = STANDARD.encode(certificate);
            let message = format!("GET.{}..{certificate}", STANDARD.encode(target));
            let token = format!("{certificate}.{}", STANDARD.encode(key.sign(message.as_bytes())));
            let what = format!(
                "a certificate of its own, serial {}",
                hex::encode(&serial[..serial.len().min(8)])
            );
            self.add("negative serials", what, Expect::Refusal, with(token.as_bytes()));
        }
        for serial in [
            "-1",
            "-ff",
            "0x10",
            "zz",
            "",
            "0",
            "00",
            &"f".repeat(40),
            &"f".repeat(100_000),
            "\u{0}",
            "1 2",
        ] {
            for aki in ["", "-1", "zz", &"a".repeat(100_000), "0a0b"] {
                let body =
                    json!({ "serial": serial, "aki": aki, "reason": "keycompromise" }).to_string();
                let octets = self.material.signed("POST", "/api/v1/revoke", body.as_bytes());
                let what = format!("revoke {:.8} of {:.8}", serial.escape_debug().to_string(), aki);
                self.add("negative serials", what, Expect::Refusal, octets);
            }
        }
    }
}
