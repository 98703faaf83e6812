//! What a user types and sees: `tests/cli/*.trycmd`. `TRYCMD=overwrite` writes down what is seen now.

use crate::support::tools::{chancery, root, run};

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
