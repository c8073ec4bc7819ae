//! The export, without the kit's own care for limits: one of the faults is to
//! break them.

#![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]

const _: () = {
    use paperfall_adapter::bindings::exports::paperfall::adapter::source;

    struct Component;

    impl source::Guest for Component {
        fn describe() -> source::Descriptor {
            crate::adapter::describe()
        }

        fn resolve(
            work: source::Work,
            policy: source::Policy,
        ) -> Result<source::Findings, source::Miss> {
            crate::adapter::resolve(&paperfall_adapter::ComponentHost, &work, &policy)
                .map_err(source::Miss::from)
        }
    }

    paperfall_adapter::bindings::export!(Component with_types_in paperfall_adapter::bindings);
};
