//! Asking a running server by its API, for the command line.

use blackstart_model::time::Duration;
use blackstart_probe::Equipment;
use blackstart_probe::fetch::{Fetched, Limit, basic, fetch_whole};
use blackstart_probe::secrets::SecretStore;
use std::sync::Arc;

/// The deadline of one request.
const WITHIN: Duration = Duration::from_secs(15);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The console demands a password, or another one.
    #[error("{0} demands a password: --login NAME:PASSWORD, or BLACKSTART_LOGIN")]
    Password(String),
    /// The server does not do it.
    #[error("{url} says {status}: {words}")]
    Refused {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// Its words.
        words: String,
    },
    /// Nobody answers.
    #[error("could not ask {url}: {why}; is `blackstart serve` running there?")]
    NoAnswer {
        /// What was asked.
        url: String,
        /// What came instead.
        why: String,
    },
}

/// Asks `path` (below `/api/v1`) of a console; a body makes it a POST. Gives the answer's text.
///
/// # Errors
/// When nobody answers, or the answer is no.
pub async fn ask(
    console: &str,
    login: Option<&str>,
    path: &str,
    body: Option<String>,
) -> Result<String, AskError> {
    let url = format!("{}/api/v1{path}", console.trim_end_matches('/'));
    let headers: Vec<(&str, String)> =
        login.iter().map(|login| ("authorization", basic(login))).collect();
    let equipment = Equipment::new(Arc::new(SecretStore::default()));
    match fetch_whole(&equipment, &url, &headers, body, WITHIN, Limit::Whole).await {
        Fetched::Answered(200..=299, text) => Ok(text),
        Fetched::Answered(401, _) => Err(AskError::Password(url)),
        Fetched::Answered(status, words) => {
            Err(AskError::Refused { url, status, words: words.trim().to_owned() })
        }
        Fetched::NotSent(why) | Fetched::NoAnswer(why) => Err(AskError::NoAnswer { url, why }),
    }
}
