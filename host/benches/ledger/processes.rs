//! Several processes on one file: what they get done together, how long each
//! waits, and whether one starves. A worker is this very binary, started anew.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use paperfall::ledger::{Durability, LeaseRequest, Ledger, ResultCode, SqliteLedger};
use serde_json::{Value, json};

use crate::common::{Goal, Spread, report};
use crate::effects::effect;
use crate::stage::{self, Stage, TTL};

const PROCESSES: usize = 4;
const ROUNDS: usize = 7;
/// Tasks of each process.
const TASKS: [usize; 2] = [1, 4];
/// How long a round lasts.
const ROUND: Duration = Duration::from_millis(250);
/// What a worker is told.
const ORDERS: &str = "PAPERFALL_BENCH_WORKER";

pub fn measure(stage: &Stage, durability: Durability) {
    if durability == Durability::Full {
        weather(stage);
    }
    for tasks in TASKS {
        let mut workers: Vec<Worker> = (0..PROCESSES)
            .map(|_| Worker::start(stage, durability, tasks))
            .collect();
        let mut ratios = Vec::new();
        let mut shares = Vec::new();
        let mut waits: Vec<f64> = Vec::new();
        let mut cpu = Vec::new();
        let mut nothing = 0;
        // The first round warms up.
        for round in 0..=ROUNDS {
            let (one, four) = if round % 2 == 0 {
                let one = run(&mut workers[..1]);
                (one, run(&mut workers))
            } else {
                let four = run(&mut workers);
                (run(&mut workers[..1]), four)
            };
            if round == 0 {
                continue;
            }
            ratios.push(four.cycles() / one.cycles());
            cpu.push((four.cpu() / four.cycles()) / (one.cpu() / one.cycles()));
            let fair = four.cycles() / PROCESSES as f64;
            let least = four
                .0
                .iter()
                .map(|said| said.cycles)
                .fold(f64::MAX, f64::min);
            shares.push(least / fair);
            waits.extend(four.0.iter().flat_map(|said| &said.waits));
            nothing += four.0.iter().map(|said| said.nothing).sum::<u64>();
        }
        println!("{PROCESSES} processes on one file, tasks in each: {tasks}");
        report(
            "  together / one of them, done a second",
            "×",
            &Spread::new(ratios),
            Some(Goal::AtLeast(0.9)),
        );
        report(
            "  CPU time of what is done, together / one",
            "×",
            &Spread::new(cpu),
            None,
        );
        report(
            "  least share of a process, of a fair one",
            "×",
            &Spread::new(shares),
            Some(Goal::AtLeast(0.25)),
        );
        waits.sort_by(f64::total_cmp);
        let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
        println!(
            "  waits for a lease: median {:.2} ms, p99 {:.2} ms, longest {:.2} ms of {}",
            at(0.5),
            at(0.99),
            at(1.0),
            waits.len()
        );
        report(
            "  wait for a lease, p99.9",
            "ms",
            &Spread::new(vec![at(0.999)]),
            Some(Goal::AtMost(50.0)),
        );
        let word = if nothing == 0 { "met" } else { "MISSED" };
        println!(
            "  \"nothing to lease\" while jobs were due: {nothing} times  [goal never: {word}]"
        );
    }
}

/// What the disk itself takes for a sync of two pages, to judge the waits by.
fn weather(stage: &Stage) {
    const SYNCS: usize = 300;
    let path = stage.ours().with_file_name("weather");
    let mut file = std::fs::File::create(&path).expect("a file");
    let mut took: Vec<f64> = (0..SYNCS)
        .map(|_| {
            let began = Instant::now();
            file.write_all(&[7; 8192]).expect("written");
            file.sync_all().expect("synced");
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    took.sort_by(f64::total_cmp);
    let (median, most) = (took[SYNCS / 2], took[SYNCS - 1]);
    let p99 = took[SYNCS * 99 / 100];
    println!(
        "a bare write and sync on this disk: median {median:.2} ms, p99 {p99:.2} ms, longest {most:.2} ms of {SYNCS}"
    );
    std::fs::remove_file(path).expect("removed");
}

/// What workers said after a round.
struct Round(Vec<Said>);

struct Said {
    cycles: f64,
    cpu: f64,
    nothing: u64,
    waits: Vec<f64>,
}

impl Round {
    fn cycles(&self) -> f64 {
        self.0.iter().map(|said| said.cycles).sum()
    }

    fn cpu(&self) -> f64 {
        self.0.iter().map(|said| said.cpu).sum()
    }
}

fn run(workers: &mut [Worker]) -> Round {
    for worker in workers.iter_mut() {
        worker.go();
    }
    Round(workers.iter_mut().map(Worker::hear).collect())
}

struct Worker {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    fn start(stage: &Stage, durability: Durability, tasks: usize) -> Self {
        let orders =
            json!({"ledger": stage.ours(), "full": durability == Durability::Full, "tasks": tasks});
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .env(ORDERS, orders.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a worker");
        let (orders, answers) = (child.stdin.take(), child.stdout.take());
        let mut worker = Self {
            child,
            orders,
            answers: BufReader::new(answers.expect("its output")),
        };
        worker.line();
        worker
    }

    fn go(&mut self) {
        writeln!(self.orders.as_mut().expect("open"), "go").expect("it listens");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it speaks");
        assert!(!line.is_empty(), "the worker ended");
        line
    }

    fn hear(&mut self) -> Said {
        let said: Value = serde_json::from_str(&self.line()).expect("JSON");
        let waits = said["waits_ms"].as_array().expect("waits");
        Said {
            cycles: said["cycles"].as_f64().expect("cycles"),
            cpu: said["cpu_s"].as_f64().expect("CPU time"),
            nothing: said["nothing"].as_u64().expect("a count"),
            waits: waits.iter().filter_map(Value::as_f64).collect(),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It ends when nobody gives orders any more.
        self.orders = None;
        self.child.wait().expect("it ends");
    }
}

/// Whether this process is a worker; then it has worked until nobody gave orders.
pub fn work_if_child() -> bool {
    let Ok(orders) = std::env::var(ORDERS) else {
        return false;
    };
    let orders: Value = serde_json::from_str(&orders).expect("orders");
    let durability = if orders["full"] == true {
        Durability::Full
    } else {
        Durability::Normal
    };
    let path = std::path::Path::new(orders["ledger"].as_str().expect("a path"));
    let tasks = orders["tasks"].as_u64().expect("a number");
    let runtime = stage::runtime();
    let ledger = Arc::new(stage::open(path, durability));
    println!("ready");
    for line in std::io::stdin().lines() {
        line.expect("orders");
        let cpu = crate::common::cpu_time();
        let done = runtime.block_on(work(&ledger, tasks));
        let cpu_s = crate::common::cpu_time().saturating_sub(cpu).as_secs_f64();
        let (cycles, nothing, waits) = done;
        println!(
            "{}",
            json!({"cycles": cycles, "cpu_s": cpu_s, "nothing": nothing, "waits_ms": waits})
        );
    }
    if let Some(ledger) = Arc::into_inner(ledger) {
        runtime.block_on(ledger.close());
    }
    true
}

/// Leases, does an effect, lets go, again and again.
async fn work(ledger: &Arc<SqliteLedger>, tasks: u64) -> (u64, u64, Vec<f64>) {
    let until = Instant::now() + ROUND;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        let ledger = Arc::clone(ledger);
        all.spawn(async move {
            let (mut cycles, mut nothing, mut waits) = (0, 0, Vec::new());
            while Instant::now() < until {
                let asked = Instant::now();
                let leased = ledger
                    .lease(LeaseRequest::one(TTL))
                    .await
                    .expect("an answer");
                waits.push(asked.elapsed().as_secs_f64() * 1e3);
                let Some(held) = leased.leases.into_iter().next() else {
                    nothing += 1;
                    continue;
                };
                // Not for good, so that the job can be had again and again.
                effect(&ledger, &held, ResultCode::Retryable).await;
                ledger.release(&held).await.expect("released");
                cycles += 1;
            }
            (cycles, nothing, waits)
        });
    }
    let (mut cycles, mut nothing, mut waits) = (0, 0, Vec::new());
    while let Some(done) = all.join_next().await {
        let (c, n, w) = done.expect("a task");
        cycles += c;
        nothing += n;
        waits.extend(w);
    }
    (cycles, nothing, waits)
}
