//! `serve`: puts the parts together, and takes them apart again in order.
//!
//! It decides which plant is judged by: the one on the disk when it is valid, else the last good one,
//! and says so. Signals and changed files are its inputs; everything else is in the parts.

use crate::agents::{self, Agents};
use crate::delivery::Postman;
use crate::http::{self, Access};
use crate::hub::Hub;
use crate::intake::{COUNTED_EVERY, Here};
use crate::plant_files::{self, Found, ReadError, Texts};
use crate::pushes::{self, Pushes};
use crate::recorder::Recorder;
use crate::stage::{Play, Player};
use crate::turn::Turn;
use crate::{clock, heartbeat, remote_write};
use blackstart_delivery::Commands;
use blackstart_journal::{JournalError, SqliteJournal};
use blackstart_model::check::Check;
use blackstart_model::plant::Plant;
use blackstart_model::record::{Decision, Input, PlantSource};
use blackstart_model::time::Duration;
use blackstart_model::{CheckKey, VantageId, VantageName};
use blackstart_probe::plugins::PluginStore;
use blackstart_probe::secrets::{SecretStore, Secrets};
use blackstart_probe::{Assignment, Equipment, Prober, Stats, raise_limits};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// How often the plant's files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long the end waits for the last samples to be kept, and as long to be written elsewhere.
const LAST_SAMPLES_WITHIN: Duration = Duration::from_secs(2);

/// What `serve` is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The plant: a file or a folder.
    pub plant: PathBuf,
    /// The folder of the journal.
    pub data: PathBuf,
    /// Where console and API listen.
    pub listen: SocketAddr,
    /// Where the public status page listens, if it does.
    pub status_listen: Option<SocketAddr>,
    /// Where agents connect to, if they may.
    pub agents_listen: Option<SocketAddr>,
    /// The secrets file.
    pub secrets: Option<PathBuf>,
    /// The file that says what the plant's commands are.
    pub commands: Option<PathBuf>,
    /// The file of the plugins that this host runs.
    pub plugins: Option<PathBuf>,
    /// Who may sign in to the console.
    pub access: AccessSettings,
    /// A pretend world that answers in place of the network: a demonstration.
    pub play: Option<Play>,
}

/// Who may use the console, and how the way to it is protected.
#[derive(Clone, Debug, Default)]
pub struct AccessSettings {
    /// A file of `name:argon2-hash` lines.
    pub passwords: Option<PathBuf>,
    /// Certificate chain and key, PEM files.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// A proxy in front does TLS.
    pub behind_proxy: bool,
}

/// So many checks of the server's own are asked at the start, and not at their moment of the grid: somebody may look
/// on. Of more, each would wait for the others (chosen by hand).
const ASKED_AT_ONCE: usize = 64;

/// Where everything listens, once it does.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Console and API, as a URL.
    pub console: String,
    /// The status page.
    pub status: Option<String>,
    /// The agents' listener, and the fingerprint that agents know it by.
    pub agents: Option<(SocketAddr, String)>,
    /// The plant's name, and how many components and checks it has.
    pub plant: (String, usize, usize),
    /// The plant on the disk was refused, and the last good one is in use.
    pub refused: Option<String>,
}

/// Why `serve` did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The plant cannot be read.
    #[error(transparent)]
    Plant(#[from] ReadError),
    /// The plant has errors, and there is no last good one.
    #[error("the plant has errors, and there is no earlier one to run on")]
    Refused(Box<Found>),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An address cannot be listened on.
    #[error("could not listen on {at} for {what} (another address: {option})")]
    Listen {
        /// What for.
        what: &'static str,
        /// The option that names another address.
        option: &'static str,
        /// Where.
        at: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// Console or agents' listener cannot be protected as they must be.
    #[error(transparent)]
    Access(#[from] http::AccessError),
    /// The file of plugins is not in order.
    #[error("could not use {}: {}", path.display(), complaints.join("; "))]
    Plugins {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong with it.
        complaints: Vec<String>,
    },
    /// The system refuses something.
    #[error("could not {what}")]
    System {
        /// What.
        what: &'static str,
        /// Why not.
        source: std::io::Error,
    },
}

/// Runs until it is told to end (SIGTERM, SIGINT). `ready` is called when all listeners listen.
///
/// # Errors
/// When it cannot start; nothing was watched then.
pub async fn serve(settings: Settings, ready: impl FnOnce(&Ready)) -> Result<(), ServeError> {
    raise_limits();
    if let Some(play) = &settings.play {
        clock::play(play.starts, play.speed);
    }
    let access = Access::of(&settings.access, settings.listen)?;
    let plugins = plugins(settings.plugins.clone())?;
    let texts = plant_files::read(&settings.plant)?;
    let journal = SqliteJournal::open(&settings.data)?;
    let console = listen("the console", "--listen", settings.listen).await?;
    let status = match settings.status_listen {
        Some(at) => Some(listen("the status page", "--status-listen", at).await?),
        None => None,
    };
    let turn = Turn::start(Box::new(journal))?;
    let hub = turn.hub.clone();
    // The first input is our start; when it is durable the state is that of now.
    let _ = hub.ping().await;
    let refused = take_up(&hub, texts).await?;

    let recorder = Recorder::start(&hub, &settings.data)
        .map_err(|source| ServeError::System { what: "start the recorder's thread", source })?;
    let secrets: Arc<dyn Secrets> = Arc::new(SecretStore { file: settings.secrets.clone() });
    let elsewhere = secrets.clone();
    let scraped = Equipment::new(secrets.clone()).with_plugins(plugins.clone());
    let senses = Arc::new(Senses::start(settings.play, &hub, &secrets, plugins)?);
    let agents = match settings.agents_listen {
        None => None,
        Some(at) => {
            let listener = listen("agents", "--agents-listen", at).await?;
            let agents = Agents::open(hub.clone(), &settings.data).map_err(|source| {
                ServeError::System { what: "make the agents' certificate", source }
            })?;
            hub.set_remote(agents.clone());
            tokio::spawn(agents::accept(agents.clone(), listener));
            Some((at, agents))
        }
    };
    let plant = hub.state().plant().cloned().expect("a plant was adopted");
    let pushes = Arc::new(Pushes::new(&hub, secrets.clone()));
    assign(&hub, &senses, &pushes, &plant);
    ask_all(&hub, &senses, &plant);
    let told = Ready {
        console: http::url(&console, access.is_tls()),
        status: status.as_ref().map(|listener| http::url(listener, false)),
        agents: agents.as_ref().map(|(at, agents)| (*at, agents.fingerprint())),
        plant: (plant.name().to_owned(), plant.components().len(), plant.checks().len()),
        refused: refused.as_ref().map(|(_, why)| why.clone()),
    };
    // It would live as long as we do, whatever other plant is loaded.
    drop(plant);
    let commands = settings.commands.map_or_else(Commands::none, Commands::of_file);
    let postman = Arc::new(Postman::new(hub.clone(), secrets.clone(), commands));
    let (turn, decisions) = turn.split();
    tokio::spawn(carry_out(decisions, hub.clone(), senses.clone(), postman.clone()));
    match &*senses {
        Senses::Prober(_) => {
            tokio::spawn(heartbeat::beat(hub.clone(), secrets.clone()));
            tokio::spawn(postman.keep_firing());
        }
        Senses::Player(player) => {
            tokio::spawn(player.clone().run());
        }
    }
    tokio::spawn(count(hub.clone()));
    tokio::spawn(remote_write::send(hub.clone(), elsewhere));
    tokio::spawn(pushes.clone().run());
    let door = http::console(console, hub.clone(), senses.clone(), pushes.clone(), scraped, access);
    tokio::spawn(door);
    if let Some(status) = status {
        tokio::spawn(http::status::serve(status, hub.clone()));
    }
    let mut hangup = on(SignalKind::hangup())?;
    let mut terminate = on(SignalKind::terminate())?;
    let mut interrupt = on(SignalKind::interrupt())?;
    ready(&told);
    let mut watch = Watch {
        stamp: plant_files::stamp(&settings.plant),
        path: settings.plant,
        refused: refused.map(|(source, _)| source),
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => watch.look(&hub, &senses, &pushes, true).await,
            () = tokio::time::sleep(LOOK_EVERY) => watch.look(&hub, &senses, &pushes, false).await,
        }
    }
    tracing::info!("ending");
    recorder.stop(LAST_SAMPLES_WITHIN).await;
    hub.outbox().empty(LAST_SAMPLES_WITHIN).await;
    turn.stop().await;
    Ok(())
}

/// Takes the plant on the disk into use. A restart finds the one that it was ended with: what the journal has of it is
/// in use already, and to read it a second time would leave as much memory behind, in pieces that the system does not
/// get back.
async fn take_up(hub: &Hub, texts: Texts) -> Result<Option<(PlantSource, String)>, ServeError> {
    let is_in_use = hub.state().plant_source().is_some_and(|source| texts.are(source));
    if is_in_use { Ok(None) } else { adopt(hub, check(texts)).await }
}

/// Asks everything once at the start, where that is little.
fn ask_all(hub: &Hub, senses: &Senses, plant: &Plant) {
    let is_own = |check: &&Check| check.from.contains(&VantageId(0)) && check.question.is_asked();
    let own = plant.checks().iter().filter(is_own);
    if own.clone().count() <= ASKED_AT_ONCE {
        senses.ask(hub, VantageName::here(), own.map(|check| check.key.clone()).collect());
    }
}

/// Checks the plant on a thread of its own, whose heap goes with it where each has one.
fn check(texts: Texts) -> Found {
    let checking = std::thread::spawn(move || texts.check());
    checking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

async fn listen(
    what: &'static str,
    option: &'static str,
    at: SocketAddr,
) -> Result<TcpListener, ServeError> {
    TcpListener::bind(at).await.map_err(|source| ServeError::Listen { what, option, at, source })
}

fn on(kind: SignalKind) -> Result<tokio::signal::unix::Signal, ServeError> {
    signal(kind).map_err(|source| ServeError::System { what: "listen for signals", source })
}

/// Takes the plant on the disk into use, or stays with the last good one. Returns the refused one.
async fn adopt(hub: &Hub, found: Found) -> Result<Option<(PlantSource, String)>, ServeError> {
    let (last, last_source) = {
        let state = hub.state();
        (state.plant().cloned(), state.plant_source().cloned())
    };
    match (&found.plant, last) {
        (None, None) => Err(ServeError::Refused(Box::new(found))),
        (None, Some(_)) => {
            let why = plant_files::summary(&found);
            tracing::error!("the plant is refused, the last good one runs on: {why}");
            let _ = hub.tell(Input::PlantRefused { why: why.clone() }).await;
            Ok(Some((found.source, why)))
        }
        (Some(plant), last) => {
            if last_source.as_ref() != Some(&found.source) {
                hub.samples().adopt(last.as_deref(), plant);
                let _ = hub.tell(Input::PlantLoaded(found.source)).await;
            }
            Ok(None)
        }
    }
}

/// Looks at the plant's files.
struct Watch {
    path: PathBuf,
    /// What the files looked like from outside when they were last read.
    stamp: plant_files::Stamp,
    /// The text that was refused last, so that it is refused once.
    refused: Option<PlantSource>,
}

impl Watch {
    /// Reads the files again when they look changed, or somebody says so.
    async fn look(&mut self, hub: &Arc<Hub>, senses: &Senses, pushes: &Pushes, told: bool) {
        let stamp = plant_files::stamp(&self.path);
        if stamp == self.stamp && !told {
            return;
        }
        self.stamp = stamp;
        let path = self.path.clone();
        let current = hub.state().plant_source().cloned();
        let refused = self.refused.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let texts = plant_files::read(&path)?;
            if current.as_ref() == Some(&texts.source) || refused.as_ref() == Some(&texts.source) {
                return Ok::<_, ReadError>(None);
            }
            Ok(Some(texts.check()))
        });
        let found = match looked.await {
            Ok(Ok(Some(found))) => found,
            Ok(Ok(None)) | Err(_) => return,
            Ok(Err(error)) => {
                // A file that is being replaced is away for a moment; the last good plant runs on.
                tracing::warn!("{}", chain(&error));
                return;
            }
        };
        match adopt(hub, found).await {
            Ok(None) => {
                self.refused = None;
                let plant = hub.state().plant().cloned();
                if let Some(plant) = plant {
                    tracing::info!("the changed plant is in use: {} checks", plant.checks().len());
                    assign(hub, senses, pushes, &plant);
                }
            }
            Ok(Some((source, _))) => self.refused = Some(source),
            Err(error) => tracing::error!("{}", chain(&error)),
        }
    }
}

/// What puts the checks: the network's prober, or the player of a pretend world.
pub(crate) enum Senses {
    /// Here the prober, elsewhere the agents.
    Prober(Prober),
    /// From every vantage.
    Player(Arc<Player>),
}

/// The plugins of this file, when it is in order.
fn plugins(file: Option<PathBuf>) -> Result<PluginStore, ServeError> {
    let store = PluginStore { file };
    let complaints = store.complaints();
    match &store.file {
        Some(path) if !complaints.is_empty() => {
            Err(ServeError::Plugins { path: path.clone(), complaints })
        }
        Some(_) | None => Ok(store),
    }
}

impl Senses {
    fn start(
        play: Option<Play>,
        hub: &Arc<Hub>,
        secrets: &Arc<dyn Secrets>,
        plugins: PluginStore,
    ) -> Result<Self, ServeError> {
        if let Some(play) = play {
            return Ok(Self::Player(Arc::new(Player::new(play, hub))));
        }
        let here = Arc::new(Here::new(hub));
        let equipment = Equipment::new(secrets.clone()).with_plugins(plugins);
        let prober = Prober::start(equipment, here, "here")
            .map_err(|source| ServeError::System { what: "start the probing threads", source })?;
        Ok(Self::Prober(prober))
    }

    /// Has checks put from a vantage now, out of the grid. Never waits.
    fn ask(&self, hub: &Hub, vantage: VantageName, checks: Vec<CheckKey>) {
        match self {
            Self::Player(player) => player.ask(vantage, checks),
            Self::Prober(prober) if vantage == VantageName::here() => prober.ask(checks),
            Self::Prober(_) => {
                if let Some(remote) = hub.remote() {
                    remote.ask(&vantage, &checks);
                }
            }
        }
    }

    /// What was done, since the start.
    pub(crate) fn stats(&self) -> Stats {
        match self {
            Self::Prober(prober) => prober.stats(),
            Self::Player(player) => player.stats(),
        }
    }

    /// The player, in a demonstration.
    pub(crate) fn player(&self) -> Option<&Player> {
        match self {
            Self::Prober(_) => None,
            Self::Player(player) => Some(player),
        }
    }
}

/// Gives every vantage its share of a plant. A player looks for itself.
fn assign(hub: &Hub, senses: &Senses, pushes: &Pushes, plant: &Arc<Plant>) {
    let Senses::Prober(prober) = senses else { return };
    pushes.expect(plant, |key| pushes::heard(hub, key));
    let (assignments, way_out) = share(plant, VantageId(0));
    prober.assign(assignments, &way_out);
    if let Some(remote) = hub.remote() {
        remote.assign(plant);
    }
}

/// What one vantage asks.
#[must_use]
pub fn share(
    plant: &Plant,
    vantage: VantageId,
) -> (Vec<Assignment>, Vec<blackstart_model::check::Question>) {
    let own = plant.vantage(vantage);
    let assignments = plant
        .checks()
        .iter()
        .filter(|check| check.from.contains(&vantage) && check.question.is_asked())
        .map(|check| Assignment {
            key: check.key.clone(),
            every: check.every,
            deadline: check.deadline,
            question: check.question.clone(),
            crosses_way_out: blackstart_reason::crosses_way_out(plant, check, own),
        })
        .collect();
    (assignments, own.way_out.clone())
}

/// Carries out what was decided. Everything here may be done twice: a question asked again, an alert
/// whose attempt is not due any more.
async fn carry_out(
    mut decisions: mpsc::UnboundedReceiver<Decision>,
    hub: Arc<Hub>,
    senses: Arc<Senses>,
    postman: Arc<Postman>,
) {
    while let Some(decision) = decisions.recv().await {
        match decision {
            Decision::Verify { asks, because: _ } => {
                let mut by_vantage: BTreeMap<VantageName, Vec<CheckKey>> = BTreeMap::new();
                for (check, vantage) in asks {
                    by_vantage.entry(vantage).or_default().push(check);
                }
                for (vantage, checks) in by_vantage {
                    senses.ask(&hub, vantage, checks);
                }
            }
            Decision::Deliver { alert, attempt, repeat, not_before } => {
                let (postman, senses) = (postman.clone(), senses.clone());
                tokio::spawn(async move {
                    match senses.player() {
                        None => postman.deliver(alert, attempt, repeat, not_before).await,
                        Some(player) => player.deliver(alert, attempt).await,
                    }
                });
            }
            Decision::Incident(revision) => {
                tracing::info!("{} is {}: {}", revision.id, revision.to, revision.because);
            }
            Decision::GiveUp { alert, because } => tracing::error!("{alert} given up: {because}"),
            Decision::Reject { because } => tracing::debug!("not acted on: {because}"),
            Decision::Alert(_) | Decision::Withhold { .. } => {}
        }
    }
}

/// Tells the steady answers together, now and then.
async fn count(hub: Arc<Hub>) {
    let mut next = clock::monotonic() + COUNTED_EVERY;
    loop {
        tokio::time::sleep_until(next.into()).await;
        next += COUNTED_EVERY;
        for counted in hub.samples().counted() {
            if hub.tell(Input::Counted(counted)).await.is_err() {
                return;
            }
        }
    }
}

/// An error with all its causes, in one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words.push_str(": ");
            words.push_str(&cause_words);
        }
        source = cause.source();
    }
    words
}
