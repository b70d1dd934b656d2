//! A TCP connection, opened and closed.

use crate::ask::{Answer, Equipment};
use crate::{clock, net};
use blackstart_model::check::TcpQuestion;
use blackstart_model::observation::Timing;
use tokio::time::Instant;

pub(crate) async fn ask(
    equipment: &Equipment,
    question: &TcpQuestion,
    deadline: Instant,
) -> Answer {
    let TcpQuestion { target, slow } = question;
    let started = clock::now();
    let mut timing = Timing::default();
    let outcome = match net::connect(equipment, target, deadline, &mut timing).await {
        Ok(_) => net::up_unless_slow(*slow, started),
        Err(outcome) => outcome,
    };
    Answer::of(outcome, timing)
}
