//! What a talk asks: lines that are waited for, lines that are said, and when TLS begins; put by the probe's
//! `talk`.
//!
//! A [`Script`] can be put as it stands: its expressions are compiled, and what is said names only what an
//! expression before it found. Tested here and through the plant file.

use super::{HostPort, TlsQuestion};
use crate::time::Duration;
use regex_lite::{Captures, Regex, RegexBuilder};

/// A conversation in lines by any protocol that has them, after a script.
#[derive(Clone, PartialEq, Debug)]
pub struct TalkQuestion {
    /// The server; also the name that its certificate has to be for.
    pub target: HostPort,
    /// Where to connect instead.
    pub connect: Option<HostPort>,
    /// What is said and waited for.
    pub script: Script,
    /// What is said at the end, whatever came of it, as long as the connection is good.
    pub goodbye: Option<Box<str>>,
    /// Up, and slower than this in all: degraded.
    pub slow: Option<Duration>,
}

impl TalkQuestion {
    /// What is asked of the certificate, when TLS begins at some point.
    #[must_use]
    pub const fn tls(&self) -> Option<&TlsQuestion> {
        let steps = self.script.0.as_slice();
        let mut at = 0;
        while at < steps.len() {
            if let Step::Tls(question) = &steps[at] {
                return Some(question);
            }
            at += 1;
        }
        None
    }
}

/// One step of a script.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// Wait for a line in which this is found; others are passed over.
    Expect(Pattern),
    /// Say this. `${1}` or `${name}` stands for what a group of the last expression before found.
    Send(Box<str>),
    /// TLS begins here: at the first step with the connection, later by an agreement that was just made.
    Tls(TlsQuestion),
}

/// Steps that can be put one after the other; never empty.
#[derive(Clone, PartialEq, Debug)]
pub struct Script(Vec<Step>);

/// Why steps are no script.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoScript {
    /// There are none.
    #[error("a talk has at least one step")]
    Empty,
    /// There are too many.
    #[error("more than {} steps", Script::STEPS_MAX)]
    TooMany,
    /// TLS begins twice.
    #[error("TLS begins once")]
    TlsTwice,
    /// What is said is empty or too long.
    #[error("what is said has 1 to {} bytes", Script::SEND_BYTES_MAX)]
    Unsayable,
    /// What is said names a group that the expression before has not.
    #[error("no expression before it has a group `{0}`")]
    NoGroup(Box<str>),
}

impl Script {
    /// Steps at most (chosen by hand; the longest of the exporter's own examples has ten).
    pub const STEPS_MAX: usize = 50;

    /// The longest text that is said in one step, bytes (chosen by hand; a line of SMTP has 512).
    pub const SEND_BYTES_MAX: usize = 1_024;

    /// These steps, when they are a script.
    ///
    /// # Errors
    /// Why not, and which step is at fault.
    pub fn new(steps: Vec<Step>) -> Result<Self, (usize, NoScript)> {
        if steps.is_empty() {
            return Err((0, NoScript::Empty));
        }
        if steps.len() > Self::STEPS_MAX {
            return Err((Self::STEPS_MAX, NoScript::TooMany));
        }
        let (mut last, mut begun) = (None, false);
        for (at, step) in steps.iter().enumerate() {
            match step {
                Step::Expect(pattern) => last = Some(pattern),
                Step::Send(text) => said(text, last).map_err(|why| (at, why))?,
                Step::Tls(_) if begun => return Err((at, NoScript::TlsTwice)),
                Step::Tls(_) => begun = true,
            }
        }
        Ok(Self(steps))
    }

    /// The steps, in their order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether a text can be said at the end of a talk, where no group is known.
    ///
    /// # Errors
    /// Why not.
    pub fn goodbye(text: &str) -> Result<(), NoScript> {
        said(text, None)
    }
}

/// Whether a text can be said after this expression.
fn said(text: &str, last: Option<&Pattern>) -> Result<(), NoScript> {
    if text.is_empty() || text.len() > Script::SEND_BYTES_MAX {
        return Err(NoScript::Unsayable);
    }
    let unknown = parts(text).find_map(|part| match part {
        Part::Group(name) if last.is_none_or(|last| !last.has(name)) => Some(name),
        Part::Group(_) | Part::Text(_) => None,
    });
    unknown.map_or(Ok(()), |name| Err(NoScript::NoGroup(name.into())))
}

/// An expression over one line, compiled: as RE2 has them, without look-around and back references, so that the
/// time it takes grows with the line and not beyond, whatever a server sends. Classes as `\d` are ASCII.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// Why a text is no expression.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this is no expression: {0}")]
pub struct NoPattern(Box<str>);

impl Pattern {
    /// The longest expression, bytes (chosen by hand).
    pub const BYTES_MAX: usize = 512;

    /// What it may compile to, bytes: with each byte of a line every state may be looked at, so this times the bytes
    /// that are read bounds what a server can make us compute (some 0.1 s; chosen by hand).
    const COMPILED_BYTES_MAX: usize = 32 << 10;

    /// Groups within groups at most.
    const NESTED_MAX: u32 = 20;

    /// Compiles it.
    ///
    /// # Errors
    /// Why it is none.
    pub fn new(text: &str) -> Result<Self, NoPattern> {
        if text.len() > Self::BYTES_MAX {
            return Err(NoPattern(format!("it has more than {} bytes", Self::BYTES_MAX).into()));
        }
        let mut builder = RegexBuilder::new(text);
        builder.size_limit(Self::COMPILED_BYTES_MAX).nest_limit(Self::NESTED_MAX);
        builder.build().map(Self).map_err(|why| NoPattern(why.to_string().into()))
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What it finds in a line.
    #[must_use]
    pub fn find<'l>(&self, line: &'l str) -> Option<Found<'l>> {
        self.0.captures(line).map(Found)
    }

    fn has(&self, group: &str) -> bool {
        match group.parse::<usize>() {
            Ok(number) => number < self.0.captures_len(),
            Err(_) => self.0.capture_names().flatten().any(|name| name == group),
        }
    }
}

/// What an expression found.
pub struct Found<'l>(Captures<'l>);

impl Found<'_> {
    /// A text with what was found in the place of its groups; a group that found nothing is empty.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        let group = |name: &str| match name.parse::<usize>() {
            Ok(number) => self.0.get(number),
            Err(_) => self.0.name(name),
        };
        parts(text)
            .map(|part| match part {
                Part::Text(text) => text,
                Part::Group(name) => group(name).map_or("", |found| found.as_str()),
            })
            .collect()
    }
}

enum Part<'t> {
    Text(&'t str),
    Group(&'t str),
}

/// A text, and the `${…}` in it. A `$` without a brace, or a brace that nothing closes, is text.
fn parts(mut text: &str) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let group = |at: usize| text[at..].find('}').map(|end| (at, at + end));
        match text.find("${").and_then(group) {
            Some((0, end)) => {
                let name = &text[2..end];
                text = &text[end + 1..];
                Some(Part::Group(name))
            }
            Some((at, _)) => {
                let (before, rest) = text.split_at(at);
                text = rest;
                Some(Part::Text(before))
            }
            None => Some(Part::Text(std::mem::take(&mut text))),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(text: &str) -> Step {
        Step::Expect(Pattern::new(text).unwrap())
    }

    #[test]
    fn what_was_found_is_said() {
        let pattern = Pattern::new("PING :(?<cookie>[^ ]+)( (x))?").unwrap();
        let found = pattern.find("PING :7f3a").unwrap();
        assert_eq!(found.fill("PONG ${1}"), "PONG 7f3a");
        assert_eq!(found.fill("${cookie}${3}${0}"), "7f3aPING :7f3a");
        assert_eq!(
            found.fill("$1 $ {1} ${1"),
            "$1 $ {1} ${1",
            "what names no group is as it stands"
        );
    }

    #[test]
    fn a_script_names_only_what_an_expression_before_it_finds() {
        let send = |text: &str| Step::Send(text.into());
        let new = |steps: Vec<Step>| Script::new(steps).err();
        let no = |at, name: &str| Some((at, NoScript::NoGroup(name.into())));
        assert_eq!(new(vec![expect("a(b)"), send("${0} ${1}"), send("${1}")]), None);
        assert_eq!(new(vec![send("${0}"), expect("a")]), no(0, "0"));
        assert_eq!(new(vec![expect("a(b)"), expect("c"), send("${1}")]), no(2, "1"));
        assert_eq!(new(vec![expect("(?<a>b)"), send("${b}")]), no(1, "b"));
        assert_eq!(new(vec![send(&"a".repeat(1_025))]), Some((0, NoScript::Unsayable)));
        assert_eq!(new(vec![send("")]), Some((0, NoScript::Unsayable)));
        assert_eq!(new(Vec::new()), Some((0, NoScript::Empty)));
        let tls = || Step::Tls(TlsQuestion::usual());
        assert_eq!(new(vec![tls(), send("a"), tls()]), Some((2, NoScript::TlsTwice)));
        assert!(new(vec![expect("a"); Script::STEPS_MAX + 1]).is_some());
    }

    #[test]
    fn an_expression_that_is_none_says_why() {
        let (deep, long) = ("(".repeat(30) + "a" + &")".repeat(30), "a".repeat(600));
        for bad in ["(", "a{2,1}", "\\p{Greek}", "(?=a)", "\\1", "(a{100}){100}", &deep, &long] {
            let why = Pattern::new(bad).expect_err(bad).to_string();
            assert!(why.starts_with("this is no expression: "), "{bad}: {why}");
        }
    }
}
