//! `config.yaml`: which organizational units make a client, a peer, an administrator, an orderer.

/// The first line of a file of ours: one that begins otherwise is left alone.
const MARK: &str = "# Written by `chancery`; remove this line to keep your changes.\n";

/// Whether the text is one that we wrote and nobody took over.
pub(super) fn is_ours(text: &str) -> bool {
    text.starts_with(MARK)
}

/// The four roles, each bound to the CA whose file is named, relative to the folder. That must be
/// the issuing one: bound to a root above it, every certificate would be invalid
/// (hyperledger/fabric issue 5239). Where several CAs issue, the roles are bound to none.
pub(super) fn config(issuing: Option<&str>) -> String {
    let bound = issuing.map(|file| format!("    Certificate: {file}\n")).unwrap_or_default();
    let roles = ["Client", "Peer", "Admin", "Orderer"].map(|role| {
        let unit = role.to_ascii_lowercase();
        format!("  {role}OUIdentifier:\n{bound}    OrganizationalUnitIdentifier: {unit}\n")
    });
    format!("{MARK}NodeOUs:\n  Enable: true\n{}", roles.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_roles_are_bound_to_the_issuing_ca() {
        let text = config(Some("intermediatecerts/ca-7054.pem"));
        assert!(is_ours(&text));
        assert!(text.contains(
            "  AdminOUIdentifier:\n    Certificate: intermediatecerts/ca-7054.pem\n    OrganizationalUnitIdentifier: admin\n"
        ));
        assert_eq!(text.matches("Certificate: ").count(), 4);
        assert!(!config(None).contains("Certificate:"));
        assert!(!is_ours("NodeOUs:\n  Enable: false\n"));
    }
}
