//! What ends soon is told, of all that the server knows.

use serde_json::Value;

use crate::support::channel;
use crate::support::club::{Club, done};
use crate::support::tools::{chancery, output};

#[test]
fn what_ends_soon_is_told_of_issued_certificates_and_of_channels() {
    let club = Club::with(&["--ca", "org1", "--ca", "org2"]);
    club.member("clerk", "client");
    club.member("revoked", "client");
    done(club.as_member("admin", "revoke").args(["--id", "revoked"]));
    let file = channel::write(&club, &["Org1", "Org2"], 0);
    let asked = |member: &str, verb: &[&str]| {
        let mut command = chancery();
        command.args(verb).args(["--json", "--url", club.server.url(), "--msp-dir"]);
        command.arg(club.path(member));
        command
    };
    done(asked("admin", &["channel", "import", "supply"]).arg(&file).arg("--govern-here"));
    let told = |days: &str| -> Value {
        serde_json::from_str(&done(&mut asked("admin", &["expiry", "--within", days]))).unwrap()
    };
    // Certificates last a year, CAs fifteen.
    let soon = told("30");
    assert_eq!(soon["certificates"], serde_json::json!([]), "{soon}");
    assert!(soon["channels"].is_null(), "{soon}");
    let year = told("400");
    let owners: Vec<&str> = year["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["enrollment_id"].as_str().unwrap())
        .collect();
    assert_eq!(owners, ["admin", "clerk"], "{year}");
    let ever = told("36500");
    assert_eq!(ever["channels"][0]["id"], "supply");
    assert!(ever["channels"][0]["policies"].to_string().contains("/Channel/Application/Admins"));
    // Whoever may not list certificates is told so.
    let refused = output(&mut asked("clerk", &["expiry"]));
    assert_eq!(refused.status.code(), Some(1));
}
