//! Certification requests that are spoiled, nested, too large, or followed by junk.

use super::super::der::{self, Key, bits, name, pem, wrap};
use super::{Expect, Shots, some};

impl Shots<'_> {
    /// A good request, cut short and spoiled at every octet.
    pub(super) fn spoiled_der(&mut self) {
        let good = self.good();
        for at in some(good.len(), self.scale.0) {
            self.csr("truncated DER", format!("{at} octets"), Expect::Refusal, &good[..at]);
        }
        for (what, mask) in [("lowest bit", 1), ("highest bit", 0x80), ("all bits", 0xff)] {
            for at in some(good.len(), self.scale.0) {
                let mut spoiled = good.clone();
                spoiled[at] ^= mask;
                self.csr("spoiled DER", format!("{what} of octet {at}"), Expect::Refusal, &spoiled);
            }
        }
        for at in some(good.len(), self.scale.0) {
            let more = [&good[..at], &[0], &good[at..]].concat();
            self.csr("spoiled DER", format!("a zero before octet {at}"), Expect::Refusal, &more);
        }
        let text = pem("CERTIFICATE REQUEST", &good);
        for at in some(text.len(), self.scale.0) {
            let cut = text.get(..at).unwrap_or_default();
            let octets = self.material.enroll(cut);
            // The last octet is a line feed, which PEM can do without.
            let expect = if at + 1 < text.len() { Expect::Refusal } else { Expect::Answer };
            self.add("truncated PEM", format!("{at} octets"), expect, octets);
        }
    }

    pub(super) fn shapes_of_der(&mut self) {
        for depth in [10, 100, 1000, 10_000] {
            for tag in [0x30, 0x31, 0xa0, 0x24] {
                let mut nested = vec![5, 0];
                for _ in 0..depth {
                    nested = wrap(tag, &[&nested]);
                }
                self.csr("nested DER", format!("{depth} of {tag:#x}"), Expect::Refusal, &nested);
            }
        }
        let lengths: [&[u8]; 8] = [
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0xfe],
            &[0x30, 0xff],
            &[0x3f, 0xff, 0xff, 0xff, 0xff, 0x7f, 0],
            &[0x30, 0x82, 0, 1, 0],
        ];
        for length in lengths {
            self.csr("oversized DER", hex::encode(length), Expect::Refusal, length);
            let longer = [length, &self.good()].concat();
            self.csr(
                "oversized DER",
                format!("{} and more", hex::encode(length)),
                Expect::Refusal,
                &longer,
            );
        }
        for size in [65_536, 70_000, 300_000, 700_000] {
            self.csr(
                "oversized DER",
                format!("{size} octets"),
                Expect::Refusal,
                &wrap(0x30, &[&vec![5; size]]),
            );
        }
        let good = self.good();
        for junk in [1, 2, 16, 1000, 60_000] {
            let behind = [good.as_slice(), &vec![0; junk]].concat();
            self.csr(
                "junk after the signature",
                format!("{junk} octets"),
                Expect::Refusal,
                &behind,
            );
            let inside = wrap(0x30, &[&good[3..], &vec![0; junk]]);
            self.csr(
                "junk after the signature",
                format!("{junk} inside"),
                Expect::Refusal,
                &inside,
            );
        }
        let key = Key::of(9);
        let info = wrap(
            0x30,
            &[&[2, 1, 0], &name(12, self.material.id.as_bytes()), &key.spki(), &wrap(0xa0, &[])],
        );
        let signature = key.sign(&info);
        for (what, field) in [
            ("junk in the signature", bits(&[signature.as_slice(), &[0]].concat())),
            ("unused bits", wrap(3, &[&[3], &signature])),
            ("no signature", bits(&[])),
            ("an octet string", wrap(4, &[&[0], &signature])),
            ("zeros", bits(&[0x30, 6, 2, 1, 0, 2, 1, 0])),
            ("negative", bits(&[0x30, 6, 2, 1, 0xff, 2, 1, 0xff])),
            ("giant", bits(&[0x02; 5000])),
        ] {
            let der = wrap(0x30, &[&info, der::ECDSA_SHA256, &field]);
            self.csr("junk after the signature", what, Expect::Refusal, &der);
        }
        for (what, algorithm) in [
            ("RSA", der::RSA_SHA256.to_vec()),
            ("none", wrap(0x30, &[])),
            ("SHA-1", wrap(0x30, &[&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1]])),
            ("MD5", wrap(0x30, &[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4, 5, 0]])),
            ("junk", wrap(0x30, &[&[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2, 2, 1, 1]])),
        ] {
            let der = wrap(0x30, &[&info, &algorithm, &bits(&signature)]);
            self.csr("weak keys", format!("signature algorithm {what}"), Expect::Refusal, &der);
        }
        for label in ["CERTIFICATE", "PRIVATE KEY", "", "certificate request", "X509 CRL"] {
            let octets = self.material.enroll(&pem(label, &good));
            self.add("wrong PEM", format!("label {label:?}"), Expect::Refusal, octets);
        }
    }
}
