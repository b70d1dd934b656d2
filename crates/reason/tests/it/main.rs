//! Cases at the door of `reason`: what would a fair judge say?

mod world;
mod drawn;

mod cut;
mod evolving;
mod told;
mod next;
mod batteries;
mod life;
mod delivery;
mod unanswered;
mod answers;
mod replay;
mod recall;
mod audit;
mod diagnosability;
mod properties;
mod histories;
mod whatif;
mod consequences;
mod coincidences;
mod priors;
mod coldstart;
mod outages;
mod capacity;
mod any_plant;
mod availability;
mod faulttree;
