//! `alerts` of a plant file: who is alerted, and how; read and printed again.
//!
//! It decides what can be a way out; where alerts go is for the delivery. Tested by the round trip and the hostile
//! texts of `tests/it`.

use super::print::{self, Fields, flow_map, scalar, span, texts};
use super::questions::{LITERAL, is_name, secret, url};
use super::reader::{self, Keys, choice, entries, host_port, list, span_within, text};
use super::tree::Node;
use super::{Report, codes, shortened};
use crate::check::Host;
use crate::plant::{Alerting, Heartbeat, MailRelay, MailTls, Webhook};
use crate::time::Duration;

/// Between two heartbeats.
const HEARTBEAT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(86_400));

/// Between two heartbeats when nothing is said.
const HEARTBEAT_DEFAULT: Duration = Duration::from_secs(60);

/// Reads `alerts`.
pub(super) fn read(node: &Node<'_>, report: &mut Report) -> Alerting {
    let mut alerting = Alerting::default();
    let Some(mut keys) = Keys::of(node, "`alerts`", report) else { return alerting };
    alerting.console_url =
        keys.take("console").and_then(|node| web_url(node, report)).map(Into::into);
    if let Some(node) = keys.take("mail") {
        (alerting.mail, alerting.mail_to) = mail(node, report);
    }
    if let Some(node) = keys.take("webhooks") {
        for entry in entries(Some(node), "`webhooks`", report) {
            let Some(mut keys) = Keys::of(&entry.value, "a webhook", report) else { continue };
            if !is_name(&entry.key, entry.key_place, report) {
                continue;
            }
            let url = keys.need("url", report).and_then(|node| web_url(node, report));
            let token = keys.take("token").and_then(|node| secret(node, report));
            keys.finish("a webhook", report);
            if let Some(url) = url {
                let name = entry.key.as_ref().into();
                alerting.webhooks.push(Webhook { name, url: url.into(), token });
            }
        }
    }
    if let Some(node) = keys.take("heartbeat")
        && let Some(mut keys) = Keys::of(node, "a heartbeat", report)
    {
        let url = keys.need("url", report).and_then(|node| web_url(node, report));
        let every = keys
            .take("every")
            .and_then(|node| span_within(node, "`every`", HEARTBEAT, report))
            .unwrap_or(HEARTBEAT_DEFAULT);
        keys.finish("a heartbeat", report);
        alerting.heartbeat = url.map(|url| Heartbeat { url: url.into(), every });
    }
    keys.finish("`alerts`", report);
    alerting
}

/// An `http` or `https` URL, whole.
fn web_url<'n>(node: &'n Node<'_>, report: &mut Report) -> Option<&'n str> {
    let written = text(node, "a URL", report)?;
    let scheme = if written.starts_with("https:") { "https" } else { "http" };
    match url(written, scheme) {
        Ok(_) => Some(written),
        Err(why) => {
            let code = if why == LITERAL { codes::LITERAL_SECRET } else { codes::URL };
            let message = format!("`{}` cannot be used: {why}", shortened(written));
            report.add(code, node.place, message, None);
            None
        }
    }
}

/// How the connection to a mail relay may be protected.
pub(super) const TLS_MODES: [(&str, MailTls); 3] =
    [("starttls", MailTls::StartTls), ("implicit", MailTls::Implicit), ("none", MailTls::Plain)];

fn mail(node: &Node<'_>, report: &mut Report) -> (Option<MailRelay>, Vec<Box<str>>) {
    let Some(mut keys) = Keys::of(node, "`mail`", report) else { return (None, Vec::new()) };
    let relay = keys.need("relay", report).and_then(|node| host_port(node, Some(25), report));
    let from = keys.need("from", report).and_then(|node| mail_address(node, report));
    let to = keys.need("to", report);
    if let Some(node) = to.filter(|node| list(node).is_empty()) {
        let message = "mail goes to somebody".to_owned();
        report.add(codes::EMPTY, node.place, message, None);
    }
    let to = to.map_or(&[][..], list);
    let to = to.iter().filter_map(|node| mail_address(node, report)).map(Into::into).collect();
    let tls = keys.take("tls").and_then(|node| choice(node, "`tls`", &TLS_MODES, report));
    let user = keys.take("user").and_then(|node| text(node, "`user`", report)).map(Box::from);
    let password = keys.take("password").and_then(|node| secret(node, report));
    if user.is_some() != password.is_some() {
        let message = "`user` and `password` stand together".to_owned();
        report.add(codes::MISSING_KEY, keys.place, message, None);
    }
    keys.finish("`mail`", report);
    let relay = relay.zip(from).map(|(relay, from)| {
        let loopback = matches!(&relay.host, Host::Address(address) if address.is_loopback());
        let default = if loopback { MailTls::Plain } else { MailTls::StartTls };
        let tls = tls.unwrap_or(default);
        MailRelay { relay, from: from.into(), tls, login: user.zip(password) }
    });
    (relay, to)
}

/// A mail address, as strict as a message header needs it.
fn mail_address<'n>(node: &'n Node<'_>, report: &mut Report) -> Option<&'n str> {
    let written = text(node, "a mail address", report)?;
    let fits = written.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && local.bytes().all(|b| b.is_ascii_graphic() && !b"<>()[],;:\\\"".contains(&b))
            && reader::as_host(domain).is_some()
    });
    if !fits {
        let message = format!("`{}` is no mail address", shortened(written));
        report.add(codes::ADDRESS, node.place, message, None);
    }
    fits.then_some(written)
}

/// Prints `alerts`.
pub(super) fn fields(alerting: &Alerting) -> Fields {
    let Alerting { mail, mail_to, webhooks, heartbeat, console_url } = alerting;
    let mut fields = Fields::new();
    fields.extend(console_url.as_ref().map(|url| ("console", scalar(url))));
    if let Some(MailRelay { relay, from, tls, login }) = mail {
        let tls = match tls {
            MailTls::StartTls => "starttls",
            MailTls::Implicit => "implicit",
            MailTls::Plain => "none",
        };
        let mut mail = vec![
            ("relay", scalar(&print::host_port(relay, Some(25)))),
            ("from", scalar(from)),
            ("to", texts(mail_to)),
            ("tls", tls.to_owned()),
        ];
        if let Some((user, password)) = login {
            mail.extend([("user", scalar(user)), ("password", print::secret(password))]);
        }
        fields.push(("mail", flow_map(mail)));
    }
    if !webhooks.is_empty() {
        let webhooks = webhooks.iter().map(|Webhook { name, url, token }| {
            let mut fields = vec![("url", scalar(url))];
            fields.extend(token.as_ref().map(|token| ("token", print::secret(token))));
            (name, flow_map(fields))
        });
        fields.push(("webhooks", flow_map(webhooks)));
    }
    if let Some(Heartbeat { url, every }) = heartbeat {
        fields.push(("heartbeat", flow_map([("url", scalar(url)), ("every", span(*every))])));
    }
    fields
}
