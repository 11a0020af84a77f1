// Pairing: the text that a new device shows and an old one is given. It says
// what of an `enrol` the old device cannot know: when, once, which key, its
// proof, its name. Nothing here touches the page.

import { base64url, bytesOf, hex, join, unhex } from "./statement.js";

// The two forms, by their first byte.
const PLAIN = 1;
const PASSKEY = 2;

const lengthOf = (bytes) => Uint8Array.of(bytes.length >> 8, bytes.length & 255);
const behindLength = (bytes) => join(lengthOf(bytes), bytes);

// The text of a payload with the body of an `enrol`.
export function written({ at, nonce, body }) {
  const time = new DataView(new ArrayBuffer(8));
  time.setBigInt64(0, BigInt(at));
  const form = body.passkey ? PASSKEY : PLAIN;
  const gesture = body.passkey
    ? [bytesOf(body.rp_id), unhex(body.assertion.authenticator_data), unhex(body.assertion.client_data)]
    : [];
  const parts = [Uint8Array.of(form), new Uint8Array(time.buffer), unhex(nonce), unhex(body.key.public), unhex(body.proof)];
  return base64url(join(...parts, ...gesture.map(behindLength), bytesOf(body.label)));
}

// The payload that a text says, put together for a person of an organization;
// nothing if it is not whole.
export function read(text, { by, instance }) {
  const letters = text.replaceAll(/writ key add|\s/g, "");
  if (!/^[\w-]{1,4096}$/.test(letters)) return undefined;
  let rest;
  try {
    const packed = atob(letters.replaceAll("-", "+").replaceAll("_", "/"));
    rest = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
  const take = (count) => {
    if (rest.length < count) throw new RangeError("the text is too short");
    const taken = rest.slice(0, count);
    rest = rest.slice(count);
    return taken;
  };
  const takeBehindLength = () => {
    const [high, low] = take(2);
    return take(high * 256 + low);
  };
  try {
    const [form] = take(1);
    if (form !== PLAIN && form !== PASSKEY) return undefined;
    const at = Number(new DataView(take(8).buffer).getBigInt64(0));
    const nonce = hex(take(16));
    const isPasskey = form === PASSKEY;
    const key = { alg: isPasskey ? "p256" : "ed25519", public: hex(take(isPasskey ? 65 : 32)) };
    const body = { key, person: by, proof: hex(take(64)) };
    const strict = new TextDecoder("utf-8", { fatal: true });
    if (isPasskey) {
      body.passkey = true;
      body.rp_id = strict.decode(takeBehindLength());
      body.assertion = { authenticator_data: hex(takeBehindLength()), client_data: hex(takeBehindLength()) };
    }
    body.label = strict.decode(rest);
    return { at, body, by, instance, nonce };
  } catch {
    return undefined;
  }
}
