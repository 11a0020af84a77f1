// Acts: what a person says on a page. A form with `data-act` names a kind of
// statement, its fields the members of the body; the statement is shown in one
// sentence, signed by this browser's key and posted.

import { changesOf, offer } from "./changes.js";
import { canonical, draft, sealed } from "./statement.js";
import { kept, signer } from "./keys.js";

const page = document.body.dataset;
// This device's clock may be wrong; a statement says the server's time.
const ahead = Number(page.now) - Date.now();
export const now = () => Date.now() + ahead;

// What was answered with a no.
export class Refused extends Error {
  constructor({ code, detail, title }) {
    super(detail ?? title ?? "refused");
    this.code = code;
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Posts an envelope. The same bytes act once, so a lost answer is asked for again.
export async function post(envelope, blobs) {
  const body = JSON.stringify({ envelope, blobs });
  const headers = { "Content-Type": "application/json" };
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await fetch("/v1/statements", { method: "POST", headers, body });
      const said = await answer.json();
      if (!answer.ok) throw new Refused(said);
      if (!said.receipt.accepted) throw new Refused({ code: said.receipt.code, detail: said.detail });
      return said;
    } catch (error) {
      if (error instanceof Refused) throw error;
      if (tries === 4) throw new Error("The server does not answer. Nothing is known to have happened; look before you try again.");
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

// --- From fields to a body ---

const UNITS = { s: 1, m: 60, h: 3600, d: 86400 };

export function seconds(text) {
  const read = /^(\d{1,9})\s*([smhd])$/i.exec(text.trim());
  if (!read) throw new Error("write a time such as 30m, 4h or 2d");
  return Number(read[1]) * UNITS[read[2].toLowerCase()];
}

const integer = (text) => {
  if (!/^-?\d{1,16}$/.test(text.trim())) throw new Error("write a whole number");
  return Number(text);
};

const lines = (text) => text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");

const table = (text) =>
  Object.fromEntries(
    lines(text).map((line) => {
      const at = line.indexOf("=");
      if (at < 1) throw new Error("write one name=value a line");
      return [line.slice(0, at).trim(), line.slice(at + 1)];
    }),
  );

const instant = (text) => {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new Error("write a date and a time");
  return ms;
};

const range = (text) => {
  const [min, max, ...more] = text.trim().split("..");
  if (max === undefined || more.length > 0) throw new Error("write from..to, such as 1..60, 1.. or ..60");
  const end = (number) => (number.trim() === "" ? undefined : integer(number));
  return { min: end(min), max: end(max) };
};

// How a field with `data-form` is read; a text, if it names none.
export const FORMS = {
  text: (text) => text.replaceAll("\r\n", "\n").trim(),
  exact: (text) => text.replaceAll("\r\n", "\n"),
  folded: (text) => text.trim().toLowerCase(),
  integer,
  seconds,
  instant,
  lines,
  integers: (text) => lines(text).map(integer),
  // Each line is one, with its blanks.
  arguments: (text) => text.replace(/\r?\n$/, "").split(/\r?\n/),
  range,
  // A time that long from when it is signed.
  ahead: (text) => now() + seconds(text) * 1000,
  addresses: (text) => [...new Set(lines(text.toLowerCase().replaceAll(",", "\n")))].sort(),
  table,
  boolean: (text) => text === "true",
  json: JSON.parse,
  equals: {
    text: (text) => ({ equals: FORMS.exact(text) }),
    integer: (text) => ({ equals: integer(text) }),
    boolean: (text) => ({ equals: text === "true" }),
    lines: (text) => ({ equals: lines(text) }),
    table: (text) => ({ equals: table(text) }),
  },
};

export function valueOf(field) {
  if (field.type === "checkbox") return field.checked ? true : undefined;
  if (field.type === "radio" && !field.checked) return undefined;
  if (field.value === "" && !("always" in field.dataset)) return undefined;
  const [form, inner] = (field.dataset.form ?? "text").split(" ");
  const read = inner ? FORMS[form][inner] : FORMS[form];
  const value = read(field.value);
  // What is as it is by default is absent.
  return value === "" || String(value) === field.dataset.default ? undefined : value;
}

// The body that a form says. A name with dots is a path to a member.
export function bodyOf(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled) continue;
    let value;
    try {
      value = valueOf(field);
      field.setCustomValidity("");
    } catch (error) {
      field.setCustomValidity(error.message);
      field.addEventListener("input", () => field.setCustomValidity(""), { once: true });
      form.reportValidity();
      return undefined;
    }
    if (value === undefined) continue;
    const path = field.name.split(".");
    const last = path.pop();
    let at = body;
    for (const name of path) at = at[name] ??= {};
    at[last] = value;
  }
  return body;
}

// --- Showing and signing ---

const dialog = document.getElementById("sign");

// Asks whether to sign; true if so.
export function agreed(sentence, drafted) {
  dialog.querySelector("[data-sentence]").textContent = sentence;
  dialog.querySelector("[data-digest]").textContent = drafted.digest;
  dialog.querySelector("[data-text]").textContent = drafted.text;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "sign"), { once: true });
  });
}

// Seconds as somebody would type them.
function lasting(seconds) {
  const [unit, size] = Object.entries(UNITS).findLast(([, size]) => seconds % size === 0);
  return `${seconds / size}${unit}`;
}

function sentenceOf(form, button, body) {
  const parts = button?.dataset.sentence ?? form.dataset.sentence ?? "Sign this?";
  const sentence = parts.replaceAll(/\{([\w.-]+)\}/g, (_, path) => {
    const value = path.split(".").reduce((at, name) => at?.[name], body);
    if (value === undefined) return "–";
    if (path.endsWith("_s")) return lasting(value);
    return typeof value === "string" ? value : canonical(value);
  });
  if (!("changes" in form.dataset)) return sentence;
  const changes = changesOf(form);
  if (changes.length === 0 && !("repeat" in form.dataset)) throw new Error("Nothing here is changed, so there is nothing to sign.");
  return [sentence, ...changes].join("\n");
}

export function tell(form, text) {
  let place = form.querySelector("[role=alert]");
  if (!place) {
    place = document.createElement("p");
    place.setAttribute("role", "alert");
    form.append(place);
  }
  place.textContent = text;
}

// Says something that needs no more than its kind and body.
export async function say(kind, body) {
  const { instance, upn } = page;
  const drafted = await draft(kind, body, { by: upn, instance, now: now() });
  return post(await sealed(drafted, await ownKey()));
}

// Shows a statement, and signs and posts it if the person agrees.
export async function ask(kind, body, sentence, blobs) {
  const about = () => ({ by: page.upn, instance: page.instance, now: now() });
  const key = await ownKey();
  const drafted = await draft(kind, body, about());
  if (!(await agreed(sentence, drafted))) return undefined;
  // Whoever read for long says it with the time at which they agree.
  const fresh = now() - JSON.parse(drafted.text).at < 240_000;
  const signed = fresh ? drafted : await draft(kind, body, about());
  return { said: await post(await sealed(signed, key), blobs), digest: signed.digest };
}

// The same with many, in their order, agreed to as one. Answers what became of
// each: its `problem`, if it was refused.
export async function askAll(kind, bodies, sentence) {
  const about = () => ({ by: page.upn, instance: page.instance, now: now() });
  const key = await ownKey();
  const drafts = await Promise.all(bodies.map((body) => draft(kind, body, about())));
  const whole = { digest: `${drafts.length} statements`, text: drafts.map(({ text }) => text).join("\n\n") };
  if (!(await agreed(sentence, whole))) return undefined;
  const answers = [];
  while (answers.length < bodies.length) {
    const some = bodies.slice(answers.length, answers.length + 64);
    try {
      const envelopes = [];
      for (const body of some) envelopes.push({ envelope: await sealed(await draft(kind, body, about()), key) });
      answers.push(...(await postAll(envelopes)));
    } catch (error) {
      // What was done before it stays done, and is told.
      const problem = `not known to be done: ${error.message}`;
      return [...answers, ...bodies.slice(answers.length).map(() => ({ problem }))];
    }
  }
  return answers;
}

// Posts a list. What came too fast is sent again, after a while.
async function postAll(envelopes) {
  const headers = { "Content-Type": "application/json" };
  const answers = [];
  for (let tries = 1; answers.length < envelopes.length; tries += 1) {
    const rest = envelopes.slice(answers.length);
    const answer = await fetch("/v1/statements", { method: "POST", headers, body: JSON.stringify(rest) });
    const said = await answer.json();
    if (!answer.ok && said.code !== "too-many") throw new Refused(said);
    const taken = Array.isArray(said) ? said : [];
    const late = taken.findIndex(({ code }) => code === "too-many");
    for (const each of late < 0 ? taken : taken.slice(0, late)) {
      answers.push({ problem: each.receipt?.accepted ? undefined : (each.detail ?? each.title) });
    }
    if (answers.length < envelopes.length && tries === 60) throw new Error("The server takes no more for now. Wait, and import the file again: what is done is not done twice.");
    if (answers.length < envelopes.length) await pause(2000);
  }
  return answers;
}

const reasonOf = (error) =>
  error.name === "NotAllowedError" ? "The passkey was not used, so nothing was signed."
    : error.name === "InvalidStateError" ? "This authenticator holds a passkey of yours already." : error.message;

// Says why something was not done, at its form.
export function told(form, error) {
  tell(form, reasonOf(error));
  if (error.code === "changed") offer(form, form.querySelector("[role=alert]"));
}

// Does what a form asks for, with its buttons off meanwhile.
async function during(form, run) {
  const buttons = form.querySelectorAll("button");
  for (const each of buttons) each.disabled = true;
  tell(form, "");
  try {
    await run();
  } catch (error) {
    told(form, error);
  } finally {
    for (const each of buttons) each.disabled = false;
  }
}

// What a form does of its own when it is sent, by which of its buttons.
export function onSubmit(form, run) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    during(form, () => run(form, event.submitter?.value));
  });
}

async function act(form, button) {
  const { act: kind, then } = form.dataset;
  const body = bodyOf(form);
  if (!body) return;
  // A button may say more than the fields do.
  if (button?.dataset.body) Object.assign(body, JSON.parse(button.dataset.body));
  const sentence = sentenceOf(form, button, body);
  const secrets = Object.keys(body.sealed ?? {});
  const blobs = kind === "invoke" ? await (await import("./beside.js")).beside(body, page) : undefined;
  const done = await ask(kind, body, secrets.length ? `${sentence}\nSealed: ${secrets.join(", ")}.` : sentence, blobs);
  if (!done) return;
  sessionStorage.setItem("said", done.said.facts.join("\n"));
  location.assign((then ?? location.pathname + location.search).replace("{digest}", done.digest));
}

// Takes over every form that says something.
export function listen() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.act) return;
    event.preventDefault();
    during(form, () => act(form, event.submitter));
  });
}
