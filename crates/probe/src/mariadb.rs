//! A session with MariaDB or MySQL, as a program would have it (the "Client/Server Protocol" of both
//! manuals: handshake version 10, results as text).
//!
//! Without a user it signs in as nobody, without a password, and takes the refusal for an answer: a
//! handshake that is broken off counts against the host it comes from, and after `max_connect_errors` of
//! them the server shuts that host out; a refused login does not count. With a user, a statement is put
//! alone, in a session that cannot write, with a time after which the server itself ends it, and one row
//! is fetched. A password leaves in the clear only inside TLS that the check requires. It never leaves
//! without a goodbye. Tested against real servers in `tests/it/mariadb.rs`, and against hostile ones.

mod packet;
mod proof;

use crate::ask::{Answer, Equipment, micros_since};
use crate::database::{self, Conversation, First, NOBODY};
use crate::tls::{self, Whose};
use crate::{clock, net};
use blackstart_model::check::{DatabaseQuestion, DatabaseRole, DatabaseSession, DatabaseTls};
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode, Timing};
use bytes::Bytes;
use packet::{Fields, Greeting, Refusal, capability};
use proof::Method;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

/// `COM_QUIT`.
const GOODBYE: &[u8] = b"\x01\0\0\0\x01";

/// `COM_QUERY`.
const QUERY: u8 = 3;

/// Rounds of a login at most: a method offered, another one asked for, and its two steps.
const ROUNDS_MAX: usize = 6;

/// The longest packet of a server that we say we take; what is read is limited besides.
const PACKET_BYTES_MAX: u32 = 1 << 24;

/// The character set of what we say: utf8mb4, in its first collation.
const UTF8: u8 = 45;

pub(crate) async fn ask(
    equipment: &Equipment,
    question: &DatabaseQuestion,
    deadline: Instant,
) -> Answer {
    let mut timing = Timing::default();
    let mut certificate_ends_s = None;
    let outcome = put(equipment, question, deadline, &mut timing, &mut certificate_ends_s).await;
    let outcome = outcome.unwrap_or_else(|outcome| outcome);
    Answer { certificate_ends_s, ..Answer::of(outcome, timing) }
}

async fn put(
    equipment: &Equipment,
    question: &DatabaseQuestion,
    deadline: Instant,
    timing: &mut Timing,
    certificate_ends_s: &mut Option<i64>,
) -> Result<Outcome, Outcome> {
    let started = clock::now();
    let password = database::password(equipment, question)?;
    let stream = net::connect(equipment, &question.target, deadline, timing).await?;
    let _ = stream.set_nodelay(true);
    let begun = clock::now();
    let mut open = Dialogue { conversation: Conversation::over(stream, deadline), sequence: 0 };
    let greeting = match open.greeting().await? {
        Ok(greeting) => greeting,
        // Whom it refuses by address it has listened to.
        Err(refusal) if question.session.is_none() && refusal.is_of_the_account() => {
            return Ok(net::up_unless_slow(question.slow, started));
        }
        Err(refusal) => return Err(refusal.outcome(SymptomCode::NotAccepting)),
    };
    timing.wait_us = micros_since(begun);
    let offered = greeting.capabilities & capability::TLS != 0;
    let way = match &question.tls {
        DatabaseTls::Prefer if offered => Way::Covered,
        DatabaseTls::Off | DatabaseTls::Prefer => Way::Open,
        DatabaseTls::Required | DatabaseTls::Verify(_) if offered => Way::Required,
        DatabaseTls::Required | DatabaseTls::Verify(_) => {
            // Who only turned away here would be counted against this host.
            let _ = open
                .sign_in(&greeting, &Login { session: None, password: None, way: Way::Open })
                .await;
            return Err(Outcome::down(SymptomCode::TlsFailed, "the server offers no TLS"));
        }
    };
    let login = Login { session: question.session.as_ref(), password: password.as_deref(), way };
    let seen = match way {
        Way::Open => session(open, &greeting, &login, timing).await,
        Way::Covered | Way::Required => {
            let wish = login.opening(&greeting);
            open.send(&wish, "asking for TLS").await?;
            let plain = open.conversation.into_stream();
            let stream = plain.ok_or_else(|| not_mariadb("it spoke before TLS"))?;
            let whose = match &question.tls {
                DatabaseTls::Verify(asked) => Whose::Verified(asked),
                DatabaseTls::Off | DatabaseTls::Prefer | DatabaseTls::Required => Whose::Anybodys,
            };
            let host = &question.target.host;
            let (stream, ends_s) =
                tls::handshake_as(equipment, stream, host, whose, deadline, timing).await?;
            *certificate_ends_s = ends_s;
            let conversation = Conversation::over(stream, deadline);
            let open = Dialogue { conversation, sequence: open.sequence };
            session(open, &greeting, &login, timing).await
        }
    };
    if let Some(wrong) = seen? {
        return Ok(wrong);
    }
    if let DatabaseTls::Verify(asked) = &question.tls
        && let Some(ends) = tls::judge_end(*certificate_ends_s, asked)
    {
        return Ok(ends);
    }
    Ok(net::up_unless_slow(question.slow, started))
}

/// A session from the login to the goodbye: what is wrong, if anything.
async fn session<S>(
    mut open: Dialogue<S>,
    greeting: &Greeting,
    login: &Login<'_>,
    timing: &mut Timing,
) -> Result<Option<Outcome>, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let begun = clock::now();
    let signed_in = open.sign_in(greeting, login).await;
    timing.wait_us = timing.wait_us.saturating_add(micros_since(begun));
    let seen = match (login.session, signed_in) {
        (_, Err(outcome)) => Err(outcome),
        (None, Ok(Err(refusal))) if refusal.is_of_the_account() => Ok(None),
        (_, Ok(Err(refusal))) => Err(refusal.outcome(SymptomCode::NotAccepting)),
        (None, Ok(Ok(()))) => Ok(None),
        (Some(session), Ok(Ok(()))) => {
            let begun = clock::now();
            let seen = open.look(session, greeting).await;
            timing.read_us = micros_since(begun);
            seen
        }
    };
    open.conversation.end().await;
    seen
}

fn not_mariadb(why: &str) -> Outcome {
    Outcome::unknown(NoAnswerCode::Unparsable, format!("not MariaDB or MySQL: {why}"))
}

fn not_equipped(why: impl Into<Box<str>>) -> Outcome {
    Outcome::unknown(NoAnswerCode::NotEquipped, why)
}

/// How what is said is covered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// By TLS that happened to be offered.
    Covered,
    /// By TLS that the check requires.
    Required,
}

/// Who signs in.
struct Login<'a> {
    /// Nobody, when there is none.
    session: Option<&'a DatabaseSession>,
    password: Option<&'a str>,
    way: Way,
}

impl Login<'_> {
    fn user(&self) -> &str {
        self.session.map_or(NOBODY, |session| &session.user)
    }

    fn database(&self) -> Option<&str> {
        self.session.and_then(|session| session.database.as_deref())
    }

    /// What a login begins with, and all of what wishes for TLS.
    fn opening(&self, greeting: &Greeting) -> Vec<u8> {
        let mut wanted = capability::LONG_PASSWORD
            | capability::PROTOCOL_41
            | capability::SECURE_CONNECTION
            | (greeting.capabilities & capability::PLUGIN_AUTH);
        if self.database().is_some() {
            wanted |= capability::CONNECT_WITH_DB;
        }
        if self.way != Way::Open {
            wanted |= capability::TLS;
        }
        let mut words = wanted.to_le_bytes().to_vec();
        words.extend_from_slice(&PACKET_BYTES_MAX.to_le_bytes());
        words.push(UTF8);
        words.extend_from_slice(&[0; 23]);
        words
    }

    /// What proves the password by this method. Nobody has none.
    fn proof(&self, method: Method, scramble: &[u8]) -> Result<Vec<u8>, Outcome> {
        match method.proof(self.password.unwrap_or_default(), scramble) {
            Some(proof) => Ok(proof),
            None => self.whole_password(),
        }
    }

    /// The password as it is, which leaves only where the check says that TLS is required.
    fn whole_password(&self) -> Result<Vec<u8>, Outcome> {
        let password = self.password.unwrap_or_default();
        if self.way != Way::Required && !password.is_empty() {
            let words =
                "the server wants the password in the clear: set `tls: verify`, or `required`";
            return Err(not_equipped(words));
        }
        Ok([password.as_bytes(), b"\0"].concat())
    }
}

/// Packets there and back, numbered.
struct Dialogue<S> {
    conversation: Conversation<S>,
    /// The number of the next packet, whoever sends it.
    sequence: u8,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    async fn send(&mut self, packet: &[u8], what: &str) -> Result<(), Outcome> {
        let length =
            u32::try_from(packet.len()).ok().filter(|&length| length < PACKET_BYTES_MAX - 1);
        let length = length.ok_or_else(|| not_equipped("the query is too long to be sent"))?;
        let mut words = length.to_le_bytes()[..3].to_vec();
        words.push(self.sequence);
        words.extend_from_slice(packet);
        self.sequence = self.sequence.wrapping_add(1);
        self.conversation.say(&words, what).await
    }

    async fn receive(&mut self) -> Result<Bytes, Outcome> {
        const WHAT: &str = "no whole answer";
        self.conversation.hear(4, WHAT).await?;
        let header = self.conversation.heard.split_to(4);
        let length = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
        self.conversation.hear(length, WHAT).await?;
        let packet = self.conversation.heard.split_to(length).freeze();
        // An error may come at any time; everything else is in turn.
        if header[3] != self.sequence && packet.first() != Some(&0xff) {
            return Err(not_mariadb("packets out of turn"));
        }
        self.sequence = header[3].wrapping_add(1);
        Ok(packet)
    }

    /// The server's first word.
    async fn greeting(&mut self) -> Result<Result<Greeting, Refusal>, Outcome> {
        // What is none is told by its first bytes: to wait for as many as they seem to announce would
        // be to wait for ever.
        self.conversation.hear(5, "no greeting").await?;
        let plausible = matches!(self.conversation.heard[..], [_, _, 0, 0, 10 | 0xff, ..]);
        if !plausible {
            return Err(not_mariadb("no greeting of protocol 10"));
        }
        let packet = self.receive().await?;
        match packet.split_first() {
            Some((0xff, rest)) => {
                Ok(Err(Refusal::read(rest).ok_or_else(|| not_mariadb("an error cut short"))?))
            }
            _ => {
                let greeting = Greeting::read(&packet);
                Ok(Ok(greeting.ok_or_else(|| not_mariadb("a greeting cut short"))?))
            }
        }
    }

    /// Signs in; within it, how the server refuses.
    async fn sign_in(
        &mut self,
        greeting: &Greeting,
        login: &Login<'_>,
    ) -> Result<Result<(), Refusal>, Outcome> {
        let mut method = Method::parse(&greeting.plugin).unwrap_or(Method::Native);
        if method == Method::Clear {
            // Offered before anybody has said who they are, it is nobody's method yet.
            method = Method::Native;
        }
        let mut words = login.opening(greeting);
        let text = |words: &mut Vec<u8>, text: &str| {
            words.extend_from_slice(text.as_bytes());
            words.push(0);
        };
        if login.user().contains('\0') || login.database().is_some_and(|name| name.contains('\0')) {
            return Err(not_equipped("a name with a zero byte cannot be sent"));
        }
        text(&mut words, login.user());
        let proof = login.proof(method, &greeting.scramble)?;
        words.push(u8::try_from(proof.len()).expect("a proof has 32 bytes at most"));
        words.extend_from_slice(&proof);
        if let Some(database) = login.database() {
            text(&mut words, database);
        }
        if greeting.capabilities & capability::PLUGIN_AUTH != 0 {
            text(&mut words, method.as_str());
        }
        self.send(&words, "signing in").await?;
        for _ in 0..ROUNDS_MAX {
            let packet = self.receive().await?;
            let (first, rest) =
                packet.split_first().ok_or_else(|| not_mariadb("an empty answer"))?;
            match first {
                0x00 => {
                    self.conversation.goodbye = GOODBYE;
                    return Ok(Ok(()));
                }
                0xff => {
                    let refusal = Refusal::read(rest);
                    return Ok(Err(refusal.ok_or_else(|| not_mariadb("an error cut short"))?));
                }
                // Another method, with a text of its own.
                0xfe => {
                    let mut fields = Fields(rest);
                    let name = fields.text().map(String::from_utf8_lossy);
                    let name = name.as_deref().unwrap_or("mysql_old_password");
                    let proof = match Method::parse(name) {
                        Some(asked_for) => {
                            method = asked_for;
                            let scramble = fields.0.strip_suffix(b"\0").unwrap_or(fields.0);
                            login.proof(method, scramble)?
                        }
                        // Nobody has nothing to prove by any method.
                        None if login.session.is_none() => Vec::new(),
                        None => {
                            return Err(not_equipped(format!(
                                "the account signs in by `{name}`: give the check one that uses \
                                 mysql_native_password or caching_sha2_password"
                            )));
                        }
                    };
                    self.send(&proof, "signing in").await?;
                }
                // A step of the method: `caching_sha2_password` has two, "known" and "say it all".
                0x01 => match (method, rest) {
                    (Method::CachingSha2, [3]) => {}
                    (Method::CachingSha2, [4]) => {
                        let whole = login.whole_password()?;
                        self.send(&whole, "signing in").await?;
                    }
                    (Method::CachingSha2 | Method::Native | Method::Clear, _) => {
                        return Err(not_mariadb("a step that its method does not have"));
                    }
                },
                _ => return Err(not_mariadb("no answer to a login")),
            }
        }
        Err(not_mariadb("a login without an end"))
    }

    /// Asks what is asked in a session.
    async fn look(
        &mut self,
        session: &DatabaseSession,
        greeting: &Greeting,
    ) -> Result<Option<Outcome>, Outcome> {
        if session.role.is_some() {
            let is = match self.query("select @@global.read_only").await? {
                First::Text(text) if text == "0" || text == "OFF" => DatabaseRole::Primary,
                First::Text(_) => DatabaseRole::Standby,
                First::Null | First::None => {
                    return Err(not_mariadb("neither primary nor standby"));
                }
            };
            if let Some(wrong) = database::judge_role(session, is) {
                return Ok(Some(wrong));
            }
        }
        let first = match &session.query {
            Some(query) => self.protected(query, greeting).await?,
            None if session.role.is_some() => return Ok(None),
            None => self.query("select 1").await?,
        };
        Ok(database::judge(&first, &session.answer))
    }

    /// Puts a statement where it cannot write, and cannot work longer than we listen.
    async fn protected(&mut self, query: &str, greeting: &Greeting) -> Result<First, Outcome> {
        self.query("set session transaction read only").await?;
        let time = database::statement_time(self.conversation.left());
        let ms = time.as_millis().max(1);
        let limit = if greeting.is_mariadb() {
            format!("max_statement_time = {}.{:03}", ms / 1_000, ms % 1_000)
        } else {
            format!("max_execution_time = {ms}")
        };
        self.query(&format!("set session sql_select_limit = 1, {limit}")).await?;
        self.result(query).await?.map_err(|refusal| {
            if refusal.is_of_time() {
                let detail = format!("the query was ended after {ms} ms");
                Outcome::down(SymptomCode::QueryFailed, detail)
            } else {
                refusal.outcome(SymptomCode::QueryFailed)
            }
        })
    }

    async fn query(&mut self, query: &str) -> Result<First, Outcome> {
        let result = self.result(query).await?;
        result.map_err(|refusal| refusal.outcome(SymptomCode::QueryFailed))
    }

    /// Puts a statement and reads what it gives; within it, how the server refuses.
    async fn result(&mut self, query: &str) -> Result<Result<First, Refusal>, Outcome> {
        let refused = |rest: &[u8]| {
            Ok(Err(Refusal::read(rest).ok_or_else(|| not_mariadb("an error cut short"))?))
        };
        self.sequence = 0;
        let words = [&[QUERY], query.as_bytes()].concat();
        self.send(&words, "putting the query").await?;
        let head = self.receive().await?;
        let columns = match head.split_first() {
            Some((0x00, _)) => return Ok(Ok(First::None)),
            Some((0xff, rest)) => return refused(rest),
            Some(_) => Fields(&head).length(),
            None => None,
        };
        // It may also ask for a file of ours (0xfb): that has no length, and is not given.
        let columns = columns.ok_or_else(|| not_mariadb("no result of a query"))?;
        for _ in 0..columns {
            if is_end(&self.receive().await?) {
                return Err(not_mariadb("fewer columns than it told"));
            }
        }
        if !is_end(&self.receive().await?) {
            return Err(not_mariadb("more columns than it told"));
        }
        let mut first = None;
        loop {
            let row = self.receive().await?;
            if is_end(&row) {
                return Ok(Ok(first.unwrap_or(First::None)));
            }
            if let Some((0xff, rest)) = row.split_first() {
                return refused(rest);
            }
            if first.is_none() {
                first = Some(value(&row).ok_or_else(|| not_mariadb("a row cut short"))?);
            }
        }
    }
}

/// `EOF`, which ends columns and rows.
fn is_end(packet: &[u8]) -> bool {
    packet.first() == Some(&0xfe) && packet.len() < 9
}

/// The first value of a row.
fn value(row: &[u8]) -> Option<First> {
    if row.first() == Some(&0xfb) {
        return Some(First::Null);
    }
    let mut fields = Fields(row);
    let length = usize::try_from(fields.length()?).ok()?;
    Some(First::Text(String::from_utf8_lossy(fields.bytes(length)?).into_owned()))
}
