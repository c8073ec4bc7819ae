//! Third-party components: where they come from, what they are granted.

use std::fs;

use super::super::Component;
use super::{Scene, refused_flags, shape, source, value};

const ACME: &str = r#"
[adapter.acme]
file = "acme.wasm"
tier = "direct_oa"
hosts = ["api.acme.org", "*.acme.net"]
memory_mib = 128
settings = { base-url = "https://api.acme.org", depth = 3, fast = true }
secrets = { KEY = "env:ACME_KEY" }

[source.acme]
timeout_ms = 4000
settings = { depth = "4" }
"#;

fn acme() -> Scene {
    Scene::new().file("acme.wasm", "").config(ACME)
}

#[test]
fn a_table_gives_an_adapter_everything_it_may_use() {
    let plan = acme().env("ACME_KEY", "hunter2").plan();
    assert_eq!(shape(&plan)[0], "direct_oa: unpaywall arxiv pmc acme");
    let acme = source(&plan, "acme");
    let hosts: Vec<String> = acme
        .hosts
        .iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    assert_eq!(hosts, ["api.acme.org", "*.acme.net"]);
    assert_eq!(acme.memory_mib, 128);
    assert_eq!(acme.policy.timeout_ms, 4000);
    assert_eq!(acme.settings["base-url"], "https://api.acme.org");
    assert_eq!(acme.settings["depth"], "4");
    assert_eq!(acme.settings["fast"], "true");
    assert_eq!(acme.secrets["KEY"].reveal(), "hunter2");
    assert_eq!(value(&plan, "adapter.acme.secrets.KEY").0, "env:ACME_KEY");
}

#[test]
fn a_secrets_value_is_in_no_printed_form_of_the_plan() {
    let plan = acme().env("ACME_KEY", "hunter2").plan();
    let printed = format!("{plan:?} {} ", serde_json::to_string(&plan).unwrap());
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(printed.contains("env:ACME_KEY"));
}

#[test]
fn an_unset_secret_matters_only_when_its_adapter_is_asked() {
    assert_eq!(
        acme().refusal(),
        "paperfall.toml:8: adapter.acme.secrets.KEY: adapter acme needs the environment variable ACME_KEY: \
         export it, or take the adapter out of the plan"
    );
    assert!(acme().env("ACME_KEY", "").build().is_err());
    acme().flags(["--only", "arxiv"]).plan();
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_shown() {
    let refusal = Scene::new()
        .config("[adapter.acme]\nsecrets = { KEY = 'hunter2' }\n")
        .refusal();
    assert_eq!(
        refusal,
        "paperfall.toml:2: adapter.acme.secrets.KEY: a secret does not belong in a file: write \"env:NAME\" and export NAME"
    );
}

#[test]
fn a_missing_file_matters_only_when_its_adapter_is_asked() {
    let scene = || Scene::new().config("[adapter.acme]\nfile = 'acme.wasm'\ntier = 'archive'\n");
    let refusal = scene().refusal();
    assert!(
        refusal.starts_with("paperfall.toml:2: adapter.acme.file: acme.wasm: cannot be read"),
        "{refusal}"
    );
    scene().flags(["--only", "arxiv"]).plan();
    let folder = scene();
    fs::create_dir(folder.path("acme.wasm")).unwrap();
    assert!(folder.refusal().contains("this is no file"));
}

#[test]
fn a_file_of_the_settings_is_looked_for_beside_the_settings() {
    let plan = Scene::new()
        .file("etc/acme.wasm", "")
        .file(
            "etc/my.toml",
            "[adapter.acme]\nfile = 'acme.wasm'\ntier = 'archive'\n",
        )
        .flags(["--config", "etc/my.toml"])
        .plan();
    assert!(
        matches!(&source(&plan, "acme").component, Component::File(p) if p.ends_with("etc/acme.wasm"))
    );
}

#[test]
fn an_adapter_needs_a_tier() {
    let refusal = Scene::new()
        .file("acme.wasm", "")
        .config("[adapter.acme]\nfile = 'acme.wasm'\n")
        .refusal();
    assert!(refusal.contains("adapter acme is in no tier"), "{refusal}");
    let plan = Scene::new()
        .file("acme.wasm", "")
        .config("[adapter.acme]\nfile = 'acme.wasm'\n[[tier]]\nname = 'mine'\nsources = ['acme']\n")
        .plan();
    assert_eq!(shape(&plan)[4], "mine: acme");
    let refusal = Scene::new()
        .file("acme.wasm", "")
        .config("[adapter.acme]\nfile = 'acme.wasm'\ntier = 'archve'\n")
        .refusal();
    assert!(refusal.contains("did you mean archive?"), "{refusal}");
}

#[test]
fn the_adapters_folder_is_scanned_by_tier_and_name() {
    let scene = Scene::new()
        .file("plugins/README.md", "")
        .file("plugins/sdk/Cargo.toml", "")
        .file("plugins/zz/b.wasm", "")
        .file("plugins/zz/a-1.wasm", "")
        .file("plugins/mine/c.wasm", "")
        .file("plugins/doi_follow/d.wasm", "")
        .file("plugins/doi_follow/notes.txt", "")
        .flags(["--adapters-dir", "plugins"]);
    let plan = scene.plan();
    assert_eq!(shape(&plan)[1], "doi_follow: doi_redirect d");
    assert_eq!(shape(&plan)[4..], ["mine: c", "zz: a_1 b"]);
    assert_eq!(value(&plan, "tier.zz.sources").1, "--adapters-dir");
}

#[test]
fn a_wrong_adapters_folder_is_refused() {
    let refusal = refused_flags(["--adapters-dir", "nowhere"]);
    assert!(
        refusal.starts_with("--adapters-dir: nowhere: cannot be read"),
        "{refusal}"
    );
    assert!(refusal.contains("create it"), "{refusal}");
    for (file, dir, cause) in [
        ("plugins", "plugins", "name a folder, not a file"),
        (
            "plugins/acme.wasm",
            "plugins",
            "a component lies in the folder of its tier",
        ),
        (
            "plugins/My Tier/acme.wasm",
            "plugins",
            "(for example my_tier): rename it",
        ),
        ("plugins/archive/42.wasm", "plugins", "cannot name a source"),
    ] {
        let refusal = Scene::new()
            .file(file, "")
            .flags(["--adapters-dir", dir])
            .refusal();
        assert!(refusal.starts_with("--adapters-dir: plugins"), "{refusal}");
        assert!(refusal.contains(cause), "{refusal}");
    }
    let twice = Scene::new()
        .file("plugins/archive/acme.wasm", "")
        .file("plugins/mine/acme.wasm", "")
        .flags(["--adapters-dir", "plugins"])
        .refusal();
    assert!(twice.contains("two components are named acme"), "{twice}");
}

#[test]
fn an_adapters_folder_with_a_thousand_components_in_a_tier_is_the_wrong_folder() {
    let scene = Scene::new().flags(["--adapters-dir", "plugins"]);
    fs::create_dir_all(scene.path("plugins/archive")).unwrap();
    for number in 0..1000 {
        fs::write(scene.path(&format!("plugins/archive/a{number}.wasm")), "").unwrap();
    }
    assert_eq!(scene.plan().sources().count(), 1007);
    fs::write(scene.path("plugins/archive/one_more.wasm"), "").unwrap();
    assert!(scene.refusal().contains("more than 1000 entries"));
}

#[test]
fn an_adapters_folder_without_components_is_a_warning() {
    let scene = Scene::new()
        .file("plugins/README.md", "")
        .flags(["--adapters-dir", "plugins"]);
    assert_eq!(
        scene.warnings(),
        ["--adapters-dir: no component found: adapters belong in plugins/<tier>/<name>.wasm"]
    );
}

#[test]
fn a_same_named_file_replaces_a_bundled_adapter_without_its_grants_and_secrets() {
    let scene = Scene::new()
        .file("plugins/direct_oa/arxiv.wasm", "")
        .config("[adapter.arxiv]\nhosts = ['arxiv.org']\nsecrets = { KEY = 'env:ARXIV_KEY' }\n")
        .env("ARXIV_KEY", "hunter2");
    let bundled = scene.plan();
    let arxiv = source(&bundled, "arxiv");
    assert_eq!(arxiv.component, Component::Bundled);
    assert_eq!(arxiv.hosts.as_ref().map(Vec::len), Some(1));
    assert_eq!(arxiv.secrets.len(), 1);

    let scene = scene.flags(["--adapters-dir", "plugins"]);
    let (plan, _) = scene.build().unwrap();
    assert_eq!(shape(&plan)[0], "direct_oa: unpaywall arxiv pmc");
    let arxiv = source(&plan, "arxiv");
    assert!(matches!(arxiv.component, Component::File(_)));
    assert_eq!(arxiv.hosts, Some(Vec::new()));
    assert!(arxiv.secrets.is_empty());
    assert_eq!(
        scene.warnings(),
        [
            "--adapters-dir: plugins/direct_oa/arxiv.wasm replaces the bundled adapter arxiv, without its grants and secrets",
            "paperfall.toml:1: adapter.arxiv: hosts and secrets here belong to another component than \
             plugins/direct_oa/arxiv.wasm, which gets none of them: set file to that path"
        ]
    );
}

#[test]
fn grants_written_beside_a_file_belong_to_that_file() {
    let scene = acme()
        .env("ACME_KEY", "hunter2")
        .file("other/acme.wasm", "")
        .flags(["--fallback-tier", "archive:adapter=other/acme.wasm"]);
    let (plan, _) = scene.build().unwrap();
    assert_eq!(shape(&plan)[3], "archive: wayback acme");
    assert_eq!(source(&plan, "acme").hosts, Some(Vec::new()));
    assert!(source(&plan, "acme").secrets.is_empty());
    let same = acme()
        .env("ACME_KEY", "hunter2")
        .flags(["--fallback-tier", "archive:adapter=./acme.wasm"])
        .plan();
    assert_eq!(source(&same, "acme").secrets.len(), 1);
}

#[test]
fn a_table_without_a_file_serves_an_adapter_from_elsewhere() {
    let scene = Scene::new()
        .file("acme.wasm", "")
        .config("[adapter.acme]\nhosts = ['*']\n[source.acme]\nretries = 1\n");
    assert_eq!(
        scene.warnings(),
        [
            "paperfall.toml:1: adapter.acme: no component acme is loaded, so this table has no effect: set file = \"….wasm\""
        ]
    );
    let plan = scene
        .flags(["--fallback-tier", "mine:adapter=acme.wasm"])
        .plan();
    assert_eq!(source(&plan, "acme").hosts.as_ref().map(Vec::len), Some(1));
    assert_eq!(source(&plan, "acme").policy.retries_max, 1);
}
