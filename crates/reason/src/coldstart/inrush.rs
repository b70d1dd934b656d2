//! What can be switched on together without tripping what feeds it.
//!
//! The simple and careful rule, not the load layer: a machine with several live cords may draw all of
//! its power through any one of them; what runs is counted with its greatest draw; and to that is added
//! the inrush of all that is switched on at once. The sum must stay below the current at which the
//! breaker's magnetic release *may* act at once: 3, 5 or 10 times its rating for the letters B, C and D
//! (IEC 60898-1, table 2, the lower ends); a breaker without a letter counts as B. Of a UPS, a generator
//! or anything else with a capacity the sum must stay below that. What does not say its draw or inrush
//! is switched on alone on the nearest thing that could trip, and that is said.
//!
//! Amperes are apparent power over voltage: I = P / (V · pf), for three phases P / (√3 · V · pf) with
//! the voltage between phases. Where the phase of a thing is not known, it may be any of the three.

use super::Unknown;
use super::chain::Chain;
use super::steps::Caution;
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::quantity::{Attribute, Phase, Value};
use blackstart_model::requirement::Target;
use blackstart_model::{ComponentId, Plant};
use std::collections::{BTreeMap, BTreeSet};

/// Power factor of a load that does not say its own: what 80 PLUS demands of a power supply at full
/// load, the least that is common.
const POWER_FACTOR: f64 = 0.9;

/// A breaker that carries so many times its rating must trip within an hour or two, and is not asked to:
/// the conventional tripping current of IEC 60898-1, table 7.
const MUST_TRIP: f64 = 1.45;

/// Levels of distribution at most, from the outlet to the grid.
const HEIGHT_MAX: usize = 64;

/// What a thing that carries power bears, in volt-amperes of each phase.
#[derive(Clone, Copy, Debug)]
struct Limit {
    three: bool,
    /// For good.
    rated: f64,
    /// Beyond this it is not asked to carry anything.
    never: f64,
    /// For the moment of switching on.
    at_once: f64,
}

/// What hangs on it and is up: in each phase, or in the first where there is one.
#[derive(Clone, Copy, Default, Debug)]
struct Load {
    /// At most, with every cord carrying everything.
    most: [f64; 3],
    /// At least: of what has this one way to its power only.
    least: [f64; 3],
}

/// One consumer as what feeds it sees it.
#[derive(Clone, Copy, Debug)]
struct Consumer {
    /// Volt-amperes.
    least: f64,
    most: f64,
    /// Volt-amperes at once, when switched on, at this voltage for an inrush in amperes.
    inrush: Option<Inrush>,
    three: bool,
    phase: Option<Phase>,
}

#[derive(Clone, Copy, Debug)]
enum Inrush {
    Amps(f64),
    VoltAmps(f64),
}

/// Everything that carries power, and what it carries.
pub(super) struct Loads<'p> {
    plant: &'p Plant,
    limits: BTreeMap<ComponentId, Limit>,
    carried: BTreeMap<ComponentId, Load>,
    unknown: BTreeSet<(ComponentId, Unknown)>,
}

/// A thing with a limit, seen from a consumer.
struct Above {
    id: ComponentId,
    phase: Option<Phase>,
    /// Every way to the consumer's power leads through it.
    only: bool,
    /// Nothing with a limit stands between.
    nearest: bool,
}

impl<'p> Loads<'p> {
    pub(super) fn of(plant: &'p Plant) -> Self {
        let mut limits = BTreeMap::new();
        let mut unknown = BTreeSet::new();
        for (component, at) in plant.components().iter().zip(0..) {
            let id = ComponentId(at);
            if !component.kind.distributes_power() || component.kind == Kind::Psu {
                continue;
            }
            match limit(plant, id) {
                Ok(Some(limit)) => drop(limits.insert(id, limit)),
                Ok(None) => {}
                Err(why) => drop(unknown.insert((id, why))),
            }
        }
        Self { plant, limits, carried: BTreeMap::new(), unknown }
    }

    /// Counts what is up already.
    pub(super) fn add(&mut self, id: ComponentId, chain: &Chain<'_>) {
        if self.limits.is_empty() {
            return;
        }
        let above = self.above(id, chain);
        match consumer(self.plant, id) {
            Ok(Some(consumer)) => self.carry(&consumer, &above),
            Ok(None) => {}
            Err(why) => self.unknown.extend(above.iter().map(|above| (above.id, why))),
        }
    }

    /// The group in which each of these is switched on, from 1; or what could not carry it.
    pub(super) fn groups(
        &mut self,
        wave: &[ComponentId],
        chain: &Chain<'_>,
    ) -> Vec<Result<u32, ComponentId>> {
        if self.limits.is_empty() {
            return vec![Ok(1); wave.len()];
        }
        let mut groups = Vec::with_capacity(wave.len());
        let mut counted = Vec::with_capacity(wave.len());
        // First what all of it draws in the end, so that the last of a wave is not forgotten.
        for &id in wave {
            let above = self.above(id, chain);
            let consumer = consumer(self.plant, id);
            let mut full = None;
            match &consumer {
                Ok(Some(consumer)) => {
                    self.carry(consumer, &above);
                    full = above.iter().find(|above| self.is_over(above.id)).map(|above| above.id);
                    if full.is_some() {
                        self.drop(consumer, &above);
                    }
                }
                Ok(None) => {}
                Err(why) => self.unknown.extend(above.iter().map(|above| (above.id, *why))),
            }
            counted.push((above, consumer, full));
        }
        // Then who goes together: on each thing above, the group at hand and what it takes at once.
        let mut at_hand: BTreeMap<ComponentId, (u32, [f64; 3], bool)> = BTreeMap::new();
        for (above, consumer, full) in counted {
            if let Some(full) = full {
                groups.push(Err(full));
                continue;
            }
            let mut group = 1;
            let surge = match consumer {
                Ok(None) => {
                    groups.push(Ok(1));
                    continue;
                }
                Ok(Some(consumer)) => Some(consumer),
                Err(_) => None,
            };
            let alone = surge.is_none_or(|one| one.inrush.is_none());
            if surge.is_some() && alone {
                let nearest = above.iter().filter(|above| above.nearest);
                self.unknown.extend(nearest.map(|above| (above.id, Unknown::Inrush)));
            }
            for above in &above {
                let limit = self.limits[&above.id];
                let (own, used, taken) =
                    at_hand.get(&above.id).copied().unwrap_or((1, [0.0; 3], false));
                let steady = self.carried.get(&above.id).copied().unwrap_or_default().most;
                let surge = surge.map_or([0.0; 3], |one| self.surge(&one, above));
                let fits = (0..3).all(|slot| {
                    surge[slot] == 0.0 || steady[slot] + used[slot] + surge[slot] <= limit.at_once
                });
                let empty = used == [0.0; 3] && !taken;
                let fits = (fits || empty) && !(alone && above.nearest && !empty) && !taken;
                group = group.max(if fits { own } else { own + 1 });
            }
            for above in &above {
                let surge = surge.map_or([0.0; 3], |one| self.surge(&one, above));
                let (own, used, taken) =
                    at_hand.entry(above.id).or_insert((group, [0.0; 3], false));
                if *own < group {
                    (*own, *used, *taken) = (group, [0.0; 3], false);
                }
                for slot in 0..3 {
                    used[slot] += surge[slot];
                }
                *taken |= alone && above.nearest;
            }
            groups.push(Ok(group));
        }
        groups
    }

    /// What is to be said of switching one on.
    pub(super) fn cautions(&self, id: ComponentId, chain: &Chain<'_>, into: &mut Vec<Caution>) {
        if self.limits.is_empty() {
            return;
        }
        let consumer = consumer(self.plant, id);
        for above in self.above(id, chain) {
            let limit = self.limits[&above.id];
            let carried = self.carried.get(&above.id).copied().unwrap_or_default();
            match &consumer {
                Ok(None) => {}
                Err(_) if above.nearest => into.push(Caution::DrawUnknown(above.id)),
                Err(_) => {}
                Ok(Some(one)) => {
                    let surge = self.surge(one, &above);
                    if one.inrush.is_none() && above.nearest {
                        into.push(Caution::InrushUnknown(above.id));
                    }
                    if (0..3)
                        .any(|at| surge[at] > 0.0 && carried.most[at] + surge[at] > limit.at_once)
                    {
                        into.push(Caution::MayTrip(above.id));
                    }
                    if carried.most.iter().any(|&most| most > limit.rated) {
                        into.push(Caution::MayOverload(above.id));
                    }
                }
            }
        }
    }

    pub(super) fn into_unknown(self) -> Vec<(ComponentId, Unknown)> {
        self.unknown.into_iter().collect()
    }

    fn is_over(&self, id: ComponentId) -> bool {
        let carried = self.carried.get(&id).copied().unwrap_or_default();
        carried.least.iter().any(|&least| least > self.limits[&id].never)
    }

    fn carry(&mut self, consumer: &Consumer, above: &[Above]) {
        self.change(consumer, above, 1.0);
    }

    fn drop(&mut self, consumer: &Consumer, above: &[Above]) {
        self.change(consumer, above, -1.0);
    }

    fn change(&mut self, consumer: &Consumer, above: &[Above], by: f64) {
        for above in above {
            let three = self.limits[&above.id].three;
            let load = self.carried.entry(above.id).or_default();
            let most = share(consumer, above, three, true);
            let least = share(consumer, above, three, false);
            for slot in 0..3 {
                load.most[slot] += by * consumer.most * most[slot];
                if above.only {
                    load.least[slot] += by * consumer.least * least[slot];
                }
            }
        }
    }

    /// What switching it on takes at once, in each phase.
    fn surge(&self, consumer: &Consumer, above: &Above) -> [f64; 3] {
        let three = self.limits[&above.id].three;
        let share = share(consumer, above, three, true);
        let at_once = match consumer.inrush {
            None => return [0.0; 3],
            Some(Inrush::VoltAmps(power)) => power,
            Some(Inrush::Amps(amps)) => {
                let volts = voltage(self.plant, above.id).unwrap_or_default();
                let per_phase = if three { amps * volts / 3_f64.sqrt() } else { amps * volts };
                return share.map(|share| if share > 0.0 { per_phase } else { 0.0 });
            }
        };
        // Beyond what it draws in the end, which is counted already.
        share.map(|share| share * (at_once - consumer.most).max(0.0))
    }

    /// The things with a limit that a consumer's power comes through, of those that are up.
    fn above(&self, id: ComponentId, chain: &Chain<'_>) -> Vec<Above> {
        let mut found: Vec<Above> = Vec::new();
        let phase = phase_of(self.plant, id);
        let mut next = vec![(id, phase, true, true, 0)];
        while let Some((at, phase, only, nearest, height)) = next.pop() {
            let Some(power) = self.plant.component(at).requirement(Role::Power) else { continue };
            if height == HEIGHT_MAX {
                continue;
            }
            let mut cords: Vec<ComponentId> = Vec::new();
            power.each_leaf(&mut |leaf| {
                if let Target::Component(on) = leaf.target
                    && chain.is_up(on)
                    && !cords.contains(&on)
                {
                    cords.push(on);
                }
            });
            let only = only && cords.len() == 1;
            for on in cords {
                let phase = phase_of(self.plant, on).or(phase);
                let limited = self.limits.contains_key(&on);
                if let Some(known) = found.iter_mut().find(|known| known.id == on) {
                    known.nearest |= nearest;
                    continue;
                }
                if limited {
                    found.push(Above { id: on, phase, only, nearest });
                }
                next.push((on, phase, only, nearest && !limited, height + 1));
            }
        }
        found
    }
}

/// Which part of a consumer's power each phase may (or must) carry.
fn share(consumer: &Consumer, above: &Above, three: bool, most: bool) -> [f64; 3] {
    if !three {
        return [1.0, 0.0, 0.0];
    }
    if consumer.three {
        return [1.0 / 3.0; 3];
    }
    match above.phase.or(consumer.phase) {
        Some(Phase::L1) => [1.0, 0.0, 0.0],
        Some(Phase::L2) => [0.0, 1.0, 0.0],
        Some(Phase::L3) => [0.0, 0.0, 1.0],
        None if most => [1.0; 3],
        None => [0.0; 3],
    }
}

fn number(plant: &Plant, id: ComponentId, attribute: Attribute) -> Option<(f64, f64)> {
    match plant.component(id).attribute(attribute)? {
        Value::Number(range) | Value::Watts(range) | Value::Volts(range) | Value::Amps(range) => {
            Some((range.min, range.max))
        }
        _ => None,
    }
}

fn phase_of(plant: &Plant, id: ComponentId) -> Option<Phase> {
    match plant.component(id).attribute(Attribute::Phase) {
        Some(Value::Phase(phase)) => Some(*phase),
        _ => None,
    }
}

fn has_three(plant: &Plant, id: ComponentId) -> bool {
    number(plant, id, Attribute::Phases).is_some_and(|(phases, _)| phases > 1.0)
}

/// The least voltage it may have: its own, or that of what feeds it.
fn voltage(plant: &Plant, id: ComponentId) -> Option<f64> {
    let mut at = id;
    for _ in 0..HEIGHT_MAX {
        if let Some((min, _)) = number(plant, at, Attribute::Voltage) {
            return Some(min);
        }
        let mut first = None;
        plant.component(at).requirement(Role::Power)?.each_leaf(&mut |leaf| {
            if let (None, Target::Component(on)) = (first, leaf.target) {
                first = Some(on);
            }
        });
        at = first?;
    }
    None
}

/// What a thing bears; `None` where it says no rating, and why not where its voltage is not known.
fn limit(plant: &Plant, id: ComponentId) -> Result<Option<Limit>, Unknown> {
    let component = plant.component(id);
    let three = has_three(plant, id);
    let per_phase = |amps: f64| {
        let volts = voltage(plant, id).ok_or(Unknown::Voltage)?;
        Ok(if three { amps * volts / 3_f64.sqrt() } else { amps * volts })
    };
    let mut limit: Option<Limit> = None;
    if let Some(Value::Breaker(breaker)) = component.attribute(Attribute::Breaker) {
        let rated = per_phase(breaker.amps)?;
        let times = match breaker.curve {
            Some('C') => 5.0,
            Some('D') => 10.0,
            // K acts from 8 times on and Z from 2 (IEC 60947-2 leaves both to the maker).
            Some('K') => 8.0,
            Some('Z') => 2.0,
            _ => 3.0,
        };
        let never = rated * MUST_TRIP;
        limit = Some(Limit { three, rated, never, at_once: rated * times });
    }
    let capacity = match component.attribute(Attribute::Capacity) {
        Some(Value::Amps(range)) => Some((per_phase(range.min)?, per_phase(range.max)?)),
        Some(Value::Watts(range)) => {
            let phases = if three { 3.0 } else { 1.0 };
            Some((range.min / phases, range.max / phases))
        }
        _ => None,
    };
    if let Some((rated, never)) = capacity {
        let watts = matches!(component.kind, Kind::Ups | Kind::Generator);
        // A source gives no more than it has, not for a moment; a bar bears a surge.
        let at_once = if watts { rated } else { f64::INFINITY };
        let own = Limit { three, rated, never, at_once };
        limit = Some(limit.map_or(own, |breaker| Limit {
            three,
            rated: breaker.rated.min(own.rated),
            never: breaker.never.min(own.never),
            at_once: breaker.at_once.min(own.at_once),
        }));
    }
    Ok(limit)
}

/// What a component draws; `None` for what takes no power of its own.
fn consumer(plant: &Plant, id: ComponentId) -> Result<Option<Consumer>, Unknown> {
    let component = plant.component(id);
    let draws = if component.kind.distributes_power() {
        component.attribute(Attribute::Draw).is_some()
    } else {
        component.requirement(Role::Power).is_some()
    };
    if !draws {
        return Ok(None);
    }
    let (least, most) = number(plant, id, Attribute::Draw).ok_or(Unknown::Draw)?;
    let (factor_min, factor_max) =
        number(plant, id, Attribute::PowerFactor).unwrap_or((POWER_FACTOR, 1.0));
    let (least, most) = (least / factor_max, most / factor_min);
    let inrush = match component.attribute(Attribute::Inrush) {
        Some(Value::Amps(range)) => Some(Inrush::Amps(range.max)),
        Some(Value::Number(times)) => Some(Inrush::VoltAmps(most * times.max)),
        _ => None,
    };
    let three = has_three(plant, id);
    Ok(Some(Consumer { least, most, inrush, three, phase: phase_of(plant, id) }))
}
