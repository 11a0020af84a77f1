// What travels beside a run, as docs/statements.md has it: secrets, sealed here so
// that only the node reads them, and texts too long to stand in the statement.
// Nothing here touches the page, so that it is tested against the vectors.

import { base64, bytesOf, canonical, hex, join, sha256, unbase64, unhex } from "./statement.js";
import { bodyIn, leafHash } from "./notes.js";

// Longer texts travel beside, in bytes.
const LONG = 2048;

const EMPTY = new Uint8Array(0);
const random = () => crypto.getRandomValues(new Uint8Array(32));

async function hmac(key, message) {
  // An empty key is as good as one of zeros; an empty one cannot be imported.
  const raw = key.length === 0 ? new Uint8Array(32) : key;
  const imported = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, message));
}

// --- HPKE (RFC 9180), base mode, one message ---

const VERSION = bytesOf("HPKE-v1");
const KEM = join(bytesOf("KEM"), Uint8Array.of(0x00, 0x20));
const HPKE = join(bytesOf("HPKE"), Uint8Array.of(0x00, 0x20, 0x00, 0x01, 0x00, 0x02));

// HKDF's extract is one HMAC, and so is its expand to at most 32 bytes.
const extract = (suite, salt, label, input) => hmac(salt, join(VERSION, suite, bytesOf(label), input));

async function expand(suite, key, label, info, length) {
  const parts = [Uint8Array.of(length >> 8, length & 255), VERSION, suite, bytesOf(label), info, Uint8Array.of(1)];
  return (await hmac(key, join(...parts))).subarray(0, length);
}

const ephemeral = () => crypto.subtle.generateKey({ name: "X25519" }, true, ["deriveBits"]);

// The box of some bytes: the public key of `pair`, then the ciphertext with its tag.
async function boxOf(bytes, to, info, pair) {
  const enc = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const recipient = await crypto.subtle.importKey("raw", to, { name: "X25519" }, false, []);
  const dh = await crypto.subtle.deriveBits({ name: "X25519", public: recipient }, pair.privateKey, 256);
  const prk = await extract(KEM, EMPTY, "eae_prk", new Uint8Array(dh));
  const shared = await expand(KEM, prk, "shared_secret", join(enc, to), 32);
  const context = join(
    Uint8Array.of(0),
    await extract(HPKE, EMPTY, "psk_id_hash", EMPTY),
    await extract(HPKE, EMPTY, "info_hash", info),
  );
  const secret = await extract(HPKE, shared, "secret", EMPTY);
  const raw = await expand(HPKE, secret, "key", context, 32);
  const iv = await expand(HPKE, secret, "base_nonce", context, 12);
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
  return join(enc, new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, bytes)));
}

// Seals the value of a parameter: its box, and what the statement says of it.
export async function sealedParameter(value, purpose, to, pair, key = random()) {
  const bytes = bytesOf(value);
  const info = join(bytesOf("writ-parameter-v1\0"), bytesOf(canonical(purpose)));
  const box = await boxOf(join(key, bytes), to, info, pair);
  return { box, said: { digest: hex(await sha256(box)), hmac: hex(await hmac(key, bytes)) } };
}

// The key that entry 0 names. The organization's id is the hash of that entry.
async function sealingKey(instance) {
  const { genesis } = await (await fetch("/v1/organization")).json();
  const leaf = unbase64(genesis);
  if (hex(await leafHash(leaf)) !== instance) {
    throw new Error("The server shows another organization than that of this page. Nothing was sealed or sent.");
  }
  return unhex(bodyIn(leaf).services.sealing.public);
}

async function seal(body, blobs, { instance, upn }) {
  const to = await sealingKey(instance);
  for (const [name, value] of Object.entries(body.sealed)) {
    const pair = await ephemeral().catch(() => {
      throw new Error(`This browser cannot seal secrets: it has no X25519. Use a newer one, or the command line: writ run ${body.task}`);
    });
    const purpose = { by: upn, instance, name, task: body.task.toLowerCase() };
    const { box, said } = await sealedParameter(value, purpose, to, pair);
    body.sealed[name] = said;
    blobs[said.digest] = base64(box);
  }
}

// Takes out of the body of a run what does not stand in it. Answers the blobs, each
// by its digest.
export async function beside(body, page) {
  const blobs = {};
  if (body.sealed) await seal(body, blobs, page);
  for (const [name, value] of Object.entries(body.parameters)) {
    const bytes = typeof value === "string" ? bytesOf(value) : EMPTY;
    if (bytes.length <= LONG) continue;
    const digest = hex(await sha256(bytes));
    body.attached ??= {};
    body.attached[name] = { digest, size: bytes.length };
    blobs[digest] = base64(bytes);
    delete body.parameters[name];
  }
  return blobs;
}
