//! Where the commands of a document are run: a folder as its reader has one, and
//! a miniature web with the works that documents name.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use paperfall_e2e::{Guest, Rig, binary};
use paperfall_miniweb::{
    Answer, Location, Paper, Pdf, PmcDeposit, PmcVersion, Script, UnpaywallRecord, World,
};
use tokio::process::Command;

/// No command of a document takes longer.
const PATIENCE: Duration = Duration::from_secs(240);
/// The port of the documents' metrics: another process may have it.
const METRICS_PORT: &str = "9184";
/// Works of `works.txt` beside those that documents name.
const MORE_WORKS: u32 = 21;

/// What is not run, and why. Of these only the shape is checked.
const NOT_RUN: [(&str, &str); 7] = [
    (
        "cargo ",
        "it builds and takes minutes: only its shape is checked here",
    ),
    (".ci/run", "it runs this test"),
    ("cd acme", "scaffolds.rs works in such a project"),
    (
        "./build.sh",
        "scaffolds.rs builds projects of each language",
    ),
    (
        "paperfall adapter test acme.wasm --works tests/",
        "it wants what build.sh makes; scaffolds.rs runs it",
    ),
    (
        "paperfall resolve 10.7717/peerj.4375 --only acme",
        "it wants what build.sh makes; scaffolds.rs runs it",
    ),
    (
        "paperfall adapter diff old.wasm",
        "it wants two builds; author_diff.rs runs it",
    ),
];

/// What may end so, too, and why.
const MAY_END: [(&str, i32, &str); 2] = [
    ("paperfall slo", 1, "a busy machine may miss a level"),
    (
        "paperfall demo",
        1,
        "its verdicts are for commands.rs to judge",
    ),
];

/// Tools that a machine for development may lack; CI has them.
const TOOLS: [&str; 2] = ["sqlite3", "promtool"];

/// The top level of the repository.
pub(crate) fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("../..")
        .canonicalize()
        .expect("the repository is there")
}

/// See the module.
pub(crate) struct Desk {
    rig: Rig,
}

impl Desk {
    /// A folder in which `works.txt` has been run once, on a ledger.
    pub(crate) async fn new() -> Self {
        let desk = Self {
            rig: Rig::new(world()).await,
        };
        let rig = &desk.rig;
        let mut list = "10.7717/peerj.4375\narXiv:2101.00001\nPMC7759461\n".to_owned();
        list.extend((0..MORE_WORKS).map(|n| format!("10.5555/more.{n}\n")));
        rig.file("works.txt", list);
        // An adapter that has one paper for everybody, in each of its versions.
        let mut acme = Guest::new("acme");
        let found = acme.candidate("https://peerj.com/articles/4375.pdf");
        let acme = acme.resolve(found).build();
        for name in ["acme.wasm", "acme-1.wasm", "acme-2.wasm"] {
            rig.file(name, &acme);
        }
        rig.file("bin/.keep", "");
        let folder = rig.folder();
        std::os::unix::fs::symlink(binary(), folder.join("bin/paperfall")).expect("a link");
        std::os::unix::fs::symlink(repository().join("host"), folder.join("host")).expect("a link");
        let first = desk
            .fault("paperfall run works.txt --enable-idempotency")
            .await;
        assert_eq!(first, None);
        // One that failed, for those documents that try again what failed.
        desk.rig.file("blocked.txt", "10.5555/blocked\n");
        let (code, said) = desk
            .bash("paperfall run blocked.txt --enable-idempotency")
            .await;
        assert_eq!(code, 1, "{said}");
        desk
    }

    /// What is wrong with a command: nothing, when it can be pasted.
    pub(crate) async fn fault(&self, command: &str) -> Option<String> {
        if let Some((_, reason)) = NOT_RUN.iter().find(|(begin, _)| command.starts_with(begin)) {
            eprintln!("not run ({reason}): {command}");
            return match command.strip_prefix("paperfall ") {
                Some(rest) => {
                    let words: Vec<&str> = rest.split_whitespace().collect();
                    let help = self.help(&words).await;
                    help.is_none()
                        .then(|| format!("no such command: {command}"))
                }
                None => shape_fault(command),
            };
        }
        let words = || command.split([' ', ';']);
        let missing = TOOLS
            .iter()
            .find(|tool| words().any(|word| word == **tool) && !is_there(tool));
        if let Some(tool) = missing
            && std::env::var_os("PAPERFALL_REQUIRE_TOOLS").is_none()
        {
            eprintln!("not run (there is no {tool} here): {command}");
            return None;
        }
        let ended = self.bash(command).await;
        let code = ended.0;
        let may = MAY_END
            .iter()
            .any(|(part, may, _)| command.contains(part) && *may == code);
        (code != 0 && !may).then(|| format!("exit {code}: {command}\n{}", ended.1))
    }

    async fn bash(&self, command: &str) -> (i32, String) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let command = command.replace(METRICS_PORT, &port.to_string());
        let like = self.rig.command([] as [&str; 0]);
        let mut bash = Command::new("bash");
        bash.args(["-c", &command])
            .current_dir(self.rig.folder())
            .env_clear();
        for (name, value) in like.as_std().get_envs() {
            if let Some(value) = value {
                bash.env(name, value);
            }
        }
        // The demo brings a web of its own, and its reader has no variables.
        if command.contains("paperfall demo") {
            bash.env_remove("PAPERFALL_RESOLVE")
                .env_remove("PAPERFALL_CA_FILE");
        }
        let path = std::env::var("PATH").unwrap_or_default();
        let bin = self.rig.folder().join("bin");
        bash.env("PATH", format!("{}:{path}", bin.display()))
            .env_remove("PAPERFALL_OUT")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let ran = tokio::time::timeout(PATIENCE, bash.output());
        match ran.await {
            Err(_) => (-1, format!("not done after {} s", PATIENCE.as_secs())),
            Ok(ran) => {
                let ran = ran.expect("there is a bash");
                let said = [ran.stdout, ran.stderr].concat();
                let said = String::from_utf8_lossy(&said).into_owned();
                (ran.status.code().unwrap_or(-1), said)
            }
        }
    }

    /// The words of help of a command, with what it is called by; none when
    /// there is no such command.
    pub(crate) async fn help(&self, command: &[&str]) -> Option<String> {
        let args = command.iter().copied().chain(["--help"]);
        let ran = self.rig.paperfall(args).await;
        (ran.code == 0).then_some(ran.stdout)
    }
}

fn is_there(tool: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(tool).is_file()))
}

/// A command that is not run: what it names has to be there.
fn shape_fault(command: &str) -> Option<String> {
    let root = repository();
    let words: Vec<&str> = command.split_whitespace().collect();
    let known = ["run", "test", "build", "install", "fmt", "clippy", "bench"];
    let fault = match words.as_slice() {
        ["cd", "acme"] | ["./build.sh"] => None,
        [".ci/run"] => (!root.join(".ci/run").is_file()).then_some("no such file"),
        ["cargo", sub, ..] if known.contains(sub) => words.windows(2).find_map(|pair| match pair {
            ["--path", path] => (!root.join(path).is_dir()).then_some("no such folder"),
            ["--test", name] => {
                let folders = ["host/tests", "tests/e2e/tests", "tests/faults/tests"];
                let there = folders.iter().any(|folder| {
                    let folder = root.join(folder);
                    folder.join(format!("{name}.rs")).is_file() || folder.join(name).is_dir()
                });
                (!there).then_some("no such test")
            }
            _ => None,
        }),
        _ => Some("no such command"),
    };
    fault.map(|fault| format!("{fault}: {command}"))
}

fn open(paper: Paper, file: &str, seed: u64) -> Paper {
    let record = UnpaywallRecord::open([Location::pdf(file, "https://press.example/")]);
    let pdf = Pdf::new("Documents", seed, 20_000);
    paper.unpaywall(record).page(file, Answer::pdf(pdf))
}

/// The works that documents name.
fn world() -> World {
    let peerj = Paper::new("The state of OA").doi("10.7717/peerj.4375");
    let world = World::new()
        .paper(open(peerj, "https://peerj.com/articles/4375.pdf", 1))
        .paper(
            Paper::new("On small webs")
                .arxiv("2101.00001")
                .arxiv_pdf(Answer::pdf(Pdf::new("Documents", 2, 20_000))),
        )
        .paper(
            Paper::new("In the bucket")
                .pmcid("PMC7759461")
                .pmc(PmcDeposit::new([PmcVersion::new(
                    1,
                    Pdf::new("Documents", 3, 20_000),
                )])),
        )
        .paper(open(
            Paper::new("An example").doi("10.1234/example"),
            "https://press.example/example.pdf",
            4,
        ));
    // Refused once, as a publisher would.
    let file = "https://press.example/blocked.pdf";
    let record = UnpaywallRecord::open([Location::pdf(file, "https://press.example/")]);
    let good = Answer::pdf(Pdf::new("Documents", 5, 20_000));
    let world = world.paper(
        Paper::new("Refused at first")
            .doi("10.5555/blocked")
            .unpaywall(record)
            .page(file, Script::from(Answer::challenge()).then(good)),
    );
    (0..MORE_WORKS).fold(world, |world, n| {
        let paper = Paper::new("One more").doi(&format!("10.5555/more.{n}"));
        let file = format!("https://press.example/more/{n}.pdf");
        world.paper(open(paper, &file, u64::from(n) + 10))
    })
}
