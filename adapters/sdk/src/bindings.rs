//! The contract as Rust, generated from `wit/0.1.0` at build time. Everything
//! useful in it is re-exported by the crate's root; adapters need not come here.

wit_bindgen::generate!({
    path: "../../wit/0.1.0",
    world: "adapter",
    pub_export_macro: true,
    default_bindings_module: "paperfall_adapter::bindings",
    additional_derives: [PartialEq],
});
