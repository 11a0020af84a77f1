//! Packages: which of ours may import which, and what is never built in.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde::Deserialize;

use super::{none, root};

/// Which of our packages each may import, tests included. Imports go down only.
const MAY_IMPORT: [(&str, &[&str]); 12] = [
    ("writ-core", &[]),
    ("writ-store", &["writ-core"]),
    // The emulator stands in for a target in its tests.
    ("writ-connect", &["writ-core", "writ-emulator"]),
    ("writ-data", &["writ-core", "writ-connect"]),
    ("writ-emulator", &[]),
    ("writ-engine", &["writ-core", "writ-store", "writ-connect"]),
    (
        "writ-server",
        &["writ-core", "writ-store", "writ-connect", "writ-engine"],
    ),
    // The notifier follows the log of a node.
    (
        "writ-notify",
        &["writ-core", "writ-store", "writ-connect", "writ-engine"],
    ),
    ("writ-client", &["writ-core"]),
    ("writ-shell", &["writ-core", "writ-client"]),
    (
        "writ-cli",
        &[
            "writ-core",
            "writ-store",
            "writ-connect",
            "writ-engine",
            "writ-server",
            "writ-notify",
            "writ-client",
            "writ-data",
            "writ-emulator",
            "writ-shell",
        ],
    ),
    (
        "writ-bench",
        &[
            "writ-core",
            "writ-store",
            "writ-connect",
            "writ-engine",
            "writ-server",
            "writ-notify",
            "writ-data",
        ],
    ),
];

/// What the core must not import: async, I/O, clocks and randomness.
const NOT_IN_CORE: [&str; 20] = [
    "async-channel",
    "async-trait",
    "axum",
    "chrono",
    "crossbeam",
    "futures",
    "futures-util",
    "getrandom",
    "hyper",
    "jiff",
    "mio",
    "rand",
    "reqwest",
    "rusqlite",
    "rustix",
    "smol",
    "tempfile",
    "time",
    "tokio",
    "tracing",
];

/// The one package that may build in a heavy dependency; tests may tamper with
/// what it makes.
const ONLY_IN: [(&str, &str); 6] = [
    ("axum", "writ-server"),
    ("clap", "writ-cli"),
    ("lettre", "writ-notify"),
    ("reedline", "writ-cli"),
    ("rusqlite", "writ-store"),
    ("tokio-postgres", "writ-data"),
];

/// Only a reviewed change raises it.
const MAX_PACKAGES: usize = 400;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `dev`, `build`, or nothing for what is built in.
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    src_path: String,
}

fn cargo(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo {}: {errors}",
        arguments.join(" ")
    );
    output.stdout
}

fn packages() -> Vec<Package> {
    let json = cargo(&["metadata", "--format-version", "1", "--no-deps"]);
    let metadata: Metadata = serde_json::from_slice(&json).unwrap();
    metadata.packages
}

#[test]
fn imports_go_down_only() {
    let may: BTreeMap<_, _> = MAY_IMPORT.into_iter().collect();
    let mut breaches = Vec::new();
    for package in packages() {
        let at = &package.manifest_path;
        let Some(allowed) = may.get(package.name.as_str()) else {
            breaches.push(format!(
                "{at}: `{}` is not in MAY_IMPORT; say there what it may import",
                package.name
            ));
            continue;
        };
        for Dependency { name, kind } in &package.dependencies {
            // A package may name itself, to turn on a feature for its tests.
            let ours = name.starts_with("writ-") && *name != package.name;
            if ours && !allowed.contains(&name.as_str()) {
                breaches.push(format!("{at}: `{}` imports `{name}`", package.name));
            }
            if package.name == "writ-core" && NOT_IN_CORE.contains(&name.as_str()) {
                breaches.push(format!("{at}: the core imports `{name}`"));
            }
            for (heavy, only) in ONLY_IN {
                let built_in = kind.as_deref() != Some("dev");
                if built_in && name == heavy && package.name != only {
                    breaches.push(format!("{at}: only `{only}` may import `{heavy}`"));
                }
            }
        }
    }
    none("an import that the design forbids", &breaches);
}

#[test]
fn every_package_keeps_the_lints_and_has_one_test_binary() {
    let mut breaches = Vec::new();
    for package in packages() {
        let at = &package.manifest_path;
        let manifest = fs::read_to_string(at).unwrap();
        if !manifest.contains("[lints]\nworkspace = true\n") {
            breaches.push(format!("{at}: lacks `[lints]` with `workspace = true`"));
        }
        for target in &package.targets {
            if target.kind != ["test"] {
                continue;
            }
            if !target.src_path.ends_with("tests/it/main.rs") {
                breaches.push(format!(
                    "{}: integration tests are modules of tests/it/main.rs",
                    target.src_path
                ));
            }
            let source = fs::read_to_string(&target.src_path).unwrap();
            if !source.contains("#![cfg(test)]\n") {
                breaches.push(format!("{}: lacks `#![cfg(test)]`", target.src_path));
            }
        }
    }
    none("a package that is not set up like the others", &breaches);
}

/// One crypto library and one TLS library: aws-lc-rs and rustls.
///
/// It asks what is built here, since Cargo.lock also names what is optional
/// and never chosen. `openssl-probe` only finds where certificates lie.
#[test]
fn no_second_crypto_library_is_built_in() {
    let tree = cargo(&[
        "tree",
        "--workspace",
        "--locked",
        "--edges",
        "normal,build,dev",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    let tree = String::from_utf8(tree).unwrap();
    assert!(
        tree.contains("aws-lc-rs v"),
        "cargo tree answered something else:\n{tree}"
    );
    let breaches: Vec<String> = tree
        .lines()
        .filter(|line| {
            let name = line.split(' ').next().unwrap_or_default();
            let openssl = name.starts_with("openssl") && name != "openssl-probe";
            openssl || ["ring", "native-tls", "boring", "mbedtls"].contains(&name)
        })
        .map(|line| format!("{line}: `cargo tree -i` says who imports it"))
        .collect();
    none("a second crypto library", &breaches);
}

#[test]
fn packages_are_few_and_from_one_registry() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let count = lock.lines().filter(|line| *line == "[[package]]").count();
    assert!(
        count < MAX_PACKAGES,
        "Cargo.lock has {count} packages, the limit is {MAX_PACKAGES}"
    );
    let crates_io = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let breaches: Vec<String> = lock
        .lines()
        .zip(1..)
        .filter(|(line, _)| line.starts_with("source = ") && *line != crates_io)
        .map(|(line, number)| format!("Cargo.lock:{number}: {line}"))
        .collect();
    none("a package from elsewhere than crates.io", &breaches);
}
