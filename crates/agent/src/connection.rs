//! The connection to the server: made from here, proved by both sides, made again when it breaks.
//!
//! It carries assignments to the prober and entries of the spool to the server; it decides nothing about
//! either. Reading and writing go on side by side, so that neither side can block the other. While there
//! is no connection the prober goes on with what it was assigned last.
//!
//! A dead connection is noticed by the system: something is said every `alive_every`, and what is not
//! acknowledged by the other host's system for as long again breaks it. A server that is there and
//! acknowledges nothing, or leaves unanswered that we are here though it promised to answer, is left after
//! [`ACK_WITHIN`]: it hangs, while its system keeps the connection. Tested against a server on loopback in
//! `tests/it`, and in the lab against one that is stopped.

use crate::backoff::Backoff;
use crate::centre::Centre;
use crate::clock;
use crate::config::Config;
use crate::keeper::Desk;
use crate::permit::Share;
use crate::pinned;
use crate::spool::Spool;
use blackstart_model::CheckKey;
use blackstart_model::observation::Outcome;
use blackstart_model::time::Duration;
use blackstart_probe::wire::v1::{
    Ack, Alive, Ask, Assign, Assignment, CHECKS_MAX, FromAgent, FromServer, Hello, PROTOCOL,
    Refused, Told, Versions, Welcome,
};
use blackstart_probe::wire::{FrameReader, ReadError, decode, encode};
use blackstart_probe::{Answer, Listener as _, Prober, Sample};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// From resolving the server's name to its welcome.
const GREETED_WITHIN: Duration = Duration::from_secs(10);

/// A server that takes nothing, or answers nothing, for so long is left.
const ACK_WITHIN: Duration = Duration::from_secs(30);

/// A connection that lasted so long was a good one: the next one is tried at once.
const GOOD_AFTER: Duration = Duration::from_secs(10);

/// Entries sent and not acknowledged, at most.
const UNDER_WAY_MAX: usize = 16;

/// `alive_every` as we take it, whatever the server says.
const ALIVE_EVERY_MIN: Duration = Duration::from_millis(100);
const ALIVE_EVERY_MAX: Duration = Duration::from_secs(3_600);

/// The shortest time after which the system gives up a connection: it has to send things again first.
const UNACKNOWLEDGED_MIN: Duration = Duration::from_secs(1);

/// The longest key of a check, bytes: a batch with the longest ones still fits into a frame.
const KEY_BYTES_MAX: usize = 500;

type Reader = FrameReader<ReadHalf<TlsStream<TcpStream>>>;
type Writer = WriteHalf<TlsStream<TcpStream>>;

/// Everything a connection needs.
pub(crate) struct Agent {
    pub(crate) config: Config,
    pub(crate) boot: String,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) spool: Arc<Spool>,
    pub(crate) prober: Prober,
    /// What is known of the server.
    pub(crate) centre: Arc<Centre>,
    /// Answers to checks that are not put.
    pub(crate) refused: Mutex<BTreeMap<CheckKey, Outcome>>,
}

/// A connection on which both sides have proved who they are.
struct Greeted {
    reader: Reader,
    writer: Writer,
    welcome: Welcome,
    /// The socket under it, for its options.
    socket: socket2::Socket,
}

/// What was heard of a server on one connection.
struct Heard {
    /// When it said something last.
    at: Cell<Instant>,
    /// It answers when we say that we are here.
    is_promised: bool,
}

/// Why a connection ended, or did not come about.
#[derive(Debug)]
enum Ended {
    /// A person has to do something first.
    Refused(String),
    /// Anything else.
    Broken(String),
}

impl Agent {
    /// Connects, and connects again.
    pub(crate) async fn stay_connected(&self) -> Infallible {
        let mut backoff = Backoff::of(&self.config.agent);
        let mut said = None;
        loop {
            let began = clock::monotonic();
            let Err(ended) = self.converse(&mut said).await;
            let lasted = clock::monotonic().duration_since(began);
            let (words, pause) = match ended {
                Ended::Broken(why) if lasted >= GOOD_AFTER => {
                    (format!("the connection ended: {why}"), backoff.first())
                }
                Ended::Broken(why) => (format!("no connection: {why}"), backoff.next()),
                Ended::Refused(why) => (why, backoff.slow()),
            };
            self.centre.lost(&words);
            // The same again is said once.
            if said.as_ref() != Some(&words) {
                tracing::warn!("{words}");
                said = Some(words);
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn converse(&self, said: &mut Option<String>) -> Result<Infallible, Ended> {
        self.is_able_to_tell()?;
        let (name, newest) = self.spool.name_and_newest();
        let greeting = timeout(GREETED_WITHIN, self.greet(&name, newest)).await;
        let Greeted { mut reader, mut writer, welcome, socket } =
            greeting.map_err(|_| left("no welcome in time"))??;
        reader.trust();
        if !self.spool.acknowledged(welcome.taken) {
            self.spool.rename();
            return Err(left("the server has taken more than this spool ever held"));
        }
        self.desk.nudge();
        if welcome.taken >= newest {
            self.centre.heard();
        }
        let Welcome { vantage, program, alive_every_ms, answers_alive, .. } = welcome;
        tracing::info!("connected to {} as vantage {vantage} ({program})", self.config.server);
        *said = None;
        let alive_every =
            Duration::from_millis(alive_every_ms.into()).clamp(ALIVE_EVERY_MIN, ALIVE_EVERY_MAX);
        let unacknowledged_max = alive_every.max(UNACKNOWLEDGED_MIN);
        socket.set_tcp_user_timeout(Some(unacknowledged_max)).map_err(broken)?;
        drop(socket);
        let heard = Heard { at: Cell::new(clock::monotonic()), is_promised: answers_alive };
        tokio::select! {
            ended = self.listen(&mut reader, &heard) => ended,
            ended = self.tell(&mut writer, &name, alive_every, &heard) => ended,
        }
    }

    async fn greet(&self, spool: &str, newest: u64) -> Result<Greeted, Ended> {
        let stream = TcpStream::connect(&self.config.server).await.map_err(broken)?;
        let _ = stream.set_nodelay(true);
        let socket = stream.as_fd().try_clone_to_owned().map_err(broken)?.into();
        let name = ServerName::try_from("blackstart").expect("a host's name");
        let tls = TlsConnector::from(self.tls.clone()).connect(name, stream).await;
        let tls = tls.map_err(not_shaken)?;
        let (read, mut writer) = tokio::io::split(tls);
        let mut reader = FrameReader::new(read);
        let Config { agent, token, permit, .. } = &self.config;
        let hello = Hello {
            protocol: PROTOCOL,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            agent: agent.clone(),
            token: token.clone(),
            allowed: permit.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
            boot: self.boot.clone(),
            spool: spool.to_owned(),
            newest,
        };
        say(&mut writer, &FromAgent::Hello(hello)).await?;
        let first = reader.body().await.map_err(unread)?;
        let first = first.ok_or_else(|| left("the server closed the connection"))?;
        let versions = Versions::of(&first).ok_or_else(|| left("the server gave no welcome"))?;
        match decode::<FromServer>(&first) {
            Ok(Some(FromServer::Refused(Refused { why, .. }))) => {
                // It is well, and does not want us.
                self.centre.heard();
                Err(refused(&why))
            }
            Ok(Some(FromServer::Welcome(welcome))) if versions.protocol == PROTOCOL => {
                Ok(Greeted { reader, writer, welcome, socket })
            }
            Ok(_) | Err(_) => Err(Ended::Refused(format!(
                "the server speaks protocol {} (version {}), this agent speaks {PROTOCOL} (version {})",
                versions.protocol,
                versions.program.escape_debug(),
                env!("CARGO_PKG_VERSION"),
            ))),
        }
    }

    /// An agent whose disk hangs sees, and tells nothing of it: it had better be missed.
    fn is_able_to_tell(&self) -> Result<(), Ended> {
        if self.spool.is_stuck(clock::since_boot()) {
            return Err(left("the disk of our own spool hangs, so nothing can be told"));
        }
        Ok(())
    }

    async fn listen(&self, reader: &mut Reader, heard: &Heard) -> Result<Infallible, Ended> {
        let mut gathered: Vec<Assignment> = Vec::new();
        loop {
            let message = reader.message::<FromServer>().await.map_err(unread)?;
            heard.at.set(clock::monotonic());
            match message.ok_or_else(|| left("the server closed the connection"))? {
                FromServer::Assign(Assign { checks, way_out, more }) => {
                    if gathered.len() + checks.len() > CHECKS_MAX {
                        return Err(left(&format!("it assigned more than {CHECKS_MAX} checks")));
                    }
                    if checks.iter().any(|check| check.check.len() > KEY_BYTES_MAX) {
                        return Err(left("it assigned a check with too long a key"));
                    }
                    gathered.extend(checks);
                    if !more {
                        let checks = std::mem::take(&mut gathered);
                        self.take_on(self.config.permit.share(checks, way_out));
                    }
                }
                FromServer::Ask(Ask { checks }) => self.ask(checks),
                FromServer::Ack(Ack { seq }) => {
                    if !self.spool.acknowledged(seq) {
                        return Err(left("it acknowledged what was never told"));
                    }
                    self.centre.heard();
                    self.desk.nudge();
                }
                FromServer::Refused(Refused { why, .. }) => return Err(refused(&why)),
                FromServer::Welcome(_) => return Err(left("the server gave a second welcome")),
            }
        }
    }

    fn take_on(&self, share: Share) {
        let Share { assignments, way_out, refused } = &share;
        tracing::info!(
            "assigned {} checks, {} of them are not put",
            assignments.len() + refused.len(),
            refused.len()
        );
        self.desk.intake().assign(&share);
        self.centre.set_way_out(way_out);
        for key in refused.keys() {
            // Those that were told already are not told again.
            self.answer_for(key, refused, false);
        }
        self.prober.assign(assignments.clone(), way_out);
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = share.refused;
    }

    fn ask(&self, checks: Vec<String>) {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let (not_put, put): (Vec<CheckKey>, Vec<CheckKey>) =
            checks.into_iter().map(CheckKey::from).partition(|key| refused.contains_key(key));
        for key in &not_put {
            self.answer_for(key, &refused, true);
        }
        self.prober.ask(put);
    }

    fn answer_for(&self, key: &CheckKey, refused: &BTreeMap<CheckKey, Outcome>, asked: bool) {
        let answer = Answer::from(refused[key].clone());
        self.desk.sample(Sample { key: key.clone(), answer, asked });
    }

    /// Says what is in the spool, and otherwise that we are here.
    async fn tell(
        &self,
        writer: &mut Writer,
        spool: &str,
        alive_every: Duration,
        heard: &Heard,
    ) -> Result<Infallible, Ended> {
        let mut sent = 0;
        let mut said_at = clock::monotonic();
        let mut waiting = None;
        loop {
            if *self.spool.name() != *spool {
                return Err(left("the spool has taken a new name"));
            }
            if let Some((seq, news)) = self.spool.after(sent, UNDER_WAY_MAX, clock::since_boot()) {
                say(writer, &FromAgent::Told(Told { seq, news })).await?;
                (sent, said_at) = (seq, clock::monotonic());
                continue;
            }
            self.is_able_to_tell()?;
            // The oldest that is not acknowledged, and since when it is the oldest.
            let now = clock::monotonic();
            let oldest = self.spool.waits_for(sent);
            waiting = oldest.map(|oldest| match waiting {
                Some((same, since)) if same == oldest => (same, since),
                Some(_) | None => (oldest, now),
            });
            if waiting.is_some_and(|(_, since)| now.duration_since(since) > ACK_WITHIN) {
                return Err(left("the server acknowledges nothing"));
            }
            // An answer is due at each `alive`, and one was said at most so long after it was heard last.
            let unheard = now.duration_since(heard.at.get());
            if heard.is_promised && unheard > alive_every + ACK_WITHIN {
                return Err(left("the server does not answer"));
            }
            // Looked at again in time for what is waited for, however seldom something has to be said.
            let due = said_at + alive_every;
            let woken = timeout_at(due.min(now + ACK_WITHIN), self.spool.changed()).await;
            if woken.is_err() && clock::monotonic() >= due {
                say(writer, &FromAgent::Alive(Alive {})).await?;
                // Of one that promised nothing this is all there is: its system took what was said before.
                if waiting.is_none() && !heard.is_promised {
                    self.centre.heard();
                }
                said_at = clock::monotonic();
            }
        }
    }
}

async fn say(writer: &mut Writer, message: &FromAgent) -> Result<(), Ended> {
    let frame = encode(message).map_err(broken)?;
    let writing = async {
        writer.write_all(&frame).await?;
        writer.flush().await
    };
    match timeout(ACK_WITHIN, writing).await {
        Ok(written) => written.map_err(broken),
        Err(_) => Err(left("the server takes nothing")),
    }
}

fn not_shaken(error: std::io::Error) -> Ended {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(why)) => {
            Ended::Refused(format!("this is not the server: {}", pinned::words(why)))
        }
        Some(_) | None => broken(error),
    }
}

fn refused(why: &str) -> Ended {
    Ended::Refused(format!("the server refuses this agent: {why}"))
}

fn unread(error: ReadError) -> Ended {
    match error {
        ReadError::Broken(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => {
            left("the server closed the connection")
        }
        ReadError::Broken(_) | ReadError::Frame(_) => broken(error),
    }
}

/// We leave, for this reason.
fn left(why: &str) -> Ended {
    Ended::Broken(why.to_owned())
}

/// It broke, for this reason and all its causes.
fn broken(error: impl Into<anyhow::Error>) -> Ended {
    Ended::Broken(format!("{:#}", error.into()))
}
