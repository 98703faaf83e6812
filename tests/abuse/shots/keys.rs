//! Public keys that are weak, giant, or none.

use super::super::der::{self, Key, bits, name, wrap};
use super::{Expect, Shots};

impl Shots<'_> {
    pub(super) fn keys(&mut self) {
        let (id, key) = (self.material.id.clone(), Key::of(9));
        let subject = name(12, id.as_bytes());
        let three = &[1, 0, 1];
        let mut keys: Vec<(String, Vec<u8>)> = Vec::new();
        for bits in [8, 512, 1024, 2040, 8200, 16_384, 65_536, 400_000] {
            keys.push((format!("RSA of {bits} bits"), der::rsa(bits / 8, three)));
        }
        for exponent in
            [&[0][..], &[1], &[2], &[3], &[0xff], &[1, 0, 0], &[1, 0, 0, 0, 0, 1], &[0x7f; 256]]
        {
            keys.push((
                format!("RSA with exponent {}", hex::encode(exponent)),
                der::rsa(256, exponent),
            ));
        }
        keys.push((
            "RSA of 400000 bits with an exponent as long".to_owned(),
            der::rsa(25_000, &vec![0x7f; 25_000]),
        ));
        let p384 = &[6, 5, 0x2b, 0x81, 4, 0, 0x22];
        let curves: [(&str, &[u8], usize); 6] = [
            ("P-224", &[6, 5, 0x2b, 0x81, 4, 0, 0x21], 28),
            ("P-521", &[6, 5, 0x2b, 0x81, 4, 0, 0x23], 66),
            ("secp256k1", &[6, 5, 0x2b, 0x81, 4, 0, 0x0a], 32),
            ("P-256", der::P256, 32),
            ("P-384", p384, 48),
            ("no curve", &[5, 0], 32),
        ];
        for (what, curve, size) in curves {
            for (point, octets) in [
                ("infinity", vec![0]),
                ("nothing", vec![]),
                ("zeros", [&[4][..], &vec![0; 2 * size]].concat()),
                ("ones", [&[4][..], &vec![0xff; 2 * size]].concat()),
                ("off the curve", [&[4][..], &vec![1; 2 * size]].concat()),
                ("compressed", [&[2][..], &vec![1; size]].concat()),
                ("hybrid", [&[6][..], &vec![1; 2 * size]].concat()),
                ("one octet less", [&[4][..], &vec![1; 2 * size - 1]].concat()),
                ("one octet more", [&[4][..], &vec![1; 2 * size + 1]].concat()),
            ] {
                keys.push((format!("{what}: {point}"), der::ec(curve, &octets)));
            }
        }
        let explicit =
            wrap(0x30, &[&[2, 1, 1], &wrap(0x30, &[&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 1, 1]])]);
        keys.push(("explicit parameters".to_owned(), der::ec(&explicit, &[4; 65])));
        for length in [0, 31, 32, 33] {
            let spki = wrap(0x30, &[&[0x30, 5, 6, 3, 0x2b, 0x65, 0x70], &bits(&vec![0; length])]);
            keys.push((format!("Ed25519 of {length} octets"), spki));
        }
        for (what, spki) in keys {
            let der = key.request_of(&subject, &spki, &wrap(0xa0, &[]));
            self.csr("weak keys", what, Expect::Refusal, &der);
        }
    }
}
