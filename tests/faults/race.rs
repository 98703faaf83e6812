//! One enrollment allowed, fifty at once: exactly one is done.

use std::sync::Barrier;

use super::member::{Key, Member};
use super::number;
use crate::support::server::Server;

const AT_ONCE: usize = 50;

#[test]
fn of_fifty_at_once_over_http_exactly_one_takes_the_last_enrollment() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let key = Key::new();
    let mut registrar = Member::of(server.url(), &key);
    let admin = registrar.admin();
    for round in 0..number("CHANCERY_RACES", 3) {
        let id = format!("once{round}");
        registrar.register(&admin, &id, 1).unwrap().unwrap();
        let start = Barrier::new(AT_ONCE);
        let statuses: Vec<u16> = std::thread::scope(|clients| {
            let client = || {
                let mut member = Member::of(server.url(), &key);
                start.wait();
                match member.enroll(&id, "s").unwrap() {
                    Ok(_) => 201,
                    Err(answer) => answer.status,
                }
            };
            let clients: Vec<_> = (0..AT_ONCE).map(|_| clients.spawn(client)).collect();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        let done = statuses.iter().filter(|status| **status == 201).count();
        assert_eq!(done, 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 201 | 401)), "{statuses:?}");
    }
    assert!(server.stop().success());
}
