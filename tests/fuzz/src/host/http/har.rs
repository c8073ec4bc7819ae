//! Recordings: reading them needs no wire.

#[path = "../../../../../host/src/http/har/error.rs"]
mod error;
#[path = "../../../../../host/src/http/har/lenient.rs"]
mod lenient;
#[path = "../../../../../host/src/http/har/model.rs"]
mod model;
#[path = "../../../../../host/src/http/har/parse.rs"]
mod parse;

pub(crate) use parse::parse;

use model::{Ending, Recording};

/// Holds a recording to what a replay relies on.
pub(crate) fn is_sound(recording: &Recording) {
    assert_eq!(recording.is_empty(), recording.len() == 0);
    for recorded in &recording.exchanges {
        assert!(!recorded.method.is_empty());
        if let Some(answer) = &recorded.answer {
            assert!((100..=599).contains(&answer.status));
        }
        let whole = matches!(recorded.ending, Ending::Whole | Ending::BodyMissing);
        assert!(!whole || recorded.answer.is_some());
        // What is waited for can be waited for.
        assert!(
            std::time::Instant::now()
                .checked_add(recorded.took)
                .is_some()
        );
    }
}
