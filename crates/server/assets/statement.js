// Statements: the bytes that a person signs, as docs/statements.md has them.
// Nothing here touches the page, so that it is tested against the vectors.

const encoder = new TextEncoder();

export const bytesOf = (text) => encoder.encode(text);

export function join(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export const hex = (bytes) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export const unhex = (text) =>
  Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));

export const base64 = (bytes) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

export const unbase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

export const base64url = (bytes) =>
  base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

// Canonical JSON: one value has one text. A member that is `undefined` is absent.
export function canonical(value) {
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw new TypeError("a text holds half a character");
      return JSON.stringify(value);
    case "number":
      if (!Number.isSafeInteger(value)) throw new TypeError(`not a whole number: ${value}`);
      return String(value);
    case "boolean":
      return String(value);
    case "object":
      if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
      if (value !== null) return `{${members(value)}}`;
  }
  throw new TypeError(`canonical JSON has no ${value}`);
}

// `sort` compares UTF-16 code units, which is the order that is asked for.
function members(object) {
  const present = Object.keys(object).filter((name) => object[name] !== undefined);
  return present
    .sort()
    .map((name) => `${canonical(name)}:${canonical(object[name])}`)
    .join(",");
}

export const typeOf = (kind) => `application/vnd.writ.${kind}.v1+json`;

// What is signed: the PAE of DSSE v1.
export const pae = (type, payload) =>
  join(bytesOf(`DSSEv1 ${bytesOf(type).length} ${type} ${payload.length} `), payload);

// What every statement has in common, around its body.
export const payloadOf = (body, { by, instance, now }) => ({
  at: now,
  body,
  by,
  instance,
  nonce: hex(crypto.getRandomValues(new Uint8Array(16))),
});

// A statement before it is signed: what it is named by, and its bytes as text.
export const draft = (kind, body, about) => draftOf(kind, payloadOf(body, about));

export async function draftOf(kind, whole) {
  const text = canonical(whole);
  const payload = bytesOf(text);
  const signed = pae(typeOf(kind), payload);
  return { kind, text, payload, pae: signed, digest: hex(await sha256(signed)) };
}

// The envelope of a draft, signed by `key`: its `id`, and `sign` of some bytes,
// which answers `sig` and, of a passkey, what the authenticator signed.
export async function sealed(draft, key) {
  const { sig, passkey } = await key.sign(draft.pae);
  return {
    payload: base64(draft.payload),
    payloadType: typeOf(draft.kind),
    signatures: [{ keyid: key.id, passkey, sig: base64(sig) }],
  };
}

export const keyId = async (alg, publicBytes) =>
  hex(await sha256(join(bytesOf(alg), new Uint8Array(1), publicBytes)));
