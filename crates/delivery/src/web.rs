//! What the answers of those who are spoken to by HTTP mean for a message.

use blackstart_model::record::Delivery;
use blackstart_probe::fetch::Fetched;

/// What came of it. RFC 9110, section 15.5: 408, 425 and 429 say "later"; every other 4xx says "never"; a 5xx may be
/// another tomorrow.
pub(crate) fn delivery(fetched: Fetched) -> Delivery {
    match fetched {
        Fetched::Answered(status @ 200..=299, words) => {
            Delivery::Delivered(format!("{status} {words}"))
        }
        Fetched::Answered(status @ (408 | 425 | 429), words) => {
            Delivery::Failed(format!("{status} {words}"))
        }
        Fetched::Answered(status @ 400..=499, words) => {
            Delivery::Refused(format!("{status} {words}"))
        }
        Fetched::Answered(status, words) => Delivery::Failed(format!("{status} {words}")),
        Fetched::NotSent(why) => Delivery::Failed(why),
        Fetched::NoAnswer(why) => Delivery::InFlight(why),
    }
}

/// The header that proves whose a request is, with a bearer token (RFC 6750, section 2.1).
pub(crate) fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}
