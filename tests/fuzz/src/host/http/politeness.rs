//! What an operator says about hosts.

#[path = "../../../../../host/src/http/politeness/place.rs"]
mod place;
#[path = "../../../../../host/src/http/politeness/rate.rs"]
mod rate;
#[path = "../../../../../host/src/http/politeness/rules.rs"]
mod rules;

pub(crate) use place::HostPlace;
pub(crate) use rules::HostRule;
