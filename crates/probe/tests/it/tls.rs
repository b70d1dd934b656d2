//! TLS: trusted and not, and when a certificate ends.

use crate::asked::{asked, at, get};
use blackstart_model::check::{Host, HostPort, Question, TlsQuestion};
use blackstart_model::time::Duration;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;

const DAY: Duration = Duration::from_secs(86_400);

/// The parameters of an authority.
fn authority(name: &str, ends_year: i32) -> CertificateParams {
    let mut authority = CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name = rcgen::DistinguishedName::new();
    authority.distinguished_name.push(rcgen::DnType::CommonName, name);
    authority.not_after = rcgen::date_time_ymd(ends_year, 1, 1);
    authority
}

/// PEM of a root of its own, of a chain for these names up to it, and of the chain's key; it ends with 2089.
pub(crate) fn certificate_of(names: &[&str]) -> (String, String, String) {
    let authority_key = KeyPair::generate().unwrap();
    let authority = authority("A root of our own", 2095);
    let root = authority.self_signed(&authority_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut leaf = CertificateParams::new(names).unwrap();
    leaf.not_after = rcgen::date_time_ymd(2090, 1, 1);
    let leaf = leaf.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
    (root.pem(), leaf.pem(), key.serialize_pem())
}

/// A server with a certificate for `name` of an authority of its own; returns the authority's PEM.
fn server(name: &str) -> (SocketAddr, String) {
    let authority_key = KeyPair::generate().unwrap();
    let authority = authority("A root of our own", 2095);
    let root = authority.self_signed(&authority_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    leaf.not_after = rcgen::date_time_ymd(2090, 1, 1);
    let leaf = leaf.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
    (present(vec![leaf.der().clone()], &key), root.pem())
}

/// A server that presents this chain.
fn present(chain: Vec<rustls::pki_types::CertificateDer<'static>>, key: &KeyPair) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            chain,
            rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let session = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(session, stream.unwrap());
            let mut request = [0; 1024];
            if stream.read(&mut request).is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    address
}

fn question(name: &str, server: SocketAddr, roots: Option<&str>, warned: Duration) -> Question {
    let authority = HostPort { host: Host::Name(name.into()), port: server.port() };
    let mut question = get(authority, "/");
    question.connect = Some(at(server));
    question.tls = Some(TlsQuestion { expires_within: warned, roots: roots.map(Into::into) });
    Question::Http(question)
}

fn roots_file(pem: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roots.pem");
    std::fs::write(&path, pem).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_chain_to_a_trusted_root_is_up_and_its_end_is_told() {
    let (address, pem) = server("plex.example");
    let (_folder, path) = roots_file(&pem);
    let answer = asked(question("plex.example", address, Some(&path), 14 * DAY));
    assert_eq!(answer.outcome.to_string(), "up");
    assert!(answer.timing.tls_us > 0);
    // 2090-01-01T00:00:00Z
    assert_eq!(answer.certificate_ends_s, Some(3_786_912_000));
}

#[test]
fn a_certificate_that_ends_within_the_warning_time_is_degraded() {
    let (address, pem) = server("plex.example");
    let (_folder, path) = roots_file(&pem);
    let answer = asked(question("plex.example", address, Some(&path), 40_000 * DAY));
    assert!(answer.outcome.to_string().starts_with("degraded(certificate-expires: in "));
}

#[test]
fn another_name_and_an_unknown_issuer_are_invalid() {
    let (address, pem) = server("plex.example");
    let (_folder, path) = roots_file(&pem);
    let other = asked(question("other.example", address, Some(&path), DAY));
    assert!(
        other.outcome.to_string().starts_with("down(certificate-invalid: "),
        "{}",
        other.outcome
    );
    let (_, other_pem) = server("plex.example");
    let (_folder, path) = roots_file(&other_pem);
    let other = asked(question("plex.example", address, Some(&path), DAY));
    assert!(
        other.outcome.to_string().starts_with("down(certificate-invalid: "),
        "{}",
        other.outcome
    );
}

#[test]
fn roots_that_cannot_be_read_are_our_lack() {
    let (address, _) = server("plex.example");
    let answer = asked(question("plex.example", address, Some("/nowhere/roots.pem"), DAY));
    assert!(
        answer.outcome.to_string().starts_with("unknown(not-equipped: could not read the roots")
    );
}

#[test]
fn of_two_ways_to_the_root_the_one_that_lasts_counts() {
    let root_key = KeyPair::generate().unwrap();
    let root = authority("root", 2095);
    let root_certificate = root.self_signed(&root_key).unwrap();
    let signer = Issuer::new(root, root_key);
    let middle_key = KeyPair::generate().unwrap();
    let [soon, late] = [2030, 2080].map(|year| {
        authority("middle", year).signed_by(&middle_key, &signer).unwrap().der().clone()
    });
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(vec!["plex.example".to_owned()]).unwrap();
    leaf.not_after = rcgen::date_time_ymd(2090, 1, 1);
    let leaf = leaf.signed_by(&key, &Issuer::new(authority("middle", 2080), middle_key)).unwrap();
    let (_folder, path) = roots_file(&root_certificate.pem());
    let ends = |chain| {
        let address = present(chain, &key);
        let answer = asked(question("plex.example", address, Some(&path), DAY));
        assert_eq!(answer.outcome.to_string(), "up");
        answer.certificate_ends_s
    };
    // 2080-01-01 and 2030-01-01, each before the leaf's own end.
    assert_eq!(ends(vec![leaf.der().clone(), soon.clone(), late]), Some(3_471_292_800));
    assert_eq!(ends(vec![leaf.der().clone(), soon]), Some(1_893_456_000));
}
