//! One question, one answer: what every kind of check has in common.
//!
//! The deadline is absolute and covers everything from resolving to the last byte. An answer that did
//! not come by then is a symptom of the target only when we ourselves were on time; that is for the
//! prober to say, which knows.

use crate::icmp::Echoes;
use crate::plugin::Plugins;
use crate::plugins::PluginStore;
use crate::resolver::Resolver;
use crate::secrets::Secrets;
use crate::seen::{Notes, Seen};
use crate::tls::Roots;
use crate::{dns, http, imap, mariadb, ntp, plugin, postgres, redis, smtp, snmp, ssh, talk, tcp};
use blackstart_model::check::Question;
use blackstart_model::observation::{NoAnswer, NoAnswerCode, Outcome, Symptom, Timing};
use blackstart_model::reading::Reading;
use std::cell::RefCell;
use std::sync::Arc;
use tokio::time::Instant;

/// What questions are put with.
pub struct Equipment {
    pub(crate) resolver: Arc<Resolver>,
    pub(crate) roots: Arc<Roots>,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) plugins: Arc<Plugins>,
    pub(crate) notes: Notes,
}

impl Equipment {
    /// The host's resolvers and trust roots, and these secrets.
    #[must_use]
    pub fn new(secrets: Arc<dyn Secrets>) -> Self {
        let plugins = Arc::new(Plugins::new(PluginStore::default()));
        let (resolver, roots) = (Arc::default(), Arc::default());
        Self { resolver, roots, secrets, plugins, notes: Notes::default() }
    }

    /// The same, and the plugins that this host runs.
    #[must_use]
    pub fn with_plugins(self, store: PluginStore) -> Self {
        Self { plugins: Arc::new(Plugins::new(store)), ..self }
    }

    /// The host's resolvers and trust roots, and no secrets.
    #[must_use]
    pub fn bare() -> Self {
        Self::new(Arc::new(crate::secrets::SecretStore::default()))
    }
}

/// What one try saw.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// The answer.
    pub outcome: Outcome,
    /// Where its time went.
    pub timing: Timing,
    /// When the certificate it saw ends (leaf or best chain, whichever is first), seconds since 1970.
    pub certificate_ends_s: Option<i64>,
    /// The numbers it read, at most [`Reading::MAX`], in the order of the question.
    pub readings: Vec<Reading>,
}

impl Answer {
    /// An outcome and its times, of a check that reads no certificate and no numbers.
    #[must_use]
    pub const fn of(outcome: Outcome, timing: Timing) -> Self {
        Self { outcome, timing, certificate_ends_s: None, readings: Vec::new() }
    }
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self::of(outcome, Timing::default())
    }
}

/// What is kept of one check between its tries, by kinds that have to; it goes with the check.
#[derive(Default)]
pub(crate) struct Memory(RefCell<Option<Box<snmp::Memory>>>);

/// Puts a question.
pub(crate) async fn ask(
    equipment: &Equipment,
    echoes: &Echoes,
    memory: &Memory,
    question: &Question,
    deadline: Instant,
) -> Answer {
    let started = crate::clock::now();
    let mut answer = match question {
        Question::Http(http) => http::ask(equipment, http, deadline).await,
        Question::Tcp(tcp) => tcp::ask(equipment, tcp, deadline).await,
        Question::Talk(talk) => talk::ask(equipment, talk, deadline).await,
        Question::Icmp(icmp) => echoes.ask(equipment, icmp, deadline).await,
        Question::Dns(dns) => dns::ask(equipment, dns, deadline).await,
        Question::Ssh(ssh) => ssh::ask(equipment, ssh, deadline).await,
        Question::Smtp(mail) => smtp::ask(equipment, mail, deadline).await,
        Question::Imap(mail) => imap::ask(equipment, mail, deadline).await,
        Question::Redis(redis) => redis::ask(equipment, redis, deadline).await,
        Question::Postgres(database) => postgres::ask(equipment, database, deadline).await,
        Question::Mariadb(database) => mariadb::ask(equipment, database, deadline).await,
        Question::Snmp(snmp) => {
            // A copy: two tries of one check may be under way, and each ends with what it knows.
            let mut own = memory.0.borrow().clone().unwrap_or_default();
            let answer = snmp::ask(equipment, &mut own, snmp, deadline).await;
            memory.0.replace(Some(own));
            answer
        }
        Question::Ntp(ntp) => ntp::ask(equipment, ntp, deadline).await,
        Question::Plugin(plugin) => plugin::ask(equipment, plugin, deadline).await,
        // It comes by itself, to the server.
        Question::Push(_) => {
            Outcome::unknown(NoAnswerCode::NotAsked, "it is told, not asked").into()
        }
    };
    if answer.timing.total_us == 0 {
        // A kind that says goodbye has looked at the time before that.
        answer.timing.total_us = micros_since(started);
    }
    shorten(&mut answer.outcome);
    answer
}

/// Microseconds from then to now.
pub(crate) fn micros_since(then: Instant) -> u32 {
    u32::try_from(crate::clock::now().duration_since(then).as_micros()).unwrap_or(u32::MAX)
}

/// Holds details to their limit: some of their words come from outside.
fn shorten(outcome: &mut Outcome) {
    let detail = match outcome {
        Outcome::Up => return,
        Outcome::Degraded(Symptom { detail, .. })
        | Outcome::Down(Symptom { detail, .. })
        | Outcome::Unknown(NoAnswer { detail, .. }) => detail,
    };
    if detail.len() > Symptom::DETAIL_BYTES_MAX || detail.contains(char::is_control) {
        let mut short: String = detail.chars().filter(|c| !c.is_control()).collect();
        let mut end = short.len().min(Symptom::DETAIL_BYTES_MAX);
        while !short.is_char_boundary(end) {
            end -= 1;
        }
        short.truncate(end);
        *detail = short.into_boxed_str();
    }
}

/// Puts each of these once, all at the same time, and gives the answers in their order: for who wants to know now and
/// watches nothing yet. Blocks until the last has answered, or the deadline has passed.
///
/// # Errors
/// When the system gives no runtime.
pub fn ask_once(
    equipment: &Equipment,
    questions: &[Question],
    deadline: blackstart_model::time::Duration,
) -> std::io::Result<Vec<Answer>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let echoes = Echoes::default();
    let put = async {
        let deadline = crate::clock::now() + deadline;
        let all = questions.iter().map(async |question| {
            ask(equipment, &echoes, &Memory::default(), question, deadline).await
        });
        futures_util::future::join_all(all).await
    };
    Ok(tokio::task::LocalSet::new().block_on(&runtime, put))
}

/// Puts one question once and tells also what it saw on the way. Blocks as [`ask_once`] does.
///
/// # Errors
/// When the system gives no runtime.
pub fn ask_once_seen(
    equipment: &Equipment,
    question: &Question,
    deadline: blackstart_model::time::Duration,
) -> std::io::Result<(Answer, Seen)> {
    let Equipment { resolver, roots, secrets, plugins, notes: _ } = equipment;
    let noting = Equipment {
        resolver: resolver.clone(),
        roots: roots.clone(),
        secrets: secrets.clone(),
        plugins: plugins.clone(),
        notes: Notes::wanted(),
    };
    let answers = ask_once(&noting, std::slice::from_ref(question), deadline)?;
    let answer = answers.into_iter().next().expect("one answer to one question");
    Ok((answer, noting.notes.read()))
}
