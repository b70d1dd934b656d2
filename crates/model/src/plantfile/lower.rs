//! From values with places to components and requirements.
//!
//! First every name is declared (ranges expanded), then every reference is resolved, so that the
//! order of sections and files does not matter.

use super::fields::{FIELDS, Field, Holds, find};
use super::reader::{self, Keys, list, quantity, text};
use super::tree::{Entry, Node, Place, Value as Tree};
use super::units::{self, Unit};
use super::{Report, alerts, codes, probing, questions, samples, shortened};
use crate::id::{ComponentId, ComponentName, PlaneId, SegmentId, VantageId, VantageName};
use crate::kind::Kind;
use crate::plant::{Alerting, Claim, Component, Condition, Keeping, Plant, Role, Vantage, Written};
use crate::quantity::{
    Attribute, BreakerRating, BreakerStandard, Metered, MeteredCurrent, Phase, PsuMode, Value,
};
use crate::requirement::{Leaf, Requirement, Standby, Target};
use crate::time::{Duration, NotAnInstant, Timestamp, Zone, local_instant};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};

/// The version of the plant language.
const VERSION: &str = "1";

/// Names one range makes at most: more hosts than a hall has in one naming scheme.
const RANGE_MAX: usize = 100_000;

/// Components of one plant at most: twice the largest plant that answers are promised for. They
/// take some 800 bytes each, and a few lines of ranges can ask for all of them.
const COMPONENTS_MAX: usize = 2_000_000;

/// Characters of a name at most.
pub(crate) const NAME_MAX: usize = 128;

/// Values read at most once ranges and defaults are spread over their components, counted by
/// [`Node::weight`]: ten fields for each of two million components. A short file must not ask for
/// more memory than a long one may.
const SPREAD_MAX: usize = 20_000_000;

/// Network planes at most: each has its own gates in the circuit, for every component.
const PLANES_MAX: usize = 16;

/// Segments of one switch at most: IEEE 802.1Q has 4094 VLANs.
const SEGMENTS_MAX: usize = 4_094;

/// Names a help line lists.
const LISTED: usize = 20;

/// Components of a circle that are named; the rest are counted.
const CIRCLE_SHOWN: usize = 8;

/// Keys at the top of a file that are no section of components.
const TOP: &[&str] = &[
    "blackstart",
    "name",
    "timezone",
    "defaults",
    "here",
    "vantages",
    "alerts",
    "samples",
    "lifelines",
    "maintenance",
    "probe",
];

/// A component's name, declared and not yet read.
struct Declared<'n, 't> {
    name: ComponentName,
    kind: Kind,
    place: Place,
    node: &'n Node<'t>,
    /// Which one of its range it is, and of how many.
    turn: Option<(usize, usize)>,
}

/// What is known while references are resolved.
pub(super) struct Names<'p> {
    by_name: &'p HashMap<ComponentName, ComponentId>,
    known: &'p [(ComponentName, Kind)],
    planes: Vec<Box<str>>,
    segments: Vec<Box<str>>,
    segments_by_name: HashMap<Box<str>, SegmentId>,
    /// A switch's own segments, filled before any reference is read.
    own_segments: HashMap<ComponentId, Vec<SegmentId>>,
    pub(super) vantages: Vec<Vantage>,
    pub(super) vantages_by_name: HashMap<VantageName, VantageId>,
    pub(super) zone: Zone,
    /// Values that ranges and defaults were spread over, up to [`SPREAD_MAX`].
    spread: Cell<usize>,
}

pub(super) fn lower(roots: &[Node<'_>], report: &mut Report) -> Option<Plant> {
    let mut top: HashMap<&str, &Entry<'_>> = HashMap::new();
    let mut sections: Vec<(Kind, &Entry<'_>)> = Vec::new();
    let (mut versions, mut vantages, mut maintenance) = (Vec::new(), Vec::new(), Vec::new());
    let known = || TOP.iter().copied().chain(Kind::ALL.iter().map(|kind| kind.section()));
    for root in roots {
        let Some(entries) = root.map() else {
            let message = format!("a plant file is a map of sections, not {}", root.shape());
            report.add(codes::SHAPE, root.place, message, None);
            continue;
        };
        for entry in entries {
            if let Some(kind) = Kind::ALL.iter().find(|kind| kind.section() == entry.key) {
                sections.push((*kind, entry));
            } else if !TOP.contains(&&*entry.key) {
                reader::unknown_key(entry, "a plant file", known(), report);
            } else if entry.key == "blackstart" {
                versions.push(&entry.value);
            } else if entry.key == "vantages" {
                vantages.push(&entry.value);
            } else if entry.key == "maintenance" {
                maintenance.push(&entry.value);
            } else if let Some(first) = top.insert(&entry.key, entry) {
                let message = format!("`{}` stands in two files", entry.key);
                let other = Some((first.key_place, "here first"));
                report.add_two(codes::DUPLICATE_KEY, entry.key_place, other, message, None);
            }
        }
    }
    let value = |key: &str| top.get(key).map(|entry| &entry.value);
    version(roots, &versions, report);
    let zone = value("timezone").and_then(|node| self::zone(node, report)).unwrap_or(Zone::UTC);
    let name = value("name")
        .and_then(|node| text(node, "the plant's name", report))
        .unwrap_or("plant")
        .to_owned();
    let defaults = value("defaults").map_or_else(HashMap::new, |node| self::defaults(node, report));

    let (declared, by_name) = declare(&sections, report);
    let known: Vec<_> = declared.iter().map(|one| (one.name.clone(), one.kind)).collect();
    let spread = spread(&declared, &defaults, report)?;
    let mut names = Names {
        by_name: &by_name,
        known: &known,
        planes: vec!["front".into()],
        segments: Vec::new(),
        segments_by_name: HashMap::new(),
        own_segments: HashMap::new(),
        vantages: Vec::new(),
        vantages_by_name: HashMap::new(),
        zone,
        spread: Cell::new(spread),
    };
    own_planes(&declared, &defaults, &mut names, report);
    for (declared, at) in declared.iter().zip(0..) {
        if declared.kind == Kind::Switch {
            let own = own_segments(declared, &defaults, &mut names, report);
            names.own_segments.insert(ComponentId(at), own);
        }
    }
    questions::vantages(value("here"), &vantages, &mut names, report);
    let mut components = Vec::with_capacity(declared.len());
    let mut checks = Vec::new();
    for (one, at) in declared.iter().zip(0..) {
        let component = component(
            one,
            ComponentId(at),
            defaults.get(&one.kind),
            &mut names,
            &mut checks,
            report,
        );
        components.push(component);
    }
    let keeping =
        value("samples").map_or_else(Keeping::default, |node| samples::read(node, report));
    let alerting =
        value("alerts").map_or_else(Alerting::default, |node| alerts::read(node, &names, report));
    let lifelines =
        value("lifelines").map_or_else(Vec::new, |node| questions::lifelines(node, &names, report));
    let maintenance = questions::maintenance(&maintenance, &names, report);
    let probing = value("probe").and_then(|node| probing::read(node, report));
    circles(&components, &declared, report);
    remarks(&components, &declared, &checks, report);
    if components.is_empty() && report.errors == 0 {
        let place = roots.first().map_or_else(Place::default, |root| root.place);
        report.add(codes::NOTHING, place, "this plant has no components".to_owned(), None);
    }
    let Names { planes, segments, vantages, zone, .. } = names;
    let written = declared
        .iter()
        .map(|one| Written { file: one.place.file, start: one.place.start, end: one.place.end })
        .collect();
    Some(Plant {
        name,
        zone,
        components,
        written,
        by_name,
        checks,
        vantages,
        planes,
        segments,
        maintenance,
        lifelines,
        alerting,
        keeping,
        probing,
    })
}

/// One file says the version at least, and none says another.
fn version(roots: &[Node<'_>], versions: &[&Node<'_>], report: &mut Report) {
    let help = || Some(format!("write `blackstart: {VERSION}` at the top"));
    for node in versions.iter().filter(|node| node.text() != Some(VERSION)) {
        let message = "this version of the plant language is not known".to_owned();
        report.add(codes::VERSION, node.place, message, help());
    }
    // A file that could not be read at all has its finding already.
    if versions.is_empty() && (report.errors == 0 || !roots.is_empty()) {
        let start = roots.first().map_or_else(Place::default, |root| root.place);
        let message = "`blackstart: 1` is missing".to_owned();
        report.add(codes::VERSION, Place { end: start.start, ..start }, message, help());
    }
}

/// A time zone by its IANA name.
pub(super) fn zone(node: &Node<'_>, report: &mut Report) -> Option<Zone> {
    let written = text(node, "a time zone", report)?;
    let zone = Zone::named(written);
    if zone.is_none() {
        let message = format!("`{}` is no time zone", shortened(written));
        let help = "an IANA name, as `Europe/Amsterdam`".to_owned();
        report.add(codes::CHOICE, node.place, message, Some(help));
    }
    zone
}

fn defaults<'n, 't>(node: &'n Node<'t>, report: &mut Report) -> HashMap<Kind, &'n [Entry<'t>]> {
    let Some(entries) = node.map() else {
        let message = "`defaults` must be a map of sections".to_owned();
        report.add(codes::SHAPE, node.place, message, None);
        return HashMap::new();
    };
    let sections = || Kind::ALL.iter().map(|kind| kind.section());
    let mut found = HashMap::new();
    for entry in entries {
        match Kind::ALL.iter().find(|kind| kind.section() == entry.key) {
            None => reader::unknown_key(entry, "`defaults`", sections(), report),
            Some(kind) => match entry.value.map() {
                Some(fields) => {
                    for field in fields {
                        if find(*kind, &field.key).is_none() {
                            unknown_field(field, *kind, report);
                        }
                    }
                    // More than there are fields is refused by now, and need not be gone through
                    // again for each component.
                    found.insert(*kind, &fields[..fields.len().min(FIELDS.len())]);
                }
                None => {
                    let message = format!("defaults of `{}` must be a map", entry.key);
                    report.add(codes::SHAPE, entry.value.place, message, None);
                }
            },
        }
    }
    found
}

fn unknown_field(entry: &Entry<'_>, kind: Kind, report: &mut Report) {
    let known = FIELDS.iter().filter(|field| field.of.has(kind)).map(|field| field.name);
    reader::unknown_key(entry, &format!("a {kind}"), known, report);
}

type Declarations<'n, 't> = (Vec<Declared<'n, 't>>, HashMap<ComponentName, ComponentId>);

fn declare<'n, 't>(
    sections: &[(Kind, &'n Entry<'t>)],
    report: &mut Report,
) -> Declarations<'n, 't> {
    let mut declared: Vec<Declared<'n, 't>> = Vec::new();
    let mut by_name: HashMap<ComponentName, ComponentId> = HashMap::new();
    let mut made = 0;
    for (kind, section) in sections {
        let entries = match &section.value.value {
            Tree::Map(entries) => entries.as_slice(),
            Tree::Nothing => &[],
            Tree::Text(_) | Tree::List(_) => {
                let message = format!("`{}` must be a map from names to fields", section.key);
                report.add(codes::SHAPE, section.value.place, message, None);
                &[]
            }
        };
        for entry in entries {
            let range = match Range::of(&entry.key) {
                None => None,
                Some(Ok(range)) => Some(range),
                Some(Err(why)) => {
                    let message = format!("`{}` cannot be expanded: {why}", shortened(&entry.key));
                    let help = format!("as `stream-{{01..40}}`, at most {RANGE_MAX} names");
                    report.add(codes::BAD_RANGE, entry.key_place, message, Some(help));
                    continue;
                }
            };
            let turns = range.as_ref().map_or(1, Range::len);
            for nth in 0..turns {
                let name = match &range {
                    None => entry.key.clone(),
                    Some(range) => Cow::Owned(range.name(nth)),
                };
                if made == COMPONENTS_MAX {
                    let message = format!("more than {COMPONENTS_MAX} components");
                    report.add(codes::LIMIT, entry.key_place, message, None);
                    return (declared, by_name);
                }
                made += 1;
                if let Some(why) = bad_name(&name) {
                    let message = format!("`{}` cannot be a name: {why}", shortened(&name));
                    let help = "letters, digits, `-`, `_` and `.`".to_owned();
                    report.add(codes::BAD_NAME, entry.key_place, message, Some(help));
                    continue;
                }
                let id = ComponentId(u32::try_from(declared.len()).expect("below the limit"));
                let name = ComponentName::from(&*name);
                if let Some(first) = by_name.get(&name) {
                    let first = declared[first.index()].place;
                    let message = format!("`{name}` is the name of two components");
                    let help = "names are unique in a plant, whatever the kind".to_owned();
                    let other = Some((first, "the first"));
                    report.add_two(
                        codes::DUPLICATE_NAME,
                        entry.key_place,
                        other,
                        message,
                        Some(help),
                    );
                    continue;
                }
                by_name.insert(name.clone(), id);
                let place = entry.key_place;
                let turn = range.as_ref().map(|_| (nth, turns));
                declared.push(Declared { name, kind: *kind, place, node: &entry.value, turn });
            }
        }
    }
    (declared, by_name)
}

/// How many values ranges and defaults repeat; `None` beyond [`SPREAD_MAX`].
fn spread(
    declared: &[Declared<'_, '_>],
    defaults: &HashMap<Kind, &[Entry<'_>]>,
    report: &mut Report,
) -> Option<usize> {
    let weigh = |entries: &&[Entry<'_>]| entries.iter().map(|entry| entry.value.weight()).sum();
    let inherited: HashMap<Kind, usize> =
        defaults.iter().map(|(kind, entries)| (*kind, weigh(entries))).collect();
    let mut own: (Option<*const Node<'_>>, usize) = (None, 0);
    let mut spread = 0;
    for one in declared {
        // Names of one range stand together and share a node.
        if own.0 != Some(std::ptr::from_ref(one.node)) {
            own = (Some(std::ptr::from_ref(one.node)), one.node.weight());
        }
        spread += own.1 + inherited.get(&one.kind).copied().unwrap_or_default();
        if spread > SPREAD_MAX {
            too_much(one.place, report);
            return None;
        }
    }
    Some(spread)
}

fn too_much(place: Place, report: &mut Report) {
    let message = "ranges and defaults repeat more than a plant may hold".to_owned();
    let help = format!("at most {SPREAD_MAX} values, each name of a range counted");
    report.add(codes::LIMIT, place, message, Some(help));
}

pub(crate) fn bad_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.len() > NAME_MAX {
        return Some("it is too long");
    }
    if name == "internet" {
        return Some("it is what upstreams provide");
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (!name.bytes().all(fits)).then_some("it has other characters")
}

/// A name with a range in it.
struct Range<'a> {
    before: &'a str,
    after: &'a str,
    first: usize,
    last: usize,
    width: usize,
}

impl<'a> Range<'a> {
    /// `None` when there are no braces.
    fn of(text: &'a str) -> Option<Result<Self, &'static str>> {
        let (before, rest) = text.split_once('{')?;
        let Some((inner, after)) = rest.split_once('}') else { return Some(Err("`}` is missing")) };
        let Some((first, last)) = inner.split_once("..") else {
            return Some(Err("`..` is missing"));
        };
        let (Ok(from), Ok(to)) = (first.parse::<usize>(), last.parse::<usize>()) else {
            return Some(Err("its ends must be numbers"));
        };
        if from > to || to - from >= RANGE_MAX || text.len() > NAME_MAX {
            return Some(Err("it runs backwards or is too long"));
        }
        if after.contains('{') {
            return Some(Err("one range in a name is enough"));
        }
        let width =
            if first.starts_with('0') || first.len() == last.len() { first.len() } else { 0 };
        Some(Ok(Self { before, after, first: from, last: to, width }))
    }

    const fn len(&self) -> usize {
        self.last - self.first + 1
    }

    fn name(&self, nth: usize) -> String {
        let Self { before, after, first, width, .. } = self;
        format!("{before}{:0width$}{after}", first + nth)
    }
}

fn own_segments(
    declared: &Declared<'_, '_>,
    defaults: &HashMap<Kind, &[Entry<'_>]>,
    names: &mut Names<'_>,
    report: &mut Report,
) -> Vec<SegmentId> {
    let inherited = defaults.get(&Kind::Switch).copied().unwrap_or_default();
    let entries = declared.node.map().unwrap_or_default().iter().chain(inherited);
    let node = entries.into_iter().find(|entry| entry.key == "segments").map(|entry| &entry.value);
    let mut own = Vec::new();
    let nodes = node.map_or(&[][..], list);
    if let Some(beyond) = nodes.get(SEGMENTS_MAX) {
        let message = format!("more than {SEGMENTS_MAX} segments");
        report.add(codes::LIMIT, beyond.place, message, None);
    }
    for node in nodes.iter().take(SEGMENTS_MAX) {
        let Some(name) = text(node, "a segment", report) else { continue };
        if let Some(why) = bad_name(name) {
            let message = format!("`{}` cannot be a segment's name: {why}", shortened(name));
            report.add(codes::BAD_NAME, node.place, message, None);
            continue;
        }
        let segment = names.segment(name);
        if !own.contains(&segment) {
            own.push(segment);
        }
    }
    own
}

/// Declares the planes that `network` maps name, so that `over` can be held against them.
fn own_planes(
    declared: &[Declared<'_, '_>],
    defaults: &HashMap<Kind, &[Entry<'_>]>,
    names: &mut Names<'_>,
    report: &mut Report,
) {
    let own = declared.iter().filter_map(|one| one.node.map());
    let inherited = Kind::ALL.iter().filter_map(|kind| defaults.get(kind).copied());
    for entry in own.chain(inherited).flatten().filter(|entry| entry.key == "network") {
        for plane in planes(&entry.value).unwrap_or_default() {
            if names.planes.iter().any(|known| **known == *plane.key) {
                continue;
            }
            if let Some(why) = bad_name(&plane.key) {
                let message =
                    format!("`{}` cannot be a plane's name: {why}", shortened(&plane.key));
                report.add(codes::BAD_NAME, plane.key_place, message, None);
            } else if names.planes.len() == PLANES_MAX {
                let message = format!("more than {PLANES_MAX} network planes");
                report.add(codes::LIMIT, plane.key_place, message, None);
                return;
            } else {
                names.planes.push((*plane.key).into());
            }
        }
    }
}

impl Names<'_> {
    fn segment(&mut self, name: &str) -> SegmentId {
        if let Some(&known) = self.segments_by_name.get(name) {
            return known;
        }
        let id = SegmentId(u32::try_from(self.segments.len()).expect("fewer than components"));
        self.segments.push(name.into());
        self.segments_by_name.insert(name.into(), id);
        id
    }

    /// A network plane by its name.
    pub(super) fn plane(&self, node: &Node<'_>, report: &mut Report) -> Option<PlaneId> {
        let written = text(node, "a plane", report)?;
        self.plane_called(written, node.place, report)
    }

    fn plane_called(&self, name: &str, place: Place, report: &mut Report) -> Option<PlaneId> {
        let found = self.planes.iter().position(|plane| **plane == *name);
        if found.is_none() {
            let message = format!("no network plane is called `{}`", shortened(name));
            let help = format!("planes are: {}", self.planes.join(", "));
            report.add(codes::DANGLING, place, message, Some(help));
        }
        found.map(|at| PlaneId(u32::try_from(at).expect("planes are few")))
    }

    /// A component by a name that was written somewhere.
    pub(super) fn component(
        &self,
        written: &str,
        place: Place,
        report: &mut Report,
    ) -> Option<ComponentId> {
        let found = self.by_name.get(written).copied();
        if found.is_some() {
            return found;
        }
        if Range::of(written).is_some() {
            let message = format!("`{}` has no turn to take here", shortened(written));
            let help = "a range stands in a list, or in the fields of a range as long".to_owned();
            report.add(codes::BAD_RANGE, place, message, Some(help));
            return None;
        }
        let message = format!("nothing is called `{}`", shortened(written));
        let known = self.known.iter().map(|(name, _)| name.as_str());
        let help = report.did_you_mean(written, known);
        report.add(codes::DANGLING, place, message, help);
        None
    }

    /// The names that one entry of a list stands for: itself, or those of its range.
    pub(super) fn each<'a>(
        &self,
        written: &'a str,
        place: Place,
        report: &mut Report,
    ) -> Vec<Cow<'a, str>> {
        let Some(Ok(range)) = Range::of(written) else { return vec![Cow::Borrowed(written)] };
        self.spread.set(self.spread.get() + range.len());
        if self.spread.get() > SPREAD_MAX {
            too_much(place, report);
            return Vec::new();
        }
        (0..range.len()).map(|nth| Cow::Owned(range.name(nth))).collect()
    }

    /// A component and, after a `/`, one of its segments.
    pub(super) fn place(
        &self,
        written: &str,
        place: Place,
        report: &mut Report,
    ) -> Option<(ComponentId, Option<SegmentId>)> {
        let Some((name, segment)) = written.split_once('/') else {
            return Some((self.component(written, place, report)?, None));
        };
        let component = self.component(name, place, report)?;
        let own = self.own_segments.get(&component).map_or(&[][..], Vec::as_slice);
        let found = self.segments_by_name.get(segment).copied().filter(|id| own.contains(id));
        if found.is_none() {
            let message = format!("`{name}` has no segment `{}`", shortened(segment));
            let known: Vec<&str> = own.iter().map(|id| &*self.segments[id.index()]).collect();
            let help = report.did_you_mean(segment, known.iter().copied()).or_else(|| {
                Some(if known.is_empty() {
                    "it is one segment: name the switch alone, or give it `segments:`".to_owned()
                } else {
                    format!("it has: {}", known[..known.len().min(LISTED)].join(", "))
                })
            });
            report.add(codes::SEGMENT, place, message, help);
        }
        Some((component, Some(found?)))
    }

    /// A vantage by name.
    pub(super) fn vantage(
        &self,
        written: &str,
        place: Place,
        report: &mut Report,
    ) -> Option<VantageId> {
        let found = self.vantages_by_name.get(written).copied();
        if found.is_none() {
            let message = format!("no vantage is called `{}`", shortened(written));
            let known = self.vantages.iter().map(|vantage| vantage.name.as_str());
            let help = report.did_you_mean(written, known.clone()).or_else(|| {
                let known: Vec<_> = known.take(LISTED).collect();
                Some(format!("vantages are: {}", known.join(", ")))
            });
            report.add(codes::VANTAGE, place, message, help);
        }
        found
    }

    /// A local time.
    pub(super) fn instant(
        &self,
        node: &Node<'_>,
        zone: &Zone,
        report: &mut Report,
    ) -> Option<Timestamp> {
        let written = text(node, "a time", report)?;
        match local_instant(written, zone) {
            Ok(instant) => Some(instant),
            Err(why) => {
                let code = match why {
                    NotAnInstant::Unreadable => codes::TIME,
                    NotAnInstant::Gap { .. } | NotAnInstant::Fold { .. } => codes::AMBIGUOUS_TIME,
                };
                report.add(code, node.place, why.to_string(), None);
                None
            }
        }
    }
}

fn component(
    declared: &Declared<'_, '_>,
    id: ComponentId,
    defaults: Option<&&[Entry<'_>]>,
    names: &mut Names<'_>,
    checks: &mut Vec<crate::check::Check>,
    report: &mut Report,
) -> Component {
    let Declared { ref name, kind, place, node, turn } = *declared;
    let turned = turn.map(|turn| in_turn(node, turn, report));
    let node = turned.as_ref().unwrap_or(node);
    let mut made = Component {
        name: name.clone(),
        kind,
        requirements: Vec::new(),
        segments: names.own_segments.get(&id).cloned().unwrap_or_default(),
        attributes: Vec::new(),
        claims: None,
        condition: Condition::default(),
    };
    let own = match &node.value {
        Tree::Map(entries) => entries.as_slice(),
        Tree::Nothing => &[],
        Tree::Text(_) | Tree::List(_) => {
            let message = format!("a {kind} is a map of fields, not {}", node.shape());
            let help = "an empty one is written `{}`".to_owned();
            report.add(codes::SHAPE, node.place, message, Some(help));
            &[]
        }
    };
    let inherited = defaults
        .into_iter()
        .flat_map(|entries| entries.iter())
        .filter(|entry| !own.iter().any(|own| own.key == entry.key));
    let mut check_nodes = None;
    for entry in own.iter().chain(inherited) {
        match find(kind, &entry.key) {
            None => unknown_field(entry, kind, report),
            Some(Field { holds: Holds::Checks, .. }) => check_nodes = Some(&entry.value),
            Some(field) => fill(&mut made, field, &entry.value, names, report),
        }
    }
    // One that comes from the defaults is underlined at the component, where it does not fit.
    let prefers = own.iter().find(|entry| entry.key == "prefers");
    let prefers = prefers.map_or(place, |entry| entry.value.place);
    preferred_input(&made, prefers, names, report);
    made.requirements.sort_by_key(|(role, _)| *role);
    made.attributes.sort_by_key(|(attribute, _)| *attribute);
    if let Some(node) = check_nodes {
        questions::checks(node, id, name.as_str(), names, checks, report);
    }
    made
}

/// A ranged component's fields for one of its names: each range in a text takes the same turn.
fn in_turn<'t>(node: &Node<'t>, (nth, turns): (usize, usize), report: &mut Report) -> Node<'t> {
    node.turned(&mut |text, place| {
        let range = Range::of(text)?.ok()?;
        if range.len() != turns {
            let message =
                format!("{} names here, and {turns} in the component's range", range.len());
            let help = "a range in a field takes its turn with the component's own".to_owned();
            report.add(codes::BAD_RANGE, place, message, Some(help));
        }
        // One that is too short is read on as if its last name stood there again.
        Some(range.name(nth.min(range.len() - 1)))
    })
}

/// Reads one field into a component.
fn fill(
    made: &mut Component,
    field: &Field,
    node: &Node<'_>,
    names: &mut Names<'_>,
    report: &mut Report,
) {
    let what = format!("`{}`", field.name);
    let mut require = |role, requirement: Option<Requirement>| {
        made.requirements.extend(requirement.map(|requirement| (role, requirement)));
    };
    let mut put = |attribute, value: Option<Value>| {
        made.attributes.extend(value.map(|value| (attribute, value)));
    };
    let range = |unit| move |text: &str| units::range(text, unit);
    match field.holds {
        Holds::Requirement(role) => {
            let requirement = requirement(node, field, false, names, report);
            if role == Role::Between {
                let ends = requirement.as_ref().map_or(0, |requirement| {
                    let mut ends = 0;
                    requirement.each_leaf(&mut |_| ends += 1);
                    ends
                });
                if ends != 2 {
                    let message = "a link has two ends".to_owned();
                    report.add(
                        codes::SHAPE,
                        node.place,
                        message,
                        Some("as `[sw-1, sw-2]`".to_owned()),
                    );
                }
            }
            require(role, requirement);
        }
        Holds::Redundant(role) => require(role, requirement(node, field, true, names, report)),
        Holds::Network => match planes(node) {
            None => {
                let requirement = requirement(node, field, true, names, report);
                require(Role::Network(PlaneId::FRONT), requirement);
            }
            Some(planes) => {
                if planes.is_empty() {
                    let message = "`network` names nothing".to_owned();
                    let help = "leave it out when it is not known".to_owned();
                    report.add(codes::EMPTY, node.place, message, Some(help));
                }
                for plane in planes {
                    // One that has no name has its finding already.
                    let known = names.planes.iter().position(|known| **known == *plane.key);
                    let id = known.and_then(|at| u32::try_from(at).ok()).map(PlaneId);
                    let requirement = requirement(&plane.value, field, true, names, report);
                    if let Some(id) = id {
                        require(Role::Network(id), requirement);
                    }
                }
            }
        },
        // Read before all references.
        Holds::Segments | Holds::Checks => {}
        Holds::Claim => made.claims = claim(node, report),
        Holds::Condition => made.condition = condition(node, names, report),
        Holds::Watts(attribute) => {
            put(attribute, quantity(node, &what, report, range(Unit::Watts)).map(Value::Watts));
        }
        Holds::Rate(attribute) => {
            let rate = quantity(node, &what, report, range(Unit::BitsPerSecond));
            put(attribute, rate.map(Value::BitsPerSecond));
        }
        Holds::Size(attribute) => {
            put(attribute, quantity(node, &what, report, range(Unit::Bytes)).map(Value::Bytes));
        }
        Holds::Volts(attribute) => {
            put(attribute, quantity(node, &what, report, range(Unit::Volts)).map(Value::Volts));
        }
        Holds::Breaker(attribute) => put(attribute, breaker(node, report).map(Value::Breaker)),
        Holds::Phases(attribute) => {
            let count = reader::choice(node, &what, &[("1", 1.0), ("3", 3.0)], report);
            let exactly = |count| Value::Number(crate::quantity::Range { min: count, max: count });
            put(attribute, count.map(exactly));
        }
        Holds::Phase(attribute) => {
            let phases = Phase::ALL.iter().map(|phase| (phase.as_str(), *phase));
            let phases: Vec<_> = phases.collect();
            put(attribute, reader::choice(node, &what, &phases, report).map(Value::Phase));
        }
        Holds::Ratio(attribute, hundredths_min) => {
            let ratio = quantity(node, &what, report, range(Unit::Ratio));
            if ratio.is_some_and(|ratio| ratio.min * 100.0 < f64::from(hundredths_min)) {
                let message = format!("{what} is at least {hundredths_min} %");
                let help = "leave it out when it is not known".to_owned();
                report.add(codes::BOUNDS, node.place, message, Some(help));
            }
            put(attribute, ratio.map(Value::Number));
        }
        Holds::Metered(attribute) => {
            put(attribute, metered(node, names, report).map(Value::Metered));
        }
        Holds::PsuMode(attribute) => {
            let modes: Vec<_> = PsuMode::ALL.iter().map(|mode| (mode.as_str(), *mode)).collect();
            put(attribute, reader::choice(node, &what, &modes, report).map(Value::PsuMode));
        }
        Holds::Input(attribute) => {
            let input = text(node, &what, report);
            let input = input.and_then(|name| names.component(name, node.place, report));
            put(attribute, input.map(|input| Value::Components(vec![input])));
        }
        Holds::Others(attribute) => {
            let others = questions::components(node, names, report);
            harmed(&made.name, node, &others, names, report);
            put(attribute, Some(Value::Components(others)).filter(|_| !list(node).is_empty()));
        }
        Holds::Inrush(attribute) => {
            let times = node.text().is_some_and(|text| text.trim_end().ends_with(['x', '×']));
            let value = if times {
                quantity(node, &what, report, range(Unit::Times)).map(Value::Number)
            } else {
                quantity(node, &what, report, range(Unit::Amps)).map(Value::Amps)
            };
            put(attribute, value);
        }
        Holds::PerYear(attribute) => {
            put(attribute, quantity(node, &what, report, range(Unit::PerYear)).map(Value::Number));
        }
        Holds::Span(attribute) => {
            let span = quantity(node, &what, report, range(Unit::Seconds));
            put(attribute, span.map(|span| Value::Span(seconds(span.min), seconds(span.max))));
        }
        Holds::Instant(attribute) => {
            put(attribute, names.instant(node, &names.zone, report).map(Value::Instant));
        }
        Holds::Capacity(attribute) => {
            let unit = units::of_capacity(made.kind);
            let wrap = match unit {
                Unit::Watts => Value::Watts,
                Unit::Volts => Value::Volts,
                Unit::Amps => Value::Amps,
                Unit::BitsPerSecond => Value::BitsPerSecond,
                Unit::Bytes => Value::Bytes,
                Unit::Seconds | Unit::Celsius | Unit::Ratio | Unit::Times | Unit::PerYear => {
                    unreachable!("no capacity is measured in these")
                }
            };
            put(attribute, quantity(node, &what, report, range(unit)).map(wrap));
        }
        Holds::Addresses(attribute) => {
            let addresses: Vec<_> =
                list(node).iter().filter_map(|node| reader::address(node, report)).collect();
            put(attribute, Some(Value::Addresses(addresses)));
        }
        Holds::Cidr(attribute) => put(attribute, cidr(node, report)),
        Holds::Zone(attribute) => {
            put(attribute, zone(node, report).map(|zone| Value::Text(zone.name().into())));
        }
        Holds::Text(attribute) => {
            put(attribute, text(node, &what, report).map(|text| Value::Text(text.into())));
        }
        Holds::Texts(attribute) => {
            let texts =
                list(node).iter().filter_map(|node| text(node, &what, report)).map(Into::into);
            put(attribute, Some(Value::Texts(texts.collect())));
        }
        Holds::Flag(attribute) => {
            put(attribute, reader::flag(node, &what, report).map(Value::Flag))
        }
        Holds::Internet => {
            reader::choice(node, &what, &[("internet", ())], report);
        }
    }
}

/// A span in seconds, as a quantity was read.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).expect("a span has its greatest length")
}

/// What is on its front, `16 A C`, or that and more in a map.
fn breaker(node: &Node<'_>, report: &mut Report) -> Option<BreakerRating> {
    const POLES_MAX: u64 = 4;
    let what = "`breaker`";
    let Tree::Map(_) = node.value else {
        return quantity(node, what, report, units::breaker);
    };
    let mut keys = Keys::of(node, "a breaker", report)?;
    let rated = keys.need("rated", report);
    let (curve, standard) = (keys.take("curve"), keys.take("standard"));
    let (ambient, poles) = (keys.take("ambient"), keys.take("poles"));
    keys.finish("a breaker", report);
    let front = rated.and_then(|node| quantity(node, "`rated`", report, units::breaker));
    let curves = units::CURVES.map(|curve| (curve, curve.chars().next()));
    let curve = curve.and_then(|node| reader::choice(node, "`curve`", &curves, report)).flatten();
    let standards: Vec<_> = BreakerStandard::ALL.iter().map(|one| (one.as_str(), *one)).collect();
    let standard = standard.and_then(|node| reader::choice(node, "`standard`", &standards, report));
    let ambient = ambient.and_then(|node| {
        quantity(node, "`ambient`", report, |text| units::range(text, Unit::Celsius))
    });
    let poles = poles.and_then(|node| reader::number(node, "`poles`", (1, POLES_MAX), report));
    let front = front?;
    if front.curve.is_some() && curve.is_some() && front.curve != curve {
        let message = "the letter stands twice, and differs".to_owned();
        report.add(codes::CHOICE, node.place, message, None);
    }
    Some(BreakerRating {
        amps: front.amps,
        curve: curve.or(front.curve),
        standard,
        ambient,
        poles: poles.map(|poles| u8::try_from(poles).expect("at most four")),
    })
}

/// A current that was read off: of one phase or of each, and when.
fn metered(node: &Node<'_>, names: &Names<'_>, report: &mut Report) -> Option<Metered> {
    let mut keys = Keys::of(node, "`metered`", report)?;
    let current = keys.take("current");
    let phases = ["L1", "L2", "L3"].map(|phase| (phase, keys.take(phase)));
    let at = keys.take("at");
    keys.finish("`metered`", report);
    let mut amps =
        |node, what: &str| quantity(node, what, report, |text| units::range(text, Unit::Amps));
    let by_phase =
        phases.map(|(phase, node)| node.and_then(|node| amps(node, &format!("`{phase}`"))));
    let each = current.map(|node| amps(node, "`current`"));
    let at = at.and_then(|node| names.instant(node, &names.zone, report));
    let said = phases.iter().any(|(_, node)| node.is_some());
    if said == current.is_some() {
        let message = "`metered` has either `current` or some of `L1`, `L2`, `L3`".to_owned();
        let help = "as `{ current: 9.8 A, at: \"2026-11-20 22:00\" }`".to_owned();
        report.add(codes::SHAPE, node.place, message, Some(help));
        return None;
    }
    let current = match each {
        Some(each) => MeteredCurrent::Each(each?),
        None => MeteredCurrent::ByPhase(by_phase),
    };
    Some(Metered { current, at })
}

/// What `prefers` names must be one of the component's own inputs.
fn preferred_input(made: &Component, place: Place, names: &Names<'_>, report: &mut Report) {
    let Some(Value::Components(preferred)) = made.attribute(Attribute::Prefers) else { return };
    let mut inputs = Vec::new();
    if let Some(power) = made.requirement(Role::Power) {
        power.each_leaf(&mut |leaf| {
            if let Target::Component(input) = leaf.target {
                inputs.push(input);
            }
        });
    }
    if preferred.iter().all(|preferred| inputs.contains(preferred)) {
        return;
    }
    let message = format!("`{}` prefers what is none of its inputs", made.name);
    let known = inputs.iter().take(LISTED).map(|input| names.known[input.index()].0.as_str());
    let help = format!("its inputs are: {}", known.collect::<Vec<_>>().join(", "));
    report.add(codes::CHOICE, place, message, Some(help));
}

/// What a fault in a component can take down is something else, and something that can be down.
fn harmed(
    own: &ComponentName,
    node: &Node<'_>,
    others: &[ComponentId],
    names: &Names<'_>,
    report: &mut Report,
) {
    if list(node).is_empty() {
        let message = "`can_take_down` names nothing".to_owned();
        let help = "leave it out when it is not known".to_owned();
        report.add(codes::EMPTY, node.place, message, Some(help));
    }
    for other in others {
        let (name, kind) = &names.known[other.index()];
        let message = if name == own {
            format!("that `{name}` is down when it is down goes without saying")
        } else if *kind == Kind::Customer {
            format!("a {kind} cannot stand under `can_take_down`")
        } else {
            continue;
        };
        let help = "name what falls with it although it needs nothing of it".to_owned();
        report.add(codes::WRONG_KIND, node.place, message, Some(help));
    }
}

/// The words a requirement's map is made of.
pub(super) const REQUIREMENT_WORDS: &[&str] =
    &["any", "all", "at_least", "of", "use", "over", "standby", "takes", "by"];

/// The planes of a `network` map; `None` when it is a requirement, or nearly one: a slip in `any`
/// must not make a plane.
fn planes<'n, 't>(node: &'n Node<'t>) -> Option<&'n [Entry<'t>]> {
    let entries = node.map()?;
    let meant = |entry: &Entry<'_>| {
        REQUIREMENT_WORDS.iter().any(|word| {
            *word == entry.key || (word.len() > 2 && strsim::osa_distance(word, &entry.key) < 2)
        })
    };
    (!entries.iter().any(meant)).then_some(entries)
}

fn claim(node: &Node<'_>, report: &mut Report) -> Option<Claim> {
    let written = text(node, "`claims`", report)?;
    match written {
        "N" => Some(Claim::N),
        "2N" => Some(Claim::TwoN),
        _ => {
            let spare = written.strip_prefix("N+").and_then(|spare| spare.parse().ok());
            if spare.is_none() {
                let message = format!("`{}` is no redundancy", shortened(written));
                let help = "one of: N, N+1, 2N".to_owned();
                report.add(codes::CHOICE, node.place, message, Some(help));
            }
            spare.map(Claim::NPlus)
        }
    }
}

fn condition(node: &Node<'_>, names: &Names<'_>, report: &mut Report) -> Condition {
    let Some(mut keys) = Keys::of(node, "`condition`", report) else { return Condition::default() };
    let mut words = |key, report: &mut Report| -> Option<Box<str>> {
        let node = keys.take(key)?;
        text(node, "the reason", report).map(Into::into)
    };
    let known_failed = words("known_failed", report);
    let off_on_purpose = words("off", report);
    let never_exercised = keys
        .take("never_exercised")
        .and_then(|node| reader::flag(node, "`never_exercised`", report))
        .unwrap_or(false);
    let exercised =
        keys.take("exercised").and_then(|node| names.instant(node, &names.zone, report));
    let exercised_load = keys.take("exercised_load").and_then(|node| {
        let watts = |text: &str| units::range(text, Unit::Watts);
        quantity(node, "`exercised_load`", report, watts)
    });
    let barred_until =
        keys.take("barred_until").and_then(|node| names.instant(node, &names.zone, report));
    keys.finish("a condition", report);
    Condition {
        known_failed,
        off_on_purpose,
        never_exercised,
        exercised,
        exercised_load,
        barred_until,
    }
}

fn cidr(node: &Node<'_>, report: &mut Report) -> Option<Value> {
    let written = text(node, "`cidr`", report)?;
    let parsed = written.split_once('/').and_then(|(base, length)| {
        let base: std::net::IpAddr = base.parse().ok()?;
        let length: u8 = length.parse().ok()?;
        (length <= if base.is_ipv4() { 32 } else { 128 }).then_some(Value::Cidr(base, length))
    });
    if parsed.is_none() {
        let message = format!("`{}` is no address block", shortened(written));
        let help = "as `192.0.2.0/24` or `2001:db8::/32`".to_owned();
        report.add(codes::ADDRESS, node.place, message, Some(help));
    }
    parsed
}

/// A requirement: a name, a list, or a map with `any`, `all`, `at_least`, `use` or `standby`.
fn requirement(
    node: &Node<'_>,
    field: &Field,
    says_any_or_all: bool,
    names: &Names<'_>,
    report: &mut Report,
) -> Option<Requirement> {
    match &node.value {
        Tree::Text(written) => {
            leaf(written, node.place, field, names, report).map(Requirement::One)
        }
        Tree::List(nodes) => {
            let parts = parts(node, nodes, field, names, report);
            let several = parts.as_ref().map_or(nodes.len(), Vec::len) > 1;
            if says_any_or_all && several {
                let message = format!("a list under `{}` must say any or all", field.name);
                let help =
                    "is one enough, or are all needed? write `{ any: […] }` or `{ all: […] }`";
                report.add(codes::BARE_LIST, node.place, message, Some(help.to_owned()));
            }
            parts.map(|mut parts| match parts.len() {
                1 => parts.remove(0),
                _ => Requirement::All(parts),
            })
        }
        Tree::Map(_) => combined(node, field, names, report),
        Tree::Nothing => {
            let message = format!("`{}` names nothing", field.name);
            let help = "leave it out when it is not known".to_owned();
            report.add(codes::EMPTY, node.place, message, Some(help));
            None
        }
    }
}

fn parts(
    node: &Node<'_>,
    nodes: &[Node<'_>],
    field: &Field,
    names: &Names<'_>,
    report: &mut Report,
) -> Option<Vec<Requirement>> {
    if nodes.is_empty() {
        let message = format!("an empty list under `{}`", field.name);
        let help = "leave it out when it is not known".to_owned();
        report.add(codes::EMPTY, node.place, message, Some(help));
        return None;
    }
    let mut parts = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Tree::Text(written) = &node.value else {
            parts.push(requirement(node, field, false, names, report));
            continue;
        };
        for name in names.each(written, node.place, report) {
            parts.push(leaf(&name, node.place, field, names, report).map(Requirement::One));
        }
    }
    parts.into_iter().collect()
}

fn combined(
    node: &Node<'_>,
    field: &Field,
    names: &Names<'_>,
    report: &mut Report,
) -> Option<Requirement> {
    let mut keys = Keys::of(node, "a requirement", report)?;
    let (any, all) = (keys.take("any"), keys.take("all"));
    let (at_least, of) = (keys.take("at_least"), keys.take("of"));
    let (used, over) = (keys.take("use"), keys.take("over"));
    let (standby, takes, by) = (keys.take("standby"), keys.take("takes"), keys.take("by"));
    keys.finish("a requirement", report);
    let given = [any, all, at_least, used, standby].iter().flatten().count();
    if given != 1 {
        let message =
            "a requirement says one of `any`, `all`, `at_least`, `use`, `standby`".to_owned();
        report.add(codes::SHAPE, node.place, message, None);
        return None;
    }
    for (word, without) in [
        ("of", of.is_some() && at_least.is_none()),
        ("over", over.is_some() && used.is_none()),
        ("takes", takes.is_some() && standby.is_none()),
        ("by", by.is_some() && standby.is_none()),
    ] {
        if without {
            let message = format!("`{word}` says nothing in this requirement");
            let help = "`at_least` has `of`, `use` has `over`, `standby` has `takes` and `by`";
            report.add(codes::UNKNOWN_KEY, node.place, message, Some(help.to_owned()));
        }
    }
    let inner =
        |node: &Node<'_>, report: &mut Report| parts(node, list(node), field, names, report);
    if let Some(any) = any {
        let parts = inner(any, report)?;
        doubled(any, &parts, report);
        return Some(Requirement::Any(parts));
    }
    if let Some(all) = all {
        return inner(all, report).map(Requirement::All);
    }
    if let Some(k) = at_least {
        let Some(of) = of else {
            report.add(codes::MISSING_KEY, node.place, "`of` is missing here".to_owned(), None);
            return None;
        };
        let parts = inner(of, report)?;
        doubled(of, &parts, report);
        let written = text(k, "`at_least`", report)?;
        let fits = written.parse::<u32>().ok().filter(|&k| k >= 1 && k as usize <= parts.len());
        if fits.is_none() {
            let message = format!("at least {} of {} cannot be", shortened(written), parts.len());
            let help = format!("a number from 1 to {}", parts.len());
            report.add(codes::IMPOSSIBLE_K, k.place, message, Some(help));
        }
        return Some(Requirement::AtLeast { k: fits?, of: parts });
    }
    if let Some(used) = used {
        let written = text(used, "`use`", report)?;
        let leaf = leaf(written, used.place, field, names, report);
        let plane = over.map(|node| names.plane(node, report));
        let plane = plane.map_or(Some(None), |plane| plane.map(Some))?;
        return Some(Requirement::One(Leaf { plane, ..leaf? }));
    }
    let standby = standby?;
    let written = text(standby, "`standby`", report)?;
    let leaf = leaf(written, standby.place, field, names, report);
    let span = takes
        .and_then(|node| {
            quantity(node, "`takes`", report, |text| units::range(text, Unit::Seconds))
        })
        .unwrap_or(crate::quantity::Range { min: 0.0, max: 0.0 });
    let by_person = by
        .and_then(|node| {
            reader::choice(node, "`by`", &[("person", true), ("itself", false)], report)
        })
        .unwrap_or(false);
    let standby = Standby { takes_min: seconds(span.min), takes_max: seconds(span.max), by_person };
    Some(Requirement::One(Leaf { standby: Some(standby), ..leaf? }))
}

fn doubled(node: &Node<'_>, parts: &[Requirement], report: &mut Report) {
    let mut seen = HashSet::new();
    for (at, part) in parts.iter().enumerate() {
        if !seen.insert(part) {
            // Behind a range the places are off, and the list is underlined.
            let nodes = list(node);
            let exact = nodes.get(at).filter(|_| nodes.len() == parts.len());
            let place = exact.map_or(node.place, |node| node.place);
            let message = "the same member twice is no redundancy".to_owned();
            let help = "when it is wired so, what is claimed of it is not true".to_owned();
            report.add(codes::DOUBLED, place, message, Some(help));
        }
    }
}

fn leaf(
    written: &str,
    place: Place,
    field: &Field,
    names: &Names<'_>,
    report: &mut Report,
) -> Option<Leaf> {
    let bare = |target, segment| Leaf { target, segment, plane: None, standby: None };
    let refuse = |what: &str, report: &mut Report| {
        let message = format!("{what} cannot stand under `{}`", field.name);
        let fit: Vec<&str> = Kind::ALL
            .iter()
            .filter(|&&kind| may_stand(kind, field))
            .map(|it| it.as_str())
            .collect();
        let help = match fit.len() {
            ..=LISTED => format!("{}; one of {}", field.doc, fit.join(", ")),
            _ => field.doc.to_owned(),
        };
        report.add(codes::WRONG_KIND, place, message, Some(help));
    };
    if written == "internet" {
        let reached = match field.holds {
            Holds::Network => true,
            Holds::Requirement(role) => matches!(
                role,
                Role::Needs
                    | Role::DegradedWithout
                    | Role::ToStart
                    | Role::ManagedVia
                    | Role::UsedFrom
            ),
            _ => false,
        };
        if !reached {
            refuse("the internet", report);
            return None;
        }
        return Some(bare(Target::Internet, None));
    }
    let (component, segment) = names.place(written, place, report)?;
    let kind = names.known[component.index()].1;
    let fits = may_stand(kind, field);
    if !fits {
        refuse(&format!("a {kind}"), report);
        return None;
    }
    Some(bare(Target::Component(component), segment))
}

/// Whether a component of this kind may be named in a field.
pub(super) fn may_stand(kind: Kind, field: &Field) -> bool {
    match field.holds {
        Holds::Network => matches!(
            kind,
            Kind::Switch
                | Kind::Router
                | Kind::Firewall
                | Kind::LoadBalancer
                | Kind::Vip
                | Kind::Upstream
                | Kind::Nic
                | Kind::Component
        ),
        Holds::Requirement(Role::Between) => {
            matches!(kind, Kind::Switch | Kind::Router | Kind::Firewall | Kind::LoadBalancer)
        }
        Holds::Requirement(Role::Prefix) => kind == Kind::Prefix,
        Holds::Redundant(Role::CarriedBy) => kind == Kind::Upstream,
        Holds::Requirement(Role::In) => {
            matches!(kind, Kind::Site | Kind::Room | Kind::Rack | Kind::Component)
        }
        Holds::Requirement(Role::UsedFrom) => true,
        // Nothing runs on a customer, or is fed by an address block.
        Holds::Redundant(_) => !matches!(kind, Kind::Customer | Kind::Prefix),
        _ => kind != Kind::Customer,
    }
}

/// Finds components that need each other in a circle: in these roles nothing could ever have
/// started.
fn circles(components: &[Component], declared: &[Declared<'_, '_>], report: &mut Report) {
    const UNSEEN: usize = usize::MAX;
    const DONE: usize = usize::MAX - 1;
    // Where each stands on the path, while it does.
    let mut depth = vec![UNSEEN; components.len()];
    let mut path: Vec<(usize, Vec<ComponentId>)> = Vec::new();
    for root in 0..components.len() {
        if depth[root] != UNSEEN {
            continue;
        }
        depth[root] = 0;
        path.push((root, components[root].stands_on()));
        while let Some((at, on)) = path.last_mut() {
            let Some(next) = on.pop().map(ComponentId::index) else {
                depth[*at] = DONE;
                path.pop();
                continue;
            };
            match depth[next] {
                DONE => {}
                UNSEEN => {
                    depth[next] = path.len();
                    path.push((next, components[next].stands_on()));
                }
                from => {
                    let circle = &path[from..];
                    let mut names: Vec<&str> = circle
                        .iter()
                        .take(CIRCLE_SHOWN)
                        .map(|(at, _)| components[*at].name.as_str())
                        .collect();
                    let beyond = format!("{} more", circle.len().saturating_sub(CIRCLE_SHOWN));
                    if circle.len() > CIRCLE_SHOWN {
                        names.push(&beyond);
                    }
                    names.push(components[next].name.as_str());
                    let message = format!("a circle: {}", names.join(" needs "));
                    let help = "what is needed only to start belongs under `to_start`".to_owned();
                    report.add(codes::CYCLE, declared[next].place, message, Some(help));
                }
            }
        }
    }
}

/// What a careful friend would say.
fn remarks(
    components: &[Component],
    declared: &[Declared<'_, '_>],
    checks: &[crate::check::Check],
    report: &mut Report,
) {
    let mut checked = vec![false; components.len()];
    for check in checks {
        checked[check.component.index()] = true;
    }
    let none = checks.is_empty();
    for (at, component) in components.iter().enumerate() {
        let used = matches!(component.kind, Kind::Service | Kind::Website);
        if used && !checked[at] && !none {
            let message = format!("nobody checks `{}`", component.name);
            let help = "its failure would be seen only by those who use it".to_owned();
            report.add(codes::UNWATCHED, declared[at].place, message, Some(help));
        }
    }
}
