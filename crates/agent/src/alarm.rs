//! Alerts of the agent's own: the server is silent, and nobody else would say so.
//!
//! How they leave stands in the agent's own configuration and nowhere else. What is said is only what is known from
//! here: for how long nothing was heard and why, whether this agent's way out is proved, and what it sees down
//! meanwhile, unjudged. A message that reached nobody is not kept for later: at the next look it is made anew, of what
//! is so then. One way that fails is tried again while the matter lasts; those who were told that it began are told
//! that it is over. Tested as a process in `tests/it`, and in the lab with servers that are killed and cables
//! that are cut.

use crate::centre::Centre;
use crate::clock;
use crate::config::alerts::{Alerts, Way};
use crate::keeper::Desk;
use crate::silence::{LOOK_EVERY, Say, Silence, WayOut};
use crate::spool::random_name;
use blackstart_delivery::{Courier, Matter, Message};
use blackstart_model::check::Question;
use blackstart_model::observation::Standing;
use blackstart_model::record::Delivery;
use blackstart_model::time::{Duration, shown_span};
use blackstart_probe::{Equipment, ask_once};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How often it is looked whether something is to be said.
const TICK: Duration = Duration::from_secs(1);

/// The deadline of the questions that prove the way out.
const PROOF_WITHIN: Duration = Duration::from_secs(5);

/// How often one way is tried with one message (chosen by hand: ten minutes of trying).
const ATTEMPTS_MAX: u32 = 20;

/// Whoever asks to be left alone for longer is tried again after this all the same, as by the server.
const LEFT_ALONE_MAX: Duration = Duration::from_secs(600);

/// Checks that are listed in a message; the rest is counted.
const LISTED_MAX: usize = 30;

/// The file that tells a restarted agent that a silence was told.
const TOLD: &str = "silence-told";

/// Watches the server's silence.
pub(crate) struct Alarm {
    agent: String,
    server: String,
    alerts: Alerts,
    courier: Courier,
    equipment: Arc<Equipment>,
    centre: Arc<Centre>,
    desk: Arc<Desk>,
    told: PathBuf,
    /// What all messages about the present silence have in common.
    episode: String,
    /// The present message's number in it.
    number: u32,
    /// Ways by which somebody was told of it.
    reached: BTreeSet<usize>,
    /// What is being said, and to whom it has still to be.
    saying: Option<(Say, BTreeMap<usize, Tried>)>,
    try_again_at: Duration,
}

/// How far one way is with the present message.
#[derive(Clone, Copy, Default)]
struct Tried {
    attempts: u32,
    /// An attempt may have arrived.
    repeat: bool,
    /// Not before then: the other side asked to be left alone.
    not_before: Duration,
}

impl Alarm {
    pub(crate) fn new(
        (agent, server): (String, String),
        alerts: Alerts,
        courier: Courier,
        equipment: Equipment,
        (centre, desk): (Arc<Centre>, Arc<Desk>),
        spool: &Path,
    ) -> Self {
        Self {
            agent,
            server,
            alerts,
            courier,
            equipment: Arc::new(equipment),
            centre,
            desk,
            told: spool.join(TOLD),
            episode: random_name().to_string(),
            number: 0,
            reached: BTreeSet::new(),
            saying: None,
            try_again_at: Duration::ZERO,
        }
    }

    /// Watches, and says what is to be said.
    pub(crate) async fn watch(mut self) -> Infallible {
        if self.alerts.ways.is_empty() {
            return std::future::pending().await;
        }
        let told = self.take_up();
        let Alerts { after, every, .. } = self.alerts;
        let mut silence = Silence::begin(after, every, clock::since_boot(), told);
        loop {
            tokio::time::sleep(TICK).await;
            if let Some(at) = self.centre.take_heard() {
                if let Some(say) = silence.heard(at) {
                    let reached = std::mem::take(&mut self.reached);
                    self.begin(say, reached);
                } else if !matches!(self.saying, Some((Say::Heard { .. }, _))) {
                    self.saying = None;
                }
            }
            if silence.passes(clock::since_boot()) {
                let way_out = self.prove().await;
                if let Some(say) = silence.proved(way_out, clock::since_boot()) {
                    let to = match say {
                        Say::Silent { .. } | Say::CutOff { .. } => {
                            (0..self.alerts.ways.len()).collect()
                        }
                        Say::Back { .. } | Say::Heard { .. } => self.reached.clone(),
                    };
                    self.begin(say, to);
                }
            }
            if self.saying.is_some() && clock::since_boot() >= self.try_again_at {
                self.try_again_at = clock::since_boot() + LOOK_EVERY;
                self.say(&mut silence).await;
            }
            silence.awake(clock::since_boot());
        }
    }

    /// Something is to be said by these ways; what was being said before is over.
    fn begin(&mut self, say: Say, to: BTreeSet<usize>) {
        let before = self.saying.take();
        let same =
            |(before, _): &(Say, _)| std::mem::discriminant(before) == std::mem::discriminant(&say);
        // Made anew, because it has reached nobody: the same message as far as whoever gets it is concerned.
        let tried = match before.filter(same) {
            Some((_, tried)) if self.reached.is_empty() => tried,
            Some(_) | None => {
                self.number += 1;
                BTreeMap::new()
            }
        };
        tracing::warn!("{}", self.words(&say).0);
        let to = to.into_iter().map(|at| (at, tried.get(&at).copied().unwrap_or_default()));
        self.saying = Some((say, to.collect()));
        self.try_again_at = Duration::ZERO;
    }

    /// Says it by every way that has not taken it yet and does not want to be left alone, all at the same time.
    async fn say(&mut self, silence: &mut Silence) {
        let Some((say, mut left)) = self.saying.take() else { return };
        let mut results = Vec::new();
        let now = clock::since_boot();
        for (&at, &tried) in left.iter().filter(|(_, tried)| tried.not_before <= now) {
            results.push((at, self.attempt(&say, at, tried.repeat)));
        }
        let (ats, attempts): (Vec<usize>, Vec<_>) = results.into_iter().unzip();
        let results = futures_util::future::join_all(attempts).await;
        let mut took = BTreeSet::new();
        for (at, result) in ats.into_iter().zip(results) {
            let way = &self.alerts.ways[at];
            let tried = left.entry(at).or_default();
            tried.attempts += 1;
            let done = match &result {
                Delivery::Delivered(_) => {
                    tracing::info!("told by {way}");
                    true
                }
                Delivery::Refused(_) => true,
                Delivery::InFlight(_) => std::mem::replace(&mut tried.repeat, true),
                Delivery::Later { after, .. } => {
                    tried.not_before = clock::since_boot() + (*after).min(LEFT_ALONE_MAX);
                    tried.attempts >= ATTEMPTS_MAX
                }
                Delivery::Failed(_) => tried.attempts >= ATTEMPTS_MAX,
            };
            match &result {
                Delivery::Delivered(_) => {}
                Delivery::Failed(why)
                | Delivery::Later { words: why, .. }
                | Delivery::Refused(why)
                | Delivery::InFlight(why) => {
                    tracing::warn!("could not tell by {way}: {why}");
                }
            }
            if matches!(result, Delivery::Delivered(_) | Delivery::InFlight(_)) {
                took.insert(at);
            }
            if done {
                left.remove(&at);
            }
        }
        if !took.is_empty() {
            silence.told(&say, clock::since_boot());
            match say {
                Say::Silent { .. } | Say::CutOff { .. } => {
                    self.reached.extend(took);
                    self.keep();
                }
                Say::Back { .. } | Say::Heard { .. } => {}
            }
        }
        let is_end = matches!(say, Say::Heard { .. });
        if left.is_empty() && is_end {
            let _ = std::fs::remove_file(&self.told);
            self.episode = random_name().to_string();
            self.number = 0;
        }
        if !left.is_empty() {
            self.saying = Some((say, left));
        }
    }

    async fn attempt(&self, say: &Say, at: usize, repeat: bool) -> Delivery {
        let (subject, text) = self.words(say);
        let (matter, news) = match say {
            Say::Silent { again: false, .. } => (Matter::Lasts, "server-silent"),
            Say::Silent { again: true, .. } => (Matter::Lasts, "server-still-silent"),
            Say::CutOff { .. } => (Matter::Lasts, "agent-cut-off"),
            Say::Back { .. } => (Matter::Over, "agent-back"),
            Say::Heard { .. } => (Matter::Over, "server-heard"),
        };
        let thread = format!("silence-{}.{}", self.episode, self.agent);
        let key = format!("silence-{}-{}.{}", self.episode, self.number, self.agent);
        let from = format!("agent {}", self.agent);
        let number = self.number.to_string();
        let message = Message {
            key: &key,
            thread: &thread,
            matter,
            plant: &from,
            installation: &self.episode,
            alert: &number,
            incident: None,
            news,
            subject: &subject,
            text: &text,
            repeat,
            decided_at: None,
            particulars: None,
            first_urgency: None,
            link: None,
        };
        match &self.alerts.ways[at] {
            Way::Mail(relay, to) => self.courier.mail(relay, to, &message).await,
            Way::Webhook(hook) => self.courier.webhook(hook, &message).await,
            Way::Ntfy(topic) => self.courier.ntfy(topic, &message).await,
            Way::Command(command) => self.courier.command(command, &message).await,
        }
    }

    /// One line and the message.
    fn words(&self, say: &Say) -> (String, String) {
        let Self { agent, server, .. } = self;
        let mut text = String::new();
        let mut line = |words: &str| writeln!(text, "{words}").expect("a String takes everything");
        let subject = match say {
            Say::Silent { lasted, way_out, again } => {
                let (lasted, still) = (shown_span(*lasted), if *again { "still " } else { "" });
                let why = self.centre.trouble().unwrap_or_else(|| "it says nothing".to_owned());
                line(&format!(
                    "Agent {agent} has heard nothing of the server {server} for {lasted}: {why}"
                ));
                line("");
                match way_out {
                    WayOut::Open(proof) => {
                        line(&format!("way out:   proved: {proof}"));
                        line(
                            "so:        it is the server, its host, or what lies between it and this agent",
                        );
                    }
                    WayOut::Unproven(why) | WayOut::Lost(why) => {
                        line(&format!("way out:   not proved: {why}"));
                        line("so:        it may be the server, or this agent's own network");
                    }
                }
                self.seen(&mut line);
                line("");
                line("While the server is silent nothing is judged and nobody else is told.");
                format!("[agent {agent}] the server {server} is {still}silent, for {lasted}")
            }
            Say::CutOff { detail } => {
                line(&format!(
                    "Agent {agent} has lost its way out, and hears nothing of the server {server}."
                ));
                line("Whether the server is well is not known from here.");
                line("");
                line(&format!("way out:   lost: {detail}"));
                format!("[agent {agent}] cut off; of the server nothing is known")
            }
            Say::Back { lasted } => {
                let lasted = shown_span(*lasted);
                line(&format!("Agent {agent} has its way out again, after {lasted}."));
                line(&format!(
                    "Of the server {server} nothing is heard yet; the silence counts from now on."
                ));
                format!("[agent {agent}] no longer cut off, after {lasted}")
            }
            Say::Heard { lasted } => {
                let lasted = shown_span(*lasted);
                line(&format!("Agent {agent} hears the server {server} again, after {lasted}."));
                line("What was seen meanwhile is on its way to it.");
                format!("[agent {agent}] over: the server {server} is heard again, after {lasted}")
            }
        };
        (subject, text)
    }

    /// What is seen down from here.
    fn seen(&self, line: &mut impl FnMut(&str)) {
        let (down, all) = self.desk.intake().down();
        match (down.len(), all) {
            (_, 0) => line(
                "seen:      nothing: the server has given this agent nothing to ask since it was started",
            ),
            (0, all) => line(&format!("seen:      none of {all} checks is down")),
            (count, all) => line(&format!("seen:      {count} of {all} checks are down:")),
        }
        for (key, outcome) in down.iter().take(LISTED_MAX) {
            line(&format!("           - {key}: {outcome}"));
        }
        if down.len() > LISTED_MAX {
            line(&format!("           and {} more", down.len() - LISTED_MAX));
        }
    }

    /// Whether our own way out is open now.
    async fn prove(&self) -> WayOut {
        let mut questions: Vec<Question> = self.centre.way_out();
        questions.extend(self.alerts.way_out.iter().cloned());
        if questions.is_empty() {
            return WayOut::Unproven(
                "neither the server nor `alert_way_out` says what would".to_owned(),
            );
        }
        let (equipment, all) = (self.equipment.clone(), questions.len());
        let asking =
            tokio::task::spawn_blocking(move || ask_once(&equipment, &questions, PROOF_WITHIN));
        let answers = match asking.await {
            Ok(Ok(answers)) => answers,
            Ok(Err(why)) => {
                return WayOut::Unproven(format!("the system lets nothing be asked: {why}"));
            }
            Err(_) => return WayOut::Unproven("we are ending".to_owned()),
        };
        let of =
            |standing| answers.iter().filter(move |answer| answer.outcome.standing() == standing);
        let answered = of(Standing::Up).count() + of(Standing::Degraded).count();
        let failed: Vec<String> =
            of(Standing::Down).map(|answer| answer.outcome.to_string()).collect();
        if answered > 0 {
            WayOut::Open(format!("{answered} of {all} questions that prove it are answered"))
        } else if failed.len() == all {
            WayOut::Lost(failed.join("; "))
        } else {
            WayOut::Unproven(format!("{} of {all} questions could not be put", all - failed.len()))
        }
    }

    /// Whether an earlier process has told a silence whose end it did not see; it then goes on.
    fn take_up(&mut self) -> bool {
        let text = std::fs::read_to_string(&self.told).unwrap_or_default();
        let Some((episode, number)) = text.trim_end().split_once(' ') else { return false };
        let is_name = (1..=100).contains(&episode.len())
            && episode.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let (true, Ok(number)) = (is_name, number.parse()) else { return false };
        (self.episode, self.number) = (episode.to_owned(), number);
        self.reached = (0..self.alerts.ways.len()).collect();
        true
    }

    fn keep(&self) {
        let text = format!("{} {}\n", self.episode, self.number);
        if let Err(why) = std::fs::write(&self.told, text) {
            let path = self.told.display();
            tracing::warn!(
                "a restart would tell this silence again: could not write {path}: {why}"
            );
        }
    }
}
