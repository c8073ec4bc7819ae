//! What a store holds for one attempt, and for one only.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use wasmtime::component::{HasSelf, ResourceTable};
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::classify::Stop;
use super::descriptor::Descriptor;
use super::engine::Sandbox;
use super::limiter::SummingLimiter;
use super::limits::{HANDLES, HOSTCALL_BYTES};
use super::stopwatch::Stopwatch;
use super::trace::AttemptTrace;
use super::wasi;
use crate::http::{HostGrants, Meter, Secrets, Session};

/// How the generated bindings reach [`AttemptState`].
pub(crate) type StateData = HasSelf<AttemptState>;

/// The host's side of one attempt.
pub(crate) struct AttemptState {
    wasi: WasiCtx,
    table: ResourceTable,
    pub(crate) limiter: SummingLimiter,
    pub(crate) trace: Arc<Mutex<AttemptTrace>>,
    pub(crate) deadline: Instant,
    /// What the host did for the guest inside its calls.
    pub(crate) host_work: Arc<Stopwatch>,
    /// None inside `describe`, which may not send.
    pub(crate) wire: Option<Wire>,
}

/// What a guest's requests go through.
pub(crate) struct Wire {
    /// The source the adapter is in the plan, for messages.
    pub(crate) adapter: String,
    /// What the adapter declares, for messages.
    pub(crate) descriptor: Arc<Descriptor>,
    pub(crate) session: Session,
    pub(crate) grants: HostGrants,
    pub(crate) secrets: Secrets,
    pub(crate) meter: Arc<Meter>,
    /// Requests the attempt may send.
    pub(crate) requests_max: u32,
    /// Calls made, refused ones included.
    pub(crate) calls: u32,
    /// A request was refused because the budget was spent.
    pub(crate) over_budget: bool,
}

impl AttemptState {
    pub(crate) fn trace(&self) -> MutexGuard<'_, AttemptTrace> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WasiView for AttemptState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// A fresh store with every limit armed. `work` names what it is for, where
/// clock and chance are fixed.
pub(crate) fn new_store(
    sandbox: &Sandbox,
    memory_mib: u32,
    deadline: Instant,
    trace: Arc<Mutex<AttemptTrace>>,
    wire: Option<Wire>,
    work: &str,
) -> Store<AttemptState> {
    let adapter = wire.as_ref().map_or("", |wire| wire.adapter.as_str());
    let fixed = sandbox.fixed_world().map(|world| (world, adapter, work));
    let wasi = wasi::inert(&trace, fixed);
    let mut table = ResourceTable::new();
    table.set_max_capacity(HANDLES);
    let state = AttemptState {
        wasi,
        table,
        limiter: SummingLimiter::new(memory_mib),
        trace,
        deadline,
        host_work: Arc::default(),
        wire,
    };
    let mut store = Store::new(sandbox.engine(), state);
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(HOSTCALL_BYTES);
    store.set_max_component_handles(HANDLES);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|context| {
        if Instant::now() >= context.data().deadline {
            return Err(wasmtime::Error::new(Stop::ComputedPastDeadline));
        }
        // A computing guest gives its thread up at every tick.
        Ok(UpdateDeadline::Yield(1))
    });
    store
}
