//! Fault trees: which smallest sets of faults bring something down, how many there are of each order,
//! how likely that is, and which fault matters most.
//!
//! A [`FaultTree`] holds AND, OR, at least k of, XOR and NOT over basic events and constants. [`analyse`]
//! brings it into a simpler form, takes it apart into modules, finds a diagram of each (BDD) by racing
//! orders of its events, and reads everything from the diagrams without writing down a single set:
//! the sets as a family (ZBDD), their number by order, the exact probability, and importance.
//! Where a tree is not coherent, the sets are its prime implicants, and the answer says so.
//!
//! Everything has a limit that is counted in steps and nodes, never in time, so the same tree always has
//! the same answer. Beyond the limits the sets are cut off by order, and the answer says how far it
//! is whole; a probability is then a pair of bounds. Nothing recurses: no tree is too deep.
//!
//! Tested against brute force on random trees, against another library's diagrams, and on industrial
//! trees whose answers are published.

pub(crate) mod table;
pub(crate) mod bdd;
mod zbdd;
mod form;
mod modules;
mod orders;
mod natural;
mod tally;
mod judge;
mod chance;
mod bounds;
mod listing;
mod exchange;
mod failure;

pub use natural::Natural;

use form::{ALWAYS, Form, NEVER};
use judge::{Judged, Reach, Sought, Verdict};
use modules::Leaf;

/// A node of a fault tree: an event, a constant or a gate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(u32);

impl NodeId {
    fn at(index: usize) -> Self {
        Self(u32::try_from(index).expect("nodes fit u32"))
    }

    /// The index as a `usize`.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    /// A basic event, by its place in [`FaultTree::events`].
    Event(u32),
    /// A constant.
    House(bool),
    /// All of them; true when there are none.
    And,
    /// Any of them; false when there are none.
    Or,
    /// At least so many of them.
    AtLeast(u32),
    /// An odd number of them; of two, one and not both.
    Xor,
    /// Not its only child.
    Not,
}

/// Something that may happen by itself.
#[derive(Clone, PartialEq, Debug)]
pub struct BasicEvent {
    /// Its name.
    pub name: String,
    /// How likely, from 0 to 1; `None` where nobody knows exactly.
    pub probability: Option<f64>,
    /// At least and at most: twice the probability where it is known, 0 and 1 where nothing is.
    pub between: (f64, f64),
}

/// A fault tree. Children are made before the gates that use them, so there is no circle.
#[derive(Clone, Debug, Default)]
pub struct FaultTree {
    ops: Vec<Op>,
    start: Vec<u32>,
    children: Vec<NodeId>,
    names: Vec<Option<Box<str>>>,
    events: Vec<BasicEvent>,
    top: Option<NodeId>,
}

impl FaultTree {
    /// A tree without anything in it; its top is the last node made, unless told otherwise.
    #[must_use]
    pub fn new() -> Self {
        Self { start: vec![0], ..Self::default() }
    }

    /// Adds a basic event. A probability that is none, such as 1.5, counts as unknown.
    pub fn event(&mut self, name: &str, probability: Option<f64>) -> NodeId {
        let probability = probability.filter(|probability| (0.0..=1.0).contains(probability));
        let between = probability.map_or((0.0, 1.0), |exact| (exact, exact));
        self.event_between(name, between)
    }

    /// Adds a basic event of which only a range is known. A range that is none counts as unknown.
    pub fn event_between(&mut self, name: &str, between: (f64, f64)) -> NodeId {
        let is_range = 0.0 <= between.0 && between.0 <= between.1 && between.1 <= 1.0;
        let between = if is_range { between } else { (0.0, 1.0) };
        let probability = (between.0 >= between.1).then_some(between.0);
        self.events.push(BasicEvent { name: name.to_owned(), probability, between });
        let event = u32::try_from(self.events.len() - 1).expect("events fit u32");
        self.add(Op::Event(event), &[], Some(name))
    }

    /// Adds a constant, perhaps with a name.
    pub fn house(&mut self, state: bool, name: Option<&str>) -> NodeId {
        self.add(Op::House(state), &[], name)
    }

    /// Adds a gate over nodes of this tree, perhaps with a name.
    ///
    /// # Panics
    /// When `op` is an event or a constant, or when a NOT has not exactly one child.
    pub fn gate(&mut self, op: Op, children: &[NodeId], name: Option<&str>) -> NodeId {
        assert!(!matches!(op, Op::Event(_) | Op::House(_)), "a gate is asked for");
        assert!(op != Op::Not || children.len() == 1, "a NOT has one child");
        assert!(children.iter().all(|child| child.index() < self.len()), "children come first");
        self.add(op, children, name)
    }

    fn add(&mut self, op: Op, children: &[NodeId], name: Option<&str>) -> NodeId {
        let node = NodeId::at(self.ops.len());
        self.ops.push(op);
        self.children.extend_from_slice(children);
        self.start.push(u32::try_from(self.children.len()).expect("arguments fit u32"));
        self.names.push(name.map(Into::into));
        self.top = Some(node);
        node
    }

    /// Says which node the tree is about.
    pub fn set_top(&mut self, top: NodeId) {
        self.top = Some(top);
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// True when there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Its basic events.
    #[must_use]
    pub fn events(&self) -> &[BasicEvent] {
        &self.events
    }

    /// The node it is about.
    ///
    /// # Panics
    /// When the tree is empty.
    #[must_use]
    pub fn top(&self) -> NodeId {
        self.top.expect("a tree has a node")
    }

    /// What a node is.
    #[must_use]
    pub fn op(&self, node: NodeId) -> Op {
        self.ops[node.index()]
    }

    /// What a gate is made of.
    #[must_use]
    pub fn children(&self, node: NodeId) -> &[NodeId] {
        let at = node.index();
        &self.children[self.start[at] as usize..self.start[at + 1] as usize]
    }

    /// The name of a node, if it has one.
    #[must_use]
    pub fn name(&self, node: NodeId) -> Option<&str> {
        self.names[node.index()].as_deref()
    }

    /// Every node, children before the gates that use them.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.ops.len()).map(NodeId::at)
    }

    /// Whether the tree is so when just these events happen. Linear in the tree.
    #[must_use]
    pub fn under(&self, happens: impl Fn(u32) -> bool) -> bool {
        let mut value: Vec<bool> = Vec::with_capacity(self.len());
        for node in self.nodes() {
            let of = self.children(node).iter().map(|child| value[child.index()]);
            let now = match self.op(node) {
                Op::Event(event) => happens(event),
                Op::House(state) => state,
                Op::And => of.fold(true, |all, one| all & one),
                Op::Or => of.fold(false, |any, one| any | one),
                Op::AtLeast(k) => of.filter(|&one| one).count() >= k as usize,
                Op::Xor => of.fold(false, |odd, one| odd ^ one),
                Op::Not => of.fold(false, |_, one| !one),
            };
            value.push(now);
        }
        value[self.top().index()]
    }
}

/// What an analysis may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Nodes that one diagram may have. With its tables a node takes up to 60 bytes.
    pub nodes_max: usize,
    /// Steps that diagrams may take; half as many for the sets, and a quarter where they are cut off. A
    /// second is some ten million.
    pub steps_max: u64,
}

impl Default for Limits {
    /// Within a GiB, and some seconds (chosen by hand).
    fn default() -> Self {
        Self { nodes_max: 12_000_000, steps_max: 60_000_000 }
    }
}

/// What the sets are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Smallest sets of events that are enough when nothing else happens. In a coherent tree, they are
    /// enough whatever else happens.
    MinimalCutSets,
    /// Smallest sets of events that happen and events that do not, which together are enough.
    PrimeImplicants,
}

/// What sets are wanted where a tree is not coherent. Where it is, they are the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Wanted {
    /// The prime implicants if they are few enough to be had at once, or else the minimal cut sets.
    #[default]
    Sets,
    /// The prime implicants, up to the limits.
    Primes,
}

/// How far the sets go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// Every set is counted.
    Complete,
    /// Every set of at most this order is counted, and nothing is said of larger ones.
    Orders(u32),
}

/// How likely the top is.
#[derive(Clone, PartialEq, Debug)]
pub enum Probability {
    /// Exactly so, to the precision of a double, if events are independent and as likely as the tree says.
    Exact(f64),
    /// Between these two, and why it is not known better.
    Between(f64, f64, Unsure),
}

/// Why a probability is not exact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unsure {
    /// Events without a probability that matter; by their places.
    Missing(Vec<u32>),
    /// Every event that matters has a probability, but this many have a range of them.
    Ranges(usize),
    /// The limits did not allow a diagram of the whole tree.
    Limits,
}

/// What one event means for the top.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Importance {
    /// Which event.
    pub event: u32,
    /// Birnbaum 1969: how much the top's probability rises when the event's rises from 0 to 1.
    pub birnbaum: f64,
    /// Fussell and Vesely: by which share the top's probability falls when the event never happens.
    pub fussell_vesely: f64,
    /// Risk achievement worth: how many times as likely the top is when the event is certain.
    pub raw: f64,
    /// Risk reduction worth: how many times less likely the top is when the event never happens; `None`
    /// where it then cannot happen at all.
    pub rrw: Option<f64>,
}

/// One literal of a set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Literal {
    /// Which event.
    pub event: u32,
    /// Whether it happens.
    pub happens: bool,
}

/// What an analysis found.
pub struct Answer {
    /// What the sets are.
    pub kind: Kind,
    /// Whether events only ever make the top more likely, by the gates there are.
    pub coherent: bool,
    /// How far the sets go.
    pub extent: Extent,
    /// How many sets there are of each order, by order.
    pub orders: Vec<Natural>,
    /// How likely the top is.
    pub probability: Probability,
    /// Modules the tree was taken apart into.
    pub modules: usize,
    /// Steps that were taken.
    pub steps: u64,
    /// At least and at most.
    events: Vec<(f64, f64)>,
    found: Found,
}

enum Found {
    Constant(bool),
    Verdict(Verdict),
}

/// What is asked of a tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Question {
    /// What sets.
    pub wanted: Wanted,
    /// Only sets of at most this order.
    pub order_max: Option<u32>,
    /// At what cost.
    pub limits: Limits,
}

/// How far an analysis has come: for a person who waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The module in work, counted from 1.
    pub module: usize,
    /// Of so many.
    pub of: usize,
    /// Steps that each order of its events may now take.
    pub steps: u64,
}

/// Analyses a tree.
///
/// Linear in the tree but for the diagrams, which the limits bound.
#[must_use]
pub fn analyse(tree: &FaultTree, question: &Question) -> Answer {
    analyse_telling(tree, question, &mut |_| {})
}

/// Analyses a tree, and tells how far it has come.
#[must_use]
pub fn analyse_telling(
    tree: &FaultTree,
    question: &Question,
    tell: &mut dyn FnMut(Progress),
) -> Answer {
    let form = Form::of(tree);
    let events: Vec<(f64, f64)> = tree.events().iter().map(|event| event.between).collect();
    if let ALWAYS | NEVER = form.root {
        return constant(form.root == ALWAYS, events);
    }
    let mut modules = modules::modules(&form);
    modules::face_upwards(&mut modules);
    let coherent = modules.iter().all(modules::Module::is_monotone);
    let verdict = judge::judge(&modules, question, tell);
    let last = modules.len() - 1;
    let orders = verdict.sets[last][0].as_ref().map_or(Vec::new(), |sets| sets.orders.clone());
    let probability = probability(&modules, &verdict, &events);
    // A tree with complemented gates can still be monotone: then no prime implicant has a
    // complemented event, and they are the minimal cut sets.
    let has_complements = verdict.sought == Sought::Primes && listing::has_complements(&verdict);
    Answer {
        kind: if has_complements { Kind::PrimeImplicants } else { Kind::MinimalCutSets },
        coherent,
        extent: match verdict.reach {
            Reach::All => Extent::Complete,
            Reach::Orders(order) => Extent::Orders(order),
        },
        orders,
        probability,
        modules: modules.len(),
        steps: verdict.steps,
        events,
        found: Found::Verdict(verdict),
    }
}

fn constant(so: bool, events: Vec<(f64, f64)>) -> Answer {
    Answer {
        kind: Kind::MinimalCutSets,
        coherent: true,
        extent: Extent::Complete,
        orders: if so { vec![Natural::from(1)] } else { Vec::new() },
        probability: Probability::Exact(if so { 1.0 } else { 0.0 }),
        modules: 0,
        steps: 0,
        events,
        found: Found::Constant(so),
    }
}

fn probability(
    modules: &[modules::Module],
    verdict: &Verdict,
    events: &[(f64, f64)],
) -> Probability {
    let mut missing = Vec::new();
    let mut ranges = 0;
    for event in leaves(&verdict.modules) {
        match events[event as usize] {
            (0.0, 1.0) => missing.push(event),
            (least, most) if least < most => ranges += 1,
            _ => {}
        }
    }
    missing.sort_unstable();
    let least: Vec<f64> = events.iter().map(|(least, _)| *least).collect();
    let most: Vec<f64> = events.iter().map(|(_, most)| *most).collect();
    let top = |events: &[f64]| chance::of_modules(&verdict.modules, events)?.last().copied();
    let monotone = modules.iter().all(modules::Module::is_monotone);
    let is_known = missing.is_empty() && ranges == 0;
    let why = match missing.is_empty() {
        false => Unsure::Missing(missing),
        true if ranges > 0 => Unsure::Ranges(ranges),
        true => Unsure::Limits,
    };
    let (lower, upper) = match (top(&least), top(&most)) {
        (Some((so, _)), _) if is_known => return Probability::Exact(so.clamp(0.0, 1.0)),
        // In a monotone tree each event pulls one way, so the ends are where all are at theirs.
        (Some((lower, _)), Some((upper, _))) if monotone => (lower, upper),
        _ => bounds::of(modules, verdict, &least, &most),
    };
    Probability::Between(lower.clamp(0.0, 1.0), upper.clamp(0.0, 1.0), why)
}

/// The events that matter, each once.
fn leaves(modules: &[Judged]) -> impl Iterator<Item = u32> {
    modules.iter().flat_map(|module| &module.leaves).filter_map(|leaf| match leaf {
        Leaf::Event(event) => Some(*event),
        Leaf::Module(_) => None,
    })
}

/// Below this share of the whole, what is left after a subtraction is computed anew instead: of the
/// 15 digits of a double, 6 would be gone.
const CANCELLED: f64 = 1e-6;

impl Answer {
    /// How many sets there are, as far as the extent goes.
    #[must_use]
    pub fn count(&self) -> Natural {
        self.orders.iter().fold(Natural::default(), |sum, count| sum.plus(count))
    }

    /// The first sets, smaller orders first, at most so many. Linear in what is told.
    #[must_use]
    pub fn sets(&self, at_most: usize) -> Vec<Vec<Literal>> {
        match &self.found {
            Found::Constant(true) if at_most > 0 => vec![Vec::new()],
            Found::Constant(_) => Vec::new(),
            Found::Verdict(verdict) => listing::first(verdict, self.orders.len(), at_most),
        }
    }

    /// What each event that matters means for the top, the greatest Fussell-Vesely first; `None` where
    /// the probability is not exact, or zero.
    #[must_use]
    pub fn importance(&self) -> Option<Vec<Importance>> {
        let Probability::Exact(top) = self.probability else { return None };
        let Found::Verdict(verdict) = &self.found else { return Some(Vec::new()) };
        if top <= 0.0 {
            return None;
        }
        let mut events: Vec<f64> = self.events.iter().map(|(exact, _)| *exact).collect();
        let birnbaum = chance::derivatives(&verdict.modules, &events)?;
        let mut all = Vec::new();
        for event in leaves(&verdict.modules) {
            let at = event as usize;
            let mut without = top - events[at] * birnbaum[at];
            if without < top * CANCELLED {
                let own = std::mem::replace(&mut events[at], 0.0);
                without = chance::of_modules(&verdict.modules, &events)?.last()?.0;
                events[at] = own;
            }
            all.push(Importance {
                event,
                birnbaum: birnbaum[at],
                fussell_vesely: events[at] * birnbaum[at] / top,
                raw: (top + (1.0 - events[at]) * birnbaum[at]) / top,
                rrw: (without > 0.0).then(|| top / without),
            });
        }
        all.sort_by(|a, b| {
            b.fussell_vesely.total_cmp(&a.fussell_vesely).then(a.event.cmp(&b.event))
        });
        Some(all)
    }
}
