//! The organization that every story begins with, founded once and copied.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use tempfile::TempDir;
use writ_core::digest::OrganizationId;
use writ_core::object::Task;
use writ_core::statement::TreeHead;
use writ_core::testing::{RESTART, SAY, task};
use writ_core::time::Seconds;
use writ_store::{Memory, StoredEntry};

use super::world::runtime;
use crate::forge;
use crate::world::World;

struct Template {
    files: Vec<(String, Vec<u8>)>,
    entries: Vec<StoredEntry>,
    head: TreeHead,
    organization: OrganizationId,
}

static READY: LazyLock<Template> = LazyLock::new(|| {
    runtime().block_on(async {
        let world = World::ready().await;
        // So that what hangs does not hang for long.
        for (name, program, parameter) in [
            (RESTART, "/usr/bin/systemctl", "unit"),
            (SAY, "/bin/echo", "word"),
        ] {
            let deadline_s = Seconds(5);
            let task = task(name, program, &[parameter]);
            world.set(Task { deadline_s, ..task }).await;
        }
        world.engine.stop(Duration::ZERO).await;
        let files = fs::read_dir(world.place.state()).unwrap().map(|file| {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            (name, fs::read(file.path()).unwrap())
        });
        Template {
            files: files.collect(),
            entries: world.place.entries().await,
            head: world.place.kept.head().await.unwrap(),
            organization: world.place.organization,
        }
    })
});

pub(super) fn organization() -> OrganizationId {
    READY.organization
}

/// A folder with `state` in it, and a store. It has no rows yet.
pub(super) fn copy() -> (TempDir, Memory) {
    let folder = tempfile::tempdir_in(fast()).unwrap();
    let state = folder.path().join("state");
    fs::DirBuilder::new().mode(0o700).create(&state).unwrap();
    for (name, bytes) in &READY.files {
        let mut file = fs::OpenOptions::new();
        let file = file.create_new(true).write(true).mode(0o600);
        let mut file = file.open(state.join(name)).unwrap();
        file.write_all(bytes).unwrap();
    }
    let store = forge::store(READY.entries.clone(), READY.head);
    (folder, runtime().block_on(store))
}

/// A folder that syncs in no time, if there is one: no power is lost here.
fn fast() -> PathBuf {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => memory.to_owned(),
        false => std::env::temp_dir(),
    }
}
