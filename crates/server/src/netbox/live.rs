//! NetBox's live API (`/api/`, REST), from NetBox 3.3 on: read page by page, with a token that may read.
//!
//! The pages are asked for by our own offsets, so no link that the server gives is ever followed, and the
//! token goes nowhere but to the address that was given. Only fields every version has are asked about; what
//! they were called in which is `reading`'s affair. A part that the token may not see is left out and said;
//! everything else that keeps a page from being read ends the import. Tested against a web server of the
//! test's own that misbehaves in each way.

use super::reading::Reading;
use blackstart_model::netbox::facts::Facts;
use blackstart_model::time::Duration;
use blackstart_probe::Equipment;
use blackstart_probe::fetch::{Door, DoorError, Fetched, Limit, fetch_whole};
/// Where tokens come from, for whoever asks with one.
pub use blackstart_probe::secrets;
use blackstart_probe::secrets::SecretStore;
use serde_json::Value;
use std::sync::Arc;

/// Objects of one page: half of what NetBox gives at most by default (`MAX_PAGE_SIZE`, 1000).
const PAGE: usize = 500;

/// The deadline of one page. Chosen by hand: NetBox takes some seconds for 500 interfaces.
const WITHIN: Duration = Duration::from_secs(60);

/// Bytes of one page at most; an object with all that is nested in it takes some 3 kB.
const PAGE_BYTES_MAX: usize = 64 << 20;

/// Objects of one model at most: twice what a plant may hold.
const OBJECTS_MAX: usize = 4_000_000;

/// What is asked for: the path below `/api/`, the model, and what narrows it down.
const PARTS: &[(&str, &str, &str)] = &[
    ("dcim/sites/", "dcim.site", ""),
    ("dcim/locations/", "dcim.location", ""),
    ("dcim/racks/", "dcim.rack", ""),
    ("dcim/device-roles/", "dcim.devicerole", ""),
    ("dcim/platforms/", "dcim.platform", ""),
    // What a device is configured with is large, and of no use here.
    ("dcim/devices/", "dcim.device", "&exclude=config_context"),
    ("dcim/device-bays/", "dcim.devicebay", ""),
    ("dcim/virtual-chassis/", "dcim.virtualchassis", ""),
    ("dcim/power-panels/", "dcim.powerpanel", ""),
    ("dcim/power-feeds/", "dcim.powerfeed", ""),
    ("dcim/power-ports/", "dcim.powerport", ""),
    ("dcim/power-outlets/", "dcim.poweroutlet", ""),
    // Most interfaces and ports have no cable, and then say nothing.
    ("dcim/interfaces/", "dcim.interface", "&cabled=true"),
    ("dcim/front-ports/", "dcim.frontport", "&cabled=true"),
    ("dcim/rear-ports/", "dcim.rearport", "&cabled=true"),
    ("dcim/cables/", "dcim.cable", ""),
    (TERMINATIONS, "dcim.cabletermination", ""),
    ("circuits/providers/", "circuits.provider", ""),
    ("circuits/provider-networks/", "circuits.providernetwork", ""),
    ("circuits/circuit-types/", "circuits.circuittype", ""),
    ("circuits/circuits/", "circuits.circuit", ""),
    ("circuits/circuit-terminations/", "circuits.circuittermination", ""),
    ("tenancy/tenants/", "tenancy.tenant", ""),
    ("virtualization/clusters/", "virtualization.cluster", ""),
    (
        "virtualization/virtual-machines/",
        "virtualization.virtualmachine",
        "&exclude=config_context",
    ),
    ("ipam/prefixes/", "ipam.prefix", ""),
    ("ipam/services/", "ipam.service", ""),
];

/// The ends of cables: asked for only where they say more than the cables do.
const TERMINATIONS: &str = "dcim/cable-terminations/";

/// The first NetBox in which they tell the lanes of a cable apart.
const WITH_LANES: (u64, u64) = (4, 5);

/// Why NetBox could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The address is none.
    #[error("`{0}` is no address of a NetBox, as `https://netbox.example`")]
    NotAnAddress(String),
    /// The token would travel for everybody to read.
    #[error("the token would go to {0} in the clear; give an `https` address")]
    InTheClear(String),
    /// The token is no token.
    #[error("the token is empty, or holds what cannot be sent")]
    NotAToken,
    /// The token is not accepted.
    #[error("NetBox does not accept the token ({status}: {words})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// NetBox's words.
        words: String,
    },
    /// There is no API there.
    #[error("there is no NetBox API at {0} (404)")]
    NotThere(String),
    /// Another address is the right one.
    #[error("{url} sends elsewhere ({status}); give the address itself")]
    Moved {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// Some other status.
    #[error("{url} says {status}: {words}")]
    Status {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The first of its words.
        words: String,
    },
    /// No whole answer; asking again may help.
    #[error("could not ask {url}: {why}")]
    NoAnswer {
        /// What was asked.
        url: String,
        /// What came instead.
        why: String,
    },
    /// An answer that is none of NetBox's.
    #[error("{url} does not answer as NetBox does: {why}")]
    NotNetBox {
        /// What was asked.
        url: String,
        /// What is wrong with the answer.
        why: String,
    },
}

/// A NetBox, and how it is asked.
pub struct Source {
    door: Door,
    page: usize,
    within: Duration,
    page_bytes_max: usize,
    equipment: Equipment,
}

impl Source {
    /// A NetBox at this address, asked with this token. Nothing is sent yet.
    ///
    /// # Errors
    /// When the address is none, the token is none, or it would be sent in the clear.
    pub fn new(url: &str, token: &str) -> Result<Self, LiveError> {
        let base = url.trim().trim_end_matches('/');
        let base = base.strip_suffix("/api").unwrap_or(base);
        let token = token.trim();
        // Tokens of the second kind, since NetBox 4.5, begin so.
        let prefix = if token.starts_with("nbt_") { "Bearer " } else { "Token " };
        let door = Door::new(base, prefix, token).map_err(|error| match error {
            DoorError::NotAnAddress(url) => LiveError::NotAnAddress(url),
            DoorError::InTheClear(url) => LiveError::InTheClear(url),
            DoorError::NotAToken => LiveError::NotAToken,
        })?;
        Ok(Self {
            door,
            page: PAGE,
            within: WITHIN,
            page_bytes_max: PAGE_BYTES_MAX,
            equipment: Equipment::new(Arc::new(SecretStore::default())),
        })
    }

    /// Other limits: objects of a page, the deadline of one, and its bytes.
    #[must_use]
    pub fn limited(mut self, page: usize, within: Duration, page_bytes_max: usize) -> Self {
        (self.page, self.within, self.page_bytes_max) = (page.max(1), within, page_bytes_max);
        self
    }

    /// Reads all that a plant has a use for. `tell` hears of each page: the part, and the objects of it so far.
    ///
    /// # Errors
    /// When NetBox does not answer, or not as NetBox does.
    ///
    /// # Cancel safety
    /// It only reads, and can be dropped at any time.
    pub async fn read(&self, tell: &mut dyn FnMut(&str, usize)) -> Result<Facts, LiveError> {
        let has_lanes = self.greet().await? >= WITH_LANES;
        let mut reading = Reading::default();
        let mut seen_some = false;
        for (path, model, narrowed) in PARTS {
            if *path == TERMINATIONS && !has_lanes {
                continue;
            }
            seen_some |= self.part(path, model, narrowed, &mut reading, tell).await?;
        }
        if !seen_some {
            let words = "the token may see nothing of it".to_owned();
            return Err(LiveError::Refused { status: 403, words });
        }
        Ok(reading.finish())
    }

    /// Makes sure that there is a NetBox, and the token is good; its version, major and minor.
    async fn greet(&self) -> Result<(u64, u64), LiveError> {
        let url = format!("{}/api/status/", self.door.base());
        let (status, text) = self.get(&url).await?;
        match status {
            200..=299 => {}
            404 => return Err(LiveError::NotThere(self.door.base().to_owned())),
            _ => return Err(refusal(&url, status, &text)),
        }
        let json: Value = serde_json::from_str(&text)
            .map_err(|error| LiveError::NotNetBox { url: url.clone(), why: error.to_string() })?;
        let version = json.get("netbox-version").and_then(Value::as_str);
        let version = version.and_then(|version| {
            let mut parts = version.split('.').map(str::parse::<u64>);
            Some((parts.next()?.ok()?, parts.next()?.ok()?))
        });
        let why = "its status names no version of NetBox".to_owned();
        version.ok_or(LiveError::NotNetBox { url, why })
    }

    /// One part, page by page; false when the token may not see it.
    async fn part(
        &self,
        path: &str,
        model: &str,
        narrowed: &str,
        reading: &mut Reading,
        tell: &mut dyn FnMut(&str, usize),
    ) -> Result<bool, LiveError> {
        let mut offset = 0;
        loop {
            let page = self.page;
            let url = format!(
                "{}/api/{path}?limit={page}&offset={offset}&ordering=id{narrowed}",
                self.door.base()
            );
            let (status, text) = self.get(&url).await?;
            match status {
                200..=299 => {}
                403 => {
                    reading.hole(
                        path,
                        "NetBox does not show it to this token: it is not in the plant",
                    );
                    return Ok(false);
                }
                404 => {
                    reading.hole(path, "this NetBox has no such part: it is not in the plant");
                    return Ok(true);
                }
                _ => return Err(refusal(&url, status, &text)),
            }
            let wrong = |why: String| LiveError::NotNetBox { url: url.clone(), why };
            let json: Value =
                serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
            let said = json.get("count").and_then(Value::as_u64);
            let said = said.ok_or_else(|| wrong("a page without `count`".to_owned()))?;
            let results = json.get("results").and_then(Value::as_array);
            let results = results.ok_or_else(|| wrong("a page without `results`".to_owned()))?;
            for object in results {
                match object.as_object() {
                    Some(fields) => reading.take(model, fields.get("id"), fields),
                    None => reading.hole(path, "an object that is none"),
                }
            }
            offset += results.len();
            tell(path, offset);
            if offset > OBJECTS_MAX {
                return Err(wrong(format!("more than {OBJECTS_MAX} objects")));
            }
            if results.is_empty() || offset as u64 >= said {
                if offset as u64 != said {
                    let words = format!("NetBox says that there are {said}, and gave {offset}");
                    reading.hole(path, words);
                }
                return Ok(true);
            }
        }
    }

    async fn get(&self, url: &str) -> Result<(u16, String), LiveError> {
        let headers = [
            ("authorization", self.door.authorization().to_owned()),
            ("accept", "application/json".to_owned()),
        ];
        let limit = Limit::Bytes(self.page_bytes_max);
        match fetch_whole(&self.equipment, url, &headers, None, self.within, limit).await {
            Fetched::Answered(status @ 300..=399, _) => {
                Err(LiveError::Moved { url: url.to_owned(), status })
            }
            Fetched::Answered(status, text) => Ok((status, text)),
            Fetched::NotSent(why) | Fetched::NoAnswer(why) => {
                Err(LiveError::NoAnswer { url: url.to_owned(), why })
            }
        }
    }
}

/// What a status that is no success means.
fn refusal(url: &str, status: u16, text: &str) -> LiveError {
    // NetBox says why in `detail`; a proxy in front says something else.
    let detail: Option<Value> = serde_json::from_str(text).ok();
    let detail = detail.and_then(|json| json.get("detail")?.as_str().map(str::to_owned));
    let words = detail.unwrap_or_else(|| text.lines().next().unwrap_or_default().to_owned());
    let words: String = words.chars().filter(|c| !c.is_control()).take(200).collect();
    match status {
        401 | 403 => LiveError::Refused { status, words },
        _ => LiveError::Status { url: url.to_owned(), status, words },
    }
}

#[cfg(test)]
mod tests;
