// Fields: what somebody typed into a form as the body of a statement. A field
// is named as a member of the body, with dots for a path; `data-form` says how
// its text is read. What cannot be right is told at the field, before anything
// is signed.

import { now } from "./clock.js";
import { lasting } from "./says.js";

const UNITS = { s: 1, m: 60, h: 3600, d: 86400 };
const DAYS_30 = 30 * 86_400_000;
const NAME = /^[a-z0-9._%+'#-]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/;

export const isName = (text) => NAME.test(text);

function seconds(text) {
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

// Parameters that a task does not name. Of these only switches are known for what they are.
const others = (text) => {
  const truths = { true: true, false: false };
  return Object.fromEntries(Object.entries(table(text)).map(([name, value]) => [name, truths[value.trim()] ?? value]));
};

const instant = (text) => {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new Error("write a date and a time");
  return ms;
};

function start(text) {
  const ms = instant(text);
  if (ms <= now()) throw new Error("this is over already; leave it empty to start when it is approved");
  if (ms > now() + DAYS_30) throw new Error("write a time within the next 30 days");
  return ms;
}

const range = (text) => {
  const [min, max, ...more] = text.trim().split("..");
  if (max === undefined || more.length > 0) throw new Error("write from..to, such as 1..60, 1.. or ..60");
  const end = (number) => (number.trim() === "" ? undefined : integer(number));
  return { min: end(min), max: end(max) };
};

// The name of a person or a group.
function name(text) {
  const folded = text.trim().toLowerCase();
  if (folded !== "" && !isName(folded)) throw new Error(`write a name such as alice@example.com, not ${text.trim()}`);
  return folded;
}

// What only looks like what it says, on a page or in a log.
const ODD = /[^\P{C}\n\t]|[\u2028\u2029]/u;

function label(text) {
  if (ODD.test(text) || /[\n\t]/.test(text)) throw new Error("this has a character in it that cannot be seen: type it again by hand");
  return text.trim();
}

// How a field with `data-form` is read; a text, if it names none.
export const FORMS = {
  text: (text) => text.replaceAll("\r\n", "\n").trim(),
  exact: (text) => text.replaceAll("\r\n", "\n"),
  folded: (text) => text.trim().toLowerCase(),
  name,
  label,
  integer,
  seconds,
  instant,
  start,
  lines,
  integers: (text) => lines(text).map(integer),
  // Each line is one, with its blanks.
  arguments: (text) => text.replace(/\r?\n$/, "").split(/\r?\n/),
  range,
  // A time that long from when it is signed.
  ahead: (text) => now() + seconds(text) * 1000,
  addresses: (text) => [...new Set(lines(text.replaceAll(",", "\n")).map(name))].sort(),
  table,
  others,
  boolean: (text) => text === "true",
  json: JSON.parse,
  superset_of: {
    addresses: (text) => ({ superset_of: FORMS.addresses(text) }),
  },
  equals: {
    text: (text) => ({ equals: FORMS.exact(text) }),
    integer: (text) => ({ equals: integer(text) }),
    boolean: (text) => ({ equals: text === "true" }),
    lines: (text) => ({ equals: lines(text) }),
    table: (text) => ({ equals: table(text) }),
    others: (text) => Object.fromEntries(Object.entries(others(text)).map(([name, value]) => [name, { equals: value }])),
  },
};

// A number outside of what its field takes, `data-least` to `data-most`.
function within(value, { form, least, most }) {
  const said = form === "seconds" ? lasting : String;
  if (least !== undefined && value < Number(least)) throw new Error(`at least ${said(Number(least))}`);
  if (most !== undefined && value > Number(most)) throw new Error(`at most ${said(Number(most))}`);
  return value;
}

// What is left ticked of a group of choices; nothing said, if all of it is.
function ticked(group) {
  const boxes = Array.from(group.querySelectorAll("input[type=checkbox]"));
  const left = boxes.filter((box) => box.checked).map((box) => box.value);
  if (left.length === 0) throw new Error("leave at least one");
  return left.length === boxes.length ? undefined : { subset_of: left };
}

export function valueOf(field) {
  if (field.dataset.form === "ticked") return ticked(field);
  if (field.type === "checkbox") return field.checked ? true : undefined;
  if (field.type === "radio" && !field.checked) return undefined;
  if (field.value === "" && !("always" in field.dataset)) return undefined;
  const [form, inner] = (field.dataset.form ?? "text").split(" ");
  const read = inner ? FORMS[form][inner] : FORMS[form];
  const value = within(read(field.value), field.dataset);
  if (value === "" && field.required) throw new Error("only blanks stand here: write something");
  // What is as it is by default is absent.
  return value === "" || String(value) === field.dataset.default ? undefined : value;
}

// Says at a field what is wrong with it, until something else is typed there.
export function complain(field, message) {
  const folded = field.closest("details:not([open])");
  if (folded) folded.open = true;
  // Of a group, it is said at the first of it.
  const place = field.elements?.[0] ?? field;
  place.setCustomValidity(message);
  field.addEventListener("input", () => place.setCustomValidity(""), { once: true });
  place.reportValidity();
}

// The body that a form says; nothing if a field cannot be read.
export function bodyOf(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || field.tagName === "BUTTON") continue;
    let value;
    try {
      value = valueOf(field);
      field.setCustomValidity("");
    } catch (error) {
      complain(field, error.message);
      return undefined;
    }
    if (value === undefined) continue;
    const path = field.name.split(".");
    const last = path.pop();
    let at = body;
    for (const name of path) at = at[name] ??= {};
    // What is named is said by its own field.
    at[last] = field.dataset.form?.endsWith("others") ? { ...value, ...at[last] } : value;
  }
  return body;
}
