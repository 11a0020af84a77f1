// Inviting: the code is made here, and only its key is said. It is shown once.

import { ask, bodyOf, now, tell, told } from "./acts.js";
import { goOn } from "./changes.js";
import { invitationKey, newCode } from "./keys.js";

const page = document.body.dataset;
const WEEK = 7 * 86_400_000;

// A code for somebody, and the invitation that a statement says.
export async function invitation(upn) {
  const { seed, text } = await newCode(page.instance);
  const key = await invitationKey(seed, page.instance, upn);
  const until = now() + WEEK;
  const link = `${location.origin}/join#${encodeURIComponent(upn).replaceAll("%40", "@")}/${text}`;
  return { text, link, until, said: { key: key.public, until } };
}

async function isThere(upn) {
  const answer = await fetch(`/v1/people/${encodeURIComponent(upn)}`);
  return answer.ok;
}

function show(upn, { text, link, until }) {
  const place = document.getElementById("invited");
  place.querySelector("[data-upn]").textContent = upn;
  place.querySelector("[data-link]").textContent = link;
  place.querySelector("[data-code]").textContent = text;
  place.querySelector("[data-ends]").textContent = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" }).format(until);
  place.hidden = false;
  place.focus();
}

async function invite(form) {
  const body = bodyOf(form);
  if (!body) return;
  const { person } = body.object;
  if ("new" in form.dataset && (await isThere(person.upn))) {
    throw new Error(`${person.upn} is here already. Invite them again from their own page.`);
  }
  const made = await invitation(person.upn);
  person.invitation = made.said;
  const done = await ask("set", body, form.dataset.sentence.replace("{object.person.upn}", person.upn));
  if (!done) return;
  show(person.upn, made);
  if ("new" in form.dataset) form.reset();
  // What is said next on this page begins with what is so now.
  for (const other of document.querySelectorAll("form[id]")) await goOn(other);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("invite" in form.dataset)) return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  tell(form, "");
  try {
    await invite(form);
  } catch (error) {
    told(form, error);
  } finally {
    button.disabled = false;
  }
});
