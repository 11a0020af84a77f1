// Signing in and joining: the pages of whoever is nobody yet.

import { base64url, bytesOf, canonical, draft, draftOf, payloadOf, sealed } from "./statement.js";
import {
  enrolment, forget, invitationKey, keep, kept, labelOf, newBrowserKey, newPasskey, noPasskeys, ownPasskey, readCode, signer,
} from "./keys.js";
import { Refused, onSubmit, post, told } from "./acts.js";
import { now } from "./clock.js";
import { bodyOf } from "./fields.js";
import "./copy.js";
import { written } from "./pair.js";
import { picture } from "./qr.js";

const page = document.body.dataset;
const HOURS_12 = 12 * 3600 * 1000;

const shown = (id) => {
  const element = document.getElementById(id);
  element.hidden = false;
  return element;
};

// Opens a session by a key and goes on.
async function signIn(record, to) {
  const at = now();
  const about = { by: record.upn, instance: page.instance, now: at };
  const drafted = await draft("session", { until: at + HOURS_12 }, about);
  const envelope = await sealed(drafted, signer(record));
  const token = base64url(bytesOf(canonical(envelope)));
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ token });
  const answer = await fetch("/session", { method: "POST", headers, body });
  if (!answer.ok) throw new Refused(await answer.json());
  localStorage.removeItem("signed-out");
  location.replace(to);
}

// --- Signing in ---

async function signInPage() {
  const records = (await kept(page.instance)).filter((record) => record.enrolled);
  const to = page.to;
  if (records.length === 0) shown("no-key");
  else {
    shown("invited");
    const list = shown("keys");
    for (const record of records) {
      const form = list.querySelector("template").content.cloneNode(true).querySelector("form");
      form.querySelector("[data-name]").textContent = record.upn;
      form.querySelector("[data-kind]").textContent = record.credential ? "Passkey" : `Key of this browser, ${record.label}`;
      form.querySelector("[data-forget]").addEventListener("click", async () => {
        if (!confirm(`Forget the key of ${record.upn} in this browser? It cannot be brought back.`)) return;
        await forget(record.id);
        location.reload();
      });
      onSubmit(form, () => signIn(record, to));
      list.append(form);
    }
  }
  const missing = noPasskeys(page.rp);
  if (missing) document.querySelector("#pair [value=passkey]").hidden = true;
  onSubmit(shown("pair"), async (form, kind) => {
    const { upn } = bodyOf(form) ?? {};
    if (!upn) return;
    const record =
      kind === "passkey"
        ? await newPasskey({ rp: page.rp, organization: page.organization, upn, known: [] })
        : await newBrowserKey();
    const label = labelOf();
    const payload = payloadOf(undefined, { by: upn, instance: page.instance, now: now() });
    const body = await enrolment(record, label, payload);
    const text = written({ ...payload, body });
    await keep({ ...record, instance: page.instance, upn, label, enrolled: false });
    const typed = `writ key add ${text}`;
    shown("pairing").querySelector("[data-text]").textContent = typed;
    const code = picture(typed, "The same text as a QR code");
    if (code) document.getElementById("pairing-code").replaceChildren(code);
    await added({ ...record, instance: page.instance, upn, label, enrolled: true }, to);
  });
  // A session that has only run out is opened again without asking.
  const [only, ...others] = records;
  const silent = only && others.length === 0 && !only.credential && !localStorage.getItem("signed-out");
  if (silent) await signIn(only, to).catch((error) => told(shown("keys"), error));
}

// Waits until another device added a key, and signs in by it.
async function added(record, to) {
  for (const until = now() + 300_000; now() < until; ) {
    try {
      await signIn(record, to);
      return await keep(record);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await new Promise((done) => setTimeout(done, 2000));
    }
  }
  await forget(record.id);
  throw new Error("Nobody added this key within five minutes. Begin again.");
}

// --- Joining ---

async function joinPage() {
  const form = shown("invitation");
  const [upn, code] = decodeURIComponent(location.hash.slice(1)).split("/");
  if (upn) form.elements.upn.value = upn;
  if (code) form.elements.code.value = code;
  // The code is not to stay in the history.
  if (location.hash) history.replaceState(null, "", location.pathname);
  const missing = noPasskeys(page.rp);
  if (missing) {
    form.querySelector("[value=passkey]").hidden = true;
    shown("no-passkey").querySelector("[data-why]").textContent = missing;
  }
  onSubmit(form, async (form, kind) => {
    const { upn, code, label = labelOf() } = bodyOf(form) ?? {};
    if (!upn) return;
    const read = await readCode(code);
    if (!read) throw new Error("This code is not whole. It has eight groups of five letters and digits.");
    if (!page.instance.startsWith(read.organization)) {
      throw new Error(`This code is not for ${page.organization}. Check the address of this page.`);
    }
    const invitation = await invitationKey(read.seed, page.instance, upn);
    const record = kind === "browser" ? await newBrowserKey() : await ownPasskey({ rp: page.rp, organization: page.organization, upn, instance: page.instance });
    const payload = payloadOf(undefined, { by: upn, instance: page.instance, now: now() });
    const made = { ...record, instance: page.instance, upn, label };
    // Kept before it is said: an answer that is lost must not lose the key.
    await keep({ ...made, enrolled: false });
    const body = await enrolment(record, label, payload).catch(async (error) => {
      // A passkey that the authenticator does not know any more is not tried again.
      if (error.name === "NotAllowedError") await forget(record.id);
      throw error;
    });
    await post(await sealed(await draftOf("enrol", { ...payload, body }), invitation));
    await keep({ ...made, enrolled: true });
    await navigator.storage?.persist?.();
    await signIn({ ...made, enrolled: true }, "/");
  });
}

// --- Which page this is ---

if (!window.isSecureContext || !crypto.subtle) shown("insecure");
else {
  for (const button of document.querySelectorAll("button[data-armed]")) button.disabled = false;
  if (page.page === "join") joinPage();
  else signInPage();
}
