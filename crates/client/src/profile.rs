//! Profiles: one person on one machine.
//!
//! ```text
//! ~/.config/writ/ca.pem                   authorities that are trusted beside the system's, if there
//! ~/.config/writ/current                  the profile that is used where none is named
//! ~/.config/writ/profiles/NAME/profile.toml   url, organization, upn
//!                             /key            the seed of this machine's key, 0600
//!                             /session        the session that reads, 0600; absent after logout
//!                             /joining        an `enrol` without an answer yet, 0600; its key beside it
//! ```
//!
//! A new key is on disk before its `enrol` is sent, together with the envelope:
//! if the answer is lost, the same envelope is sent again and acts once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use writ_core::digest::OrganizationId;
use writ_core::envelope::Envelope;
use writ_core::json;
use writ_core::key::SigningKey;
use writ_core::names::Upn;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::files;

/// Where a server is, which organization it must show, and who one is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The server.
    pub url: String,
    /// The organization that it must show.
    pub organization: OrganizationId,
    /// Who one is there.
    pub upn: Upn,
}

/// All profiles of this machine's user.
#[derive(Clone, Debug)]
pub struct Profiles {
    folder: PathBuf,
    authorities: Option<PathBuf>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Profile {
    name: String,
    folder: PathBuf,
    account: Account,
    authorities: Option<PathBuf>,
}

/// A key that is being enrolled.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) account: Account,
    pub(crate) key: SigningKey,
    pub(crate) enrol: Envelope,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PendingFile {
    account: Account,
    enrol: Envelope,
}

impl Profiles {
    /// Those in a folder, or in the user's own.
    pub fn new(named: Option<PathBuf>) -> Result<Self, Error> {
        if let Some(folder) = named {
            return Ok(Self::at(folder));
        }
        let base = std::env::var_os("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| Some(std::env::home_dir()?.join(".config")));
        match base {
            Some(base) => Ok(Self::at(base.join("writ"))),
            None => Err(Error::Usage(
                "no home directory to keep keys in; name a folder in WRIT_CONFIG_HOME".into(),
            )),
        }
    }

    fn at(folder: PathBuf) -> Self {
        let authorities = folder.join("ca.pem");
        Self {
            authorities: authorities.exists().then_some(authorities),
            folder,
        }
    }

    /// The same, where the authorities in a PEM file are trusted beside the
    /// system's; without one, those in `ca.pem`.
    #[must_use]
    pub fn trusting(self, file: Option<PathBuf>) -> Self {
        let authorities = file.or(self.authorities);
        Self {
            authorities,
            ..self
        }
    }

    /// The file of the authorities that are trusted beside the system's.
    pub(crate) fn authorities(&self) -> Option<&Path> {
        self.authorities.as_deref()
    }

    /// The profile of a name, if it is there.
    pub fn find(&self, name: &str) -> Result<Option<Profile>, Error> {
        let folder = self.folder(name)?;
        let path = folder.join("profile.toml");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::file(&path, error)),
        };
        let account = toml::from_str(&text).map_err(|error| Error::file(&path, error))?;
        Ok(Some(Profile {
            name: name.to_owned(),
            folder,
            account,
            authorities: self.authorities.clone(),
        }))
    }

    /// The named profile, or the one that is used where none is named.
    pub fn get(&self, named: Option<&str>) -> Result<Profile, Error> {
        let name = match named {
            Some(name) => name.to_owned(),
            None => self.current()?.ok_or_else(|| {
                Error::Usage("you are not logged in; run: writ login URL --as UPN".into())
            })?,
        };
        self.find(&name)?.ok_or_else(|| {
            let known = match self.names().as_slice() {
                [] => "there is none yet".to_owned(),
                names => format!("there is: {}", names.join(", ")),
            };
            Error::Usage(format!(
                "there is no profile `{name}` ({known}); make it: writ --profile {name} login URL --as UPN"
            ))
        })
    }

    /// The names of all profiles.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join("profiles"));
        let mut names: Vec<_> = entries
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().join("profile.toml").exists())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }

    /// The name of the profile that is used where none is named.
    pub fn current(&self) -> Result<Option<String>, Error> {
        let path = self.folder.join("current");
        match fs::read_to_string(&path) {
            Ok(name) => Ok(Some(name.trim().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file(&path, error)),
        }
    }

    /// Uses a profile where none is named, if there is no such yet.
    fn make_current(&self, name: &str) -> Result<(), Error> {
        match self.current()? {
            Some(_) => Ok(()),
            None => files::write_private(&self.folder.join("current"), name.as_bytes()),
        }
    }

    /// Makes or replaces a profile with a key that its organization knows.
    pub fn keep(&self, name: &str, account: &Account, key: &SigningKey) -> Result<Profile, Error> {
        let folder = self.folder(name)?;
        files::make_private_folder(&folder)?;
        files::write_private(&folder.join("key"), seed_text(key).as_bytes())?;
        let path = folder.join("profile.toml");
        let text = toml::to_string(account).map_err(|error| Error::file(&path, error))?;
        files::write_private(&path, text.as_bytes())?;
        files::remove(&folder.join("session"))?;
        forget_pending(&folder)?;
        self.make_current(name)?;
        Ok(Profile {
            name: name.to_owned(),
            folder,
            account: account.clone(),
            authorities: self.authorities.clone(),
        })
    }

    /// The key that is being enrolled under a name, if one is.
    pub(crate) fn pending(&self, name: &str) -> Result<Option<Pending>, Error> {
        let path = self.folder(name)?.join("joining");
        let Some(text) = files::read_private(&path)? else {
            return Ok(None);
        };
        let file: PendingFile =
            json::read_loosely(text.as_bytes()).map_err(|error| Error::file(&path, error))?;
        let key = files::read_private(&path.with_extension("key"))?;
        let key = key.and_then(|text| seed_key(&text));
        Ok(Some(Pending {
            account: file.account,
            key: key.ok_or_else(|| Error::file(&path, "its key is gone; remove this file"))?,
            enrol: file.enrol,
        }))
    }

    /// Keeps a key before its `enrol` is sent.
    pub(crate) fn keep_pending(&self, name: &str, pending: &Pending) -> Result<(), Error> {
        let folder = self.folder(name)?;
        files::make_private_folder(&folder)?;
        let path = folder.join("joining");
        let file = PendingFile {
            account: pending.account.clone(),
            enrol: pending.enrol.clone(),
        };
        let bytes = json::write(&file).map_err(|error| Error::file(&path, error))?;
        files::write_private(
            &path.with_extension("key"),
            seed_text(&pending.key).as_bytes(),
        )?;
        files::write_private(&path, &bytes)
    }

    /// Forgets a key that was not enrolled.
    pub(crate) fn forget_pending(&self, name: &str) -> Result<(), Error> {
        forget_pending(&self.folder(name)?)
    }

    fn folder(&self, name: &str) -> Result<PathBuf, Error> {
        let is_plain = (1..=100).contains(&name.len())
            && !name.starts_with('.')
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"@._+-".contains(&b));
        match is_plain {
            true => Ok(self.folder.join("profiles").join(name)),
            false => Err(Error::Usage(format!(
                "`{}` cannot name a profile; use letters, digits, `@`, `.`, `_`, `+`, `-`",
                name.escape_debug()
            ))),
        }
    }
}

impl Profile {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where and who.
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of the authorities that are trusted beside the system's.
    pub(crate) fn authorities(&self) -> Option<&Path> {
        self.authorities.as_deref()
    }

    /// This machine's key.
    pub(crate) fn key(&self) -> Result<SigningKey, Error> {
        let path = self.folder.join("key");
        let text = files::read_private(&path)?;
        text.and_then(|text| seed_key(text.trim())).ok_or_else(|| {
            Error::file(
                &path,
                "it holds no key; ask an administrator for a new invitation and run: \
                     writ login URL --as UPN",
            )
        })
    }

    /// The session that was kept; none after logout.
    pub(crate) fn session(&self) -> Result<Option<Envelope>, Error> {
        let text = files::read_private(&self.folder.join("session"))?;
        // One that cannot be read is made anew.
        Ok(text.and_then(|text| Envelope::parse(text.as_bytes()).ok()))
    }

    /// Keeps a session.
    pub(crate) fn keep_session(&self, session: &Envelope) -> Result<(), Error> {
        let path = self.folder.join("session");
        let bytes = json::write(session).map_err(|error| Error::file(&path, error))?;
        files::write_private(&path, &bytes)?;
        files::remove(&self.folder.join("logged-out"))
    }

    /// Whether its owner logged out here.
    pub fn is_logged_out(&self) -> bool {
        self.folder.join("logged-out").exists()
    }

    /// Forgets the session, so that the next one is new.
    pub(crate) fn forget_session(&self) -> Result<(), Error> {
        files::remove(&self.folder.join("session"))
    }

    /// Forgets the session; the key stays, for the next login.
    pub(crate) fn log_out(&self) -> Result<(), Error> {
        files::write_private(&self.folder.join("logged-out"), b"")?;
        self.forget_session()
    }
}

fn forget_pending(folder: &Path) -> Result<(), Error> {
    files::remove(&folder.join("joining"))?;
    files::remove(&folder.join("joining.key"))
}

fn seed_text(key: &SigningKey) -> Zeroizing<String> {
    Zeroizing::new(HEXLOWER.encode(key.seed()))
}

fn seed_key(text: &str) -> Option<SigningKey> {
    let bytes = Zeroizing::new(HEXLOWER.decode(text.as_bytes()).ok()?);
    let seed: [u8; 32] = bytes.as_slice().try_into().ok()?;
    Some(SigningKey::from_seed(Zeroizing::new(seed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::new_key;
    use writ_core::digest::Digest;

    fn account() -> Account {
        Account {
            url: "http://localhost:1".into(),
            organization: OrganizationId(Digest::of(b"x")),
            upn: Upn::parse("alice@example.com").unwrap(),
        }
    }

    #[test]
    fn a_profile_is_found_again_with_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles::new(Some(folder.path().join("config"))).unwrap();
        assert!(
            matches!(profiles.get(None), Err(Error::Usage(said)) if said.contains("writ login"))
        );
        let key = new_key();
        profiles.keep("alice", &account(), &key).unwrap();
        profiles.keep("bob", &account(), &new_key()).unwrap();
        let found = profiles.get(None).unwrap();
        assert_eq!((found.name(), found.account()), ("alice", &account()));
        assert_eq!(found.key().unwrap().public(), key.public());
        assert_eq!(profiles.names(), ["alice", "bob"]);
        let missing = profiles.get(Some("carol")).unwrap_err();
        assert!(missing.to_string().contains("alice, bob"), "{missing}");
    }

    #[test]
    fn names_stay_inside_the_folder() {
        let profiles = Profiles::new(Some("/nowhere".into())).unwrap();
        for bad in ["", "..", "../x", "a/b", ".hidden", "a b", "a\0", "\u{e9}"] {
            assert!(profiles.find(bad).is_err(), "{bad:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles::new(Some(folder.path().join("config"))).unwrap();
        let profile = profiles.keep("alice", &account(), &new_key()).unwrap();
        let path = profile.folder().join("key");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(profile.key().unwrap_err().to_string().contains("chmod 600"));
    }
}
