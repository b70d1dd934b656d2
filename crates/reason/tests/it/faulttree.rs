//! Fault trees: small ones against brute force, larger ones against another library, industrial ones
//! against what is published of them.

use crate::drawn::{Works, plant};
use blackstart_model::mef;
use blackstart_reason::circuit::{Circuit, InputId, Subject};
use blackstart_reason::faulttree::{
    Answer, Extent, FaultTree, Kind, Limits, Literal, Natural, NodeId, Op, Probability, Question,
    Unsure, Wanted, analyse,
};
use oxidd::bcdd::BCDDFunction;
use oxidd::{BooleanFunction as _, Function as _, Manager as _, ManagerRef as _};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A tree drawn at random: children are numbers, taken modulo what stands before.
#[derive(Clone, Debug)]
struct Drawn {
    chances: Vec<f64>,
    gates: Vec<(u8, u32, Vec<usize>)>,
}

impl Drawn {
    /// Trees of at most so many events and gates; with or without gates that are not monotone.
    fn of(events: usize, gates: usize, coherent: bool) -> impl Strategy<Value = Self> {
        let kinds = if coherent { 0..4_u8 } else { 0..7_u8 };
        let gate = (kinds, 0..5_u32, vec(0..1_000_usize, 1..5));
        (vec(0.01..0.99_f64, 1..=events), vec(gate, 1..=gates))
            .prop_map(|(chances, gates)| Self { chances, gates })
    }

    fn tree(&self) -> FaultTree {
        let mut tree = FaultTree::new();
        let mut nodes: Vec<NodeId> = Vec::new();
        for (at, chance) in self.chances.iter().enumerate() {
            nodes.push(tree.event(&format!("e{at}"), Some(*chance)));
        }
        for (kind, number, children) in &self.gates {
            let of: Vec<NodeId> = children
                .iter()
                // Mostly what stands near, so that trees get deep.
                .map(|&child| nodes[nodes.len() - 1 - child % nodes.len().min(9)])
                .collect();
            let k = number % (of.len() as u32 + 1);
            nodes.push(match kind {
                0 => tree.gate(Op::And, &of, None),
                1 => tree.gate(Op::Or, &of, None),
                2 => tree.gate(Op::AtLeast(k), &of, None),
                3 if *number == 0 => {
                    let house = tree.house(children[0] % 2 == 0, None);
                    tree.gate(Op::Or, &[&of[..], &[house]].concat(), None)
                }
                3 => tree.gate(Op::AtLeast(2.min(of.len() as u32)), &of, None),
                4 => tree.gate(Op::Xor, &of, None),
                _ => tree.gate(Op::Not, &of[..1], None),
            });
        }
        tree
    }
}

/// What brute force says of a tree of few events.
struct Truth {
    table: Vec<bool>,
    events: usize,
}

impl Truth {
    fn of(tree: &FaultTree) -> Self {
        let events = tree.events().len();
        let table = (0..1_usize << events).map(|state| tree.under(|event| state >> event & 1 == 1));
        Self { table: table.collect(), events }
    }

    fn probability(&self, chances: &[f64]) -> f64 {
        let of_state = |state: usize| -> f64 {
            chances
                .iter()
                .enumerate()
                .map(|(at, p)| if state >> at & 1 == 1 { *p } else { 1.0 - p })
                .product()
        };
        (0..self.table.len()).filter(|&state| self.table[state]).map(of_state).sum()
    }

    fn is_monotone(&self) -> bool {
        (0..self.table.len()).all(|state| {
            (0..self.events).all(|event| !self.table[state] || self.table[state | 1 << event])
        })
    }

    /// Smallest sets that are enough when nothing else happens.
    fn minimal(&self) -> BTreeSet<Vec<Literal>> {
        let so: Vec<usize> = (0..self.table.len()).filter(|&state| self.table[state]).collect();
        let is_least =
            |state: usize| so.iter().all(|&other| other == state || other & state != other);
        let set = |state: usize| {
            let events = (0..self.events).filter(|event| state >> event & 1 == 1);
            events.map(|event| Literal { event: event as u32, happens: true }).collect()
        };
        so.iter().copied().filter(|&state| is_least(state)).map(set).collect()
    }

    /// Smallest sets of literals that are enough whatever else happens.
    fn primes(&self) -> BTreeSet<Vec<Literal>> {
        let cubes = 3_usize.pow(self.events as u32);
        let digit = |cube: usize, event: usize| cube / 3_usize.pow(event as u32) % 3;
        // 2: any.
        let implies = |cube: usize| {
            (0..self.table.len()).all(|state| {
                let within = (0..self.events).all(|event| {
                    digit(cube, event) == 2 || digit(cube, event) == state >> event & 1
                });
                !within || self.table[state]
            })
        };
        let implicants: Vec<bool> = (0..cubes).map(implies).collect();
        let wider =
            |cube: usize, event: usize| cube + (2 - digit(cube, event)) * 3_usize.pow(event as u32);
        (0..cubes)
            .filter(|&cube| implicants[cube])
            .filter(|&cube| {
                (0..self.events)
                    .all(|event| digit(cube, event) == 2 || !implicants[wider(cube, event)])
            })
            .map(|cube| {
                let literals = (0..self.events).filter(|&event| digit(cube, event) != 2);
                literals
                    .map(|event| Literal { event: event as u32, happens: digit(cube, event) == 1 })
                    .collect()
            })
            .collect()
    }
}

fn number(natural: &Natural) -> u64 {
    natural.as_u64().expect("small")
}

/// The sets of an answer, which must agree with its own counts.
fn sets(answer: &Answer) -> BTreeSet<Vec<Literal>> {
    let listed = answer.sets(usize::MAX);
    let all: BTreeSet<Vec<Literal>> = listed.iter().cloned().collect();
    assert_eq!(all.len(), listed.len(), "each set once");
    assert!(listed.is_sorted_by_key(Vec::len), "smaller orders first");
    for (order, count) in answer.orders.iter().enumerate() {
        let own = all.iter().filter(|set| set.len() == order).count();
        assert_eq!(own as u64, number(count), "order {order}");
    }
    assert_eq!(number(&answer.count()), all.len() as u64);
    all
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3)
}

fn exact(answer: &Answer) -> f64 {
    match &answer.probability {
        Probability::Exact(exact) => *exact,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_coherent_tree_is_what_brute_force_says(drawn in Drawn::of(9, 14, true)) {
        let tree = drawn.tree();
        let truth = Truth::of(&tree);
        let answer = analyse(&tree, &Question::default());
        prop_assert_eq!(answer.kind, Kind::MinimalCutSets);
        prop_assert!(answer.coherent);
        prop_assert_eq!(answer.extent, Extent::Complete);
        prop_assert_eq!(sets(&answer), truth.minimal());
        prop_assert!(close(exact(&answer), truth.probability(&drawn.chances)));
    }

    #[test]
    fn prime_implicants_are_what_brute_force_says(drawn in Drawn::of(6, 12, false)) {
        let tree = drawn.tree();
        let truth = Truth::of(&tree);
        for wanted in [Wanted::Sets, Wanted::Primes] {
            let answer = analyse(&tree, &Question { wanted, ..Question::default() });
            prop_assert_eq!(answer.extent, Extent::Complete);
            prop_assert_eq!(sets(&answer), truth.primes());
            let kind = if truth.is_monotone() { Kind::MinimalCutSets } else { Kind::PrimeImplicants };
            prop_assert_eq!(answer.kind, kind);
            prop_assert!(close(exact(&answer), truth.probability(&drawn.chances)));
        }
    }

    #[test]
    fn with_an_order_the_sets_are_those_that_are_enough_alone(
        drawn in Drawn::of(8, 12, false),
        order in 1..5_u32,
    ) {
        let tree = drawn.tree();
        let question = Question { order_max: Some(order), ..Question::default() };
        let answer = analyse(&tree, &question);
        let mut expected = Truth::of(&tree).minimal();
        match answer.extent {
            Extent::Orders(reached) => {
                prop_assert_eq!(reached, order);
                expected.retain(|set| set.len() <= order as usize);
            }
            Extent::Complete => {}
        }
        prop_assert_eq!(sets(&answer), expected);
    }

    /// However little is allowed, what is said is true.
    #[test]
    fn an_answer_within_limits_is_true_as_far_as_it_goes(
        drawn in Drawn::of(10, 20, true),
        steps_max in 0..400_u64,
        nodes_max in 2..60_usize,
    ) {
        let tree = drawn.tree();
        let truth = Truth::of(&tree);
        let limits = Limits { steps_max, nodes_max };
        let answer = analyse(&tree, &Question { limits, ..Question::default() });
        let mut expected = truth.minimal();
        if let Extent::Orders(order) = answer.extent {
            expected.retain(|set| set.len() <= order as usize);
        }
        if answer.extent == Extent::Orders(0) {
            prop_assert!(answer.orders.is_empty());
        } else {
            prop_assert_eq!(sets(&answer), expected);
        }
        let probability = truth.probability(&drawn.chances);
        match answer.probability {
            Probability::Exact(exact) => prop_assert!(close(exact, probability)),
            Probability::Between(lower, upper, why) => {
                prop_assert_eq!(why, Unsure::Limits);
                prop_assert!(lower <= probability + 1e-12 && probability <= upper + 1e-12,
                    "{} {} {}", lower, probability, upper);
            }
        }
    }

    #[test]
    fn bounds_of_what_is_not_coherent_hold_too(
        drawn in Drawn::of(8, 16, false),
        steps_max in 0..60_u64,
    ) {
        let tree = drawn.tree();
        let limits = Limits { steps_max, nodes_max: 1_000 };
        let answer = analyse(&tree, &Question { limits, ..Question::default() });
        let probability = Truth::of(&tree).probability(&drawn.chances);
        match answer.probability {
            Probability::Exact(exact) => prop_assert!(close(exact, probability)),
            Probability::Between(lower, upper, _) => {
                prop_assert!(lower <= probability + 1e-12 && probability <= upper + 1e-12);
            }
        }
    }

    #[test]
    fn importance_is_what_the_definitions_say(drawn in Drawn::of(7, 12, false)) {
        let tree = drawn.tree();
        let truth = Truth::of(&tree);
        let top = truth.probability(&drawn.chances);
        let answer = analyse(&tree, &Question::default());
        let Some(all) = answer.importance() else {
            prop_assert!(top < 1e-12);
            return Ok(());
        };
        for one in all {
            let with = |chance: f64| {
                let mut chances = drawn.chances.clone();
                chances[one.event as usize] = chance;
                truth.probability(&chances)
            };
            let (certain, never) = (with(1.0), with(0.0));
            prop_assert!(close(one.birnbaum, certain - never), "{:?}", one);
            prop_assert!((one.fussell_vesely - (top - never) / top).abs() < 1e-6, "{:?}", one);
            prop_assert!((one.raw - certain / top).abs() < 1e-6 * one.raw.max(1.0), "{:?}", one);
            match one.rrw {
                Some(rrw) => prop_assert!((rrw - top / never).abs() < 1e-6 * rrw, "{:?}", one),
                None => prop_assert!(never < 1e-15, "{:?}", one),
            }
        }
    }

    #[test]
    fn an_unknown_probability_gives_the_bounds_that_are_possible(
        drawn in Drawn::of(7, 12, true),
        unknown in 0..7_usize,
    ) {
        let known = drawn.tree();
        let unknown = unknown % drawn.chances.len();
        let mut tree = FaultTree::new();
        for node in known.nodes() {
            let of = known.children(node);
            match known.op(node) {
                Op::Event(event) => {
                    let chance = drawn.chances[event as usize];
                    let chance = (event as usize != unknown).then_some(chance);
                    tree.event(&format!("e{event}"), chance)
                }
                Op::House(state) => tree.house(state, None),
                op => tree.gate(op, of, None),
            };
        }
        let truth = Truth::of(&tree);
        let ends = [0.0, 1.0].map(|end| {
            let mut chances = drawn.chances.clone();
            chances[unknown] = end;
            truth.probability(&chances)
        });
        match analyse(&tree, &Question::default()).probability {
            Probability::Exact(exact) => prop_assert!(close(ends[0], exact) && close(ends[1], exact)),
            Probability::Between(lower, upper, why) => {
                prop_assert_eq!(why, Unsure::Missing(vec![unknown as u32]));
                prop_assert!(close(lower, ends[0]) && close(upper, ends[1]));
            }
        }
    }

    /// A tree of the size that brute force cannot do, against another library's diagrams.
    #[test]
    fn a_larger_tree_is_as_likely_as_another_library_says(drawn in Drawn::of(28, 45, false)) {
        let tree = drawn.tree();
        let answer = analyse(&tree, &Question::default());
        let expected = by_another_library(&tree, &drawn.chances);
        prop_assert!(close(exact(&answer), expected), "{:?} {}", answer.probability, expected);
    }

    #[test]
    fn what_is_exported_means_the_same_when_it_is_read_again(drawn in Drawn::of(6, 10, false)) {
        let tree = drawn.tree();
        let text = mef::print(&tree.to_model("drawn"));
        let (model, findings) = mef::parse(&text);
        let model = model.unwrap_or_else(|| panic!("{findings:?}\n{text}"));
        let top = model.top(None).expect("one top");
        let again = FaultTree::of_model(&model, top);
        for state in 0..1_usize << drawn.chances.len() {
            let by_name = |name: &str| {
                let event: usize = name[1..].parse().expect("e and a number");
                state >> event & 1 == 1
            };
            let names: Vec<bool> =
                again.events().iter().map(|event| by_name(&event.name)).collect();
            prop_assert_eq!(
                tree.under(|event| state >> event & 1 == 1),
                again.under(|event| names[event as usize]),
            );
        }
        let (a, b) = (analyse(&tree, &Question::default()), analyse(&again, &Question::default()));
        prop_assert_eq!(a.orders, b.orders);
    }

    /// The tree of a component's failure is so exactly when the circuit says that it is not usable.
    #[test]
    fn the_tree_of_a_failure_is_the_circuit_turned_round(
        drawn in Works::drawn(),
        which in 0..12_usize,
        broken in vec(0..100_usize, 0..6),
    ) {
        let plant = plant(&drawn.written());
        let circuit = Circuit::of(&plant);
        let part = plant.find(&format!("p{}", which % drawn.len())).expect("it is there");
        let gate = circuit.usable(part);
        let inputs: Vec<InputId> = circuit.inputs().collect();
        let broken: BTreeSet<InputId> = broken.iter().map(|at| inputs[at % inputs.len()]).collect();
        let tree = FaultTree::of_failure(&circuit, &plant, gate, |_| None);
        let names: BTreeSet<String> = broken
            .iter()
            .filter_map(|&input| match circuit.subject(input) {
                Subject::Component(id) => Some(plant.component(id).name.to_string()),
                Subject::Vantage(_)
                | Subject::Check(_)
                | Subject::Carriage { .. }
                | Subject::Spread { .. } => None,
            })
            .collect();
        let components: Vec<InputId> = broken
            .iter()
            .copied()
            .filter(|&input| matches!(circuit.subject(input), Subject::Component(_)))
            .collect();
        let fails = tree.under(|event| names.contains(&tree.events()[event as usize].name));
        prop_assert_eq!(fails, !circuit.under(&components)[gate.index()]);
    }
}

/// The probability by another library's diagrams, Shannon's expansion being done here.
fn by_another_library(tree: &FaultTree, chances: &[f64]) -> f64 {
    let manager = oxidd::bcdd::new_manager(1 << 18, 1 << 16, 1);
    let variables: Vec<BCDDFunction> = manager.with_manager_exclusive(|manager| {
        let variables = manager.add_vars(chances.len() as u32);
        variables.map(|var| BCDDFunction::var(manager, var).expect("room")).collect()
    });
    let constant = |state: bool| {
        manager.with_manager_shared(|manager| {
            if state { BCDDFunction::t(manager) } else { BCDDFunction::f(manager) }
        })
    };
    let mut functions: Vec<BCDDFunction> = Vec::new();
    for node in tree.nodes() {
        let of: Vec<BCDDFunction> =
            tree.children(node).iter().map(|child| functions[child.index()].clone()).collect();
        let fold = |start: bool, with: fn(&BCDDFunction, &BCDDFunction) -> BCDDFunction| {
            of.iter().fold(constant(start), |all, one| with(&all, one))
        };
        let function = match tree.op(node) {
            Op::Event(event) => variables[event as usize].clone(),
            Op::House(state) => constant(state),
            Op::And => fold(true, |a, b| a.and(b).expect("room")),
            Op::Or => fold(false, |a, b| a.or(b).expect("room")),
            Op::Xor => fold(false, |a, b| a.xor(b).expect("room")),
            Op::Not => of[0].not().expect("room"),
            Op::AtLeast(k) => {
                let mut row = vec![constant(false); k as usize + 1];
                row[0] = constant(true);
                for one in &of {
                    for j in (1..=k as usize).rev() {
                        row[j] = one.ite(&row[j - 1], &row[j]).expect("room");
                    }
                }
                row[k as usize].clone()
            }
        };
        functions.push(function);
    }
    #[expect(clippy::mutable_key_type, reason = "functions are ordered by what never changes")]
    fn chance(
        function: &BCDDFunction,
        chances: &[f64],
        known: &mut BTreeMap<BCDDFunction, f64>,
    ) -> f64 {
        if !function.satisfiable() {
            return 0.0;
        }
        if function.valid() {
            return 1.0;
        }
        if let Some(known) = known.get(function) {
            return *known;
        }
        let (so, not) = function.cofactors().expect("an inner node");
        let var = function.with_manager_shared(|manager, edge| {
            use oxidd::HasLevel as _;
            manager.get_node(edge).unwrap_inner().level()
        });
        let own = chances[var as usize];
        let result = own * chance(&so, chances, known) + (1.0 - own) * chance(&not, chances, known);
        known.insert(function.clone(), result);
        result
    }
    chance(&functions[tree.top().index()], chances, &mut BTreeMap::new())
}

/// Each industrial tree has as many sets, and is as likely, as is known of it.
#[test]
fn industrial_trees_have_the_answers_that_are_published() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/aralia");
    let Ok(expected) = std::fs::read_to_string(folder.join("expected.tsv")) else {
        println!("skipped: {} is not there", folder.display());
        return;
    };
    for line in expected.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, _, _, count, probability] = fields[..] else { panic!("five columns: {line}") };
        let text = std::fs::read_to_string(folder.join(format!("{name}.xml"))).expect("a tree");
        let (model, findings) = mef::parse(&text);
        let model = model.unwrap_or_else(|| panic!("{name}: {findings:?}"));
        let tree = FaultTree::of_model(&model, model.top(None).expect("one top"));
        let answer = analyse(&tree, &Question::default());
        assert_eq!(answer.extent, Extent::Complete, "{name}");
        assert_eq!(answer.count().to_string(), count, "{name}");
        let probability: f64 = probability.parse().expect("a number");
        let own = exact(&answer);
        // Six digits are published; the last is rounded.
        assert!((own - probability).abs() <= 6e-6 * probability, "{name}: {own} {probability}");
    }
}

#[test]
fn a_tree_that_is_not_coherent_says_so_and_has_all_its_prime_implicants() {
    // a and b, or c without a: b and c together are enough whatever a does.
    let mut tree = FaultTree::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| tree.event(name, Some(0.5)));
    let not_a = tree.gate(Op::Not, &[a], None);
    let with = tree.gate(Op::And, &[a, b], None);
    let without = tree.gate(Op::And, &[not_a, c], None);
    tree.gate(Op::Or, &[with, without], None);
    let answer = analyse(&tree, &Question::default());
    assert!(!answer.coherent);
    assert_eq!(answer.kind, Kind::PrimeImplicants);
    assert_eq!(number(&answer.count()), 3);
    assert_eq!(exact(&answer), 0.5);
}

#[test]
fn a_not_that_is_undone_leaves_minimal_cut_sets() {
    let mut tree = FaultTree::new();
    let [a, b] = ["a", "b"].map(|name| tree.event(name, Some(0.5)));
    let not_a = tree.gate(Op::Not, &[a], None);
    let not_b = tree.gate(Op::Not, &[b], None);
    let neither = tree.gate(Op::And, &[not_a, not_b], None);
    tree.gate(Op::Not, &[neither], None);
    let answer = analyse(&tree, &Question::default());
    assert!(answer.coherent);
    assert_eq!((answer.kind, number(&answer.count())), (Kind::MinimalCutSets, 2));
}

#[test]
fn a_tree_that_is_always_or_never_so_is_told_plainly() {
    let mut tree = FaultTree::new();
    let a = tree.event("a", Some(0.5));
    let always = tree.house(true, None);
    tree.gate(Op::Or, &[a, always], None);
    let answer = analyse(&tree, &Question::default());
    assert_eq!((number(&answer.count()), exact(&answer)), (1, 1.0));
    assert_eq!(answer.sets(9), [vec![]]);
    let not_a = tree.gate(Op::Not, &[a], None);
    tree.gate(Op::And, &[a, not_a], None);
    let answer = analyse(&tree, &Question::default());
    assert_eq!((number(&answer.count()), exact(&answer)), (0, 0.0));
    assert_eq!(answer.importance(), Some(Vec::new()));
}

#[test]
fn ranges_of_probabilities_give_a_range() {
    let mut tree = FaultTree::new();
    let a = tree.event_between("a", (0.1, 0.2));
    let b = tree.event_between("b", (0.5, 0.5));
    tree.gate(Op::And, &[a, b], None);
    let answer = analyse(&tree, &Question::default());
    assert_eq!(answer.probability, Probability::Between(0.05, 0.1, Unsure::Ranges(1)));
    assert_eq!(answer.importance(), None);
}

/// No tree is too deep: gates within gates, ten thousand of them.
#[test]
fn a_deep_tree_does_not_use_the_stack() {
    const DEPTH: usize = 10_000;
    for shared in [false, true] {
        let mut tree = FaultTree::new();
        let first = tree.event("first", Some(0.5));
        let mut top = first;
        for at in 0..DEPTH {
            let own = tree.event(&format!("e{at}"), Some(0.5));
            let op = if at % 2 == 0 { Op::And } else { Op::Or };
            let of = if shared && at == DEPTH - 1 { vec![top, own, first] } else { vec![top, own] };
            top = tree.gate(op, &of, None);
        }
        let limits = Limits { nodes_max: 1_000_000, steps_max: 500_000 };
        let answer = analyse(&tree, &Question { limits, ..Question::default() });
        let listed = answer.sets(3);
        assert!(listed.len() <= 3);
        // Sets of each of five thousand orders do not fit the limits; what is told is whole.
        assert!(shared || matches!(answer.probability, Probability::Exact(_)));
        assert!(answer.extent != Extent::Orders(0));
        let text = mef::print(&tree.to_model("deep"));
        let (model, findings) = mef::parse(&text);
        assert!(model.is_some(), "{findings:?}");
    }
}

/// More sets than 128 bits hold, still counted.
#[test]
fn counts_have_no_upper_end() {
    let mut tree = FaultTree::new();
    let of: Vec<NodeId> = (0..100)
        .map(|gate| {
            let of: Vec<NodeId> =
                (0..10).map(|at| tree.event(&format!("e{gate}-{at}"), Some(0.1))).collect();
            tree.gate(Op::Or, &of, None)
        })
        .collect();
    tree.gate(Op::And, &of, None);
    let answer = analyse(&tree, &Question::default());
    assert_eq!(answer.count().to_string(), format!("1{}", "0".repeat(100)));
    assert_eq!(answer.sets(5).len(), 5);
}

/// Far out of reach: what is said is marked as what it is.
#[test]
fn a_tree_beyond_the_limits_is_cut_off_and_says_so() {
    let mut tree = FaultTree::new();
    // Rows and columns of a grid, each a choice of many: no order of events is good.
    const SIDE: usize = 24;
    let events: Vec<NodeId> =
        (0..SIDE * SIDE).map(|at| tree.event(&format!("e{at}"), Some(0.01))).collect();
    let line = |tree: &mut FaultTree, of: Vec<NodeId>| tree.gate(Op::AtLeast(3), &of, None);
    let rows: Vec<NodeId> = (0..SIDE)
        .map(|row| line(&mut tree, events[row * SIDE..(row + 1) * SIDE].to_vec()))
        .collect();
    let columns: Vec<NodeId> = (0..SIDE)
        .map(|column| line(&mut tree, (0..SIDE).map(|row| events[row * SIDE + column]).collect()))
        .collect();
    let rows = tree.gate(Op::Or, &rows, None);
    let columns = tree.gate(Op::Or, &columns, None);
    tree.gate(Op::And, &[rows, columns], None);
    let limits = Limits { nodes_max: 100_000, steps_max: 500_000 };
    let answer = analyse(&tree, &Question { limits, ..Question::default() });
    let Extent::Orders(order) = answer.extent else { panic!("{:?}", answer.extent) };
    assert!(order < 5, "{order}");
    let Probability::Between(lower, upper, Unsure::Limits) = answer.probability else {
        panic!("{:?}", answer.probability)
    };
    assert!(0.0 <= lower && lower < upper && upper <= 1.0, "{lower} {upper}");
    assert_eq!(answer.importance(), None);
}
