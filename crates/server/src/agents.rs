//! Vantages elsewhere: agents connect to us over TLS, prove who they are, and tell what they see.
//!
//! An agent knows us by the fingerprint of our certificate, we know it by a token of which only a digest
//! is kept. What it tells is acknowledged when it is durable here. What it says of time are ages, taken
//! from our clock at receipt; no clock is compared with another. Nothing heard for longer than the
//! vantage may be silent makes it lost, whatever its connection looks like; it is heard again when what
//! it had spooled has been taken in, for only then does it speak of now.
//!
//! It decides nothing about checks. Protocol: [`blackstart_probe::wire`]. Tested with the real agent in
//! the lab.

use crate::clock;
use crate::hub::{Hub, Remote};
use crate::serve::share;
use blackstart_model::check::Question;
use blackstart_model::observation::{NoAnswerCode, Observation, Outcome};
use blackstart_model::plant::Plant;
use blackstart_model::record::{Counted, Input, VantageLoss};
use blackstart_model::time::{Duration, SignedDuration, Timestamp};
use blackstart_model::{CheckKey, VantageId, VantageName};
use blackstart_probe::wire::v1::{
    Ack, Age, Ask, Assign, Assignment, FromAgent, FromServer, Hello, News, PROTOCOL, Reading,
    Refused, Told, Versions, Welcome,
};
use blackstart_probe::wire::{FrameReader, decode, encode};
use blackstart_probe::{Answer, Sample};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;

/// Connections at once.
const CONNECTIONS_MAX: usize = 1_000;

/// From the first byte to a proved token.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// Checks in one part of an assignment: a frame holds some two thousand.
const PART: usize = 500;

/// Commands that wait for one agent; it is dropped when it takes none for so long.
const COMMANDS_MAX: usize = 256;

/// How often silences and the list of tokens are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// All agents.
pub struct Agents {
    hub: Arc<Hub>,
    data: PathBuf,
    identity: Identity,
    known: Mutex<BTreeMap<VantageName, Known>>,
    /// How far each spool has been taken.
    taken: Mutex<BTreeMap<String, u64>>,
}

/// What is known of one vantage's agent.
struct Known {
    agent: String,
    silent_max: Duration,
    heard_at: Instant,
    /// It is told as lost, and how.
    lost: Option<VantageLoss>,
    /// While it is connected.
    connection: Option<Connection>,
    connections: u64,
}

/// A connected agent.
struct Connection {
    /// Tells connections of one agent apart.
    number: u64,
    commands: mpsc::Sender<Command>,
    /// The kinds of check that its own configuration allows.
    allowed: Arc<[String]>,
    program: String,
    /// The checks it is not sent, with what is answered for it.
    withheld: BTreeMap<CheckKey, Outcome>,
}

enum Command {
    Say(Box<FromServer>),
    /// Answer these for the agent, which would not put them.
    Answer {
        withheld: Vec<(CheckKey, Outcome)>,
        asked: bool,
    },
    End(String),
}

/// Our certificate and key.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads them from the folder, made when they are not there.
    ///
    /// # Errors
    /// When they cannot be read or written.
    pub fn open(data: &Path) -> io::Result<Self> {
        let path = data.join("agents.pem");
        if !path.exists() {
            let made = rcgen::generate_simple_self_signed(vec!["blackstart".to_owned()])
                .map_err(io::Error::other)?;
            let pem = format!("{}{}", made.cert.pem(), made.signing_key.serialize_pem());
            write_private(&path, &pem)?;
        }
        let pem = std::fs::read(&path)?;
        let invalid = |error| io::Error::other(format!("{}: {error}", path.display()));
        let certificate = CertificateDer::from_pem_slice(&pem).map_err(invalid)?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(invalid)?;
        Ok(Self { certificate, key })
    }

    /// SHA-256 of the certificate, in hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(digest(&SHA256, &self.certificate).as_ref())
    }
}

/// Written whole or not at all, for the eyes of whom the folder belongs to: root may enrol beside a server that runs as
/// a user of its own.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
    let part = path.with_extension("part");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)?;
    if let Some(folder) = path.parent().map(std::fs::metadata).transpose()?
        && folder.uid() != file.metadata()?.uid()
    {
        fchown(&file, Some(folder.uid()), Some(folder.gid()))?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(part, path)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes everything");
        text
    })
}

/// The list of tokens: `name digest` in each line.
fn tokens_path(data: &Path) -> PathBuf {
    data.join("agents.tokens")
}

fn read_tokens(data: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(tokens_path(data)).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, digest)| (name.to_owned(), digest.trim().to_owned()))
        .collect()
}

fn write_tokens(data: &Path, tokens: &BTreeMap<String, String>) -> io::Result<()> {
    let text: String = tokens.iter().map(|(name, digest)| format!("{name} {digest}\n")).collect();
    write_private(&tokens_path(data), &text)
}

/// What a new agent needs to know.
pub struct Enrolled {
    /// Its token; kept nowhere here.
    pub token: String,
    /// Our certificate's fingerprint.
    pub fingerprint: String,
}

/// Gives an agent a token; an earlier one of the same name counts no more.
///
/// # Errors
/// When the folder cannot be written.
pub fn enroll(data: &Path, agent: &str) -> io::Result<Enrolled> {
    std::fs::create_dir_all(data)?;
    let mut random = [0; 32];
    SystemRandom::new().fill(&mut random).map_err(|_| io::Error::other("no random numbers"))?;
    let token = hex(&random);
    let mut tokens = read_tokens(data);
    tokens.insert(agent.to_owned(), hex(digest(&SHA256, token.as_bytes()).as_ref()));
    write_tokens(data, &tokens)?;
    Ok(Enrolled { token, fingerprint: Identity::open(data)?.fingerprint() })
}

/// Takes an agent's token away. False when it had none.
///
/// # Errors
/// When the folder cannot be written.
pub fn revoke(data: &Path, agent: &str) -> io::Result<bool> {
    let mut tokens = read_tokens(data);
    let had = tokens.remove(agent).is_some();
    if had {
        write_tokens(data, &tokens)?;
    }
    Ok(had)
}

impl Agents {
    /// Ready to accept; every agent's vantage of the plant is waited for from now on.
    ///
    /// # Errors
    /// When the certificate cannot be read or made.
    pub fn open(hub: Arc<Hub>, data: &Path) -> io::Result<Arc<Self>> {
        let identity = Identity::open(data)?;
        let agents = Arc::new(Self {
            hub,
            data: data.to_owned(),
            identity,
            known: Mutex::default(),
            taken: Mutex::default(),
        });
        tokio::spawn(watch(agents.clone()));
        Ok(agents)
    }

    /// What agents know us by.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.identity.fingerprint()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<VantageName, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_token_of(&self, agent: &str, token: &str) -> bool {
        // A digest of 256 random bits: comparing it tells nothing about the token by its time.
        let proof = hex(digest(&SHA256, token.as_bytes()).as_ref());
        read_tokens(&self.data).get(agent) == Some(&proof)
    }

    /// Something was heard from this vantage's agent.
    fn heard(&self, vantage: &VantageName) {
        if let Some(known) = self.known().get_mut(vantage) {
            known.heard_at = clock::monotonic();
        }
    }

    /// What it says now is of now.
    async fn speaks_of_now(&self, vantage: &VantageName) {
        let was_lost =
            self.known().get_mut(vantage).is_some_and(|known| known.lost.take().is_some());
        if was_lost {
            let _ = self.hub.tell(Input::VantageHeard { vantage: vantage.clone() }).await;
        }
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, u64>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remote for Agents {
    fn ask(&self, vantage: &VantageName, checks: &[CheckKey]) {
        let known = self.known();
        let Some(connection) = known.get(vantage).and_then(|known| known.connection.as_ref())
        else {
            return;
        };
        let (mut put, mut withheld) = (Vec::new(), Vec::new());
        for check in checks {
            match connection.withheld.get(check) {
                Some(outcome) => withheld.push((check.clone(), outcome.clone())),
                None => put.push(check.to_string()),
            }
        }
        // An agent that takes no commands is dropped by its own connection.
        if !put.is_empty() {
            let ask = FromServer::Ask(Ask { checks: put });
            let _ = connection.commands.try_send(Command::Say(Box::new(ask)));
        }
        if !withheld.is_empty() {
            let _ = connection.commands.try_send(Command::Answer { withheld, asked: true });
        }
    }

    fn assign(&self, plant: &Arc<Plant>) {
        // Who was lost when we ended is lost still, until it speaks.
        let lost = self.hub.state().lost_vantages().clone();
        let was_lost = |name: &VantageName| match lost.get(name)?.how {
            how @ (VantageLoss::Silent | VantageLoss::Revoked) => Some(how),
            VantageLoss::WayOut => None,
        };
        let mut known = self.known();
        let now = clock::monotonic();
        known.retain(|name, known| {
            let stays = plant.vantages().iter().any(|vantage| {
                vantage.name == *name && vantage.agent.as_deref() == Some(known.agent.as_str())
            });
            if !stays && let Some(connection) = &known.connection {
                let why = "the plant has no vantage for it any more".to_owned();
                let _ = connection.commands.try_send(Command::End(why));
            }
            stays
        });
        for (vantage, number) in plant.vantages().iter().zip(0..) {
            let Some(agent) = &vantage.agent else { continue };
            let entry = known.entry(vantage.name.clone()).or_insert_with(|| Known {
                agent: agent.to_string(),
                silent_max: vantage.silent_max,
                heard_at: now,
                lost: was_lost(&vantage.name),
                connection: None,
                connections: 0,
            });
            entry.silent_max = vantage.silent_max;
            if let Some(connection) = &mut entry.connection {
                let allowed = connection.allowed.clone();
                let share = parts(plant, VantageId(number), &allowed, (agent, &connection.program));
                for command in connection.assign(share) {
                    let _ = connection.commands.try_send(command);
                }
            }
        }
    }
}

/// What an agent is given, and what it is not.
struct Share {
    /// In parts that fit into frames.
    parts: Vec<Assign>,
    /// Checks of kinds that it does not allow, or that were not known yet when it was built: to send it one
    /// of these would tell it nothing, or end the conversation.
    withheld: BTreeMap<CheckKey, Outcome>,
}

impl Connection {
    /// Takes a new share; returns what has to be done about it, in order.
    fn assign(&mut self, share: Share) -> Vec<Command> {
        let Share { parts, withheld } = share;
        let parts = parts.into_iter().map(|part| Command::Say(Box::new(FromServer::Assign(part))));
        let mut commands: Vec<Command> = parts.collect();
        if !withheld.is_empty() {
            let withheld = withheld.clone().into_iter().collect();
            commands.push(Command::Answer { withheld, asked: false });
        }
        self.withheld = withheld;
        commands
    }
}

/// A vantage's share, as far as its agent allows.
fn parts(
    plant: &Plant,
    vantage: VantageId,
    allowed: &[String],
    (agent, program): (&str, &str),
) -> Share {
    let (assignments, way_out) = share(plant, vantage);
    let is_allowed =
        |question: &Question| allowed.iter().any(|kind| kind == question.kind().as_str());
    let (assignments, others): (Vec<_>, Vec<_>) =
        assignments.into_iter().partition(|assignment| is_allowed(&assignment.question));
    let withheld = others
        .into_iter()
        .map(|assignment| {
            let kind = assignment.question.kind();
            let why = format!(
                "the agent {agent} (version {program}) does not allow `{kind}`: add it to `allow` in its \
                 configuration, or put the check from elsewhere"
            );
            (assignment.key, Outcome::unknown(NoAnswerCode::NotAllowed, why))
        })
        .collect();
    let (way_out, others): (Vec<_>, Vec<_>) = way_out.into_iter().partition(is_allowed);
    for question in others {
        let kind = question.kind();
        tracing::warn!("the agent {agent} does not allow `{kind}`, which is to prove its way out");
    }
    let checks: Vec<Assignment> = assignments
        .iter()
        .map(|assignment| {
            Assignment::of(
                &assignment.key,
                assignment.every,
                assignment.deadline,
                &assignment.question,
                assignment.crosses_way_out,
            )
        })
        .collect();
    let mut parts: Vec<Assign> = checks
        .chunks(PART)
        .map(|checks| Assign { checks: checks.to_vec(), way_out: Vec::new(), more: true })
        .collect();
    if parts.is_empty() {
        parts.push(Assign { checks: Vec::new(), way_out: Vec::new(), more: true });
    }
    let last = parts.last_mut().expect("there is one at least");
    last.more = false;
    last.way_out = way_out.iter().map(Into::into).collect();
    Share { parts, withheld }
}

/// Notices silences and tokens that were taken away.
async fn watch(agents: Arc<Agents>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let tokens = read_tokens(&agents.data);
        let now = clock::monotonic();
        let mut news = Vec::new();
        for (vantage, known) in &mut *agents.known() {
            let silent = now.duration_since(known.heard_at);
            let revoked = !tokens.contains_key(&known.agent);
            if revoked && let Some(connection) = known.connection.take() {
                let why = "its token was taken away".to_owned();
                let _ = connection.commands.try_send(Command::End(why.clone()));
                known.lost = Some(VantageLoss::Revoked);
                news.push((vantage.clone(), VantageLoss::Revoked, why));
            } else if known.lost.is_none() && silent > known.silent_max {
                known.lost = Some(VantageLoss::Silent);
                let why = format!("nothing heard for {} s", known.silent_max.as_secs());
                news.push((vantage.clone(), VantageLoss::Silent, why));
            }
        }
        for (vantage, how, detail) in news {
            if agents.hub.tell(Input::VantageLost { vantage, how, detail }).await.is_err() {
                return;
            }
        }
    }
}

/// Accepts agents until the server stops.
pub async fn accept(agents: Arc<Agents>, listener: TcpListener) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the ring provider has it")
        .with_no_client_auth()
        .with_single_cert(
            vec![agents.identity.certificate.clone()],
            agents.identity.key.clone_key(),
        )
        .expect("the certificate is our own");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // No sockets left, most likely: they come back when others end.
                tracing::warn!("could not accept an agent: {error}");
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            }
        };
        let (agents, acceptor) = (agents.clone(), acceptor.clone());
        tokio::spawn(async move {
            if let Err(why) = converse(&agents, &acceptor, stream).await {
                tracing::info!("an agent's connection ended: {why}");
            }
            drop(place);
        });
    }
}

type Tls = tokio_rustls::server::TlsStream<TcpStream>;

async fn converse(
    agents: &Agents,
    acceptor: &TlsAcceptor,
    stream: TcpStream,
) -> Result<(), String> {
    let _ = stream.set_nodelay(true);
    let shaking = async {
        let stream = acceptor.accept(stream).await.map_err(|error| error.to_string())?;
        let (read, write) = tokio::io::split(stream);
        let mut reader = FrameReader::new(read);
        let body = reader.body().await.map_err(|error| error.to_string())?;
        Ok::<_, String>((reader, write, body.ok_or("it said nothing")?))
    };
    let shaken = tokio::time::timeout(HANDSHAKE_WITHIN, shaking).await;
    let (mut reader, mut writer, first) = shaken.map_err(|_| "it said nothing in time")??;
    let (hello, vantage, number) = match greet(agents, &first) {
        Ok(greeted) => greeted,
        Err(why) => {
            let program = env!("CARGO_PKG_VERSION").to_owned();
            let refused = Refused { protocol: PROTOCOL, program, why: why.clone() };
            let _ = say(&mut writer, &FromServer::Refused(refused)).await;
            return Err(format!("refused: {why}"));
        }
    };
    reader.trust();
    let (commands, mut inbox) = mpsc::channel(COMMANDS_MAX);
    let connection = {
        let mut known = agents.known();
        let known = known.get_mut(&vantage).ok_or("its vantage has just left the plant")?;
        known.connections += 1;
        // A newer connection of the same agent takes the place of an older one.
        known.connection = Some(Connection {
            number: known.connections,
            commands,
            allowed: hello.allowed.clone().into(),
            program: hello.program.clone(),
            withheld: BTreeMap::new(),
        });
        known.heard_at = clock::monotonic();
        known.connections
    };
    tracing::info!("agent {} speaks as vantage {vantage}", hello.agent);
    let result = talk(agents, &mut reader, &mut writer, &mut inbox, &hello, &vantage, number).await;
    if let Some(known) = agents.known().get_mut(&vantage)
        && known.connection.as_ref().is_some_and(|own| own.number == connection)
    {
        known.connection = None;
    }
    result
}

/// Who it is, and whether it may stay.
fn greet(agents: &Agents, first: &[u8]) -> Result<(Hello, VantageName, VantageId), String> {
    let versions = Versions::of(first).ok_or("the first frame is no greeting")?;
    if versions.protocol != PROTOCOL {
        return Err(format!(
            "it speaks protocol {} (version {}), we speak {PROTOCOL} (version {})",
            versions.protocol,
            versions.program,
            env!("CARGO_PKG_VERSION")
        ));
    }
    let hello = match decode::<FromAgent>(first) {
        Ok(Some(FromAgent::Hello(hello))) => hello,
        Ok(_) | Err(_) => return Err("the first frame is no greeting".to_owned()),
    };
    if !agents.is_token_of(&hello.agent, &hello.token.0) {
        return Err(format!(
            "the token is not that of `{}`: run `blackstart enroll {}` again",
            hello.agent.escape_debug(),
            hello.agent.escape_debug()
        ));
    }
    let state = agents.hub.state();
    let plant = state.plant().ok_or("there is no plant yet")?;
    let found = plant
        .vantages()
        .iter()
        .position(|vantage| vantage.agent.as_deref() == Some(hello.agent.as_str()));
    let Some(at) = found else {
        return Err(format!("no vantage of the plant names the agent `{}`", hello.agent));
    };
    let name = plant.vantages()[at].name.clone();
    let id = VantageId(u32::try_from(at).expect("vantages are counted in u32"));
    Ok((hello, name, id))
}

type Writer = tokio::io::WriteHalf<Tls>;
type Reader = FrameReader<tokio::io::ReadHalf<Tls>>;

async fn say(writer: &mut Writer, message: &FromServer) -> Result<(), String> {
    let frame = encode(message).map_err(|error| error.to_string())?;
    writer.write_all(&frame).await.map_err(|error| error.to_string())?;
    writer.flush().await.map_err(|error| error.to_string())
}

async fn talk(
    agents: &Agents,
    reader: &mut Reader,
    writer: &mut Writer,
    inbox: &mut mpsc::Receiver<Command>,
    hello: &Hello,
    vantage: &VantageName,
    number: VantageId,
) -> Result<(), String> {
    let mut taken = agents.taken().get(&hello.spool).copied().unwrap_or(0);
    let silent_max = agents.known().get(vantage).map_or(Duration::from_secs(15), |k| k.silent_max);
    let alive_every = silent_max / 4;
    let welcome = Welcome {
        protocol: PROTOCOL,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        vantage: vantage.to_string(),
        alive_every_ms: u32::try_from(alive_every.as_millis()).unwrap_or(u32::MAX),
        taken,
        answers_alive: true,
    };
    say(writer, &FromServer::Welcome(welcome)).await?;
    // A plant that was loaded meanwhile has sent its own share before this one; ours is then of the same plant.
    for command in first_share(agents, hello, vantage, number) {
        obey(agents, vantage, writer, command).await?;
    }
    if taken >= hello.newest {
        agents.speaks_of_now(vantage).await;
    }
    loop {
        tokio::select! {
            message = reader.message::<FromAgent>() => {
                let message = message.map_err(|error| error.to_string())?;
                let Some(message) = message else { return Ok(()) };
                agents.heard(vantage);
                match message {
                    FromAgent::Told(Told { seq, news }) => {
                        if seq > taken {
                            take(agents, vantage, news).await?;
                            taken = seq;
                            agents.taken().insert(hello.spool.clone(), taken);
                        }
                        say(writer, &FromServer::Ack(Ack { seq: taken })).await?;
                    }
                    // By it an agent that has nothing to tell knows that we are at work. One of before this was
                    // promised takes it for what it is.
                    FromAgent::Alive(_) => say(writer, &FromServer::Ack(Ack { seq: taken })).await?,
                    FromAgent::Hello(_) => return Err("it greeted twice".to_owned()),
                }
                if taken >= hello.newest {
                    agents.speaks_of_now(vantage).await;
                }
            }
            command = inbox.recv() => {
                let command = command.ok_or("a newer connection took its place")?;
                obey(agents, vantage, writer, command).await?;
            }
        }
    }
}

/// What a greeted agent is told to do.
fn first_share(
    agents: &Agents,
    hello: &Hello,
    vantage: &VantageName,
    number: VantageId,
) -> Vec<Command> {
    let share = {
        let state = agents.hub.state();
        let Some(plant) = state.plant() else { return Vec::new() };
        parts(plant, number, &hello.allowed, (&hello.agent, &hello.program))
    };
    let mut known = agents.known();
    let connection = known.get_mut(vantage).and_then(|known| known.connection.as_mut());
    connection.map(|connection| connection.assign(share)).unwrap_or_default()
}

/// Carries out a command in its turn. An error ends the connection.
async fn obey(
    agents: &Agents,
    vantage: &VantageName,
    writer: &mut Writer,
    command: Command,
) -> Result<(), String> {
    match command {
        Command::Say(message) => say(writer, &message).await,
        Command::Answer { withheld, asked } => answer(agents, vantage, withheld, asked).await,
        Command::End(why) => {
            let program = env!("CARGO_PKG_VERSION").to_owned();
            let refused = Refused { protocol: PROTOCOL, program, why: why.clone() };
            say(writer, &FromServer::Refused(refused)).await?;
            Err(why)
        }
    }
}

/// Says for the agent that nobody looked.
async fn answer(
    agents: &Agents,
    vantage: &VantageName,
    withheld: Vec<(CheckKey, Outcome)>,
    asked: bool,
) -> Result<(), String> {
    let (at, samples) = (clock::wall(), agents.hub.samples().of(vantage));
    let inputs = withheld.into_iter().map(|(check, outcome)| {
        let answer = Answer::from(outcome.clone());
        samples.keep(Sample { key: check.clone(), answer, asked: false }, at);
        let (vantage, failures, tries) = (vantage.clone(), 0, 1);
        Input::Observed(Observation { check, vantage, outcome, at, asked, tries, failures })
    });
    agents.hub.tell_all(inputs.collect()).await.map_err(|error| error.to_string())
}

/// Takes what an agent told; durable when it returns.
async fn take(agents: &Agents, vantage: &VantageName, news: News) -> Result<(), String> {
    let now = clock::wall();
    let at = |age: Age| -> Timestamp {
        let age = SignedDuration::try_from(age.span()).unwrap_or(SignedDuration::MAX);
        now.checked_sub(age).unwrap_or(Timestamp::UNIX_EPOCH)
    };
    let samples = agents.hub.samples().of(vantage);
    let mut inputs = Vec::new();
    match news {
        News::Samples(told) => {
            for sample in told {
                let (check, at) = (CheckKey::from(sample.check), at(sample.age));
                let outcome: Outcome = sample.outcome.into();
                let tries = sample.tries.max(1);
                let answer = Answer {
                    outcome: outcome.clone(),
                    timing: sample.timing.into(),
                    certificate_ends_s: sample.certificate_ends_s,
                    readings: Reading::read(&sample.readings),
                };
                let asked = sample.asked;
                samples.keep(Sample { key: check.clone(), answer, asked }, at);
                inputs.push(Input::Observed(Observation {
                    check,
                    vantage: vantage.clone(),
                    failures: outcome.failures_of(tries),
                    outcome,
                    at,
                    asked: sample.asked,
                    tries,
                }));
            }
        }
        News::Steady(steady) => {
            let lasted = SignedDuration::try_from(Duration::from_micros(steady.lasted_us / 2));
            let at = at(steady.age);
            let middle = at.checked_sub(lasted.unwrap_or_default()).unwrap_or(at);
            let tries = steady.checks.iter().map(|check| u64::from(check.tries)).sum();
            let counted: Vec<_> = steady
                .checks
                .into_iter()
                .map(|check| {
                    let readings = Reading::read(&check.readings);
                    (check.tries, check.times(), readings, CheckKey::from(check.check))
                })
                .collect();
            // What was told last, in case that it was told to our predecessor.
            let last: Vec<Option<Outcome>> = {
                let state = agents.hub.state();
                let evidence =
                    |key: &CheckKey| state.evidence().get(&(key.clone(), vantage.clone()));
                let last = counted.iter().map(|(_, _, _, key)| evidence(key));
                last.map(|evidence| evidence.map(|evidence| evidence.outcome.clone())).collect()
            };
            for ((tries, times, readings, key), last) in counted.into_iter().zip(last) {
                samples.keep_steady(&key, tries, times, (middle, at), last, readings);
            }
            let (vantage, exceptions) = (vantage.clone(), Vec::new());
            inputs.push(Input::Counted(Counted { vantage, tries, exceptions }));
        }
        News::WayOut(way_out) if way_out.open => {
            inputs.push(Input::VantageHeard { vantage: vantage.clone() });
        }
        News::WayOut(way_out) => inputs.push(Input::VantageLost {
            vantage: vantage.clone(),
            how: VantageLoss::WayOut,
            detail: way_out.detail,
        }),
    }
    agents.hub.tell_all(inputs).await.map_err(|error| error.to_string())
}
