//! The plant file of what was found: each fact with where it comes from, and what nobody says as questions.
//!
//! Names, needs and text are the model's [draft](blackstart_model::draft); here is decided which of several sources is
//! written, and that nothing is written which the checker would refuse. Same reports and same answers, same bytes.
//! Tested through the sources, each of whose results the checker takes without an error.

mod text;

use crate::join::{Conflict, Group, Joined, Seen, from, join};
use crate::network::{Network, network};
use crate::seen::{Asked, How, Needed, Report, refused};
use blackstart_model::draft::{self, About, Key, Need};
use blackstart_model::kind::Kind;
use blackstart_model::plantfile::fields::FIELDS;
use blackstart_model::plantfile::{may_name, scalar};
use std::collections::{BTreeMap, BTreeSet};

/// How often what is found is asked: it costs nothing to ask ourselves, and little to ask a neighbour.
const EVERY: &str = "5 s";

/// Names that a question about many lists.
const NAMED_MAX: usize = 8;

/// Checks of one component at most: what a plant may hold (docs/plant-file.md, Limits).
const CHECKS_MAX: usize = 100;

/// What came of looking.
#[derive(Debug, PartialEq, Eq)]
pub struct Looked {
    /// The plant file, with what it rests on in its comments.
    pub plant: String,
    /// What was found, a line each.
    pub found: Vec<String>,
    /// What nobody said, or did not answer: for people.
    pub questions: Vec<String>,
    /// Where sources disagree.
    pub conflicts: Vec<Conflict>,
}

/// How one question was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    Well,
    /// Badly, or not at all, and how.
    Not(String),
    /// It could not be put, and why.
    NotPut(String),
}

/// What was asked once, as it is written in a plant. Nothing is there when nothing was asked.
pub(crate) type Answers = BTreeMap<String, Answered>;

/// Objects are groups, told apart by what they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Sort(Kind);

impl draft::Sort for Sort {
    fn word(self) -> &'static str {
        self.0.as_str()
    }
}

type Draft = draft::Draft<Sort>;

/// All that is said, joined.
#[derive(Debug)]
pub struct Plant<'r> {
    reports: &'r [Report],
    joined: Joined,
}

impl<'r> Plant<'r> {
    /// What several sources say together; of two that disagree, the first counts.
    #[must_use]
    pub fn of(reports: &'r [Report]) -> Self {
        Self { reports, joined: join(reports) }
    }

    /// The questions that may be put to what is there.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = &'r String> {
        let asked = self.reports.iter().flat_map(|it| &it.things).flat_map(|it| &it.asked);
        asked.flat_map(|asked| match asked {
            Asked::Try(candidates) => candidates.as_slice(),
            Asked::Told(_) => &[],
        })
    }

    /// The plant file, with the first question of each that was answered well.
    pub(crate) fn written(&self, answers: &Answers) -> Looked {
        let mut writing = Writing::begin(self.reports, &self.joined);
        writing.asked = !answers.is_empty();
        for group in 0..self.joined.groups.len() {
            writing.fill(group, answers);
        }
        writing.draft.cut_circles();
        writing.finish()
    }
}

/// The plant as it is written.
struct Writing<'r> {
    reports: &'r [Report],
    joined: &'r Joined,
    network: Network,
    draft: Draft,
    found: Vec<String>,
    /// Asked of no component in particular.
    questions: Vec<String>,
    conflicts: Vec<Conflict>,
    /// What has no power that anybody knows of.
    unpowered: Vec<String>,
    /// A check that would fit, for those that were not asked.
    unasked: usize,
    /// Whether anything was asked.
    asked: bool,
    /// Where the thing that is being written is known from: what comes from there, too, does not say it again.
    known_from: String,
}

impl<'r> Writing<'r> {
    fn begin(reports: &'r [Report], joined: &'r Joined) -> Self {
        let mut draft = Draft::default();
        for (number, group) in joined.groups.iter().enumerate() {
            let (nth, at) = group.members[0];
            let thing = &reports[nth].things[at];
            let within = group.members.iter().find_map(|(nth, at)| {
                let needs = &reports[*nth].things[*at].needs;
                let on = needs.iter().find(|needed| needed.field == "on")?;
                let on = joined.group((*nth, *on.of.first()?));
                Some((Sort(joined.groups[on].kind), on as u64))
            });
            let called = (!thing.name.is_empty()).then_some(thing.name.as_str());
            let sort = Sort(group.kind);
            if thing.is_nameless {
                draft.declare_unnamed(sort, number as u64, group.kind, &thing.name);
            } else {
                draft.declare(sort, number as u64, group.kind, called, within);
            }
        }
        draft.name_all();
        let network = network(reports, joined, |group| draft.name(group).to_owned());
        let conflicts = joined.conflicts.iter().chain(&network.conflicts).cloned().collect();
        let mut questions = Vec::new();
        let mut found = Vec::new();
        for report in reports {
            found.extend(report.notes.iter().cloned());
            questions.extend(report.questions.iter().cloned());
        }
        Self {
            reports,
            joined,
            network,
            draft,
            found,
            questions,
            conflicts,
            unpowered: Vec::new(),
            unasked: 0,
            asked: false,
            known_from: String::new(),
        }
    }

    /// Writes what is said of one thing; its key is its number, for nothing was added between.
    fn fill(&mut self, key: Key, answers: &Answers) {
        let joined = self.joined;
        let group = &joined.groups[key];
        self.called(key, group);
        if group.kind == Kind::Upstream {
            let is_said = |(nth, at): &Seen| {
                self.reports[*nth].things[*at].fields.iter().any(|(field, _)| *field == "provides")
            };
            if !group.members.iter().any(is_said) {
                let words = format!(
                    "does {} lead to the internet (`provides: internet`)?",
                    self.draft.name(key)
                );
                self.draft.ask(key, About::Circuit, words);
            }
        }
        if !group.is_kind_said {
            let words = format!("what is {}?", self.draft.name(key));
            self.draft.ask(key, About::Kind, words);
        }
        self.addresses(key, group);
        let mut needs: BTreeMap<&'static str, Vec<(Needed, String)>> = BTreeMap::new();
        let mut fields: BTreeMap<&'static str, Vec<(String, String)>> = BTreeMap::new();
        let mut asked = BTreeSet::new();
        for (nth, at) in &group.members {
            let report = &self.reports[*nth];
            let thing = &report.things[*at];
            for needed in thing.needs.iter().filter(|needed| needed.field != "network") {
                let from = from(report, needed.at.as_ref().unwrap_or(&thing.at));
                let mut needed = needed.clone();
                for of in &mut needed.of {
                    *of = joined.group((*nth, *of));
                }
                needed.field = powered(needed.field, group.kind);
                needs.entry(needed.field).or_default().push((needed, from));
            }
            for (field, value) in &thing.fields {
                let from = from(report, &thing.at);
                fields.entry(field).or_default().push((value.clone(), from));
            }
            for remark in &thing.remarks {
                self.draft.remark(key, remark.clone());
            }
            // Several sources may ask the same of one thing.
            for (about, words) in &thing.questions {
                if asked.insert(words) {
                    self.draft.ask(key, *about, words.clone());
                }
            }
        }
        for (field, said) in needs {
            self.need(key, field, said);
        }
        self.hangs(key);
        for (field, said) in fields {
            self.field(key, field, said);
        }
        self.checks(key, group, answers);
        let has_power =
            |entry: &draft::Entry| entry.needs.iter().any(|(field, _)| *field == "power");
        let is_hardware = matches!(
            group.kind,
            Kind::Server
                | Kind::Hypervisor
                | Kind::Storage
                | Kind::Switch
                | Kind::Router
                | Kind::Firewall
                | Kind::LoadBalancer
        );
        if is_hardware && !has_power(&self.draft.entries[key]) {
            self.unpowered.push(self.draft.name(key).to_owned());
        }
    }

    /// Where a thing is known from, and what else it is called.
    fn called(&mut self, key: Key, group: &Group) {
        let (nth, at) = group.members[0];
        let first = &self.reports[nth].things[at];
        let mut from: Vec<String> = Vec::new();
        for (nth, at) in &group.members {
            let report = &self.reports[*nth];
            let thing = &report.things[*at];
            let said = crate::join::from(report, &thing.at);
            if thing.name == first.name {
                if !from.contains(&said) && !thing.is_implied {
                    from.push(said);
                }
            } else if !thing.is_implied {
                from.push(format!("{said} calls it {}", thing.name));
            }
        }
        if from.is_empty() {
            let by: Vec<String> = group
                .members
                .iter()
                .map(|(nth, at)| {
                    crate::join::from(&self.reports[*nth], &self.reports[*nth].things[*at].at)
                })
                .collect();
            from.push(format!("only named, {}", by.first().cloned().unwrap_or_default()));
            let words =
                format!("{} is named and described nowhere: what is it?", self.draft.name(key));
            if group.is_kind_said {
                self.draft.ask(key, About::Kind, words);
            }
        }
        let entry = &mut self.draft.entries[key];
        let own = entry.called.take().filter(|own| !own.is_empty());
        let own = own.map(|own| format!("{own}: ")).unwrap_or_default();
        self.known_from = from.join("; ");
        entry.called = Some(format!("{own}{}", self.known_from));
    }

    fn addresses(&mut self, key: Key, group: &Group) {
        let mut known: Vec<String> = Vec::new();
        let mut from: Vec<String> = Vec::new();
        for (nth, at) in &group.members {
            let thing = &self.reports[*nth].things[*at];
            for address in thing.addresses.iter().map(|it| it.to_canonical().to_string()) {
                if !known.contains(&address) {
                    let said = crate::join::from(&self.reports[*nth], &thing.at);
                    if !from.contains(&said) {
                        from.push(said);
                    }
                    known.push(address);
                }
            }
        }
        if known.is_empty() {
            return;
        }
        let quoted: Vec<String> = known.iter().map(|it| scalar(it)).collect();
        let value =
            if quoted.len() == 1 { quoted[0].clone() } else { format!("[{}]", quoted.join(", ")) };
        if refused(group.kind, "address", &value).is_none() {
            self.set(key, "address", value, from.join("; "));
        }
    }

    fn set(&mut self, key: Key, field: &'static str, value: String, from: String) {
        self.draft.field(key, field, value);
        self.source(key, field, from);
    }

    fn source(&mut self, key: Key, field: &'static str, from: String) {
        if from != self.known_from {
            self.draft.entries[key].sources.push((field, from));
        }
    }

    fn need(&mut self, key: Key, field: &'static str, mut said: Vec<(Needed, String)>) {
        if field == "in" {
            said = self.narrowest(said);
        }
        let from = said.first().map(|(_, from)| from.clone()).unwrap_or_default();
        if !self.may_have(key, field, &from) {
            return;
        }
        let adds = matches!(field, "needs" | "uses" | "degraded_without" | "to_start" | "covers");
        let adds =
            adds && said.iter().all(|(needed, _)| needed.how == How::All || needed.of.len() == 1);
        let mut of: Vec<usize> = Vec::new();
        let mut sources: Vec<String> = Vec::new();
        let mut first: Option<(Needed, String)> = None;
        for (mut needed, from) in said {
            needed.of = self.fitting(key, field, &needed.of, &from);
            if needed.of.is_empty() {
                continue;
            }
            match &first {
                Some((known, _)) if !adds => {
                    if known.of != needed.of || known.how != needed.how {
                        let (known, by) =
                            (self.names(&known.of), first.as_ref().map(|it| it.1.clone()));
                        let said =
                            vec![(known, by.unwrap_or_default()), (self.names(&needed.of), from)];
                        let component = self.draft.name(key).to_owned();
                        self.conflicts.push(Conflict { component, field: field.to_owned(), said });
                    }
                    continue;
                }
                Some(_) | None => {}
            }
            of.extend(needed.of.iter().copied());
            if !sources.contains(&from) {
                sources.push(from.clone());
            }
            first.get_or_insert((needed, from));
        }
        let Some((first, _)) = first else { return };
        let how = if adds { How::All } else { first.how };
        self.draft.need(key, field, need(how, of));
        self.source(key, field, sources.join("; "));
    }

    /// Of a rack, its room and its site the rack: who says the others says nothing else.
    fn narrowest(&self, mut said: Vec<(Needed, String)>) -> Vec<(Needed, String)> {
        let width = |(needed, _): &(Needed, String)| {
            let kind = |of: &usize| self.joined.groups[*of].kind;
            let narrow_first = [Kind::Rack, Kind::Room, Kind::Site];
            needed.of.first().map(|of| narrow_first.iter().position(|kind_of| *kind_of == kind(of)))
        };
        if let Some(narrow) = said.iter().map(width).filter(|width| width.flatten().is_some()).min()
        {
            said.retain(|one| width(one) == narrow);
        }
        said
    }

    /// Whether what it is has this field; says it where not.
    fn may_have(&mut self, key: Key, field: &str, from: &str) -> bool {
        let kind = self.joined.groups[key].kind;
        let has = FIELDS.iter().any(|known| known.name == field && known.of.has(kind));
        if !has {
            let name = self.draft.name(key);
            self.questions.push(format!("{from}: {name} is a {kind}, which has no `{field}`"));
        }
        has
    }

    fn hangs(&mut self, key: Key) {
        let hangs = self.network.hangs.get(&key).cloned();
        if let Some(hangs) = hangs.filter(|hangs| self.may_have(key, "network", &hangs.from)) {
            let of = self.fitting(key, "network", &hangs.of, &hangs.from);
            if !of.is_empty() {
                self.draft.need(key, "network", need(hangs.how, of));
                self.source(key, "network", hangs.from);
            }
        }
        let remarks = self.network.remarks.iter().filter(|(of, _)| *of == key);
        for (_, words) in remarks {
            self.draft.remark(key, words.clone());
        }
        let questions = self.network.questions.iter().filter(|(of, ..)| *of == key);
        for (_, about, words) in questions {
            self.draft.ask(key, *about, words.clone());
        }
    }

    /// Those of them that may stand there, each once.
    fn fitting(&mut self, key: Key, field: &str, of: &[usize], from: &str) -> Vec<Key> {
        let mut fitting = Vec::new();
        for of in of {
            let kind = self.joined.groups[*of].kind;
            if *of == key {
                continue;
            }
            if !may_name(field, kind) {
                let words = format!(
                    "{from}: `{field}` of {} names {}, which is a {kind} and cannot stand there",
                    self.draft.name(key),
                    self.draft.name(*of)
                );
                self.questions.push(words);
            } else if !fitting.contains(of) || matches!(field, "power" | "fed_by") {
                // Two cords in one strip are written as they are plugged in; the audit says what they are worth.
                fitting.push(*of);
            }
        }
        fitting
    }

    fn names(&self, of: &[usize]) -> String {
        let names: Vec<&str> = of.iter().map(|of| self.draft.name(*of)).collect();
        names.join(", ")
    }

    fn field(&mut self, key: Key, field: &'static str, said: Vec<(String, String)>) {
        let kind = self.joined.groups[key].kind;
        let mut kept: Vec<(String, String)> = Vec::new();
        for (value, from) in said {
            match refused(kind, field, &value) {
                None if kept.iter().any(|(known, _)| known.eq_ignore_ascii_case(&value)) => {}
                None => kept.push((value, from)),
                Some(why) => self.questions.push(format!("{from}: `{field}: {value}`: {why}")),
            }
        }
        if let Some((value, from)) = kept.first().cloned() {
            self.set(key, field, value, from);
        }
        if kept.len() > 1 {
            let component = self.draft.name(key).to_owned();
            self.conflicts.push(Conflict { component, field: field.to_owned(), said: kept });
        }
    }

    fn checks(&mut self, key: Key, group: &Group, answers: &Answers) {
        let mut chosen: Vec<(String, String)> = Vec::new();
        let mut put = |check: String, from: String| {
            if chosen.len() < CHECKS_MAX && !chosen.iter().any(|(known, _)| *known == check) {
                chosen.push((check, from));
            }
        };
        let mut tried: BTreeSet<&String> = BTreeSet::new();
        for (nth, at) in &group.members {
            let report = &self.reports[*nth];
            let thing = &report.things[*at];
            let from = from(report, &thing.at);
            let told = if from == self.known_from { String::new() } else { from.clone() };
            for asked in &thing.asked {
                let candidates = match asked {
                    Asked::Told(check) => {
                        put(check.clone(), told.clone());
                        continue;
                    }
                    Asked::Try(candidates) => candidates,
                };
                let well = |it: &&String| answers.get(*it) == Some(&Answered::Well);
                if let Some(check) = candidates.iter().find(well) {
                    put(format!("{check}, every: {EVERY}"), String::new());
                    let name = self.draft.name(key);
                    self.found.push(format!("{name}: {from}, {check}"));
                    continue;
                }
                let Some(last) = candidates.last().filter(|last| tried.insert(last)) else {
                    continue;
                };
                let name = self.draft.name(key).to_owned();
                match answers.get(last) {
                    Some(Answered::NotPut(why)) => self.questions.push(format!(
                        "{name} ({from}) could not be asked `{last}` ({why}): add the check by hand where it can"
                    )),
                    Some(Answered::Not(how)) => self.questions.push(format!(
                        "{name} ({from}) did not answer `{last}` well ({how}): is it to? Then add the check by hand"
                    )),
                    // No candidate is: the first that is was taken.
                    Some(Answered::Well) => {}
                    None => {
                        self.unasked += 1;
                        self.draft.remark(key, format!("not asked yet; this would fit: {{ {last} }}"));
                    }
                }
            }
        }
        self.draft.entries[key].checks = chosen;
    }

    fn finish(mut self) -> Looked {
        let links = std::mem::take(&mut self.network.links);
        for link in links {
            let [one, other] = link.between;
            let name = format!("{}-{}", self.draft.name(one), self.draft.name(other));
            let key = self.draft.add(Kind::Link, &name);
            self.draft.entries[key].called = Some(link.from);
            self.draft.need(key, "between", Need::All(vec![one, other]));
        }
        let mut questions = std::mem::take(&mut self.questions);
        many(
            &mut questions,
            "what feeds these with power, and what stands behind that (`power`, `pdus`, `feeds`, `ups`)",
            &self.unpowered,
        );
        if self.unasked > 0 {
            questions.push(format!(
                "{} checks that would fit stand beside their components: nothing was asked from here",
                self.unasked
            ));
        }
        for report in self.reports {
            questions.extend(report.doubts.iter().cloned());
            if report.doubts_beyond > 0 {
                let (by, more) = (&report.by, report.doubts_beyond);
                questions.push(format!("{by}: and {more} more that could not be read"));
            }
            for ((what, why), names) in &report.left_out {
                self.found.push(left_out(report, what, why, names));
            }
        }
        let text = self.text(&questions);
        let own = self.draft.questions.iter().map(|question| match &question.component {
            Some(component) if !question.words.contains(component.as_str()) => {
                format!("{component}: {}", question.words)
            }
            Some(_) | None => question.words.clone(),
        });
        let questions = questions.into_iter().chain(own).collect();
        Looked { plant: text, found: self.found, questions, conflicts: self.conflicts }
    }
}

/// One question about many.
fn many(questions: &mut Vec<String>, words: &str, of: &[String]) {
    if of.is_empty() {
        return;
    }
    questions.push(format!("{words}: {}", listed(of)));
}

fn listed(of: &[String]) -> String {
    let first: Vec<&str> = of.iter().take(NAMED_MAX).map(String::as_str).collect();
    match of.len().saturating_sub(NAMED_MAX) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn left_out(report: &Report, what: &str, why: &str, names: &[String]) -> String {
    format!("{}: left out, {what}: {why}: {}", report.by, listed(names))
}

/// What takes power and what hands it on call it by two names.
fn powered(field: &'static str, kind: Kind) -> &'static str {
    match field {
        "power" | "fed_by" if kind.distributes_power() => "fed_by",
        "power" | "fed_by" => "power",
        other => other,
    }
}

fn need(how: How, of: Vec<Key>) -> Need {
    match how {
        How::Any => Need::Any(of),
        How::All => Need::All(of),
        How::AtLeast(least) => Need::AtLeast(least.clamp(1, of.len().max(1)), of),
        How::TakenOver(takes) => Need::TakenOver(of, takes),
    }
}
