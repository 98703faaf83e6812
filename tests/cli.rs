//! What a user types and sees: `tests/cli/*.trycmd`. `TRYCMD=overwrite` writes down what is seen now.

#[test]
fn commands_say_what_is_written_down() {
    trycmd::TestCases::new().case("tests/cli/*.trycmd").run();
}
