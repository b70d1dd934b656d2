//! Checks, vantages and maintenance: what is asked, from where, and what was announced.
//!
//! How one kind of question is written stands in the file of its name; [`form`] lists them.

pub(super) mod form;
pub(super) mod http;
mod tcp;
pub(super) mod talk;
mod icmp;
pub(super) mod dns;
mod ssh;
mod dialogue;
pub(super) mod redis;
pub(super) mod database;
pub(super) mod snmp;
mod ntp;
mod plugin;
mod push;

use super::lower::{Names, bad_name, zone};
use super::reader::{Keys, as_host_port, entries, flag, list, span, span_within, text};
use super::tree::{Node, Place};
use super::{Report, codes, shortened};
use crate::check::{Check, HostPort, Question};
use crate::id::{CheckId, CheckKey, ComponentId, PlaneId, VantageId, VantageName};
use crate::plant::{Lifeline, Maintenance, Secret, Vantage};
use crate::time::Duration;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How long a vantage may be silent when nothing is said.
pub(super) const SILENT_DEFAULT: Duration = Duration::from_secs(15);

/// How long it may be silent: less would take every hiccup for a loss, more would hide one.
const SILENT: (Duration, Duration) = (Vantage::SILENT_MIN, Duration::from_secs(86_400));

/// Between two tries of one check: a load test below, and a calendar entry above.
const EVERY: (Duration, Duration) = (Check::EVERY_MIN, Duration::from_secs(7 * 86_400));

/// Vantages of one plant at most: each has its own gates in the circuit.
const VANTAGES_MAX: usize = 1_000;

/// Questions that prove one way out at most.
const WAY_OUT_MAX: usize = 10;

/// What is told may be late by this part of its period, when nothing is said (chosen by hand: a nightly job by two
/// hours and a half).
const PUSH_LATE: u32 = 10;

/// Checks of one component at most.
const CHECKS_MAX: usize = 100;

/// Reads `here` and `vantages`.
pub(super) fn vantages(
    here: Option<&Node<'_>>,
    others: &[&Node<'_>],
    names: &mut Names<'_>,
    report: &mut Report,
) {
    let mut made = vec![Vantage {
        name: VantageName::here(),
        at: None,
        segment: None,
        agent: None,
        way_out: Vec::new(),
        silent_max: SILENT_DEFAULT,
        alerts: false,
    }];
    if let Some(node) = here {
        vantage(&mut made[0], node, names, report);
    }
    let mut by_name = HashMap::from([(VantageName::here(), VantageId(0))]);
    let mut agents: HashSet<Box<str>> = HashSet::new();
    let others: Vec<_> =
        others.iter().flat_map(|node| entries(Some(node), "`vantages`", report)).collect();
    for entry in others {
        if !is_name(&entry.key, entry.key_place, report) {
            continue;
        }
        if by_name.contains_key(&*entry.key) {
            let message = format!("`{}` is a vantage already", entry.key);
            let help = if entry.key == VantageName::here().as_str() {
                "the server itself is `here`, at the top of the file".to_owned()
            } else {
                "it stands in another file of the folder".to_owned()
            };
            report.add(codes::DUPLICATE_NAME, entry.key_place, message, Some(help));
            continue;
        }
        if made.len() == VANTAGES_MAX {
            let message = format!("more than {VANTAGES_MAX} vantages");
            report.add(codes::LIMIT, entry.key_place, message, None);
            break;
        }
        let mut own = Vantage {
            name: VantageName::from(&*entry.key),
            at: None,
            segment: None,
            agent: Some(entry.key.as_ref().into()),
            way_out: Vec::new(),
            silent_max: SILENT_DEFAULT,
            alerts: false,
        };
        vantage(&mut own, &entry.value, names, report);
        if let Some(agent) = &own.agent
            && !agents.insert(agent.clone())
        {
            let message = format!("the agent `{agent}` is another vantage already");
            let help = "an agent is one vantage: enrol a second one under its own name".to_owned();
            report.add(codes::DUPLICATE_NAME, entry.key_place, message, Some(help));
        }
        by_name.insert(own.name.clone(), VantageId(u32::try_from(made.len()).expect("few")));
        made.push(own);
    }
    names.vantages_by_name = by_name;
    names.vantages = made;
}

fn vantage(made: &mut Vantage, node: &Node<'_>, names: &Names<'_>, report: &mut Report) {
    let Some(mut keys) = Keys::of(node, "a vantage", report) else { return };
    if let Some(at) = keys.take("at")
        && let Some(written) = text(at, "`at`", report)
        && let Some((component, segment)) = names.place(written, at.place, report)
    {
        (made.at, made.segment) = (Some(component), segment);
    }
    if made.name != VantageName::here()
        && let Some(node) = keys.take("agent")
        && let Some(agent) = text(node, "`agent`", report)
        && is_name(agent, node.place, report)
    {
        made.agent = Some(agent.into());
    }
    let way_out = keys.take("way_out").map_or(&[][..], list);
    if let Some(beyond) = way_out.get(WAY_OUT_MAX) {
        let message = format!("more than {WAY_OUT_MAX} questions");
        report.add(codes::LIMIT, beyond.place, message, None);
    }
    for node in way_out.iter().take(WAY_OUT_MAX) {
        if let Some(mut keys) = Keys::of(node, "a way-out check", report) {
            let asked = form::question(&mut keys, report).map(|(_, question)| question);
            if asked.as_ref().is_some_and(|question| !question.is_asked()) {
                let message = "a way out is proved by asking, and this only listens".to_owned();
                report.add(codes::CHOICE, node.place, message, None);
            }
            made.way_out.extend(asked.filter(Question::is_asked));
            keys.finish("a way-out check", report);
        }
    }
    if let Some(silent) = keys
        .take("silent_after")
        .and_then(|node| span_within(node, "`silent_after`", SILENT, report))
    {
        made.silent_max = silent;
    }
    if made.name != VantageName::here()
        && let Some(alerts) = keys.take("alerts").and_then(|node| flag(node, "`alerts`", report))
    {
        made.alerts = alerts;
    }
    keys.finish("a vantage", report);
}

/// Reads the checks of one component.
pub(super) fn checks(
    node: &Node<'_>,
    component: ComponentId,
    name: &str,
    names: &mut Names<'_>,
    checks: &mut Vec<Check>,
    report: &mut Report,
) {
    let own = checks.len();
    if let Some(beyond) = list(node).get(CHECKS_MAX) {
        let message = format!("more than {CHECKS_MAX} checks of one component");
        report.add(codes::LIMIT, beyond.place, message, None);
    }
    for node in list(node).iter().take(CHECKS_MAX) {
        let Some(mut keys) = Keys::of(node, "a check", report) else { continue };
        let asked = form::question(&mut keys, report);
        let written = keys
            .take("name")
            .and_then(|node| Some((text(node, "a check's name", report)?, node.place)))
            .filter(|(name, place)| is_name(name, *place, report))
            .map(|(name, _)| name);
        let every = keys.take("every").and_then(|node| span_within(node, "`every`", EVERY, report));
        let deadline = keys.take("deadline").and_then(|node| span(node, "`deadline`", report));
        let from: Option<Vec<VantageId>> = keys.take("from").map(|node| {
            let mut from: Vec<VantageId> = list(node)
                .iter()
                .filter_map(|node| {
                    names.vantage(text(node, "a vantage", report)?, node.place, report)
                })
                .collect();
            if list(node).is_empty() {
                let message = "a check is put from somewhere".to_owned();
                let help = "leave `from` out for the server itself".to_owned();
                report.add(codes::EMPTY, node.place, message, Some(help));
            }
            from.sort_unstable();
            from.dedup();
            from
        });
        let plane =
            keys.take("over").and_then(|node| names.plane(node, report)).unwrap_or(PlaneId::FRONT);
        keys.finish("a check", report);
        let Some((kind, question)) = asked else { continue };
        if !question.is_asked() {
            if every.is_none() {
                let message = "nothing says how often it is told".to_owned();
                let help =
                    "as `every: 1 d`, with `deadline: 1 h` for how late it may be".to_owned();
                report.add(codes::MISSING_KEY, node.place, message, Some(help));
            }
            if from.as_ref().is_some_and(|from| *from != [VantageId(0)]) {
                let message = "only the server itself listens".to_owned();
                report.add(codes::CHOICE, node.place, message, Some("leave `from` out".to_owned()));
                continue;
            }
        }
        let every = every.unwrap_or(Check::EVERY_DEFAULT);
        let deadline = deadline.unwrap_or_else(|| {
            if question.is_asked() { self::deadline(every) } else { every / PUSH_LATE }
        });
        if deadline.is_zero() || deadline > every {
            let message = "the deadline must be within the period".to_owned();
            report.add(codes::BOUNDS, node.place, message, None);
            continue;
        }
        if let Question::Icmp(icmp) = &question
            && icmp.spacing * (u32::from(icmp.echoes) - 1) >= deadline
        {
            let message = "the deadline passes before the last echo is sent".to_owned();
            let help = "send fewer `echoes`, with less `spacing`, or less often".to_owned();
            report.add(codes::BOUNDS, node.place, message, Some(help));
            continue;
        }
        let short =
            written.map_or_else(|| unnamed(kind, name, checks[own..].iter()), str::to_owned);
        let key = CheckKey::from(format!("{name}/{short}"));
        if checks[own..].iter().any(|check| check.key == key) {
            let message = format!("`{}` has two checks called `{}`", name, shortened(&short));
            report.add(codes::DUPLICATE_NAME, node.place, message, None);
            continue;
        }
        let id = CheckId(u32::try_from(checks.len()).expect("checks fit u32"));
        let from = from.unwrap_or_else(|| vec![VantageId(0)]);
        if from.is_empty() {
            continue;
        }
        let question = Arc::new(question);
        checks.push(Check { id, key, component, plane, every, deadline, from, question });
    }
}

/// The deadline when nothing is said.
pub(super) fn deadline(every: Duration) -> Duration {
    Check::DEADLINE_DEFAULT.min(every / 2)
}

/// What a check is called that was given no name: its kind, and from the second on a number.
pub(super) fn unnamed<'c>(
    kind: &str,
    component: &str,
    before: impl Iterator<Item = &'c Check> + Clone,
) -> String {
    let free = |short: &String| {
        let key = format!("{component}/{short}");
        before.clone().all(|check| check.key.as_str() != key)
    };
    let numbered = (2..).map(|nth| format!("{kind}-{nth}"));
    std::iter::once(kind.to_owned()).chain(numbered).find(free).expect("there is always a number")
}

/// Whether a text can be a name; if not, that is a finding.
pub(super) fn is_name(written: &str, place: Place, report: &mut Report) -> bool {
    let why = bad_name(written);
    if let Some(why) = why {
        let message = format!("`{}` cannot be a name: {why}", shortened(written));
        let help = "letters, digits, `-`, `_` and `.`".to_owned();
        report.add(codes::BAD_NAME, place, message, Some(help));
    }
    why.is_none()
}

pub(super) const LITERAL: &str = "a user or password in a URL would be a secret written out";

/// Host, port and path of a URL (RFC 3986), as strict as a check needs it.
pub(crate) fn url(written: &str, scheme: &str) -> Result<(HostPort, Box<str>), &'static str> {
    let rest = written
        .strip_prefix(scheme)
        .and_then(|rest| rest.strip_prefix("://"))
        .ok_or("its scheme must be that of the check")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') {
        return Err(LITERAL);
    }
    let default = if scheme == "https" { 443 } else { 80 };
    let authority =
        as_host_port(authority, Some(default)).ok_or("its host or port cannot be read")?;
    let path = path.split('#').next().unwrap_or_default();
    if !path.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("its path has characters that must be percent-encoded");
    }
    let path = if path.starts_with('/') { path.into() } else { format!("/{path}").into() };
    Ok((authority, path))
}

fn literal_secret(node: &Node<'_>, report: &mut Report) {
    let message = "a secret is written out here".to_owned();
    let help = "write `{ secret: some-name }` and keep the value in the secrets file".to_owned();
    report.add(codes::LITERAL_SECRET, node.place, message, Some(help));
}

/// `{ secret: name }`; anything written out is a finding.
pub(super) fn secret(node: &Node<'_>, report: &mut Report) -> Option<Secret> {
    if node.map().is_none() {
        literal_secret(node, report);
        return None;
    }
    let mut keys = Keys::of(node, "a secret", report)?;
    let name = keys.need("secret", report).and_then(|node| text(node, "a secret's name", report));
    keys.finish("a secret", report);
    name.map(|name| Secret(name.into()))
}

/// Reads `lifelines`.
pub(super) fn lifelines(
    node: &Node<'_>,
    names: &Names<'_>,
    report: &mut Report,
) -> Vec<(Lifeline, ComponentId)> {
    let mut made = Vec::new();
    let Some(mut keys) = Keys::of(node, "`lifelines`", report) else { return made };
    for &line in Lifeline::ALL {
        let Some(node) = keys.take(line.as_str()) else { continue };
        for node in list(node) {
            let Some(written) = text(node, "a component", report) else { continue };
            for name in names.each(written, node.place, report) {
                let id = names.component(&name, node.place, report);
                made.extend(id.map(|id| (line, id)).filter(|one| !made.contains(one)));
            }
        }
    }
    keys.finish("`lifelines`", report);
    made
}

/// Reads `maintenance`.
pub(super) fn maintenance(
    nodes: &[&Node<'_>],
    names: &Names<'_>,
    report: &mut Report,
) -> Vec<Maintenance> {
    let mut made = Vec::new();
    let mut seen: HashMap<&str, Place> = HashMap::new();
    let announced: Vec<_> =
        nodes.iter().flat_map(|node| entries(Some(node), "`maintenance`", report)).collect();
    for entry in announced {
        if let Some(&first) = seen.get(&*entry.key)
            && first.file != entry.key_place.file
        {
            let message = format!("`{}` stands in two files", shortened(&entry.key));
            let other = Some((first, "here first"));
            report.add_two(codes::DUPLICATE_NAME, entry.key_place, other, message, None);
        }
        seen.insert(&entry.key, entry.key_place);
        let Some(mut keys) = Keys::of(&entry.value, "a maintenance", report) else { continue };
        if !is_name(&entry.key, entry.key_place, report) {
            continue;
        }
        let off = keys.need("off", report);
        if let Some(node) = off.filter(|node| list(node).is_empty()) {
            let message = "a maintenance touches something".to_owned();
            report.add(codes::EMPTY, node.place, message, None);
        }
        let touched = off.map_or_else(Vec::new, |node| components(node, names, report));
        let by = keys.take("by").and_then(|node| text(node, "`by`", report)).unwrap_or_default();
        let affects = keys.take("affects").map(|node| {
            if list(node).is_empty() {
                let message = "an announcement without effect says `affects: none`".to_owned();
                report.add(codes::EMPTY, node.place, message, None);
            }
            match node.text() {
                Some("none") => Vec::new(),
                _ => components(node, names, report),
            }
        });
        let own = keys.take("timezone").and_then(|node| zone(node, report));
        let zone = own.unwrap_or_else(|| names.zone.clone());
        let from = keys.need("from", report).and_then(|node| names.instant(node, &zone, report));
        let end = keys.need("to", report);
        let to = end.and_then(|node| names.instant(node, &zone, report));
        keys.finish("a maintenance", report);
        let (Some(from), Some(to), Some(end)) = (from, to, end) else { continue };
        if to <= from {
            let message = "the window ends before it begins".to_owned();
            report.add(codes::WINDOW, end.place, message, None);
            continue;
        }
        made.push(Maintenance {
            name: entry.key.as_ref().into(),
            off: touched,
            by: by.into(),
            affects,
            from,
            to,
            zone,
        });
    }
    made
}

/// The components that a list names, ranges spread.
pub(super) fn components(
    node: &Node<'_>,
    names: &Names<'_>,
    report: &mut Report,
) -> Vec<ComponentId> {
    let mut named = Vec::new();
    for node in list(node) {
        let Some(written) = text(node, "a component", report) else { continue };
        for name in names.each(written, node.place, report) {
            named.extend(names.component(&name, node.place, report));
        }
    }
    named
}
