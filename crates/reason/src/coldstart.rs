//! In which order a dark plant is brought up, or why it cannot be.
//!
//! A thing can be started once enough of what it requires is up: what it stands on, what it `needs`
//! with a way there, and what it needs only `to_start`. What is up is the least fixpoint of that
//! (`chain`), so nothing is taken to hold itself up: a name server in a virtual machine whose host
//! needs names is a *cycle*, told with its edges and where to cut it ([`cycles`]). What cannot start
//! because a part is known to have failed is told apart from that.
//!
//! Four things are waited for while there is hope, and then done without, said aloud: the management
//! path (hands on site instead), the network of a thing that can boot without one, what a forwarder
//! `needs` (it forwards without), and the hope that no standby must take over. A wave is what can be
//! started together; within it what would trip a breaker together is switched on in groups (`inrush`).
//!
//! It never guesses a draw, a time or a way: unknown is said. It does not know whether a thing *will*
//! start; each step is gated on a check, or on a person's look where there is none. Tested on plants
//! told in words (`tests`) and, on drawn ones, by reading each step's requirements anew.

mod chain;
mod cycles;
mod inrush;
mod steps;
#[cfg(test)]
mod tests;

pub use cycles::{Cut, Cycle, Edge};
pub use steps::{Act, By, Caution, Proof, Step};

use crate::circuit::starting::Starting;
use crate::circuit::{Circuit, GateId};
use blackstart_model::kind::Kind;
use blackstart_model::time::Duration;
use blackstart_model::{ComponentId, Plant};
use chain::{Chain, Waiting};
use inrush::Loads;
use std::collections::VecDeque;

/// How often it is worked out which few things are done without first (hands sent to one machine rather
/// than to ten); after that nothing is waited for any more that can be done without. Each time costs a
/// pass over the plant; chosen by hand, real plants need one to three.
const CAREFUL_ROUNDS_MAX: usize = 64;

/// From where a start begins, and where it should end.
#[derive(Clone, Default, Debug)]
pub struct Given {
    /// Up already. Without `down`, all else is dark.
    pub up: Vec<ComponentId>,
    /// Dark, with all that fell with it; the rest is up.
    pub down: Vec<ComponentId>,
    /// Failed: it cannot be started, besides what the plant's conditions say of today.
    pub known_failed: Vec<ComponentId>,
    /// What is to be up in the end; everything when empty.
    pub targets: Vec<ComponentId>,
}

/// The plan of a cold start.
#[derive(Clone, Debug)]
pub struct ColdStart {
    /// What is up before it begins.
    pub up_before: Vec<ComponentId>,
    /// The waves, in order.
    pub waves: Vec<Wave>,
    /// What is not to be started, and why.
    pub held: Vec<(ComponentId, Held)>,
    /// What waits for itself.
    pub cycles: Vec<Cycle>,
    /// What cannot be started though nothing is wrong with itself.
    pub stuck: Vec<(ComponentId, Because)>,
    /// Steps that no check proves.
    pub gaps: usize,
    /// How long it takes in all.
    pub takes: Takes,
    /// Which breakers, feeds and batteries could not be judged, and why.
    pub unknown: Vec<(ComponentId, Unknown)>,
    /// Whether everything asked for can be started.
    pub can_start: bool,
}

/// What can be started together.
#[derive(Clone, Debug)]
pub struct Wave {
    /// What is done, first what comes by itself, then by group.
    pub steps: Vec<Step>,
    /// How many groups must be switched on one after the other.
    pub groups: u32,
    /// How long until all of it is up.
    pub takes: Takes,
}

/// A span of time as far as it is known.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Takes {
    /// At least so long.
    pub min: Duration,
    /// At most so long, but for the steps of which nothing is known.
    pub max: Duration,
    /// Steps of which nothing is known.
    pub unknown: usize,
}

/// Why a component is not to be started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Held {
    /// It has failed.
    Failed,
    /// It is switched off on purpose.
    OffOnPurpose,
    /// What feeds it could not carry it.
    NoRoom(ComponentId),
}

/// Why something cannot be started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Because {
    /// It requires something that is held.
    Of(ComponentId),
    /// It is part of this cycle, or requires something that is, by its place in the list.
    Cycle(usize),
}

/// What is not known of a thing that carries power.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Unknown {
    /// What is behind it does not all say what it draws.
    Draw,
    /// What is behind it does not all say what it takes when switched on.
    Inrush,
    /// Neither it nor what feeds it says its voltage.
    Voltage,
}

/// The order of a cold start. Linear in the plant, and besides a pass over it for each time that
/// something is done without (64 at most), and for each cycle behind a cycle.
#[must_use]
pub fn coldstart(plant: &Plant, given: &Given) -> ColdStart {
    let starting = Starting::of(plant);
    let everything = vec![true; plant.components().len()];
    let mut run = Run::of(plant, &starting, given, everything);
    run.waves();
    if !given.targets.is_empty() {
        let wanted = run.wanted(&given.targets);
        run = Run::of(plant, &starting, given, wanted);
        run.waves();
    }
    run.finish(given)
}

/// The cycles that keep a dark plant from starting though nothing of it has failed. Linear in a plant
/// that has none.
#[must_use]
pub fn cycles(plant: &Plant) -> Vec<Cycle> {
    let starting = Starting::of(plant);
    let mut chain = Chain::of(&starting);
    let possible = |id| enough(plant, &starting, id);
    let waiting = Waiting::for_gate(&starting, possible);
    let allowed = vec![true; starting.components()];
    cycles::all_that_can(&mut chain, &waiting, &allowed);
    cycles::find(plant, &mut chain, &waiting, &allowed)
}

/// The gate without which a component cannot be started at all.
fn enough(plant: &Plant, starting: &Starting, id: ComponentId) -> GateId {
    let of = starting.of_component(id);
    if forwards(plant, id) { of.forwards } else { of.possible }
}

/// Whether it forwards packets, as it does without what it `needs`.
fn forwards(plant: &Plant, id: ComponentId) -> bool {
    let kind = plant.component(id).kind;
    kind.routes() || matches!(kind, Kind::Switch | Kind::Nic | Kind::Link)
}

/// What a component is started without, though it asks for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Without {
    Management,
    Uplink,
    Needs,
    Firsthand,
    Network,
}

/// A start under way.
struct Run<'p> {
    plant: &'p Plant,
    starting: &'p Starting,
    chain: Chain<'p>,
    allowed: Vec<bool>,
    held: Vec<Option<Held>>,
    up_before: Vec<ComponentId>,
    /// In a queue, or done.
    begun: Vec<bool>,
    ready: VecDeque<ComponentId>,
    loads: Loads<'p>,
    waves: Vec<Wave>,
    rounds: usize,
}

impl<'p> Run<'p> {
    fn of(plant: &'p Plant, starting: &'p Starting, given: &Given, allowed: Vec<bool>) -> Self {
        let count = plant.components().len();
        let mut held = vec![None; count];
        for (component, held) in plant.components().iter().zip(&mut held) {
            if component.condition.known_failed.is_some() {
                *held = Some(Held::Failed);
            } else if component.condition.off_on_purpose.is_some() {
                *held = Some(Held::OffOnPurpose);
            }
        }
        for id in &given.known_failed {
            held[id.index()] = Some(Held::Failed);
        }
        // What somebody sees standing there is up, whatever the file says.
        for id in &given.up {
            held[id.index()] = None;
        }
        let mut up = vec![false; count];
        if !given.down.is_empty() {
            let circuit = Circuit::of(plant);
            let fallen = given.down.iter().chain(&given.known_failed);
            let faults: Vec<_> = fallen.map(|&id| circuit.component_input(id)).collect();
            let values = circuit.under(&faults);
            for (up, at) in up.iter_mut().zip(0..) {
                *up = values[circuit.works(ComponentId(at)).index()];
            }
        }
        for id in &given.up {
            up[id.index()] = true;
        }
        let mut run = Self {
            plant,
            starting,
            chain: Chain::of(starting),
            allowed,
            held,
            up_before: Vec::new(),
            begun: vec![false; count],
            ready: VecDeque::new(),
            loads: Loads::of(plant),
            waves: Vec::new(),
            rounds: 0,
        };
        for (&up, at) in up.iter().zip(0..) {
            if up {
                let id = ComponentId(at);
                run.begun[id.index()] = true;
                run.up_before.push(id);
                run.chain.raise(Starting::is_up(id));
            }
        }
        for at in 0..run.up_before.len() {
            let id = run.up_before[at];
            run.loads.add(id, &run.chain);
        }
        run
    }

    /// Wave after wave, until nothing more can be started.
    fn waves(&mut self) {
        let (plant, starting) = (self.plant, self.starting);
        let mut waiting = Waiting::for_gate(starting, |id| starting.of_component(id).ready);
        self.hear(&waiting);
        loop {
            let mut wave = Vec::new();
            let mut acts = Vec::new();
            while let Some(id) = self.ready.pop_front() {
                if steps::act(self.plant.component(id).kind) == Act::ByItself {
                    wave.push(self.step(id, 0));
                    self.raise(id, &waiting);
                } else {
                    acts.push(id);
                }
            }
            acts.sort_unstable();
            let groups = self.loads.groups(&acts, &self.chain);
            let mut count = 0;
            for (&id, group) in acts.iter().zip(&groups) {
                match group {
                    Ok(group) => {
                        count = count.max(*group);
                        wave.push(self.step(id, *group));
                    }
                    Err(full) => self.held[id.index()] = Some(Held::NoRoom(*full)),
                }
            }
            if wave.is_empty() {
                if !self.do_without() {
                    break;
                }
                if self.rounds == CAREFUL_ROUNDS_MAX {
                    waiting = Waiting::for_gate(starting, |id| enough(plant, starting, id));
                }
                continue;
            }
            for step in &wave {
                if step.act != Act::ByItself {
                    self.chain.raise(Starting::is_up(step.component));
                }
            }
            self.hear(&waiting);
            wave.sort_by_key(|step| step.group);
            let takes = steps::takes_of_wave(&wave, count);
            self.waves.push(Wave { steps: wave, groups: count, takes });
        }
    }

    fn raise(&mut self, id: ComponentId, waiting: &Waiting) {
        self.chain.raise(Starting::is_up(id));
        self.hear(waiting);
    }

    /// Takes up those whose conditions have just been met.
    fn hear(&mut self, waiting: &Waiting) {
        for gate in self.chain.news() {
            for &id in waiting.on(gate) {
                self.begin(id);
            }
        }
    }

    fn begin(&mut self, id: ComponentId) {
        if self.may_start(id) {
            self.begun[id.index()] = true;
            self.ready.push_back(id);
        }
    }

    fn may_start(&self, id: ComponentId) -> bool {
        self.allowed[id.index()] && self.held[id.index()].is_none() && !self.begun[id.index()]
    }

    /// When nothing is ready: starts something without what it only waits for. False when even that
    /// starts nothing.
    fn do_without(&mut self) -> bool {
        let count = u32::try_from(self.plant.components().len()).expect("components fit u32");
        let lacking: Vec<(Without, ComponentId)> = (0..count)
            .map(ComponentId)
            .filter(|&id| self.may_start(id))
            .filter_map(|id| self.lacks(id).map(|without| (without, id)))
            .collect();
        self.rounds += 1;
        let mut chosen = lacking.clone();
        if self.rounds < CAREFUL_ROUNDS_MAX {
            let awaited = self.awaited(&lacking);
            if lacking.iter().any(|(_, id)| awaited[id.index()]) {
                chosen.retain(|(_, id)| awaited[id.index()]);
            }
            let least = chosen.iter().map(|(without, _)| *without).min();
            chosen.retain(|(without, _)| Some(*without) == least);
        }
        for (_, id) in &chosen {
            self.begin(*id);
        }
        !chosen.is_empty()
    }

    /// What a dark component could be started without; `None` when it cannot be started anyhow.
    fn lacks(&self, id: ComponentId) -> Option<Without> {
        let of = self.starting.of_component(id);
        let is = |gate| self.chain.is(gate);
        let forwards = forwards(self.plant, id);
        match (is(of.possible), forwards && is(of.forwards)) {
            (false, false) => None,
            (false, true) => Some(Without::Needs),
            (true, _) if is(of.without_standby) && is(of.network) => Some(Without::Management),
            (true, true) if is(of.without_standby) => Some(Without::Uplink),
            (true, _) if !is(of.without_standby) => Some(Without::Firsthand),
            (true, _) => Some(Without::Network),
        }
    }

    /// Those of the lacking whose start would help towards what another of them waits for.
    fn awaited(&self, lacking: &[(Without, ComponentId)]) -> Vec<bool> {
        let mut could = vec![false; self.plant.components().len()];
        let mut seen = vec![false; self.starting.len()];
        let mut next = Vec::new();
        for &(_, id) in lacking {
            could[id.index()] = true;
            let of = self.starting.of_component(id);
            next.extend([of.managed, of.network, of.without_standby]);
            if self.without_needs(id) {
                next.push(of.possible);
            }
        }
        let mut awaited = vec![false; could.len()];
        while let Some(gate) = next.pop() {
            if self.chain.is(gate) || std::mem::replace(&mut seen[gate.index()], true) {
                continue;
            }
            match self.starting.component(gate) {
                None => next.extend(self.starting.children(gate)),
                Some(id) if could[id.index()] => awaited[id.index()] = true,
                Some(id) => next.push(enough(self.plant, self.starting, id)),
            }
        }
        awaited
    }

    fn without_needs(&self, id: ComponentId) -> bool {
        !self.chain.is(self.starting.of_component(id).possible)
    }

    fn step(&self, id: ComponentId, group: u32) -> Step {
        steps::step(self.plant, &self.chain, &self.loads, id, group)
    }

    /// What has to be started for these: all that each one's start rested on, of several enough the
    /// first that were up, but every cord that was.
    fn wanted(&self, targets: &[ComponentId]) -> Vec<bool> {
        use crate::circuit::Gate;
        use blackstart_model::plant::Role;
        let mut wanted = vec![false; self.plant.components().len()];
        let mut seen = vec![false; self.starting.len()];
        // Gates, and whether all their true members are kept.
        let mut next: Vec<(GateId, bool)> =
            targets.iter().map(|&id| (Starting::is_up(id), false)).collect();
        while let Some((gate, every)) = next.pop() {
            if std::mem::replace(&mut seen[gate.index()], true) {
                continue;
            }
            if let Some(id) = self.starting.component(gate) {
                wanted[id.index()] = true;
                let born = self.chain.turn(gate);
                for part in self.starting.parts(id) {
                    // What is dark now and required is wanted as well, so that its lack is told.
                    let early = self.chain.is(part.gate) && self.chain.turn(part.gate) < born;
                    if early || !self.chain.is(gate) {
                        next.push((part.gate, part.role == Role::Power));
                    }
                }
                continue;
            }
            let mut children = self.starting.children(gate).to_vec();
            let is = |child: &GateId| self.chain.is(*child);
            children.sort_by_key(|child| (!is(child), self.chain.turn(*child), *child));
            let met = children.iter().filter(|child| is(child)).count();
            let kept = match self.starting.gate(gate) {
                Gate::Input(_) | Gate::And(_) => children.len(),
                Gate::Or(_) | Gate::AtLeast(..) if !self.chain.is(gate) => children.len(),
                Gate::Or(_) | Gate::AtLeast(..) if every => met,
                Gate::Or(_) => 1,
                Gate::AtLeast(k, _) => k as usize,
            };
            next.extend(children.into_iter().take(kept).map(|child| (child, every)));
        }
        wanted
    }

    fn finish(mut self, given: &Given) -> ColdStart {
        let count = u32::try_from(self.plant.components().len()).expect("components fit u32");
        let all = || (0..count).map(ComponentId);
        let dark: Vec<ComponentId> =
            all().filter(|id| self.allowed[id.index()] && !self.chain.is_up(*id)).collect();
        let held: Vec<(ComponentId, Held)> =
            dark.iter().filter_map(|&id| self.held[id.index()].map(|why| (id, why))).collect();
        let can_start = if given.targets.is_empty() {
            dark.len() == held.len() && !held.iter().any(|(_, why)| matches!(why, Held::NoRoom(_)))
        } else {
            given.targets.iter().all(|&id| self.chain.is_up(id))
        };
        let (cycles, stuck) = self.why_dark(&dark, &held);
        let gaps = self
            .waves
            .iter()
            .flat_map(|wave| &wave.steps)
            .filter(|step| step.act != Act::ByItself && matches!(step.proof, Proof::Look(_)))
            .count();
        let takes = self.waves.iter().fold(Takes::default(), |sum, wave| Takes {
            min: sum.min.saturating_add(wave.takes.min),
            max: sum.max.saturating_add(wave.takes.max),
            unknown: sum.unknown + wave.takes.unknown,
        });
        ColdStart {
            up_before: self.up_before,
            waves: self.waves,
            held,
            cycles,
            stuck,
            gaps,
            takes,
            unknown: self.loads.into_unknown(),
            can_start,
        }
    }

    /// Sorts what stayed dark: cycles, what waits for them, and what waits for something held.
    fn why_dark(
        &mut self,
        dark: &[ComponentId],
        held: &[(ComponentId, Held)],
    ) -> (Vec<Cycle>, Vec<(ComponentId, Because)>) {
        let (plant, starting) = (self.plant, self.starting);
        let waiting = Waiting::for_gate(starting, |id| enough(plant, starting, id));
        let chain = &mut self.chain;
        let mut because: Vec<Option<Because>> = vec![None; plant.components().len()];
        if dark.len() == held.len() {
            return (Vec::new(), Vec::new());
        }
        // What waits for something held, even where a cycle keeps it down as well.
        let sources = held.iter().map(|&(id, _)| (id, Because::Of(id)));
        cycles::behind(chain, &waiting, sources, &mut because);
        // With all that is held mended: what is still dark then waits for itself.
        cycles::all_that_can(chain, &waiting, &self.allowed);
        let mended: Vec<bool> = plant
            .components()
            .iter()
            .zip(0..)
            .map(|(_, at)| chain.is_up(ComponentId(at)))
            .collect();
        let found = chain.trying(|chain| cycles::find(plant, chain, &waiting, &self.allowed));
        let sources: Vec<(ComponentId, Because)> = found
            .iter()
            .enumerate()
            .flat_map(|(at, cycle)| cycle.members.iter().map(move |&id| (id, Because::Cycle(at))))
            .collect();
        for (at, because) in because.iter_mut().enumerate() {
            if !mended[at] {
                *because = None;
            }
        }
        cycles::behind(chain, &waiting, sources.into_iter(), &mut because);
        let stuck = dark
            .iter()
            .filter(|id| self.held[id.index()].is_none())
            .filter_map(|&id| because[id.index()].map(|why| (id, why)))
            .collect();
        (found, stuck)
    }
}
