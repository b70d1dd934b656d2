//! Scenarios with real daemons. Each file tells its goal, its drawing and its method.

mod plant;
mod cut_vantage;
mod nginx_stopped;
mod killed;
mod dns;
