// Checks the log in the browser. The server that is checked also serves this
// module, so it shows an accident and not an attack by that server: the page
// says so.

import { base64, hex, unbase64 } from "./statement.js";
import { bodyIn, checkConsistency, checkInclusion, leafHash, openCheckpoint, readVerifier } from "./notes.js";
import { kept } from "./keys.js";

const page = document.body.dataset;
const button = document.getElementById("check");
const place = document.getElementById("checked");
// What this browser saw of the log the last time.
const memory = `checkpoint ${page.instance}`;

async function get(path, read) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`the server did not answer ${path}`);
  return read === "text" ? answer.text() : answer.json();
}

// The checkpoint of now: signed, and going on from what was seen before.
async function checkpoint() {
  const verifier = readVerifier(button.dataset.verifier);
  const now = await openCheckpoint(await get("/v1/log/checkpoint", "text"), verifier);
  const said = [`The checkpoint of ${now.size} entries is signed by the log's key.`];
  const before = JSON.parse(localStorage.getItem(memory) ?? "null");
  if (before && before.origin === now.origin) {
    const from = { size: before.size, root: unbase64(before.root) };
    const isLater = from.size < now.size;
    const { path } = isLater ? await get(`/v1/log/proof/consistency?from=${from.size}&to=${now.size}`) : { path: [] };
    await checkConsistency(from, now, path);
    said.push(`It goes on from the ${from.size} entries that this browser saw before.`);
  } else if (before) {
    said.push(`The log has another name than when this browser last looked (${before.origin}): it was recovered after a restore. See below.`);
  } else {
    said.push("This browser remembers it and compares the next time.");
  }
  const { origin, size, root } = now;
  localStorage.setItem(memory, JSON.stringify({ origin, size, root: base64(root) }));
  return { now, said, verifier };
}

// That the log begins with the organization's first entry, and whether the
// log's key is the one that stands there.
async function beginning({ now, verifier }) {
  const { genesis } = await get("/v1/organization");
  const leaf = unbase64(genesis);
  const hash = await leafHash(leaf);
  if (hex(hash) !== page.instance) throw new Error("the first entry is not that of this organization");
  const proof = await get(`/v1/log/proof/inclusion?index=0&size=${now.size}`);
  await checkInclusion({ ...proof, index: 0, size: now.size }, hash, now.root);
  const said = ["Its first entry is the one that the organization's id names."];
  const joined = await kept(page.instance);
  if (joined.length > 0) said.push("This browser has kept that id since it got its key.");
  const { services } = bodyIn(leaf);
  const isFirst = services.log.public === hex(verifier.key);
  said.push(
    isFirst
      ? "The log's key stands in that entry."
      : "The log's key was changed since; that it was changed by an administrator, only the whole log shows.",
  );
  return said;
}

async function entry({ now }) {
  const index = Number(button.dataset.index);
  const [found] = await get(`/v1/log/entries?from=${index}&max=1`);
  const leaf = unbase64(found.leaf);
  const said = JSON.parse(new TextDecoder().decode(leaf));
  const shown = document.getElementById("payload").textContent;
  const signed = new TextDecoder().decode(unbase64(said.envelope.payload));
  const plain = signed.replaceAll(/[^\P{C}\n]|[\u2028\u2029]/gu, "");
  if (signed === plain && shown !== signed) throw new Error("this page shows something else than the log holds");
  const proof = await get(`/v1/log/proof/inclusion?index=${index}&size=${now.size}`);
  await checkInclusion({ ...proof, index, size: now.size }, await leafHash(leaf), now.root);
  return [`The log of ${now.size} entries holds entry ${index}, byte for byte.`];
}

button?.addEventListener("click", async () => {
  button.disabled = true;
  place.textContent = "Checking…";
  try {
    const checked = await checkpoint();
    const more = "index" in button.dataset ? await entry(checked) : await beginning(checked);
    place.textContent = [...checked.said, ...more].join(" ");
    place.dataset.holds = "yes";
  } catch (error) {
    place.textContent = `It does not hold: ${error.message}.`;
    place.dataset.holds = "no";
  } finally {
    button.disabled = false;
  }
});
