//! What happens at a failpoint of the ledger or of a worker: it is written into
//! the process's story, and when its time has come, the process is killed or
//! stopped there, for real.
//!
//! `PAPERFALL_FAILPOINT=NAME:kill` (or `:stop`, and `:kill:3` for the third time
//! the place is passed) names the place. `PAPERFALL_MUTANT=RULE` switches one of
//! the ledger's rules off, to prove that the tests notice.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Signal, getpid, kill_process};

struct Plan {
    name: String,
    signal: Signal,
    nth: u32,
}

static PLAN: LazyLock<Option<Plan>> = LazyLock::new(|| {
    let text = std::env::var("PAPERFALL_FAILPOINT").ok()?;
    let mut parts = text.split(':');
    Some(Plan {
        name: parts.next()?.to_owned(),
        signal: match parts.next()? {
            "stop" => Signal::STOP,
            _ => Signal::KILL,
        },
        nth: parts.next().and_then(|n| n.parse().ok()).unwrap_or(1),
    })
});
static BORN: LazyLock<Instant> = LazyLock::new(Instant::now);
static STORY: LazyLock<Option<File>> = LazyLock::new(|| {
    let path = std::env::var_os("WORKER_STORY")?;
    File::options().append(true).create(true).open(path).ok()
});
static PASSES: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());

/// Writes a line into this process's story.
pub fn tell(line: &str) {
    if let Some(mut story) = STORY.as_ref() {
        let at = BORN.elapsed().as_millis();
        let thread = thread::current();
        let name = thread.name().unwrap_or("a thread").to_owned();
        // One write, so that lines of several threads do not mix.
        let _ = story.write_all(format!("{at:>6} ms {name}: {line}\n").as_bytes());
    }
}

/// How often the place was passed in this process.
#[must_use]
pub fn passes(name: &str) -> u32 {
    PASSES
        .lock()
        .map_or(0, |passes| passes.get(name).copied().unwrap_or(0))
}

/// Passes the place: goes on, dies, or stands still until continued.
pub fn pass(name: &str) {
    let nth = {
        let Ok(mut passes) = PASSES.lock() else {
            return;
        };
        let times = passes.entry(name.to_owned()).or_insert(0);
        *times += 1;
        *times
    };
    tell(&format!("passed {name}"));
    let Some(plan) = PLAN
        .as_ref()
        .filter(|plan| plan.name == name && plan.nth == nth)
    else {
        return;
    };
    if let Err(error) = kill_process(getpid(), plan.signal) {
        tell(&format!("no signal could be sent: {error}"));
    }
    // It reaches one thread first, however long that takes to run. Then all stand still:
    // this one does no later than it has read that the signal no longer waits.
    while stop_waits_for_a_thread() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether a SIGSTOP was sent to this process and none of its threads has taken it yet.
fn stop_waits_for_a_thread() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let pending = status
        .lines()
        .find_map(|line| line.strip_prefix("ShdPnd:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    pending.is_some_and(|mask| mask & (1 << (Signal::STOP.as_raw() - 1)) != 0)
}

/// Whether this rule of the ledger is switched off.
#[must_use]
pub fn without(rule: &str) -> bool {
    static MUTANT: LazyLock<Option<String>> =
        LazyLock::new(|| std::env::var("PAPERFALL_MUTANT").ok());
    MUTANT.as_deref() == Some(rule)
}
