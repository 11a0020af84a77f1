// The log's arithmetic, as RFC 9162 and https://c2sp.org/tlog-checkpoint have
// it: signed checkpoints, inclusion and consistency. Nothing here touches the
// page.

import { bytesOf, hex, join, sha256, unbase64, unhex } from "./statement.js";

const equal = (one, other) => hex(one) === hex(other);

// What must hold; else the check is over.
function must(holds, sentence) {
  if (!holds) throw new Error(sentence);
}

const read = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

// The body of the statement in a leaf.
export const bodyIn = (leaf) => read(unbase64(read(leaf).envelope.payload)).body;

export const leafHash = (leaf) => sha256(join(Uint8Array.of(0), leaf));
const nodeHash = (left, right) => sha256(join(Uint8Array.of(1), left, right));

// A verifier: `name+hash+key`, the key in base64 behind a byte for Ed25519.
export function readVerifier(text) {
  const [name, hash, ...key] = text.split("+");
  const bytes = unbase64(key.join("+"));
  must(bytes.length === 33 && bytes[0] === 1, "the verifier key is no Ed25519 key");
  return { name, hash: unhex(hash), key: bytes.slice(1) };
}

// Opens a checkpoint: only with a good signature of this verifier's key.
export async function openCheckpoint(note, { name, hash, key }) {
  const end = note.lastIndexOf("\n\n");
  must(end > 0, "the checkpoint is no signed note");
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2).split("\n").filter((line) => line !== "");
  const mine = lines.find((line) => line.startsWith(`— ${name} `));
  must(mine, "the checkpoint is not signed by this log");
  const signature = unbase64(mine.slice(`— ${name} `.length));
  must(signature.length === 68 && equal(signature.slice(0, 4), hash), "the checkpoint is signed by another key");
  const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
  const holds = await crypto.subtle.verify("Ed25519", imported, signature.slice(4), bytesOf(text));
  must(holds, "the signature of the checkpoint does not hold");
  const [origin, size, root, ...more] = text.split("\n");
  must(/^(0|[1-9]\d{0,15})$/.test(size) && more.length === 1 && more[0] === "", "the checkpoint has another form");
  must(origin === name, "the checkpoint is of another log");
  return { origin, size: Number(size), root: unbase64(root) };
}

const odd = (number) => number % 2 === 1;
const half = (number) => Math.floor(number / 2);

// That a leaf is in the log of a size with this root (RFC 9162 §2.1.3.2).
export async function checkInclusion({ index, size, path }, leaf, root) {
  const wrong = "the log does not hold it";
  must(index < size, wrong);
  let [at, last, hash] = [index, size - 1, leaf];
  for (const digits of path) {
    const beside = unhex(digits);
    must(last > 0, wrong);
    if (odd(at) || at === last) {
      hash = await nodeHash(beside, hash);
      while (!odd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = await nodeHash(hash, beside);
    }
    [at, last] = [half(at), half(last)];
  }
  must(last === 0 && equal(hash, root), wrong);
}

// That one log is the beginning of another (RFC 9162 §2.1.4.2).
export async function checkConsistency(from, to, digits) {
  const wrong = "this log does not go on from the one that was here before: it was cut or changed";
  must(from.size <= to.size, wrong);
  if (from.size === to.size) return must(equal(from.root, to.root), wrong);
  let path = digits.map(unhex);
  const isWhole = Number.isInteger(Math.log2(from.size));
  if (isWhole) path = [from.root, ...path];
  must(path.length > 0, wrong);
  let [at, last] = [from.size - 1, to.size - 1];
  while (odd(at)) [at, last] = [half(at), half(last)];
  let [before, after] = [path[0], path[0]];
  for (const beside of path.slice(1)) {
    must(last > 0, wrong);
    if (odd(at) || at === last) {
      [before, after] = [await nodeHash(beside, before), await nodeHash(beside, after)];
      while (!odd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      after = await nodeHash(after, beside);
    }
    [at, last] = [half(at), half(last)];
  }
  must(last === 0 && equal(before, from.root) && equal(after, to.root), wrong);
}
