//! Trees from Open-PSA models, and models from trees.
//!
//! What a tree has no gate for (NAND, NOR, IMPLY, IFF, cardinality) is written with those it has. Tested by
//! going both ways.

use super::{FaultTree, NodeId, Op};
use blackstart_model::mef::{Argument, Connective, Event, Gate, Model};
use std::collections::HashSet;

impl FaultTree {
    /// The tree below one gate of a model; linear in the model.
    ///
    /// # Panics
    /// When the model has no such gate.
    #[must_use]
    pub fn of_model(model: &Model, top: usize) -> Self {
        let mut tree = Self::new();
        let mut wanted = vec![false; model.gates.len()];
        let mut wanted_events = vec![false; model.events.len()];
        wanted[top] = true;
        for gate in (0..=top).rev() {
            if wanted[gate] {
                for argument in &model.gates[gate].arguments {
                    match argument {
                        Argument::Gate(inner) => wanted[*inner as usize] = true,
                        Argument::Event(event) => wanted_events[*event as usize] = true,
                        Argument::Constant(_) => {}
                    }
                }
            }
        }
        let mut events = vec![None; model.events.len()];
        for (at, event) in model.events.iter().enumerate().filter(|(at, _)| wanted_events[*at]) {
            events[at] = Some(tree.event(&event.name, event.probability));
        }
        let mut gates: Vec<Option<NodeId>> = vec![None; model.gates.len()];
        for (at, gate) in model.gates.iter().enumerate().filter(|(at, _)| wanted[*at]) {
            let children: Vec<NodeId> = gate
                .arguments
                .iter()
                .map(|argument| match argument {
                    Argument::Gate(inner) => {
                        gates[*inner as usize].expect("a gate stands after those it is made of")
                    }
                    Argument::Event(event) => events[*event as usize].expect("it is wanted"),
                    Argument::Constant(state) => tree.house(*state, None),
                })
                .collect();
            gates[at] = Some(tree.connect(gate.connective, &children, gate.name.as_deref()));
        }
        tree.set_top(gates[top].expect("it is wanted"));
        tree
    }

    fn connect(&mut self, connective: Connective, of: &[NodeId], name: Option<&str>) -> NodeId {
        let op = match connective {
            Connective::And => Op::And,
            Connective::Or => Op::Or,
            Connective::Not => Op::Not,
            Connective::Xor => Op::Xor,
            Connective::AtLeast(k) => Op::AtLeast(k),
            // An AND of one is that one, and keeps its name.
            Connective::Same => Op::And,
            Connective::Nand => return self.not(Op::And, of, name),
            Connective::Nor => return self.not(Op::Or, of, name),
            Connective::Iff => return self.not(Op::Xor, of, name),
            Connective::Imply => {
                let not_first = self.gate(Op::Not, &of[..1], None);
                return self.gate(Op::Or, &[&[not_first], &of[1..]].concat(), name);
            }
            Connective::Cardinality(min, max) => {
                let enough = self.gate(Op::AtLeast(min), of, None);
                let more = self.gate(Op::AtLeast(max.saturating_add(1)), of, None);
                let not_more = self.gate(Op::Not, &[more], None);
                return self.gate(Op::And, &[enough, not_more], name);
            }
        };
        self.gate(op, of, name)
    }

    fn not(&mut self, op: Op, of: &[NodeId], name: Option<&str>) -> NodeId {
        let inner = self.gate(op, of, None);
        self.gate(Op::Not, &[inner], name)
    }

    /// What a node always is, as it stands: the format has no gate of nothing.
    fn constant(&self, node: NodeId) -> Option<bool> {
        let count = self.children(node).len();
        match self.op(node) {
            Op::House(state) => Some(state),
            Op::And if count == 0 => Some(true),
            Op::Or | Op::Xor if count == 0 => Some(false),
            Op::AtLeast(0) => Some(true),
            Op::AtLeast(k) if k as usize > count => Some(false),
            Op::Event(_) | Op::And | Op::Or | Op::Xor | Op::AtLeast(_) | Op::Not => None,
        }
    }

    /// The tree as a model of this name, every gate named; linear in the tree.
    #[must_use]
    pub fn to_model(&self, name: &str) -> Model {
        let mut model = Model { name: name.to_owned(), ..Model::default() };
        let mut wanted = vec![false; self.len()];
        wanted[self.top().index()] = true;
        for node in (0..self.len()).rev().map(NodeId::at) {
            if wanted[node.index()] && self.constant(node).is_none() {
                for child in self.children(node) {
                    wanted[child.index()] = true;
                }
            }
        }
        let mut taken: HashSet<String> = HashSet::new();
        let mut written: Vec<Option<Argument>> = vec![None; self.len()];
        for node in self.nodes().filter(|node| wanted[node.index()]) {
            if let Some(state) = self.constant(node) {
                written[node.index()] = Some(Argument::Constant(state));
                continue;
            }
            let connective = match self.op(node) {
                Op::Event(event) => {
                    let own = &self.events()[event as usize];
                    let place = u32::try_from(model.events.len()).expect("events fit u32");
                    let (name, probability) = (own.name.clone(), own.probability);
                    model.events.push(Event { name, probability });
                    written[node.index()] = Some(Argument::Event(place));
                    continue;
                }
                Op::And | Op::House(_) => Connective::And,
                Op::Or => Connective::Or,
                Op::AtLeast(k) => Connective::AtLeast(k),
                Op::Xor if self.children(node).len() == 1 => Connective::Same,
                Op::Xor => Connective::Xor,
                Op::Not => Connective::Not,
            };
            let mut arguments: Vec<Argument> = self
                .children(node)
                .iter()
                .map(|child| written[child.index()].expect("children come first"))
                .collect();
            // An odd number of many is written two by two.
            if connective == Connective::Xor {
                while arguments.len() > 2 {
                    let rest = arguments.split_off(2);
                    let pair = push(&mut model, &mut taken, None, Connective::Xor, arguments);
                    arguments = [&[pair], &rest[..]].concat();
                }
            }
            let name = self.name(node);
            written[node.index()] = Some(push(&mut model, &mut taken, name, connective, arguments));
        }
        // The top is a gate, whatever it is in the tree.
        let top = written[self.top().index()].expect("it is wanted");
        if !matches!(top, Argument::Gate(_)) {
            push(&mut model, &mut taken, Some("top"), Connective::Same, vec![top]);
        }
        model
    }
}

fn push(
    model: &mut Model,
    taken: &mut HashSet<String>,
    name: Option<&str>,
    connective: Connective,
    arguments: Vec<Argument>,
) -> Argument {
    let place = u32::try_from(model.gates.len()).expect("gates fit u32");
    let wished = name.map_or_else(|| format!("g{}", place + 1), str::to_owned);
    let mut own = wished.clone();
    let mut number = 2;
    while !taken.insert(own.clone()) {
        own = format!("{wished}-{number}");
        number += 1;
    }
    model.gates.push(Gate { name: Some(own), connective, arguments });
    Argument::Gate(place)
}
