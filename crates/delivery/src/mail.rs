//! Mail, handed to a relay (RFC 5321).
//!
//! A repeat carries the same Message-ID, and says that it is one. What the relay may have taken when a conversation
//! breaks is in flight from the first byte of the envelope on: nobody outside the relay knows more.

use crate::ATTEMPT_WITHIN;
use crate::message::Message;
use blackstart_model::check::{Host, HostPort};
use blackstart_model::plant::{MailRelay, MailTls};
use blackstart_model::record::Delivery;
use blackstart_model::time::Duration;
use blackstart_probe::secrets::Secrets;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

pub(crate) async fn send(
    secrets: &dyn Secrets,
    relay: &MailRelay,
    to: &str,
    message: &Message<'_>,
) -> Delivery {
    let mail = match compose(relay, to, message) {
        Ok(mail) => mail,
        Err(why) => return Delivery::Refused(why),
    };
    let login = match &relay.login {
        None => None,
        Some((user, secret)) => match secrets.value(&secret.0) {
            Ok(password) => Some(Credentials::new(user.to_string(), password)),
            Err(why) => return Delivery::Failed(why),
        },
    };
    let connecting = connect(relay, login);
    let mut connection = match tokio::time::timeout(ATTEMPT_WITHIN, connecting).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(why)) => return Delivery::Failed(why),
        Err(_) => return Delivery::Failed("the mail relay does not answer in time".to_owned()),
    };
    let bytes = mail.formatted();
    let sending = connection.send(mail.envelope(), &bytes);
    let result = match tokio::time::timeout(ATTEMPT_WITHIN, sending).await {
        Ok(Ok(response)) => {
            let words: Vec<&str> = response.message().collect();
            Delivery::Delivered(format!("{} {}", response.code(), words.join(" ")))
        }
        Ok(Err(error)) if error.is_permanent() => Delivery::Refused(in_words(&error)),
        Ok(Err(error)) if error.is_transient() => Delivery::Failed(in_words(&error)),
        Ok(Err(error)) => Delivery::InFlight(in_words(&error)),
        Err(_) => Delivery::InFlight("the mail relay went silent in the middle".to_owned()),
    };
    if matches!(result, Delivery::Delivered(_)) {
        // It has the message; how it says goodbye is its own affair.
        let _ = tokio::time::timeout(Duration::from_secs(1), connection.quit()).await;
    }
    result
}

fn compose(relay: &MailRelay, to: &str, message: &Message<'_>) -> Result<lettre::Message, String> {
    let mailbox =
        |text: &str| text.parse::<Mailbox>().map_err(|_| format!("`{text}` is not a mail address"));
    let from = mailbox(&relay.from)?;
    let domain = from.email.domain().to_owned();
    let body = if message.repeat {
        let marked = "This may have reached you before: the first attempt broke off at the end.";
        format!("{marked}\n\n{}", message.text)
    } else {
        message.text.to_owned()
    };
    let mut mail = lettre::Message::builder()
        .from(from)
        .to(mailbox(to)?)
        .subject(message.title())
        .message_id(Some(format!("<{}@{domain}>", message.key)));
    if let Some(date) = message.decided_at {
        mail = mail.date(date.into());
    }
    let mut mail = mail
        .singlepart(SinglePart::plain(body))
        .map_err(|error| format!("could not write the mail: {error}"))?;
    let mut header = |name: &'static str, value: &str| {
        let name = HeaderName::new_from_ascii_str(name);
        mail.headers_mut().insert_raw(HeaderValue::new(name, value.to_owned()));
    };
    header("X-Blackstart-Alert", message.alert);
    header("X-Blackstart-News", message.news);
    // RFC 3834: nobody's holiday notice should answer.
    header("Auto-Submitted", "auto-generated");
    if let Some(incident) = message.incident {
        header("X-Blackstart-Incident", incident);
    }
    if message.repeat {
        header("X-Blackstart-Repeat", "yes");
    }
    Ok(mail)
}

async fn connect(
    relay: &MailRelay,
    login: Option<Credentials>,
) -> Result<AsyncSmtpConnection, String> {
    let HostPort { host, port } = &relay.relay;
    let host = match host {
        Host::Address(address) => address.to_string(),
        Host::Name(name) => name.to_string(),
    };
    let tls = || TlsParameters::new_rustls(host.clone()).map_err(|error| in_words(&error));
    let hello = ClientId::default();
    let at_once = match relay.tls {
        MailTls::Implicit => Some(tls()?),
        MailTls::StartTls | MailTls::Plain => None,
    };
    let address = (host.clone(), *port);
    let connecting =
        AsyncSmtpConnection::connect_tokio1(address, Some(ATTEMPT_WITHIN), &hello, at_once, None);
    let mut connection = connecting.await.map_err(|error| in_words(&error))?;
    if relay.tls == MailTls::StartTls {
        if !connection.can_starttls() {
            return Err(format!(
                "{host} offers no STARTTLS: set `tls: none` if this connection may be read by others"
            ));
        }
        connection.starttls(tls()?, &hello).await.map_err(|error| in_words(&error))?;
    }
    if let Some(login) = login {
        let how = [Mechanism::Plain, Mechanism::Login];
        connection.auth(&how, &login).await.map_err(|error| in_words(&error))?;
    }
    Ok(connection)
}

/// An error with all its causes, in one line.
fn in_words(error: &lettre::transport::smtp::Error) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words.push_str(": ");
            words.push_str(&cause_words);
        }
        source = cause.source();
    }
    words
}
