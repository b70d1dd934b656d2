//! A session with PostgreSQL, as a program would have it (protocol 3.0: the server's documentation,
//! chapters "Message Flow" and "Message Formats"; the messages and the proofs of a password are
//! `postgres-protocol`'s, the bytes, the deadline and every limit are ours).
//!
//! Without a user only the beginning of a session is asked for, as `pg_isready` does: a server that asks
//! for a password, or refuses the name, takes sessions. With one, a statement is put alone (the
//! extended query has no second one), inside a transaction that cannot write, with a time after which
//! the server itself ends it, and one row is fetched. A password leaves in the clear only inside TLS
//! that the check requires. It never leaves without a goodbye. Tested against real servers in
//! `tests/it/postgres.rs`, and against hostile ones.

use crate::ask::{Answer, Equipment, micros_since};
use crate::database::{self, Conversation, First, NOBODY};
use crate::tls::{self, Whose};
use crate::{clock, net};
use blackstart_model::check::{DatabaseQuestion, DatabaseRole, DatabaseSession, DatabaseTls};
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode, Timing};
use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{DATA_ROW_TAG, ErrorResponseBody, Header, Message};
use postgres_protocol::message::frontend;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

/// The longest message that is no row: an error with all its fields (chosen by hand).
const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// The SQLSTATE of a statement that took longer than it may.
const QUERY_CANCELED: &str = "57014";

/// How a server that cannot even make a process begins to say so, as before protocol 3.
const NO_FORK: &[u8] = b"Ecould not fork";

/// `Terminate`. It is said only once the server has let us in: before that it would be an error of ours.
const GOODBYE: &[u8] = b"X\0\0\0\x04";

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
    let mut open = Conversation::over(stream, deadline);
    let covered = question.tls != DatabaseTls::Off && is_tls_offered(&mut open).await?;
    let asked = Asked { question, password: password.as_deref(), covered };
    let seen = if covered {
        // What came before TLS was said by anybody (CVE-2021-23222 is of clients that believed it).
        let stream = open.into_stream().ok_or_else(|| not_postgres("it spoke before TLS"))?;
        let whose = match &question.tls {
            DatabaseTls::Verify(asked) => Whose::Verified(asked),
            DatabaseTls::Off | DatabaseTls::Prefer | DatabaseTls::Required => Whose::Anybodys,
        };
        let host = &question.target.host;
        let (stream, ends_s) =
            tls::handshake_as(equipment, stream, host, whose, deadline, timing).await?;
        *certificate_ends_s = ends_s;
        session(Conversation::over(stream, deadline), &asked, clock::now(), timing).await
    } else {
        match &question.tls {
            DatabaseTls::Off | DatabaseTls::Prefer => session(open, &asked, begun, timing).await,
            DatabaseTls::Required | DatabaseTls::Verify(_) => {
                open.end().await;
                Err(Outcome::down(SymptomCode::TlsFailed, "the server offers no TLS"))
            }
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

/// Whether the server answers the wish for TLS with yes.
async fn is_tls_offered<S>(open: &mut Conversation<S>) -> Result<bool, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut words = BytesMut::new();
    frontend::ssl_request(&mut words);
    open.say(&words, "asking for TLS").await?;
    open.hear(1, "no answer to the wish for TLS").await?;
    match open.heard[0] {
        b'S' => {
            let _ = open.heard.split_to(1);
            Ok(true)
        }
        b'N' => {
            let _ = open.heard.split_to(1);
            Ok(false)
        }
        b'E' => {
            open.hear(NO_FORK.len(), "no whole answer").await?;
            if open.heard.starts_with(NO_FORK) {
                let words = String::from_utf8_lossy(&open.heard[1..]);
                let words = words.trim_matches(['\0', '\n']);
                return Err(Outcome::down(SymptomCode::NotAccepting, words));
            }
            match next(open).await? {
                Said::Refused(error) => Err(error.outcome()),
                Said::Message(_) => Err(not_postgres("no answer to the wish for TLS")),
            }
        }
        _ => Err(not_postgres("no answer to the wish for TLS")),
    }
}

fn not_postgres(why: &str) -> Outcome {
    Outcome::unknown(NoAnswerCode::Unparsable, format!("not PostgreSQL: {why}"))
}

/// What is asked, with what it needs.
struct Asked<'a> {
    question: &'a DatabaseQuestion,
    password: Option<&'a str>,
    /// The way is covered by TLS.
    covered: bool,
}

/// A session from its first word to the goodbye: what is wrong, if anything.
async fn session<S>(
    mut open: Conversation<S>,
    asked: &Asked<'_>,
    begun: Instant,
    timing: &mut Timing,
) -> Result<Option<Outcome>, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let seen = match &asked.question.session {
        None => knock(&mut open).await,
        Some(session) => match sign_in(&mut open, session, asked).await {
            Err(outcome) => Err(outcome),
            Ok(()) => {
                timing.wait_us = micros_since(begun);
                let signed_in = clock::now();
                let seen = look(&mut open, session).await;
                timing.read_us = micros_since(signed_in);
                seen
            }
        },
    };
    if timing.wait_us == 0 {
        timing.wait_us = micros_since(begun);
    }
    open.end().await;
    seen
}

/// Asks for a session without meaning to have it.
async fn knock<S>(open: &mut Conversation<S>) -> Result<Option<Outcome>, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    start(open, NOBODY, "postgres").await?;
    match next(open).await? {
        Said::Refused(error) => match error.outcome() {
            // Whom it refuses by name it has listened to.
            Outcome::Down(symptom)
                if matches!(symptom.code, SymptomCode::WrongLogin | SymptomCode::NoDatabase) =>
            {
                Ok(None)
            }
            outcome => Err(outcome),
        },
        Said::Message(Message::AuthenticationOk) => {
            open.goodbye = GOODBYE;
            Ok(None)
        }
        Said::Message(
            Message::AuthenticationCleartextPassword
            | Message::AuthenticationMd5Password(_)
            | Message::AuthenticationSasl(_)
            | Message::AuthenticationGss
            | Message::AuthenticationSspi
            | Message::AuthenticationKerberosV5,
        ) => Ok(None),
        Said::Message(_) => Err(not_postgres("an answer to another question")),
    }
}

async fn start<S>(open: &mut Conversation<S>, user: &str, database: &str) -> Result<(), Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let parameters = [
        ("user", user),
        ("database", database),
        ("application_name", "blackstart"),
        ("client_encoding", "UTF8"),
    ];
    let mut words = BytesMut::new();
    frontend::startup_message(parameters, &mut words).map_err(|error| unsayable(&error))?;
    open.say(&words, "asking for a session").await
}

/// A name or a text with a zero byte in it.
fn unsayable(error: &io::Error) -> Outcome {
    Outcome::unknown(NoAnswerCode::NotEquipped, error.to_string())
}

/// Signs in, until the server waits for a statement.
async fn sign_in<S>(
    open: &mut Conversation<S>,
    session: &DatabaseSession,
    asked: &Asked<'_>,
) -> Result<(), Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Without a name PostgreSQL takes the user's own.
    let user = &*session.user;
    start(open, user, session.database.as_deref().unwrap_or(user)).await?;
    let password = || {
        asked.password.ok_or_else(|| {
            let detail =
                format!("the server wants a password for `{user}`, and the check names none");
            Outcome::unknown(NoAnswerCode::NotEquipped, detail)
        })
    };
    let mut scram: Option<ScramSha256> = None;
    loop {
        let mut words = BytesMut::new();
        let message = match next(open).await? {
            Said::Refused(error) => return Err(error.outcome()),
            Said::Message(message) => message,
        };
        match message {
            Message::AuthenticationOk => {
                open.goodbye = GOODBYE;
                continue;
            }
            Message::ParameterStatus(_) | Message::BackendKeyData(_) => continue,
            Message::ReadyForQuery(_) => return Ok(()),
            Message::AuthenticationCleartextPassword => {
                may_leave_in_the_clear(asked)?;
                let said = frontend::password_message(password()?.as_bytes(), &mut words);
                said.map_err(|error| unsayable(&error))?;
            }
            Message::AuthenticationMd5Password(body) => {
                let proof = md5_hash(user.as_bytes(), password()?.as_bytes(), body.salt());
                let said = frontend::password_message(proof.as_bytes(), &mut words);
                said.map_err(|error| unsayable(&error))?;
            }
            Message::AuthenticationSasl(body) => {
                let known = body.mechanisms().any(|one| Ok(one == SCRAM_SHA_256));
                if !known.unwrap_or(false) {
                    return Err(cannot_prove("another mechanism than SCRAM-SHA-256"));
                }
                let begun = ScramSha256::new(password()?.as_bytes(), ChannelBinding::unsupported());
                let said =
                    frontend::sasl_initial_response(SCRAM_SHA_256, begun.message(), &mut words);
                said.map_err(|error| unsayable(&error))?;
                scram = Some(begun);
            }
            Message::AuthenticationSaslContinue(body) => {
                let going = scram.as_mut().ok_or_else(|| not_postgres("SCRAM out of order"))?;
                // Bounded: the library takes no more than 100,000 rounds.
                going.update(body.data()).map_err(|error| not_postgres(&error.to_string()))?;
                let said = frontend::sasl_response(going.message(), &mut words);
                said.map_err(|error| unsayable(&error))?;
            }
            Message::AuthenticationSaslFinal(body) => {
                let mut done = scram.take().ok_or_else(|| not_postgres("SCRAM out of order"))?;
                // A server that does not know the password either is not the one that we mean.
                done.finish(body.data()).map_err(|_| {
                    let detail = "the server does not prove that it knows the password";
                    Outcome::down(SymptomCode::WrongLogin, detail)
                })?;
                continue;
            }
            Message::AuthenticationGss
            | Message::AuthenticationSspi
            | Message::AuthenticationKerberosV5
            | Message::AuthenticationScmCredential => {
                return Err(cannot_prove("Kerberos or GSSAPI"));
            }
            _ => return Err(not_postgres("an answer to another question")),
        }
        open.say(&words, "signing in").await?;
    }
}

fn cannot_prove(what: &str) -> Outcome {
    let detail = format!("the server wants {what}: give the account a password");
    Outcome::unknown(NoAnswerCode::NotEquipped, detail)
}

fn may_leave_in_the_clear(asked: &Asked<'_>) -> Result<(), Outcome> {
    match &asked.question.tls {
        DatabaseTls::Required | DatabaseTls::Verify(_) if asked.covered => Ok(()),
        DatabaseTls::Off | DatabaseTls::Prefer | DatabaseTls::Required | DatabaseTls::Verify(_) => {
            let detail =
                "the server wants the password in the clear: set `tls: verify`, or `required`";
            Err(Outcome::unknown(NoAnswerCode::NotEquipped, detail))
        }
    }
}

/// Asks what is asked in a session.
async fn look<S>(
    open: &mut Conversation<S>,
    session: &DatabaseSession,
) -> Result<Option<Outcome>, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if session.role.is_some() {
        let recovers = simple(open, "select pg_is_in_recovery()").await?.result()?;
        let is = match recovers {
            First::Text(text) if text == "f" => DatabaseRole::Primary,
            First::Text(text) if text == "t" => DatabaseRole::Standby,
            First::Text(_) | First::Null | First::None => {
                return Err(not_postgres("neither a primary nor a standby"));
            }
        };
        if let Some(wrong) = database::judge_role(session, is) {
            return Ok(Some(wrong));
        }
    }
    let first = match &session.query {
        Some(query) => protected(open, query).await?,
        None if session.role.is_some() => return Ok(None),
        None => simple(open, "select 1").await?.result()?,
    };
    Ok(database::judge(&first, &session.answer))
}

/// Puts a statement where it cannot write, and cannot work longer than we listen.
async fn protected<S>(open: &mut Conversation<S>, query: &str) -> Result<First, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let time = database::statement_time(open.left());
    // As statements and not as parameters of the session: a pooler in between passes on only those.
    let begin =
        format!("begin read only; set local statement_timeout = {}", time.as_millis().max(1));
    let begun = simple(open, &begin).await?;
    let status = begun.status;
    begun.result()?;
    // Only inside the transaction does the next statement find itself unable to write.
    if status != b'T' {
        return Err(not_postgres("no transaction after its beginning"));
    }
    let mut words = BytesMut::new();
    let composed = frontend::parse("", query, [], &mut words)
        .and_then(|()| {
            let nothing = std::iter::empty::<i16>;
            let values = std::iter::empty::<()>();
            let bound = frontend::bind(
                "",
                "",
                nothing(),
                values,
                |(), _| Ok(postgres_protocol::IsNull::Yes),
                nothing(),
                &mut words,
            );
            bound.map_err(|_| io::Error::other("the statement cannot be sent"))
        })
        .and_then(|()| frontend::execute("", 1, &mut words));
    composed.map_err(|error| unsayable(&error))?;
    frontend::sync(&mut words);
    frontend::query("rollback", &mut words).map_err(|error| unsayable(&error))?;
    open.say(&words, "putting the query").await?;
    let answered = answer(open).await?;
    answer(open).await?.result()?;
    if answered.refused.as_ref().is_some_and(|error| error.sqlstate == QUERY_CANCELED) {
        let detail = format!("the query was ended after {} ms", time.as_millis());
        return Err(Outcome::down(SymptomCode::QueryFailed, detail));
    }
    answered.result()
}

/// What came of a statement.
struct Answered {
    first: First,
    refused: Option<ServerError>,
    /// `I` outside a transaction, `T` inside, `E` inside a failed one.
    status: u8,
}

impl Answered {
    fn result(self) -> Result<First, Outcome> {
        let Self { first, refused, status: _ } = self;
        refused.map_or(Ok(first), |error| Err(error.outcome()))
    }
}

/// Puts a statement of our own.
async fn simple<S>(open: &mut Conversation<S>, query: &str) -> Result<Answered, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut words = BytesMut::new();
    frontend::query(query, &mut words).map_err(|error| unsayable(&error))?;
    open.say(&words, "putting the query").await?;
    answer(open).await
}

/// Reads until the server waits for the next statement.
async fn answer<S>(open: &mut Conversation<S>) -> Result<Answered, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut first = First::None;
    let mut refused = None;
    loop {
        match next(open).await? {
            // The end of the session is told as an error too, and no more comes after it.
            Said::Refused(error) if error.is_last => return Err(error.outcome()),
            Said::Refused(error) => refused = refused.or(Some(error)),
            Said::Message(Message::DataRow(row)) if first == First::None => {
                let range =
                    row.ranges().next().map_err(|error| not_postgres(&error.to_string()))?;
                first = match range {
                    None => First::None,
                    Some(None) => First::Null,
                    Some(Some(range)) => {
                        First::Text(String::from_utf8_lossy(&row.buffer()[range]).into_owned())
                    }
                };
            }
            Said::Message(Message::ReadyForQuery(body)) => {
                return Ok(Answered { first, refused, status: body.status() });
            }
            Said::Message(Message::CopyInResponse(_)) => {
                let detail = "the query waits for data of ours";
                return Err(Outcome::unknown(NoAnswerCode::NotEquipped, detail));
            }
            Said::Message(_) => {}
        }
    }
}

/// What a server says.
enum Said {
    Refused(ServerError),
    Message(Message),
}

/// The next message that is not only a notice.
async fn next<S>(open: &mut Conversation<S>) -> Result<Said, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let read = |error: io::Error| not_postgres(&error.to_string());
    loop {
        open.hear(5, "no whole answer").await?;
        let header = Header::parse(&open.heard).map_err(read)?.expect("five bytes are a header");
        // Every message begins with a letter or a digit; what a server of another kind says does not
        // hold a length that could be meant.
        if !header.tag().is_ascii_alphanumeric() {
            return Err(not_postgres("no message of its protocol"));
        }
        let whole = usize::try_from(header.len()).unwrap_or(usize::MAX).saturating_add(1);
        if header.tag() != DATA_ROW_TAG && whole > MESSAGE_BYTES_MAX {
            return Err(not_postgres("no message of its protocol"));
        }
        open.hear(whole, "no whole answer").await?;
        match Message::parse(&mut open.heard).map_err(read)?.expect("the message is whole") {
            Message::NoticeResponse(_) | Message::NotificationResponse(_) => {}
            Message::ErrorResponse(body) => {
                return Ok(Said::Refused(ServerError::read(&body).map_err(read)?));
            }
            message => return Ok(Said::Message(message)),
        }
    }
}

/// An error as the server tells it.
struct ServerError {
    sqlstate: String,
    words: String,
    /// The server ends the session with it.
    is_last: bool,
}

impl ServerError {
    fn read(body: &ErrorResponseBody) -> io::Result<Self> {
        let mut error = Self { sqlstate: String::new(), words: String::new(), is_last: false };
        let mut fields = body.fields();
        while let Some(field) = fields.next()? {
            let text = || String::from_utf8_lossy(field.value_bytes()).into_owned();
            // Appendix "Error and Notice Message Fields": V is the severity in English, S in the
            // server's own language, C the SQLSTATE, M the message.
            match field.type_() {
                b'V' => error.is_last = matches!(field.value_bytes(), b"FATAL" | b"PANIC"),
                b'C' => error.sqlstate = text(),
                b'M' => error.words = text(),
                _ => {}
            }
        }
        Ok(error)
    }

    /// What it says about whom (appendix "PostgreSQL Error Codes").
    fn outcome(&self) -> Outcome {
        use SymptomCode::{NoDatabase, NotAccepting, QueryFailed, TooManyConnections, WrongLogin};
        let Self { sqlstate, words, is_last: _ } = self;
        let detail = format!("{sqlstate} {words}");
        let down = |code| Outcome::down(code, detail.clone());
        let ours = |code| Outcome::unknown(code, detail.clone());
        match sqlstate.as_str() {
            "57P03" | "57P01" | "57P02" => down(NotAccepting),
            "53300" => down(TooManyConnections),
            "3D000" => down(NoDatabase),
            // It may not read its own files (`errcode_for_file_access`): a folder that has changed hands.
            "42501"
                if words.starts_with("could not ") && words.ends_with(": Permission denied") =>
            {
                down(QueryFailed)
            }
            // insufficient_privilege, and a statement that would write.
            "42501" | "25006" => ours(NoAnswerCode::NoPermission),
            // No SQL, or more than one statement: no server could have answered.
            "42601" => ours(NoAnswerCode::NotEquipped),
            _ if sqlstate.starts_with("28") => down(WrongLogin),
            _ if sqlstate.starts_with("08") => ours(NoAnswerCode::Unparsable),
            _ => down(QueryFailed),
        }
    }
}
