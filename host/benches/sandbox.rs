//! One attempt through the sandbox against bare wasmtime: instantiate and
//! call the same component with the same input.

#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use common::{Goal, interleave, ratios, report};
use paperfall::http::{HostGrants, Http, HttpConfig, Secrets};
use paperfall::sandbox::{
    AttemptInput, AttemptLimits, Bundled, GuestIdentifier, GuestWork, Sandbox, SandboxConfig,
};

/// What anyone would write who only wanted to call this component.
mod bare {
    use wasmtime::component::{Component, HasSelf, Linker, ResourceTable};
    use wasmtime::{
        Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
    };
    use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

    wasmtime::component::bindgen!({
        path: "../wit/0.1.0",
        world: "adapter",
        imports: { default: async | trappable },
        exports: { default: async },
    });

    use self::paperfall::adapter::{budget, http, log, types};

    pub struct State {
        wasi: WasiCtx,
        table: ResourceTable,
    }

    impl WasiView for State {
        fn ctx(&mut self) -> WasiCtxView<'_> {
            WasiCtxView {
                ctx: &mut self.wasi,
                table: &mut self.table,
            }
        }
    }

    impl types::Host for State {}
    impl http::Host for State {
        async fn send(
            &mut self,
            _: http::Request,
        ) -> wasmtime::Result<Result<http::Response, http::HttpError>> {
            Err(wasmtime::Error::msg("not used"))
        }
        async fn probe(
            &mut self,
            _: String,
        ) -> wasmtime::Result<Result<http::Verdict, http::HttpError>> {
            Err(wasmtime::Error::msg("not used"))
        }
    }
    impl log::Host for State {
        async fn log(&mut self, _: log::Level, _: String) -> wasmtime::Result<()> {
            Ok(())
        }
    }
    impl budget::Host for State {
        async fn remaining(&mut self) -> wasmtime::Result<budget::RemainingBudget> {
            Err(wasmtime::Error::msg("not used"))
        }
    }

    pub struct Bare {
        engine: Engine,
        pre: AdapterPre<State>,
    }

    impl Bare {
        pub fn new(bytes: &[u8]) -> Self {
            let mut pool = PoolingAllocationConfig::new();
            // The same pool as the sandbox's: not its settings are compared.
            pool.max_memory_size(64 * 1024 * 1024)
                .pagemap_scan(Enabled::Auto)
                .linear_memory_keep_resident(2 * 1024 * 1024)
                .table_keep_resident(2 * 1024 * 1024);
            let mut config = Config::new();
            config
                .epoch_interruption(true)
                .concurrency_support(false)
                .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
            let engine = Engine::new(&config).expect("an engine");
            let component = Component::from_binary(&engine, bytes).expect("a component");
            let mut linker = Linker::new(&engine);
            wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("WASI links");
            Adapter::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)
                .expect("the contract links");
            let pre = AdapterPre::new(linker.instantiate_pre(&component).expect("it links"))
                .expect("it fits");
            Self { engine, pre }
        }

        pub async fn call(&self, doi: &str) -> usize {
            let mut store = Store::new(
                &self.engine,
                State {
                    wasi: WasiCtx::builder().build(),
                    table: ResourceTable::new(),
                },
            );
            store.set_epoch_deadline(u64::MAX / 2);
            let adapter = self
                .pre
                .instantiate_async(&mut store)
                .await
                .expect("it instantiates");
            let work = types::Work {
                work_id: "arxiv:2101.00001".to_owned(),
                artifact_id: "arxiv:2101.00001:pdf".to_owned(),
                title: None,
                identifiers: vec![types::Identifier {
                    scheme: "arxiv".to_owned(),
                    value: doi.to_owned(),
                }],
                pdf_urls: Vec::new(),
                landing_urls: Vec::new(),
            };
            let policy = types::Policy {
                timeout_ms: 8000,
                retries_max: 3,
                robots_respect: false,
                settings: vec![types::Setting {
                    key: "base-url".to_owned(),
                    value: "https://arxiv.org".to_owned(),
                }],
            };
            let findings = adapter
                .paperfall_adapter_source()
                .call_resolve(&mut store, &work, &policy)
                .await
                .expect("no trap")
                .expect("findings");
            findings.candidates.len()
        }
    }
}

/// Attempts a side makes in one round.
const ATTEMPTS: usize = 2000;
const ROUNDS: usize = 15;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let bytes = Bundled::by_name("arxiv").expect("bundled").bytes;
    let bare = bare::Bare::new(bytes);
    let sandbox = Sandbox::new(&SandboxConfig::default()).expect("a sandbox");
    let adapter = runtime
        .block_on(sandbox.load("arxiv", Arc::from(bytes), 64))
        .expect("it loads");
    let session = Http::new(HttpConfig::default()).expect("HTTP").session();
    let input = AttemptInput {
        work: GuestWork {
            work_id: "arxiv:2101.00001".to_owned(),
            artifact_id: "arxiv:2101.00001:pdf".to_owned(),
            title: None,
            identifiers: vec![GuestIdentifier {
                scheme: "arxiv".to_owned(),
                value: "2101.00001".to_owned(),
            }],
            pdf_urls: Vec::new(),
            landing_urls: Vec::new(),
        },
        session,
        grants: HostGrants::any(),
        secrets: Secrets::default(),
        settings: BTreeMap::from([("base-url".to_owned(), "https://arxiv.org".to_owned())]),
        retries_max: 3,
        robots_respect: false,
        timeout: std::time::Duration::from_secs(8),
        limits: AttemptLimits::DEFAULT,
    };
    let rounds = interleave(
        ROUNDS,
        || {
            runtime.block_on(async {
                for _ in 0..ATTEMPTS {
                    let trace = Arc::new(Mutex::default());
                    let report = sandbox.resolve(&adapter, input.clone(), trace).await;
                    assert_eq!(report.result.expect("findings").candidates.len(), 1);
                }
            });
        },
        || {
            runtime.block_on(async {
                for _ in 0..ATTEMPTS {
                    assert_eq!(bare.call("2101.00001").await, 1);
                }
            });
        },
    );
    println!("attempt through the sandbox / bare wasmtime instantiate + call (arxiv adapter)");
    report(
        "  by CPU time",
        "×",
        &ratios(&rounds, |cost| cost.cpu),
        Some(Goal::AtMost(1.3)),
    );
    report(
        "  by wall time",
        "×",
        &ratios(&rounds, |cost| cost.wall),
        None,
    );
    let each = |cost: common::Cost| cost.cpu.as_secs_f64() * 1e6 / ATTEMPTS as f64;
    report(
        "  one attempt",
        "µs of CPU",
        &common::Spread::new(rounds.iter().map(|(ours, _)| each(*ours)).collect()),
        None,
    );
}
