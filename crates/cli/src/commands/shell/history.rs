//! What was typed before. All of it is found again at this prompt; what may hold a
//! secret is not written into the file, which only its owner reads.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use reedline::{
    FileBackedHistory, History, HistoryItem, HistoryItemId, HistorySessionId, Result,
    SearchDirection, SearchQuery,
};
use writ_shell::is_sensitive;

/// How many commands are remembered.
const REMEMBERED: usize = 1_000;

/// The commands that were typed: all in memory, some on disk.
pub(super) struct Remembered {
    memory: FileBackedHistory,
    /// None where there is no place for it: commands are forgotten at the end.
    disk: Option<FileBackedHistory>,
}

impl Remembered {
    pub(super) fn open() -> Self {
        let mut memory = FileBackedHistory::default();
        let disk = file().and_then(|path| FileBackedHistory::with_file(REMEMBERED, path).ok());
        let all = SearchQuery::everything(SearchDirection::Forward, None);
        let before = disk.as_ref().and_then(|disk| disk.search(all).ok());
        for item in before.unwrap_or_default() {
            // What cannot be kept is only missed.
            let _ = memory.save(HistoryItem::from_command_line(item.command_line));
        }
        Self { memory, disk }
    }
}

/// The file, readable by its owner only.
fn file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(".local/state")))?;
    let folder = state.join("writ");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .ok()?;
    let path = folder.join("shell-history");
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)
        .ok()?;
    file.set_permissions(Permissions::from_mode(0o600)).ok()?;
    Some(path)
}

impl History for Remembered {
    fn save(&mut self, item: HistoryItem) -> Result<HistoryItem> {
        if let Some(disk) = self
            .disk
            .as_mut()
            .filter(|_| !is_sensitive(&item.command_line))
        {
            // Who is stopped at once has it too.
            disk.save(item.clone())?;
            let _ = disk.sync();
        }
        self.memory.save(item)
    }

    fn load(&self, id: HistoryItemId) -> Result<HistoryItem> {
        self.memory.load(id)
    }

    fn count(&self, query: SearchQuery) -> Result<i64> {
        self.memory.count(query)
    }

    fn search(&self, query: SearchQuery) -> Result<Vec<HistoryItem>> {
        self.memory.search(query)
    }

    fn update(
        &mut self,
        id: HistoryItemId,
        updater: &dyn Fn(HistoryItem) -> HistoryItem,
    ) -> Result<()> {
        self.memory.update(id, updater)
    }

    fn clear(&mut self) -> Result<()> {
        if let Some(disk) = &mut self.disk {
            disk.clear()?;
        }
        self.memory.clear()
    }

    fn delete(&mut self, id: HistoryItemId) -> Result<()> {
        self.memory.delete(id)
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn session(&self) -> Option<HistorySessionId> {
        self.memory.session()
    }
}
