//! A loaded component with what the operator lets it have, and one attempt of
//! it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::fallback::{Context, Knowledge, Ready, Roster, TimeLimit, ask, equip, missing_reason};
use crate::http::{HostPattern, Http};
use crate::intake::Work;
use crate::outcome::Reason;
use crate::plan::{Budgets, Component, Email, Gates, NameError, Policy, Secret, Source, TierName};
use crate::sandbox::{AttemptLimits, Descriptor, LoadError, LoadedAdapter, Sandbox};

use super::subject::Subject;
use super::trial::Trial;

/// How a specimen is asked unless the test says otherwise: as a source without
/// a policy of its own, but robots.txt is not asked.
const POLICY: Policy = Policy {
    timeout_ms: 10_000,
    retries_max: 2,
    robots_respect: false,
};

/// The gates of a trial: none but those of the network.
const GATES: Gates = Gates {
    skip_if_breaker_open: false,
    offline_behavior: None,
    skip_if_rate_wait_exceeds_ms: 5_000,
};

/// A component on the bench. Its methods say what an operator's settings
/// would; each returns the specimen changed.
#[derive(Debug, Clone)]
pub struct Specimen {
    sandbox: Sandbox,
    adapter: LoadedAdapter,
    source: Source,
    email: Option<Email>,
    limits: AttemptLimits,
    gates: Gates,
}

impl Specimen {
    pub(super) async fn load(sandbox: &Sandbox, subject: Subject) -> Result<Self, LoadError> {
        let memory_mib = AttemptLimits::DEFAULT.memory_mib;
        let adapter = sandbox
            .load(subject.name.as_str(), subject.bytes, memory_mib)
            .await?;
        let tier = tier_of_trials().map_err(|error| LoadError::Configuration {
            name: subject.shown,
            cause: error.to_string(),
        })?;
        let source = Source {
            tier,
            component: match subject.bundled {
                true => Component::Bundled,
                false => Component::File(subject.file.unwrap_or_default()),
            },
            hosts: (!subject.bundled).then(Vec::new),
            name: subject.name,
            policy: POLICY,
            settings: BTreeMap::new(),
            secrets: BTreeMap::new(),
            memory_mib,
        };
        Ok(Self {
            sandbox: sandbox.clone(),
            adapter,
            source,
            email: None,
            limits: AttemptLimits::DEFAULT,
            gates: GATES,
        })
    }

    /// A source of a plan as the plan equips it; `adapter` was loaded for it.
    #[must_use]
    pub fn of_plan(
        sandbox: &Sandbox,
        adapter: LoadedAdapter,
        source: Source,
        email: Option<Email>,
        gates: Gates,
    ) -> Self {
        let limits = AttemptLimits {
            memory_mib: source.memory_mib,
            ..AttemptLimits::DEFAULT
        };
        Self {
            sandbox: sandbox.clone(),
            adapter,
            source,
            email,
            limits,
            gates,
        }
    }

    /// What it says it is.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        self.adapter.descriptor()
    }

    /// SHA-256 of its component, hex.
    #[must_use]
    pub fn digest(&self) -> &str {
        self.adapter.digest()
    }

    /// The source it is, with everything it was given.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Grants it these hosts and no others: it gets those of them that it
    /// declares.
    #[must_use]
    pub fn granting(mut self, hosts: impl IntoIterator<Item = HostPattern>) -> Self {
        self.source.hosts = Some(hosts.into_iter().collect());
        self
    }

    /// Grants it every host it declares, `*` included.
    #[must_use]
    pub fn granting_declared(self) -> Self {
        let hosts = self.adapter.descriptor().hosts.clone();
        self.granting(hosts)
    }

    /// Sets one of its settings.
    #[must_use]
    pub fn setting(mut self, key: &str, value: &str) -> Self {
        self.source
            .settings
            .insert(key.to_owned(), value.to_owned());
        self
    }

    /// Gives it a secret.
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        let secret = Secret::new("a test".to_owned(), value.to_owned());
        self.source.secrets.insert(name.to_owned(), secret);
        self
    }

    /// The contact address, for an adapter with a setting `email`.
    #[must_use]
    pub fn email(mut self, email: Email) -> Self {
        self.email = Some(email);
        self
    }

    /// How it is asked: time, retries, robots.txt.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.source.policy = policy;
        self
    }

    /// How long one attempt may take, probes of its candidates included.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.source.policy.timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// How often the host repeats a request that failed for the moment.
    #[must_use]
    pub fn retries(mut self, retries_max: u32) -> Self {
        self.source.policy.retries_max = retries_max;
        self
    }

    /// What one attempt may use. No more memory than the engine has room for.
    #[must_use]
    pub fn limits(mut self, limits: AttemptLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Why a race would not show it this work: it has nothing the adapter can
    /// start from.
    #[must_use]
    pub fn would_skip(&self, work: &Work) -> Option<Reason> {
        let wanted = &self.adapter.descriptor().identifiers;
        let had = Knowledge::new(work.clone()).available(wanted);
        (had.is_empty() && !wanted.is_empty()).then(|| missing_reason(wanted))
    }

    /// What it was given, put together: hosts, secrets and settings as the
    /// adapter will have them.
    ///
    /// # Errors
    /// [`LoadError::Configuration`] for a secret that cannot be used.
    pub fn ready(&self) -> Result<Ready, LoadError> {
        let ready = equip(self.adapter.clone(), &self.source, self.email.as_ref())?;
        Ok(Ready {
            limits: self.limits,
            ..ready
        })
    }

    /// One attempt on `work`, in a sandbox of its own, the host's probes of the
    /// candidates included. What a race asks before it launches an attempt
    /// ([`Specimen::would_skip`]) is not asked.
    ///
    /// # Errors
    /// [`LoadError::Configuration`] for a secret that cannot be used. Whatever
    /// the component does is in the trial.
    pub async fn run(&self, http: &Http, work: &Work) -> Result<Trial, LoadError> {
        let budgets = Budgets {
            total_timeout_ms: self.source.policy.timeout_ms,
            max_attempts: 1,
            max_concurrent: 1,
            per_source_timeout_ms: self.source.policy.timeout_ms,
        };
        let roster = Arc::new(Roster::of_one(
            &self.source,
            self.ready()?,
            budgets,
            self.gates,
        ));
        let Some((source, ready)) = roster
            .sources()
            .next()
            .and_then(|source| Some((Arc::clone(source), source.adapter.as_ref().ok()?.clone())))
        else {
            return Err(LoadError::Configuration {
                name: self.source.name.to_string(),
                cause: "the source is not in its own roster".to_owned(),
            });
        };
        let context = Context {
            sandbox: self.sandbox.in_world(http.fixed_world()),
            session: http.session_for(work.work_id.as_str()),
            knowledge: Knowledge::new(work.clone()),
            stored: None,
            roster: Arc::clone(&roster),
        };
        let timeout = self.source.policy.timeout();
        let limit = TimeLimit::new(timeout, timeout);
        let trace = Arc::new(Mutex::default());
        let started = Instant::now();
        let ended = ask(source, ready, context, limit, trace).await;
        Ok(Trial::new(work, ended, started.elapsed()))
    }
}

/// Where a trial's source stands.
fn tier_of_trials() -> Result<TierName, NameError> {
    TierName::parse("test")
}
