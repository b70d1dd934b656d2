//! Whatever NetBox says, the plant made of it is one that the checker takes, and the same each time.

use blackstart_model::netbox::facts::{
    Address, Cable, Circuit, CircuitTermination, Cluster, Device, DeviceBay, End, Facts, FrontPort,
    Id, Interface, Location, Named, Parent, PowerFeed, PowerOutlet, PowerPanel, PowerPort, Prefix,
    ProviderNetwork, Rack, RearPort, Said, Scope, Service, Site, Table, VirtualChassis,
    VirtualMachine,
};
use blackstart_model::netbox::{Layout, import};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

/// Few numbers, so that most references lead somewhere, some nowhere, and circles are common.
fn id() -> impl Strategy<Value = Id> {
    0..8_u64
}

fn at() -> impl Strategy<Value = Option<Id>> {
    option::of(id())
}

fn name() -> impl Strategy<Value = Said> {
    let words = prop_oneof![
        "[a-c]",
        "[A-Z a-z0-9._:/#{}'\"-]{0,12}",
        "\\PC{0,6}",
        Just("internet".to_owned()),
        Just("x".repeat(300)),
        Just("line\u{2028}break\n# ? \u{202e}not a comment: x".to_owned()),
    ];
    option::of(words.prop_map(Into::into))
}

fn status() -> impl Strategy<Value = Said> {
    let words = prop_oneof![
        Just("active"),
        Just("planned"),
        Just("offline"),
        Just("failed"),
        Just("decommissioning"),
        Just("retired"),
        Just("of our own: #1"),
    ];
    option::weighted(0.4, words.prop_map(Into::into))
}

fn table<T: std::fmt::Debug>(one: impl Strategy<Value = T>) -> impl Strategy<Value = Table<T>> {
    btree_map(id(), one, 0..8)
}

fn named(words: &'static [&'static str]) -> impl Strategy<Value = Table<Named>> {
    let word = proptest::sample::select(words);
    table(word.prop_map(|word| Named { name: Some(word.into()), slug: None }))
}

fn amount() -> impl Strategy<Value = Option<f64>> {
    option::of(prop_oneof![Just(0.0), -500.0..5_000.0_f64, Just(1e18), Just(0.1)])
}

fn address() -> impl Strategy<Value = Vec<Address>> {
    let one = prop_oneof![
        id().prop_map(Address::Object),
        any::<std::net::IpAddr>().prop_map(Address::Is)
    ];
    vec(one, 0..3)
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        4 => id().prop_map(End::Interface),
        2 => id().prop_map(End::PowerPort),
        2 => id().prop_map(End::PowerOutlet),
        1 => id().prop_map(End::FrontPort),
        1 => id().prop_map(End::RearPort),
        1 => id().prop_map(End::PowerFeed),
        1 => id().prop_map(End::CircuitTermination),
    ]
}

fn places(facts: Facts) -> impl Strategy<Value = Facts> {
    let zone = option::of(prop_oneof![Just("Europe/Berlin".into()), Just("Mars/Base".into())]);
    let site = (name(), status(), zone, name()).prop_map(|(name, status, time_zone, address)| {
        Site { name, slug: None, status, time_zone, physical_address: address }
    });
    let location = (name(), status(), at(), at())
        .prop_map(|(name, status, site, parent)| Location { name, status, site, parent });
    let rack = (name(), status(), at(), at()).prop_map(|(name, status, site, location)| Rack {
        name,
        status,
        site,
        location,
    });
    (table(site), table(location), table(rack)).prop_map(move |(sites, locations, racks)| Facts {
        sites,
        locations,
        racks,
        ..facts.clone()
    })
}

fn devices(facts: Facts) -> impl Strategy<Value = Facts> {
    let device = ((name(), status(), address()), vec(at(), 8), option::of(0..4_u64)).prop_map(
        |((name, status, primary), at, vc_position)| Device {
            name,
            role: at[0],
            platform: at[1],
            tenant: at[2],
            site: at[3],
            location: at[4],
            rack: at[5],
            status,
            cluster: at[6],
            virtual_chassis: at[7],
            vc_position,
            primary,
        },
    );
    let bay =
        (at(), at()).prop_map(|(device, installed_device)| DeviceBay { device, installed_device });
    let chassis = (name(), at()).prop_map(|(name, master)| VirtualChassis { name, master });
    let roles =
        named(&["Switch", "Core Router", "Server", "PDU", "Patch Panel", "Odd", "UPS", "ATS"]);
    (table(device), table(bay), table(chassis), roles, named(&["Linux 6", "#"])).prop_map(
        move |(devices, device_bays, virtual_chassis, roles, platforms)| Facts {
            devices,
            device_bays,
            virtual_chassis,
            roles,
            platforms,
            ..facts.clone()
        },
    )
}

fn power(facts: Facts) -> impl Strategy<Value = Facts> {
    let panel =
        (name(), at(), at()).prop_map(|(name, site, location)| PowerPanel { name, site, location });
    let phase = option::of(Just("three-phase".into()));
    let feed = (name(), at(), at(), status(), phase, (amount(), amount(), amount())).prop_map(
        |(name, power_panel, rack, status, phase, (voltage, amperage, max_utilization))| {
            PowerFeed {
                name,
                power_panel,
                rack,
                status,
                supply: None,
                phase,
                voltage,
                amperage,
                max_utilization,
                mark_connected: false,
            }
        },
    );
    let port = (name(), at(), amount(), amount()).prop_map(
        |(name, device, maximum_draw, allocated_draw)| PowerPort {
            name,
            device,
            maximum_draw,
            allocated_draw,
            mark_connected: true,
        },
    );
    let outlet = (name(), at(), at(), option::of(Just("B".into()))).prop_map(
        |(name, device, power_port, feed_leg)| PowerOutlet {
            name,
            device,
            power_port,
            feed_leg,
            status: None,
        },
    );
    (table(panel), table(feed), table(port), table(outlet)).prop_map(
        move |(power_panels, power_feeds, power_ports, power_outlets)| Facts {
            power_panels,
            power_feeds,
            power_ports,
            power_outlets,
            ..facts.clone()
        },
    )
}

fn network(facts: Facts) -> impl Strategy<Value = Facts> {
    let interface =
        (name(), at(), proptest::bool::weighted(0.9), proptest::bool::weighted(0.2)).prop_map(
            |(name, device, enabled, mgmt_only)| Interface { name, device, enabled, mgmt_only },
        );
    let front = (name(), at(), vec((id(), 0..3_u64), 0..3))
        .prop_map(|(name, device, behind)| FrontPort { name, device, behind });
    let rear = (name(), at(), 0..3_u64).prop_map(|(name, device, positions)| RearPort {
        name,
        device,
        positions,
    });
    let lane = || (end(), option::of(0..3_u64));
    let cable = (status(), vec(lane(), 0..3), vec(lane(), 0..3)).prop_map(|(status, a, b)| Cable {
        status,
        a,
        b,
    });
    let network = (name(), at()).prop_map(|(name, provider)| ProviderNetwork { name, provider });
    let circuit =
        (name(), vec(at(), 3), status(), amount()).prop_map(|(cid, at, status, commit_rate)| {
            Circuit {
                cid,
                provider: at[0],
                circuit_type: at[1],
                status,
                tenant: at[2],
                commit_rate,
            }
        });
    let end = (at(), at(), at()).prop_map(|(circuit, site, provider_network)| CircuitTermination {
        circuit,
        term_side: None,
        site,
        provider_network,
    });
    let prefix = option::of((any::<std::net::IpAddr>(), 0..=32_u8));
    let prefix = (prefix, at()).prop_map(|(prefix, vrf)| Prefix { prefix, vrf, status: None });
    let carriers = (named(&["Carrier & Co: #1"]), named(&["Internet", "Dark Fibre"]));
    let ports = (table(interface), table(front), table(rear), btree_set(id(), 0..4));
    (
        ports,
        btree_map(0..40_u64, cable, 0..40),
        table(network),
        table(circuit),
        table(end),
        table(prefix),
        carriers,
    )
        .prop_map(
            move |(
                (interfaces, front_ports, rear_ports, with_patch_ports),
                cables,
                provider_networks,
                circuits,
                circuit_terminations,
                prefixes,
                (providers, circuit_types),
            )| Facts {
                interfaces,
                front_ports,
                rear_ports,
                with_patch_ports,
                cables,
                provider_networks,
                circuits,
                circuit_terminations,
                prefixes,
                providers,
                circuit_types,
                ..facts.clone()
            },
        )
}

fn machines(facts: Facts) -> impl Strategy<Value = Facts> {
    let scope = option::of(prop_oneof![id().prop_map(Scope::Site), id().prop_map(Scope::Location)]);
    let cluster = (name(), status(), at(), scope)
        .prop_map(|(name, status, tenant, scope)| Cluster { name, status, tenant, scope });
    let machine =
        (name(), status(), vec(at(), 5), address()).prop_map(|(name, status, at, primary)| {
            VirtualMachine {
                name,
                status,
                site: at[0],
                cluster: at[1],
                device: at[2],
                tenant: at[3],
                platform: at[4],
                primary,
            }
        });
    let parent = option::of(prop_oneof![
        id().prop_map(Parent::Device),
        id().prop_map(Parent::VirtualMachine)
    ]);
    let service = (name(), parent, address()).prop_map(|(name, parent, addresses)| Service {
        name,
        protocol: Some("tcp".into()),
        ports: vec![443],
        parent,
        addresses,
    });
    let tenant = name().prop_map(|name| Named { name, slug: None });
    (table(cluster), table(machine), table(service), table(tenant)).prop_map(
        move |(clusters, virtual_machines, services, tenants)| Facts {
            clusters,
            virtual_machines,
            services,
            tenants,
            ..facts.clone()
        },
    )
}

fn facts() -> impl Strategy<Value = Facts> {
    Just(Facts::default())
        .prop_flat_map(places)
        .prop_flat_map(devices)
        .prop_flat_map(power)
        .prop_flat_map(network)
        .prop_flat_map(machines)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_checker_takes_what_the_importer_writes(facts in facts()) {
        let made = import(&facts, Layout::OneFile);
        let errors: Vec<_> = made.errors().collect();
        prop_assert!(errors.is_empty(), "{errors:?}\n{}", made.files[0].1);
        prop_assert_eq!(&made.files, &import(&facts, Layout::OneFile).files);
        let folder = import(&facts, Layout::Folder);
        prop_assert!(folder.errors().next().is_none());
        for (site, one) in &facts.sites {
            let _ = site;
            let Some(name) = one.name.as_deref() else { continue };
            let mut alone = facts.clone();
            prop_assert!(alone.only_site(name).is_ok());
            prop_assert!(import(&alone, Layout::OneFile).errors().next().is_none());
        }
    }
}
