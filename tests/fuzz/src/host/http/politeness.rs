//! Places and limits of hosts, which a plan is made of.

#[path = "../../../../../host/src/http/politeness/place.rs"]
pub(crate) mod place;
#[path = "../../../../../host/src/http/politeness/rate.rs"]
mod rate;
#[path = "../../../../../host/src/http/politeness/rules.rs"]
pub(crate) mod rules;
