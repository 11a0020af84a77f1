// Changes: what a form says that the page did not, so that people sign what
// they changed and not what they would have to compare.

const labelOf = (field) => {
  const label = field.labels?.[0]?.cloneNode(true);
  for (const other of label?.querySelectorAll("input, select, textarea, .soft") ?? []) other.remove();
  return label?.textContent.trim() ?? field.name;
};

const choice = (options) => options[0]?.textContent.trim() ?? "";
const chosen = (select) => choice(select.selectedOptions);
const chosenAtFirst = (select) => choice(Array.from(select.options).filter((option) => option.defaultSelected)) || choice(select.options);

function now(field) {
  if (field.type === "checkbox") return field.checked ? "yes" : "no";
  return field.tagName === "SELECT" ? chosen(field) : field.value.trim();
}

function before(field) {
  if (field.type === "checkbox") return field.defaultChecked ? "yes" : "no";
  return field.tagName === "SELECT" ? chosenAtFirst(field) : field.defaultValue.trim();
}

// --- Rows ---

// A row in words: what stands in its first field, and then the others.
function rowText(item) {
  const [first, ...others] = item.querySelectorAll("[data-part]");
  const told = others.filter((part) => (part.type === "checkbox" ? part.checked : part.value !== "" && part.value !== part.dataset.default));
  const words = told.map((part) => (part.type === "checkbox" ? labelOf(part) : `${labelOf(part)}: ${now(part).replaceAll("\n", ", ")}`));
  return words.length > 0 ? `${now(first)} (${words.join("; ")})` : now(first);
}

const rowsOf = (items) => Array.from(items.querySelectorAll("[data-list] > [data-item]"), rowText);
const first = new Map(Array.from(document.querySelectorAll("[data-items]"), (items) => [items, rowsOf(items)]));

function rowChanges(items) {
  const [old, rows] = [first.get(items) ?? [], rowsOf(items)];
  const lines = [
    ...old.filter((row) => !rows.includes(row)).map((row) => `not any more: ${row}`),
    ...rows.filter((row) => !old.includes(row)).map((row) => `new: ${row}`),
  ];
  if (lines.length === 0 && old.join("\n") !== rows.join("\n")) lines.push(`in this order: ${rows.join(", ")}`);
  return lines.map((line) => `${items.dataset.of}, ${line}`);
}

// --- Lists in one field ---

const listed = (field) => ["addresses", "lines"].includes(field.dataset.form);
const elements = (text) => text.split(/[\n,]/).map((line) => line.trim()).filter((line) => line !== "");

function listChanges(field, [old, text]) {
  const [had, has] = [elements(old), elements(text)];
  const lines = [
    ...had.filter((each) => !has.includes(each)).map((each) => `without ${each}`),
    ...has.filter((each) => !had.includes(each)).map((each) => `with ${each}`),
  ];
  return lines.map((line) => `${labelOf(field)}: ${line}`);
}

// --- All of a form ---

function fieldChanges(field) {
  // A choice that needs no field says all by its name.
  if (field.type === "radio") return field.checked && !field.defaultChecked && !("needs" in field.dataset) ? [labelOf(field)] : [];
  const [old, text] = [before(field), now(field)];
  if ("told" in field.dataset) return [`${labelOf(field)}: ${text}`];
  if (old === text) return [];
  if (listed(field)) return listChanges(field, [old, text]);
  if (field.type === "checkbox" || old === "") return [`${labelOf(field)}: ${text}`];
  return [`${labelOf(field)}: ${text === "" ? "nothing" : text} (was ${old})`];
}

// The changes of a form, a line each.
export function changesOf(form) {
  const fields = Array.from(form.elements).filter((field) => field.name && field.type !== "hidden" && !field.disabled);
  const items = Array.from(form.querySelectorAll("[data-items]"));
  return [...fields.flatMap(fieldChanges), ...items.flatMap(rowChanges)];
}

// --- Somebody else was faster ---

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
  return true;
}

// Offers to look at what somebody else set meanwhile.
export function offer(form, place) {
  const link = document.createElement("a");
  link.href = location.href;
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = "See how it is now, in another window";
  link.addEventListener("click", async () => {
    const there = await goOn(form).catch(() => false);
    place.textContent = there
      ? "What you typed is still here. Sign again, and it takes the place of what you see there."
      : "What you typed is still here, but there is nothing any more that it would change.";
  });
  place.append("\n", link);
}
