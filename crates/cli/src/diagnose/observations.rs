//! What somebody wrote down of an outage: JSON lines, read into what the judgement takes.
//!
//! It decides what each line speaks of and from where, and finds every mistake with its line, all at
//! once. A line that is well written and names what the plant does not know is no mistake: it fits nothing, and
//! the rest is judged without it. It never opens the file, judges, or drops a line in silence: what was
//! taken otherwise than it was written is noted. An export of Alertmanager goes by `alerts`. Tested here, on
//! texts.

mod alerts;

use crate::named::{self, Unnamed};
use blackstart_model::check::Check;
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode};
use blackstart_model::record::{Deed, PersonAction, Report, Saw, VantageLoss};
use blackstart_model::time::{Timestamp, local_instant};
use blackstart_model::{CheckId, ComponentId, Plant, VantageId};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// A file at most, bytes: a night of ten thousand checks, change by change, many times over.
pub(crate) const BYTES_MAX: u64 = 256 << 20;

/// Lines at most: what is folded within a minute or two.
const LINES_MAX: usize = 1_000_000;

/// One line at most, bytes: no observation is longer, and what is longer is another kind of file.
const LINE_BYTES_MAX: usize = 64 << 10;

/// A detail is cut there, characters: as a symptom's is.
const DETAIL_CHARS_MAX: usize = 240;

/// Tries of what is said to flap and not how often, and how many of these failed: less than three
/// changes would not be called so (chosen by hand).
const FLAPPING: (u32, u32) = (4, 2);

/// One line that could be read.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Said {
    /// When it was seen or done.
    pub(crate) at: Timestamp,
    pub(crate) what: What,
}

/// What a line says.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum What {
    /// A check was answered.
    Answer { check: CheckId, vantage: VantageId, outcome: Outcome, tries: u32, failures: u32 },
    /// Somebody or something spoke of a component.
    Report {
        component: ComponentId,
        from: String,
        saw: Saw,
        tries: u32,
        failures: u32,
        trust: u8,
        detail: String,
    },
    /// Somebody did something to a component.
    Deed { component: ComponentId, by: String, did: Deed, note: String },
    /// A vantage is lost.
    Lost { vantage: VantageId, how: VantageLoss, detail: String },
    /// It is heard again.
    Heard { vantage: VantageId },
}

/// A line, or an alert of an export, that fits nothing in the plant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct Unmatched {
    /// Where it stands, counted from 1.
    pub(crate) line: usize,
    /// What it names.
    pub(crate) name: String,
    /// The nearest name that the plant knows, where one is near.
    pub(crate) near: Option<String>,
    /// What is the matter, in words.
    pub(crate) words: String,
}

/// A file, read.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// In the order of their times, and of the file where these are equal.
    pub(crate) said: Vec<Said>,
    /// What is wrong, with the line, counted from 1.
    pub(crate) mistakes: Vec<(usize, String)>,
    /// What was taken otherwise than it stands there, and how often.
    pub(crate) notes: BTreeMap<String, usize>,
    /// What fits nothing in the plant and is left aside.
    pub(crate) unmatched: Vec<Unmatched>,
}

impl Reading {
    fn note(&mut self, words: String) {
        *self.notes.entry(words).or_default() += 1;
    }
}

/// Reads a file: JSON lines, or an export of Alertmanager. Linear in the text.
pub(crate) fn read(text: &str, plant: &Plant) -> Reading {
    let mut reading = Reading::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(export) = alerts::export(text) {
        alerts::read(&export, plant, 1, &mut reading);
    } else {
        let mut names = Names::of(plant);
        let listed = listed(text);
        let lines: Vec<&str> = match &listed[..] {
            [] => text.lines().collect(),
            listed => listed.iter().map(String::as_str).collect(),
        };
        for (line, at) in lines.into_iter().zip(1..) {
            if at > LINES_MAX {
                let words = format!("more than {LINES_MAX} lines; give a shorter time");
                reading.mistakes.push((at, words));
                break;
            }
            read_line(line.trim(), at, &mut names, &mut reading);
        }
    }
    reading.said.sort_by_key(|said| said.at);
    reading
}

/// The lines of a file that has them as one array; they are counted from 1 as well.
fn listed(text: &str) -> Vec<String> {
    if !text.trim_start().starts_with('[') {
        return Vec::new();
    }
    let lines: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
    lines.iter().map(Value::to_string).collect()
}

fn read_line(line: &str, at: usize, names: &mut Names<'_>, reading: &mut Reading) {
    if line.is_empty() || line.starts_with('#') {
        return;
    }
    if line.len() > LINE_BYTES_MAX {
        let words = format!("{} bytes; a line has {LINE_BYTES_MAX} at most", line.len());
        reading.mistakes.push((at, words));
        return;
    }
    let fields = match serde_json::from_str(line) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => {
            let words = "not a JSON object, as in {\"at\": …, \"from\": …, \"check\": …}";
            reading.mistakes.push((at, words.to_owned()));
            return;
        }
        Err(error) => {
            // What serde says of the line's own lines is always "line 1".
            let column = error.column();
            let words = format!("not JSON, from column {column} on");
            reading.mistakes.push((at, words));
            return;
        }
    };
    if fields.contains_key("alerts") {
        alerts::read(&Value::Object(fields), names.plant, at, reading);
        return;
    }
    let plant = names.plant;
    let (wrong, strange, notes) = (Vec::new(), Vec::new(), Vec::new());
    let mut line = Line { fields, plant, names, wrong, strange, notes };
    let said = if line.fields.contains_key("did") { line.deed() } else { line.observation() };
    line.left_over();
    let Line { wrong, strange, notes, .. } = line;
    notes.into_iter().for_each(|note| reading.note(note));
    match said {
        Some(said) if wrong.is_empty() && strange.is_empty() => reading.said.push(said),
        _ => {
            reading.mistakes.extend(wrong.into_iter().map(|words| (at, words)));
            let unmatched = |why: Unnamed| {
                let words = why.to_string();
                let Unnamed { name, near, .. } = why;
                Unmatched { line: at, name, near, words }
            };
            reading.unmatched.extend(strange.into_iter().map(unmatched));
        }
    }
}

/// What names mean, remembered: the same few stand in every line of a file.
struct Names<'p> {
    plant: &'p Plant,
    checks: HashMap<String, named::Result<CheckId>>,
    components: HashMap<String, named::Result<ComponentId>>,
}

impl<'p> Names<'p> {
    fn of(plant: &'p Plant) -> Self {
        let known = |check: &Check| (check.key.to_string(), Ok(check.id));
        let checks = plant.checks().iter().map(known).collect();
        Self { plant, checks, components: HashMap::new() }
    }
}

/// One line while it is read. Each field is taken out; what is left over is noted.
struct Line<'p, 'n> {
    fields: Map<String, Value>,
    plant: &'p Plant,
    names: &'n mut Names<'p>,
    wrong: Vec<String>,
    /// Names that the plant does not know.
    strange: Vec<Unnamed>,
    notes: Vec<String>,
}

impl Line<'_, '_> {
    fn observation(&mut self) -> Option<Said> {
        let at = self.at();
        let saw = self.saw();
        let symptom = self.text("symptom");
        let detail = self.detail();
        let counts = self.counts(saw);
        let trust = self.trust();
        let from = self.text("from");
        let check = self.check();
        let component = self.component();
        if check.is_none() && component.is_none() && self.strange.is_empty() {
            let vantage = from.filter(|from| !Report::is_on_the_spot(from));
            if let (Some(saw @ (Saw::Up | Saw::Unknown)), Some(vantage)) = (saw, vantage) {
                return self.of_vantage(at?, &vantage, saw, symptom.as_deref(), detail);
            }
            if self.wrong.is_empty() {
                let words = "neither `check` nor `component`; without them a vantage is `unknown`, \
                             for it is lost, or `up` again";
                self.wrong.push(words.to_owned());
            }
            return None;
        }
        let (at, saw, (tries, failures)) = (at?, saw?, counts?);
        let told = self.flaps(saw, tries, failures);
        let vantage = check.map(|check| self.vantage(check, from.as_deref()));
        if let (Some(check), Some(component)) = (check, component)
            && self.plant.checks()[check.index()].component != component
        {
            self.wrong.push("`check` and `component` are not of each other".to_owned());
        }
        let what = match (check, vantage) {
            (Some(check), Some(Some(vantage))) => {
                if trust.is_some() {
                    self.notes.push("`trust` is for people and hosts, not for checks".to_owned());
                }
                let outcome = self.outcome(told, symptom.as_deref(), &detail);
                What::Answer { check, vantage, outcome, tries, failures }
            }
            (check, _) => {
                let own = check.map(|check| self.plant.checks()[check.index()].component);
                if from.is_none() {
                    self.wrong.push("`from` is missing: who or what saw it".to_owned());
                }
                let detail = match (symptom, detail.as_str()) {
                    (Some(symptom), "") => symptom,
                    (Some(symptom), _) => format!("{symptom}: {detail}"),
                    (None, _) => detail,
                };
                let (component, from) = (own.or(component)?, from?);
                let usual = if from == "human" { PersonAction::TRUST } else { Report::TRUST };
                let trust = trust.unwrap_or(usual);
                What::Report { component, from, saw: told, tries, failures, trust, detail }
            }
        };
        Some(Said { at, what })
    }

    /// What is said of a vantage and of nothing that it sees: it is lost, or heard again.
    fn of_vantage(
        &mut self,
        at: Timestamp,
        name: &str,
        saw: Saw,
        symptom: Option<&str>,
        detail: String,
    ) -> Option<Said> {
        let vantage = named::vantage(self.plant, name);
        let vantage = vantage.map_err(|error| self.strange.push(error)).ok()?;
        let how = symptom.and_then(VantageLoss::parse).unwrap_or(VantageLoss::Silent);
        let what = match saw {
            Saw::Up => What::Heard { vantage },
            Saw::Down | Saw::Degraded | Saw::Flapping | Saw::Unknown => {
                What::Lost { vantage, how, detail }
            }
        };
        Some(Said { at, what })
    }

    fn deed(&mut self) -> Option<Said> {
        let at = self.at();
        let by = self.text("by");
        let did = self.text("did").and_then(|did| {
            let known = Deed::parse(&did);
            if known.is_none() {
                let all: Vec<&str> = Deed::ALL.iter().map(|deed| deed.as_str()).collect();
                self.wrong.push(format!("`{did}` is no deed; there are {}", all.join(", ")));
            }
            known
        });
        let component = self.component();
        if component.is_none() && self.wrong.is_empty() && self.strange.is_empty() {
            self.wrong.push("`component` is missing: to what was it done".to_owned());
        }
        let note = self.detail();
        let by = by.unwrap_or_else(|| "somebody".to_owned());
        let what = What::Deed { component: component?, by, did: did?, note };
        Some(Said { at: at?, what })
    }

    /// A text field; absent is `None`, and so is what is none, after it was told.
    fn text(&mut self, key: &str) -> Option<String> {
        match self.fields.remove(key)? {
            Value::String(text) => Some(text),
            Value::Null => None,
            other => {
                self.wrong.push(format!("`{key}` is a text, not {other}"));
                None
            }
        }
    }

    /// Whether a field is not there, or has nothing in it.
    fn is_missing(&self, key: &str) -> bool {
        self.fields.get(key).is_none_or(Value::is_null)
    }

    fn detail(&mut self) -> String {
        let detail = self.text("detail").or_else(|| self.text("note")).unwrap_or_default();
        detail.chars().take(DETAIL_CHARS_MAX).collect()
    }

    fn at(&mut self) -> Option<Timestamp> {
        if self.is_missing("at") {
            self.wrong.push("`at` is missing: when it was seen".to_owned());
        }
        let text = self.text("at")?;
        match local_instant(&text, self.plant.zone()) {
            Ok(at) => Some(at),
            Err(error) => {
                self.wrong.push(format!("the time `{text}`: {error}"));
                None
            }
        }
    }

    fn saw(&mut self) -> Option<Saw> {
        if self.is_missing("outcome") {
            self.wrong.push("`outcome` is missing: up, down, degraded, flapping or unknown".into());
        }
        let text = self.text("outcome")?;
        let known = Saw::parse(&text.to_ascii_lowercase());
        if known.is_none() {
            let words = "an outcome is up, down, degraded, flapping or unknown";
            self.wrong.push(format!("`{text}`: {words}"));
        }
        known
    }

    /// A count; what is none was told.
    fn count(&mut self, key: &str) -> Option<u32> {
        match self.fields.remove(key)? {
            Value::Null => None,
            Value::Number(number) => {
                let count = number.as_u64().and_then(|count| u32::try_from(count).ok());
                if count.is_none() {
                    self.wrong.push(format!("`{key}` is a count, not {number}"));
                }
                count
            }
            other => {
                self.wrong.push(format!("`{key}` is a count, not {other}"));
                None
            }
        }
    }

    /// Tries, and of these failures: as written, or as the outcome says.
    fn counts(&mut self, saw: Option<Saw>) -> Option<(u32, u32)> {
        let (tries, failures) = (self.count("tries"), self.count("failures"));
        let saw = saw?;
        let (tries, failures) = match (saw, tries, failures) {
            (_, Some(tries), Some(failures)) => (tries, failures),
            (Saw::Flapping, None, None) => FLAPPING,
            (Saw::Flapping, Some(tries), None) => (tries, tries / 2),
            (_, None, Some(failures)) => (failures.max(1), failures),
            (Saw::Down, tries, None) => (tries.unwrap_or(1), tries.unwrap_or(1)),
            (Saw::Up | Saw::Degraded | Saw::Unknown, tries, None) => (tries.unwrap_or(1), 0),
        };
        if tries == 0 {
            self.wrong.push("`tries` is at least 1".to_owned());
        }
        if failures > tries {
            self.wrong.push(format!("{failures} `failures` of {tries} `tries`"));
        }
        Some((tries, failures))
    }

    /// What was seen, by its counts: some tries that failed among good ones are neither up nor down.
    fn flaps(&mut self, saw: Saw, tries: u32, failures: u32) -> Saw {
        let mixed = failures > 0 && failures < tries;
        match saw {
            Saw::Up | Saw::Down if mixed => {
                self.notes.push(format!("`{saw}` with failures in some of its tries is flapping"));
                Saw::Flapping
            }
            Saw::Up if failures == tries => {
                self.wrong.push("`up`, and every try failed".to_owned());
                saw
            }
            Saw::Up | Saw::Down | Saw::Degraded | Saw::Flapping | Saw::Unknown => saw,
        }
    }

    /// How far the line is to be trusted, percent: a share up to 1, or percent above it.
    fn trust(&mut self) -> Option<u8> {
        let given = self.fields.remove("trust")?;
        let share = match given.as_f64() {
            Some(share) if (0.0..=1.0).contains(&share) => share * 100.0,
            Some(percent) if (1.0..=100.0).contains(&percent) => percent,
            _ => {
                self.wrong.push(format!("`trust` is from 0 to 1, or percent, not {given}"));
                return None;
            }
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 0 and 100"
        )]
        Some(share.round() as u8)
    }

    fn component(&mut self) -> Option<ComponentId> {
        let name = self.text("component")?;
        let Names { plant, components, checks: _ } = &mut *self.names;
        let look = |name: &String| named::component(plant, name);
        let found = components.entry(name).or_insert_with_key(look).clone();
        found.map_err(|error| self.strange.push(error)).ok()
    }

    fn check(&mut self) -> Option<CheckId> {
        let name = self.text("check")?;
        let Names { plant, checks, components: _ } = &mut *self.names;
        let look = |name: &String| named::check(plant, name);
        let found = checks.entry(name).or_insert_with_key(look).clone();
        found.map_err(|error| self.strange.push(error)).ok()
    }

    /// From where a check was put; `None` when what is said is not a word of this check, but about its
    /// component.
    fn vantage(&mut self, check: CheckId, from: Option<&str>) -> Option<VantageId> {
        let (vantage, note) = placed(self.plant, check, from);
        self.notes.extend(note);
        vantage
    }

    fn outcome(&mut self, saw: Saw, symptom: Option<&str>, detail: &str) -> Outcome {
        let code = symptom.and_then(|symptom| {
            let known = SymptomCode::parse(symptom);
            if known.is_none() && matches!(saw, Saw::Down | Saw::Degraded) {
                self.notes.push(no_symptom(symptom));
            }
            known
        });
        let code = code.unwrap_or(SymptomCode::Reported);
        match saw {
            Saw::Up => Outcome::Up,
            Saw::Down => Outcome::down(code, detail),
            Saw::Degraded => Outcome::degraded(code, detail),
            Saw::Flapping => Outcome::degraded(SymptomCode::Flapping, detail),
            Saw::Unknown => {
                let why = symptom.and_then(NoAnswerCode::parse).unwrap_or(NoAnswerCode::Silent);
                Outcome::unknown(why, detail)
            }
        }
    }

    /// Fields that say nothing to us are said, and not refused: other programs write what they like.
    fn left_over(&mut self) {
        for key in self.fields.keys() {
            let key: String = key.chars().take(40).collect();
            self.notes.push(format!("`{key}` is not a field of an observation: left aside"));
        }
    }
}

/// The vantage of a check that `from` means, and what is to be said of it. A name that is no vantage of
/// the check may still be its only one, or say where that stands; else it is a word about the component.
fn placed(
    plant: &Plant,
    check: CheckId,
    from: Option<&str>,
) -> (Option<VantageId>, Option<String>) {
    let check = &plant.checks()[check.index()];
    let (key, own) = (&check.key, &check.from);
    let component = &plant.component(check.component).name;
    let name = |id: VantageId| &plant.vantage(id).name;
    let Some(from) = from else {
        return match own[..] {
            [only] => (Some(only), Some(format!("{key} is put from `{}` only", name(only)))),
            _ => (None, None),
        };
    };
    if let Some(&vantage) = own.iter().find(|&&id| name(id).as_str() == from) {
        return (Some(vantage), None);
    }
    let about = format!("`{from}` puts no {key}: taken as a word about {component}");
    let taken = |vantage: VantageId| {
        let note = format!("`{from}` of {key}: taken as its vantage `{}`", name(vantage));
        (Some(vantage), Some(note))
    };
    // Another vantage of the plant, a person, or the machine itself see something else than the check.
    let another = plant.vantages().iter().any(|vantage| vantage.name.as_str() == from);
    let outside = match from {
        "outside" => true,
        "inside" => false,
        _ if another || Report::is_on_the_spot(from) => return (None, Some(about)),
        _ => {
            return match own[..] {
                [only] => taken(only),
                _ => (None, Some(about)),
            };
        }
    };
    match own.iter().find(|&&id| plant.vantage(id).at.is_none() == outside) {
        Some(&vantage) => taken(vantage),
        None => (None, Some(about)),
    }
}

#[cfg(test)]
mod tests;

/// That a symptom is not known, with those whose names have a part in common with it.
fn no_symptom(symptom: &str) -> String {
    let parts = |name: &str| name.split(['-', '_', ' ']).map(str::to_lowercase).collect::<Vec<_>>();
    let written = parts(symptom);
    let like = |code: &&SymptomCode| parts(code.as_str()).iter().any(|part| written.contains(part));
    let like: Vec<&str> = SymptomCode::ALL.iter().filter(like).map(|code| code.as_str()).collect();
    let meant = match like[..] {
        [] => "docs/checks.md has all of them".to_owned(),
        _ => format!("there are {}", like.join(", ")),
    };
    format!("`{symptom}` is no symptom we know: taken as `reported`; {meant}")
}
