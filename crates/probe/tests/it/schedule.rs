//! The grid, reloads, and the way out.

use crate::asked::{Heard, PATIENCE, assignment, at, closed, mute, prober};
use blackstart_model::check::{Question, TcpQuestion};
use blackstart_model::observation::{NoAnswerCode, Outcome};
use blackstart_model::time::Duration;

fn tcp(address: std::net::SocketAddr) -> Question {
    Question::Tcp(TcpQuestion { target: at(address), slow: None })
}

fn next_sample(heard: &std::sync::mpsc::Receiver<Heard>) -> blackstart_probe::Sample {
    loop {
        if let Heard::Sample(sample) = heard.recv_timeout(PATIENCE).expect("a sample") {
            return sample;
        }
    }
}

#[test]
fn a_check_is_put_again_and_again_until_it_is_taken_off_the_grid() {
    let (prober, heard) = prober();
    let (open, _listener) = mute();
    let mut steady = assignment("a/tcp", tcp(open), Duration::from_millis(50));
    steady.every = Duration::from_millis(100);
    prober.assign(vec![steady.clone()], &[]);
    // A machine that is too busy says so of itself, and not of what it asks; it is not what is asked about here.
    let mut met = 0;
    while met < 3 {
        let sample = next_sample(&heard);
        assert_eq!((sample.key.as_str(), sample.asked), ("a/tcp", false));
        match &sample.answer.outcome {
            Outcome::Up => met += 1,
            outcome => assert_eq!(outcome.code(), NoAnswerCode::Late.as_str(), "{outcome}"),
        }
    }
    let mut other = steady;
    other.key = "b/tcp".into();
    prober.assign(vec![other], &[]);
    // They may be of two threads, the other of which takes it off a moment later. Both on the grid would take turns.
    let mut in_a_row = 0;
    while in_a_row < 5 {
        in_a_row = if next_sample(&heard).key.as_str() == "b/tcp" { in_a_row + 1 } else { 0 };
    }
}

#[test]
fn without_its_way_out_a_vantage_does_not_accuse_what_lies_beyond() {
    let (prober, heard) = prober();
    let down = closed();
    let mut beyond = assignment("beyond/tcp", tcp(down), Duration::from_secs(5));
    beyond.crosses_way_out = true;
    let near = assignment("near/tcp", tcp(down), Duration::from_secs(5));
    prober.assign(vec![beyond, near], &[tcp(closed())]);
    prober.ask(["beyond/tcp".into(), "near/tcp".into()]);
    let mut outcomes = std::collections::BTreeMap::new();
    let mut lost = false;
    while outcomes.len() < 2 {
        match heard.recv_timeout(PATIENCE).expect("news") {
            Heard::Sample(sample) => {
                outcomes.insert(sample.key.to_string(), sample.answer.outcome);
            }
            Heard::WayOut(open) => lost = !open,
        }
    }
    assert!(lost, "the loss itself is told");
    assert_eq!(outcomes["near/tcp"].to_string(), format!("down(refused: {down})"));
    assert_eq!(outcomes["beyond/tcp"].code(), NoAnswerCode::CutOff.as_str());
}

#[test]
fn with_its_way_out_open_it_says_what_it_saw() {
    let (prober, heard) = prober();
    let (open, _listener) = mute();
    let mut beyond = assignment("beyond/tcp", tcp(closed()), Duration::from_secs(5));
    beyond.crosses_way_out = true;
    prober.assign(vec![beyond], &[tcp(closed()), tcp(open)]);
    prober.ask(["beyond/tcp".into()]);
    assert!(next_sample(&heard).answer.outcome.to_string().starts_with("down(refused"));
}
