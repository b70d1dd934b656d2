//! One cord moved: what hangs on it is made anew, and nothing else.
//!
//! When one component's requirement in place, power or cooling changes, the gates that hang on it
//! are copied behind all others with the new one in place of the old, and whoever named an old gate names its
//! copy. Gates stay in topological order, and what was computed of the others stays true. The old copies
//! remain as waste: whoever edits for long compiles anew now and then.
//!
//! A change of `on`, `needs` or `network` makes other paths and is not done here; nor one that involves something
//! that needs more to work than to stand. Tested, by way of the draft that uses it, against compiling the
//! edited plant whole.

use super::compile::{Builder, SUPPORT, spared_of};
use super::{Choices, Circuit, GateId};
use blackstart_model::requirement::{Requirement, Target};
use blackstart_model::{ComponentId, Plant};

/// The edit reaches further than one component's own gates: compile the plant whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CompileWhole;

/// A component that is used by another gate now than before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moved {
    /// The component.
    pub component: ComponentId,
    /// Whether it is usable, before.
    pub before: GateId,
    /// The same, after.
    pub after: GateId,
}

impl Circuit {
    /// Takes over an edit: `plant` is the plant after it, `of` the component whose requirement was
    /// `before` it. One pass over the gates, and a copy of those that hang on the component.
    ///
    /// # Errors
    /// [`CompileWhole`] when the edit cannot be taken over so; the circuit is then as it was.
    pub fn replug(
        &mut self,
        plant: &Plant,
        of: ComponentId,
        before: &Requirement,
    ) -> Result<Vec<Moved>, CompileWhole> {
        let component = plant.component(of);
        let mut plain = true;
        let mut look = |requirement: &Requirement| {
            requirement.each_leaf(&mut |leaf| {
                if let Target::Component(on) = leaf.target {
                    plain &= self.works[on.index()] == self.base[on.index()];
                }
            });
        };
        look(before);
        for role in SUPPORT {
            component.requirement(role).into_iter().for_each(&mut look);
        }
        // What can never stand (nothing but a standby holds it) shares its gate with all such.
        let constants = self.subjects.len()..self.subjects.len() + 2;
        if !plain || constants.contains(&self.base[of.index()].index()) {
            return Err(CompileWhole);
        }

        let inputs = u32::try_from(self.subjects.len()).expect("inputs fit u32");
        let mut build = Builder::resume(std::mem::take(&mut self.gates), inputs);
        let mut all = vec![GateId(of.0)];
        all.extend(spared_of(&self.spared, of));
        for role in SUPPORT {
            if let Some(requirement) = component.requirement(role) {
                all.push(build.requirement(requirement, &mut |build, leaf| match leaf.target {
                    Target::Component(on) => self.base[on.index()],
                    Target::Internet => build.yes(),
                }));
            }
        }
        let base = build.and(all);
        let mut choices = Choices { start: vec![0], ..Choices::default() };
        for role in SUPPORT {
            if let Some(requirement) = component.requirement(role) {
                choices.record(&mut build, (of, role), requirement, &mut |build, leaf| match leaf
                    .target
                {
                    Target::Component(on) => self.works[on.index()],
                    Target::Internet => build.yes(),
                });
            }
        }
        let copies = build.copy_above(self.base[of.index()], base);
        self.gates = build.into_gates();
        self.above.take();

        let copy = |gate: &mut GateId| {
            if let Some(&new) = copies.get(gate) {
                *gate = new;
            }
        };
        let was = self.usable.clone();
        for gates in
            [&mut self.base, &mut self.works, &mut self.fully, &mut self.usable, &mut self.heard]
        {
            gates.iter_mut().for_each(copy);
        }
        self.managed.iter_mut().for_each(|(_, gate)| copy(gate));
        self.reached.iter_mut().for_each(|(_, gate)| copy(gate));
        for sees in &mut self.sees {
            copy(&mut sees.gate);
            sees.answers.iter_mut().for_each(|(_, gate)| copy(gate));
        }
        self.choices.members.iter_mut().for_each(copy);
        self.choices.replace(of, &choices);
        Ok((0..)
            .map(ComponentId)
            .zip(was.into_iter().zip(&self.usable))
            .filter(|(_, (before, after))| before != *after)
            .map(|(component, (before, after))| Moved { component, before, after: *after })
            .collect())
    }
}

impl Choices {
    /// The choices in what `of` stands on, replaced; the others keep their order.
    fn replace(&mut self, of: ComponentId, by: &Self) {
        let mut made = Self { start: vec![0], ..Self::default() };
        let mut pending = Some(by);
        for at in 0..self.of.len() {
            if self.of[at].0 == of && SUPPORT.contains(&self.of[at].1) {
                if let Some(by) = pending.take() {
                    (0..by.of.len()).for_each(|at| made.push(by, at));
                }
            } else {
                made.push(self, at);
            }
        }
        if let Some(by) = pending {
            (0..by.of.len()).for_each(|at| made.push(by, at));
        }
        *self = made;
    }

    fn push(&mut self, from: &Self, at: usize) {
        let members = from.start[at] as usize..from.start[at + 1] as usize;
        self.of.push(from.of[at]);
        self.members.extend_from_slice(&from.members[members.clone()]);
        self.names.extend_from_slice(&from.names[members]);
        self.start.push(u32::try_from(self.members.len()).expect("as for gates"));
    }
}
