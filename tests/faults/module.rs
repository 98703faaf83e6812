//! The PKCS#11 module that fails when it is told to (`fault_module/fault.c`): it stands before
//! SoftHSM2, and takes its orders from a file that both map.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::tools::{chancery, root, run};

/// Where distributions put SoftHSM2.
const SOFTHSM2: &[&str] = &[
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

/// A function of the module; the order is that of the C file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Any,
    Initialize,
    Finalize,
    #[expect(dead_code, reason = "the numbers are the C file's")]
    GetSlotList,
    GetTokenInfo,
    OpenSession,
    CloseSession,
    GetSessionInfo,
    Login,
    #[expect(dead_code, reason = "the numbers are the C file's")]
    FindObjectsInit,
    FindObjects,
    #[expect(dead_code, reason = "the numbers are the C file's")]
    GetAttributeValue,
    SignInit,
    Sign,
}

/// Functions, and so entries of the control file.
const FUNCTIONS: usize = 14;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The function returns this and does nothing.
    Return(u64),
    /// It does not return before the fault is cleared.
    Hang,
    /// It never returns.
    HangForEver,
    /// The process dies of SIGSEGV.
    Crash,
    /// It is done, and this is returned all the same.
    DoneButFailed(u64),
    /// No object is found.
    NothingFound,
    /// Another private key signs.
    OtherKey,
    /// Another message is signed.
    OtherMessage,
    /// One bit of the signature is another.
    FlippedBit,
    /// The first half of the signature is zero.
    ZeroR,
    /// The signature is right, and its second half is high.
    HighS,
    /// The signature lacks its last octet.
    CutShort,
}

impl Fault {
    fn words(self) -> [u64; 2] {
        match self {
            Self::Return(value) => [1, value],
            Self::Hang => [2, 0],
            Self::HangForEver => [3, 0],
            Self::Crash => [4, 0],
            Self::DoneButFailed(value) => [5, value],
            Self::NothingFound => [6, 0],
            Self::OtherKey => [7, 0],
            Self::OtherMessage => [8, 0],
            Self::FlippedBit => [9, 0],
            Self::ZeroR => [10, 0],
            Self::HighS => [11, 0],
            Self::CutShort => [12, 0],
        }
    }
}

/// The module, built for one test.
pub(super) struct Module {
    library: PathBuf,
    control: PathBuf,
    file: File,
}

impl Module {
    /// Compiles the module into a folder.
    pub(super) fn build(folder: &Path) -> Self {
        let library = folder.join("faulty.so");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-I/usr/include/p11-kit-1", "-o"]);
        cc.arg(&library).arg(root().join("tests/faults/fault_module/fault.c"));
        run(cc.args(["-ldl", "-lpthread"]));
        let control = folder.join("faults");
        std::fs::write(&control, [0; FUNCTIONS * 32]).unwrap();
        let file = File::options().read(true).write(true).open(&control).unwrap();
        Self { library, control, file }
    }

    /// `chancery dev` on `data` with this module and two CAs, so that there are two private keys.
    pub(super) fn dev(&self, data: &Path) -> Command {
        let mut dev = chancery();
        dev.env("FAULTY_PKCS11_REAL", softhsm2()).env("FAULTY_PKCS11_CONTROL", &self.control);
        dev.args(["dev", "--listen", "127.0.0.1:0", "--ca", "ca", "--ca", "other", "--module"]);
        dev.arg(&self.library).arg("--data").arg(data);
        dev
    }

    /// From now on this goes wrong in `function`, so many times; `None` is until it is cleared.
    pub(super) fn fail(&self, function: Function, fault: Fault, times: Option<u32>) {
        let [kind, argument] = fault.words();
        self.write(function, 1, kind);
        self.write(function, 2, argument);
        self.write(function, 3, times.map_or(u64::MAX, u64::from));
    }

    /// Nothing goes wrong any more; calls that hang go on.
    pub(super) fn clear(&self) {
        for number in 0..FUNCTIONS {
            // The kind too: it is what calls that hang look at.
            self.file.write_all_at(&[0; 24], (number * 32 + 8) as u64).unwrap();
        }
    }

    /// How often a function was called.
    pub(super) fn calls(&self, function: Function) -> u64 {
        let mut word = [0; 8];
        self.file.read_exact_at(&mut word, at(function, 0)).unwrap();
        u64::from_ne_bytes(word)
    }

    fn write(&self, function: Function, word: u64, value: u64) {
        self.file.write_all_at(&value.to_ne_bytes(), at(function, word)).unwrap();
    }
}

fn at(function: Function, word: u64) -> u64 {
    function as u64 * 32 + word * 8
}

pub(super) fn softhsm2() -> PathBuf {
    let found = SOFTHSM2.iter().map(PathBuf::from).find(|path| path.exists());
    found.expect("SoftHSM2 is installed by tests/run")
}
