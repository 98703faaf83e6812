//! Tokens of several makers, each private to one test.
//!
//! What is not installed is passed over with a line that says so; `tests/run` installs all but
//! Kryoptic, which it builds when `CHANCERY_TEST_KRYOPTIC=1`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use chancery::hsm::{CustodyLevel, PinSource, SignerCommand};
use chancery::signer::SignerOptions;

use crate::client::pause;
use crate::fixture::{ARGUMENTS, Home, MODULE};

const NSS_PIN: &str = "12345678";
const LIBRARIES: [&str; 4] =
    ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];

/// A token, and how to reach it.
pub(crate) struct Place {
    pub(crate) module: PathBuf,
    pub(crate) token: String,
    /// What goes before the program, e.g. to be another user.
    pub(crate) before: Vec<OsString>,
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) home: Home,
    pub(crate) server: Option<Server>,
}

/// A `p11-kit server`, ended with the test.
pub(crate) struct Server {
    child: Child,
    socket: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Each connection has a process of its own, in the server's group.
        let group = format!("-{}", self.child.id());
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -s KILL -- \"$1\" 2>/dev/null || true", "sh", &group]);
        let _ = kill.status();
        let _ = self.child.wait();
    }
}

impl Place {
    /// SoftHSM2.
    pub(crate) fn softhsm2() -> Self {
        let home = Home::new(&["t"]);
        let environment = vec![("SOFTHSM2_CONF".into(), home.conf().into())];
        let module = MODULE.into();
        Self { module, token: "t".into(), before: Vec::new(), environment, home, server: None }
    }

    /// SoftHSM2 behind `p11-kit server`; `None` where p11-kit is not installed.
    pub(crate) fn p11_kit() -> Option<Self> {
        let module = installed("p11-kit server", "pkcs11/p11-kit-client.so")?;
        let home = Home::new(&["t"]);
        let socket = home.path("p11-kit.socket");
        let server = serve(&home, &socket);
        let mut address = OsString::from("unix:path=");
        address.push(&socket);
        let environment = vec![("P11_KIT_SERVER_ADDRESS".into(), address)];
        let (token, before) = ("t".into(), Vec::new());
        Some(Self { module, token, before, environment, home, server: Some(server) })
    }

    /// NSS softokn, which wants to be told its folder by the reserved pointer of `C_Initialize`:
    /// p11-kit does that for it. `None` where either is not installed.
    pub(crate) fn nss() -> Option<Self> {
        let module = installed("NSS", "p11-kit-proxy.so")?;
        let softokn = installed("NSS", "libsoftokn3.so")?;
        let home = Home::new(&[]);
        std::fs::write(home.path("pin"), NSS_PIN).unwrap();
        let database = home.path("nss");
        std::fs::create_dir(&database).unwrap();
        let folder = format!("sql:{}", database.display());
        let made = Command::new("certutil")
            .args(["-N", "-d", &folder, "-f"])
            .arg(home.path("pin"))
            .output();
        let Ok(made) = made else { return missing("NSS", "certutil") };
        assert!(made.status.success(), "{made:?}");
        let config = home.path("config/pkcs11");
        std::fs::create_dir_all(config.join("modules")).unwrap();
        std::fs::write(config.join("pkcs11.conf"), "user-config: only\n").unwrap();
        let text = format!(
            "module: {}\nx-init-reserved: configdir='{folder}' certPrefix='' keyPrefix='' \
             secmod='secmod.db' flags=\n",
            softokn.display()
        );
        std::fs::write(config.join("modules/nss.module"), text).unwrap();
        // p11-kit reads no user's configuration as root: so be nobody, with the rights of root.
        let root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap());
        let before: Vec<OsString> =
            if root == 0 { vec!["unshare".into(), "-U".into()] } else { Vec::new() };
        if let Some(unshare) = before.first()
            && !Command::new(unshare).args(["-U", "true"]).status().is_ok_and(|end| end.success())
        {
            return missing("NSS", "a user namespace");
        }
        let environment = vec![("XDG_CONFIG_HOME".into(), home.path("config").into())];
        let token = "NSS Certificate DB".to_owned();
        Some(Self { module, token, before, environment, home, server: None })
    }

    /// Kryoptic; `None` where it was not built.
    pub(crate) fn kryoptic() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let module = root.join("tests/.cache/kryoptic/libkryoptic_pkcs11.so");
        if !module.exists() {
            return missing("Kryoptic", "tests/.cache/kryoptic");
        }
        let home = Home::new(&[]);
        let text = format!(
            "[[slots]]\nslot = 1\ndbtype = \"sqlite\"\ndbargs = \"{}\"\n",
            home.path("kryoptic.sql").display()
        );
        std::fs::write(home.path("kryoptic.toml"), text).unwrap();
        let environment = vec![("KRYOPTIC_CONF".into(), home.path("kryoptic.toml").into())];
        let (token, before) = ("t".to_owned(), Vec::new());
        let place = Self { module, token, before, environment, home, server: None };
        let mut init = place.chancery();
        init.args(["hsm", "init-token", "--label", "t", "--module"]).arg(&place.module);
        let made = init.arg("--pin-file").arg(place.home.path("pin")).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        Some(place)
    }

    /// Our binary, where the token is found.
    pub(crate) fn chancery(&self) -> Command {
        self.run(env!("CARGO_BIN_EXE_chancery").into(), &[])
    }

    fn run(&self, program: OsString, arguments: &[OsString]) -> Command {
        let mut words = self.before.iter().cloned().chain([program]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).args(arguments).envs(self.environment.iter().cloned());
        command.env_remove("CHANCERY_LOG");
        command
    }

    pub(crate) fn options(&self, custody: CustodyLevel) -> SignerOptions {
        let pin = PinSource::File(self.home.path("pin"));
        SignerOptions {
            custody,
            module: Some(self.module.clone()),
            pin: Some(pin),
            ..self.home.options(&self.token)
        }
    }

    /// This binary, run again as a signer.
    pub(crate) fn signer(&self, custody: CustodyLevel) -> SignerCommand {
        let inner = self.home.command(&self.options(custody));
        let mut words = self.before.iter().cloned().chain([inner.program.into()]);
        let program = PathBuf::from(words.next().unwrap());
        let mut environment = self.environment.clone();
        environment.extend(inner.environment.into_iter().filter(|(name, _)| name == ARGUMENTS));
        let arguments = words.chain(inner.arguments).collect();
        SignerCommand { program, arguments, environment }
    }

    /// Writes a shell script that kills the server and starts another at the same address.
    pub(crate) fn restart_script(&self) -> PathBuf {
        let server = self.server.as_ref().unwrap();
        let path = self.home.path("restart");
        let text = format!(
            "#!/bin/sh\nkill -s KILL -- -{} && rm -f '{socket}'\n\
             SOFTHSM2_CONF='{conf}' setsid p11-kit server -f -n '{socket}' --provider {MODULE} \
             'pkcs11:' </dev/null >/dev/null 2>&1 &\n\
             echo $! >'{home}/restarted'\n\
             while [ ! -S '{socket}' ]; do sleep 0.05; done\n",
            server.child.id(),
            socket = server.socket.display(),
            conf = self.home.conf().display(),
            home = self.home.path("").display(),
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Ends what the script started.
    pub(crate) fn end_restarted(&self) {
        let pid = std::fs::read_to_string(self.home.path("restarted")).unwrap();
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -s KILL -- \"-$1\" \"$1\" 2>/dev/null || true", "sh", pid.trim()]);
        kill.status().unwrap();
    }
}

fn serve(home: &Home, socket: &Path) -> Server {
    use std::os::unix::process::CommandExt as _;
    let child = Command::new("p11-kit")
        .args(["server", "-f", "-n"])
        .arg(socket)
        .args(["--provider", MODULE, "pkcs11:"])
        .env("SOFTHSM2_CONF", home.conf())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let server = Server { child, socket: socket.to_owned() };
    for _ in 0..1000 {
        if socket.exists() {
            return server;
        }
        pause(10);
    }
    panic!("p11-kit server does not listen");
}

pub(crate) fn installed(what: &str, name: &str) -> Option<PathBuf> {
    let found = LIBRARIES.iter().map(|folder| Path::new(folder).join(name)).find(|at| at.exists());
    found.or_else(|| missing(what, name))
}

fn missing<T>(what: &str, why: &str) -> Option<T> {
    eprintln!("passed over: {what} is not here ({why}); tests/run installs it");
    None
}
