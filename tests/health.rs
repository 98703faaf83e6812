//! Health and sight: what an operator sees, before and after the signer is killed, and what nobody
//! is to see.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::server::Server;
use crate::support::tools::{chancery, output, pause, run};

/// Status and body of a GET.
fn get(server: &Server, path: &str) -> (String, String) {
    let mut curl = Command::new("curl");
    curl.args(["-s", "-w", "\n%{http_code}", &format!("{}{path}", server.url())]);
    let text = run(&mut curl);
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.to_owned(), body.to_owned())
}

fn enroll(server: &Server, data: &std::path::Path) -> bool {
    let mut enroll = chancery();
    enroll.args(["enroll", "--url", server.url(), "--id", "admin", "--secret-file"]);
    enroll.arg(data.join("bootstrap.secret")).arg("--msp-dir").arg(data.join("msp"));
    output(&mut enroll).status.success()
}

#[test]
fn health_tells_of_store_and_token_and_a_killed_signer_comes_back() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    assert!(enroll(&server, data.path()));
    for path in ["/healthz", "/readyz"] {
        let (status, body) = get(&server, path);
        assert_eq!(status, "200", "{path}");
        assert!(body.contains("\"status\":\"OK\""), "{body}");
    }
    assert_eq!(get(&server, "/version").0, "200");
    let (_, metrics) = get(&server, "/metrics");
    for line in [
        "api_request_count{api_name=\"enroll\",ca_name=\"ca\",status_code=\"201\"} 1",
        "chancery_state{of=\"signer_up\"} 1",
        "# TYPE chancery_issuer_expiry_seconds gauge",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }

    let mut kill = Command::new("pkill");
    let register = format!("--register={}", data.path().join("signer/register").display());
    run(kill.args(["-9", "-f", "--", &register]));
    let until = Instant::now() + Duration::from_secs(10);
    while get(&server, "/readyz").0 != "200" || !enroll(&server, data.path()) {
        assert!(Instant::now() < until, "the signer did not come back");
        pause();
    }
    let (_, metrics) = get(&server, "/metrics");
    assert!(metrics.contains("chancery_state{of=\"signer_starts\"} 2"), "{metrics}");
    assert!(server.stop().success());
}

#[test]
fn no_secret_is_in_logs_metrics_or_the_database() {
    let data = tempfile::tempdir().unwrap();
    let mut dev = chancery();
    dev.env("CHANCERY_LOG", "trace,sqlx=info,h2=info");
    dev.args(["dev", "--listen", "127.0.0.1:0", "--bootstrap", "admin:Xq7secretZ9", "--data"]);
    let server = Server::spawn(
        {
            dev.arg(data.path());
            dev
        },
        data.path(),
    );
    assert!(enroll(&server, data.path()));
    let msp = data.path().join("msp");
    let mut register = chancery();
    register.args([
        "register",
        "--url",
        server.url(),
        "--id",
        "u",
        "--type",
        "client",
        "--msp-dir",
    ]);
    let generated = run(register.arg(&msp)).trim().to_owned();
    assert!(generated.len() >= 12, "{generated}");
    // A body that is no JSON, with a secret in it, is not told back either.
    let mut bad = Command::new("curl");
    bad.args(["-s", "-d", "{\"secret\":\"Xq7secretZ9\"", "-H", "Authorization: Basic YTpi"]);
    let told = run(bad.arg(format!("{}/api/v1/enroll", server.url())));
    let metrics = get(&server, "/metrics").1;
    assert!(server.stop().success());

    let pin = std::fs::read_to_string(data.path().join("pin")).unwrap();
    let mut seen = vec![("answer", told.into_bytes()), ("metrics", metrics.into_bytes())];
    for name in ["server.log", "chancery.db", "chancery.toml", "ceremony.json"] {
        if let Ok(octets) = std::fs::read(data.path().join(name)) {
            seen.push((name, octets));
        }
    }
    assert!(seen.iter().any(|(name, octets)| *name == "server.log" && octets.len() > 1000));
    for (place, octets) in &seen {
        for secret in ["Xq7secretZ9", generated.as_str(), pin.trim()] {
            let found = octets.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a secret is in {place}");
        }
    }
}
