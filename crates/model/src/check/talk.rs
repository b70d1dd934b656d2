//! What a talk asks: lines or bytes that are waited for and said, and when TLS begins; put by the probe's `talk`.
//!
//! A [`Script`] can be put as it stands: its expressions are compiled, and what is said names only what an
//! expression before it found, and the password when it has one. Tested here and through the plant file.

use super::{HostPort, TlsQuestion};
use crate::plant::Secret;
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
        let steps = self.script.steps.as_slice();
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
    /// Wait for as many bytes as these, which have to be these.
    ExpectBytes(Box<[u8]>),
    /// Tell who scrapes what was found.
    Label(Label),
    /// Say this. `${1}` or `${name}` stands for what a group of the last expression before found, and `${password}`
    /// for the password.
    Send(Box<str>),
    /// Say these as they are.
    SendBytes(Box<[u8]>),
    /// TLS begins here: at the first step with the connection, later by an agreement that was just made.
    Tls(TlsQuestion),
}

/// What is told to a scrape, as Prometheus has it: a name and a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// Its name.
    pub name: Box<str>,
    /// Its value; `${1}` and `${name}` as in what is said.
    pub value: Box<str>,
}

/// Steps that can be put one after the other; never empty.
#[derive(Clone, PartialEq, Debug)]
pub struct Script {
    steps: Vec<Step>,
    password: Option<Secret>,
}

/// Why steps are no script.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoScript {
    /// There are none, or none that does anything.
    #[error("a talk waits for something, says something or begins TLS")]
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
    /// The bytes that are waited for are none or too many.
    #[error("what is waited for has 1 to {} bytes", Script::SEND_BYTES_MAX)]
    Unwaitable,
    /// What is said names a group that the expression before has not.
    #[error("no expression before it has a group `{0}`")]
    NoGroup(Box<str>),
    /// There is a password that is not said.
    #[error("nothing says `${{password}}`")]
    Unsaid,
    /// There is a password, and a group that is called so.
    #[error("a group is called `password`, as what is said of `password`")]
    PasswordFound,
    /// What should be the name of a label is none.
    #[error("`{0}` is no name of a label")]
    NoLabel(Box<str>),
    /// A label stands twice.
    #[error("a label `{0}` stands twice")]
    LabelTwice(Box<str>),
    /// The value of a label is too long.
    #[error("the value of a label has at most {} bytes", Script::SEND_BYTES_MAX)]
    LongLabel,
}

/// How a password is said.
const PASSWORD: &str = "password";

impl Script {
    /// Steps at most (chosen by hand; the longest of the exporter's own examples has ten).
    pub const STEPS_MAX: usize = 50;

    /// The longest text that is said in one step, and the most bytes that are waited for (chosen by hand; a line of
    /// SMTP has 512).
    pub const SEND_BYTES_MAX: usize = 1_024;

    /// These steps, when they are a script, and the password that `${password}` in them stands for.
    ///
    /// # Errors
    /// Why not, and which step is at fault; none when the place is beyond the last.
    pub fn new(steps: Vec<Step>, password: Option<Secret>) -> Result<Self, (usize, NoScript)> {
        if steps.iter().all(|step| matches!(step, Step::Label(_))) {
            return Err((0, NoScript::Empty));
        }
        if steps.len() > Self::STEPS_MAX {
            return Err((Self::STEPS_MAX, NoScript::TooMany));
        }
        let (mut last, mut begun, mut is_said) = (None, false, false);
        let mut labels: Vec<&str> = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            match step {
                Step::Expect(pattern) if password.is_some() && pattern.has(PASSWORD) => {
                    return Err((at, NoScript::PasswordFound));
                }
                Step::Expect(pattern) => last = Some(pattern),
                Step::ExpectBytes(bytes) if !is_sayable(bytes) => {
                    return Err((at, NoScript::Unwaitable));
                }
                Step::SendBytes(bytes) if !is_sayable(bytes) => {
                    return Err((at, NoScript::Unsayable));
                }
                Step::ExpectBytes(_) | Step::SendBytes(_) => {}
                Step::Label(Label { name, value }) => {
                    label(name, value, last, &labels).map_err(|why| (at, why))?;
                    labels.push(name);
                }
                Step::Send(text) => {
                    let says = password.is_some() && says_password(text);
                    is_said |= says;
                    said(text, last, says).map_err(|why| (at, why))?;
                }
                Step::Tls(_) if begun => return Err((at, NoScript::TlsTwice)),
                Step::Tls(_) => begun = true,
            }
        }
        if password.is_some() && !is_said {
            return Err((steps.len(), NoScript::Unsaid));
        }
        Ok(Self { steps, password })
    }

    /// The steps, in their order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The password that is said, by its name.
    #[must_use]
    pub const fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    /// Whether a text can be said at the end of a talk, where no group is known.
    ///
    /// # Errors
    /// Why not.
    pub fn goodbye(text: &str) -> Result<(), NoScript> {
        said(text, None, false)
    }
}

const fn is_sayable(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.len() <= Script::SEND_BYTES_MAX
}

/// Whether a text can be said after this expression.
fn said(text: &str, last: Option<&Pattern>, has_password: bool) -> Result<(), NoScript> {
    if !is_sayable(text.as_bytes()) {
        return Err(NoScript::Unsayable);
    }
    known(text, last, has_password)
}

/// Whether all that a text names is known after this expression.
fn known(text: &str, last: Option<&Pattern>, has_password: bool) -> Result<(), NoScript> {
    let unknown = parts(text).find_map(|part| match part {
        Part::Group(PASSWORD) if has_password => None,
        Part::Group(name) if last.is_none_or(|last| !last.has(name)) => Some(name),
        Part::Group(_) | Part::Text(_) => None,
    });
    unknown.map_or(Ok(()), |name| Err(NoScript::NoGroup(name.into())))
}

fn says_password(text: &str) -> bool {
    parts(text).any(|part| matches!(part, Part::Group(PASSWORD)))
}

/// Whether this can be a label beside these. A password never is: labels are for others to read.
fn label(name: &str, value: &str, last: Option<&Pattern>, labels: &[&str]) -> Result<(), NoScript> {
    // Names that begin so are Prometheus' own.
    let is_name = !name.starts_with("__")
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name || name.len() > Label::NAME_BYTES_MAX {
        return Err(NoScript::NoLabel(name.chars().take(40).collect::<String>().into()));
    }
    if labels.contains(&name) {
        return Err(NoScript::LabelTwice(name.into()));
    }
    if value.len() > Script::SEND_BYTES_MAX {
        return Err(NoScript::LongLabel);
    }
    known(value, last, false)
}

impl Label {
    /// The longest name, bytes (chosen by hand).
    pub const NAME_BYTES_MAX: usize = 64;
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
    fn group(&self, name: &str) -> Option<&str> {
        let found = match name.parse::<usize>() {
            Ok(number) => self.0.get(number),
            Err(_) => self.0.name(name),
        };
        found.map(|found| found.as_str())
    }
}

/// A text with the password, and with what was found, in the place of its groups; a group that found nothing is empty.
#[must_use]
pub fn filled(text: &str, found: Option<&Found<'_>>, password: Option<&str>) -> String {
    let group = |name: &str| match (name, password) {
        (PASSWORD, Some(password)) => Some(password),
        (name, _) => found.and_then(|found| found.group(name)),
    };
    parts(text)
        .map(|part| match part {
            Part::Text(text) => text,
            Part::Group(name) => group(name).unwrap_or_default(),
        })
        .collect()
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
        let fill = |text| filled(text, Some(&found), None);
        assert_eq!(fill("PONG ${1}"), "PONG 7f3a");
        assert_eq!(fill("${cookie}${3}${0}"), "7f3aPING :7f3a");
        assert_eq!(fill("$1 $ {1} ${1"), "$1 $ {1} ${1", "what names no group is as it stands");
    }

    #[test]
    fn a_script_names_only_what_an_expression_before_it_finds() {
        let send = |text: &str| Step::Send(text.into());
        let new = |steps: Vec<Step>| Script::new(steps, None).err();
        let no = |at, name: &str| Some((at, NoScript::NoGroup(name.into())));
        assert_eq!(new(vec![expect("a(b)"), send("${0} ${1}"), send("${1}")]), None);
        assert_eq!(new(vec![send("${0}"), expect("a")]), no(0, "0"));
        assert_eq!(new(vec![expect("a(b)"), expect("c"), send("${1}")]), no(2, "1"));
        assert_eq!(new(vec![expect("(?<a>b)"), send("${b}")]), no(1, "b"));
        assert_eq!(new(vec![send(&"a".repeat(1_025))]), Some((0, NoScript::Unsayable)));
        assert_eq!(new(vec![send("")]), Some((0, NoScript::Unsayable)));
        assert_eq!(new(Vec::new()), Some((0, NoScript::Empty)));
        let bytes = |count| vec![0; count].into_boxed_slice();
        for count in [0, 1_025] {
            assert_eq!(new(vec![Step::SendBytes(bytes(count))]), Some((0, NoScript::Unsayable)));
            assert_eq!(new(vec![Step::ExpectBytes(bytes(count))]), Some((0, NoScript::Unwaitable)));
        }
        let between = vec![expect("a(b)"), Step::ExpectBytes(bytes(1_024)), send("${1}")];
        assert_eq!(new(between), None, "bytes find nothing and forget nothing");
        let tls = || Step::Tls(TlsQuestion::usual());
        assert_eq!(new(vec![tls(), send("a"), tls()]), Some((2, NoScript::TlsTwice)));
        assert!(new(vec![expect("a"); Script::STEPS_MAX + 1]).is_some());
    }

    #[test]
    fn a_password_is_said_and_is_in_no_label() {
        let send = |text: &str| Step::Send(text.into());
        let label =
            |name: &str, value: &str| Step::Label(Label { name: name.into(), value: value.into() });
        let new = |steps: Vec<Step>| Script::new(steps, Some(Secret("pop3".into()))).err();
        let no = |at, name: &str| Some((at, NoScript::NoGroup(name.into())));
        assert_eq!(new(vec![expect("(a)"), send("PASS ${password} ${1}")]), None);
        assert_eq!(new(vec![send("PASS $password")]), Some((1, NoScript::Unsaid)));
        let found = expect("(?<password>a)");
        assert_eq!(new(vec![found, send("${password}")]), Some((0, NoScript::PasswordFound)));
        assert_eq!(new(vec![send("${password}"), label("a", "${password}")]), no(1, "password"));
        let none = |steps: Vec<Step>| Script::new(steps, None).err();
        assert_eq!(none(vec![send("${password}")]), no(0, "password"));
        assert_eq!(none(vec![label("a", "b")]), Some((0, NoScript::Empty)));
        assert_eq!(none(vec![expect("(a)"), label("a", "${1}"), label("b_2", "x")]), None);
        assert_eq!(none(vec![expect("(a)"), label("a", "${2}")]), no(1, "2"));
        let twice = vec![expect("a"), label("a", "b"), label("a", "c")];
        assert_eq!(none(twice), Some((2, NoScript::LabelTwice("a".into()))));
        for bad in ["", "a-b", "2a", "__name__", "ä"] {
            let why = Some((1, NoScript::NoLabel(bad.into())));
            assert_eq!(none(vec![expect("a"), label(bad, "b")]), why);
        }
        let pattern = Pattern::new("(.*)").unwrap();
        let found = pattern.find("${password}");
        let said = filled("PASS ${password} ${1}", found.as_ref(), Some("s3cr3t"));
        assert_eq!(said, "PASS s3cr3t ${password}", "what they say is not filled in again");
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
