//! From the text of a scenario to a [`Scenario`], or to every mistake in it.
//!
//! The text is read as the plant file is, into values with places; what each field means is said here.
//! Names are looked up in the plants at once, so that a slip of the finger is a mistake here and not a
//! wrong verdict later.

use super::{
    Expect, HUMAN, Happening, Impact, Milestone, Mode, Named, Scenario, SeenOf, Senses, Told, What,
    Word,
};
use blackstart_model::finding::Severity;
use blackstart_model::kind::Kind;
use blackstart_model::plant::Plant;
use blackstart_model::plantfile::{self, Entry, Node, Place, Value};
use blackstart_model::record::{Deed, PersonAction, Report, Saw};
use blackstart_model::time::{Duration, SignedDuration, Timestamp, Zone, local_instant};
use blackstart_model::{CheckKey, ComponentName, VantageName};
use std::fmt;
use std::sync::Arc;

/// A closed list of words, each with a variant.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every one, with its word.
            pub const ALL: &'static [(&'static str, Self)] = &[$(($text, Self::$variant),)*];

            /// The word in the file.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}
pub(super) use words;

/// The lab plays so many seconds in one when nothing is said: an hour in a minute.
const TIME_SCALE: u32 = 60;

/// How often something flaky fails when nothing is said (chosen by hand).
const RATE: f64 = 0.3;

/// A mistake in the text of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The character in it, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, message } = self;
        write!(f, "{line}:{column}: {message}")
    }
}

/// Reads a scenario; `open` gives the text of a file beside it.
///
/// # Errors
/// Every mistake, in the order of the text.
pub fn read(text: &str, open: impl Fn(&str) -> Option<String>) -> Result<Scenario, Vec<Mistake>> {
    let (root, findings) = plantfile::tree(text);
    let mut reader = Reader { text, mistakes: Vec::new(), plants: None, starts: None };
    for finding in findings {
        let at = finding.labels.first().map_or(0, |label| label.bytes.start);
        reader.mistake_at(at, finding.message);
    }
    let scenario = root.and_then(|root| reader.scenario(&root, open));
    let Reader { mut mistakes, .. } = reader;
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    match scenario {
        Some(scenario) if mistakes.is_empty() => Ok(scenario),
        Some(_) | None => Err(mistakes),
    }
}

struct Reader<'t> {
    text: &'t str,
    mistakes: Vec<Mistake>,
    /// What was believed, and what is so.
    plants: Option<(Arc<Plant>, Arc<Plant>)>,
    starts: Option<Timestamp>,
}

/// The fields of one map.
struct Fields<'n, 't> {
    entries: &'n [Entry<'t>],
    place: Place,
}

impl<'n, 't> Fields<'n, 't> {
    fn get(&self, key: &str) -> Option<&'n Node<'t>> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }
}

impl Reader<'_> {
    fn mistake_at(&mut self, byte: usize, message: String) {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        self.mistakes.push(Mistake { line, column, message });
    }

    fn mistake(&mut self, place: Place, message: impl Into<String>) {
        self.mistake_at(place.start as usize, message.into());
    }

    /// The fields of a map that may have these and no others.
    fn fields<'n, 't>(&mut self, node: &'n Node<'t>, known: &[&str]) -> Fields<'n, 't> {
        let Some(entries) = node.map() else {
            let message = format!("a map of {} is needed, not {}", known.join(", "), node.shape());
            self.mistake(node.place, message);
            return Fields { entries: &[], place: node.place };
        };
        for entry in entries {
            if !known.contains(&&*entry.key) {
                let message =
                    format!("`{}` is not known; here stand {}", entry.key, known.join(", "));
                self.mistake(entry.key_place, message);
            }
        }
        Fields { entries, place: node.place }
    }

    /// The members of a list; a single value is a list of one.
    fn list<'n, 't>(&mut self, node: Option<&'n Node<'t>>) -> Vec<&'n Node<'t>> {
        match node.map(|node| &node.value) {
            None | Some(Value::Nothing) => Vec::new(),
            Some(Value::List(nodes)) => nodes.iter().collect(),
            Some(Value::Text(_) | Value::Map(_)) => node.into_iter().collect(),
        }
    }

    fn text<'n>(&mut self, node: &'n Node<'_>) -> Option<&'n str> {
        let text = node.text();
        if text.is_none() {
            self.mistake(node.place, format!("a text is needed, not {}", node.shape()));
        }
        text
    }

    fn texts(&mut self, node: Option<&Node<'_>>) -> Vec<String> {
        let nodes = self.list(node);
        nodes.into_iter().filter_map(|node| self.text(node)).map(str::to_owned).collect()
    }

    fn number<T: std::str::FromStr>(&mut self, node: Option<&Node<'_>>) -> Option<T> {
        let node = node?;
        let number = self.text(node)?.parse().ok();
        if number.is_none() {
            self.mistake(node.place, "a whole number is needed");
        }
        number
    }

    /// `30%` or `0.3`.
    fn share(&mut self, node: Option<&Node<'_>>) -> Option<f64> {
        let node = node?;
        let text = self.text(node)?.trim();
        let share = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse().ok().map(|percent: f64| percent / 100.0),
            None => text.parse().ok(),
        };
        let share = share.filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            self.mistake(node.place, "a share is needed, as `30%` or `0.3`");
        }
        share
    }

    fn yes(&mut self, node: Option<&Node<'_>>) -> Option<bool> {
        let node = node?;
        let yes = match self.text(node)? {
            "yes" | "true" => Some(true),
            "no" | "false" => Some(false),
            _ => None,
        };
        if yes.is_none() {
            self.mistake(node.place, "`yes` or `no` is needed");
        }
        yes
    }

    fn word<T: Copy>(&mut self, node: Option<&Node<'_>>, known: &[(&str, T)]) -> Option<T> {
        let node = node?;
        let text = self.text(node)?;
        let found = known.iter().find(|(word, _)| *word == text).map(|&(_, found)| found);
        if found.is_none() {
            let words: Vec<&str> = known.iter().map(|&(word, _)| word).collect();
            self.mistake(node.place, format!("`{text}` is none of {}", words.join(", ")));
        }
        found
    }

    fn span(&mut self, node: Option<&Node<'_>>) -> Option<Duration> {
        let node = node?;
        let span = span(self.text(node)?);
        if span.is_none() {
            self.mistake(node.place, "a span is needed, as `90s`, `5m` or `1h30m`");
        }
        span
    }

    /// A span, or two with `..` between.
    fn spans(&mut self, node: Option<&Node<'_>>) -> Option<(Duration, Duration)> {
        let node = node?;
        let text = self.text(node)?;
        let (least, most) = text.split_once("..").unwrap_or((text, text));
        let both = span(least).zip(span(most)).filter(|(least, most)| least <= most);
        if both.is_none() {
            self.mistake(node.place, "a span is needed, as `20m`, or two, as `20m..1h`");
        }
        both
    }

    /// An instant: a span after the start, a time of day, or a local time.
    fn instant(&mut self, node: Option<&Node<'_>>) -> Option<Timestamp> {
        let node = node?;
        let text = self.text(node)?.trim();
        let (zone, starts) = (self.zone(), self.starts);
        if let Some(after) = text.strip_prefix('+') {
            let Some(span) = span(after) else {
                self.mistake(node.place, "a span after the start is needed, as `+90s` or `+1h30m`");
                return None;
            };
            return after_start(starts?, span);
        }
        let clock = text.len() <= 8 && text.contains(':');
        let instant = match (clock, starts) {
            (true, Some(starts)) => time_of_day(text, starts, &zone),
            (true, None) => return None,
            (false, _) => local_instant(text, &zone).map_err(|error| error.to_string()),
        };
        match instant {
            Ok(instant) => Some(instant),
            Err(why) => {
                self.mistake(node.place, why);
                None
            }
        }
    }

    fn zone(&self) -> Zone {
        self.plants.as_ref().map_or(Zone::UTC, |(plant, _)| plant.zone().clone())
    }

    fn needed<'n, 't>(&mut self, fields: &Fields<'n, 't>, key: &str) -> Option<&'n Node<'t>> {
        let node = fields.get(key);
        if node.is_none() {
            self.mistake(fields.place, format!("`{key}` is needed"));
        }
        node
    }

    /// The text and the plant of a file beside the scenario.
    fn plant(
        &mut self,
        place: Place,
        name: &str,
        open: &impl Fn(&str) -> Option<String>,
    ) -> Option<(String, Arc<Plant>)> {
        let Some(text) = open(name) else {
            self.mistake(place, format!("there is no file `{name}` beside this one"));
            return None;
        };
        let (plant, findings) = plantfile::parse(&[(name.to_owned(), text.clone())]);
        if plant.is_none() {
            for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
                let starts = finding.labels.first().map_or(0, |label| label.bytes.start);
                let line = text.bytes().take(starts).filter(|byte| *byte == b'\n').count() + 1;
                let message = &finding.message;
                self.mistake(place, format!("line {line} of `{name}` is not valid: {message}"));
            }
        }
        Some((text, plant?))
    }

    fn scenario(
        &mut self,
        root: &Node<'_>,
        open: impl Fn(&str) -> Option<String>,
    ) -> Option<Scenario> {
        let known = [
            "scenario",
            "plant",
            "truth",
            "starts",
            "ends",
            "time_scale",
            "seed",
            "senses",
            "stays_cool",
            "faults",
            "told",
            "expect",
        ];
        let fields = self.fields(root, &known);
        if fields.get("scenario").and_then(Node::text) != Some("1") {
            self.mistake(root.place, "`scenario: 1` is needed");
        }
        let name = fields.get("plant").and_then(|node| self.text(node)).unwrap_or("plant.yaml");
        let place = fields.get("plant").map_or(root.place, |node| node.place);
        let (text, plant) = self.plant(place, name, &open)?;
        let believed = (name.to_owned(), text);
        let truth = match fields.get("truth") {
            None => plant.clone(),
            Some(node) => {
                let name = self.text(node)?;
                let (_, truth) = self.plant(node.place, name, &open)?;
                self.same_checks(node.place, &plant, &truth);
                truth
            }
        };
        self.plants = Some((plant.clone(), truth.clone()));
        let starts = self.needed(&fields, "starts");
        let starts = self.instant(starts)?;
        self.starts = Some(starts);
        let ends = self.needed(&fields, "ends");
        let ends_place = ends.map_or(root.place, |node| node.place);
        let ends = self.instant(ends)?;
        if ends <= starts {
            self.mistake(ends_place, "it ends before it starts");
        }
        let senses = fields.get("senses").map(|node| self.senses(node)).unwrap_or_default();
        let stays_cool = self.spans(fields.get("stays_cool"));
        let faults = self.list(fields.get("faults"));
        let faults = faults.into_iter().filter_map(|node| self.happening(node)).collect();
        let told = self.list(fields.get("told"));
        let mut told: Vec<Told> = told.into_iter().filter_map(|node| self.told(node)).collect();
        told.sort_by_key(|told| told.at);
        let expect = fields.get("expect").map(|node| self.expect(node)).unwrap_or_default();
        let time_scale = self.number(fields.get("time_scale")).unwrap_or(TIME_SCALE);
        let seed = self.number(fields.get("seed")).unwrap_or(1);
        Some(Scenario {
            believed,
            plant,
            truth,
            starts,
            ends,
            time_scale,
            seed,
            senses,
            stays_cool,
            faults,
            told,
            expect,
        })
    }

    fn same_checks(&mut self, place: Place, plant: &Plant, truth: &Plant) {
        for check in plant.checks() {
            let own = truth.checks().iter().find(|own| own.key == check.key);
            let from =
                |plant: &Plant, check: &blackstart_model::check::Check| -> Vec<VantageName> {
                    check.from.iter().map(|&id| plant.vantage(id).name.clone()).collect()
                };
            if own.is_none_or(|own| from(truth, own) != from(plant, check)) {
                let message =
                    format!("the truth has no check `{}` from the same vantages", check.key);
                self.mistake(place, message);
            }
        }
    }

    fn senses(&mut self, node: &Node<'_>) -> Senses {
        let fields = self.fields(node, &["lies", "lost", "duplicated", "delayed", "clock_step"]);
        Senses {
            lies: self.share(fields.get("lies")).unwrap_or(0.0),
            lost: self.share(fields.get("lost")).unwrap_or(0.0),
            duplicated: self.share(fields.get("duplicated")).unwrap_or(0.0),
            delayed: self.span(fields.get("delayed")).unwrap_or(Duration::ZERO),
            clock_step: self.span(fields.get("clock_step")).unwrap_or(Duration::ZERO),
        }
    }

    /// A component of the truth, or of what was believed.
    fn component(&mut self, node: &Node<'_>, in_truth: bool) -> Option<ComponentName> {
        let name = self.text(node)?;
        let (plant, truth) = self.plants.clone()?;
        let found = if in_truth { &truth } else { &plant }.find(name).is_some();
        if !found {
            let which = if in_truth { "truth" } else { "plant" };
            self.mistake(node.place, format!("the {which} has no component `{name}`"));
        }
        found.then(|| ComponentName::from(name))
    }

    fn components(&mut self, node: Option<&Node<'_>>, in_truth: bool) -> Vec<ComponentName> {
        let nodes = self.list(node);
        nodes.into_iter().filter_map(|node| self.component(node, in_truth)).collect()
    }

    fn check(&mut self, node: &Node<'_>) -> Option<CheckKey> {
        let key = self.text(node)?;
        let (plant, _) = self.plants.clone()?;
        let found = plant.checks().iter().find(|check| check.key.as_str() == key);
        if found.is_none() {
            self.mistake(node.place, format!("the plant has no check `{key}`"));
        }
        found.map(|check| check.key.clone())
    }

    fn vantage(&mut self, node: &Node<'_>) -> Option<VantageName> {
        let name = self.text(node)?;
        let (plant, _) = self.plants.clone()?;
        let found = plant.vantages().iter().find(|vantage| vantage.name.as_str() == name);
        if found.is_none() {
            self.mistake(node.place, format!("the plant has no vantage `{name}`"));
        }
        found.map(|vantage| vantage.name.clone())
    }

    /// What breaks, and how it breaks when nothing is said.
    fn what(&mut self, fields: &Fields<'_, '_>, in_truth: bool) -> Option<(What, Mode)> {
        const SUBJECTS: [&str; 4] = ["component", "prefix", "check", "vantage"];
        let named: Vec<_> = SUBJECTS.iter().filter(|key| fields.get(key).is_some()).collect();
        let [one] = named[..] else {
            self.mistake(fields.place, format!("exactly one of {} is needed", SUBJECTS.join(", ")));
            return None;
        };
        let node = fields.get(one)?;
        match *one {
            "component" => {
                let name = self.component(node, in_truth)?;
                let (plant, truth) = self.plants.as_ref()?;
                let plant = if in_truth { truth } else { plant };
                let kind = plant.find(name.as_str()).map(|id| plant.component(id).kind);
                let prefix = kind == Some(Kind::Prefix);
                Some((What::Component(name), if prefix { Mode::Misrouted } else { Mode::Down }))
            }
            "prefix" => {
                let prefix = self.component(node, in_truth)?;
                let what = match fields.get("through") {
                    None => What::Component(prefix),
                    Some(node) => {
                        let through = self.component(node, in_truth)?;
                        What::Carriage { prefix, through }
                    }
                };
                Some((what, Mode::Misrouted))
            }
            "check" => {
                const SAYS: &[(&str, bool)] = &[("down", true), ("up", false)];
                let key = self.check(node)?;
                let says_down = self.word(fields.get("says"), SAYS).unwrap_or(true);
                Some((What::Check { key, says_down }, Mode::WrongCheck))
            }
            _ => Some((What::Vantage(self.vantage(node)?), Mode::CutOff)),
        }
    }

    fn happening(&mut self, node: &Node<'_>) -> Option<Happening> {
        let known = [
            "at",
            "until",
            "component",
            "prefix",
            "through",
            "check",
            "says",
            "vantage",
            "mode",
            "rate",
            "only",
            "cause",
            "judge_from",
        ];
        let fields = self.fields(node, &known);
        let what = self.what(&fields, true);
        let at = self.needed(&fields, "at");
        let at = self.instant(at);
        let until = self.instant(fields.get("until"));
        let rate = self.share(fields.get("rate")).unwrap_or(RATE);
        let only = self.components(fields.get("only"), true);
        let cause = self.yes(fields.get("cause")).unwrap_or(true);
        let judge_from = self.instant(fields.get("judge_from"));
        let mode = self.word(fields.get("mode"), Mode::ALL);
        let ((what, usual), at) = (what?, at?);
        let mode = mode.unwrap_or(usual);
        if until.is_some_and(|until| until <= at) {
            self.mistake(fields.place, "it is over before it begins");
        }
        let fits = match what {
            What::Component(_) => !matches!(mode, Mode::CutOff | Mode::Silent | Mode::WrongCheck),
            What::Carriage { .. } => matches!(mode, Mode::Misrouted | Mode::Flaky),
            What::Check { .. } => mode == Mode::WrongCheck,
            What::Vantage(_) => matches!(mode, Mode::CutOff | Mode::Silent),
        };
        if !fits {
            let message = format!("`{}` cannot be {}", what.subject(), mode.as_str());
            self.mistake(fields.place, message);
        }
        if (mode == Mode::Partial) == only.is_empty() {
            self.mistake(fields.place, "`mode: partial` and `only: […]` go together");
        }
        Some(Happening { what, mode, at, until, rate, only, cause, judge_from })
    }

    fn told(&mut self, node: &Node<'_>) -> Option<Told> {
        let known = [
            "at",
            "from",
            "by",
            "component",
            "check",
            "outcome",
            "did",
            "tries",
            "failures",
            "trust",
            "detail",
        ];
        let fields = self.fields(node, &known);
        let at = self.needed(&fields, "at");
        let at = self.instant(at)?;
        let detail = fields.get("detail").and_then(|node| self.text(node)).unwrap_or("").to_owned();
        if let Some(did) = fields.get("did") {
            let deed = self.word(
                Some(did),
                &Deed::ALL.iter().map(|it| (it.as_str(), *it)).collect::<Vec<_>>(),
            )?;
            let by = self.needed(&fields, "by")?;
            let from = self.text(by)?.to_owned();
            let component = self.needed(&fields, "component")?;
            let component = self.component(component, false)?;
            return Some(Told { at, from, what: Word::Did { deed, component }, detail });
        }
        let saw = self.needed(&fields, "outcome");
        let saw =
            self.word(saw, &Saw::ALL.iter().map(|it| (it.as_str(), *it)).collect::<Vec<_>>())?;
        let from = self.needed(&fields, "from")?;
        let of = match (fields.get("component"), fields.get("check")) {
            (Some(component), None) => SeenOf::Component(self.component(component, false)?),
            (None, Some(check)) => {
                self.vantage(from)?;
                SeenOf::Check(self.check(check)?)
            }
            _ => {
                self.mistake(fields.place, "one of `component` and `check` is needed");
                return None;
            }
        };
        let from = self.text(from)?.to_owned();
        let tries: u32 = self.number(fields.get("tries")).unwrap_or(1);
        let all = match saw {
            Saw::Down => tries,
            Saw::Flapping => tries.div_ceil(2),
            Saw::Up | Saw::Degraded | Saw::Unknown => 0,
        };
        let failures = self.number(fields.get("failures")).unwrap_or(all);
        if failures > tries {
            self.mistake(fields.place, "it failed more often than it was tried");
        }
        let usual = if from == HUMAN { PersonAction::TRUST } else { Report::TRUST };
        let trust = self.share(fields.get("trust")).unwrap_or(f64::from(usual) / 100.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
        let trust = (trust * 100.0).round() as u8;
        Some(Told { at, from, what: Word::Seen { of, saw, tries, failures, trust }, detail })
    }

    fn expect(&mut self, node: &Node<'_>) -> Expect {
        let known =
            ["judge_from", "next_check", "at", "end", "no_incident", "impact", "truth_unmodelled"];
        let fields = self.fields(node, &known);
        let unmodelled = fields.get("truth_unmodelled").and_then(|node| self.text(node));
        let at = self.list(fields.get("at"));
        let mut at: Vec<Milestone> =
            at.into_iter().map(|node| self.milestone(node, true)).collect();
        at.sort_by_key(|milestone| milestone.at);
        Expect {
            judge_from: self.instant(fields.get("judge_from")),
            next_check: self.texts(fields.get("next_check")),
            at,
            end: fields.get("end").map(|node| self.milestone(node, false)).unwrap_or_default(),
            no_incident: self.yes(fields.get("no_incident")).unwrap_or(false),
            impact: fields.get("impact").map(|node| {
                let fields = self.fields(node, &["services", "customers"]);
                let mut services = self.components(fields.get("services"), false);
                let mut customers = self.components(fields.get("customers"), false);
                services.sort();
                customers.sort();
                Impact { services, customers }
            }),
            truth_unmodelled: unmodelled.map(str::to_owned),
        }
    }

    fn milestone(&mut self, node: &Node<'_>, timed: bool) -> Milestone {
        let known = [
            "at",
            "first",
            "ambiguous",
            "not",
            "unexplained",
            "next_check",
            "incidents",
            "alerts_max",
        ];
        let fields = self.fields(node, if timed { &known } else { &known[1..] });
        if timed {
            self.needed(&fields, "at");
        }
        let first = self.list(fields.get("first"));
        Milestone {
            at: self.instant(fields.get("at")),
            first: first.into_iter().filter_map(|node| self.named(node)).collect(),
            ambiguous: self.subjects(fields.get("ambiguous")),
            not: self.subjects(fields.get("not")),
            unexplained: self.number(fields.get("unexplained")),
            next_check: self.texts(fields.get("next_check")),
            incidents: self.number(fields.get("incidents")),
            alerts_max: self.number(fields.get("alerts_max")),
        }
    }

    fn named(&mut self, node: &Node<'_>) -> Option<Named> {
        if node.map().is_none() {
            return Some(Named { subject: self.component(node, false)?.to_string(), mode: None });
        }
        let known = ["component", "prefix", "through", "check", "vantage", "mode"];
        let fields = self.fields(node, &known);
        let (what, _) = self.what(&fields, false)?;
        let mode = self.word(fields.get("mode"), Mode::ALL);
        Some(Named { subject: what.subject(), mode })
    }

    /// Names of what could be blamed.
    fn subjects(&mut self, node: Option<&Node<'_>>) -> Vec<String> {
        let nodes = self.list(node);
        nodes.into_iter().filter_map(|node| self.named(node)).map(|named| named.subject).collect()
    }
}

fn after_start(starts: Timestamp, span: Duration) -> Option<Timestamp> {
    starts.checked_add(SignedDuration::try_from(span).ok()?).ok()
}

/// The first such time of day at or after `starts`.
fn time_of_day(text: &str, starts: Timestamp, zone: &Zone) -> Result<Timestamp, String> {
    let first = starts.to_zoned(zone.as_jiff().clone()).date();
    let on = |date| local_instant(&format!("{date} {text}"), zone).map_err(|no| no.to_string());
    match on(first)? {
        at if at >= starts => Ok(at),
        _ => on(first.tomorrow().map_err(|_| "beyond the end of time".to_owned())?),
    }
}

/// `90s`, `5m`, `1h30m`, `1d`.
fn span(text: &str) -> Option<Duration> {
    let mut left = text.trim();
    let mut all = Duration::ZERO;
    while !left.is_empty() {
        let digits = left.find(|c: char| !c.is_ascii_digit())?;
        let (number, rest) = left.split_at(digits);
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (unit, rest) = rest.split_at(letters);
        let seconds = match unit {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        let number: u64 = number.parse().ok()?;
        all = all.checked_add(Duration::from_secs(number.checked_mul(seconds)?))?;
        left = rest.trim_start();
    }
    (!text.trim().is_empty()).then_some(all)
}
