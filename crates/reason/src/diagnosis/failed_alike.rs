//! What failed alike, and of many one for all.
//!
//! A router takes down a thousand services, and each of them stands on things of its own besides: a server, a
//! socket, a check. That a thousand of those broke at once is no answer, and whoever looks at each asks five
//! thousand questions for nothing. So machines that failed alike (the same function of what they share, the same
//! counts in the same epochs) are a crowd as those are that are up ([`super::crowds`]): one of them speaks, and
//! what is theirs alone is no suspect. That is so where all of it together is too unlikely to be kept beside
//! something that the plant does not contain; where somebody names a thing of one of them, or did something to it,
//! or it has something in common with others that no wire shows, that one stands for itself.
//!
//! It weighs nothing but priors. That a diagnosis with such crowds is the one without is tested on random plants
//! (`tests`).

use super::crowds::{Crowds, Machine, Speaks, Spoken, mean, order};
use super::search::KEPT_WITHIN;
use super::suspects::BONDS;
use super::{Fact, Question, UNMODELLED_EACH};
use crate::circuit::{Gate, GateId, InputId, Owner, Subject, scattered};
use crate::hashed::NumberMap;
use blackstart_model::record::FaultMode;
use std::collections::BTreeSet;

/// The ways in which something of one machine alone is taken to have failed.
const MODES: [FaultMode; 3] = [FaultMode::Down, FaultMode::Flaky, FaultMode::Partial];

/// The facts that are looked at by themselves, with one for each crowd of machines that failed alike.
pub(super) struct FailedAlike {
    /// What is to be looked at: each fact with its number.
    pub(super) spoken: Vec<Spoken>,
    /// By what one of a crowd speaks for: the numbers of all those facts.
    numbers: Vec<Vec<usize>>,
    /// Who of those that are up is spoken for in such a crowd, in order.
    pub(super) machines: Vec<Machine>,
    /// Inputs that are no suspects for they are of one machine of a crowd.
    pub(super) left_out: usize,
}

/// The facts of one machine.
struct Own<'f> {
    facts: &'f [(usize, Fact)],
    owner: Owner,
}

impl FailedAlike {
    /// Of what is looked at by itself. As much as sorting it.
    pub(super) fn of(question: &Question<'_>) -> Self {
        let mut this =
            Self { spoken: Vec::new(), numbers: Vec::new(), machines: Vec::new(), left_out: 0 };
        let Some((crowds, from)) = question.up else {
            this.spoken.extend(question.facts.iter().map(Spoken::alone));
            return this;
        };
        let mut facts: Vec<(usize, Fact)> = question.facts.to_vec();
        facts.sort_unstable_by_key(|(at, fact)| (order(fact, *at), fact.epoch, *at));
        let mut known: NumberMap<u64, usize> = NumberMap::default();
        let mut alike: Vec<Vec<Own<'_>>> = Vec::new();
        for facts in facts.chunk_by(|a, b| order(&a.1, a.0) == order(&b.1, b.0)) {
            match looks(question, crowds, facts) {
                None => this.spoken.extend(facts.iter().map(Spoken::alone)),
                Some((looks, owner)) => {
                    let fresh = alike.len();
                    let crowd = *known.entry(looks).or_insert(fresh);
                    if crowd == fresh {
                        alike.push(Vec::new());
                    }
                    alike[crowd].push(Own { facts, owner });
                }
            }
        }
        // Who has something that could have done it by itself stands for itself.
        let mut left_out = Vec::with_capacity(alike.len());
        for crowd in &mut alike {
            left_out.push(this.keep_seldom(question, crowds, crowd));
        }
        // And so does whoever has something that could have done what else is seen.
        let elsewhere = this.named_elsewhere(question, crowds);
        for (mut crowd, left_out) in alike.into_iter().zip(left_out) {
            let named = crowd.extract_if(.., |own| elsewhere.contains(&own.owner));
            this.spoken.extend(named.flat_map(|own| own.facts).map(Spoken::alone));
            match &crowd[..] {
                [] => {}
                [own] => this.spoken.extend(own.facts.iter().map(Spoken::alone)),
                _ => {
                    this.left_out += left_out;
                    this.join(crowds, from, &crowd);
                }
            }
        }
        this.machines.sort_unstable();
        this
    }

    /// Whose own parts anything hangs on that fails and is no check's: a word, or a vantage that is not heard.
    fn named_elsewhere(&self, question: &Question<'_>, crowds: &Crowds<'_>) -> BTreeSet<Owner> {
        let failing = self.spoken.iter().filter(|it| !it.fact.is_up());
        let gates = failing.map(|it| it.fact.gate).filter(|&gate| crowds.class(gate).is_none());
        let mut left: Vec<GateId> = gates.collect();
        let mut known: BTreeSet<GateId> = left.iter().copied().collect();
        let mut owners = BTreeSet::new();
        while let Some(gate) = left.pop() {
            match question.circuit.gate(gate) {
                Gate::Input(input) => owners.extend(crowds.owner_of(input)),
                Gate::And(children) | Gate::Or(children) | Gate::AtLeast(_, children) => {
                    left.extend(children.iter().filter(|&&child| known.insert(child)));
                }
            }
        }
        owners
    }

    /// The numbers of all whom one fact speaks for.
    pub(super) fn all_of(&self, which: u32) -> &[usize] {
        &self.numbers[which as usize]
    }

    /// Takes out of a crowd whose own parts may have done it; and everybody where those of all may. Says how many
    /// inputs are left out with the others.
    fn keep_seldom(
        &mut self,
        question: &Question<'_>,
        crowds: &Crowds<'_>,
        crowd: &mut Vec<Own<'_>>,
    ) -> usize {
        if crowd.len() < 2 {
            return 0;
        }
        let (mut inputs, mut sum) = (0, 0.0);
        let mut own: Vec<InputId> = Vec::new();
        let may = |machine: &mut Own<'_>| {
            own.clear();
            let gates = machine.facts.iter().filter(|(_, fact)| !fact.is_up());
            let all = gates.flat_map(|(_, fact)| question.killers.alone(fact.gate)).copied();
            own.extend(all.filter(|input| crowds.owner_of(*input).is_some()));
            own.sort_unstable();
            own.dedup();
            if own.iter().any(|&input| is_bound(question, input)) {
                return true;
            }
            let priors = own.iter().flat_map(|&input| MODES.map(|mode| (input, mode)));
            let any: f64 =
                priors.map(|(input, mode)| (question.log_prior)(input, mode).exp()).sum();
            let any = any.ln();
            if any >= UNMODELLED_EACH {
                return true;
            }
            inputs += own.len();
            sum += any - UNMODELLED_EACH;
            false
        };
        let bound = crowd.extract_if(.., may).flat_map(|own| own.facts).map(Spoken::alone);
        self.spoken.extend(bound);
        if sum - question.log_unmodelled > -KEPT_WITHIN {
            self.spoken.extend(crowd.drain(..).flat_map(|own| own.facts).map(Spoken::alone));
        }
        inputs
    }

    /// Has the first of them speak for all.
    fn join(&mut self, crowds: &Crowds<'_>, from: usize, crowd: &[Own<'_>]) {
        let count = u32::try_from(crowd.len()).expect("machines fit u32");
        let mut speak = |at: usize, fact: Fact, numbers: Vec<usize>| {
            let which = u32::try_from(self.numbers.len()).expect("facts fit u32");
            self.numbers.push(numbers);
            self.spoken.push(Spoken { at, fact, count, speaks: Speaks::Failed(which) });
        };
        for (nth, &(at, fact)) in crowd[0].facts.iter().enumerate() {
            speak(at, fact, crowd.iter().map(|own| own.facts[nth].0).collect());
        }
        // And what is up of each, as often as it was tried in the mean.
        let up: Vec<Vec<Machine>> =
            crowd.iter().map(|own| crowds.of_owner(own.owner).collect()).collect();
        for (nth, &first) in up[0].iter().enumerate() {
            for (place, &(at, fact)) in crowds.facts_of(first).iter().enumerate() {
                let own = || up.iter().map(|own| crowds.facts_of(own[nth])[place]);
                let tries: u64 = own().map(|(_, fact)| u64::from(fact.tries)).sum();
                let numbers = own().map(|(at, _)| from + at).collect();
                speak(from + at, Fact { tries: mean(tries, count), ..fact }, numbers);
            }
        }
        self.machines.extend(up.into_iter().flatten());
    }
}

/// What a machine that fails is known by, and whose it is; `None` for one that is like no other.
fn looks(
    question: &Question<'_>,
    crowds: &Crowds<'_>,
    own: &[(usize, Fact)],
) -> Option<(u64, Owner)> {
    let machine = own[0].1.machine?;
    let owner = Owner::machine(machine);
    let mut looks = 0;
    let mut with = |word: u64| looks = scattered(looks ^ scattered(word));
    for store in question.batteries.enough_for(machine) {
        with(store as u64 | 1 << 63);
    }
    for up in crowds.of_owner(owner) {
        with(u64::from(crowds.crowd_of(up)) | 1 << 62);
    }
    for &(_, fact) in own {
        let Fact { epoch, tries, failures, degraded, answered, of, seen_by, .. } = fact;
        let plain = Fact {
            epoch,
            failures,
            degraded,
            answered,
            of,
            seen_by,
            machine: Some(machine),
            ..Fact::plain(fact.gate, true, tries)
        };
        if plain != fact {
            return None;
        }
        let class = |gate| crowds.class(gate).map(u64::from);
        with(class(fact.gate)? << 8 | u64::from(epoch));
        with(u64::from(tries) << 32 | u64::from(failures));
        let answers = answered.map_or(Some(0), class)?;
        with(answers << 1 | u64::from(degraded));
    }
    Some((looks, owner))
}

/// Whether something was done to it, it is taken along by something, or it shares with others what no wire shows.
fn is_bound(question: &Question<'_>, input: InputId) -> bool {
    let shares = match question.circuit.subject(input) {
        Subject::Component(id) => {
            let component = question.plant.component(id);
            BONDS.iter().any(|&bond| component.attribute(bond).is_some())
        }
        Subject::Carriage { .. } | Subject::Spread { .. } => true,
        Subject::Vantage(_) | Subject::Check(_) => false,
    };
    shares || !(question.deeds)(input).is_empty()
}
