// Settings: which key is this browser's, further keys, and what the browser
// promises about its data.

import { draftOf, keyId, payloadOf, sealed, unhex } from "./statement.js";
import { enrolment, keep, kept, labelOf, newBrowserKey, noPasskeys, ownPasskey } from "./keys.js";
import { agreed, onSubmit, ownKey, post, remember } from "./acts.js";
import { now } from "./clock.js";
import { bodyOf } from "./fields.js";
import { says } from "./says.js";
import { read } from "./pair.js";

const page = document.body.dataset;

// Says an `enrol` by the key of this page, and shows what became of it.
async function enrol(payload, about) {
  const drafted = await draftOf("enrol", payload);
  const lines = says("enrol", payload.body, about);
  if (!(await agreed(lines, drafted))) return false;
  remember(lines, await post(await sealed(drafted, await ownKey())));
  return true;
}

onSubmit(document.getElementById("add-key"), async (form, kind) => {
  const { label = labelOf() } = bodyOf(form) ?? { label: "" };
  if (!label) return;
  const organization = document.querySelector(".organization").textContent;
  const record =
    kind === "passkey"
      ? await ownPasskey({ rp: page.rp, organization, upn: page.upn, instance: page.instance })
      : await newBrowserKey();
  const payload = payloadOf(undefined, { by: page.upn, instance: page.instance, now: now() });
  const body = await enrolment(record, label, payload);
  const made = { ...record, instance: page.instance, upn: page.upn, label };
  // Kept before it is said: an answer that is lost must not lose the key.
  await keep({ ...made, enrolled: false });
  if (!(await enrol({ ...payload, body }, { id: record.id }))) return;
  await keep({ ...made, enrolled: true });
  await navigator.storage?.persist?.();
  location.reload();
});

onSubmit(document.getElementById("pair"), async (form) => {
  const payload = read(form.elements.pairing.value, { by: page.upn, instance: page.instance });
  if (!payload) throw new Error("This text is not whole. Copy all of what the other device shows.");
  if (Math.abs(now() - payload.at) > 300_000) throw new Error("This text is older than five minutes. Make a new one on the other device.");
  const { key } = payload.body;
  const id = await keyId(key.alg, unhex(key.public));
  if (await enrol(payload, { id, other: true })) location.reload();
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
  // A passkey is not kept by the browser.
  const isOurs = (record) => record.upn === page.upn && !record.credential;
  if (!(await kept(page.instance)).some(isOurs)) return;
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
