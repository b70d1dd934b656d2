//! `alerts` of a plant file: who is alerted, and how; read and printed again.
//!
//! It decides what can be a way to tell; where alerts go is for the delivery. Tested by the round trip and the hostile
//! texts of `tests/it`.

use super::lower::Names;
use super::print::{self, Fields, flow_map, place, scalar, span, texts};
use super::questions::{self, LITERAL, is_name, secret, url};
use super::reader::{self, Keys, choice, entries, host_port, list, span_within, text};
use super::tree::Node;
use super::{Report, codes, shortened};
use crate::check::Host;
use crate::plant::{
    Alerting, Alertmanager, Beat, Command, Heartbeat, Leads, Login, MailRelay, MailTls, Ntfy,
    PagerDuty, Plant, Webhook,
};
use crate::time::Duration;

/// Between two heartbeats.
const HEARTBEAT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(86_400));

/// Between two heartbeats when nothing is said.
const HEARTBEAT_DEFAULT: Duration = Duration::from_secs(60);

/// How long a command may run: less starts no program, and a page waits for no longer.
const COMMAND: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));

/// How long a command may run when nothing is said.
const COMMAND_DEFAULT: Duration = Duration::from_secs(30);

/// The word for a place that shares nothing with the plant.
const OUTSIDE: &str = "outside";

/// How a heartbeat may be fetched.
pub(super) const BEATS: [(&str, Beat); 2] = [("GET", Beat::Get), ("POST", Beat::Post)];

/// Reads `alerts`.
pub(super) fn read(node: &Node<'_>, names: &Names<'_>, report: &mut Report) -> Alerting {
    let mut alerting = Alerting::default();
    let Some(mut keys) = Keys::of(node, "`alerts`", report) else { return alerting };
    alerting.console_url =
        keys.take("console").and_then(|node| web_url(node, report)).map(Into::into);
    if let Some(node) = keys.take("mail") {
        (alerting.mail, alerting.mail_to) = mail(node, names, report);
    }
    let mut each = |key, what, read: &mut dyn FnMut(Box<str>, &mut Keys<'_, '_>, &mut Report)| {
        let Some(node) = keys.take(key) else { return };
        for entry in entries(Some(node), &format!("`{key}`"), report) {
            let Some(mut keys) = Keys::of(&entry.value, what, report) else { continue };
            if is_name(&entry.key, entry.key_place, report) {
                read(entry.key.as_ref().into(), &mut keys, report);
                keys.finish(what, report);
            }
        }
    };
    each("webhooks", "a webhook", &mut |name, keys, report| {
        let url = keys.need("url", report).and_then(|node| web_url(node, report));
        let token = keys.take("token").and_then(|node| secret(node, report));
        let leads = leads(keys, names, report);
        alerting.webhooks.extend(url.map(|url| Webhook { name, url: url.into(), token, leads }));
    });
    each("alertmanagers", "an alertmanager", &mut |name, keys, report| {
        let url = keys.need("url", report).and_then(|node| web_url(node, report));
        let login = login(keys, report);
        let leads = leads(keys, names, report);
        let made = url.map(|url| Alertmanager { name, url: url.into(), login, leads });
        alerting.alertmanagers.extend(made);
    });
    each("pagerduty", "a service of PagerDuty", &mut |name, keys, report| {
        let key = keys.need("routing_key", report).and_then(|node| secret(node, report));
        let url = keys.take("url").map(|node| web_url(node, report));
        let leads = leads(keys, names, report);
        if let (Some(routing_key), Some(url)) = (key, url.unwrap_or(Some(PagerDuty::URL))) {
            alerting.pagerduty.push(PagerDuty { name, url: url.into(), routing_key, leads });
        }
    });
    each("ntfy", "a topic of ntfy", &mut |name, keys, report| {
        let url = keys.need("url", report).and_then(|node| topic(node, report));
        let token = keys.take("token").and_then(|node| secret(node, report));
        let leads = leads(keys, names, report);
        alerting.ntfy.extend(url.map(|url| Ntfy { name, url: url.into(), token, leads }));
    });
    each("commands", "a command", &mut |name, keys, report| {
        let deadline = keys
            .take("deadline")
            .and_then(|node| span_within(node, "`deadline`", COMMAND, report))
            .unwrap_or(COMMAND_DEFAULT);
        let leads = leads(keys, names, report);
        alerting.commands.push(Command { name, deadline, leads });
    });
    if let Some(node) = keys.take("heartbeat") {
        alerting.heartbeat = heartbeat(node, names, report);
    }
    keys.finish("`alerts`", report);
    alerting
}

fn heartbeat(node: &Node<'_>, names: &Names<'_>, report: &mut Report) -> Option<Heartbeat> {
    let mut keys = Keys::of(node, "a heartbeat", report)?;
    let url = keys.need("url", report).and_then(|node| web_url(node, report));
    let every = keys
        .take("every")
        .and_then(|node| span_within(node, "`every`", HEARTBEAT, report))
        .unwrap_or(HEARTBEAT_DEFAULT);
    let method = keys.take("method").and_then(|node| choice(node, "`method`", &BEATS, report));
    let token = keys.take("token").and_then(|node| secret(node, report));
    let leads = leads(&mut keys, names, report);
    keys.finish("a heartbeat", report);
    let method = method.unwrap_or(Beat::Get);
    url.map(|url| Heartbeat { url: url.into(), every, method, token, leads })
}

/// What a way to tell stands on, as far as it is said: components, or the word `outside`.
fn leads(keys: &mut Keys<'_, '_>, names: &Names<'_>, report: &mut Report) -> Leads {
    let Some(node) = keys.take("through") else { return Leads::Untold };
    if node.text() == Some(OUTSIDE) {
        return Leads::Outside;
    }
    if list(node).is_empty() {
        let message = "a way to tell goes through something, or `outside`".to_owned();
        report.add(codes::EMPTY, node.place, message, None);
    }
    Leads::Through(questions::components(node, names, report))
}

/// A token, or user and password; never both.
pub(super) fn login(keys: &mut Keys<'_, '_>, report: &mut Report) -> Option<Login> {
    let token = keys.take("token").and_then(|node| secret(node, report));
    let user = keys.take("user").and_then(|node| text(node, "`user`", report)).map(Box::from);
    let password = keys.take("password").and_then(|node| secret(node, report));
    match (token, user, password) {
        (None, None, None) => None,
        (Some(token), None, None) => Some(Login::Bearer(token)),
        (None, Some(user), Some(password)) => Some(Login::Basic(user, password)),
        (_, _, _) => {
            let message = "either `token`, or `user` and `password` together".to_owned();
            report.add(codes::MISSING_KEY, keys.place, message, None);
            None
        }
    }
}

/// The URL of an ntfy topic.
fn topic<'n>(node: &'n Node<'_>, report: &mut Report) -> Option<&'n str> {
    let url = web_url(node, report)?;
    if Ntfy::split(url).is_none() {
        let message = format!("`{}` does not end in a topic", shortened(url));
        let help =
            "a topic is 1 to 64 letters, digits, `_` and `-`: `https://ntfy.example/our-alerts`";
        report.add(codes::URL, node.place, message, Some(help.to_owned()));
        return None;
    }
    Some(url)
}

/// An `http` or `https` URL, whole.
pub(super) fn web_url<'n>(node: &'n Node<'_>, report: &mut Report) -> Option<&'n str> {
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

fn mail(
    node: &Node<'_>,
    names: &Names<'_>,
    report: &mut Report,
) -> (Option<MailRelay>, Vec<Box<str>>) {
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
    let leads = leads(&mut keys, names, report);
    keys.finish("`mail`", report);
    let relay = relay.zip(from).map(|(relay, from)| {
        let loopback = matches!(&relay.host, Host::Address(address) if address.is_loopback());
        let default = if loopback { MailTls::Plain } else { MailTls::StartTls };
        let tls = tls.unwrap_or(default);
        MailRelay { relay, from: from.into(), tls, login: user.zip(password), leads }
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
pub(super) fn fields(alerting: &Alerting, plant: &Plant) -> Fields {
    let Alerting {
        mail,
        mail_to,
        webhooks,
        alertmanagers,
        pagerduty,
        ntfy,
        commands,
        heartbeat,
        console_url,
    } = alerting;
    let through = |leads: &Leads| match leads {
        Leads::Untold => None,
        Leads::Outside => Some(("through", scalar(OUTSIDE))),
        Leads::Through(all) => {
            let names = all.iter().map(|&id| place(id, None, plant));
            Some(("through", print::flow_list(names)))
        }
    };
    let mut fields = Fields::new();
    fields.extend(console_url.as_ref().map(|url| ("console", scalar(url))));
    if let Some(MailRelay { relay, from, tls, login, leads }) = mail {
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
        mail.extend(through(leads));
        fields.push(("mail", flow_map(mail)));
    }
    let webhooks = webhooks.iter().map(|Webhook { name, url, token, leads }| {
        let mut fields = vec![("url", scalar(url))];
        fields.extend(token.as_ref().map(|token| ("token", print::secret(token))));
        fields.extend(through(leads));
        (name, fields)
    });
    named(&mut fields, "webhooks", webhooks);
    let alertmanagers = alertmanagers.iter().map(|Alertmanager { name, url, login, leads }| {
        let mut fields = vec![("url", scalar(url))];
        match login {
            None => {}
            Some(Login::Bearer(token)) => fields.push(("token", print::secret(token))),
            Some(Login::Basic(user, password)) => {
                fields.extend([("user", scalar(user)), ("password", print::secret(password))]);
            }
        }
        fields.extend(through(leads));
        (name, fields)
    });
    named(&mut fields, "alertmanagers", alertmanagers);
    let pagerduty = pagerduty.iter().map(|PagerDuty { name, url, routing_key, leads }| {
        let mut fields = vec![("routing_key", print::secret(routing_key))];
        fields.extend((**url != *PagerDuty::URL).then(|| ("url", scalar(url))));
        fields.extend(through(leads));
        (name, fields)
    });
    named(&mut fields, "pagerduty", pagerduty);
    let ntfy = ntfy.iter().map(|Ntfy { name, url, token, leads }| {
        let mut fields = vec![("url", scalar(url))];
        fields.extend(token.as_ref().map(|token| ("token", print::secret(token))));
        fields.extend(through(leads));
        (name, fields)
    });
    named(&mut fields, "ntfy", ntfy);
    let commands = commands.iter().map(|Command { name, deadline, leads }| {
        let mut fields = Fields::new();
        fields.extend((*deadline != COMMAND_DEFAULT).then(|| ("deadline", span(*deadline))));
        fields.extend(through(leads));
        (name, fields)
    });
    named(&mut fields, "commands", commands);
    if let Some(Heartbeat { url, every, method, token, leads }) = heartbeat {
        let mut beat = vec![("url", scalar(url)), ("every", span(*every))];
        match method {
            Beat::Get => {}
            Beat::Post => beat.push(("method", "POST".to_owned())),
        }
        beat.extend(token.as_ref().map(|token| ("token", print::secret(token))));
        beat.extend(through(leads));
        fields.push(("heartbeat", flow_map(beat)));
    }
    fields
}

/// One kind of way to tell, each by its name; nothing when there is none.
fn named<'n>(
    fields: &mut Fields,
    key: &'static str,
    all: impl Iterator<Item = (&'n Box<str>, Fields)>,
) {
    let all: Vec<_> = all.map(|(name, fields)| (name, flow_map(fields))).collect();
    if !all.is_empty() {
        fields.push((key, flow_map(all)));
    }
}
