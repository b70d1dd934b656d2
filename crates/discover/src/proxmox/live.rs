//! The live API of Proxmox VE (`/api2/json`), asked with a token that may read (role `PVEAuditor`).
//!
//! Only `GET`, each with a deadline and a limit, redirects never followed; the token goes to the address that was
//! given and nowhere else. A part that the token may not see, or that this version does not have, is left out and
//! said; nodes and guests are needed. Tested against a web server of the test's own, that misbehaves, too.

use super::Said;
use crate::seen::Report;
use blackstart_model::time::Duration;
use blackstart_probe::Equipment;
use blackstart_probe::fetch::{Door, DoorError, Fetched, Limit, fetch_whole};
use serde_json::{Value, json};

/// The deadline of one answer. Chosen by hand: a cluster takes some seconds for ten thousand guests.
const WITHIN: Duration = Duration::from_secs(30);

/// Bytes of one answer at most.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Guests whose configurations are asked for, one question each; what is beyond is a question to people.
const CONFIGS_MAX: usize = 5_000;

/// What is asked for, the needed one first.
const PARTS: [&str; 6] = [
    "cluster/resources",
    "cluster/status",
    "cluster/ha/resources",
    "cluster/ha/groups",
    // Rules took the place of groups in Proxmox VE 9.
    "cluster/ha/rules",
    "storage",
];

/// Why a cluster could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The address or the token is none.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// The system gives no runtime.
    #[error("could not start a runtime to ask with")]
    Runtime(#[source] std::io::Error),
    /// It does not answer as Proxmox does; asking again may help.
    #[error("{url}: {why}")]
    Answer {
        /// What was asked.
        url: String,
        /// What is wrong.
        why: String,
    },
}

/// Reads the cluster whose API is at this address, `https://pve1.example:8006`. `token` is `USER@REALM!NAME=SECRET`.
/// Blocks.
///
/// # Errors
/// When it does not answer, or not as Proxmox does.
pub fn read(url: &str, token: &str, by: &str) -> Result<Report, LiveError> {
    let base = url.trim().trim_end_matches('/').trim_end_matches("/api2/json");
    let door = Door::new(base, "PVEAPIToken=", token)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(LiveError::Runtime)?;
    runtime.block_on(asked(&door, by))
}

async fn asked(door: &Door, by: &str) -> Result<Report, LiveError> {
    let equipment = Equipment::bare();
    let mut said = Said::default();
    let mut missing: Vec<String> = Vec::new();
    for part in PARTS {
        match get(&equipment, door, part).await {
            Ok(document) => said.take(&document),
            Err(NotRead::Left(why)) if part != PARTS[0] => missing.push(format!("{part} ({why})")),
            Err(NotRead::Left(why) | NotRead::Failed(why)) => {
                return Err(LiveError::Answer { url: format!("{}/{part}", door.base()), why });
            }
        }
    }
    let guests: Vec<String> = said
        .guests()
        .take(CONFIGS_MAX)
        .map(|(id, node, is_container)| {
            let kind = if is_container { "lxc" } else { "qemu" };
            format!("{node}/{kind}/{id}")
        })
        .collect();
    let unasked = said.guests().count() - guests.len();
    let mut unseen = 0_usize;
    for guest in guests {
        let id = guest.rsplit('/').next().unwrap_or_default().to_owned();
        // A node's name goes into a path: one that is none is not asked for.
        let is_plain = guest.chars().all(|it| it.is_ascii_alphanumeric() || "-./".contains(it));
        if !is_plain || guest.contains("..") {
            unseen += 1;
            continue;
        }
        match get(&equipment, door, &format!("nodes/{guest}/config")).await {
            Ok(document) => {
                let config = document.get("data").cloned().unwrap_or(Value::Null);
                said.config(&json!({ "vmid": id, "config": config }));
            }
            Err(NotRead::Left(_)) => unseen += 1,
            Err(NotRead::Failed(why)) => {
                return Err(LiveError::Answer {
                    url: format!("{}/nodes/{guest}", door.base()),
                    why,
                });
            }
        }
    }
    let report = said.report(by);
    let mut report =
        report.map_err(|why| LiveError::Answer { url: door.base().to_owned(), why: why.0 })?;
    for part in missing {
        report.doubt("", &format!("not shown, so not in the plant: {part}"));
    }
    if unseen > 0 {
        report.doubt(
            "",
            &format!("the configurations of {unseen} guests are not shown to this token"),
        );
    }
    if unasked > 0 {
        report.doubt(
            "",
            &format!(
                "the configurations of {unasked} guests, for only {CONFIGS_MAX} are asked for"
            ),
        );
    }
    Ok(report)
}

/// Why a part was not read.
enum NotRead {
    /// It is not there, or not for us.
    Left(String),
    /// It should be, and is not.
    Failed(String),
}

async fn get(equipment: &Equipment, door: &Door, part: &str) -> Result<Value, NotRead> {
    let url = format!("{}/api2/json/{part}", door.base());
    let headers = [
        ("authorization", door.authorization().to_owned()),
        ("accept", "application/json".to_owned()),
    ];
    let limit = Limit::Bytes(ANSWER_BYTES_MAX);
    match fetch_whole(equipment, &url, &headers, None, WITHIN, limit).await {
        Fetched::Answered(200, text) => serde_json::from_str(&text).map_err(|error| {
            NotRead::Failed(format!("it does not answer as Proxmox does: {error}"))
        }),
        Fetched::Answered(401, _) => {
            Err(NotRead::Failed("the token is not accepted (401)".to_owned()))
        }
        Fetched::Answered(403, _) => Err(NotRead::Left("not for this token, 403".to_owned())),
        Fetched::Answered(404 | 500 | 501, _) => {
            Err(NotRead::Left("this version has it not".to_owned()))
        }
        Fetched::Answered(status, _) => Err(NotRead::Failed(format!("it says {status}"))),
        Fetched::NotSent(why) | Fetched::NoAnswer(why) => Err(NotRead::Failed(why)),
    }
}
