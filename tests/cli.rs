//! What a user types and sees: `tests/cli/*.trycmd`. `TRYCMD=overwrite` writes down what is seen now.

use crate::support::tools::{chancery, output, root, run};

#[test]
fn commands_say_what_is_written_down() {
    trycmd::TestCases::new().case("tests/cli/*.trycmd").run();
}

#[test]
fn a_configuration_may_be_named_without_its_folder() {
    let mut check = chancery();
    check.current_dir(root().join("tests/cli")).args(["config", "check", "-c", "good.toml"]);
    assert!(run(&mut check).contains("CA `ca-org1`"));
}

/// The block is one that our own reader takes, and that says what the file and the environment say.
#[test]
fn a_first_block_says_what_its_profile_does() {
    let home = tempfile::tempdir().unwrap();
    let block = home.path().join("supply.block");
    let genesis = || {
        let mut genesis = chancery();
        // Paths in the file are relative to it, wherever one stands.
        genesis.current_dir(home.path()).args([
            "channel",
            "genesis",
            "--profile",
            "Supply",
            "--channel-id",
            "supply",
            "--json",
        ]);
        genesis.arg("--configtx").arg(root().join("tests/cli/genesis/configtx.yaml"));
        genesis.args(["-o", "supply.block"]);
        genesis.env("CONFIGTX_PROFILES_SUPPLY_ORDERER_BATCHTIMEOUT", "90s");
        genesis.env("CONFIGTX_PROFILES_SUPPLY_ORDERER_MAXCHANNELS", "7");
        genesis
    };
    let told: serde_json::Value = serde_json::from_str(&run(&mut genesis())).unwrap();
    assert_eq!(told["organizations"]["Application"], serde_json::json!(["Org1", "Org2"]));
    assert_eq!(told["refused"], serde_json::Value::Null);
    let unused = told["notes"][0].as_str().unwrap();
    assert!(
        unused.contains("CONFIGTX_PROFILES_SUPPLY_ORDERER_MAXCHANNELS has no effect"),
        "{unused}"
    );
    let octets = std::fs::read(&block).unwrap();
    assert_eq!(told["octets"], octets.len());
    assert!(octets.windows(5).any(|window| window == b"1m30s"));
    let mut check = chancery();
    check.args(["policy", "check", "--channel"]).arg(&block);
    assert!(run(&mut check).starts_with("channel `supply`, block 0, configuration 0\n"));
    // A second one would be another channel.
    assert_eq!(output(&mut genesis()).status.code(), Some(2));
    assert_eq!(std::fs::read(&block).unwrap(), octets);
    run(genesis().arg("--force"));
    assert_ne!(std::fs::read(&block).unwrap(), octets);
}
