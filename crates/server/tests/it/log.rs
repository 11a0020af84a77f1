//! The log from outside: tiles, bundles, proofs, writ files.

use writ_core::digest::Digest;
use writ_core::log::{
    Checkpoint, Tile, Verifier, consistency_root, inclusion_root, leaf_hash, open_note, root_of,
};
use writ_core::proof::{Story, check};
use writ_core::view::{ConsistencyView, InclusionView, RunStatus, StatusView};

use crate::world::{ADMIN, ALICE, AUDITOR, Answer, BOB, EVE, World, group};

impl World {
    async fn checkpoint(&self) -> Checkpoint {
        let note = self.get_with(None, "/v1/log/checkpoint").await;
        let published = self.engine.published();
        let verifier = published.state().verifier().unwrap();
        Checkpoint::open(&note.text(), verifier.name(), verifier.key()).unwrap()
    }

    async fn tile(&self, path: &str) -> Answer {
        self.get_with(None, &format!("/v1/log/tile/{path}")).await
    }

    async fn hashes(&self, path: &str) -> Vec<Digest> {
        let answer = self.tile(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let hash = |bytes: &[u8]| Digest::from_bytes(bytes.try_into().unwrap());
        answer.body.chunks(32).map(hash).collect()
    }

    async fn leaves(&self, path: &str) -> Vec<Vec<u8>> {
        let path = format!("/v1/log/tile/entries/{path}");
        let answer = self.get(AUDITOR, &path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let (mut rest, mut leaves) = (answer.body.as_slice(), Vec::new());
        while let Some((length, more)) = rest.split_first_chunk() {
            let (leaf, more) = more.split_at(usize::from(u16::from_be_bytes(*length)));
            leaves.push(leaf.to_vec());
            rest = more;
        }
        leaves
    }

    /// Lets the log grow to some size.
    async fn grow(&self, size: u64) {
        while self.engine.published().size() < size {
            let members: &[&str] = match self.engine.published().size() % 2 {
                0 => &[BOB],
                _ => &[EVE],
            };
            self.set(group("others@fabrikam.com", members)).await;
        }
    }

    async fn story(&self, who: &str, path: &str) -> Story {
        let answer = self.get(who, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert!(answer.header("content-disposition").ends_with(".writ\""));
        assert_eq!(answer.header("cache-control"), "no-store");
        let organization = self.engine.published().state().organization().unwrap();
        check(&answer.body, organization).unwrap()
    }
}

#[tokio::test]
async fn tiles_and_bundles_hold_the_log() {
    let world = World::new().await;
    world.grow(300).await;
    let checkpoint = world.checkpoint().await;
    assert_eq!(checkpoint.size, 300);
    let first = world.hashes("0/000").await;
    let rest = world.hashes("0/001.p/44").await;
    assert_eq!((first.len(), rest.len()), (256, 44));
    assert_eq!(world.hashes("1/000.p/1").await, [root_of(&first)]);
    let all = [first, rest].concat();
    assert_eq!(root_of(&all), checkpoint.root);

    let mut leaves = world.leaves("000").await;
    leaves.extend(world.leaves("001.p/44").await);
    let hashes: Vec<_> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    assert_eq!(hashes, all);

    // What belonged to an earlier size is there still.
    for width in [1, 7, 255] {
        let some = world.hashes(&format!("0/000.p/{width}")).await;
        assert_eq!(some, all[..width]);
        let some = world.leaves(&format!("000.p/{width}")).await;
        assert_eq!(some, leaves[..width]);
    }
}

#[tokio::test]
async fn a_tile_is_kept_for_ever_and_a_checkpoint_is_not() {
    let world = World::new().await;
    let tile = world.tile("0/000.p/3").await;
    assert_eq!(tile.header("content-type"), "application/octet-stream");
    assert_eq!(
        tile.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(tile.header("x-content-type-options"), "nosniff");
    let note = world.get_with(None, "/v1/log/checkpoint").await;
    assert_eq!(note.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(note.header("cache-control"), "no-store");
    // Leaves name people and reasons, and whoever asks may be signed out.
    let leaves = world.get(AUDITOR, "/v1/log/tile/entries/000.p/3").await;
    assert_eq!(leaves.header("content-type"), "application/octet-stream");
    assert_eq!(leaves.header("cache-control"), "no-store");
    // Nor may anybody remember that something is not there yet.
    let beyond = world.tile("0/000").await;
    assert_eq!(beyond.header("cache-control"), "no-store");
}

#[tokio::test]
async fn what_is_beyond_the_log_is_not_there() {
    let world = World::new().await;
    let size = world.checkpoint().await.size;
    assert!(size < 255);
    for path in [
        "0/000".to_owned(),
        format!("0/000.p/{}", size + 1),
        "0/001.p/1".to_owned(),
        "1/000.p/1".to_owned(),
        "63/000.p/1".to_owned(),
        "0/x018/x446/x744/x073/x709/x551/615".to_owned(),
    ] {
        assert_eq!(world.tile(&path).await.problem(404), "beyond-log", "{path}");
        if let Some(part) = path.strip_prefix("0/") {
            let path = format!("/v1/log/tile/entries/{part}");
            let answer = world.get(AUDITOR, &path).await;
            assert_eq!(answer.problem(404), "beyond-log", "{path}");
        }
    }
    for path in [
        "0",
        "0/0",
        "0/000.p/0",
        "0/000.p/256",
        "64/000",
        "x",
        "00/000",
        "0/x000",
    ] {
        assert_eq!(world.tile(path).await.problem(400), "bad-path", "{path}");
    }
    for (query, status, code) in [
        (
            format!("inclusion?index=0&size={}", size + 1),
            404,
            "beyond-log",
        ),
        (
            format!("inclusion?index={size}&size={size}"),
            404,
            "beyond-log",
        ),
        ("inclusion?index=0&size=0".to_owned(), 404, "beyond-log"),
        ("inclusion?index=0".to_owned(), 400, "bad-query"),
        (
            format!("consistency?from=1&to={}", size + 1),
            404,
            "beyond-log",
        ),
        (
            format!("consistency?from={0}&to={0}", size + 1),
            404,
            "beyond-log",
        ),
        ("consistency?from=0&to=1".to_owned(), 400, "bad-query"),
        ("consistency?from=3&to=2".to_owned(), 400, "bad-query"),
    ] {
        let answer = world
            .get_with(None, &format!("/v1/log/proof/{query}"))
            .await;
        assert_eq!(answer.problem(status), code, "{query}");
    }
}

#[tokio::test]
async fn proofs_lead_to_the_signed_root() {
    let world = World::new().await;
    let early = world.checkpoint().await;
    world.grow(270).await;
    let late = world.checkpoint().await;
    for checkpoint in [&early, &late] {
        let size = checkpoint.size;
        for index in [0, 1, size / 2, 255, 256, size - 1] {
            if index >= size {
                continue;
            }
            let path = format!("/v1/log/proof/inclusion?index={index}&size={size}");
            let shown: InclusionView = world.get_with(None, &path).await.json();
            assert_eq!((shown.index.0, shown.size), (index, size));
            let root = inclusion_root(shown.leaf_hash, index, size, &shown.path);
            assert_eq!(root, Some(checkpoint.root), "{path}");
            let tile = world.hashes(&Tile::up_to(index).to_string()).await;
            assert_eq!(tile.last(), Some(&shown.leaf_hash));
        }
    }
    let (from, to) = (early.size, late.size);
    let path = format!("/v1/log/proof/consistency?from={from}&to={to}");
    let shown: ConsistencyView = world.get_with(None, &path).await.json();
    let root = consistency_root(from, to, early.root, &shown.path);
    assert_eq!(root, Some(late.root));
    let same = format!("/v1/log/proof/consistency?from={to}&to={to}");
    let shown: ConsistencyView = world.get_with(None, &same).await.json();
    assert!(shown.path.is_empty());
}

#[tokio::test]
async fn a_run_is_proved_to_whoever_may_read_it() {
    let world = World::new().await;
    world.grant(ALICE).await;
    let run = world.run(ALICE).await;
    let path = format!("/v1/executions/{}/proof", &run.to_string()[..12]);
    let open = world.story(ALICE, &path).await.execution.unwrap();
    assert_eq!((open.id, open.status), (run, RunStatus::Authorized));
    world.finish(run, b"hello\n").await;
    for who in [ALICE, AUDITOR, ADMIN] {
        let story = world.story(who, &path).await;
        let over = story.execution.as_ref().unwrap();
        assert_eq!((over.id, over.status), (run, RunStatus::Succeeded));
        assert_eq!(over.output.unwrap().size, 6);
        assert_eq!(story.size, world.checkpoint().await.size);
        assert_eq!(story.request.unwrap().approvals.len(), 1);
    }
    for who in [BOB, EVE] {
        assert_eq!(world.get(who, &path).await.problem(404), "not-found");
    }
}

#[tokio::test]
async fn any_accepted_entry_is_proved_to_auditors() {
    let world = World::new().await;
    let ended = world.grant(ALICE).await;
    let posted = world.end(BOB, ended, "enough").await;
    let last = posted.receipt.index.0;
    for index in [0, 1, last] {
        let path = format!("/v1/log/entries/{index}/proof");
        let story = world.story(AUDITOR, &path).await;
        assert_eq!(story.entry.0, index);
    }
    let again = world.end(BOB, ended, "enough").await;
    assert!(!again.receipt.accepted);
    let refused = again.receipt.index;
    for (path, status, code) in [
        (format!("{refused}"), 409, "nothing-to-prove"),
        (format!("{}", refused.0 + 1), 404, "beyond-log"),
        (u64::MAX.to_string(), 404, "beyond-log"),
        ("x".to_owned(), 400, "bad-path"),
    ] {
        let path = format!("/v1/log/entries/{path}/proof");
        assert_eq!(
            world.get(AUDITOR, &path).await.problem(status),
            code,
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_status_names_the_logs_key() {
    let world = World::new().await;
    let status: StatusView = world.get(ALICE, "/v1/status").await.json();
    let verifier: Verifier = status.verifier_key.parse().unwrap();
    let note = world.get_with(None, "/v1/log/checkpoint").await.text();
    open_note(&note, &verifier).unwrap();
}
