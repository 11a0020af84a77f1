// Approving all that an installation asks for: one form, and a statement for each.

import { askAll, during } from "./acts.js";
import { says } from "./says.js";

const element = (tag, kind, text) => Object.assign(document.createElement(tag), { className: kind, textContent: text });

// What became of each stays on the page, whatever else of it changes.
function show(asked, answers) {
  const place = document.getElementById("together-said");
  const items = asked.map(({ request, title }, index) => {
    const { problem } = answers[index];
    const item = element("li", "line", "");
    const name = element("span", "title", "");
    name.append(Object.assign(element("a", "", title), { href: `/requests/${request}` }));
    item.append(name, element("span", `status ${problem ? "denied" : "succeeded"}`, problem ? "not approved" : "approved"));
    if (problem) item.append(element("span", "more loud", problem));
    return item;
  });
  place.querySelector("ul").replaceChildren(...items);
  place.hidden = false;
  place.focus({ preventScroll: true });
  place.scrollIntoView({ behavior: "instant", block: "center" });
}

async function approveAll(form) {
  const asked = JSON.parse(form.dataset.together);
  const bodies = asked.map(({ request }) => ({ request }));
  const said = bodies.map((body, index) => says("approve", body, { asked: asked[index] }).join("\n"));
  const answers = await askAll("approve", bodies, [`Approve ${bodies.length} requests, each with a signature of its own:`, ...said]);
  if (answers) show(asked, answers);
}

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (!("together" in form.dataset)) return;
  event.preventDefault();
  during(form, submitter, () => approveAll(form));
});
