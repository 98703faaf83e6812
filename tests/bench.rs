//! `chancery bench` measures what it says, on the software token, and leaves nothing behind.

use std::path::Path;

use serde_json::Value;

use crate::support::tools::{chancery, output};

/// Runs it with a temporary folder of its own; gives what it printed.
fn bench(temporary: &Path, arguments: &[&str]) -> Value {
    let mut bench = chancery();
    bench.env("TMPDIR", temporary).args(["bench", "--json"]).args(arguments);
    let said = output(&mut bench);
    let error = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{}: {error}", said.status);
    assert_eq!(error, "", "nothing but the result when nobody looks on");
    serde_json::from_slice(&said.stdout).unwrap()
}

fn number(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path} in {value}"))
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// Equal but for rounding.
fn near(left: f64, right: f64) -> bool {
    (left - right).abs() <= right.abs() * 1e-6
}

#[test]
fn figures_stand_beside_the_limits_of_the_same_run() {
    let temporary = tempfile::tempdir().unwrap();
    let arguments = ["--seconds", "1", "--connections", "4", "--only", "enroll,cainfo"];
    let report = bench(temporary.path(), &arguments);
    assert_eq!(files(temporary.path()), 0, "the run's folder is removed");

    for path in [
        "/limits/verification/one_thread",
        "/limits/verification/all_cores",
        "/limits/verification/cpu_us",
        "/limits/token/sign_per_second",
        "/limits/token/sign_cpu_us",
        "/limits/token/mac_cpu_us",
        "/limits/signer/per_second",
        "/limits/signer/cpu_us",
        "/limits/store/deeds_per_second",
        "/limits/store/limit_syncs_per_second",
        "/server/start_to_ready_ms",
    ] {
        assert!(number(&report, path) > 0.0, "{path} in {report}");
    }
    // A signature with its verification costs more than the signature alone, and more than ten
    // microseconds on any processor.
    let sign = number(&report, "/limits/token/sign_cpu_us");
    let with_verification = number(&report, "/limits/signer/limit_cpu_us");
    assert!(with_verification > sign && sign > 10.0, "{report}");
    assert!(number(&report, "/server/idle_resident_bytes") > 1e6, "{report}");

    let operations = report["operations"].as_array().unwrap();
    let names: Vec<_> = operations.iter().map(|row| row["operation"].as_str().unwrap()).collect();
    assert_eq!(names, ["cainfo", "enroll"], "what was asked for, in the order of the run");
    for row in operations {
        assert_eq!(row["not_2xx"], 0, "{row}");
        assert!(number(row, "/per_second") > 0.0, "{row}");
        assert!(number(row, "/p50_ms") <= number(row, "/p99_ms"), "{row}");
        assert!(number(row, "/cpu_us") > 0.0, "{row}");
    }
    assert_eq!(operations[0]["limit_cpu_us"], Value::Null, "cainfo needs no cryptography");
    // Two verifications, a signature and a code.
    let floor = sign
        + number(&report, "/limits/token/mac_cpu_us")
        + 2.0 * number(&report, "/limits/verification/cpu_us");
    let enroll = &operations[1];
    assert!(near(number(enroll, "/limit_cpu_us"), floor), "{report}");
    let ratio = number(enroll, "/cpu_us") / floor;
    assert!(near(number(enroll, "/cpu_ratio"), ratio), "{enroll}");
}

#[test]
fn growth_is_told_in_tenths_and_a_named_folder_is_used_again() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("data");
    let named = data.to_str().unwrap();
    let arguments = [
        "--seconds",
        "1",
        "--connections",
        "4",
        "--growth",
        "25",
        "--workers",
        "3",
        "--data",
        named,
    ];
    for _ in 0..2 {
        let report = bench(temporary.path(), &arguments);
        let steps = report["growth"].as_array().unwrap();
        let counts: Vec<_> = steps.iter().map(|step| step["certificates"].clone()).collect();
        assert_eq!(counts, [2, 5, 7, 10, 12, 15, 17, 20, 22, 25], "{report}");
        assert_eq!(report["operations"].as_array().unwrap().len(), 0);
        assert_eq!(report["limits"]["token"]["sessions"], 3);
    }
    assert!(data.join("chancery.db").exists() && files(temporary.path()) == 1);
    // What was measured is a server like any other: everything it stored verifies.
    let mut check = chancery();
    let said = output(check.args(["ca", "check", "-c"]).arg(data.join("chancery.toml")));
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains(" 0 faults"), "{said}");
}

#[test]
fn a_token_that_is_not_there_is_told_with_its_name_and_nothing_is_measured() {
    let temporary = tempfile::tempdir().unwrap();
    std::fs::write(temporary.path().join("pin"), "1234").unwrap();
    let mut bench = chancery();
    bench.args(["bench", "--seconds", "1", "--token", "elsewhere"]);
    let said = output(&mut bench);
    let error = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!(said.status.code(), Some(2), "{error}");
    for option in ["--module", "--pin-file", "--data"] {
        assert!(error.contains(option), "{error}");
    }
}
