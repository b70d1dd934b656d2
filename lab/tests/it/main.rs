//! Scenarios with real daemons. Each file tells its goal, its drawing and its method.

mod plant;
mod one_switch;
mod cut_vantage;
mod cut_agent;
mod nginx_stopped;
mod no_plant;
mod lldp;
mod push;
mod alertmanager_in;
mod killed;
mod ways_out;
mod blind;
mod dns;
mod dialogues;
mod probe;
mod icmp;
mod seed_2;
mod seed_5;
mod seed_6;
mod outlet;
mod small_host;
mod first_minute;
mod packages;
