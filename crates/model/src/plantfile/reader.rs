//! Reading a map key by key: what is taken is known, what is left over is a finding.

use super::tree::{Entry, Node, Place, Value};
use super::units::{self, NotAQuantity};
use super::{Report, codes, shortened};
use crate::check::{Host, HostPort};
use crate::time::{Duration, shown_span};
use std::net::IpAddr;

/// A map being read.
pub(super) struct Keys<'n, 't> {
    entries: &'n [Entry<'t>],
    known: Vec<&'static str>,
    pub(super) place: Place,
}

impl<'n, 't> Keys<'n, 't> {
    /// Begins to read a map; another shape is a finding.
    pub(super) fn of(node: &'n Node<'t>, what: &str, report: &mut Report) -> Option<Self> {
        match &node.value {
            Value::Map(entries) => Some(Self { entries, known: Vec::new(), place: node.place }),
            Value::Nothing => Some(Self { entries: &[], known: Vec::new(), place: node.place }),
            Value::Text(_) | Value::List(_) => {
                report.add(
                    codes::SHAPE,
                    node.place,
                    format!("{what} must be a map, not {}", node.shape()),
                    None,
                );
                None
            }
        }
    }

    /// The value of a key, if it is there.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node<'t>> {
        self.known.push(key);
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// Whether a key is there, whoever takes it.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// The value of a key that must be there.
    pub(super) fn need(&mut self, key: &'static str, report: &mut Report) -> Option<&'n Node<'t>> {
        let found = self.take(key);
        if found.is_none() {
            report.add(codes::MISSING_KEY, self.place, format!("`{key}` is missing here"), None);
        }
        found
    }

    /// Ends the reading: every key that nobody took is a finding.
    pub(super) fn finish(self, what: &str, report: &mut Report) {
        for entry in self.entries {
            if !self.known.contains(&&*entry.key) {
                unknown_key(entry, what, self.known.iter().copied(), report);
            }
        }
    }
}

/// A key without meaning.
pub(super) fn unknown_key<'a>(
    entry: &Entry<'_>,
    what: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    report: &mut Report,
) {
    let help = report.did_you_mean(&entry.key, known.clone()).unwrap_or_else(|| {
        let known: Vec<&str> = known.collect();
        format!("{what} has: {}", known.join(", "))
    });
    let message = format!("{what} has no `{}`", shortened(&entry.key));
    report.add(codes::UNKNOWN_KEY, entry.key_place, message, Some(help));
}

/// A text.
pub(super) fn text<'n>(node: &'n Node<'_>, what: &str, report: &mut Report) -> Option<&'n str> {
    let text = node.text();
    if text.is_none() {
        let message = format!("{what} must be a text, not {}", node.shape());
        report.add(codes::SHAPE, node.place, message, None);
    }
    text
}

/// The entries of a map whose keys are names; another shape is a finding.
pub(super) fn entries<'n, 't>(
    node: Option<&'n Node<'t>>,
    what: &str,
    report: &mut Report,
) -> &'n [Entry<'t>] {
    match node.map(|node| (&node.value, node)) {
        None | Some((Value::Nothing, _)) => &[],
        Some((Value::Map(entries), _)) => entries,
        Some((Value::Text(_) | Value::List(_), node)) => {
            let message = format!("{what} must be a map, not {}", node.shape());
            report.add(codes::SHAPE, node.place, message, None);
            &[]
        }
    }
}

/// A list, or one value as a list of one.
pub(super) fn list<'n, 't>(node: &'n Node<'t>) -> &'n [Node<'t>] {
    match &node.value {
        Value::List(nodes) => nodes,
        Value::Nothing => &[],
        Value::Text(_) | Value::Map(_) => std::slice::from_ref(node),
    }
}

/// A quantity, read by `read`.
pub(super) fn quantity<T>(
    node: &Node<'_>,
    what: &str,
    report: &mut Report,
    read: impl FnOnce(&str) -> Result<T, NotAQuantity>,
) -> Option<T> {
    let written = text(node, what, report)?;
    match read(written) {
        Ok(value) => Some(value),
        Err(why) => {
            let (code, message, help) = match why {
                NotAQuantity::Unreadable(example) => (
                    codes::QUANTITY,
                    format!("`{}` is no quantity", shortened(written)),
                    format!("write it with its unit: {example}"),
                ),
                NotAQuantity::OutOfBounds(bounds) => {
                    (codes::BOUNDS, format!("{what} is out of bounds"), bounds.to_owned())
                }
                NotAQuantity::Negative => (
                    codes::NEGATIVE,
                    format!("{what} cannot be negative"),
                    "leave it out when it is not known".to_owned(),
                ),
                NotAQuantity::Zero => (
                    codes::NEGATIVE,
                    format!("{what} cannot be zero"),
                    "leave it out when it is not known".to_owned(),
                ),
                NotAQuantity::Reversed => (
                    codes::NEGATIVE,
                    format!("{what} ends below where it begins"),
                    "write the smaller value first".to_owned(),
                ),
            };
            report.add(code, node.place, message, Some(help));
            None
        }
    }
}

/// A span of time.
pub(super) fn span(node: &Node<'_>, what: &str, report: &mut Report) -> Option<Duration> {
    quantity(node, what, report, units::span)
}

/// A span of time within bounds.
pub(super) fn span_within(
    node: &Node<'_>,
    what: &str,
    (min, max): (Duration, Duration),
    report: &mut Report,
) -> Option<Duration> {
    let span = span(node, what, report)?;
    if !(min..=max).contains(&span) {
        let (min, max) = (shown_span(min), shown_span(max));
        let message = format!("{what} must be from {min} to {max}");
        report.add(codes::BOUNDS, node.place, message, None);
        return None;
    }
    Some(span)
}

/// A whole number within bounds.
pub(super) fn number(
    node: &Node<'_>,
    what: &str,
    (min, max): (u64, u64),
    report: &mut Report,
) -> Option<u64> {
    let written = text(node, what, report)?;
    match written.parse::<u64>() {
        Ok(value) if (min..=max).contains(&value) => Some(value),
        _ => {
            let message = format!("{what} must be a whole number from {min} to {max}");
            report.add(codes::BOUNDS, node.place, message, None);
            None
        }
    }
}

/// A number, with or without a fraction.
pub(super) fn decimal(node: &Node<'_>, what: &str, report: &mut Report) -> Option<f64> {
    let written = text(node, what, report)?;
    let number = written.parse::<f64>().ok().filter(|number| number.is_finite());
    if number.is_none() {
        let message = format!("`{}` is no number", shortened(written));
        report.add(codes::QUANTITY, node.place, message, Some("as `10` or `0.5`".to_owned()));
    }
    number
}

/// `true` or `false`.
pub(super) fn flag(node: &Node<'_>, what: &str, report: &mut Report) -> Option<bool> {
    choice(node, what, &[("true", true), ("false", false)], report)
}

/// One of a few words.
pub(super) fn choice<T: Copy>(
    node: &Node<'_>,
    what: &str,
    choices: &[(&str, T)],
    report: &mut Report,
) -> Option<T> {
    let written = text(node, what, report)?;
    let found = choices.iter().find(|(word, _)| *word == written).map(|(_, value)| *value);
    if found.is_none() {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let message = format!("{what} cannot be `{}`", shortened(written));
        let help = format!("one of: {}", words.join(", "));
        report.add(codes::CHOICE, node.place, message, Some(help));
    }
    found
}

/// An IP address.
pub(super) fn address(node: &Node<'_>, report: &mut Report) -> Option<IpAddr> {
    let written = text(node, "an address", report)?;
    let parsed = written.parse().ok();
    if parsed.is_none() {
        let message = format!("`{}` is no IP address", shortened(written));
        report.add(codes::ADDRESS, node.place, message, None);
    }
    parsed
}

/// A host: a name or an address, without brackets.
pub(super) fn host(node: &Node<'_>, report: &mut Report) -> Option<Host> {
    let written = text(node, "a host", report)?;
    let parsed = as_host(written);
    if parsed.is_none() {
        let message = format!("`{}` is neither a host name nor an address", shortened(written));
        report.add(codes::ADDRESS, node.place, message, None);
    }
    parsed
}

/// `host:port`, `[v6]:port`, or only a host when there is a default port.
pub(super) fn host_port(
    node: &Node<'_>,
    default: Option<u16>,
    report: &mut Report,
) -> Option<HostPort> {
    let written = text(node, "host and port", report)?;
    let parsed = as_host_port(written, default);
    if parsed.is_none() {
        let message = format!("`{}` is no host and port", shortened(written));
        let help = "write `mail.example.net:25`, `192.0.2.1:25` or `[2001:db8::1]:25`".to_owned();
        report.add(codes::ADDRESS, node.place, message, Some(help));
    }
    parsed
}

/// A host in a text. Host names by RFC 1123, section 2.1, with `_` as DNS has it.
pub(crate) fn as_host(text: &str) -> Option<Host> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse() {
        return Some(Host::Address(address));
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let numeric =
        name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    (name.len() <= 253 && name.split('.').all(label) && !numeric)
        .then(|| Host::Name(name.to_ascii_lowercase().into()))
}

/// A host and port in a text.
pub(crate) fn as_host_port(text: &str, default: Option<u16>) -> Option<HostPort> {
    if let (Some(host), Some(port)) = (as_host(text), default) {
        return Some(HostPort { host, port });
    }
    let (host, port) = text.rsplit_once(':')?;
    if host.contains(':') && !host.starts_with('[') {
        return None;
    }
    let port: u16 = port.parse().ok()?;
    (port != 0).then_some(())?;
    Some(HostPort { host: as_host(host)?, port })
}
