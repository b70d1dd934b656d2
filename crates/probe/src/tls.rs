//! TLS towards a target, and when its certificate ends.
//!
//! The chain is verified by rustls against the host's trust roots, or against the only roots the check
//! names. How long it stays valid is asked of the leaf, and of the *best* chain: of all paths by name
//! from the leaf to a trusted root, the one whose first certificate to end ends last. A cross-signed
//! intermediate that expires is no trouble while another path outlives it.

mod unverified;

use crate::ask::{Equipment, micros_since};
use crate::seen::{SeenLeaf, SeenTls};
use crate::{clock, net};
use blackstart_model::check::{Host, TlsQuestion};
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode, Timing};
use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// The longest path looked at; real ones have two to four certificates.
const PATH_MAX: usize = 8;

/// Names of one certificate that are told.
const NAMES_MAX: usize = 100;

/// Certificates of one handshake that are looked at.
const PRESENTED_MAX: usize = 16;

/// Trust roots, read once for each place they come from. `None` is the host's own.
#[derive(Default)]
pub(crate) struct Roots {
    known: Mutex<HashMap<Option<Box<str>>, Known>>,
}

type Known = Result<Arc<Trust>, String>;

/// A set of trust roots.
pub(crate) struct Trust {
    pub(crate) config: Arc<ClientConfig>,
    /// The same, for what is not HTTP: it names no protocol, for a server may refuse one it does not know.
    other: Arc<ClientConfig>,
    /// Subject and end of each root.
    roots: Vec<(Vec<u8>, i64)>,
}

impl Roots {
    pub(crate) fn get(&self, file: Option<&str>) -> Result<Arc<Trust>, String> {
        let key = file.map(Box::from);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(key).or_insert_with(|| Trust::read(file).map(Arc::new)).clone()
    }
}

impl Trust {
    fn read(file: Option<&str>) -> Result<Self, String> {
        let certificates: Vec<CertificateDer<'static>> = match file {
            None => rustls_native_certs::load_native_certs().certs,
            Some(path) => CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect)
                .map_err(|error| format!("could not read the roots {path}: {error}"))?,
        };
        let mut store = RootCertStore::empty();
        let mut roots = Vec::new();
        for certificate in certificates {
            if let Ok((_, root)) = X509Certificate::from_der(&certificate) {
                roots.push((
                    root.subject().as_raw().to_vec(),
                    root.validity().not_after.timestamp(),
                ));
            }
            // A root that rustls cannot use is one that nothing is verified by.
            let _ = store.add(certificate);
        }
        if store.is_empty() {
            return Err(match file {
                None => "no trust roots on this host: install ca-certificates".to_owned(),
                Some(path) => format!("no certificate in {path}"),
            });
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the ring provider has them")
            .with_root_certificates(store)
            .with_no_client_auth();
        // Each check sees the whole handshake, certificate included.
        config.resumption = Resumption::disabled();
        let other = Arc::new(config.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), other, roots })
    }

    /// When this chain ends, seconds since 1970: the leaf, or the best path to a root.
    fn ends_s(&self, presented: &[CertificateDer<'_>]) -> Option<i64> {
        let read: Vec<X509Certificate<'_>> = presented
            .iter()
            .take(PRESENTED_MAX)
            .filter_map(|der| X509Certificate::from_der(der).ok().map(|(_, read)| read))
            .collect();
        let leaf = read.first()?;
        let ends = |certificate: &X509Certificate<'_>| certificate.validity().not_after.timestamp();
        Some(self.best_path(&read, leaf, 0).map_or_else(|| ends(leaf), |best| best.min(ends(leaf))))
    }

    /// The latest first end among all paths from `from` to a root; `None` when there is no path.
    fn best_path(
        &self,
        presented: &[X509Certificate<'_>],
        from: &X509Certificate<'_>,
        depth: usize,
    ) -> Option<i64> {
        if depth == PATH_MAX {
            return None;
        }
        let issuer = from.issuer().as_raw();
        let own = from.validity().not_after.timestamp();
        let by_root =
            self.roots.iter().filter(|(subject, _)| subject == issuer).map(|(_, ends)| *ends);
        let by_other = presented
            .iter()
            .filter(|other| other.subject().as_raw() == issuer && other.issuer() != other.subject())
            .filter_map(|other| self.best_path(presented, other, depth + 1));
        by_root.chain(by_other).max().map(|above| above.min(own))
    }
}

/// A handshake with a verified chain, and when that ends.
pub(crate) async fn handshake(
    equipment: &Equipment,
    stream: TcpStream,
    host: &Host,
    question: &TlsQuestion,
    deadline: Instant,
    timing: &mut Timing,
) -> Result<(TlsStream<TcpStream>, Option<i64>), Outcome> {
    let trust = equipment
        .roots
        .get(question.roots.as_deref())
        .map_err(|why| Outcome::unknown(NoAnswerCode::NotEquipped, why))?;
    let name = server_name(host)?;
    let started = clock::now();
    let connecting = TlsConnector::from(trust.config.clone()).connect(name, stream);
    let connected = timeout_at(deadline, connecting).await;
    timing.tls_us = micros_since(started);
    match connected {
        Ok(Ok(stream)) => {
            let presented = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let ends_s = trust.ends_s(presented);
            equipment.notes.note(|seen| seen.tls = Some(of_session(stream.get_ref().1, ends_s)));
            Ok((stream, ends_s))
        }
        Ok(Err(error)) => Err(of_error(&error)),
        Err(_) => Err(Outcome::down(SymptomCode::AnswerTimeout, "in the TLS handshake")),
    }
}

/// Whose certificate is taken.
pub(crate) enum Whose<'a> {
    /// That of the named host, by a trusted root.
    Verified(&'a TlsQuestion),
    /// Anybody's: the way is covered from those who only listen, and from nobody else.
    Anybodys,
}

/// A handshake for what is not HTTP, and when the certificate ends.
pub(crate) async fn handshake_as(
    equipment: &Equipment,
    stream: TcpStream,
    host: &Host,
    whose: Whose<'_>,
    deadline: Instant,
    timing: &mut Timing,
) -> Result<(TlsStream<TcpStream>, Option<i64>), Outcome> {
    let trust = match &whose {
        Whose::Verified(question) => Some(
            equipment
                .roots
                .get(question.roots.as_deref())
                .map_err(|why| Outcome::unknown(NoAnswerCode::NotEquipped, why))?,
        ),
        Whose::Anybodys => None,
    };
    let config = trust.as_ref().map_or_else(unverified::config, |trust| trust.other.clone());
    let name = server_name(host)?;
    let started = clock::now();
    let connected = timeout_at(deadline, TlsConnector::from(config).connect(name, stream)).await;
    timing.tls_us = micros_since(started);
    match connected {
        Ok(Ok(stream)) => {
            let presented = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let leaf = || {
                let (_, leaf) = X509Certificate::from_der(presented.first()?).ok()?;
                Some(leaf.validity().not_after.timestamp())
            };
            let chain_ends_s = trust.as_ref().and_then(|trust| trust.ends_s(presented));
            let ends_s = if trust.is_some() { chain_ends_s } else { leaf() };
            let session = stream.get_ref().1;
            equipment.notes.note(|seen| seen.tls = Some(of_session(session, chain_ends_s)));
            Ok((stream, ends_s))
        }
        Ok(Err(error)) => Err(of_error(&error)),
        Err(_) => Err(Outcome::down(SymptomCode::AnswerTimeout, "in the TLS handshake")),
    }
}

pub(crate) fn server_name(host: &Host) -> Result<ServerName<'static>, Outcome> {
    match host {
        Host::Address(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Name(name) => {
            ServerName::try_from(name.trim_end_matches('.').to_owned()).map_err(|_| {
                Outcome::unknown(NoAnswerCode::NotEquipped, format!("`{name}` is no name for TLS"))
            })
        }
    }
}

/// What there is to say of a session.
fn of_session(session: &ClientConnection, chain_ends_s: Option<i64>) -> SeenTls {
    let presented = session.peer_certificates().unwrap_or_default();
    let read: Vec<X509Certificate<'_>> = presented
        .iter()
        .take(PRESENTED_MAX)
        .filter_map(|der| X509Certificate::from_der(der).ok().map(|(_, read)| read))
        .collect();
    let leaf = presented.first().zip(read.first()).map(|(der, leaf)| {
        let alternative = leaf.subject_alternative_name().ok().flatten();
        let names = alternative.map_or_else(Vec::new, |names| {
            let names = names.value.general_names.iter().take(NAMES_MAX);
            names
                .filter_map(|name| match name {
                    GeneralName::DNSName(name) => Some((*name).to_owned()),
                    _ => None,
                })
                .collect()
        });
        SeenLeaf {
            fingerprint: HEXLOWER.encode(digest(&SHA256, der).as_ref()),
            subject: leaf.subject().to_string(),
            issuer: leaf.issuer().to_string(),
            names,
        }
    });
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        Some(_) | None => "unknown",
    };
    let first_ends_s = read.iter().map(|one| one.validity().not_after.timestamp()).min();
    SeenTls { version, first_ends_s, chain_ends_s, leaf }
}

fn of_error(error: &std::io::Error) -> Outcome {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(why)) => {
            Outcome::down(SymptomCode::CertificateInvalid, why.to_string())
        }
        Some(other) => Outcome::down(SymptomCode::TlsFailed, other.to_string()),
        None => net::of_error(error, "in the TLS handshake"),
    }
}

/// Degraded when a certificate that ends then is too near its end.
pub(crate) fn judge_end(ends_s: Option<i64>, question: &TlsQuestion) -> Option<Outcome> {
    let left_s = ends_s? - clock::unix_s();
    let warned_s = i64::try_from(question.expires_within.as_secs()).unwrap_or(i64::MAX);
    (left_s <= warned_s).then(|| {
        let detail = format!("in {} d {:02} h", left_s / 86_400, left_s % 86_400 / 3_600);
        Outcome::degraded(SymptomCode::CertificateExpires, detail)
    })
}
