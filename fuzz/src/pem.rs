//! PEM as clients and operators write it.

use chancery::pki::pem::{Block, blocks, encode};
use chancery::pki::{Certificate, Crl, Csr};

pub fn law(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let found: Vec<Block> = blocks(&text).collect();
    let written: String = found.iter().map(|block| encode(&block.label, &block.der)).collect();
    assert_eq!(blocks(&written).collect::<Vec<_>>(), found, "what was read writes and reads back");
    if let Ok(chain) = Certificate::chain_from_pem(&text, 3) {
        assert_eq!(chain.len(), found.len());
    }
    let _ = (Csr::from_pem(&text), Crl::from_pem(&text));
}
