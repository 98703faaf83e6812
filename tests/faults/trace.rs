//! What `strace -f -yy -o` writes, as calls with a beginning and an end.

use std::collections::HashMap;

/// One call of the system.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) name: String,
    /// Arguments and result, as they are written.
    pub(super) text: String,
    /// The lines at which it began and ended: what ended at a lower line than another began was over
    /// before it.
    pub(super) began: usize,
    pub(super) ended: usize,
}

/// The calls of a trace, by their ends.
pub(super) fn calls(trace: &str) -> Vec<Call> {
    const UNFINISHED: &str = " <unfinished ...>";
    let mut open: HashMap<&str, Call> = HashMap::new();
    let mut calls = Vec::new();
    for (number, line) in trace.lines().enumerate() {
        let Some((process, text)) = line.split_once(' ') else { continue };
        let text = text.trim_start();
        if let Some(rest) = text.strip_prefix("<... ") {
            let Some(mut call) = open.remove(process) else { continue };
            call.text.push_str(rest.split_once(" resumed>").map_or("", |(_, rest)| rest));
            call.ended = number;
            calls.push(call);
        } else if let Some((name, rest)) = text.split_once('(') {
            let (name, text) = (name.to_owned(), rest.to_owned());
            let mut call = Call { name, text, began: number, ended: number };
            if let Some(begun) = call.text.strip_suffix(UNFINISHED) {
                call.text = begun.to_owned();
                open.insert(process, call);
            } else {
                calls.push(call);
            }
        }
    }
    calls
}

impl Call {
    /// Whether what it works on is named so, e.g. a file by its path, a socket by its kind.
    pub(super) fn is_on(&self, what: &str) -> bool {
        self.text.split_once('>').is_some_and(|(descriptor, _)| descriptor.contains(what))
            || self.text.split_once(", ").is_some_and(|(descriptor, _)| descriptor.contains(what))
    }

    pub(super) fn is_write(&self) -> bool {
        ["write", "writev", "pwrite64", "pwritev", "sendto", "sendmsg"].contains(&&*self.name)
    }

    pub(super) fn is_read(&self) -> bool {
        ["read", "readv", "recvfrom", "recvmsg"].contains(&&*self.name)
    }

    pub(super) fn is_sync(&self) -> bool {
        ["fsync", "fdatasync"].contains(&&*self.name)
    }

    pub(super) fn went_well(&self) -> bool {
        self.text.rsplit_once(" = ").is_some_and(|(_, result)| !result.starts_with('-'))
    }
}

#[test]
fn calls_are_put_together() {
    let calls = calls(
        "10 pwrite64(5</d/x-wal>, \"a\", 1, 0) = 1\n\
         11 recvfrom(7<TCP:[127.0.0.1:1->127.0.0.1:2]>,  <unfinished ...>\n\
         10 fdatasync(5</d/x-wal>) = -1 EIO (Input/output error)\n\
         11 <... recvfrom resumed>\"POST /\", 9, 0, NULL, NULL) = 6\n",
    );
    assert!(calls[0].is_on("-wal") && calls[0].is_write() && calls[0].went_well());
    assert!(calls[1].is_sync() && !calls[1].went_well());
    assert!(calls[2].is_on("TCP:") && calls[2].is_read() && calls[2].text.contains("POST /"));
    assert_eq!((calls[2].began, calls[2].ended), (1, 3));
}
