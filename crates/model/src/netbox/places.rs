//! Sites, locations and racks: where things stand.
//!
//! A location becomes a room, in its parent or its site; a rack stands in its location or its site. A
//! place that is planned or retired is left out, unless something stands in it.

use super::draft::{Draft, Key, Need, Thing};
use super::facts::{Facts, Id};
use super::{About, Standing, object, standing};
use crate::kind::Kind;
use crate::plantfile::scalar;
use crate::time::Zone;

pub(super) fn declare(facts: &Facts, draft: &mut Draft) {
    for (id, site) in &facts.sites {
        draft.declare(Thing::Site, *id, Kind::Site, site.name.as_deref(), None);
    }
    for (id, location) in &facts.locations {
        let parent = location.parent.map(|parent| (Thing::Location, parent));
        let within = parent.or(location.site.map(|site| (Thing::Site, site)));
        draft.declare(Thing::Location, *id, Kind::Room, location.name.as_deref(), within);
    }
    for (id, rack) in &facts.racks {
        // A rack's name is unique in its site in practice, and the site says more than the row.
        let within = rack.site.map(|site| (Thing::Site, site));
        draft.declare(Thing::Rack, *id, Kind::Rack, rack.name.as_deref(), within);
    }
}

pub(super) fn fill(facts: &Facts, draft: &mut Draft) {
    for (id, site) in &facts.sites {
        let Some(key) = draft.find(Thing::Site, *id) else { continue };
        if let Some(zone) = site.time_zone.as_deref() {
            if Zone::named(zone).is_some() {
                draft.field(key, "timezone", scalar(zone));
            } else {
                draft.doubt(format!("{}: no time zone `{zone}`", object("dcim.site", *id)));
            }
        }
        if let Some(address) = site.physical_address.as_deref() {
            let line: Vec<&str> = address.split_whitespace().collect();
            draft.field(key, "location", scalar(&line.join(" ")));
        }
    }
    for (id, location) in &facts.locations {
        let Some(key) = draft.find(Thing::Location, *id) else { continue };
        stands_in(
            draft,
            key,
            location.parent,
            Thing::Location,
            location.site,
            "dcim.location",
            *id,
        );
    }
    for (id, rack) in &facts.racks {
        let Some(key) = draft.find(Thing::Rack, *id) else { continue };
        stands_in(draft, key, rack.location, Thing::Location, rack.site, "dcim.rack", *id);
    }
}

/// Puts something into a place, or into its site where that is not known.
pub(super) fn stands_in(
    draft: &mut Draft,
    key: Key,
    place: Option<Id>,
    thing: Thing,
    site: Option<Id>,
    model: &str,
    id: Id,
) {
    let place = place.map(|place| (thing, place));
    let site = site.map(|site| (Thing::Site, site));
    for (thing, place) in place.into_iter().chain(site) {
        match draft.find(thing, place) {
            Some(place) if place != key => {
                return draft.need(key, "in", Need::Any(vec![place]));
            }
            Some(_) => draft.doubt(format!("{}: stands in itself", object(model, id))),
            None => {
                let words = format!("{}: its place {place} is nowhere", object(model, id));
                draft.doubt(words);
            }
        }
    }
    let words = format!("where is {}?", draft.name(key));
    draft.ask(key, About::Place, words);
}

/// Leaves out places that are not in use and hold nothing.
pub(super) fn leave_out_the_unused(facts: &Facts, draft: &mut Draft) {
    let sites = facts.sites.iter().map(|(id, one)| (Thing::Site, *id, "sites", &one.status));
    let locations =
        facts.locations.iter().map(|(id, one)| (Thing::Location, *id, "locations", &one.status));
    let racks = facts.racks.iter().map(|(id, one)| (Thing::Rack, *id, "racks", &one.status));
    let mut doubtful: Vec<Option<(&'static str, String)>> = vec![None; draft.entries.len()];
    for (thing, id, what, status) in sites.chain(locations).chain(racks) {
        let unused = matches!(standing(status.as_deref()), Standing::NotYet | Standing::Gone);
        // A rack that is going out of use still holds what stands in it.
        if let Some(key) = draft.find(thing, id).filter(|_| unused) {
            doubtful[key] = Some((what, status.as_deref().unwrap_or_default().to_owned()));
        }
    }
    let mut held = vec![false; draft.entries.len()];
    let mut open: Vec<Key> =
        (0..draft.entries.len()).filter(|key| doubtful[*key].is_none()).collect();
    while let Some(key) = open.pop() {
        for (field, need) in &draft.entries[key].needs {
            if *field != "in" {
                continue;
            }
            for place in need.of() {
                if !std::mem::replace(&mut held[*place], true) && doubtful[*place].is_some() {
                    open.push(*place);
                }
            }
        }
    }
    for (key, doubt) in doubtful.into_iter().enumerate() {
        let Some((what, status)) = doubt else { continue };
        let name = draft.name(key).to_owned();
        if held[key] {
            let words = format!("is {name} in use? NetBox says {status}, and things stand in it");
            draft.ask(key, About::Status, words);
        } else {
            draft.entries[key].is_void = true;
            draft.leave_out(what, &format!("{status} in NetBox, and empty"), name);
        }
    }
}
