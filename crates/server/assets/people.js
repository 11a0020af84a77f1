// Inviting: the code is made here, and only its key is said. It is shown once.

import { ask, linesOf, onSubmit } from "./acts.js";
import { now } from "./clock.js";
import { guard, saved } from "./copy.js";
import { bodyOf } from "./fields.js";
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
  guard(place);
  place.focus();
  place.scrollIntoView({ block: "nearest" });
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
  const done = await ask("set", body, linesOf(form, "set", body));
  if (!done) return;
  show(person.upn, made);
  if ("new" in form.dataset) form.reset();
  // What is said next on this page begins with what is so now.
  for (const other of document.querySelectorAll("form[id]")) await goOn(other);
}

for (const form of document.querySelectorAll("form[data-invite]")) onSubmit(form, invite);

document.getElementById("invited-kept")?.addEventListener("click", ({ target }) => {
  const place = target.closest("#invited");
  saved(place);
  place.hidden = true;
});
