// Keys: what this browser can sign with. A key of the browser's own is made so
// that no script can read it; a passkey stays in its authenticator. Which they
// are is kept in IndexedDB, one record a person of an organization.

import { bytesOf, canonical, hex, join, keyId, pae, sha256, unhex } from "./statement.js";

const POSSESSION = "application/vnd.writ.key-possession.v1+json";

// --- What this browser keeps ---

function opened() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("writ", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("keys", { keyPath: "id" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function inStore(mode, ask) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction("keys", mode, { durability: "strict" });
      const asked = ask(transaction.objectStore("keys"));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

export const keep = (record) => inStore("readwrite", (store) => store.put(record));
export const forget = (id) => inStore("readwrite", (store) => store.delete(id));

// The keys of an organization, the newest first.
export async function kept(instance) {
  const all = await inStore("readonly", (store) => store.getAll());
  return all
    .filter((record) => record.instance === instance)
    .sort((one, other) => other.made - one.made);
}

// --- Signing ---

// A kept key as something that signs.
export function signer(record) {
  if (record.credential) {
    return { id: record.id, sign: (message) => gesture(record.credential, record.rp, message) };
  }
  return ofKey(record.id, record.key);
}

const ofKey = (id, key) => ({
  id,
  sign: async (message) => ({ sig: new Uint8Array(await crypto.subtle.sign("Ed25519", key, message)) }),
});

// Lets the page say that the browser waits for a gesture.
async function waited(gesture) {
  const say = (detail) => document.dispatchEvent(new CustomEvent("passkey", { detail }));
  say(true);
  try {
    return await gesture();
  } finally {
    say(false);
  }
}

// A passkey signs a digest of the message, by a gesture of whoever holds it.
async function gesture(credential, rpId, message) {
  const challenge = await sha256(join(bytesOf("writ-passkey-v1"), new Uint8Array(1), message));
  const publicKey = {
    challenge,
    rpId,
    allowCredentials: [{ type: "public-key", id: credential }],
    userVerification: "required",
  };
  const { response } = await waited(() => navigator.credentials.get({ publicKey }));
  return {
    sig: plain(new Uint8Array(response.signature)),
    passkey: {
      authenticator_data: hex(new Uint8Array(response.authenticatorData)),
      client_data: hex(new Uint8Array(response.clientDataJSON)),
    },
  };
}

// An ECDSA signature in DER as r ‖ s, 32 bytes each.
export function plain(der) {
  const number = (at) => {
    const bytes = der.slice(at + 2, at + 2 + der[at + 1]);
    const digits = bytes.slice(bytes.findIndex((byte) => byte !== 0));
    return join(new Uint8Array(32 - digits.length), digits);
  };
  return join(number(2), number(4 + der[3]));
}

// --- New keys ---

const described = async (alg, publicBytes) => ({
  id: await keyId(alg, publicBytes),
  public: { alg, public: hex(publicBytes) },
  made: Date.now(),
});

export async function newBrowserKey() {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const bytes = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { ...(await described("ed25519", bytes)), key: pair.privateKey };
}

export async function newPasskey({ rp, organization, upn, known }) {
  const publicKey = {
    challenge: crypto.getRandomValues(new Uint8Array(32)),
    rp: { id: rp, name: `Writ of ${organization}` },
    user: {
      id: await sha256(bytesOf(`writ-user ${organization} ${upn}`)),
      name: upn,
      displayName: upn,
    },
    pubKeyCredParams: [{ type: "public-key", alg: -7 }],
    authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
    excludeCredentials: known.map((id) => ({ type: "public-key", id })),
    attestation: "none",
  };
  const made = await waited(() => navigator.credentials.create({ publicKey }));
  // A public key of P-256 stands at the end of its DER, uncompressed.
  const bytes = new Uint8Array(made.response.getPublicKey()).slice(-65);
  return { ...(await described("p256", bytes)), credential: new Uint8Array(made.rawId), rp };
}

// A passkey that was made and then not taken, by a wrong code for example, is
// used again: the authenticator makes no second one beside it.
export async function ownPasskey({ rp, organization, upn, instance }) {
  const mine = (await kept(instance)).filter((record) => record.upn === upn && record.credential);
  const unused = mine.find((record) => !record.enrolled && record.rp === rp);
  const known = mine.filter((record) => record.enrolled).map((record) => record.credential);
  return unused ?? newPasskey({ rp, organization, upn, known });
}

// What to call this browser.
export function labelOf() {
  const agent = navigator.userAgent;
  const browser = /Firefox/.test(agent) ? "Firefox" : /Edg\//.test(agent) ? "Edge" : /Chrom/.test(agent) ? "Chrome" : /Safari/.test(agent) ? "Safari" : "a browser";
  const system = ["Windows", "Android", "iPhone", "iPad", "Mac", "Linux"].find((name) => agent.includes(name));
  return system ? `${browser} on ${system}` : browser;
}

// The body of an `enrol` of a new key, with its proof. `payload` has the rest of
// the payload, which the proof is over as well.
export async function enrolment(record, label, payload) {
  const body = { key: record.public, label, person: payload.by };
  if (record.credential) Object.assign(body, { passkey: true, rp_id: record.rp });
  const bare = bytesOf(canonical({ ...payload, body }));
  const { sig, passkey } = await signer(record).sign(pae(POSSESSION, bare));
  return { ...body, assertion: passkey, proof: hex(sig) };
}

// --- Invitations ---

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// What a code says; nothing if it is not whole.
export async function readCode(text, purpose = "invitation") {
  const letters = text.toUpperCase().replaceAll(/[-\s]/g, "");
  if (!/^[A-Z2-7]{40}$/.test(letters)) return undefined;
  const bits = Array.from(letters, (letter) =>
    LETTERS.indexOf(letter).toString(2).padStart(5, "0"),
  ).join("");
  const bytes = Uint8Array.from(bits.match(/.{8}/g), (byte) => parseInt(byte, 2));
  const check = await sha256(join(bytesOf(purpose), new Uint8Array(1), bytes.slice(0, 24)));
  if (check[0] !== bytes[24]) return undefined;
  return { seed: bytes.slice(0, 16), organization: hex(bytes.slice(16, 24)) };
}

// A new code of an organization.
export async function newCode(instance) {
  const seed = crypto.getRandomValues(new Uint8Array(16));
  const bytes = join(seed, unhex(instance).slice(0, 8));
  const check = await sha256(join(bytesOf("invitation"), new Uint8Array(1), bytes));
  const bits = Array.from(join(bytes, check.slice(0, 1)), (byte) => byte.toString(2).padStart(8, "0")).join("");
  const letters = bits.match(/.{5}/g).map((five) => LETTERS[parseInt(five, 2)]).join("");
  return { seed, text: letters.match(/.{5}/g).join("-") };
}

// The key of an invitation, for one person of one organization.
export async function invitationKey(seed, instance, upn) {
  const info = join(
    bytesOf("writ-invite"),
    new Uint8Array(1),
    unhex(instance),
    bytesOf(upn),
  );
  const material = await crypto.subtle.importKey("raw", seed, "HKDF", false, ["deriveBits"]);
  const salt = new Uint8Array();
  const derived = await crypto.subtle.deriveBits(
    { name: "HKDF", hash: "SHA-256", salt, info },
    material,
    256,
  );
  return ed25519(new Uint8Array(derived));
}

// An Ed25519 key of a seed. The public half is only to be had from an exported
// key, so a readable one is made for a moment.
async function ed25519(seed) {
  const der = join(Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32]), seed);
  const readable = await crypto.subtle.importKey("pkcs8", der, "Ed25519", true, ["sign"]);
  const { x } = await crypto.subtle.exportKey("jwk", readable);
  const publicBytes = Uint8Array.from(
    atob(x.replaceAll("-", "+").replaceAll("_", "/")),
    (letter) => letter.charCodeAt(0),
  );
  const key = ofKey(await keyId("ed25519", publicBytes), readable);
  return { ...key, public: { alg: "ed25519", public: hex(publicBytes) } };
}

// Whether passkeys of a domain can be made here; if not, why.
export function noPasskeys(rp) {
  if (!window.PublicKeyCredential) return "this browser has no passkeys";
  const host = location.hostname;
  if (/^[\d.]+$|:/.test(host)) return `passkeys need a name in the address, not ${host}`;
  if (host !== rp && !host.endsWith(`.${rp}`)) {
    return `passkeys of this organization are for ${rp}, and this page is at ${host}`;
  }
  return undefined;
}

