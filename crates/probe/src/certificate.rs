//! Certificates as files hold them and as a service really presents them, for whoever compares the two.
//!
//! Looking at what a service presents ends with that: the handshake is broken off before anything is said in it, so
//! nothing is ever told to a service whose certificate nobody verified. Decides nothing. Tested against a TLS server
//! of the test's own.

use crate::clock;
use blackstart_model::time::Duration;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpStream;
use tokio::time::timeout_at;
use tokio_rustls::TlsConnector;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Names of one certificate that are told.
const NAMES_MAX: usize = 50;

/// What a certificate says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// The names it is for.
    pub names: Vec<String>,
    /// From when, seconds since 1970.
    pub begins_s: i64,
    /// Until when, seconds since 1970.
    pub ends_s: i64,
    /// All of it.
    pub der: Vec<u8>,
}

impl Certificate {
    /// The first certificate of a PEM file; `None` where there is none that can be read.
    #[must_use]
    pub fn of_pem(pem: &[u8]) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(pem).ok()?;
        Self::of_der(&der)
    }

    fn of_der(der: &[u8]) -> Option<Self> {
        let (_, read) = X509Certificate::from_der(der).ok()?;
        let mut names: Vec<String> = Vec::new();
        if let Ok(Some(alternative)) = read.subject_alternative_name() {
            for name in alternative.value.general_names.iter().take(NAMES_MAX) {
                if let GeneralName::DNSName(name) = name {
                    names.push((*name).to_lowercase());
                }
            }
        }
        if names.is_empty() {
            let common = read.subject().iter_common_name().next();
            names.extend(common.and_then(|name| name.as_str().ok()).map(str::to_lowercase));
        }
        let validity = read.validity();
        Some(Self {
            names,
            begins_s: validity.not_before.timestamp(),
            ends_s: validity.not_after.timestamp(),
            der: der.to_vec(),
        })
    }
}

/// What each of these services presents to whoever asks for that name, all asked at the same time; `None` where none
/// came. Blocks until the last has answered, or the deadline has passed.
///
/// # Errors
/// When the system gives no runtime.
pub fn presented(
    asked: &[(SocketAddr, String)],
    within: Duration,
) -> std::io::Result<Vec<Option<Certificate>>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let deadline = async { clock::now() + within };
    Ok(runtime.block_on(async {
        let deadline = deadline.await;
        let all = asked.iter().map(|(address, name)| async move {
            timeout_at(deadline, one(*address, name)).await.ok().flatten()
        });
        futures_util::future::join_all(all).await
    }))
}

async fn one(address: SocketAddr, name: &str) -> Option<Certificate> {
    let name = ServerName::try_from(name.to_owned()).ok()?;
    let stream = TcpStream::connect(address).await.ok()?;
    let seen = Arc::new(Seen::default());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the ring provider has them")
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&seen) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    // It always fails: the verifier accepts nothing.
    let _ = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let der = seen.leaf.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    Certificate::of_der(&der)
}

/// Keeps what is presented, and accepts none of it.
#[derive(Debug, Default)]
struct Seen {
    leaf: Mutex<Option<Vec<u8>>>,
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.leaf.lock().unwrap_or_else(PoisonError::into_inner) = Some(end_entity.to_vec());
        Err(rustls::Error::General("only looked at".to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("only looked at".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("only looked at".to_owned()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
