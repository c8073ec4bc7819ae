//! Every metric there is: its name, what it means, its buckets.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::labels::{
    Answer, AttemptEnd, AttemptReason, Build, Failure, OpEnd, OpKind, Service, Source, State,
    ToState, WorkEnd,
};

/// Seconds that a lease or a limiter makes wait; 0.1 is the service level.
const WAITS: [f64; 12] = [
    0.000_1, 0.000_25, 0.001, 0.002_5, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];
/// Seconds that effects, attempts and requests take; 30 and 120 are service levels.
const TIMES: [f64; 13] = [
    0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 600.0,
];
/// Seconds to instantiate a component: 40 µs in Rust, 1.4 ms in Python.
const INSTANTIATIONS: [f64; 9] = [
    0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.001, 0.002_5, 0.01, 0.1, 1.0,
];
/// Bytes of guest memory, 1 to 128 MiB.
const MEMORY: [f64; 8] = [
    1_048_576.0,
    2_097_152.0,
    4_194_304.0,
    8_388_608.0,
    16_777_216.0,
    33_554_432.0,
    67_108_864.0,
    134_217_728.0,
];

pub(super) type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// The metrics themselves.
pub(super) struct Families {
    pub(super) jobs: Family<State, Gauge>,
    pub(super) leases_left_behind: Gauge,
    pub(super) jobs_planned: Counter,
    pub(super) job_transitions: Family<ToState, Counter>,
    pub(super) leases: Counter,
    pub(super) lease_wait: Histogram,
    pub(super) lease_renewals: Counter,
    pub(super) lease_releases: Counter,
    pub(super) takeovers: Counter,
    pub(super) takeovers_ended: Counter,
    pub(super) operations: Family<OpEnd, Counter>,
    pub(super) operation_time: Histograms<OpKind>,
    pub(super) replays: Family<OpKind, Counter>,
    pub(super) crash_recoveries: Counter,
    pub(super) recovered_leases: Counter,
    pub(super) abandoned_operations: Counter,
    pub(super) healed_jobs: Counter,
    pub(super) swept_parts: Counter,
    pub(super) attempts: Family<AttemptEnd, Counter>,
    pub(super) attempt_reasons: Family<AttemptReason, Counter>,
    pub(super) attempt_time: Histograms<Source>,
    pub(super) works: Family<WorkEnd, Counter>,
    pub(super) time_to_paper: Histogram,
    pub(super) http_requests: Family<Answer, Counter>,
    pub(super) http_time: Histograms<Service>,
    pub(super) breakers: Family<State, Gauge>,
    pub(super) breaker_openings: Family<Service, Counter>,
    pub(super) limiter_wait: Histograms<Service>,
    pub(super) instantiation: Histogram,
    pub(super) memory_peak: Histogram,
    pub(super) sandbox_failures: Family<Failure, Counter>,
    pub(super) download_bytes: Counter,
    pub(super) dropped: Counter,
    pub(super) lost: Counter,
}

fn waits() -> Histogram {
    Histogram::new(WAITS)
}

fn times() -> Histogram {
    Histogram::new(TIMES)
}

/// A family of histograms with these buckets.
fn histograms<L: Clone + std::hash::Hash + Eq>(buckets: fn() -> Histogram) -> Histograms<L> {
    Family::new_with_constructor(buckets)
}

impl Families {
    /// Makes them all and enters them into a registry. Counters get `_total`
    /// when they are printed.
    pub(super) fn register() -> (Self, Registry) {
        let mut all = Registry::with_prefix("paperfall");
        let all = &mut all;
        let families = Self {
            jobs: family(
                all,
                "jobs",
                "Jobs of the ledger by state, all processes together",
            ),
            leases_left_behind: register(
                all,
                "leases_left_behind",
                "Leases that ran out more than ten minutes ago and that nobody has taken",
                Gauge::default(),
            ),
            jobs_planned: counter(all, "jobs_planned", "Jobs that were new to the ledger"),
            job_transitions: family(
                all,
                "job_transitions",
                "Moves of jobs by the state they came to",
            ),
            leases: counter(all, "leases", "Leases granted"),
            lease_wait: register(
                all,
                "lease_wait_seconds",
                "From asking for a lease to its grant",
                waits(),
            ),
            lease_renewals: counter(all, "lease_renewals", "Leases prolonged"),
            lease_releases: counter(all, "lease_releases", "Leases let go"),
            takeovers: counter(
                all,
                "takeovers",
                "Jobs taken over from a process that vanished",
            ),
            takeovers_ended: counter(
                all,
                "takeovers_ended",
                "Jobs taken over that came to their end here",
            ),
            operations: family(all, "operations", "Effects that ended, by kind and result"),
            operation_time: register(
                all,
                "operation_seconds",
                "How long effects took",
                histograms(times),
            ),
            replays: family(all, "replays", "Results of earlier effects used again"),
            crash_recoveries: counter(all, "crash_recoveries", "Runs of the reconciler"),
            recovered_leases: counter(
                all,
                "recovered_leases",
                "Expired leases of vanished processes the reconciler found",
            ),
            abandoned_operations: counter(
                all,
                "abandoned_operations",
                "Effects whose worker vanished",
            ),
            healed_jobs: counter(
                all,
                "healed_jobs",
                "Jobs whose missing file was restored or is fetched again",
            ),
            swept_parts: counter(
                all,
                "swept_parts",
                "Part files removed because nobody will continue them",
            ),
            attempts: family(
                all,
                "attempts",
                "Attempts and skips of sources by how they ended",
            ),
            attempt_reasons: family(
                all,
                "attempt_reasons",
                "Why attempts and skips ended so; an adapter's own words are 'other'",
            ),
            attempt_time: register(
                all,
                "attempt_seconds",
                "How long attempts took, skips not counted",
                histograms(times),
            ),
            works: family(
                all,
                "works",
                "Races for a work that ended; agreed_absent: two sources or more say not_oa or not_found",
            ),
            time_to_paper: register(
                all,
                "time_to_paper_seconds",
                "From the start of a race to its paper",
                times(),
            ),
            http_requests: family(
                all,
                "http_requests",
                "HTTP requests by service, status (none: no answer) and cache verdict",
            ),
            http_time: register(
                all,
                "http_request_seconds",
                "How long requests took to their headers",
                histograms(times),
            ),
            breakers: family(
                all,
                "breakers",
                "Hosts by the state of their circuit breaker, closed ones not counted",
            ),
            breaker_openings: family(all, "breaker_openings", "Circuit breakers that opened"),
            limiter_wait: register(
                all,
                "limiter_wait_seconds",
                "How long requests waited for their turn at a host",
                histograms(waits),
            ),
            instantiation: register(
                all,
                "sandbox_instantiation_seconds",
                "How long components took to instantiate",
                Histogram::new(INSTANTIATIONS),
            ),
            memory_peak: register(
                all,
                "sandbox_memory_peak_bytes",
                "The most memory a component held in an attempt",
                Histogram::new(MEMORY),
            ),
            sandbox_failures: family(
                all,
                "sandbox_failures",
                "Attempts the sandbox ended: trap, memory_limit, fuel_or_epoch and the like",
            ),
            download_bytes: counter(
                all,
                "download_bytes",
                "Bytes of the papers that were fetched",
            ),
            dropped: counter(
                all,
                "telemetry_dropped",
                "Events dropped because the queue was full",
            ),
            lost: counter(
                all,
                "telemetry_lost",
                "Events that a file or a table could not take",
            ),
        };
        let build = Build {
            version: env!("CARGO_PKG_VERSION"),
        };
        all.register("build", "The program", Info::new(build));
        (families, std::mem::take(all))
    }
}

fn register<M>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M
where
    M: prometheus_client::registry::Metric + Clone,
{
    registry.register(name, help, metric.clone());
    metric
}

fn counter(registry: &mut Registry, name: &str, help: &str) -> Counter {
    register(registry, name, help, Counter::default())
}

fn family<L, M>(registry: &mut Registry, name: &str, help: &str) -> Family<L, M>
where
    L: EncodeLabelSet + Clone + std::hash::Hash + Eq + std::fmt::Debug + Send + Sync + 'static,
    M: Default + Clone,
    Family<L, M>: prometheus_client::registry::Metric,
{
    register(registry, name, help, Family::default())
}
