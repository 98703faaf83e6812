//! A private PostgreSQL cluster in a temporary directory, for one test process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where Debian keeps the servers of all versions.
const VERSIONS: &str = "/usr/lib/postgresql";

// Names sort as in English: no test must pass because they sort by their octets.
//
// Runs until its input ends, which happens at the latest when this process ends, however it ends; then
// stops the server and removes its directory.
const KEEPER: &str = r#"
dir=$1 bin=$2; shift 2
"$@" "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US --no-sync >"$dir/log" 2>&1 &&
"$@" "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -o "-c listen_addresses='' -c unix_socket_directories='$dir' $SETTINGS" start >>"$dir/log" 2>&1 &&
echo ready || { cat "$dir"/*log; rm -rf "$dir"; exit 1; }
cat >/dev/null
"$@" "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1
rm -rf "$dir"
"#;

/// A running cluster.
pub(crate) struct Cluster {
    directory: PathBuf,
    databases: AtomicU32,
    /// Stops the server when its input ends: when this is dropped, or the process ends.
    _keeper: Child,
}

impl Cluster {
    /// The cluster of this process, started when it is first asked for. It does not sync to disk: a
    /// test is about our process and not about the machine losing power.
    pub(crate) fn shared() -> &'static Self {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(|| Self::start("-c fsync=off -c max_connections=200"))
    }

    /// Starts a cluster with these options of `postgres`.
    pub(crate) fn start(settings: &str) -> Self {
        let bin = binaries();
        let directory = tempfile::Builder::new().prefix("chancery-pg-").tempdir().unwrap().keep();
        // PostgreSQL refuses to run as root.
        let mut as_user = Vec::new();
        if is_root() {
            let chown = Command::new("chown").arg("postgres").arg(&directory).status().unwrap();
            assert!(chown.success(), "chown to the user `postgres` failed");
            as_user = vec!["runuser", "-u", "postgres", "--"];
        }
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&directory)
            .arg(bin)
            .args(as_user)
            .env("SETTINGS", settings)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut output = BufReader::new(keeper.stdout.take().unwrap());
        while output.read_line(&mut said).unwrap() > 0 {
            if said.ends_with("ready\n") {
                return Self { directory, databases: AtomicU32::new(0), _keeper: keeper };
            }
        }
        keeper.wait().unwrap();
        panic!("PostgreSQL did not start:\n{said}");
    }

    /// The URL of a new, empty database.
    pub(crate) fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// Runs a statement as the superuser and gives what `psql` prints.
    pub(crate) fn sql(&self, database: &str, statement: &str) -> String {
        let mut psql = Command::new(binaries().join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres"])
            .args(["-d", database, "-f", "-"])
            .arg("-h")
            .arg(&self.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        psql.stdin.take().unwrap().write_all(statement.as_bytes()).unwrap();
        let output = psql.wait_with_output().unwrap();
        assert!(output.status.success(), "psql refused: {statement}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.directory.display())
    }
}

fn binaries() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
        let mut found: Vec<PathBuf> = versions
            .map(|version| version.path().join("bin"))
            .filter(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
            .collect();
        found.sort();
        found.pop().unwrap_or_else(|| {
            panic!(
                "no PostgreSQL server under {VERSIONS}: install it (`apt-get install postgresql`) \
                 or run `tests/run`, which does"
            )
        })
    })
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
