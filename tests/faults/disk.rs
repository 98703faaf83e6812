//! The disk is full: nobody is told that something is done which is not, the log says why, and it goes on
//! when there is space again. Needs the right to mount a small file system; says so where it has none.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::book::Book;
use super::http::Answer;
use super::member::{Key, Member, Outcome};
use crate::support::server::Server;
use crate::support::tools::{chancery, output};

/// A file system in memory, of a few MiB.
struct Disk {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Disk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk");
        std::fs::create_dir(&path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(&path);
        if !output(&mut mount).status.success() {
            println!("skipped: mounting a file system is not permitted here");
            return None;
        }
        Some(Self { _folder: folder, path })
    }

    /// Writes until nothing more fits.
    fn fill(&self) {
        let mut file = File::create(self.path.join("filler")).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
        while file.write_all(&[1]).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.path.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        output(Command::new("umount").arg("--lazy").arg(&self.path));
    }
}

/// Every deed once; counts those that were put off, and writes down what was done.
fn every_deed(member: &mut Member<'_>, admin: &str, book: &Book) -> usize {
    let mut put_off = 0;
    let mut done = |outcome: Outcome<String>| match outcome.unwrap() {
        Ok(text) => Some(text),
        Err(Answer { status: 503, has_retry_after: true, .. }) => {
            put_off += 1;
            None
        }
        Err(answer) => panic!("{answer:?} {}", String::from_utf8_lossy(&answer.body)),
    };
    let nothing = |outcome: Outcome<()>| outcome.map(|outcome| outcome.map(|()| String::new()));
    let id = format!("m{}", book.number());
    if done(nothing(member.register(admin, &id, -1))).is_some() {
        book.registered(&id, -1);
        let serial = done(member.enroll(&id, "s")).map(|pem| book.certified(&pem));
        if done(nothing(member.revoke(admin, &id))).is_some() {
            book.revoked(serial.into_iter().collect());
        }
    }
    if let Some(pem) = done(member.reenroll("admin", admin)) {
        book.certified(&pem);
    }
    put_off
}

fn server(data: &Path) -> Server {
    let mut dev = chancery();
    dev.args(["dev", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    Server::spawn(dev, data)
}

fn fill_and_free(log_on_the_disk: bool) {
    let Some(disk) = Disk::mount() else { return };
    let data = disk.path.join("data");
    std::fs::create_dir(&data).unwrap();
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    if !log_on_the_disk {
        std::os::unix::fs::symlink(elsewhere.path(), data.join("server.log")).unwrap();
    }
    let running = server(&data);
    let (key, book) = (Key::new(), Book::default());
    let mut member = Member::of(running.url(), &key);
    let admin = member.admin();
    book.certified(&admin);
    assert_eq!(every_deed(&mut member, &admin, &book), 0);

    // 1. Full: deeds are put off, reading goes on.
    disk.fill();
    let put_off: usize = (0..20).map(|_| every_deed(&mut member, &admin, &book)).sum();
    assert!(put_off > 20, "{put_off}");
    member.list(&admin, "/api/v1/identities");
    if !log_on_the_disk {
        let log = std::fs::read_to_string(elsewhere.path()).unwrap();
        assert!(log.contains("disk is full"), "the log says why: {log}");
    }

    // 2. Space again: it goes on by itself, in the same process.
    disk.free();
    for _ in 0..3 {
        assert_eq!(every_deed(&mut member, &admin, &book), 0);
    }
    book.is_kept(running.url(), &key);

    // 3. Full, and killed at that; space again, and started without a hand.
    disk.fill();
    every_deed(&mut member, &admin, &book);
    running.kill();
    disk.free();
    let running = server(&data);
    book.is_kept(running.url(), &key);
    let mut member = Member::of(running.url(), &key);
    assert_eq!(every_deed(&mut member, &admin, &book), 0);
    assert!(running.stop().success(), "its record is sound");
    println!("a full disk: {put_off} deeds put off; {}", book.summary());
}

#[test]
fn a_full_disk_is_told_and_survived() {
    fill_and_free(false);
}

#[test]
fn a_full_disk_that_holds_the_log_too_is_survived() {
    fill_and_free(true);
}
