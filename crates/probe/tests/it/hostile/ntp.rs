//! NTP over UDP: one exchange.

use super::{Kind, NOT_HTTP, Over};
use crate::ntp::answered;
use blackstart_model::check::{NtpQuestion, Question};
use blackstart_model::time::Duration;

pub(super) const KIND: Kind = Kind {
    name: "ntp",
    over: Over::Udp,
    ask: |server| {
        // A day: the clock of this server is another one each year.
        Question::Ntp(NtpQuestion {
            server,
            offset_max: Duration::from_secs(86_400),
            stratum_max: 15,
        })
    },
    honest: |packet| answered(packet, 0),
    lie: None,
    another: Some(|packet| {
        let mut answer = answered(packet, 0);
        answer[31] ^= 1;
        answer
    }),
    flood: &[0x24; 48],
    other: NOT_HTTP,
};
