//! The certificate that daemons here show over TLS: its own root, so whoever trusts it as a root trusts them.

use std::path::{Path, PathBuf};

/// A certificate for these names and its key, as files in this folder. It has no end that any clock here reaches.
///
/// # Panics
/// When it cannot be made or written.
#[must_use]
pub fn certificate(folder: &Path, names: impl Into<Vec<String>>) -> (PathBuf, PathBuf) {
    let mut parameters = rcgen::CertificateParams::new(names).expect("they are names");
    parameters.not_before = rcgen::date_time_ymd(2000, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2100, 1, 1);
    let key = rcgen::KeyPair::generate().expect("a key");
    let own = parameters.self_signed(&key).expect("a certificate");
    let paths = (folder.join("certificate.pem"), folder.join("key.pem"));
    std::fs::write(&paths.0, own.pem()).expect("a certificate");
    std::fs::write(&paths.1, key.serialize_pem()).expect("a key");
    paths
}
