//! HTTP: what answers do, what they are called when they do not, and where the time went.

use crate::asked::{asked, asked_within, at, closed, get, mute, server};
use blackstart_model::check::{HeaderValue, Question, TextCondition};
use blackstart_model::plant::Secret;
use blackstart_model::time::Duration;

const FINE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nX-Cache: HIT\r\n\r\nhello, world\n";

fn outcome(question: blackstart_model::check::HttpQuestion) -> String {
    asked(Question::Http(question)).outcome.to_string()
}

#[test]
fn an_answer_that_meets_every_condition_is_up_and_its_phases_add_up() {
    let mut question = get(at(server(FINE)), "/");
    question.body =
        vec![TextCondition::Contains("world".into()), TextCondition::Lacks("error".into())];
    question.response_headers = vec![("x-cache".into(), TextCondition::Contains("HIT".into()))];
    let answer = asked(Question::Http(question));
    assert_eq!(answer.outcome.to_string(), "up");
    let timing = answer.timing;
    assert!(timing.wait_us > 0 && timing.tls_us == 0, "{timing:?}");
    let phases = timing.resolve_us + timing.connect_us + timing.wait_us + timing.read_us;
    assert!(phases <= timing.total_us, "{timing:?}");
}

#[test]
fn each_condition_that_does_not_hold_has_its_own_symptom() {
    let address = at(server(FINE));
    let mut wrong = get(address.clone(), "/");
    wrong.body = vec![TextCondition::Contains("goodbye".into())];
    assert_eq!(outcome(wrong), "down(wrong-body: `goodbye` is missing)");
    let mut wrong = get(address.clone(), "/");
    wrong.response_headers = vec![("x-cache".into(), TextCondition::Lacks("HIT".into()))];
    assert_eq!(outcome(wrong), "down(wrong-header: x-cache: `HIT` is there)");
    let mut wrong = get(address, "/");
    wrong.status = vec![(204, 204)];
    assert_eq!(outcome(wrong), "down(wrong-status: 200 OK)");
    let broken = server(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(outcome(get(at(broken), "/")), "down(wrong-status: 502 Bad Gateway)");
}

#[test]
fn nobody_there_nobody_speaking_and_half_an_answer_are_three_things() {
    let address = closed();
    assert_eq!(outcome(get(at(address), "/")), format!("down(refused: {address})"));
    let (address, _listener) = mute();
    let silent = asked_within(Question::Http(get(at(address), "/")), Duration::from_millis(300));
    assert_eq!(silent.outcome.to_string(), "down(answer-timeout: no whole answer)");
    let cut = server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    assert!(outcome(get(at(cut), "/")).starts_with("down(closed: "));
}

#[test]
fn what_is_not_http_proves_nothing() {
    let noise = server(b"220 mail.example ESMTP\r\n");
    assert!(outcome(get(at(noise), "/")).starts_with("unknown(unparsable: not HTTP"));
}

#[test]
fn slower_than_it_should_be_is_degraded() {
    let mut question = get(at(server(FINE)), "/");
    question.slow = Some(Duration::from_nanos(1));
    assert!(outcome(question).starts_with("degraded(slow: "));
}

#[test]
fn a_secret_that_is_missing_is_our_lack_and_not_the_targets() {
    let mut question = get(at(server(FINE)), "/");
    let secret = HeaderValue::Secret(Secret("no-such-token".into()));
    question.headers = vec![("authorization".into(), secret)];
    assert!(outcome(question).starts_with("unknown(not-equipped: the secret `no-such-token`"));
}

#[test]
fn a_body_larger_than_the_limit_is_judged_by_its_beginning() {
    let mut question = get(at(server(FINE)), "/");
    question.body = vec![TextCondition::Contains("world".into())];
    question.body_bytes_max = 5;
    assert_eq!(outcome(question), "down(wrong-body: `world` is missing)");
}
