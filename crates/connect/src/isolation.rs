//! Isolation: what a program cannot do, whatever it is.
//!
//! A node says what it **wants** in `writ.toml`. What the host cannot give is
//! refused, unless `writ.toml` goes **without** it in so many words. The rest is
//! a **confinement**, which the helper enters before it becomes the program:
//!
//! - **another user**: programs of a node that is root run as a user whom
//!   nobody else is, or as one that it names; others' as the node's own.
//! - a **wall** (Landlock): nothing of the node's own files can be opened, and
//!   nothing is written but the private directory and what `write` names.
//!   Through the wall no process outside can be looked into or signalled.
//! - **limits** for each program, and those that nobody can change: no new
//!   privileges, no core dumps, files for the owner alone.
//!
//! Not confined is the network: what a program reaches there, it reaches.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::linux;

/// What a node wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Isolation {
    /// As whom programs run.
    pub user: RunAs,
    /// What programs may write beside their private directories.
    pub write: Vec<PathBuf>,
    /// What programs may not open: the node's own files.
    pub hidden: Vec<PathBuf>,
    /// Whether to do without the wall.
    pub without_wall: bool,
    /// How much programs may use.
    pub limits: Limits,
}

/// As whom programs run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RunAs {
    /// As the node does.
    #[default]
    Node,
    /// As the user of this number, if the node is root; else as the node does.
    Nobody(u32),
    /// As this user of the host.
    Named(String),
}

/// How much a program may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How many processes and threads it may start. Root knows no such limit.
    pub processes: u64,
    /// How much memory each of its processes may have of its own, in MiB.
    pub memory_mib: u64,
    /// How many files each may have open.
    pub files: u64,
    /// How long each may compute, in seconds.
    pub cpu_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            processes: 256,
            memory_mib: 2_048,
            files: 1_024,
            cpu_s: 3_600,
        }
    }
}

/// Why programs cannot be isolated as the node wants.
#[derive(Debug, Error)]
pub enum IsolationError {
    /// Only root can be somebody else.
    #[error(
        "user: this node is not root, so its programs cannot run as `{0}`; start it as root, \
         or say user = \"node\""
    )]
    NotRoot(String),
    /// Nobody is called so.
    #[error("user: this host has no user `{0}` in /etc/passwd")]
    NoUser(String),
    /// Root under its own name.
    #[error("user: `{0}` is root; say user = \"node\" if that is meant")]
    Root(String),
    /// A path that cannot be written below.
    #[error("write: `{}` is not the absolute path of something that is there", .0.display())]
    NoPath(PathBuf),
    /// A path that would give the node away.
    #[error(
        "write: `{}` holds `{}`, which is the node's own; name what is beside it",
        path.display(), hidden.display()
    )]
    OpensHidden {
        /// The path.
        path: PathBuf,
        /// What is in it.
        hidden: PathBuf,
    },
    /// An old kernel.
    #[error(
        "this kernel has no Landlock ({0}), so programs could open the node's own files; run a \
         newer one (5.13 or later), or say without = [\"landlock\"]"
    )]
    NoWall(String),
    /// The host promised more than it kept.
    #[error("a program that was started to look found that {0}")]
    NotInForce(String),
}

/// What the helper enters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Confinement {
    pub(crate) limits: Limits,
    pub(crate) user: Option<User>,
    pub(crate) wall: Option<Wall>,
}

/// A user of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Vec<u32>,
}

/// What can be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wall {
    pub(crate) write: Vec<PathBuf>,
    pub(crate) hidden: Vec<PathBuf>,
}

/// Keeps others of the same user, programs too, from looking into this process,
/// and its memory off the disk.
pub fn hide_this_process() -> std::io::Result<()> {
    linux::hide()
}

impl Isolation {
    /// What of this the host can give: all of it, or it is refused.
    pub(crate) fn resolve(&self) -> Result<Confinement, IsolationError> {
        for path in &self.write {
            self.check_writable(path)?;
        }
        let wall = Wall {
            write: self.write.clone(),
            hidden: self.hidden.clone(),
        };
        if !self.without_wall {
            linux::check_wall().map_err(IsolationError::NoWall)?;
        }
        Ok(Confinement {
            limits: self.limits,
            user: self.user()?,
            wall: (!self.without_wall).then_some(wall),
        })
    }

    fn check_writable(&self, path: &Path) -> Result<(), IsolationError> {
        let real = path.canonicalize().ok().filter(|_| path.is_absolute());
        let real = real.ok_or_else(|| IsolationError::NoPath(path.to_owned()))?;
        let inside = |hidden: &&PathBuf| hidden.starts_with(&real) || real.starts_with(hidden);
        match self.hidden.iter().find(inside) {
            None => Ok(()),
            Some(hidden) => Err(IsolationError::OpensHidden {
                path: path.to_owned(),
                hidden: hidden.clone(),
            }),
        }
    }

    fn user(&self) -> Result<Option<User>, IsolationError> {
        match &self.user {
            RunAs::Node => Ok(None),
            RunAs::Nobody(_) if !linux::is_root() => Ok(None),
            RunAs::Nobody(id) => Ok(Some(User {
                uid: *id,
                gid: *id,
                groups: Vec::new(),
            })),
            RunAs::Named(name) => {
                let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
                let found = named(name, &read("/etc/passwd"), &read("/etc/group"));
                let user = found.ok_or_else(|| IsolationError::NoUser(name.clone()))?;
                match (user.uid, linux::is_root()) {
                    (0, _) => Err(IsolationError::Root(name.clone())),
                    (_, false) => Err(IsolationError::NotRoot(name.clone())),
                    (_, true) => Ok(Some(user)),
                }
            }
        }
    }
}

/// A user by these files, with the groups that they put it in.
fn named(name: &str, passwd: &str, group: &str) -> Option<User> {
    let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let user = passwd.lines().map(fields).find_map(|fields| {
        let [found, _, uid, gid, ..] = fields.as_slice() else {
            return None;
        };
        let ids = (uid.parse().ok()?, gid.parse().ok()?);
        (found == name).then_some(ids)
    });
    let (uid, gid) = user?;
    let groups = group.lines().map(fields).filter_map(|fields| {
        let [_, _, gid, members] = fields.as_slice() else {
            return None;
        };
        let is_member = members.split(',').any(|member| member == name);
        gid.parse().ok().filter(|_| is_member)
    });
    let groups = groups.collect();
    Some(User { uid, gid, groups })
}

impl fmt::Display for Confinement {
    /// One sentence for each part, on lines of their own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            Some(user) => writeln!(f, "programs run as user {}, not as this node", user.uid)?,
            None => writeln!(f, "programs run as the same user as this node")?,
        }
        match &self.wall {
            Some(wall) => {
                write!(f, "programs cannot open the node's files, and write only ")?;
                for path in &wall.write {
                    write!(f, "{}, ", path.display())?;
                }
                writeln!(f, "a private directory of each run (Landlock)")?;
            }
            None => writeln!(f, "nothing keeps programs from files of their user")?,
        }
        let Limits {
            processes,
            memory_mib,
            files,
            cpu_s,
        } = self.limits;
        write!(
            f,
            "programs get no new privileges and dump no core; {processes} processes, \
             {memory_mib} MiB, {files} files and {cpu_s} s of computing are the most"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_with_their_groups() {
        let passwd = "root:x:0:0::/:\nsvc:x:900:901:a,b:/:/bin/sh\nodd\n";
        let group = "svc:x:901:\ndisk:x:6:other,svc\nadm:x:4:svcs\n";
        let svc = named("svc", passwd, group).unwrap();
        assert_eq!((svc.uid, svc.gid, svc.groups), (900, 901, vec![6]));
        assert_eq!(named("sv", passwd, group), None);
        assert_eq!(named("odd", passwd, group), None);
    }

    #[test]
    fn what_cannot_be_had_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let hidden = home.path().canonicalize().unwrap().join("data");
        fs::create_dir(&hidden).unwrap();
        let writing = |path: &Path| Isolation {
            write: vec![path.to_owned()],
            hidden: vec![hidden.clone()],
            ..Isolation::default()
        };
        let error = |isolation: Isolation| isolation.resolve().unwrap_err().to_string();
        assert!(error(writing(home.path())).contains("is the node's own"));
        assert!(error(writing(&hidden)).contains("is the node's own"));
        assert!(error(writing(Path::new("/no/such"))).contains("`/no/such`"));
        assert!(error(writing(Path::new("tmp"))).contains("absolute path"));
        let user = |name: &str| Isolation {
            user: RunAs::Named(name.to_owned()),
            ..Isolation::default()
        };
        assert!(error(user("no such one")).contains("no user"));
        assert!(error(user("root")).contains("user = \"node\""));
        if !linux::is_root() {
            assert!(error(user("daemon")).contains("is not root"));
        }
    }
}
