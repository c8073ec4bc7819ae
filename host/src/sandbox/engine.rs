//! The engine: one per process, with its ticker, its compiled-code cache and
//! its pool of instances.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::component::Linker;
use wasmtime::{
    Cache, CacheConfig, Config, Enabled, Engine, InstanceAllocationStrategy,
    PoolingAllocationConfig,
};

use super::bindings::Adapter;
use super::limits::{EPOCH_TICK, INSTANCES, MEMORIES, TABLE_ELEMENTS, TABLES};
use super::state::{AttemptState, StateData};
use crate::http::har::FixedWorld;
use crate::telemetry::Metrics;

/// Memory of an idle slot that stays with the process, in bytes: what a Rust
/// adapter uses.
const KEEP_RESIDENT: usize = 2 * 1024 * 1024;

/// How hard compiled code is compressed in its cache: the default of zstd.
const COMPRESSION: i32 = 3;

/// How the sandbox is set up.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Where compiled code is kept; none compiles anew each time.
    pub cache_dir: Option<PathBuf>,
    /// Instances that may be alive at once; attempts beyond it wait their turn.
    pub max_instances: u32,
    /// The largest memory limit of any adapter in the plan, in MiB.
    pub max_memory_mib: u32,
    /// What guests see of clock and chance; none: the real ones.
    pub world: Option<FixedWorld>,
    /// Counts instantiations, memory and traps.
    pub metrics: Metrics,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            cache_dir: None,
            max_instances: 32,
            max_memory_mib: super::AttemptLimits::DEFAULT.memory_mib,
            world: None,
            metrics: Metrics::off(),
        }
    }
}

/// Compiles and runs adapters. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
    world: Option<FixedWorld>,
}

struct Inner {
    engine: Engine,
    linker: Linker<AttemptState>,
    slots: Semaphore,
    pooled: bool,
    metrics: Metrics,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("pooled", &self.inner.pooled)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Sets the engine up and starts its ticker.
    ///
    /// # Errors
    ///
    /// When this machine cannot run wasmtime at all.
    pub fn new(config: &SandboxConfig) -> Result<Self, SandboxError> {
        let (engine, pooled) = new_engine(config)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(SandboxError::linker)?;
        Adapter::add_to_linker::<_, StateData>(&mut linker, |state| state)
            .map_err(SandboxError::linker)?;
        start_ticker(&engine)?;
        Ok(Self {
            inner: Arc::new(Inner {
                engine,
                linker,
                slots: Semaphore::new(config.max_instances.max(1) as usize),
                pooled,
                metrics: config.metrics.clone(),
            }),
            world: config.world,
        })
    }

    /// The same sandbox, with what is loaded in it, where guests see `world`
    /// of clock and chance.
    #[must_use]
    pub fn in_world(&self, world: Option<FixedWorld>) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            world,
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn fixed_world(&self) -> Option<FixedWorld> {
        self.world
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    pub(crate) fn linker(&self) -> &Linker<AttemptState> {
        &self.inner.linker
    }

    /// Waits for a free instance: the pool never refuses, it makes you wait.
    pub(crate) async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        self.inner.slots.acquire().await.ok()
    }
}

/// The sandbox could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// wasmtime refuses this machine or configuration.
    #[error("the WebAssembly engine does not start: {0}")]
    Engine(String),
    /// The cache folder cannot be used.
    #[error(
        "{}: cannot keep compiled adapters there: {cause}; choose another folder with --cache-dir",
        path.display()
    )]
    Cache {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
}

impl SandboxError {
    fn linker(error: wasmtime::Error) -> Self {
        Self::Engine(format!("{error:#}"))
    }
}

/// An engine with a pool where the address space allows one, else on demand.
fn new_engine(config: &SandboxConfig) -> Result<(Engine, bool), SandboxError> {
    let mut base = Config::new();
    base.epoch_interruption(true)
        // The contract is synchronous; a guest that needs component-model
        // concurrency fails at load.
        .concurrency_support(false)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(20));
    if let Some(folder) = &config.cache_dir {
        base.cache(Some(open_cache(folder)?));
    }
    let mut pooled = base.clone();
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(config)));
    match Engine::new(&pooled) {
        Ok(engine) => Ok((engine, true)),
        Err(cause) => {
            tracing::debug!(%cause, "no instance pool on this machine; instances on demand");
            let engine =
                Engine::new(&base).map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
            Ok((engine, false))
        }
    }
}

fn open_cache(folder: &Path) -> Result<Cache, SandboxError> {
    let failed = |cause: String| SandboxError::Cache {
        path: folder.to_owned(),
        cause,
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
    let folder = folder
        .canonicalize()
        .map_err(|error| failed(error.to_string()))?;
    let mut config = CacheConfig::new();
    config.with_directory(folder);
    // A component that is used often would be compressed again, as hard as can be, in
    // the background of an ordinary run: 160 MiB for some kilobytes of disk.
    config.with_optimized_compression_level(COMPRESSION);
    config.with_baseline_compression_level(COMPRESSION);
    Cache::new(config).map_err(|error| failed(format!("{error:#}")))
}

/// Sized for the largest adapter the plan may hold. Slots are address space,
/// not memory: an unused one costs nothing.
fn pool(config: &SandboxConfig) -> PoolingAllocationConfig {
    let instances = config.max_instances.max(1);
    let mut pool = PoolingAllocationConfig::new();
    // Components of several modules take several core instances, memories
    // and tables each; most take one or two.
    pool.total_component_instances(instances)
        .total_stacks(instances)
        .total_core_instances(instances.saturating_mul(64))
        .total_memories(instances.saturating_mul(8))
        .total_tables(instances.saturating_mul(16))
        .max_core_instances_per_component(u32::try_from(INSTANCES).unwrap_or(u32::MAX))
        .max_memories_per_component(u32::try_from(MEMORIES).unwrap_or(u32::MAX))
        .max_tables_per_component(u32::try_from(TABLES).unwrap_or(u32::MAX))
        .max_component_instance_size(8 * 1024 * 1024)
        .max_core_instance_size(8 * 1024 * 1024)
        .max_tables_per_module(8)
        .max_memories_per_module(4)
        .table_elements(TABLE_ELEMENTS)
        // Resetting the few pages a guest wrote costs less than giving them
        // back to the kernel and faulting them in again (kernels ≥ 6.7 know
        // which ones those are).
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(KEEP_RESIDENT)
        .max_memory_size(config.max_memory_mib as usize * 1024 * 1024);
    pool
}

/// One thread advances the epoch while the engine lives.
fn start_ticker(engine: &Engine) -> Result<(), SandboxError> {
    let weak = engine.weak();
    thread::Builder::new()
        .name("paperfall-epoch".to_owned())
        .spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(EPOCH_TICK);
            }
        })
        .map(drop)
        .map_err(|error| SandboxError::Engine(format!("no ticker thread: {error}")))
}
