//! Lists that are kept show what is in the registry now.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chancery::pki::Crl;
use serde_json::{Value, json};

use crate::faults::member::{Key, Member, serial};
use crate::support::server::Server;

fn names(list: &Value) -> Vec<&str> {
    list["identities"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[test]
fn pages_of_identities_are_the_list_and_show_every_change_at_once() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let key = Key::new();
    let mut member = Member::of(server.url(), &key);
    let admin = member.admin();
    for id in ["b", "c", "a", "e", "d"] {
        member.register(&admin, id, -1).unwrap().unwrap();
        // Asked for after each change, and once more: it is kept by then.
        for _ in 0..2 {
            assert!(names(&member.list(&admin, "/identities")).contains(&id));
            assert!(names(&member.list(&admin, "/api/v1/identities?limit=1000")).contains(&id));
        }
    }
    let all = member.list(&admin, "/identities");
    assert_eq!(names(&all), ["a", "admin", "b", "c", "d", "e"]);

    let mut pages = Vec::new();
    loop {
        let after = pages.last().map_or(String::new(), |id| format!("&after={id}"));
        let page = member.list(&admin, &format!("/identities?limit=4{after}"));
        assert_eq!(page["caname"], all["caname"]);
        pages.extend(names(&page).into_iter().map(str::to_owned));
        if names(&page).len() < 4 {
            break;
        }
    }
    assert_eq!(pages, names(&all));

    let limit = json!({ "max_enrollments": 7 });
    member.call(&admin, "PUT", "/identities/c", &limit).unwrap().unwrap();
    let page = member.list(&admin, "/identities?limit=1&after=b");
    assert_eq!(page["identities"][0]["max_enrollments"], 7);

    for bad in ["limit=0", "limit=1001", "limit=x", "limit=-1", "limit=2&after=%01"] {
        let target = format!("/identities?{bad}");
        let answer = member.call(&admin, "GET", &target, &Value::Null).unwrap().unwrap_err();
        assert_eq!(answer.status, 400, "{bad}");
    }
    assert!(server.stop().success());
}

#[test]
fn a_list_of_revoked_certificates_has_each_as_soon_as_it_is_revoked() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let key = Key::new();
    let mut member = Member::of(server.url(), &key);
    let admin = member.admin();
    let mut expected = Vec::new();
    for round in 0..4 {
        for _ in 0..round {
            let one = member.reenroll("admin", &admin).unwrap().unwrap();
            let serial = serial(&one);
            let aki = chancery::pki::Certificate::from_pem(&one).unwrap();
            let aki = aki.authority_key_id().unwrap().to_string();
            let body = json!({ "serial": serial, "aki": aki });
            member.call(&admin, "POST", "/revoke", &body).unwrap().unwrap();
            expected.push(serial);
        }
        // The first makes it, the second finds it kept.
        for _ in 0..2 {
            let answer = member.call(&admin, "POST", "/gencrl", &json!({})).unwrap().unwrap();
            let answer: Value = serde_json::from_slice(&answer.body).unwrap();
            let pem = STANDARD.decode(answer["result"]["CRL"].as_str().unwrap()).unwrap();
            let crl = Crl::from_pem(std::str::from_utf8(&pem).unwrap()).unwrap();
            let listed: Vec<_> = crl.entries().map(|entry| entry.serial.to_string()).collect();
            assert_eq!(listed, expected);
        }
    }
    assert!(server.stop().success());
}
