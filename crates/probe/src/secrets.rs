//! Values of secrets, looked up by name where they are used, and kept nowhere else.
//!
//! A secret `mail-password` is the environment's `BLACKSTART_SECRET_MAIL_PASSWORD`, or the line
//! `mail-password = …` of the secrets file. The file is read at each use, so a changed one counts at
//! once; one that others than its owner may read is refused.

use std::path::PathBuf;

/// The longest secrets file, bytes.
const FILE_BYTES_MAX: u64 = 256 << 10;

/// Where values come from.
pub trait Secrets: Send + Sync {
    /// The value of this secret.
    ///
    /// # Errors
    /// Why there is none, in words without any value.
    fn value(&self, name: &str) -> Result<String, String>;
}

/// The environment and, when one is named, a file.
#[derive(Clone, Debug, Default)]
pub struct SecretStore {
    /// The file.
    pub file: Option<PathBuf>,
}

impl Secrets for SecretStore {
    fn value(&self, name: &str) -> Result<String, String> {
        let variable = variable(name);
        if let Ok(value) = std::env::var(&variable) {
            return Ok(value);
        }
        let Some(path) = &self.file else {
            return Err(format!(
                "the secret `{name}` is not set: give `{variable}`, or a file that has it"
            ));
        };
        let text =
            private(path).map_err(|why| format!("could not read {}: {why}", path.display()))?;
        text.lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('='))
            .find(|(key, _)| key.trim() == name)
            .map(|(_, value)| value.trim().to_owned())
            .ok_or_else(|| {
                format!("the secret `{name}` is neither in {} nor in `{variable}`", path.display())
            })
    }
}

/// The text of a file that only its owner may read.
///
/// # Errors
/// When it cannot be read, or others may read it; in words without any of it.
pub fn private(path: &std::path::Path) -> Result<String, String> {
    use std::io::Read as _;
    use std::os::unix::fs::PermissionsExt as _;
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mode = file.metadata().map_err(|error| error.to_string())?.permissions().mode();
    if is_open_to_others(path, mode) {
        return Err(format!("others may read it (mode {:o}): chmod 600", mode & 0o777));
    }
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

/// Whether others than its owner may read a file of this mode. Of what systemd hands to a service the bits of the group
/// are the mask of an access list that names this service alone (systemd.exec(5), `LoadCredential=`; acl(5)).
#[must_use]
pub fn is_open_to_others(path: &std::path::Path, mode: u32) -> bool {
    let handed = std::env::var_os("CREDENTIALS_DIRECTORY");
    let is_handed = handed.is_some_and(|folder| !folder.is_empty() && path.starts_with(folder));
    mode & if is_handed { 0o007 } else { 0o077 } != 0
}

/// `BLACKSTART_SECRET_MAIL_PASSWORD` for `mail-password`.
fn variable(name: &str) -> String {
    let letters =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    "BLACKSTART_SECRET_".chars().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_secret_is_a_line_of_a_file_that_only_its_owner_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets");
        std::fs::write(&path, "# ours\nhook-token = s3cr=et\n").unwrap();
        let store = SecretStore { file: Some(path.clone()) };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = store.value("hook-token").unwrap_err();
        assert!(refused.contains("chmod 600") && !refused.contains("s3cr"), "{refused}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(store.value("hook-token").unwrap(), "s3cr=et");
        assert!(store.value("other").unwrap_err().contains("BLACKSTART_SECRET_OTHER"));
    }
}
