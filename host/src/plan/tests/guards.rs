//! Checks that only one odd setting each would miss: found by deleting every
//! check of the plan in turn and seeing which deletion no other test noticed.

use super::{ALL, Scene, refused_config, refused_flags, row, shape, source, value};

#[test]
fn a_secret_and_its_variable_have_plain_names() {
    let long = "x".repeat(65);
    for name in ["'a b'", "1A", "A-B", "\"\"", &long] {
        let refusal = refused_config(&format!(
            "[adapter.arxiv]\nsecrets = {{ {name} = 'env:X' }}"
        ));
        assert!(refusal.contains("cannot name a secret"), "{refusal}");
    }
    for variable in ["", "1A", "A B", "A-B", &long] {
        let text = format!("[adapter.arxiv]\nsecrets = {{ KEY = 'env:{variable}' }}");
        let refusal = refused_config(&text);
        assert!(
            refusal.contains("a secret does not belong in a file"),
            "{refusal}"
        );
    }
    let longest = "x".repeat(64);
    for name in ["_A", "a1_", &longest] {
        let scene = Scene::new()
            .file("acme.wasm", "")
            .env(name, "hunter2")
            .config(&format!(
                "[adapter.acme]\nfile = 'acme.wasm'\ntier = 'archive'\nsecrets = {{ {name} = 'env:{name}' }}"
            ));
        assert_eq!(source(&scene.plan(), "acme").secrets.len(), 1);
    }
}

#[test]
fn a_component_file_of_another_kind_is_refused_though_its_adapter_is_not_asked() {
    let refusal = Scene::new()
        .config("[adapter.acme]\nfile = 'acme.py'\ntier = 'archive'\n")
        .flags(["--only", "arxiv"])
        .refusal();
    assert!(
        refusal.starts_with("paperfall.toml:2: adapter.acme.file: "),
        "{refusal}"
    );
}

#[test]
fn an_unknown_key_of_an_adapter_is_a_warning() {
    let warnings = Scene::new()
        .config("[adapter.arxiv]\nmemory = 3\n")
        .warnings();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].contains("adapter.arxiv.memory: unknown key"),
        "{warnings:?}"
    );
}

#[test]
fn a_tier_named_without_an_option_is_a_warning_wherever_it_stands() {
    let said = "tier archive is named without an option, so nothing changes";
    for scene in [
        Scene::new().config("[[tier]]\nname = 'archive'\n"),
        Scene::new().env("PAPERFALL_FALLBACK_TIER", "archive"),
        Scene::new().flags(["--fallback-tier", "archive"]),
    ] {
        let warnings = scene.warnings();
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].ends_with(said), "{warnings:?}");
    }
}

#[test]
fn each_option_of_a_tier_alone_is_a_change() {
    for option in [
        "parallel=2",
        "sources=wayback",
        "timeout_ms=5",
        "retries=5",
        "adapter=acme.wasm",
        "after=direct_oa",
        "enabled=true",
    ] {
        Scene::new()
            .file("acme.wasm", "")
            .flags(["--fallback-tier", &format!("archive:{option}")])
            .plan();
    }
    let plan = Scene::new()
        .config("[[tier]]\nname = 'archive'\nretries = 5\n")
        .plan();
    assert_eq!(source(&plan, "wayback").policy.retries_max, 5);
}

#[test]
fn a_semicolon_at_the_end_of_a_variable_means_nothing() {
    let plan = Scene::new()
        .env("PAPERFALL_FALLBACK_TIER", "archive:parallel=3; ;")
        .env("PAPERFALL_HOST_LIMIT", "a.org:per_second=1; ;")
        .plan();
    assert_eq!(plan.tiers[3].parallel, 3);
    assert_eq!(value(&plan, "host.\"a.org\".per_second").0, "1");
}

#[test]
fn a_stronger_layer_that_says_nothing_of_a_hosts_breaker_leaves_it() {
    let plan = Scene::new()
        .config("[host.\"a.org\"]\nbreaker = false\nmax_concurrent = 2\n")
        .flags(["--host-limit", "a.org:per_second=3"])
        .plan();
    assert_eq!(value(&plan, "host.\"a.org\".breaker").0, "no");
    assert_eq!(value(&plan, "host.\"a.org\".max_concurrent").0, "2");
}

#[test]
fn one_component_may_be_named_twice() {
    let plan = Scene::new()
        .file("acme.wasm", "")
        .file("sub/note.txt", "")
        .flags(["--fallback-tier", "direct_oa:adapter=acme.wasm"])
        .flags(["--fallback-tier", "archive:adapter=sub/../acme.wasm"])
        .plan();
    assert_eq!(shape(&plan)[3], "archive: wayback acme");
}

#[test]
fn an_adapter_table_moves_a_known_source_and_refuses_an_unknown_tier() {
    let plan = Scene::new()
        .config("[adapter.wayback]\ntier = 'direct_oa'\n")
        .plan();
    assert_eq!(
        shape(&plan),
        ["direct_oa: unpaywall arxiv pmc wayback", ALL[1], ALL[2]]
    );
    let refusal = refused_config("[adapter.acme]\ntier = 'archve'\n");
    assert!(refusal.contains("did you mean archive?"), "{refusal}");
    // With a file it stands where the file puts it, once.
    let plan = Scene::new()
        .file("acme.wasm", "")
        .config("[adapter.acme]\nfile = 'acme.wasm'\ntier = 'archive'\n")
        .flags(["--fallback-tier", "archive:sources=acme+wayback"])
        .plan();
    assert_eq!(shape(&plan)[3], "archive: acme wayback");
}

#[test]
fn a_source_a_tier_still_lists_is_not_shown_as_left_out() {
    let plan = Scene::new()
        .config("[[tier]]\nname = 'direct_oa'\nsources = ['pmc']\n")
        .flags(["--fallback-tier", "direct_oa:sources=arxiv+pmc"])
        .plan();
    let left_out = |name: &str| {
        plan.rows()
            .iter()
            .any(|row| row.key == format!("source.{name}.enabled"))
    };
    assert!(left_out("unpaywall"));
    assert!(!left_out("arxiv") && !left_out("pmc"));
    assert_eq!(row(&plan, "source.unpaywall.enabled").value, "no");
}

#[test]
fn a_folder_without_components_names_no_tier() {
    let plan = Scene::new()
        .file("more/Notes of mine/README.txt", "")
        .file("more/archive/acme.wasm", "")
        .flags(["--adapters-dir", "more"])
        .plan();
    assert_eq!(shape(&plan)[3], "archive: wayback acme");
}

#[test]
fn an_address_is_told_what_is_wrong_with_it() {
    let long = format!("ada@{}", ["a"; 127].join("."));
    for (address, problem) in [
        (" x ", "it has no @"),
        ("a@b@uni.edu", "more than one @"),
        (&long, "longer than 254 bytes"),
    ] {
        let refusal = refused_flags(["--email", address]);
        assert!(refusal.contains(problem), "{refusal}");
    }
}

#[test]
fn an_adapter_table_without_a_file_makes_no_source() {
    let scene = Scene::new().config("[adapter.acme]\ntier = 'archive'\n");
    assert_eq!(scene.warnings().len(), 1);
    let (plan, _) = scene.build().unwrap();
    assert_eq!(shape(&plan), ALL);
}

#[test]
fn an_adapter_may_stand_in_the_list_beside_it() {
    let plan = Scene::new()
        .file("acme.wasm", "")
        .flags(["--fallback-tier", "archive:adapter=acme.wasm,sources=acme"])
        .plan();
    assert_eq!(shape(&plan)[3], "archive: acme");
}

#[test]
fn a_tier_that_drops_out_names_what_emptied_it_and_nothing_else() {
    let plan = Scene::new().flags(["--only", "arxiv"]).plan();
    assert_eq!(value(&plan, "tier.doi_follow.enabled").1, "--only");
    // The archive's only source was taken away, not switched off.
    let plan = Scene::new()
        .config("[source.europe_pmc]\nenabled = false\n")
        .flags(["--fallback-tier", "doi_follow:sources=doi_redirect+wayback"])
        .plan();
    assert_eq!(value(&plan, "tier.archive.enabled").1, "--fallback-tier");
}

#[test]
fn a_key_without_a_name_is_shown_quoted() {
    let warnings = Scene::new().config("[budgets]\n\"\" = 1\n").warnings();
    assert!(
        warnings[0].contains(":2: budgets.\"\": unknown key"),
        "{warnings:?}"
    );
}

#[test]
fn what_is_as_long_as_allowed_is_taken_and_one_byte_more_refused() {
    let settings = |key: usize, value: usize| {
        let (key, value) = ("k".repeat(key), "v".repeat(value));
        format!("[adapter.arxiv]\nsettings = {{ {key} = '{value}' }}\n")
    };
    let emails = |local: usize, last: usize| {
        let (local, label, last) = ("l".repeat(local), "d".repeat(63), "e".repeat(last));
        format!("email = '{local}@{label}.{label}.{last}'\n")
    };
    let file = |bytes: usize| format!("{}\n", "#".repeat(bytes - 1));
    for (longest, longer, words) in [
        (settings(64, 1), settings(65, 1), "has 1 to 64"),
        (settings(1, 4096), settings(1, 4097), "at most 4096 bytes"),
        (emails(64, 61), emails(64, 62), "longer than 254 bytes"),
        (emails(64, 9), emails(65, 9), "1 to 64 bytes"),
        (file(1 << 20), file((1 << 20) + 1), "larger than 1 MiB"),
    ] {
        Scene::new().config(&longest).plan();
        let refusal = refused_config(&longer);
        assert!(refusal.contains(words), "{refusal}");
    }
}

#[test]
fn a_configuration_that_is_a_folder_is_refused_with_what_to_name_instead() {
    let scene = Scene::new().file("conf/paperfall.toml", "");
    let folder = scene.path("conf").to_string_lossy().into_owned();
    let refusal = scene.flags(["--config", &folder]).refusal();
    assert!(refusal.contains("name the file in the folder"), "{refusal}");
}

#[test]
fn a_row_says_which_component_a_source_is_and_that_it_replaces_a_bundled_one() {
    let (plan, _) = Scene::new()
        .file("acme.wasm", "")
        .file("mine.wasm", "")
        .config("[adapter.arxiv]\nfile = 'mine.wasm'\n")
        .flags(["--fallback-tier", "archive:adapter=acme.wasm"])
        .build()
        .unwrap();
    for (name, component, is_replaced) in [
        ("pmc", "bundled", false),
        ("acme", "acme.wasm", false),
        ("arxiv", "mine.wasm", true),
    ] {
        let row = row(&plan, &format!("adapter.{name}.file"));
        assert!(row.value.ends_with(component), "{row:?}");
        let says = row
            .note
            .as_ref()
            .is_some_and(|note| note.contains("replaces"));
        assert_eq!(says, is_replaced, "{row:?}");
    }
    let pmc = source(&plan, "pmc");
    assert_eq!(pmc.policy.timeout().as_millis(), 8000);
    assert_eq!(plan.budgets.total_timeout().as_millis(), 120_000);
}
