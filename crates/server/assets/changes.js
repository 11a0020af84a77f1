// Somebody else was faster: what a form would have replaced is another thing
// now. What is typed stays; what it would replace is read anew.

import { changes } from "./says.js";

// The page as it is now, read without showing it.
const fresh = () =>
  new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("GET", location.href);
    call.setRequestHeader("Accept", "text/html");
    call.responseType = "document";
    call.onload = () => resolve(call.response);
    call.onerror = () => reject(new Error("The server does not answer."));
    call.send();
  });

// Goes on from what is there now, with what is typed.
export async function goOn(form) {
  const page = await fresh();
  const other = page?.getElementById(form.id);
  if (!other) return false;
  for (const field of form.querySelectorAll("input[type=hidden][name]")) {
    const now = other.elements.namedItem(field.name);
    if (now && !field.closest("[data-items]")) field.value = now.value;
  }
  if (other.dataset.about) form.dataset.about = other.dataset.about;
  return true;
}

const wasOf = ({ dataset }) => Object.entries(JSON.parse(dataset.about ?? "{}").was ?? {});

// Tells what somebody else set meanwhile, and lets one sign again knowing it.
export async function offer(form, place) {
  const before = Object.fromEntries(wasOf(form));
  const there = await goOn(form).catch(() => false);
  const theirs = there ? wasOf(form).flatMap(([noun, object]) => (before[noun] ? changes(noun, before[noun], object) : [])) : [];
  place.textContent = [
    "Somebody else changed this since the page was opened, so nothing was signed in its place.",
    ...theirs.map((line) => `Now ${line}`),
    there
      ? "What you typed is still here. Sign again, and it takes the place of what is there now."
      : "What you typed is still here, but there is nothing any more that it would change.",
  ].join("\n");
  const link = document.createElement("a");
  link.href = location.href;
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = "See how it is now, in another window";
  place.append("\n", link);
}
