//! Who is told what, and who is not, and why; and how far each message has got.
//!
//! Every news of an incident ends as an [`Alert`] or as a withheld one with its reason. Delivery is at
//! least once: an attempt is a record before its first byte leaves, so an attempt that we died in is
//! known, and is repeated once, under the same number, marked as a repeat.

use crate::evidence::later;
use crate::state::{AlertProgress, AlertStage, Incident, Loaded, State, Told};
use crate::summary::confidence;
use blackstart_model::incident::IncidentState;
use blackstart_model::plant::Plant;
use blackstart_model::record::{
    Alert, BelievedFault, Decision, Delivery, News, Particulars, Recipient, Urgency,
};
use blackstart_model::time::{Duration, Timestamp, shown, shown_span};
use blackstart_model::{AlertId, ComponentName, IncidentId};
use std::fmt::Write as _;

/// Two alerts about one incident's cause are at least so far apart (chosen by hand).
pub(crate) const APART: Duration = Duration::from_secs(60);

/// A changed cause is worth another alert only when it is more likely than not.
const WORTH_TELLING: f64 = 0.5;

/// The pauses before the second and later attempts; after the last the alert is given up. About two
/// hours in all: longer than a relay's restart, shorter than the night.
const PAUSES: [Duration; 8] = [
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(300),
    Duration::from_secs(600),
    Duration::from_secs(1_800),
    Duration::from_secs(3_600),
];

/// Whoever asks to be left alone for longer is tried again after this all the same (chosen by hand): what is told an
/// hour late is no alert any more, and who still cannot take it says so again.
const LEFT_ALONE_MAX: Duration = Duration::from_secs(600);

/// Names listed in a message; the rest is counted.
const LISTED_MAX: usize = 30;

/// Tells, or withholds, the news of every incident.
pub(crate) fn tell(
    state: &mut State,
    loaded: &Loaded,
    now: Timestamp,
    decisions: &mut Vec<Decision>,
) {
    let ids: Vec<IncidentId> = state.open.iter().copied().collect();
    for id in ids {
        let incident = &state.incidents[&id];
        let Some(news) = news(incident) else { continue };
        let silenced = incident.silenced_until.filter(|&until| until > now);
        let withheld = match (silenced, &incident.told, news) {
            // Only those who keep it open are told, so that they close it; others miss nothing.
            (_, _, News::Merged) => None,
            (Some(until), _, _) => {
                Some(format!("silenced until {}", shown(until, loaded.plant.zone())))
            }
            (None, Some(told), News::CauseChanged) if now < later(told.at, APART) => {
                Some(format!("told less than {} ago", shown_span(APART)))
            }
            _ if recipients(&loaded.plant, news).is_empty() => {
                Some("the plant names nobody to alert".to_owned())
            }
            _ => None,
        };
        let cause = incident.cause();
        if let Some(because) = withheld {
            let said = format!("{news}: {because}");
            let incident = state.incidents.get_mut(&id).expect("its id was just listed");
            if incident.withheld.as_ref() != Some(&said) {
                incident.withheld = Some(said);
                decisions.push(Decision::Withhold { incident: id, news, because });
            }
            continue;
        }
        let to = recipients(&loaded.plant, news);
        let told = told_of(loaded, incident, news, now);
        let incident = state.incidents.get_mut(&id).expect("its id was just listed");
        incident.told = match news {
            News::Resolved | News::Merged => None,
            News::Opened | News::CauseChanged | News::Acknowledged | News::PlantRefused => {
                Some(Told { cause, at: now })
            }
        };
        incident.withheld = None;
        send_all(state, Some(id), news, to, &told, now, decisions);
    }
}

/// Tells those who keep an incident open that somebody has taken it.
pub(crate) fn acknowledged(
    state: &mut State,
    id: IncidentId,
    now: Timestamp,
    decisions: &mut Vec<Decision>,
) {
    let incident = state.incidents.get(&id).filter(|incident| incident.told.is_some());
    let (Some(loaded), Some(incident)) = (&state.plant, incident) else { return };
    let told = told_of(loaded, incident, News::Acknowledged, now);
    let to = recipients(&loaded.plant, News::Acknowledged);
    send_all(state, Some(id), News::Acknowledged, to, &told, now, decisions);
}

/// What every recipient of one piece of news is told.
struct Saying {
    subject: String,
    body: String,
    because: String,
    particulars: Option<Box<Particulars>>,
}

fn told_of(loaded: &Loaded, incident: &Incident, news: News, now: Timestamp) -> Saying {
    let (subject, body) = words(loaded, incident, news, now);
    let because = incident.history.last().map_or_else(String::new, |(_, _, why)| why.clone());
    Saying { subject, body, because, particulars: Some(Box::new(particulars(incident))) }
}

/// An alert for each recipient; only machines get the particulars.
fn send_all(
    state: &mut State,
    incident: Option<IncidentId>,
    news: News,
    to: Vec<Recipient>,
    told: &Saying,
    now: Timestamp,
    decisions: &mut Vec<Decision>,
) {
    for to in to {
        let particulars = told.particulars.clone().filter(|_| to.is_machine());
        let alert = Alert {
            id: next_id(state),
            incident,
            news,
            to,
            subject: told.subject.clone(),
            body: told.body.clone(),
            because: told.because.clone(),
            particulars,
        };
        send(state, alert, now, decisions);
    }
}

/// An incident for machines: the same belief as in the words, with what it leaves open.
fn particulars(incident: &Incident) -> Particulars {
    let lead = incident.diagnosis.hypotheses.first();
    let cause = lead.filter(|lead| !lead.faults.is_empty());
    let names = |list: &[ComponentName]| capped(list.iter().map(ToString::to_string), list.len());
    let checks = |list: &[String]| capped(list.iter().cloned(), list.len());
    let urgency = match (incident.customers.is_empty(), incident.services.is_empty()) {
        (false, _) => Urgency::Critical,
        (true, false) => Urgency::Error,
        (true, true) => Urgency::Warning,
    };
    Particulars {
        urgency,
        opened_at: incident.opened_at,
        cause: incident.cause(),
        sure_percent: cause.map(|lead| percent(lead.posterior)),
        sentence: incident.diagnosis.sentence.clone(),
        explains: lead.map_or_else(Vec::new, |lead| checks(&lead.explains)),
        unexplained: lead.map_or_else(Vec::new, |lead| checks(&lead.unexplained)),
        contradicted: lead.map_or_else(Vec::new, |lead| checks(&lead.contradicted)),
        services: names(&incident.services),
        customers: names(&incident.customers),
    }
}

/// Never 0 or 100: something that nobody modelled is always possible.
fn percent(posterior: f64) -> u8 {
    let rounded = (posterior * 100.0).round();
    (1..=99).rev().find(|&percent| f64::from(percent) <= rounded).unwrap_or(1)
}

fn capped(names: impl Iterator<Item = String>, all: usize) -> Vec<String> {
    let mut kept: Vec<String> = names.take(Particulars::LISTED_MAX).collect();
    if all > kept.len() {
        kept.push(format!("and {} more", all - kept.len()));
    }
    kept
}

/// What about an incident has not been told yet.
fn news(incident: &Incident) -> Option<News> {
    match (incident.state, &incident.told) {
        (IncidentState::Open | IncidentState::Acknowledged, None) => Some(News::Opened),
        (IncidentState::Open | IncidentState::Acknowledged, Some(told)) => {
            let lead = incident.diagnosis.hypotheses.first()?;
            (!lead.faults.is_empty()
                && incident.cause() != told.cause
                && lead.posterior >= WORTH_TELLING)
                .then_some(News::CauseChanged)
        }
        (IncidentState::Resolved | IncidentState::Dismissed, Some(_)) => Some(News::Resolved),
        (IncidentState::Merged, Some(_)) => Some(News::Merged),
        (
            IncidentState::Suspected
            | IncidentState::Recovering
            | IncidentState::Merged
            | IncidentState::Resolved
            | IncidentState::Dismissed,
            _,
        ) => None,
    }
}

/// Tells that a plant was refused.
pub(crate) fn plant_refused(
    state: &mut State,
    why: &str,
    now: Timestamp,
    decisions: &mut Vec<Decision>,
) {
    let Some(loaded) = state.plant.as_ref() else { return };
    let (name, to) = (loaded.plant.name(), recipients(&loaded.plant, News::PlantRefused));
    let told = Saying {
        subject: format!("[{name}] a changed plant file was refused"),
        body: format!(
            "The plant file was changed and cannot be loaded; the last good one runs on.\n\n{why}\n\n\
             Run `blackstart check` on it to see every finding.\n"
        ),
        because: "an invalid plant must not go unnoticed".to_owned(),
        particulars: None,
    };
    send_all(state, None, News::PlantRefused, to, &told, now, decisions);
}

/// Everybody the plant names to whom such news is of use, mail first.
fn recipients(plant: &Plant, news: News) -> Vec<Recipient> {
    let mut all = plant.alerting().recipients();
    all.retain(|to| match news {
        News::Opened | News::CauseChanged | News::Resolved | News::PlantRefused => true,
        // An Alertmanager has no word for it.
        News::Acknowledged => matches!(to, Recipient::PagerDuty(_)),
        News::Merged => to.holds_open(),
    });
    all
}

fn next_id(state: &mut State) -> AlertId {
    state.alerts_made += 1;
    AlertId(state.alerts_made)
}

fn send(state: &mut State, alert: Alert, now: Timestamp, decisions: &mut Vec<Decision>) {
    let left_alone = state.alerts.values().filter(|other| other.alert.to == alert.to);
    let left_alone = left_alone.filter_map(|other| other.left_alone_until).max();
    let left_alone_until = left_alone.filter(|&until| until > now);
    let not_before = left_alone_until.unwrap_or(now);
    let stage = AlertStage::Waiting { attempt: 1, not_before, repeat: false };
    let id = alert.id;
    decisions.push(Decision::Alert(alert.clone()));
    decisions.push(Decision::Deliver { alert: id, attempt: 1, repeat: false, not_before });
    let progress = AlertProgress { alert, decided_at: now, stage, failed: None, left_alone_until };
    state.alerts.insert(id, progress);
}

/// One line and the message.
fn words(loaded: &Loaded, incident: &Incident, news: News, now: Timestamp) -> (String, String) {
    let (plant, zone) = (&loaded.plant, loaded.plant.zone());
    let cause = incident.diagnosis.hypotheses.first().filter(|lead| !lead.faults.is_empty());
    let what = cause.map_or_else(
        || "something fails, cause unknown".to_owned(),
        |lead| {
            let said = |BelievedFault { fault, .. }: &BelievedFault| {
                format!("{} {}", fault.subject, fault.mode)
            };
            lead.faults.iter().map(said).collect::<Vec<_>>().join(" and ")
        },
    );
    let hit = format!(
        "{}, {}",
        counted(incident.services.len(), "service"),
        counted(incident.customers.len(), "customer")
    );
    let lasted = now.duration_since(incident.opened_at).unsigned_abs();
    let subject = match news {
        News::Resolved => {
            format!(
                "[{}] over: {what}, after {} ({})",
                plant.name(),
                shown_span(lasted),
                incident.id
            )
        }
        News::CauseChanged => format!("[{}] now: {what}; {hit} ({})", plant.name(), incident.id),
        News::Acknowledged => {
            let who = incident.acknowledged_by.as_deref().unwrap_or("somebody");
            format!("[{}] taken by {who}: {what} ({})", plant.name(), incident.id)
        }
        News::Merged => {
            let into = incident.merged_into.map_or_else(String::new, |into| format!(" of {into}"));
            format!("[{}] {} is part{into} now: {what}", plant.name(), incident.id)
        }
        News::Opened | News::PlantRefused => {
            format!("[{}] {what}; {hit} ({})", plant.name(), incident.id)
        }
    };
    let sentence = &incident.diagnosis.sentence;
    let mut body = match news {
        // Read at night, a sentence that something is down must not open the word that it is up.
        News::Resolved => format!("It is over. What we believed: {sentence}\n\n"),
        News::Opened
        | News::CauseChanged
        | News::Acknowledged
        | News::Merged
        | News::PlantRefused => format!("{sentence}\n\n"),
    };
    let mut line = |text: String| writeln!(body, "{text}").expect("a String takes everything");
    line(format!("since:     {}", shown(incident.opened_at, zone)));
    if news == News::Resolved {
        line(format!("over:      {}, after {}", shown(now, zone), shown_span(lasted)));
    }
    line(format!("services:  {}", listed(&incident.services)));
    line(format!("customers: {}", listed(&incident.customers)));
    if let Some(lead) = cause {
        line(format!("sure:      {}; {}", confidence(lead.posterior), incident.diagnosis.searched));
        line(format!(
            "evidence:  explains {}, leaves {} unexplained, contradicts {}",
            counted(lead.explains.len(), "failing check"),
            lead.unexplained.len(),
            lead.contradicted.len()
        ));
        for explained in lead.explains.iter().take(LISTED_MAX) {
            line(format!("           - {explained}"));
        }
    }
    if let Some(url) = &plant.alerting().console_url {
        line(format!("look:      {}/incidents/{}", url.trim_end_matches('/'), incident.id));
    }
    (subject, body)
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn listed(names: &[ComponentName]) -> String {
    if names.is_empty() {
        return "none known".to_owned();
    }
    let mut text =
        names.iter().take(LISTED_MAX).map(ComponentName::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > LISTED_MAX {
        write!(text, " and {} more", names.len() - LISTED_MAX).expect("a String takes everything");
    }
    text
}

/// An attempt begins.
pub(crate) fn attempt_started(state: &mut State, id: AlertId, attempt: u32) -> Result<(), String> {
    let Some(progress) = state.alerts.get_mut(&id) else {
        return Err(format!("there is no alert {id}"));
    };
    match progress.stage {
        AlertStage::Waiting { attempt: due, repeat, .. } if due == attempt => {
            progress.stage = AlertStage::Attempting { attempt, repeat };
            Ok(())
        }
        _ => Err(format!("attempt {attempt} of {id} was not due")),
    }
}

/// An attempt has ended.
pub(crate) fn attempt_ended(
    state: &mut State,
    id: AlertId,
    attempt: u32,
    result: &Delivery,
    now: Timestamp,
    decisions: &mut Vec<Decision>,
) -> Result<(), String> {
    let Some(progress) = state.alerts.get_mut(&id) else {
        return Err(format!("there is no alert {id}"));
    };
    let AlertStage::Attempting { attempt: running, repeat } = progress.stage else {
        return Err(format!("no attempt of {id} was under way"));
    };
    if running != attempt {
        return Err(format!("attempt {attempt} of {id} was not under way"));
    }
    let stage = match result {
        Delivery::Delivered(words) => AlertStage::Delivered { at: now, words: words.clone() },
        Delivery::Refused(words) => AlertStage::GivenUp { because: format!("refused: {words}") },
        Delivery::Failed(words) => again(attempt, repeat, words, now),
        Delivery::Later { words, after } => {
            let until = later(now, (*after).min(LEFT_ALONE_MAX));
            progress.left_alone_until = Some(until);
            match again(attempt, repeat, words, now) {
                AlertStage::Waiting { attempt, not_before, repeat } => {
                    AlertStage::Waiting { attempt, not_before: not_before.max(until), repeat }
                }
                given_up => given_up,
            }
        }
        Delivery::InFlight(words) => in_flight(attempt, repeat, words, now),
    };
    progress.failed = match result {
        Delivery::Delivered(_) => None,
        Delivery::Failed(words)
        | Delivery::Later { words, .. }
        | Delivery::Refused(words)
        | Delivery::InFlight(words) => Some((now, words.clone())),
    };
    progress.stage = stage;
    decide(id, &progress.stage, decisions);
    Ok(())
}

/// The process starts anew: what it was doing when it ended is taken up.
pub(crate) fn started(state: &mut State, now: Timestamp, decisions: &mut Vec<Decision>) {
    for (&id, progress) in &mut state.alerts {
        if let AlertStage::Attempting { attempt, repeat } = progress.stage {
            let words = "the program ended during it";
            progress.stage = in_flight(attempt, repeat, words, now);
            progress.failed = Some((now, words.to_owned()));
        }
        if matches!(progress.stage, AlertStage::Waiting { .. }) {
            decide(id, &progress.stage, decisions);
        }
    }
}

/// What was not taken over is tried again after a pause, and given up after the last one.
fn again(attempt: u32, repeat: bool, words: &str, now: Timestamp) -> AlertStage {
    match PAUSES.get(attempt as usize - 1) {
        Some(&pause) => {
            AlertStage::Waiting { attempt: attempt + 1, not_before: later(now, pause), repeat }
        }
        None => AlertStage::GivenUp { because: format!("failed {attempt} times, last: {words}") },
    }
}

/// An attempt that may have arrived is repeated once, and marked; a second one is not.
fn in_flight(attempt: u32, repeat: bool, words: &str, now: Timestamp) -> AlertStage {
    if repeat {
        AlertStage::GivenUp { because: format!("caught in flight twice, last: {words}") }
    } else {
        AlertStage::Waiting { attempt: attempt + 1, not_before: now, repeat: true }
    }
}

fn decide(id: AlertId, stage: &AlertStage, decisions: &mut Vec<Decision>) {
    match stage {
        AlertStage::Waiting { attempt, not_before, repeat } => decisions.push(Decision::Deliver {
            alert: id,
            attempt: *attempt,
            repeat: *repeat,
            not_before: *not_before,
        }),
        AlertStage::GivenUp { because } => {
            decisions.push(Decision::GiveUp { alert: id, because: because.clone() });
        }
        AlertStage::Attempting { .. } | AlertStage::Delivered { .. } => {}
    }
}
