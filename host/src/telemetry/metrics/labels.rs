//! The label sets, each with a closed or a planned set of values.

use prometheus_client::encoding::EncodeLabelSet;

/// Declares label sets whose values are words known when the program is built.
macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident { $($field:ident),+ })*) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
        pub(super) struct $name {
            $(pub(super) $field: &'static str,)+
        })*
    };
}

labels! {
    /// A job's state.
    State { state }
    /// Where a job moved.
    ToState { to_state }
    /// A kind of effect.
    OpKind { op_type }
    /// How an effect ended.
    OpEnd { op_type, result_code }
    /// How a work's race ended, and whether sources agree that there is nothing.
    WorkEnd { outcome, agreed_absent }
    /// A service.
    Service { host_class }
    /// Why a sandbox ended an attempt.
    Failure { reason }
    /// The program.
    Build { version }
}

/// One source's attempts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AttemptEnd {
    pub(super) tier: String,
    pub(super) source: String,
    pub(super) outcome: &'static str,
}

/// Why attempts ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AttemptReason {
    pub(super) outcome: &'static str,
    pub(super) reason: String,
}

/// A source of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Source {
    pub(super) source: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Answer {
    pub(super) host_class: &'static str,
    pub(super) status: String,
    pub(super) cache: &'static str,
}
