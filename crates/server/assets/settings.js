// Settings: which key is this browser's, further keys, and what the browser
// promises about its data.

import { draftOf, keyId, payloadOf, sealed, unhex } from "./statement.js";
import { enrolment, keep, kept, labelOf, newBrowserKey, newPasskey, noPasskeys } from "./keys.js";
import { agreed, now, onSubmit, ownKey, post } from "./acts.js";
import { read } from "./pair.js";

const page = document.body.dataset;

// Says an `enrol` by the key of this page, and shows what became of it.
async function enrol(payload, sentence) {
  const drafted = await draftOf("enrol", payload);
  if (!(await agreed(sentence, drafted))) return false;
  const said = await post(await sealed(drafted, await ownKey()));
  sessionStorage.setItem("said", said.facts.join("\n"));
  return true;
}

onSubmit(document.getElementById("add-key"), async (form, kind) => {
  const mine = (await kept(page.instance)).filter((record) => record.upn === page.upn);
  const known = mine.filter((record) => record.credential).map((record) => record.credential);
  const organization = document.querySelector(".organization").textContent;
  const record =
    kind === "passkey"
      ? await newPasskey({ rp: page.rp, organization, upn: page.upn, known })
      : await newBrowserKey();
  const label = form.elements.label.value.trim() || labelOf();
  const payload = payloadOf(undefined, { by: page.upn, instance: page.instance, now: now() });
  const body = await enrolment(record, label, payload);
  const made = { ...record, instance: page.instance, upn: page.upn, label };
  // Kept before it is said: an answer that is lost must not lose the key.
  await keep({ ...made, enrolled: false });
  const what = kind === "passkey" ? "the new passkey" : "the new key of this browser";
  if (!(await enrol({ ...payload, body }, `Add ${what}, called ${label}, to your keys.`))) return;
  await keep({ ...made, enrolled: true });
  await navigator.storage?.persist?.();
  location.reload();
});

onSubmit(document.getElementById("pair"), async (form) => {
  const payload = read(form.elements.pairing.value, { by: page.upn, instance: page.instance });
  if (!payload) throw new Error("This text is not whole. Copy all of what the other device shows.");
  if (Math.abs(now() - payload.at) > 300_000) throw new Error("This text is older than five minutes. Make a new one on the other device.");
  const { key, label } = payload.body;
  const id = await keyId(key.alg, unhex(key.public));
  const sentence = `Add the key ${id.slice(0, 8)}… of the device “${label}” to your keys. It must be the device that you have before you: it can do whatever you can.`;
  if (await enrol(payload, sentence)) location.reload();
});

// Whoever signs out everywhere is not to be signed in here again at once.
document.querySelector("form[data-act=signout]")?.addEventListener("submit", () => {
  localStorage.setItem("signed-out", "yes");
});

// --- What is known here only ---

async function mark() {
  const records = await kept(page.instance);
  for (const place of document.querySelectorAll("[data-key-id]")) {
    const isHere = records.some((record) => record.id === place.dataset.keyId);
    place.querySelector("[data-here]").hidden = !isHere;
  }
}

async function storage() {
  const place = document.getElementById("storage");
  const ask = document.getElementById("persist");
  const isKept = (await navigator.storage?.persisted?.()) ?? false;
  place.textContent = isKept
    ? "This browser promised to keep its keys until you clear its data."
    : "This browser made no promise: it may drop its keys when the disk is full, or after weeks without a visit. Have a second key elsewhere.";
  ask.hidden = isKept || !navigator.storage?.persist;
}

document.getElementById("persist")?.addEventListener("click", async () => {
  await navigator.storage.persist();
  await storage();
});

// Times that were chosen, in the zone of whoever reads.
for (const field of document.querySelectorAll("input[data-ms]")) {
  const time = new Date(Number(field.dataset.ms));
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  field.value = local.toISOString().slice(0, 16);
}

const missing = noPasskeys(page.rp);
if (missing) {
  document.querySelector("#add-key [value=passkey]").hidden = true;
  const why = document.getElementById("no-passkey");
  why.hidden = false;
  why.querySelector("[data-why]").textContent = missing;
}
mark();
storage();
