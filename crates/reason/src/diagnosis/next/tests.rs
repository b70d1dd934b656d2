//! What a question is worth, against the definition.

use super::*;
use blackstart_model::plantfile;
use proptest::array::uniform4;
use proptest::collection::vec;
use proptest::prelude::*;

/// Mutual information of hypothesis and answer, by the definition and nothing else.
fn by_definition(mass: &[f64], given: &[Answers]) -> f64 {
    let total = |answer: usize| -> f64 {
        mass.iter().zip(given).map(|(mass, given)| mass * given[answer]).sum()
    };
    let mut bits = 0.0;
    for (mass, given) in mass.iter().zip(given) {
        for (answer, &chance) in given.iter().enumerate() {
            if chance > 0.0 && *mass > 0.0 {
                bits += mass * chance * (chance / total(answer)).log2();
            }
        }
    }
    bits
}

proptest! {
    #[test]
    fn a_question_is_worth_the_mutual_information_of_answer_and_hypothesis(
        weights in vec(0.001..1.0_f64, 2..20),
        lanes in uniform4(any::<u64>()),
        kind in 0..blackstart_model::kind::Kind::ALL.len(),
    ) {
        let (plant, _) = plantfile::parse_str("blackstart: 1\nname: p\ntimezone: UTC\n");
        let circuit = Circuit::of(&plant.expect("an empty plant"));
        let total: f64 = weights.iter().sum();
        let beliefs = Beliefs {
            circuit: &circuit,
            mass: weights.iter().map(|weight| weight / total).collect(),
            broke: BTreeMap::new(),
            badly: BTreeMap::new(),
            part: Part::default(),
            up: Vec::new(),
            broken: Vec::new(),
        };
        let [down, turns, badly, partly] = lanes;
        let (turns, badly) = (turns & !down, badly & !down & !turns);
        let partly = partly & !down & !turns & !badly;
        let stand = Stand { down, turns, badly, partly };
        let looks = hands::looks(blackstart_model::kind::Kind::ALL[kind]);
        for answers in looks.map(look_answers).chain([probe_answers()]) {
            for row in answers {
                prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
            let given: Vec<Answers> = (0..beliefs.mass.len())
                .map(|lane| {
                    let ways = [(down, DOWN), (turns, TURNS), (badly, BADLY), (partly, PARTLY)];
                    let mut ways = ways.iter().filter(|(lanes, _)| lanes >> lane & 1 == 1);
                    answers[ways.next().map_or(WORKS, |&(_, how)| how)]
                })
                .collect();
            let bits = information(&beliefs.shares(stand), &answers);
            prop_assert!((bits - by_definition(&beliefs.mass, &given)).abs() < 1e-9);
            prop_assert!(bits <= entropy(&beliefs.mass) + 1e-9, "no answer tells more than there is to know");
        }
    }
}
