//! ICMP echoes to loopback.

use crate::asked::asked;
use blackstart_model::check::{Host, IcmpQuestion, Question};
use blackstart_model::observation::{NoAnswerCode, Outcome, Timing};
use blackstart_model::time::Duration;

fn echoes(host: &str) -> Question {
    Question::Icmp(IcmpQuestion {
        host: Host::Address(host.parse().unwrap()),
        echoes: 3,
        spacing: Duration::from_millis(5),
        lost_max: 0,
        payload_bytes: 32,
    })
}

#[test]
fn loopback_answers_or_the_remedy_is_told() {
    for host in ["127.0.0.1", "127.9.8.7", "::1"] {
        let answer = asked(echoes(host));
        match answer.outcome {
            Outcome::Up => {
                let Timing { resolve_us, connect_us, total_us, .. } = answer.timing;
                assert!(connect_us > 0);
                assert_eq!(
                    total_us,
                    resolve_us + connect_us,
                    "our waits between echoes do not count"
                );
            }
            Outcome::Unknown(why) if why.code == NoAnswerCode::NoPermission => {
                assert!(why.detail.contains("cap_net_raw"), "{}", why.detail);
                eprintln!("without the privilege for ICMP here: only the remedy was tested");
            }
            other => panic!("{other}"),
        }
    }
}
