//! `POST /push/COMPONENT/CHECK`: a job tells that it ran.
//!
//! It needs no login: a check has its own token, or says that whoever reaches this address may tell. What is told
//! decides nothing but that one check's answer. Tested by the lab with a real server.

use super::App;
use super::access::is_same_origin;
use crate::pushes::{NotExpected, Told};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use blackstart_model::CheckKey;
use blackstart_model::observation::Symptom;

pub(super) async fn take(
    State(app): State<App>,
    Path((component, check)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    words: axum::body::Bytes,
) -> Result<StatusCode, (StatusCode, &'static str)> {
    if !is_same_origin(&headers) {
        return Err((StatusCode::FORBIDDEN, "this was sent by a page of another site\n"));
    }
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
    let key = CheckKey::from(format!("{component}/{check}"));
    match app.pushes.take(&key, token, told(query.as_deref(), &words)) {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(NotExpected) => {
            Err((StatusCode::NOT_FOUND, "no such push is expected, or this is not its token\n"))
        }
    }
}

/// What is told, by the query and the body.
fn told(query: Option<&str>, words: &[u8]) -> Told {
    let keys = query.iter().flat_map(|query| query.split('&'));
    let mut keys = keys.map(|pair| pair.split('=').next().unwrap_or_default());
    match keys.any(|key| key == "failed") {
        true => Told::Failed(first_line(words)),
        false => Told::Done,
    }
}

/// Whatever a job says, its query in the first line: what is kept of it is short, and prints. For `fuzz/`.
#[cfg(any(test, fuzzing))]
pub fn fuzzed(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let query = parts.next().map(String::from_utf8_lossy);
    if let Told::Failed(words) = told(query.as_deref(), parts.next().unwrap_or_default()) {
        assert!(words.len() <= Symptom::DETAIL_BYTES_MAX, "{words}");
        assert!(!words.contains(char::is_control), "{words:?}");
    }
}

/// The first line that says anything, as a person reads it.
fn first_line(words: &[u8]) -> String {
    let text = String::from_utf8_lossy(words);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut line: String = line.chars().filter(|c| !c.is_control()).collect();
    let mut end = line.len().min(Symptom::DETAIL_BYTES_MAX);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.truncate(end);
    line
}
