// What makes pages live: acts, times, what changes meanwhile, the keyboard.

import { now } from "./clock.js";

const page = document.body.dataset;
const html = window.trustedTypes
  ? window.trustedTypes.createPolicy("writ", { createHTML: (text) => text })
  : { createHTML: (text) => text };

// --- Times, in the zone of whoever reads ---

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const dated = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });

function left(ms) {
  const minutes = Math.ceil(ms / 60_000);
  if (ms <= 0) return "over";
  if (ms < 60_000) return `${Math.ceil(ms / 1000)} s`;
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 2880) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} days`;
}

function showTimes(root) {
  for (const time of root.querySelectorAll("time[data-ms]")) {
    const ms = Number(time.dataset.ms);
    const today = dated.format(ms) === dated.format(now());
    const utc = time.dateTime.replace("T", " ").replace("Z", " UTC");
    time.title = `${whole.format(ms)}\n${utc}`;
    // Paper is read elsewhere and later: there it is the date, in UTC.
    const [here, there] = ["screen", "paper"].map((name) => Object.assign(document.createElement("span"), { className: name }));
    here.textContent = today ? clock.format(ms) : moment.format(ms);
    there.textContent = utc;
    time.replaceChildren(here, there);
  }
  countDown();
}

// What still counts down. No event tells of a time that has come, so we look.
const counting = new WeakSet();

function countDown() {
  let isOver = false;
  for (const place of document.querySelectorAll("[data-until]")) {
    const rest = Number(place.dataset.until) - now();
    place.textContent = left(rest);
    if (rest > 0) counting.add(place);
    else if (counting.delete(place)) isOver = true;
  }
  if (isOver) look();
}

// --- What changes meanwhile ---

// Each part of a page that may change is named and marked `data-live`.
const sent = new Map();
const remember = (root) => {
  for (const part of root.querySelectorAll("[data-live]")) sent.set(part.id, part.innerHTML);
};

let looking = false;
let again = false;

async function look() {
  if (looking) return void (again = true);
  looking = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected) return void location.reload();
    const text = await answer.text();
    const fresh = new DOMParser().parseFromString(html.createHTML(text), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) replace(part, fresh.getElementById(part.id));
    if (fresh.body.dataset.seen) page.seen = fresh.body.dataset.seen;
  } finally {
    looking = false;
    if (again) {
      again = false;
      look();
    }
  }
}

// Buttons that need a script are off until there is one.
function arm(root) {
  for (const button of root.querySelectorAll("button[data-armed]")) button.disabled = false;
}

// What is as it was is left alone, with whatever somebody types there.
function replace(part, fresh) {
  const changed = fresh && fresh.innerHTML !== sent.get(part.id);
  if (!changed) return;
  sent.set(part.id, fresh.innerHTML);
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  part.replaceChildren(...Array.from(fresh.childNodes, (node) => document.importNode(node, true)));
  showTimes(part);
  arm(part);
  foldLong(part);
  count(part);
  // What was said of it is not so any more.
  if (part.closest("main")) document.getElementById("said").hidden = true;
  if (focused) (document.getElementById(focused) ?? part).focus();
}

// One window of a browser follows what happens and tells the others. Each begins
// where its page was made, so that nothing between is missed.
function follow() {
  const others = new BroadcastChannel("writ");
  others.onmessage = ({ data }) => data === "changed" && look();
  others.postMessage(Number(page.seen));
  navigator.locks.request("writ-events", async () => {
    const events = new EventSource(`/v1/events?after=${page.seen - 1}`);
    let last = 0;
    others.onmessage = ({ data }) => {
      if (data === "changed") look();
      else if (last >= data) others.postMessage("changed");
    };
    const changed = (event) => {
      last = Math.max(last, Number(event.lastEventId));
      others.postMessage("changed");
      look();
    };
    for (const kind of page.events.split(" ")) events.addEventListener(kind, changed);
    await new Promise((over) => {
      events.onerror = () => events.readyState === EventSource.CLOSED && over();
    });
    // The session is over, or too many follow: a look says which.
    await new Promise((done) => setTimeout(done, 5000));
    look();
  });
}

// --- What is said ---

// Whoever only reads loads nothing of it: it comes when somebody turns to a form,
// and what is sent twice before it is there is sent once.
const acts = () => import("./acts.js");
const sending = new WeakSet();

function listen() {
  document.addEventListener("focusin", ({ target }) => target.form?.dataset.act && acts());
  document.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (!form.dataset.act) return;
    event.preventDefault();
    if (sending.has(form)) return;
    sending.add(form);
    const { submitted } = await acts().finally(() => sending.delete(form));
    submitted(form, submitter);
  });
}

// --- The keyboard ---

const GO = { h: "/", r: "/requests", n: "/requests/new", a: "/approvals", e: "/executions", t: "/tasks", u: "/audit", l: "/log", s: "/settings" };

function keyboard() {
  let going = false;
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest("form");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("button.main:enabled, button:not([type=button]):enabled"));
      return;
    }
    const typing = event.target.closest("input, textarea, select, dialog");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (going && GO[event.key]) location.assign(GO[event.key]);
    going = event.key === "g";
    if (event.key === "?") document.getElementById("shortcuts").showModal();
    if (event.key === "/") {
      const search = document.querySelector("input[type=search]");
      if (search) {
        event.preventDefault();
        search.focus();
      }
    }
    const step = { j: 1, k: -1 }[event.key];
    const rows = Array.from(document.querySelectorAll("[data-rows] a[data-row]"));
    if (step && rows.length > 0) {
      const at = rows.indexOf(document.activeElement);
      const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
      rows[Math.min(Math.max(next, 0), rows.length - 1)].focus();
    }
  });
}

// --- Signing out ---

async function signOut() {
  localStorage.setItem("signed-out", "yes");
  const { kept } = await import("./keys.js");
  const record = (await kept(page.instance)).find((record) => record.id === page.key);
  // A key of the browser ends the session for good, without asking for a gesture.
  if (record && !record.credential) {
    const { say } = await acts();
    await say("signout", { person: page.upn, session: page.session }).catch(() => undefined);
  }
  const headers = { "Content-Type": "application/json" };
  await fetch("/session/end", { method: "POST", headers, body: "{}" });
  location.replace("/sign-in");
}

// --- Searching what is on the page ---

function search() {
  const field = document.querySelector("input[data-filters]");
  field?.addEventListener("input", () => {
    const wanted = field.value.toLowerCase().split(/\s+/);
    for (const row of document.querySelectorAll(`#${field.dataset.filters} > *`)) {
      const text = row.textContent.toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
    }
  });
}

// --- Long texts ---

// A long text is folded, with a button to read all of it.
const unfolded = new Set();
function foldLong(root) {
  for (const text of root.querySelectorAll("[data-long]")) {
    if (unfolded.has(text.id)) continue;
    text.classList.add("folded");
    if (text.scrollHeight <= text.clientHeight + 1) {
      text.classList.remove("folded");
      continue;
    }
    const more = document.createElement("button");
    more.type = "button";
    more.className = "plain no-print";
    more.textContent = "more";
    more.setAttribute("aria-controls", text.id);
    more.addEventListener("click", () => {
      unfolded.add(text.id);
      text.classList.remove("folded");
      more.remove();
    });
    text.after(more);
  }
}

// Nothing that is typed or pasted is cut: what is too long is said to be.
function count(root) {
  for (const field of root.querySelectorAll("textarea[maxlength]")) {
    const most = field.maxLength;
    field.removeAttribute("maxlength");
    const place = document.createElement("p");
    place.className = "hint counter";
    place.setAttribute("role", "status");
    field.after(place);
    const tell = () => {
      const length = Array.from(field.value).length;
      const over = length - most;
      place.textContent = length * 5 < most * 4 ? "" : over > 0 ? `${length} characters, ${over} too many` : `${length} of ${most} characters`;
      place.classList.toggle("loud", over > 0);
      field.setCustomValidity(over > 0 ? `At most ${most} characters: leave out ${over}.` : "");
    };
    field.addEventListener("input", tell);
    tell();
  }
}

// --- Choices that need a field ---

// A choice with `data-needs` asks for a field, the others of its name turn it off.
document.addEventListener("change", ({ target }) => {
  if (target.type !== "radio") return;
  for (const other of target.form?.querySelectorAll(`input[name="${CSS.escape(target.name)}"][data-needs]`) ?? []) {
    const field = document.getElementById(other.dataset.needs);
    field.disabled = !other.checked;
    field.required = other.checked;
  }
});

// Says beside a name that nobody has it; it may be meant so.
function strangers() {
  for (const field of document.querySelectorAll("input[data-person]")) {
    const place = document.getElementById(field.dataset.person);
    field.addEventListener("change", async () => {
      place.textContent = "";
      const upn = field.value.trim().toLowerCase();
      if (upn === "") return;
      const answer = await fetch(`/v1/people/${encodeURIComponent(upn)}`).catch(() => undefined);
      if (answer?.status === 404) place.textContent = `Nobody has the name ${upn} yet. Look whether it is spelled right; it is exempt as soon as somebody joins by that name.`;
    });
  }
}

// What a list was asked for, for whoever prints it.
function filtered() {
  const place = document.querySelector("[data-filter]");
  const form = document.querySelector("form[method=get]");
  if (!place || !form) return;
  const fields = Array.from(form.elements).filter((field) => field.name && field.type !== "hidden" && field.value !== "" && field.labels?.length);
  const text = (field) => field.selectedOptions?.[0]?.textContent ?? field.value;
  const all = fields.map((field) => `${field.labels[0].textContent.trim()}: ${text(field)}`);
  if (all.length > 0) place.textContent = ` Asked for: ${all.join("; ")}.`;
}

function zone() {
  const place = document.querySelector("[data-zone]");
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  if (!place || timeZone === "UTC") return;
  place.querySelector("span").textContent = timeZone;
  place.hidden = false;
}

const said = sessionStorage.getItem("said");
if (said) {
  sessionStorage.removeItem("said");
  const place = document.getElementById("said");
  // Times as everywhere on the page.
  place.textContent = said.replaceAll(/\b\d{4}-\d\d-\d\dT[\d:]+Z/g, (time) => moment.format(Date.parse(time)));
  place.hidden = false;
}

remember(document);
showTimes(document);
arm(document);
foldLong(document);
count(document);
strangers();
filtered();
zone();
setInterval(countDown, 1000);
listen();
keyboard();
search();
document.getElementById("sign-out")?.addEventListener("click", signOut);
if (page.events) follow();
