//! Where an enrollment secret comes from.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::files;
use crate::cli::exit::Failure;
use crate::secret::EnrollmentSecret;

/// The environment variable that may hold the secret of `enroll`.
const VARIABLE: &str = "CHANCERY_ENROLL_SECRET";

/// The secret that an identity enrolls with: from a file, the URL, the environment or a prompt.
///
/// # Errors
/// A usage failure when there is none, or two.
pub(super) fn to_enroll(
    id: &str,
    file: Option<&Path>,
    url: Option<EnrollmentSecret>,
) -> Result<EnrollmentSecret, Failure> {
    match (file, url) {
        (Some(_), Some(_)) => {
            Err(Failure::usage("there is a secret in the URL and one in `--secret-file`")
                .hint("leave the one in the URL out: others on this machine can see it"))
        }
        (Some(file), None) => from_file(file),
        (None, Some(secret)) => Ok(secret),
        (None, None) => match std::env::var(VARIABLE) {
            Ok(text) if !text.is_empty() => Ok(EnrollmentSecret::new(text)),
            Ok(_) | Err(_) => from_prompt(id),
        },
    }
}

/// The secret in a file, without the line end after it; `-` is standard input.
///
/// # Errors
/// A usage failure when the file cannot be read or holds none.
pub(super) fn from_file(path: &Path) -> Result<EnrollmentSecret, Failure> {
    let text = if path == Path::new("-") {
        let mut text = Zeroizing::new(String::new());
        io::stdin().lock().take(64 << 10).read_to_string(&mut text).map_err(|error| {
            Failure::usage("could not read a secret from standard input").because(error)
        })?;
        text
    } else {
        files::read_text(path)?
    };
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(Failure::usage(format!("`{}` holds no secret", path.display())));
    }
    Ok(EnrollmentSecret::new(line.to_owned()))
}

/// A secret for an identity that is registered or modified, if a file was given.
///
/// # Errors
/// A usage failure when the file cannot be read or holds none.
pub(super) fn to_give(file: Option<&PathBuf>) -> Result<Option<EnrollmentSecret>, Failure> {
    file.map(|file| from_file(file)).transpose()
}

fn from_prompt(id: &str) -> Result<EnrollmentSecret, Failure> {
    let none = || {
        Failure::usage(format!("there is no secret for `{id}`"))
            .hint(format!("give `--secret-file FILE`, or set {VARIABLE}"))
    };
    if !io::stdin().is_terminal() {
        return Err(none());
    }
    match rpassword::prompt_password(format!("Enrollment secret of {id}: ")) {
        Ok(text) if !text.is_empty() => Ok(EnrollmentSecret::new(text)),
        Ok(_) => Err(none()),
        Err(error) => Err(none().because(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_ends_with_one_line_end_at_most() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("secret");
        for (text, secret) in
            [("pw\n", "pw"), ("pw", "pw"), ("p w \r\n", "p w "), ("a\nb\n", "a\nb")]
        {
            std::fs::write(&file, text).unwrap();
            assert_eq!(from_file(&file).unwrap().expose(), secret);
        }
        std::fs::write(&file, "\n").unwrap();
        assert!(from_file(&file).is_err());
    }

    #[test]
    fn two_secrets_are_one_too_many() {
        let url = Some(EnrollmentSecret::new("hush".into()));
        let told = to_enroll("a", Some(Path::new("x")), url).unwrap_err();
        assert!(!told.to_string().contains("hush"));
    }
}
