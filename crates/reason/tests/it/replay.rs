//! The state is a fold of its inputs: the same bytes each time.

use crate::world::{World, two_racks};
use blackstart_model::record::Delivery;
use blackstart_model::time::Duration;
use blackstart_reason::{State, step};

#[test]
fn folding_the_inputs_again_gives_the_same_bytes_and_decisions() {
    let mut world = World::of(&two_racks());
    world.break_it("switch-2");
    world.run(Duration::from_secs(30));
    world.deliver(&Delivery::Delivered("250 ok".to_owned()));
    world.break_it("quiet");
    world.run(Duration::from_secs(30));
    world.mend("switch-2");
    world.run(Duration::from_secs(120));

    let mut again = State::new();
    let mut decisions = Vec::new();
    for (now, input) in &world.inputs {
        decisions.extend(step(&mut again, input, *now).into_iter().map(|d| (*now, d)));
    }
    assert_eq!(decisions, world.decisions);
    assert_eq!(again.encode(), world.state.encode());
}
