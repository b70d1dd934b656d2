//! The command line as an operator meets it: words, exit codes, and a server through its whole life.

mod blackstart;
mod check;
mod draw;
mod import;
mod coldstart;
mod whatif;
mod cutsets;
mod availability;
mod diagnose;
mod discover;
mod doctor;
mod serve;
mod observed;
mod demo;
mod access;
mod hostile;
mod manual;
mod upgrade;
