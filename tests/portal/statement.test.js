// The browser's statements against the vectors: the same bytes, the same names.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { sealedParameter } from "../../crates/server/assets/beside.js";
import { base64, bytesOf, canonical, draftOf, hex, keyId, pae, sealed, unhex } from "../../crates/server/assets/statement.js";

const VECTORS = new URL("../../crates/core/tests/vectors/", import.meta.url);
const read = (file) => JSON.parse(readFileSync(new URL(file, VECTORS), "utf8"));
const statements = readdirSync(VECTORS)
  .filter((file) => file.endsWith(".json"))
  .flatMap((file) => read(file))
  .filter((vector) => vector.payload_type);

// keys.js is made for pages, which have these.
globalThis.window = globalThis;
const keys = await import("../../crates/server/assets/keys.js");

test("every payload of the vectors is written as it stands there", async () => {
  assert.ok(statements.length > 40, String(statements.length));
  for (const { title, payload, payload_type: type, pae: expected, digest } of statements) {
    const kind = type.match(/vnd\.writ\.(.+)\.v1/)[1];
    const drafted = await draftOf(kind, JSON.parse(payload));
    assert.equal(drafted.text, payload, title);
    assert.equal(hex(drafted.pae), expected, title);
    if (digest) assert.equal(drafted.digest, digest, title);
  }
});

test("an envelope is the one of the vectors", async () => {
  const signed = statements.filter((vector) => vector.envelope && vector.key?.seed);
  assert.ok(signed.length > 30, String(signed.length));
  for (const { title, key, payload, payload_type: type, envelope } of signed) {
    const { signatures } = JSON.parse(envelope);
    if (signatures[0].passkey) continue;
    const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), unhex(key.seed)]);
    const secret = await crypto.subtle.importKey("pkcs8", der, "Ed25519", false, ["sign"]);
    const signer = {
      id: signatures[0].keyid,
      sign: async (message) => ({ sig: new Uint8Array(await crypto.subtle.sign("Ed25519", secret, message)) }),
    };
    const kind = type.match(/vnd\.writ\.(.+)\.v1/)[1];
    const made = await sealed(await draftOf(kind, JSON.parse(payload)), signer);
    assert.equal(canonical(made), envelope, title);
  }
});

test("keys have the ids of the vectors", async () => {
  for (const { alg, public: text, id } of Object.values(read("keys.json")).flat()) {
    assert.equal(await keyId(alg, unhex(text)), id);
  }
});

test("a code and its key are those of the vectors", async () => {
  const { invitation, recovery, organization } = read("codes.json");
  const code = await keys.readCode(invitation.code.toLowerCase().replaceAll("-", " "));
  assert.equal(hex(code.seed), invitation.seed);
  assert.ok(organization.startsWith(code.organization));
  const key = await keys.invitationKey(code.seed, organization, invitation.person);
  assert.equal(key.id, invitation.key.id);
  // A code of another purpose, or with another letter, is none.
  assert.equal(await keys.readCode(recovery.code), undefined);
  for (let at = 0; at < invitation.code.length; at += 1) {
    if (invitation.code[at] === "-") continue;
    const letter = invitation.code[at] === "A" ? "B" : "A";
    const wrong = invitation.code.slice(0, at) + letter + invitation.code.slice(at + 1);
    const read = await keys.readCode(wrong);
    assert.ok(read === undefined || hex(read.seed) !== invitation.seed, wrong);
  }
});

test("a box and what is said of it are those of the vectors", async () => {
  const { ephemeral, parameter, public: to, value } = read("sealed.json");
  const [label, info] = parameter.info.split("\0");
  assert.equal(label, "writ-parameter-v1");
  const der = Buffer.concat([Buffer.from("302e020100300506032b656e04220420", "hex"), unhex(ephemeral)]);
  const x25519 = { name: "X25519" };
  const pair = {
    privateKey: await crypto.subtle.importKey("pkcs8", der, x25519, false, ["deriveBits"]),
    publicKey: await crypto.subtle.importKey("raw", unhex(parameter.box.slice(0, 64)), x25519, true, []),
  };
  const { box, said } = await sealedParameter(value, JSON.parse(info), unhex(to), pair, unhex(parameter.key));
  assert.equal(hex(box), parameter.box);
  assert.deepEqual(said, parameter.said);
});

test("what has no canonical text is refused", () => {
  for (const odd of [null, 1.5, 2 ** 53, NaN, -Infinity, undefined, "\ud800", 1n, () => 1, [null], { a: null }]) {
    assert.throws(() => canonical(odd), TypeError, String(odd));
  }
  assert.equal(canonical({ b: 1, a: ["\u2028\u007f\u0001\n\"\\é"], c: undefined, "\u{1F600}": -0 }),
    '{"a":["\u2028\u007f\\u0001\\n\\"\\\\é"],"b":1,"\u{1F600}":0}');
});

test("members are in the order of their UTF-16 code units", () => {
  assert.equal(canonical({ "\uffff": 1, "\u{10000}": 2, a: 3 }), '{"a":3,"\u{10000}":2,"\uffff":1}');
});

test("an ECDSA signature in DER becomes r and s", () => {
  const r = Buffer.alloc(32, 0xff);
  const s = Buffer.concat([Buffer.alloc(2), Buffer.alloc(30, 0x7f)]);
  const der = Buffer.concat([Buffer.from([0x30, 33 + 30 + 4, 2, 33, 0]), r, Buffer.from([2, 30]), s.subarray(2)]);
  assert.equal(hex(keys.plain(new Uint8Array(der))), hex(Buffer.concat([r, s])));
});

test("bytes are spelled as they are read", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  assert.deepEqual(unhex(hex(bytes)), bytes);
  assert.equal(base64(bytes), Buffer.from(bytes).toString("base64"));
  assert.equal(hex(pae("t", bytesOf("é"))), Buffer.from("DSSEv1 1 t 2 é").toString("hex"));
});
