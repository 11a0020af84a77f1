//! A database that was changed while no node looked: it does not start.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use writ_core::digest::{Digest, Index, RequestId};
use writ_core::entry::Entry;
use writ_core::envelope::Envelope;
use writ_core::statement::TreeHead;
use writ_core::testing::{RESTART, approving, asking, key};
use writ_engine::StartError;
use writ_store::{Backend, Memory, StoredEntry};

use crate::forge;
use crate::world::{Place, World, replay, signed};

/// What stops the start.
#[derive(Debug, PartialEq, Eq)]
enum Stopped {
    At(u64),
    Shorter,
    Different,
    Store,
}

fn stopped(error: StartError) -> Stopped {
    match error {
        StartError::Corrupt(corrupt) => Stopped::At(corrupt.index.0),
        StartError::Shorter { .. } => Stopped::Shorter,
        StartError::Different { .. } => Stopped::Different,
        StartError::Store(_) => Stopped::Store,
        other @ (StartError::Local(_)
        | StartError::OtherOrganization { .. }
        | StartError::Cut { .. }
        | StartError::NothingLost
        | StartError::NotSigned(_)
        | StartError::Refused(_)
        | StartError::NotFounded) => panic!("{other}"),
    }
}

/// A stopped node, its entries, and how many of them its head vouches for.
///
/// After a loss of power the head on disk may be a second old. So entries above
/// it are nothing unusual, and nothing but their signatures vouches for them.
struct Left {
    world: World,
    entries: Vec<StoredEntry>,
    head: u64,
    /// Where alice asked, below the head, and where bob approved, above it.
    asked: usize,
    approved: usize,
}

impl Left {
    async fn behind() -> Self {
        let world = World::ready().await;
        let request = world.request("alice", RESTART).await;
        let (asked, head) = (world.size() - 1, world.size());
        let file = world.place.state().join("head");
        let old = fs::read(&file).unwrap();
        world.yes("bob", approving(request)).await;
        let approved = world.size() - 1;
        world.yes("erin", asking(RESTART)).await;
        world.engine.stop(Duration::ZERO).await;
        fs::write(&file, old).unwrap();
        let entries = world.place.entries().await;
        Self {
            world,
            entries,
            head,
            asked: usize::try_from(asked).unwrap(),
            approved: usize::try_from(approved).unwrap(),
        }
    }

    async fn start_on(&self, store: impl Backend) -> Result<World, Stopped> {
        let opened = self.world.place.open_on(Arc::new(store)).await;
        match opened {
            Ok(engine) => Ok(self.world.at(engine)),
            Err(error) => Err(stopped(error)),
        }
    }

    async fn stops(&self, name: &str, store: impl Backend) -> Stopped {
        match self.start_on(store).await {
            Err(stopped) => stopped,
            Ok(_) => panic!("it starts: {name}"),
        }
    }
}

#[tokio::test]
async fn a_head_that_is_behind_is_fine_and_everything_acknowledged_is_there() {
    let left = Left::behind().await;
    let size = left.entries.len() as u64;
    assert!(left.head < size);
    let store = forge::hashed(left.entries.clone()).await;
    let world = left.start_on(store).await.unwrap();
    assert_eq!(world.state(), left.world.state());
    assert_eq!(world.size(), size);
}

/// A leaf was changed and nothing else: the hash beside it gives it away, below
/// the head and above, whatever it says now.
#[tokio::test]
async fn a_changed_leaf_is_named() {
    let left = Left::behind().await;
    let was = forge::head(&left.entries);
    for at in [left.asked, left.approved] {
        for (from, to) in [
            ("\"accepted\":true", "\"accepted\":false"),
            ("\"accepted\":true", "\"accepted\":yes"),
            ("\"node1\"", "\"node2\""),
            ("\"time\":1", "\"time\":2"),
            ("\"payload\":\"ey", "\"payload\":\"eY"),
        ] {
            let changed = forge::replaced(&left.entries, at, from, to);
            let stopped = left.stops(to, forge::store(changed, was).await).await;
            assert_eq!(stopped, Stopped::At(at as u64), "{at} {to}");
        }
    }
}

/// The hashes and the head were made anew, so that the database agrees with
/// itself. It does not agree with what this node signed, and nobody can sign
/// what others said.
#[tokio::test]
async fn a_changed_leaf_is_found_out_though_all_hashes_fit() {
    let left = Left::behind().await;
    let forge =
        async |at, from, to| forge::hashed(forge::replaced(&left.entries, at, from, to)).await;
    for (name, at, from, to, expected) in [
        (
            "a verdict below",
            left.asked,
            "true",
            "false",
            Stopped::At(left.asked as u64),
        ),
        (
            "a verdict above",
            left.approved,
            "true",
            "false",
            Stopped::At(left.approved as u64),
        ),
        // Nothing in the leaf itself says that it was another node.
        (
            "a node below",
            left.asked,
            "\"node1\"",
            "\"node2\"",
            Stopped::Different,
        ),
    ] {
        let stopped = left.stops(name, forge(at, from, to).await).await;
        assert_eq!(stopped, expected, "{name}");
    }
    for at in [left.asked, left.approved] {
        let stopped = left
            .stops(
                "signature",
                forge::hashed(unsigned(&left.entries, at)).await,
            )
            .await;
        assert_eq!(stopped, Stopped::At(at as u64), "signature {at}");
        let stopped = left
            .stops("words", forge::hashed(reworded(&left, at)).await)
            .await;
        assert_eq!(stopped, Stopped::At(at as u64), "words {at}");
    }
}

fn edited(
    entries: &[StoredEntry],
    at: usize,
    edit: impl FnOnce(&mut Envelope),
) -> Vec<StoredEntry> {
    let mut entries = entries.to_vec();
    let mut entry = Entry::parse(&entries[at].leaf).unwrap();
    let mut envelope = Envelope::clone(&entry.envelope);
    edit(&mut envelope);
    entry.envelope = Arc::new(envelope);
    entries[at].leaf = entry.to_leaf().unwrap();
    entries[at].digest = entry.envelope.digest();
    entries
}

/// The same statement with a signature that does not fit.
fn unsigned(entries: &[StoredEntry], at: usize) -> Vec<StoredEntry> {
    edited(entries, at, |envelope| envelope.signature.sig[0] ^= 1)
}

/// A statement of the same kind in which its author says something else, with
/// the signature of the old one.
fn reworded(left: &Left, at: usize) -> Vec<StoredEntry> {
    edited(&left.entries, at, |envelope| {
        let text = String::from_utf8(envelope.payload.clone()).unwrap();
        let (from, to) = match text.contains("it is broken") {
            true => ("it is broken", "all is well"),
            false => ("bob@fabrikam.example", "carol@fabrikam.example"),
        };
        assert!(text.contains(from), "{text}");
        envelope.payload = text.replace(from, to).into_bytes();
        if to.starts_with("carol") {
            envelope.signature.keyid = key("carol").public().id();
        }
    })
}

#[tokio::test]
async fn a_log_that_lost_entries_or_order_is_refused() {
    let left = Left::behind().await;
    let all = &left.entries;
    let below = usize::try_from(left.head).unwrap();
    let mut swapped = all.clone();
    swapped.swap(left.asked, left.asked - 1);
    for (index, entry) in swapped.iter_mut().enumerate() {
        entry.index = Index(index as u64);
    }
    for (name, entries, expected) in [
        (
            "one less than the head",
            &all[..below - 1],
            Stopped::Shorter,
        ),
        ("genesis alone", &all[..1], Stopped::Shorter),
        ("another order", &swapped[..], Stopped::Different),
    ] {
        let store = forge::hashed(entries.to_vec()).await;
        assert_eq!(left.stops(name, store).await, expected, "{name}");
    }
    // Entries above the head are lost with the second that it is old.
    let store = forge::hashed(all[..below].to_vec()).await;
    let world = left.start_on(store).await.unwrap();
    assert_eq!(world.size(), left.head);
}

#[tokio::test]
async fn a_store_whose_head_is_not_that_of_its_entries_is_refused() {
    let left = Left::behind().await;
    let other = TreeHead {
        root: Digest::of(b"another root"),
        ..forge::head(&left.entries)
    };
    let store = forge::store(left.entries.clone(), other).await;
    assert_eq!(left.stops("root", store).await, Stopped::Store);
}

/// Above the head an approval that nobody gave does not pass, however it is made.
#[tokio::test]
async fn an_approval_that_nobody_signed_is_refused_above_the_head() {
    let left = Left::behind().await;
    let entries = &left.entries[..left.approved];
    let request = RequestId(left.entries[left.asked].digest);
    let payload = left.world.payload("bob", approving(request));
    for label in ["alice", "mallory"] {
        let envelope = signed(&payload, label);
        let mut named = envelope.clone();
        named.signature.keyid = key("bob").public().id();
        for envelope in [envelope, named] {
            let mut forged = entries.to_vec();
            let like = left.entries[left.approved].clone();
            let mut entry = Entry::parse(&like.leaf).unwrap();
            forged.push(StoredEntry {
                digest: envelope.digest(),
                leaf: {
                    entry.envelope = Arc::new(envelope);
                    entry.to_leaf().unwrap()
                },
                ..like
            });
            let store = forge::hashed(forged).await;
            let stopped = left.stops(label, store).await;
            assert_eq!(stopped, Stopped::At(left.approved as u64), "{label}");
        }
    }
}

fn write_head(world: &World, bytes: &[u8]) {
    fs::write(world.place.state().join("head"), bytes).unwrap();
}

#[tokio::test]
async fn a_head_that_this_node_did_not_sign_is_refused() {
    let left = Left::behind().await;
    let other = Place::founded("another", Arc::new(Memory::new())).await;
    let head: &Path = &left.world.place.state().join("head");
    let mine = fs::read(head).unwrap();
    let foreign = fs::read(other.state().join("head")).unwrap();
    let mut changed = mine.clone();
    let digit = mine.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    changed[digit] = b'1' + b'9' - changed[digit];
    for (name, bytes) in [
        ("another node's", foreign),
        ("another size", changed),
        ("nonsense", b"nonsense".to_vec()),
        ("no text", vec![0xff; 512]),
        ("cut off", mine[..mine.len() / 8].to_vec()),
    ] {
        write_head(&left.world, &bytes);
        let refused = left.world.place.open().await;
        let Err(StartError::Local(refused)) = refused else {
            panic!("{name}");
        };
        assert!(
            refused.to_string().contains("restore this one file"),
            "{name}"
        );
    }
    write_head(&left.world, &mine);
    let world = left.world.at(left.world.place.open().await.unwrap());
    assert_eq!(replay(&*world.place.kept).await.size(), world.size());
}
