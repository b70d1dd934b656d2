//! Those who are spoken to by HTTP: a message is a POST of JSON, and what the answer means for it.

use crate::ATTEMPT_WITHIN;
use blackstart_model::record::Delivery;
use blackstart_model::time::shown_span;
use blackstart_probe::Equipment;
use blackstart_probe::fetch::{Posted, post};

/// Makes one attempt with this body.
pub(crate) async fn send(
    equipment: &Equipment,
    url: &str,
    mut headers: Vec<(&str, String)>,
    body: String,
) -> Delivery {
    headers.push(("content-type", "application/json".to_owned()));
    delivery(post(equipment, url, &headers, body.into(), ATTEMPT_WITHIN).await)
}

/// What came of it. RFC 9110, section 15.5: 408, 425 and 429 say "later"; every other 4xx says "never"; a 5xx may be
/// another tomorrow. When "later" is, they may say besides (section 10.2.3).
fn delivery(posted: Posted) -> Delivery {
    match posted {
        Posted::Answered { status, retry_after, words } => {
            let words = format!("{status} {words}");
            match (status, retry_after) {
                (200..=299, _) => Delivery::Delivered(words),
                (400..=407 | 409..=424 | 426..=428 | 430..=499, _) => Delivery::Refused(words),
                (_, Some(after)) => {
                    let words = format!("{} (asks for {})", words.trim_end(), shown_span(after));
                    Delivery::Later { words, after }
                }
                (_, None) => Delivery::Failed(words),
            }
        }
        Posted::NotSent(why) => Delivery::Failed(why),
        Posted::NoAnswer(why) => Delivery::InFlight(why),
    }
}

/// The header that proves whose a request is, with a bearer token (RFC 6750, section 2.1).
pub(crate) fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}
