//! `samples` of a plant file: how long they are kept, and where else they are written; read and printed again.
//!
//! Tested by the round trip and the hostile texts of `tests/it`.

use super::Report;
use super::alerts::{login, web_url};
use super::print::{self, Fields, flow_map, scalar, span};
use super::questions::http::{headers, printed_headers};
use super::reader::{Keys, span_within};
use super::tree::Node;
use crate::plant::{Keeping, Login, RemoteWrite};
use crate::time::Duration;

/// How long minutes may be kept: the open hours are always, and ten years are more than a disk is used.
const MINUTES: (Duration, Duration) =
    (Duration::from_secs(2 * 3_600), Duration::from_secs(3_650 * 86_400));

/// How long hours may be kept.
const HOURS: (Duration, Duration) =
    (Duration::from_secs(2 * 86_400), Duration::from_secs(36_500 * 86_400));

/// Reads `samples`.
pub(super) fn read(node: &Node<'_>, report: &mut Report) -> Keeping {
    let mut keeping = Keeping::default();
    let Some(mut keys) = Keys::of(node, "`samples`", report) else { return keeping };
    let mut kept = |key, bounds, own: &mut Duration| {
        let given = keys.take(key);
        if let Some(given) =
            given.and_then(|node| span_within(node, &format!("`{key}`"), bounds, report))
        {
            *own = given;
        }
    };
    kept("minutes", MINUTES, &mut keeping.minutes);
    kept("hours", HOURS, &mut keeping.hours);
    keeping.remote_write = keys.take("remote_write").and_then(|node| remote_write(node, report));
    keys.finish("`samples`", report);
    keeping
}

fn remote_write(node: &Node<'_>, report: &mut Report) -> Option<RemoteWrite> {
    let mut keys = Keys::of(node, "`remote_write`", report)?;
    let url = keys.need("url", report).and_then(|node| web_url(node, report));
    let login = login(&mut keys, report);
    let headers = headers(&mut keys, report);
    keys.finish("`remote_write`", report);
    Some(RemoteWrite { url: url?.into(), login, headers })
}

/// Prints `samples`.
pub(super) fn fields(keeping: &Keeping) -> Fields {
    let Keeping { minutes, hours, remote_write } = keeping;
    let mut fields = Fields::new();
    if *minutes != Keeping::MINUTES {
        fields.push(("minutes", span(*minutes)));
    }
    if *hours != Keeping::HOURS {
        fields.push(("hours", span(*hours)));
    }
    if let Some(RemoteWrite { url, login, headers }) = remote_write {
        let mut remote = vec![("url", scalar(url))];
        match login {
            None => {}
            Some(Login::Bearer(token)) => remote.push(("token", print::secret(token))),
            Some(Login::Basic(user, password)) => {
                remote.extend([("user", scalar(user)), ("password", print::secret(password))]);
            }
        }
        if !headers.is_empty() {
            remote.push(("headers", printed_headers(headers)));
        }
        fields.push(("remote_write", flow_map(remote)));
    }
    fields
}
