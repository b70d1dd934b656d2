//! `http:` and `https:`, read and printed.

use super::form::{
    Form, SLOW, TLS_EXPIRES, TLS_ROOTS, conditions, printed_conditions, printed_tls, slow, tls,
};
use super::{LITERAL, literal_secret, secret, url};
use crate::check::{HeaderValue, HttpQuestion, Question};
use crate::plantfile::print::{
    self, Fields, flow_list, flow_map, scalar, secret as printed_secret, span,
};
use crate::plantfile::reader::{Keys, choice, entries, host_port, list, number, text};
use crate::plantfile::tree::{Entry, Node, Value as Tree};
use crate::plantfile::{Report, codes, shortened};

macro_rules! fields {
    ($($more:expr),*) => {
        &[
            ("method", "method", "`GET` when not given"),
            ("connect", "text", "where to connect instead of the URL's own host"),
            ("headers", "headers", "request headers"),
            ("status", "statuses", "the statuses that will do; `200..399` when not given"),
            ("body", "body", "conditions on the body"),
            ("expect_headers", "expected-headers", "conditions on the response's headers"),
            ("read_max", "number", "bytes of the body that are read; 1 MiB when not given"),
            SLOW,
            $($more,)*
        ]
    };
}

pub(super) const HTTP: Form = Form {
    key: ("http", "text", "a URL, `http://…`"),
    read: |node, keys, report| http("http", node, keys, report).map(Question::Http),
    fields: fields!(),
    needed: &[],
};

pub(super) const HTTPS: Form = Form {
    key: ("https", "text", "a URL, `https://…`"),
    read: |node, keys, report| http("https", node, keys, report).map(Question::Http),
    fields: fields!(TLS_EXPIRES, TLS_ROOTS),
    needed: &[],
};

/// Headers of one check at most.
const HEADERS_MAX: usize = 100;

/// How much of a body is read when nothing is said.
const BODY_BYTES: u64 = 1024 * 1024;

/// Methods that ask and change nothing (RFC 9110, section 9.2.1).
pub(in crate::plantfile) const METHODS: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// The statuses that will do when nothing is said.
const STATUS: (u16, u16) = (200, 399);

fn http(
    scheme: &'static str,
    node: &Node<'_>,
    keys: &mut Keys<'_, '_>,
    report: &mut Report,
) -> Option<HttpQuestion> {
    let written = text(node, "a URL", report)?;
    let parsed = url(written, scheme);
    if let Err(why) = &parsed {
        let message = format!("`{}` cannot be checked: {why}", shortened(written));
        let help = format!("as `{scheme}://www.example.net/path`");
        let code = if *why == LITERAL { codes::LITERAL_SECRET } else { codes::URL };
        report.add(code, node.place, message, Some(help));
    }
    let method = keys
        .take("method")
        .and_then(|node| choice(node, "`method`", &METHODS.map(|word| (word, word)), report))
        .unwrap_or("GET");
    let connect = keys
        .take("connect")
        .and_then(|node| host_port(node, Some(if scheme == "https" { 443 } else { 80 }), report));
    let headers = headers(keys, report);
    let status = keys.take("status").map_or_else(
        || vec![STATUS],
        |node| {
            if list(node).is_empty() {
                let message = "no status would do".to_owned();
                report.add(codes::EMPTY, node.place, message, None);
            }
            list(node).iter().filter_map(|node| status(node, report)).collect()
        },
    );
    let body = keys.take("body").map_or_else(Vec::new, |node| conditions(node, report));
    let mut response_headers = Vec::new();
    let expected = entries(keys.take("expect_headers"), "`expect_headers`", report);
    for (at, entry) in expected.iter().enumerate() {
        if is_header_name(entry, &expected[..at], report) {
            let name: Box<str> = entry.key.to_ascii_lowercase().into();
            let conditions = conditions(&entry.value, report);
            response_headers.extend(conditions.into_iter().map(|one| (name.clone(), one)));
        }
    }
    let body_bytes_max = keys
        .take("read_max")
        .and_then(|node| number(node, "`read_max`", (0, 64 * 1024 * 1024), report))
        .unwrap_or(BODY_BYTES);
    let slow = slow(keys, report);
    let tls = (scheme == "https").then(|| tls(keys, report));
    let (authority, path) = parsed.ok()?;
    Some(HttpQuestion {
        method,
        authority,
        path,
        connect,
        headers,
        tls,
        status,
        body,
        response_headers,
        body_bytes_max: u32::try_from(body_bytes_max).unwrap_or(u32::MAX),
        slow,
    })
}

/// Reads `headers`.
pub(in crate::plantfile) fn headers(
    keys: &mut Keys<'_, '_>,
    report: &mut Report,
) -> Vec<(Box<str>, HeaderValue)> {
    let mut headers = Vec::new();
    let given = entries(keys.take("headers"), "`headers`", report);
    for (at, entry) in given.iter().enumerate() {
        let confidential = ["authorization", "proxy-authorization", "cookie", "x-api-key"]
            .contains(&&*entry.key.to_ascii_lowercase());
        if !is_header_name(entry, &given[..at], report) {
            continue;
        }
        let value = match &entry.value.value {
            Tree::Map(_) => secret(&entry.value, report).map(HeaderValue::Secret),
            _ if confidential => {
                literal_secret(&entry.value, report);
                None
            }
            _ => text(&entry.value, "a header", report).and_then(|text| {
                if !text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
                    let message = "a header's value is printable ASCII".to_owned();
                    report.add(codes::SHAPE, entry.value.place, message, None);
                    return None;
                }
                Some(HeaderValue::Text(text.into()))
            }),
        };
        headers.extend(value.map(|value| (entry.key.as_ref().into(), value)));
    }
    headers
}

/// Prints `headers`, their secrets by name.
pub(in crate::plantfile) fn printed_headers(headers: &[(Box<str>, HeaderValue)]) -> String {
    flow_map(headers.iter().map(|(name, value)| {
        let value = match value {
            HeaderValue::Text(text) => scalar(text),
            HeaderValue::Secret(name) => printed_secret(name),
        };
        (name, value)
    }))
}

/// Whether a key can be a header's name: a token of RFC 9110, section 5.6.2, and not one of those
/// before it in other letters.
fn is_header_name(entry: &Entry<'_>, before: &[Entry<'_>], report: &mut Report) -> bool {
    if before.len() == HEADERS_MAX {
        let message = format!("more than {HEADERS_MAX} headers");
        report.add(codes::LIMIT, entry.key_place, message, None);
    }
    if before.len() >= HEADERS_MAX {
        return false;
    }
    if let Some(first) = before
        .iter()
        .find(|first| first.key != entry.key && first.key.eq_ignore_ascii_case(&entry.key))
    {
        let message = format!("`{}` is a header twice", shortened(&entry.key));
        let other = Some((first.key_place, "here first"));
        report.add_two(codes::DUPLICATE_KEY, entry.key_place, other, message, None);
    }
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let fits = !entry.key.is_empty() && entry.key.bytes().all(token);
    if !fits {
        let message = format!("`{}` is no header name", shortened(&entry.key));
        report.add(codes::BAD_NAME, entry.key_place, message, None);
    }
    fits
}

fn status(node: &Node<'_>, report: &mut Report) -> Option<(u16, u16)> {
    let written = text(node, "`status`", report)?;
    let (low, high) = written.split_once("..").unwrap_or((written, written));
    let parsed = low.trim().parse().ok().zip(high.trim().parse().ok());
    let fits = parsed.filter(|&(low, high): &(u16, u16)| {
        (100..=599).contains(&low) && low <= high && high <= 599
    });
    if fits.is_none() {
        let message = format!("`{}` is no HTTP status", shortened(written));
        report.add(codes::BOUNDS, node.place, message, Some("as `200` or `200..399`".to_owned()));
    }
    fits
}

pub(super) fn printed(question: &HttpQuestion) -> Fields {
    let HttpQuestion {
        method,
        authority,
        path,
        connect,
        headers,
        tls,
        status,
        body,
        response_headers,
        body_bytes_max,
        slow,
    } = question;
    let (scheme, port) = if tls.is_some() { ("https", 443) } else { ("http", 80) };
    let url = format!("{scheme}://{}{path}", print::host_port(authority, Some(port)));
    let mut fields = vec![(scheme, scalar(&url))];
    if *method != "GET" {
        fields.push(("method", (*method).to_owned()));
    }
    fields
        .extend(connect.as_ref().map(|to| ("connect", scalar(&print::host_port(to, Some(port))))));
    if !headers.is_empty() {
        fields.push(("headers", printed_headers(headers)));
    }
    if status[..] != [STATUS] {
        let ranges = status.iter().map(|(low, high)| match low == high {
            true => low.to_string(),
            false => format!("{low}..{high}"),
        });
        fields.push(("status", flow_list(ranges)));
    }
    if !body.is_empty() {
        fields.push(("body", printed_conditions(body)));
    }
    if !response_headers.is_empty() {
        let of_one = response_headers.chunk_by(|one, next| one.0 == next.0);
        let headers = of_one.map(|of_one| {
            (&of_one[0].0, printed_conditions(of_one.iter().map(|(_, condition)| condition)))
        });
        fields.push(("expect_headers", flow_map(headers)));
    }
    if u64::from(*body_bytes_max) != BODY_BYTES {
        fields.push(("read_max", body_bytes_max.to_string()));
    }
    fields.extend(slow.map(|slow| ("slow", span(slow))));
    fields.extend(tls.iter().flat_map(printed_tls));
    fields
}
