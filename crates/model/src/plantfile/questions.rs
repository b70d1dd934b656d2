//! Checks, vantages and maintenance: what is asked, from where, and what was announced.

use super::lower::{Names, bad_name, zone};
use super::reader::{
    self, Keys, as_host_port, choice, entries, host, host_port, list, number, span, span_within,
    text,
};
use super::tree::{Entry, Node, Place, Value as Tree};
use super::{Report, codes, shortened};
use crate::check::{
    Check, DnsQuestion, HeaderValue, Host, HostPort, HttpQuestion, IcmpQuestion, Question,
    RecordCondition, TcpQuestion, TextCondition, TlsQuestion,
};
use crate::id::{CheckId, CheckKey, ComponentId, PlaneId, VantageId, VantageName};
use crate::plant::{Lifeline, Maintenance, Secret, Vantage};
use crate::time::Duration;
use std::collections::{HashMap, HashSet};

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

/// Headers of one check at most.
const HEADERS_MAX: usize = 100;

/// Checks of one component at most.
const CHECKS_MAX: usize = 100;

/// How much of a body is read when nothing is said.
pub(super) const BODY_BYTES: u64 = 1024 * 1024;

/// Echoes, the time between two, and bytes of payload when nothing is said.
pub(super) const ECHOES: u64 = 3;
pub(super) const SPACING: Duration = Duration::from_millis(200);
pub(super) const PAYLOAD: u64 = 32;

/// Methods that ask and change nothing (RFC 9110, section 9.2.1).
pub(super) const METHODS: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// The statuses that will do when nothing is said.
pub(super) const STATUS: (u16, u16) = (200, 399);

/// A certificate that ends within this time is worth a word.
pub(super) const EXPIRES_WITHIN: Duration = Duration::from_secs(14 * 86_400);

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
            made.way_out.extend(question(&mut keys, report).map(|(_, question)| question));
            keys.finish("a way-out check", report);
        }
    }
    if let Some(silent) = keys
        .take("silent_after")
        .and_then(|node| span_within(node, "`silent_after`", SILENT, report))
    {
        made.silent_max = silent;
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
        let asked = question(&mut keys, report);
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
        let every = every.unwrap_or(Check::EVERY_DEFAULT);
        let deadline = deadline.unwrap_or_else(|| self::deadline(every));
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

/// The question a check asks, with the word it is named by.
fn question(keys: &mut Keys<'_, '_>, report: &mut Report) -> Option<(&'static str, Question)> {
    const KINDS: [&str; 5] = ["http", "https", "tcp", "icmp", "dns"];
    let given: Vec<_> =
        KINDS.iter().filter_map(|kind| keys.take(kind).map(|node| (*kind, node))).collect();
    let [(kind, node)] = given[..] else {
        let message = format!("a check asks one of: {}", KINDS.join(", "));
        report.add(codes::SHAPE, keys.place, message, None);
        return None;
    };
    let question = match kind {
        "http" | "https" => Question::Http(http(kind, node, keys, report)?),
        "tcp" => {
            let (target, slow) = (host_port(node, None, report), slow(keys, report));
            Question::Tcp(TcpQuestion { target: target?, slow })
        }
        "icmp" => Question::Icmp(icmp(node, keys, report)?),
        _ => Question::Dns(dns(node, keys, report)?),
    };
    Some((kind, question))
}

fn slow(keys: &mut Keys<'_, '_>, report: &mut Report) -> Option<Duration> {
    keys.take("slow").and_then(|node| span(node, "`slow`", report))
}

fn http(
    scheme: &'static str,
    node: &Node<'_>,
    keys: &mut Keys<'_, '_>,
    report: &mut Report,
) -> Option<HttpQuestion> {
    let written = text(node, "a URL", report)?;
    let parsed = url(written, scheme);
    if let Err(why) = &parsed {
        let message = format!("`{}` cannot be checked: {why}", shortened(written));
        let help = format!("as `{scheme}://www.example.net/path`");
        let code = if *why == LITERAL { codes::LITERAL_SECRET } else { codes::URL };
        report.add(code, node.place, message, Some(help));
    }
    let method = keys
        .take("method")
        .and_then(|node| choice(node, "`method`", &METHODS.map(|word| (word, word)), report))
        .unwrap_or("GET");
    let connect = keys
        .take("connect")
        .and_then(|node| host_port(node, Some(if scheme == "https" { 443 } else { 80 }), report));
    let headers = headers(keys, report);
    let status = keys.take("status").map_or_else(
        || vec![STATUS],
        |node| {
            if list(node).is_empty() {
                let message = "no status would do".to_owned();
                report.add(codes::EMPTY, node.place, message, None);
            }
            list(node).iter().filter_map(|node| status(node, report)).collect()
        },
    );
    let body = keys.take("body").map_or_else(Vec::new, |node| conditions(node, report));
    let mut response_headers = Vec::new();
    let expected = entries(keys.take("expect_headers"), "`expect_headers`", report);
    for (at, entry) in expected.iter().enumerate() {
        if is_header_name(entry, &expected[..at], report) {
            let name: Box<str> = entry.key.to_ascii_lowercase().into();
            let conditions = conditions(&entry.value, report);
            response_headers.extend(conditions.into_iter().map(|one| (name.clone(), one)));
        }
    }
    let body_bytes_max = keys
        .take("read_max")
        .and_then(|node| number(node, "`read_max`", (0, 64 * 1024 * 1024), report))
        .unwrap_or(BODY_BYTES);
    let slow = slow(keys, report);
    let tls = if scheme == "https" {
        Some(TlsQuestion {
            expires_within: keys
                .take("expires_within")
                .and_then(|node| span(node, "`expires_within`", report))
                .unwrap_or(EXPIRES_WITHIN),
            roots: keys
                .take("roots")
                .and_then(|node| text(node, "`roots`", report))
                .map(Into::into),
        })
    } else {
        None
    };
    let (authority, path) = parsed.ok()?;
    Some(HttpQuestion {
        method,
        authority,
        path,
        connect,
        headers,
        tls,
        status,
        body,
        response_headers,
        body_bytes_max: u32::try_from(body_bytes_max).unwrap_or(u32::MAX),
        slow,
    })
}

pub(super) const LITERAL: &str = "a user or password in a URL would be a secret written out";

/// Host, port and path of a URL (RFC 3986), as strict as a check needs it.
pub(super) fn url(written: &str, scheme: &str) -> Result<(HostPort, Box<str>), &'static str> {
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

fn headers(keys: &mut Keys<'_, '_>, report: &mut Report) -> Vec<(Box<str>, HeaderValue)> {
    let mut headers = Vec::new();
    let given = entries(keys.take("headers"), "`headers`", report);
    for (at, entry) in given.iter().enumerate() {
        let confidential = ["authorization", "proxy-authorization", "cookie", "x-api-key"]
            .contains(&&*entry.key.to_ascii_lowercase());
        if !is_header_name(entry, &given[..at], report) {
            continue;
        }
        let value = match &entry.value.value {
            Tree::Map(_) => secret(&entry.value, report).map(HeaderValue::Secret),
            _ if confidential => {
                literal_secret(&entry.value, report);
                None
            }
            _ => text(&entry.value, "a header", report).and_then(|text| {
                if !text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
                    let message = "a header's value is printable ASCII".to_owned();
                    report.add(codes::SHAPE, entry.value.place, message, None);
                    return None;
                }
                Some(HeaderValue::Text(text.into()))
            }),
        };
        headers.extend(value.map(|value| (entry.key.as_ref().into(), value)));
    }
    headers
}

/// Whether a key can be a header's name: a token of RFC 9110, section 5.6.2, and not one of those
/// before it in other letters.
fn is_header_name(entry: &Entry<'_>, before: &[Entry<'_>], report: &mut Report) -> bool {
    if before.len() == HEADERS_MAX {
        let message = format!("more than {HEADERS_MAX} headers");
        report.add(codes::LIMIT, entry.key_place, message, None);
    }
    if before.len() >= HEADERS_MAX {
        return false;
    }
    if let Some(first) = before
        .iter()
        .find(|first| first.key != entry.key && first.key.eq_ignore_ascii_case(&entry.key))
    {
        let message = format!("`{}` is a header twice", shortened(&entry.key));
        let other = Some((first.key_place, "here first"));
        report.add_two(codes::DUPLICATE_KEY, entry.key_place, other, message, None);
    }
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let fits = !entry.key.is_empty() && entry.key.bytes().all(token);
    if !fits {
        let message = format!("`{}` is no header name", shortened(&entry.key));
        report.add(codes::BAD_NAME, entry.key_place, message, None);
    }
    fits
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

fn status(node: &Node<'_>, report: &mut Report) -> Option<(u16, u16)> {
    let written = text(node, "`status`", report)?;
    let (low, high) = written.split_once("..").unwrap_or((written, written));
    let parsed = low.trim().parse().ok().zip(high.trim().parse().ok());
    let fits = parsed.filter(|&(low, high): &(u16, u16)| {
        (100..=599).contains(&low) && low <= high && high <= 599
    });
    if fits.is_none() {
        let message = format!("`{}` is no HTTP status", shortened(written));
        report.add(codes::BOUNDS, node.place, message, Some("as `200` or `200..399`".to_owned()));
    }
    fits
}

fn conditions(node: &Node<'_>, report: &mut Report) -> Vec<TextCondition> {
    let Some(mut keys) = Keys::of(node, "a condition", report) else { return Vec::new() };
    let mut made = Vec::new();
    for (key, make) in [
        ("contains", TextCondition::Contains as fn(Box<str>) -> TextCondition),
        ("lacks", TextCondition::Lacks),
    ] {
        for node in keys.take(key).map_or(&[][..], list) {
            let Some(text) = text(node, key, report) else { continue };
            if text.is_empty() {
                let message = format!("an empty text under `{key}` says nothing");
                report.add(codes::EMPTY, node.place, message, None);
            }
            made.push(make(text.into()));
        }
    }
    keys.finish("a condition", report);
    made
}

fn icmp(node: &Node<'_>, keys: &mut Keys<'_, '_>, report: &mut Report) -> Option<IcmpQuestion> {
    let host = host(node, report);
    let mut count = |key, bounds, default| {
        keys.take(key).and_then(|node| number(node, key, bounds, report)).unwrap_or(default)
    };
    let echoes = count("echoes", (1, 20), ECHOES);
    let lost_max = count("lost_max", (0, 19), 0);
    let payload = count("payload", (16, 1400), PAYLOAD);
    let spacing =
        keys.take("spacing").and_then(|node| span(node, "`spacing`", report)).unwrap_or(SPACING);
    if lost_max >= echoes {
        let message = "with so many lost nothing could ever be seen down".to_owned();
        report.add(codes::BOUNDS, node.place, message, Some("less than `echoes`".to_owned()));
    }
    Some(IcmpQuestion {
        host: host?,
        echoes: u8::try_from(echoes).unwrap_or(u8::MAX),
        spacing,
        lost_max: u8::try_from(lost_max).unwrap_or(u8::MAX),
        payload_bytes: u16::try_from(payload).unwrap_or(u16::MAX),
    })
}

/// Record types that can be asked for.
pub(super) const RECORD_TYPES: [&str; 10] =
    ["A", "AAAA", "MX", "NS", "SOA", "TXT", "CNAME", "PTR", "SRV", "CAA"];

/// Response codes that can be expected.
pub(super) const RCODES: [&str; 4] = ["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"];

fn dns(node: &Node<'_>, keys: &mut Keys<'_, '_>, report: &mut Report) -> Option<DnsQuestion> {
    let server = host_port(node, Some(53), report);
    let query = keys.need("query", report);
    let rcode = keys
        .take("rcode")
        .and_then(|node| choice(node, "`rcode`", &RCODES.map(|word| (word, word)), report))
        .unwrap_or("NOERROR");
    let recursion = keys
        .take("recursion")
        .and_then(|node| reader::flag(node, "`recursion`", report))
        .unwrap_or(true);
    let records = keys.take("records").map_or_else(Vec::new, |node| records(node, report));
    let query = query?;
    let written = text(query, "`query`", report)?;
    let mut words = written.split_whitespace();
    let (name, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or("A"));
    let found = RECORD_TYPES.into_iter().find(|word| *word == kind);
    let named = name == "." || matches!(reader::as_host(name), Some(Host::Name(_)));
    if found.is_none() || !named || words.next().is_some() {
        let message = format!("`{}` is no DNS query", shortened(written));
        let help = format!(
            "a name and a type, as `example.net MX`; types are {}",
            RECORD_TYPES.join(", ")
        );
        report.add(codes::CHOICE, query.place, message, Some(help));
        return None;
    }
    Some(DnsQuestion {
        server: server?,
        // The root has no name but its dot.
        name: match name {
            "." => name.into(),
            _ => name.trim_end_matches('.').to_ascii_lowercase().into(),
        },
        record_type: found?,
        rcode,
        records,
        recursion,
    })
}

fn records(node: &Node<'_>, report: &mut Report) -> Vec<RecordCondition> {
    let Some(mut keys) = Keys::of(node, "`records`", report) else { return Vec::new() };
    let mut made = Vec::new();
    if let Some(count) =
        keys.take("at_least").and_then(|node| number(node, "`at_least`", (1, 1000), report))
    {
        made.push(RecordCondition::AtLeast(u16::try_from(count).unwrap_or(u16::MAX)));
    }
    let texts = |node: &Node<'_>, report: &mut Report| -> Vec<Box<str>> {
        list(node)
            .iter()
            .filter_map(|node| text(node, "a record", report))
            .map(Into::into)
            .collect()
    };
    if let Some(node) = keys.take("has") {
        made.extend(texts(node, report).into_iter().map(RecordCondition::Has));
    }
    if let Some(node) = keys.take("exactly") {
        made.push(RecordCondition::Exactly(texts(node, report)));
    }
    keys.finish("`records`", report);
    made
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
