//! Who may use the console.
//!
//! On loopback everybody on the machine may, as they may read the journal beside it; but a page of
//! somebody else's in their browser may not, so the `Host` and the origin of each request are looked
//! at. Anywhere else a password and TLS are demanded, or the word that a proxy does the TLS.

use crate::serve::AccessSettings;
use argon2::password_hash::{PasswordHash, PasswordVerifier as _};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Proved passwords that are remembered, so that argon2 is paid once for each browser.
const PROVED_MAX: usize = 64;

/// TLS handshakes under way at once.
const HANDSHAKES_MAX: usize = 64;

/// The deadline of a TLS handshake.
const HANDSHAKE_WITHIN: std::time::Duration = std::time::Duration::from_secs(10);

/// What every page may load: only what we serve ourselves.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Why the console cannot be protected as it must be.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// It would be open to the network.
    #[error(
        "the console on {0} would be open to the network: give it a password (--passwords FILE, made with `blackstart password`)"
    )]
    NoPassword(SocketAddr),
    /// Passwords would travel in the clear.
    #[error(
        "passwords for {0} would travel in the clear: give a certificate (--tls-certificate, --tls-key), or say --behind-proxy if a proxy does the TLS"
    )]
    NoTls(SocketAddr),
    /// A file cannot be used.
    #[error("could not use {path}: {why}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

/// Who may use the console, and by which way.
pub struct Access {
    /// argon2 hashes by name; empty when everybody on the machine may.
    passwords: BTreeMap<String, String>,
    proved: Mutex<BTreeSet<String>>,
    /// One proof at a time: guessing is slow.
    proving: Semaphore,
    tls: Option<TlsAcceptor>,
    behind_proxy: bool,
}

impl Access {
    /// What these settings and this address allow.
    ///
    /// # Errors
    /// When they would let strangers in.
    pub fn of(settings: &AccessSettings, listen: SocketAddr) -> Result<Self, AccessError> {
        let AccessSettings { passwords, certificate, behind_proxy } = settings;
        let passwords = match passwords {
            None => BTreeMap::new(),
            Some(path) => read_passwords(path)?,
        };
        let exposed = !listen.ip().is_loopback() || *behind_proxy;
        if exposed && passwords.is_empty() {
            return Err(AccessError::NoPassword(listen));
        }
        if !listen.ip().is_loopback() && certificate.is_none() && !behind_proxy {
            return Err(AccessError::NoTls(listen));
        }
        let tls = match certificate {
            None => None,
            Some((chain, key)) => Some(acceptor(chain, key)?),
        };
        Ok(Self {
            passwords,
            proved: Mutex::default(),
            proving: Semaphore::new(1),
            tls,
            behind_proxy: *behind_proxy,
        })
    }

    /// True when the console speaks TLS itself.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    pub(super) fn tls(&self) -> Option<TlsAcceptor> {
        self.tls.clone()
    }

    /// Whose request this is; `None` when nobody may say.
    async fn who(self: &Arc<Self>, headers: &HeaderMap) -> Option<String> {
        if self.passwords.is_empty() {
            return Some("local".to_owned());
        }
        let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?.to_owned();
        let (name, password) = basic(&given)?;
        let proved = |this: &Self| {
            this.proved.lock().unwrap_or_else(PoisonError::into_inner).contains(&given)
        };
        if proved(self) {
            return Some(name);
        }
        let _turn = self.proving.acquire().await.ok()?;
        let hash = self.passwords.get(&name)?.clone();
        let proving = tokio::task::spawn_blocking(move || {
            let hash = PasswordHash::new(&hash).ok()?;
            argon2::Argon2::default().verify_password(password.as_bytes(), &hash).ok()
        });
        proving.await.ok()??;
        let mut proved = self.proved.lock().unwrap_or_else(PoisonError::into_inner);
        if proved.len() < PROVED_MAX {
            proved.insert(given);
        }
        Some(name)
    }
}

fn read_passwords(path: &std::path::Path) -> Result<BTreeMap<String, String>, AccessError> {
    let failed = |why: String| AccessError::File { path: path.to_owned(), why };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let mut passwords = BTreeMap::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, hash) = line
            .split_once(':')
            .ok_or_else(|| failed(format!("line {number} is not `name:hash`")))?;
        PasswordHash::new(hash)
            .map_err(|_| failed(format!("line {number} holds no argon2 hash")))?;
        passwords.insert(name.to_owned(), hash.to_owned());
    }
    if passwords.is_empty() {
        return Err(failed("it names nobody".to_owned()));
    }
    Ok(passwords)
}

/// The argon2 hash of a password, for the passwords file.
///
/// # Errors
/// When the system has no random numbers.
pub fn hash(password: &str) -> Result<String, String> {
    use argon2::password_hash::{PasswordHasher as _, SaltString};
    use ring::rand::SecureRandom as _;
    let mut random = [0; 16];
    ring::rand::SystemRandom::new().fill(&mut random).map_err(|_| "no random numbers")?;
    let salt = SaltString::encode_b64(&random).map_err(|error| error.to_string())?;
    argon2::Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| error.to_string())
}

/// Name and password of RFC 7617.
fn basic(given: &str) -> Option<(String, String)> {
    let encoded = given.strip_prefix("Basic ")?;
    let text = String::from_utf8(BASE64.decode(encoded.as_bytes()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

fn acceptor(chain: &std::path::Path, key: &std::path::Path) -> Result<TlsAcceptor, AccessError> {
    let failed =
        |path: &std::path::Path, why: String| AccessError::File { path: path.to_owned(), why };
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect)
        .map_err(|error| failed(chain, error.to_string()))?;
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the ring provider has them")
        .with_no_client_auth()
        .with_single_cert(certificates, private)
        .map_err(|error| failed(chain, error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Who a request is by, for what it does.
#[derive(Clone)]
pub(crate) struct Who(pub(crate) String);

/// Lets in who may, and sets the headers that every answer carries.
pub(super) async fn guard(
    State(access): State<Arc<Access>>,
    mut request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    if access.passwords.is_empty() && !access.behind_proxy && !is_loopback_host(headers) {
        let words = "this console is for this machine only; ask for it by its loopback address\n";
        return (StatusCode::MISDIRECTED_REQUEST, words).into_response();
    }
    if request.method() == Method::POST && !is_same_origin(headers) {
        let words = "this was sent by a page of another site, and is not done\n";
        return (StatusCode::FORBIDDEN, words).into_response();
    }
    let Some(who) = access.who(headers).await else {
        let demand = [(header::WWW_AUTHENTICATE, "Basic realm=\"Blackstart\", charset=\"UTF-8\"")];
        return (StatusCode::UNAUTHORIZED, demand, "sign in\n").into_response();
    };
    request.extensions_mut().insert(Who(who));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // A page of its own kind may have a policy of its own.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A name that another site had resolve to loopback is not loopback (DNS rebinding).
fn is_loopback_host(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Browsers tell where a form came from; others send no origin at all.
pub(super) fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin" || site == "none";
    }
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, at)| at == host),
        (Some(_), None) => false,
    }
}

/// Accepts TLS connections; handshakes are done aside, so a slow one holds up nobody.
pub(super) struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    at: SocketAddr,
}

impl TlsListener {
    pub(super) fn of(listener: TcpListener, acceptor: TlsAcceptor) -> Self {
        let at = listener.local_addr().unwrap_or_else(|_| ([0, 0, 0, 0], 0).into());
        let (sender, ready) = mpsc::channel(HANDSHAKES_MAX);
        tokio::spawn(async move {
            let places = Arc::new(Semaphore::new(HANDSHAKES_MAX));
            loop {
                let Ok(place) = places.clone().acquire_owned().await else { return };
                let Ok((stream, from)) = listener.accept().await else {
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                };
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    let shaking = acceptor.accept(stream);
                    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_WITHIN, shaking).await {
                        let _ = sender.send((stream, from)).await;
                    }
                    drop(place);
                });
            }
        });
        Self { ready, at }
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(accepted) => accepted,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_those_of_rfc_7617() {
        // The example of RFC 7617, section 2.
        let given = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
        assert_eq!(basic(given), Some(("Aladdin".to_owned(), "open sesame".to_owned())));
        assert_eq!(basic("Basic *"), None);
    }

    #[test]
    fn an_address_that_others_reach_needs_a_password_and_tls() {
        let settings = AccessSettings::default();
        let outside: SocketAddr = "0.0.0.0:8480".parse().unwrap();
        assert!(Access::of(&settings, "127.0.0.1:8480".parse().unwrap()).is_ok());
        assert!(matches!(Access::of(&settings, outside), Err(AccessError::NoPassword(_))));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passwords");
        std::fs::write(&path, format!("mara:{}\n", hash("open sesame").unwrap())).unwrap();
        let mut settings = AccessSettings { passwords: Some(path), ..settings };
        assert!(matches!(Access::of(&settings, outside), Err(AccessError::NoTls(_))));
        settings.behind_proxy = true;
        assert!(Access::of(&settings, outside).is_ok());
    }

    #[test]
    fn a_foreign_name_for_loopback_is_not_this_machine() {
        let named = |host: &'static str| {
            is_loopback_host(&HeaderMap::from_iter([(
                header::HOST,
                HeaderValue::from_static(host),
            )]))
        };
        assert!(named("127.0.0.1:8480") && named("localhost:8480") && named("[::1]:8480"));
        assert!(!named("evil.example:8480") && !named("192.0.2.1"));
    }
}
