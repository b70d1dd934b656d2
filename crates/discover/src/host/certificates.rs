//! Certificates that this machine's programs are configured with: the files that nginx, Apache, Postfix, Dovecot and
//! HAProxy name, as far as we may read them.
//!
//! A configuration is read for the words that name a certificate and for nothing else; no key is ever opened. Nothing
//! is run.

use super::text;
use blackstart_probe::certificate::Certificate;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Files of one program's configuration that are read, at most.
const FILES_MAX: usize = 2_000;

/// Certificates that are read, at most.
const CERTIFICATES_MAX: usize = 500;

/// The most that is read of one certificate's file, bytes: a long chain has some 20 kB.
const PEM_BYTES_MAX: u64 = 1 << 20;

/// A program, the processes it listens by, where its configuration is, and the words that name a certificate.
type Program =
    (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// Words as their programs document them: nginx `ssl_certificate`; Apache `SSLCertificateFile`; postconf(5); Dovecot
/// `ssl_cert` (2.4: `ssl_server_cert_file`); HAProxy `crt` of a `bind`.
const PROGRAMS: [Program; 5] = [
    ("nginx", &["nginx"], &["etc/nginx"], &["ssl_certificate"]),
    ("apache2", &["apache2", "httpd"], &["etc/apache2", "etc/httpd"], &["sslcertificatefile"]),
    (
        "postfix",
        &["master", "smtpd"],
        &["etc/postfix/main.cf"],
        &["smtpd_tls_cert_file", "smtpd_tls_chain_files"],
    ),
    (
        "dovecot",
        &["dovecot", "imap-login", "pop3-login"],
        &["etc/dovecot"],
        &["ssl_cert", "ssl_server_cert_file"],
    ),
    ("haproxy", &["haproxy"], &["etc/haproxy"], &["crt"]),
];

/// A certificate on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnDisk {
    /// Its file.
    pub path: String,
    /// Whose configuration names it.
    pub program: &'static str,
    /// What it says.
    pub certificate: Certificate,
    /// What a listening service presents to whoever asks for its name, where that is another, and which address it is.
    pub presented: Option<(String, Certificate)>,
}

/// Whether a process of this name is one of that program.
pub(crate) fn is_of(program: &str, process: &str) -> bool {
    PROGRAMS.iter().any(|(name, processes, ..)| *name == program && processes.contains(&process))
}

pub(super) fn read(root: &Path) -> Vec<OnDisk> {
    let mut found: Vec<OnDisk> = Vec::new();
    for (program, _, places, words) in PROGRAMS {
        let mut named: BTreeSet<PathBuf> = BTreeSet::new();
        for place in places {
            for file in files(root, place) {
                let base = Path::new("/").join(if Path::new(place).extension().is_some() {
                    ""
                } else {
                    place
                });
                named.extend(
                    paths(&text(root, &file), words).into_iter().map(|path| base.join(path)),
                );
            }
        }
        for path in named {
            if found.len() >= CERTIFICATES_MAX {
                return found;
            }
            let Some(certificate) = certificate(root, &path) else { continue };
            let path = path.display().to_string();
            found.push(OnDisk { path, program, certificate, presented: None });
        }
    }
    found
}

/// The files below a place, or the place itself, relative to the root.
fn files(root: &Path, place: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(PathBuf::from(place), 0)];
    while let Some((at, depth)) = open.pop() {
        if found.len() >= FILES_MAX {
            break;
        }
        let whole = root.join(&at);
        if whole.is_file() {
            found.push(at.display().to_string());
        } else if depth < 4 {
            let entries = fs::read_dir(&whole).into_iter().flatten().flatten();
            let mut below: Vec<PathBuf> = entries.map(|entry| at.join(entry.file_name())).collect();
            // What is only available is not in use.
            below.retain(|path| !path.to_string_lossy().ends_with("-available"));
            below.sort();
            open.extend(below.into_iter().take(FILES_MAX).map(|path| (path, depth + 1)));
        }
    }
    found.sort();
    found
}

/// The paths that these words name in a configuration.
fn paths(text: &str, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line
            .split(|it: char| it.is_whitespace() || matches!(it, '=' | ';' | ','))
            .filter(|part| !part.is_empty())
            .collect();
        for (nth, part) in parts.iter().enumerate() {
            let is_first = nth == 0 || words == ["crt"];
            if is_first && words.contains(&part.to_lowercase().as_str()) {
                // Dovecot writes `<` before a file.
                let rest = parts[nth + 1..]
                    .iter()
                    .map(|path| path.trim_start_matches('<').trim_matches(['"', '\'']));
                let most = if part.ends_with("_files") { 20 } else { 1 };
                found.extend(
                    rest.filter(|path| !path.is_empty() && !path.contains('$'))
                        .take(most)
                        .map(str::to_owned),
                );
            }
        }
    }
    found
}

fn certificate(root: &Path, path: &Path) -> Option<Certificate> {
    let relative = path.strip_prefix("/").ok()?;
    let mut pem = Vec::new();
    let file = fs::File::open(root.join(relative)).ok()?;
    file.take(PEM_BYTES_MAX).read_to_end(&mut pem).ok()?;
    Certificate::of_pem(&pem)
}
