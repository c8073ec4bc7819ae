//! A plan of test adapters, each in a tier of its own.

use crate::{Guest, Rig};

impl Rig {
    /// Writes the adapters' files; the flags of a plan that is nothing but
    /// them, in this order.
    pub fn tiers(&self, guests: Vec<(&str, Guest)>) -> Vec<String> {
        let mut names = Vec::new();
        let mut flags = Vec::new();
        for (name, guest) in guests {
            self.file(&format!("{name}.wasm"), guest.build());
            flags.push("--fallback-tier".to_owned());
            flags.push(format!("{name}:adapter={name}.wasm"));
            names.push(name);
        }
        flags.extend(["--only".to_owned(), names.join(",")]);
        flags
    }
}
