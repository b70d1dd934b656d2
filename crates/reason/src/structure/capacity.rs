//! A redundancy that holds by its wiring and not under the load that then moves.
//!
//! Two kinds of load: power, which moves to the cords that are left (`power`), and traffic, which moves to
//! the members that are left (`traffic`). Both are of first order: one cause, the load it moves, and
//! what is then above its rating. What trips in turn, and when, is for the load layer of `whatif`. Draws and
//! demands are ranges: what is too much even at the least is certain, what is too much at the most is
//! possible, and where somebody wrote nothing down the load is "at least" so much. Of what it cannot tell to
//! be too much it is silent, which is no word that it is enough.

mod power;
mod traffic;

pub(super) use power::Flows;

use super::{Finding, Grounds, Rule};

pub(super) const RULE: Rule = Rule {
    code: "BS1004",
    title: "a redundancy without the capacity to carry what moves to it",
    find,
};

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    power::find(grounds, found);
    traffic::find(grounds, found);
}
