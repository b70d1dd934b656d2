//! A Redis server: `PING`, and what it says of its replication where a role is expected (RESP 2, which every
//! version speaks to a client that does not ask for another).
//!
//! It logs in only when the check names a password, reads no key and writes none.

use crate::ask::{Answer, Equipment};
use crate::lines::{Limits, Lines, shown};
use crate::{net, tls};
use blackstart_model::check::{RedisLogin, RedisQuestion, RedisRole};
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode};
use tokio::time::Instant;

/// A line is a word and a sentence, but for the page on protected mode, which has 1067 bytes in Redis 7; what is told
/// of replication is a line for each replica (chosen by hand).
const LIMITS: Limits = Limits { line_bytes_max: 4096, bytes_max: 64 << 10 };

pub(crate) async fn ask(
    equipment: &Equipment,
    question: &RedisQuestion,
    deadline: Instant,
) -> Answer {
    // Before anything is said: a secret that is missing here is no fault of the server's.
    let password = match &question.login {
        None => None,
        Some(login) => match equipment.secrets.value(&login.password.0) {
            Ok(value) => Some(value),
            Err(why) => return Outcome::unknown(NoAnswerCode::NotEquipped, why).into(),
        },
    };
    let target = question.connect.as_ref().unwrap_or(&question.target);
    let mut lines = match Lines::open(equipment, target, LIMITS, deadline).await {
        Ok(lines) => lines,
        Err(answer) => return answer,
    };
    let talk = talk(equipment, question, password.as_deref(), &mut lines).await;
    let outcome = talk.unwrap_or_else(|outcome| outcome);
    lines.part(outcome, &said(&["QUIT"])).await
}

/// All but the goodbye.
async fn talk(
    equipment: &Equipment,
    question: &RedisQuestion,
    password: Option<&str>,
    lines: &mut Lines,
) -> Result<Outcome, Outcome> {
    if let Some(asked) = &question.tls {
        lines.secure(equipment, &question.target.host, asked).await?;
    }
    if let (Some(RedisLogin { user, password: _ }), Some(password)) = (&question.login, password) {
        let words: Vec<&str> =
            std::iter::once("AUTH").chain(user.as_deref()).chain([password]).collect();
        match command(lines, &words, "AUTH").await? {
            Reply::Text(_) => {}
            Reply::Error(error) => return Err(refused(&error)),
        }
    }
    match command(lines, &["PING"], "PING").await? {
        Reply::Text(pong) if pong == "PONG" => {}
        Reply::Text(other) => return Err(lines.not_of("Redis", other.as_bytes())),
        // It lives, speaks, and keeps strangers out: all that a stranger can see of a server that is well.
        Reply::Error(error) if error.starts_with("NOAUTH") && question.role.is_none() => {}
        Reply::Error(error) => return Err(not_well(&error)),
    }
    if let Some(expected) = question.role {
        match command(lines, &["INFO", "replication"], "INFO").await? {
            Reply::Text(told) => judge_role(expected, &told)?,
            Reply::Error(error) => return Err(not_well(&error)),
        }
    }
    let asked = question.tls.as_ref();
    let expiry = asked.and_then(|asked| tls::judge_end(lines.certificate_ends_s(), asked));
    Ok(expiry.unwrap_or_else(|| net::up_unless_slow(question.slow, lines.started)))
}

/// What an answer that is an error says of the server.
fn not_well(error: &str) -> Outcome {
    let word = error.split(' ').next().unwrap_or_default();
    match word {
        // It answers and cannot serve yet, cannot serve what it has, or not all of it.
        "LOADING" | "MASTERDOWN" | "MISCONF" | "BUSY" | "CLUSTERDOWN" | "NOREPLICAS"
        | "TRYAGAIN" => Outcome::degraded(SymptomCode::NotAccepting, error),
        "NOAUTH" => {
            let detail = "it answers, and tells its role only to who logs in: name a `password`";
            Outcome::unknown(NoAnswerCode::NotEquipped, detail)
        }
        // What a stranger or this account may not ask proves nothing about the server.
        "NOPERM" => Outcome::unknown(NoAnswerCode::NoPermission, error),
        "WRONGPASS" => refused(error),
        _ if error.contains("max number of clients") => {
            Outcome::down(SymptomCode::TooManyConnections, error)
        }
        _ => Outcome::down(SymptomCode::NotAccepting, error),
    }
}

/// What an answer to a login that is an error says: of the account, or of the server.
fn refused(error: &str) -> Outcome {
    let word = error.split(' ').next().unwrap_or_default();
    // Before version 6: `ERR invalid password`, and `ERR Client sent AUTH, but no password is set`.
    let of_account = matches!(word, "WRONGPASS" | "ERR") && !error.contains("max number");
    if of_account { Outcome::down(SymptomCode::WrongLogin, error) } else { not_well(error) }
}

/// Whether the server is what it should be, by `INFO replication`.
fn judge_role(expected: RedisRole, told: &str) -> Result<(), Outcome> {
    let field = |name: &str| {
        let mut lines = told.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value.trim())
    };
    let role = match field("role") {
        Some("master") => RedisRole::Master,
        Some("slave" | "replica") => RedisRole::Replica,
        Some(_) | None => {
            let detail = "it tells no role of a server";
            return Err(Outcome::unknown(NoAnswerCode::Unparsable, detail));
        }
    };
    if role != expected {
        let detail = format!("it is {role}, expected {expected}");
        return Err(Outcome::down(SymptomCode::WrongRole, detail));
    }
    if role == RedisRole::Replica && field("master_link_status") != Some("up") {
        let detail = "its link to the master is down: what it has grows old";
        return Err(Outcome::degraded(SymptomCode::NotAccepting, detail));
    }
    Ok(())
}

/// An answer of one of the kinds that our commands have.
enum Reply {
    Text(String),
    /// Its words, the first of which is a code.
    Error(String),
}

async fn command(lines: &mut Lines, words: &[&str], name: &str) -> Result<Reply, Outcome> {
    lines.say(&said(words)).await?;
    let what = format!("its answer to {name}");
    let line = lines.line(&what).await?;
    match line.split_first() {
        Some((b'+', text)) => Ok(Reply::Text(shown(text))),
        Some((b'-', error)) => Ok(Reply::Error(shown(error))),
        Some((b'$', length)) => {
            let length = std::str::from_utf8(length).ok().and_then(|text| text.parse().ok());
            let Some(length) = length else { return Err(lines.not_of("Redis", &line)) };
            let text = lines.bytes(length, &what).await?;
            let end = lines.line(&what).await?;
            if !end.is_empty() {
                return Err(lines.not_of("Redis", &end));
            }
            Ok(Reply::Text(String::from_utf8_lossy(&text).into_owned()))
        }
        Some(_) | None => Err(lines.not_of("Redis", &line)),
    }
}

/// A command: an array of strings, each with its length, so that no password can be taken for another word.
fn said(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
    }
    bytes
}
