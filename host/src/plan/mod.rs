//! The plan: which sources are asked, in which order, under which budgets.
//!
//! Flags, the environment, `paperfall.toml` and the defaults are put together
//! once, at start, into one validated [`Plan`]. Everything that could be wrong
//! with a setting is found here and refused in one line that names the place,
//! the cause and the remedy; what runs later can rely on the plan without
//! checking again. Every value remembers where it came from
//! ([`Plan::rows`]).
//!
//! The plan does no network and loads no component.

mod adapters_dir;
mod component;
mod config_file;
mod config_tables;
mod defaults;
mod draft;
mod effective;
mod email;
mod environment;
mod error;
mod flags;
mod host_limits;
mod layer;
mod layout;
mod name;
mod number;
mod origin;
mod policies;
mod resolve;
mod rows;
mod secret;
mod spelling;
mod switches;
mod tier_spec;
mod toml_reader;
mod word;

#[cfg(test)]
mod tests;

pub use component::Component;
pub use effective::{Budgets, Gates, Plan, Policy, Source, Tier};
pub use email::{Email, EmailError};
pub use error::{PlanError, PlanWarning, Problem};
pub use flags::PlanFlags;
pub use name::{NameError, SourceName, TierName};
pub use origin::Origin;
pub use resolve::PlanInputs;
pub use rows::Row;
pub use secret::Secret;
pub(crate) use spelling::{nearest, remedy};
pub use word::OfflineBehavior;
