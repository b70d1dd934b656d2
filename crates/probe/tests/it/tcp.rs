//! TCP connections.

use crate::asked::{asked, at, closed, mute};
use blackstart_model::check::{Host, HostPort, Question, TcpQuestion};

fn tcp(target: HostPort) -> Question {
    Question::Tcp(TcpQuestion { target, slow: None })
}

#[test]
fn a_port_is_open_or_refuses() {
    let (open, _listener) = mute();
    assert_eq!(asked(tcp(at(open))).outcome.to_string(), "up");
    let closed = closed();
    assert_eq!(asked(tcp(at(closed))).outcome.to_string(), format!("down(refused: {closed})"));
}

#[test]
fn localhost_needs_no_name_server() {
    let (open, _listener) = mute();
    let host = Host::Name("localhost".into());
    assert_eq!(asked(tcp(HostPort { host, port: open.port() })).outcome.to_string(), "up");
}
