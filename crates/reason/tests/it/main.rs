//! Cases at the door of `reason`: what would a fair judge say?

mod world;

mod cut;
mod life;
mod delivery;
mod replay;
