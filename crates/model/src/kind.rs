//! The kinds of component: one list, which the plant file's sections, its schema and the docs are made from.

use crate::codes::codes;

codes! {
    /// What sort of thing a component is; the text is the singular as people say it.
    Kind {
        /// A building.
        Site = "site",
        /// A room in a site.
        Room = "room",
        /// A rack.
        Rack = "rack",
        /// A cooling unit.
        Cooling = "cooling",
        /// A power feed.
        Feed = "feed",
        /// An uninterruptible power supply.
        Ups = "ups",
        /// A generator.
        Generator = "generator",
        /// A transfer switch, which picks one of its inputs.
        TransferSwitch = "transfer-switch",
        /// A power distribution unit.
        Pdu = "pdu",
        /// A circuit breaker.
        Breaker = "breaker",
        /// An outlet.
        Outlet = "outlet",
        /// A power supply unit inside a machine.
        Psu = "psu",
        /// A physical server.
        Server = "server",
        /// A baseboard management controller.
        Bmc = "bmc",
        /// A network interface card.
        Nic = "nic",
        /// A switch: forwards within a segment.
        Switch = "switch",
        /// A router: forwards between segments.
        Router = "router",
        /// A firewall: forwards between segments.
        Firewall = "firewall",
        /// A load balancer: forwards between segments.
        LoadBalancer = "load-balancer",
        /// A lateral link between two network components.
        Link = "link",
        /// A shared address held by one of several.
        Vip = "vip",
        /// An upstream provider.
        Upstream = "upstream",
        /// An address block.
        Prefix = "prefix",
        /// A hypervisor.
        Hypervisor = "hypervisor",
        /// A virtual machine.
        Vm = "vm",
        /// A container.
        Container = "container",
        /// A storage system.
        Storage = "storage",
        /// A disk.
        Disk = "disk",
        /// A database.
        Database = "database",
        /// A service.
        Service = "service",
        /// A customer's web presence.
        Website = "website",
        /// A scheduled job.
        Job = "job",
        /// A certificate.
        Certificate = "certificate",
        /// A file or folder that something stands on.
        File = "file",
        /// A backup.
        Backup = "backup",
        /// A monitor of others.
        Monitor = "monitor",
        /// A customer.
        Customer = "customer",
        /// Anything else that has to work.
        Component = "component",
    }
}

impl Kind {
    /// The plant file's section for this kind: the plural, with `_` for `-`.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::Site => "sites",
            Self::Room => "rooms",
            Self::Rack => "racks",
            Self::Cooling => "cooling",
            Self::Feed => "feeds",
            Self::Ups => "ups",
            Self::Generator => "generators",
            Self::TransferSwitch => "transfer_switches",
            Self::Pdu => "pdus",
            Self::Breaker => "breakers",
            Self::Outlet => "outlets",
            Self::Psu => "psus",
            Self::Server => "servers",
            Self::Bmc => "bmcs",
            Self::Nic => "nics",
            Self::Switch => "switches",
            Self::Router => "routers",
            Self::Firewall => "firewalls",
            Self::LoadBalancer => "load_balancers",
            Self::Link => "links",
            Self::Vip => "vips",
            Self::Upstream => "upstreams",
            Self::Prefix => "prefixes",
            Self::Hypervisor => "hypervisors",
            Self::Vm => "vms",
            Self::Container => "containers",
            Self::Storage => "storage",
            Self::Disk => "disks",
            Self::Database => "databases",
            Self::Service => "services",
            Self::Website => "websites",
            Self::Job => "jobs",
            Self::Certificate => "certificates",
            Self::File => "files",
            Self::Backup => "backups",
            Self::Monitor => "monitors",
            Self::Customer => "customers",
            Self::Component => "components",
        }
    }

    /// True for what people use: its being down is an impact by itself.
    #[must_use]
    pub const fn is_used(self) -> bool {
        matches!(self, Self::Service | Self::Website | Self::Database | Self::Customer)
    }

    /// What hands power on.
    pub const POWER: &'static [Self] = &[
        Self::Feed,
        Self::Ups,
        Self::Generator,
        Self::TransferSwitch,
        Self::Pdu,
        Self::Breaker,
        Self::Outlet,
        Self::Psu,
    ];

    /// True for what hands power on.
    #[must_use]
    pub fn distributes_power(self) -> bool {
        Self::POWER.contains(&self)
    }

    /// True for what forwards between segments.
    #[must_use]
    pub const fn routes(self) -> bool {
        matches!(
            self,
            Self::Router | Self::Firewall | Self::LoadBalancer | Self::Vip | Self::Upstream
        )
    }
}
