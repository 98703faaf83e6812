//! Clients that are slow on purpose: each holds its own connection, for a stated time, and nothing
//! else.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::der::Key;
use super::memory::Watch;
use super::shots::Material;
use super::wire::Client;
use super::{Scene, enroll, memory, quick};
use crate::support::server::Server;
use crate::support::tools::{chancery, pause, run};

/// `server.read_timeout_seconds` of a server that says nothing about it: the stated time.
const STATED: Duration = Duration::from_secs(10);

/// How many slow clients there are at once.
const CLIENTS: usize = 150;

/// What each of them has sent before it begins to be slow; they send an octet now and then.
fn beginnings(material: &Material) -> Vec<(&'static str, Vec<u8>, &'static [u8])> {
    let authorization = &material.basic;
    let body = |length: &str| {
        format!(
            "POST /api/v1/enroll HTTP/1.1\r\nHost: ca\r\nAuthorization: {authorization}\r\n{length}\r\n\r\n"
        )
        .into_bytes()
    };
    vec![
        ("silent", Vec::new(), b""),
        ("a slow request line", b"GET /cainfo".to_vec(), b"a"),
        ("slow headers", b"GET /cainfo HTTP/1.1\r\nHost: ca\r\nX: ".to_vec(), b"a"),
        ("endless headers", b"GET /cainfo HTTP/1.1\r\n".to_vec(), b"X: y\r\n"),
        ("a slow body", body("Content-Length: 500000"), b" "),
        ("a body that stops", body("Content-Length: 500000"), b""),
        ("slow chunks", body("Transfer-Encoding: chunked"), b"1\r\n \r\n"),
        ("a chunk that does not end", body("Transfer-Encoding: chunked"), b"0"),
    ]
}

/// 150 slow clients of every kind at once: an honest one enrolls as ever, and each slow one is cut
/// off after the stated time, told so where HTTP has a way to tell.
#[test]
fn slow_clients_are_cut_off_and_hold_up_nobody() {
    let scene = Scene::set();
    let beginnings = beginnings(&scene.admin);
    let watch = Watch::group(scene.server.pid());
    let began = Instant::now();
    let mut clients: Vec<(&str, Client, &[u8])> = beginnings
        .iter()
        .cycle()
        .take(CLIENTS)
        .map(|(kind, beginning, more)| {
            let mut client = Client::connect(scene.address);
            assert!(client.send(beginning));
            (*kind, client, *more)
        })
        .collect();
    let mut enrolled = 0;
    let mut slowest = Duration::ZERO;
    while began.elapsed() < STATED / 2 {
        for (_, client, more) in &mut clients {
            client.send(more);
        }
        let at = Instant::now();
        enroll(scene.address, "admin", "adminpw", &Key::of(8));
        slowest = slowest.max(at.elapsed());
        enrolled += 1;
        pause();
    }
    assert!(
        enrolled >= 3 && slowest < quick(),
        "{enrolled} enrollments, the slowest in {slowest:?}"
    );

    // Who says nothing more is cut off as well as who goes on.
    let mut ends = std::thread::scope(|scope| {
        let ends: Vec<_> = clients
            .into_iter()
            .map(|(kind, mut client, more)| {
                scope.spawn(move || {
                    let told = kind.contains("body") || kind.contains("chunk");
                    while began.elapsed() + Duration::from_secs(2) < STATED && client.send(more) {
                        pause();
                    }
                    let status =
                        if told { client.answer().map(|answer| answer.status) } else { Ok(0) };
                    let closed = client.until_closed().map(|_| began.elapsed());
                    (kind, status, closed)
                })
            })
            .collect();
        ends.into_iter().map(|end| end.join().unwrap()).collect::<Vec<_>>()
    });
    ends.sort_by_key(|(kind, _, closed)| (*kind, *closed));
    for (kind, status, closed) in &ends {
        // Two seconds are left to a client that still sends after it was told.
        let late = STATED + Duration::from_secs(7);
        assert!(closed.is_some_and(|closed| closed < late), "{kind}: cut off after {closed:?}");
        let told = matches!(status, Ok(0 | 408));
        assert!(told, "{kind}: {status:?}");
    }
    let last = ends.iter().filter_map(|(_, _, closed)| *closed).max().unwrap();
    enroll(scene.address, "admin", "adminpw", &Key::of(8));
    let most = watch.most();
    println!(
        "{CLIENTS} slow clients at once: {enrolled} honest enrollments meanwhile, the slowest in \
         {slowest:.1?}; the last was cut off after {last:.1?}; {} MB",
        most / 1024
    );
    assert!(most < memory(), "{most} kB");
    scene.end();
}

/// Handshakes of TLS that stall are cut off too, and hold up nobody.
#[test]
fn stalled_handshakes_hold_up_nobody() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start_with(data.path(), &["--tls", "--hierarchy", "two"]);
    let roots = trust(&server, data.path());
    let address = server.url().trim_start_matches("https://").parse().unwrap();
    let began = Instant::now();
    let hello = [22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
    let mut clients: Vec<Client> = (0..CLIENTS)
        .map(|number| {
            let mut client = Client::connect(address);
            client.send(&hello[..number % hello.len()]);
            client
        })
        .collect();
    let mut enroll = chancery();
    enroll.args(["enroll", "--url", server.url(), "--id", "admin", "--tls-ca"]).arg(roots);
    enroll.arg("--secret-file").arg(data.path().join("bootstrap.secret"));
    let at = Instant::now();
    run(enroll.arg("--msp-dir").arg(data.path().join("msp")));
    println!("with {CLIENTS} stalled handshakes an enrollment took {:.1?}", at.elapsed());
    // What is no TLS at all is told at once.
    let mut plain = Client::connect(address);
    plain.send(b"GET /cainfo HTTP/1.1\r\nHost: ca\r\n\r\n");
    assert!(plain.until_closed().is_some_and(|after| after < quick()));
    for client in &mut clients {
        assert!(client.until_closed().is_some(), "a stalled handshake is cut off");
    }
    assert!(began.elapsed() < STATED + Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(server.stop().success());
}

/// The root of what the server shows, as a file.
fn trust(server: &Server, data: &Path) -> PathBuf {
    let mut show = Command::new("openssl");
    show.args(["s_client", "-showcerts", "-connect", server.url().trim_start_matches("https://")]);
    let shown = run(show.stdin(Stdio::null()));
    let root = shown.rsplit("-----BEGIN CERTIFICATE-----").next().unwrap();
    let body = root.split("-----END CERTIFICATE-----").next().unwrap();
    let path = data.join("root.pem");
    let pem = format!("-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----\n");
    std::fs::write(&path, pem).unwrap();
    path
}
