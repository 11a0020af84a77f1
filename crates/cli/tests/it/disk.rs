//! A disk that a test may break.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::site::Site;

/// A disk of its own for a data directory: mounted where nobody but the server
/// sees it, and gone with it.
pub(super) struct Disk {
    image: PathBuf,
    data: PathBuf,
}

impl Disk {
    /// A disk with what is in the data directory now; why not, if this host does
    /// not let us have one.
    pub(super) fn of(site: &Site) -> Result<Self, String> {
        let (image, data) = (site.path("disk"), site.data());
        let disk = Self { image, data };
        let file = fs::File::create(&disk.image).unwrap();
        file.set_len(64 << 20).unwrap();
        let mut make = Command::new("mkfs.ext4");
        make.args(["-q", "-d"]).args([&disk.data, &disk.image]);
        done(&mut make)?;
        done(&mut disk.mounted(Path::new("true"), "rw"))?;
        Ok(disk)
    }

    /// A program to which the disk is the data directory.
    fn mounted(&self, program: &Path, how: &str) -> Command {
        let script = "mount -o loop,errors=remount-ro,$1 \"$2\" \"$3\" && shift 3 && exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", script, "sh", how]);
        command.args([&self.image, &self.data]).arg(program);
        command
    }

    pub(super) fn serve(&self, site: &mut Site, how: &str) {
        site.serve_with(|server| {
            let mut inside = self.mounted(Path::new(server.get_program()), how);
            inside.args(server.get_args());
            for (name, value) in server.get_envs() {
                match value {
                    Some(value) => inside.env(name, value),
                    None => inside.env_remove(name),
                };
            }
            let log = fs::File::create(site_log(server)).unwrap();
            inside
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log);
            *server = inside;
        });
    }

    /// Does what a kernel does to a disk that fails: it may only be read.
    pub(super) fn break_down(&self, site: &Site) -> Result<(), String> {
        self.beside(site, "mount -o remount,abort \"$1\"")
    }

    /// What a loss of power would leave of it now: not what is only in memory.
    pub(super) fn without_power(&self, image: PathBuf) -> Self {
        fs::copy(&self.image, &image).unwrap();
        let data = self.data.clone();
        Self { image, data }
    }

    /// Runs a line of shell where the disk of a server is to be seen.
    pub(super) fn beside(&self, site: &Site, line: &str) -> Result<(), String> {
        let server = site.server_id().to_string();
        let mut command = Command::new("nsenter");
        command.args(["-m", "-t", &server, "sh", "-c", line, "sh"]);
        done(command.arg(&self.data))
    }
}

fn site_log(server: &Command) -> PathBuf {
    server.get_current_dir().unwrap().join("serve.log")
}

fn done(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}
