//! A server that speaks the real wire, targets to check, and the agent's process.

use blackstart_probe::wire::v1::{
    Ack, Ask, Assign, Assignment, FromAgent, FromServer, Hello, Host, HostPort, News, PROTOCOL,
    Question, Sample, TcpQuestion, Told, Welcome,
};
use blackstart_probe::wire::{FrameReader, encode};
use ring::digest::{SHA256, digest};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Longer than anything takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is awaited, or a panic that says what did not come.
pub(crate) async fn awaited<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not come"),
    }
}

/// A server's certificate and key.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    pub(crate) fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["blackstart".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        Self { certificate: made.cert.der().clone(), key }
    }

    /// This certificate, and a key that is not its own.
    pub(crate) fn stolen(&self) -> Self {
        Self { certificate: self.certificate.clone(), key: Self::new().key }
    }

    fn fingerprint(&self) -> String {
        let bytes = digest(&SHA256, &self.certificate);
        bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Shows a certificate without asking whether the key fits.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// A server on loopback.
pub(crate) struct Server {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Server {
    pub(crate) async fn start(identity: &Identity) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = provider.key_provider.load_private_key(identity.key.clone_key()).unwrap();
        let shown = CertifiedKey::new(vec![identity.certificate.clone()], key);
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Shown(Arc::new(shown))));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// The next agent's handshake and greeting; `None` when it does not finish the handshake.
    pub(crate) async fn greeted(&self) -> Option<Peer> {
        awaited("a connection", async {
            let (stream, _) = self.listener.accept().await.unwrap();
            let stream = self.acceptor.accept(stream).await.ok()?;
            let (read, writer) = tokio::io::split(stream);
            let mut reader = FrameReader::new(read);
            // The client's side of a handshake that it rejects is known to us at the first read.
            let FromAgent::Hello(hello) = reader.message().await.ok()?? else {
                panic!("the first frame is no hello")
            };
            reader.trust();
            Some(Peer { reader, writer, hello })
        })
        .await
    }

    /// The next agent, welcomed; this much of its spool is said to be taken.
    pub(crate) async fn welcomed(&self, taken: u64) -> Peer {
        let mut peer = self.greeted().await.expect("it takes us for its server");
        peer.say(FromServer::Welcome(Welcome {
            protocol: PROTOCOL,
            program: "test".to_owned(),
            vantage: "outside".to_owned(),
            alive_every_ms: 1_000,
            taken,
            answers_alive: false,
        }))
        .await;
        peer
    }
}

/// An agent, as the server sees it.
pub(crate) struct Peer {
    reader: FrameReader<ReadHalf<TlsStream<TcpStream>>>,
    writer: WriteHalf<TlsStream<TcpStream>>,
    pub(crate) hello: Hello,
}

impl Peer {
    pub(crate) async fn say(&mut self, message: FromServer) {
        self.writer.write_all(&encode(&message).unwrap()).await.unwrap();
        self.writer.flush().await.unwrap();
    }

    pub(crate) async fn assign(&mut self, checks: Vec<Assignment>) {
        self.say(FromServer::Assign(Assign { checks, way_out: Vec::new(), more: false })).await;
    }

    pub(crate) async fn ask(&mut self, check: &str) {
        self.say(FromServer::Ask(Ask { checks: vec![check.to_owned()] })).await;
    }

    pub(crate) async fn ack(&mut self, seq: u64) {
        self.say(FromServer::Ack(Ack { seq })).await;
    }

    /// The next frame.
    pub(crate) async fn heard(&mut self) -> FromAgent {
        let message = awaited("a frame", self.reader.message()).await.unwrap();
        message.expect("it does not close the connection")
    }

    /// The next thing that is told.
    pub(crate) async fn told(&mut self) -> Told {
        loop {
            match self.heard().await {
                FromAgent::Told(told) => return told,
                FromAgent::Alive(_) => {}
                FromAgent::Hello(_) => panic!("it greeted twice"),
            }
        }
    }

    /// The next sample, and its number. One that was late says that this machine is busy, and no more.
    pub(crate) async fn sample(&mut self) -> (u64, Sample) {
        loop {
            let Told { seq, news } = self.told().await;
            if let News::Samples(mut samples) = news {
                assert_eq!(samples.len(), 1, "these tests make things happen one by one");
                let sample = samples.remove(0);
                if sample.outcome.code != "late" {
                    return (seq, sample);
                }
            }
        }
    }
}

/// What listens, and can be checked.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    met: watch::Receiver<usize>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Target {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (count, met) = watch::channel(0);
        let accepting = tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.send_modify(|met| *met += 1);
            }
        });
        Self { address, met, accepting }
    }

    /// Waits until it was connected to so many times more.
    pub(crate) async fn met(&self, more: usize) {
        let mut met = self.met.clone();
        let until = *met.borrow() + more;
        awaited("a check", met.wait_for(|met| *met >= until)).await.unwrap();
    }

    /// Nothing listens there any more.
    pub(crate) async fn stop(self) {
        self.accepting.abort();
        assert!(self.accepting.await.unwrap_err().is_cancelled());
    }

    /// A check of it.
    pub(crate) fn check(&self, name: &str, every: Duration) -> Assignment {
        let every_us = u64::try_from(every.as_micros()).unwrap();
        let host = Host::Address(self.address.ip());
        let target = HostPort { host, port: self.address.port() };
        Assignment {
            check: name.to_owned(),
            every_us,
            deadline_us: every_us / 10 * 9,
            question: Question::Tcp(TcpQuestion { target, slow_us: None }),
            crosses_way_out: false,
        }
    }
}

/// An agent's folder and configuration.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    /// Enrolled at this server.
    pub(crate) fn enrolled(server: &Server, identity: &Identity) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        let spool = home.folder.path().join("spool");
        home.write(&format!(
            "server = {}\nagent = probe-fra\ntoken = 0123abcd\nfingerprint = {}\n\
             allow = tcp dns\nspool = {}\n",
            server.address(),
            identity.fingerprint(),
            spool.display()
        ));
        home
    }

    /// Enrolled, and with these plugins; it may be asked for nothing else.
    pub(crate) fn with_plugins(server: &Server, identity: &Identity, plugins: &str) -> Self {
        let home = Self::enrolled(server, identity);
        let file = home.folder.path().join("plugins");
        std::fs::write(&file, plugins).unwrap();
        let text = std::fs::read_to_string(home.config()).unwrap();
        let text = text.replace("allow = tcp dns", "allow = plugin");
        home.write(&format!("{text}plugins = {}\n", file.display()));
        home
    }

    /// With this text as its configuration.
    pub(crate) fn with(text: &str) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        home.write(text);
        home
    }

    fn write(&self, text: &str) {
        std::fs::write(self.config(), text).unwrap();
        self.set_mode(0o600);
    }

    pub(crate) fn set_mode(&self, mode: u32) {
        std::fs::set_permissions(self.config(), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("agent.conf")
    }

    /// The agent's process; it is killed when this is dropped.
    pub(crate) fn start(&self) -> Agent {
        let mut child = Command::new(env!("CARGO_BIN_EXE_blackstart-agent"))
            .arg("--config")
            .arg(self.config())
            .env_remove("BLACKSTART_LOG")
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Agent { child, log }
    }
}

/// The agent's process.
pub(crate) struct Agent {
    child: Child,
    log: tokio::io::Lines<BufReader<ChildStderr>>,
}

impl Agent {
    /// Waits until it logs this; returns the lines until then.
    pub(crate) async fn logs(&mut self, words: &str) -> Vec<String> {
        let mut lines = Vec::new();
        awaited(words, async {
            while !lines.last().is_some_and(|line: &String| line.contains(words)) {
                match self.log.next_line().await.unwrap() {
                    Some(line) => lines.push(line),
                    None => panic!("it ended before it said {words:?}: {lines:#?}"),
                }
            }
        })
        .await;
        lines
    }

    /// All it still logs, and its exit code.
    pub(crate) async fn ends(mut self) -> (Option<i32>, String) {
        let mut text = String::new();
        awaited("its end", async {
            while let Some(line) = self.log.next_line().await.unwrap() {
                text.push_str(&line);
                text.push('\n');
            }
            (self.child.wait().await.unwrap().code(), text)
        })
        .await
    }

    /// Tells it to end.
    pub(crate) fn terminate(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    }

    /// Kills it as a power cut would.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
