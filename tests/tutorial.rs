//! The tutorial, as it stands: its commands do what it says that they do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::support::tools::{chancery, root};

/// Where the text has its server.
const ADDRESS: &str = "127.0.0.1:7054";
/// What differs each time.
const ANYTHING: char = '…';
/// What is told after each command, with its exit code.
const END: &str = "@@end@@ ";

/// A command of the text, and what it says.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    line: usize,
    command: String,
    said: Vec<String>,
}

/// The commands of a text in its `console` blocks, in order. A command goes on after a line that ends with a backslash, and until
/// `END` after `<<'END'`.
fn steps(text: &str) -> Vec<Step> {
    let (mut steps, mut is_console) = (Vec::<Step>::new(), false);
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            is_console = kind == "console";
            continue;
        }
        if !is_console {
            continue;
        }
        let Some(first) = line.strip_prefix("$ ") else {
            let step = steps.last_mut().expect("a block begins with a command");
            step.said.push(line.to_owned());
            continue;
        };
        let document = first.ends_with("<<'END'");
        let (mut command, mut last) = (first.to_owned(), first);
        while if document { last != "END" } else { last.ends_with('\\') } {
            (_, last) = lines.next().expect("the command ends");
            command = format!("{command}\n{last}");
        }
        steps.push(Step { line: at + 1, command, said: Vec::new() });
    }
    steps
}

/// Whether a line is what the text says, where `…` stands for anything.
fn is_like(line: &str, text: &str) -> bool {
    let mut parts = text.split(ANYTHING);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether lines are what the text says, where a line `…` stands for any number of them.
fn are_like(said: &[String], text: &[String]) -> bool {
    let Some((first, more)) = text.split_first() else { return said.is_empty() };
    if *first == ANYTHING.to_string() {
        return (0..=said.len()).any(|skipped| are_like(&said[skipped..], more));
    }
    said.split_first().is_some_and(|(line, rest)| is_like(line, first) && are_like(rest, more))
}

/// A bash, in a folder; all that it began ends with it.
struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Session {
    fn start(folder: &Path) -> Self {
        // The binary, with nothing of the caller's configuration.
        let program = chancery();
        let program = Path::new(program.get_program());
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", program.parent().unwrap().display());
        let mut bash = Command::new("bash");
        for (name, _) in std::env::vars() {
            if name.starts_with("CHANCERY_") || name == "SOFTHSM2_CONF" {
                bash.env_remove(name);
            }
        }
        bash.args(["--noprofile", "--norc"]).current_dir(folder).env("PATH", path);
        bash.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = bash.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        writeln!(input, "exec 2>&1").unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    /// What a command says on both outputs, and its exit code.
    fn run(&mut self, command: &str) -> (Vec<String>, i32) {
        writeln!(self.input, "{command}\necho \"{END}$?\"").unwrap();
        let mut said = Vec::new();
        for line in (&mut self.output).lines() {
            let line = line.unwrap();
            if let Some((before, code)) = line.split_once(END) {
                if !before.is_empty() {
                    said.push(before.to_owned());
                }
                return (said, code.parse().unwrap());
            }
            said.push(line);
        }
        panic!("bash ended in {command}: {said:?}");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

#[test]
fn the_tutorial_does_what_it_says() {
    let text = std::fs::read_to_string(root().join("docs/tutorial.md")).unwrap();
    let steps = steps(&text);
    assert!(steps.len() > 30, "{} commands", steps.len());
    let folder = tempfile::tempdir().unwrap();
    // Free a moment ago; nobody else is given it so soon.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut session = Session::start(folder.path());
    for step in steps {
        let (said, code) = session.run(&step.command.replace(ADDRESS, &free));
        let said: Vec<String> = said.iter().map(|line| line.replace(&free, ADDRESS)).collect();
        let log = || std::fs::read_to_string(folder.path().join("server.log")).unwrap_or_default();
        assert!(
            are_like(&said, &step.said),
            "line {}: {}\nsaid:\n{}\nand not:\n{}\nthe server:\n{}",
            step.line,
            step.command,
            said.join("\n"),
            step.said.join("\n"),
            log()
        );
        // A command fails where the text says so, and nowhere else.
        let fails = step.said.iter().any(|line| line.starts_with("chancery: error: "));
        assert_eq!(code != 0, fails, "line {}: {} ended with {code}", step.line, step.command);
    }
}

#[test]
fn what_differs_each_time_is_passed_over_and_nothing_else() {
    assert!(is_like("serial 41a2", "serial …") && is_like("a b c", "a … c") && is_like("a", "a"));
    assert!(!is_like("serial 41a2 x", "serial … y") && !is_like("ab", "a") && !is_like("a", "ab"));
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(are_like(&lines("a\nb\nc"), &lines("a\n…\nc")) && are_like(&[], &[]));
    assert!(!are_like(&lines("a\nb"), &lines("a")) && !are_like(&lines("a"), &lines("a\nb")));
    let text =
        "```console\n$ cat >f <<'END'\n$ x\nEND\n$ a \\\n  b\nsaid\n```\n```yaml\n$ no\n```\n";
    let read = steps(text);
    let commands: Vec<&str> = read.iter().map(|step| step.command.as_str()).collect();
    assert_eq!(commands, ["cat >f <<'END'\n$ x\nEND", "a \\\n  b"]);
    assert_eq!((read[1].said.as_slice(), read[1].line), (lines("said").as_slice(), 5));
}
