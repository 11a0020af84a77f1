// Acts: what a person says on a page. A form with `data-act` names a kind of
// statement, its fields the members of the body; the dialog tells what the body
// says, this browser's key signs it, and it is posted.

import { offer } from "./changes.js";
import { now } from "./clock.js";
import { bodyOf } from "./fields.js";
import { draft, sealed } from "./statement.js";
import { kept, signer } from "./keys.js";
import { plainly } from "./refusals.js";
import { briefly, changes, says } from "./says.js";

const page = document.body.dataset;

// What was answered with a no.
export class Refused extends Error {
  constructor({ code, detail, title }) {
    super(detail ?? title ?? "refused");
    this.code = code;
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const HEADERS = { "Content-Type": "application/json" };

// Posts an envelope. The same bytes act once, so a lost answer is asked for again.
export async function post(envelope, blobs) {
  const body = JSON.stringify({ envelope, blobs });
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await fetch("/v1/statements", { method: "POST", headers: HEADERS, body });
      const said = await answer.json();
      if (!answer.ok) throw new Refused(said);
      if (!said.receipt.accepted) throw new Refused({ code: said.receipt.code, detail: said.detail });
      return said;
    } catch (error) {
      if (error instanceof Refused) throw error;
      if (tries === 4) throw new Error("The server does not answer. Nothing is known to have happened; look before you try again.");
      progress("The server cannot be reached. It is tried again…");
      await pause(500 * 2 ** tries);
    }
  }
}

// The key that opened the session of this page.
export async function ownKey() {
  const records = await kept(page.instance);
  const record = records.find((record) => record.id === page.key);
  if (record) return signer(record);
  throw new Error("This browser does not hold the key of this session any more. Sign out and in again.");
}

// --- Showing and signing ---

const dialog = document.getElementById("sign");

const element = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });

// Asks whether to sign what these lines say; true if so.
export function agreed([head, ...lines], drafted) {
  const told = document.createElement("ul");
  told.append(...lines.map((line) => element("li", line)));
  const place = dialog.querySelector("[data-sentence]");
  // Lines for whoever reads them as text.
  place.replaceChildren(element("p", head), "\n", told);
  told.hidden = lines.length === 0;
  dialog.querySelector("[data-digest]").textContent = drafted.digest;
  dialog.querySelector("[data-text]").textContent = drafted.text;
  dialog.returnValue = "";
  dialog.showModal();
  place.scrollTop = 0;
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "sign"), { once: true });
  });
}

// What the page knows of what a form is about, besides the body.
const aboutOf = ({ dataset }) => (dataset.about ? JSON.parse(dataset.about) : {});

// The lines of what a form says. A whole object that is as it was says nothing.
export function linesOf(form, kind, body) {
  const about = aboutOf(form);
  const lines = says(kind, body, about);
  const isSame = about.was && Object.entries(body.object ?? {}).every(([noun, object]) => about.was[noun] && changes(noun, about.was[noun], object).length === 0);
  if (isSame) throw new Error("Nothing here is changed, so there is nothing to sign.");
  return lines;
}

// Says something that needs no more than its kind and body.
export async function say(kind, body) {
  const { instance, upn } = page;
  const drafted = await draft(kind, body, { by: upn, instance, now: now() });
  return post(await sealed(drafted, await ownKey()));
}

// Shows a statement, and signs and posts it if the person agrees.
export async function ask(kind, body, lines, blobs) {
  const about = () => ({ by: page.upn, instance: page.instance, now: now() });
  const key = await ownKey();
  const drafted = await draft(kind, body, about());
  if (!(await agreed(lines, drafted))) return undefined;
  // Whoever read for long says it with the time at which they agree.
  const fresh = now() - JSON.parse(drafted.text).at < 240_000;
  const signed = fresh ? drafted : await draft(kind, body, about());
  return { said: await post(await sealed(signed, key), blobs), digest: signed.digest };
}

// The same with many, in their order, agreed to as one. Answers what became of
// each: its `problem`, if it was refused.
export async function askAll(kind, bodies, lines) {
  const about = () => ({ by: page.upn, instance: page.instance, now: now() });
  const key = await ownKey();
  const drafts = await Promise.all(bodies.map((body) => draft(kind, body, about())));
  const whole = { digest: `${drafts.length} statements`, text: drafts.map(({ text }) => text).join("\n\n") };
  if (!(await agreed(lines, whole))) return undefined;
  const answers = [];
  while (answers.length < bodies.length) {
    const some = bodies.slice(answers.length, answers.length + 64);
    try {
      const envelopes = [];
      for (const body of some) envelopes.push({ envelope: await sealed(await draft(kind, body, about()), key) });
      answers.push(...(await postAll(envelopes)));
    } catch (error) {
      // What was done before it stays done, and is told.
      const problem = `not known to be done: ${reasonOf(error).text}`;
      return [...answers, ...bodies.slice(answers.length).map(() => ({ problem }))];
    }
  }
  return answers;
}

// Posts a list. What came too fast is sent again, after a while.
async function postAll(envelopes) {
  const answers = [];
  for (let tries = 1; answers.length < envelopes.length; tries += 1) {
    const rest = envelopes.slice(answers.length);
    const answer = await fetch("/v1/statements", { method: "POST", headers: HEADERS, body: JSON.stringify(rest) });
    const said = await answer.json();
    if (!answer.ok && said.code !== "too-many") throw new Refused(said);
    const taken = Array.isArray(said) ? said : [];
    const late = taken.findIndex(({ code }) => code === "too-many");
    for (const each of late < 0 ? taken : taken.slice(0, late)) {
      const code = each.receipt?.code ?? each.code;
      answers.push({ problem: each.receipt?.accepted ? undefined : plainly(code, each.detail ?? each.title).text });
    }
    if (answers.length < envelopes.length && tries === 60) throw new Error("The server takes no more for now. Wait, and do it again: what is done is not done twice.");
    if (answers.length < envelopes.length) await pause(2000);
  }
  return answers;
}

// --- What is told at a form ---

// A form that was replaced meanwhile is told of at the top of the page.
function placeOf(form, role) {
  const home = form.isConnected ? form : document.getElementById("main");
  const found = home.querySelector(home === form ? `[role=${role}].told` : `:scope > [role=${role}].told`);
  if (found) return found;
  const place = element("p", "");
  place.setAttribute("role", role);
  place.className = "told";
  if (home === form) home.append(place);
  else home.prepend(place);
  return place;
}

export function tell(form, text) {
  const place = placeOf(form, "alert");
  place.textContent = text;
  if (text === "") return place;
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
  place.scrollIntoView({ behavior: "instant", block: "center" });
  return place;
}

// The form that is at work: what it waits for is told there.
let working;

export function progress(text) {
  if (working) placeOf(working, "status").textContent = text;
}

document.addEventListener("passkey", ({ detail }) => progress(detail ? "Waiting for your passkey…" : ""));

function reasonOf(error) {
  if (error instanceof Refused) return plainly(error.code, error.message);
  if (error.name === "NotAllowedError") return { text: "The passkey was not used, so nothing was signed." };
  if (error.name === "InvalidStateError") return { text: "This authenticator holds a passkey of yours already. Sign in with it, or use another authenticator." };
  return { text: error.message };
}

// Says why something was not done, at its form.
export function told(form, error) {
  const { text, path } = reasonOf(error);
  const place = tell(form, text);
  if (error.code === "changed" && form.isConnected) return void offer(form, place);
  if (!path || path === location.pathname) return;
  const link = Object.assign(element("a", "Go there"), { href: path });
  place.append(" ", link);
}

// Does what a form asks for, with its buttons off meanwhile.
export async function during(form, button, run) {
  const buttons = Array.from(form.querySelectorAll("button:enabled"));
  for (const each of buttons) each.disabled = true;
  tell(form, "");
  for (const old of document.querySelectorAll("main > .told")) old.remove();
  working = form;
  try {
    await run();
  } catch (error) {
    told(form, error);
  } finally {
    progress("");
    working = undefined;
    for (const each of buttons) each.disabled = false;
    // A button that is off loses the focus, and gets it back.
    const at = document.activeElement;
    if (at === document.body || dialog?.contains(at)) button?.focus();
  }
}

// What a form does of its own when it is sent, by which of its buttons.
export function onSubmit(form, run) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = event.submitter;
    during(form, button, () => run(form, button?.value));
  });
}

// What was done, in the words in which it was agreed to, and what else became of it.
function done([head], facts) {
  const more = facts.filter((fact) => !/^the \w+ (is set|is removed|of \S+ are set)|^the invitation of \S+ changed$/.test(fact));
  return [`Done: ${head}`, ...more.map(briefly)].join("\n");
}

export function remember(lines, { facts }) {
  sessionStorage.setItem("said", done(lines, facts));
}

async function act(form) {
  const { act: kind, then } = form.dataset;
  const body = bodyOf(form);
  if (!body) return;
  const blobs = kind === "invoke" ? await (await import("./beside.js")).beside(body, page) : undefined;
  const lines = linesOf(form, kind, body);
  const agreed = await ask(kind, body, lines, blobs);
  if (!agreed) return;
  remember(lines, agreed.said);
  location.assign((then ?? location.pathname + location.search).replace("{digest}", agreed.digest));
}

// Says what a form says, which `button` sent.
export const submitted = (form, button) => during(form, button, () => act(form));
