// Rows: lists in a form. Each row has parts; before the form is read, the rows
// become one value in a hidden field.
//
// `data-items` on the list says what the value is: a `list` of what the rows
// say, `schemas` or `constraints` by the part `name`.

import { FORMS, complain, valueOf } from "./fields.js";

const VALUES = {
  list: (rows) => rows.map(({ row }) => row),
  schemas: (rows) => named(rows, ({ one_of, ...schema }) => ({ ...schema, one_of: one_of?.map(typed(schema.type)) })),
  constraints: (rows) => named(rows, constraint),
};

// What a line says, as the type of a parameter wants it.
const typed = (type) => (line) => {
  if (type === "integer") return FORMS.integer(line);
  return type === "boolean" ? line === "true" : line;
};

function constraint({ kind, value = "" }) {
  const [word, form] = kind.split(" ");
  if (word === "absent") return "absent";
  if (value === "" && form !== "exact") throw new Error("write what it must be");
  return { [word]: FORMS[form](value) };
}

// The rows by name; what is wrong with one is said at its last part.
function named(rows, value) {
  const table = {};
  for (const { item, row: { name, ...row } } of rows) {
    if (name in table) throw wrong(item, "name", "this name is there twice");
    try {
      table[name] = value(row);
    } catch (error) {
      throw error.part ? error : wrong(item, row.kind ? "value" : "one_of", error.message);
    }
  }
  return table;
}

const wrong = (item, part, message) =>
  Object.assign(new Error(message), { part: item.querySelector(`[data-part=${part}]`) });

function rowOf(item) {
  const row = {};
  for (const part of item.querySelectorAll("[data-part]")) {
    try {
      row[part.dataset.part] = valueOf(part);
    } catch (error) {
      throw Object.assign(error, { part });
    }
  }
  return { item, row };
}

// Reads the rows of a list into its hidden field.
function read(items) {
  const rows = Array.from(items.querySelectorAll("[data-list] > [data-item]"), rowOf);
  const value = VALUES[items.dataset.items](rows);
  items.querySelector("input[type=hidden]").value = rows.length > 0 ? JSON.stringify(value) : "";
}

document.addEventListener("click", ({ target }) => {
  const items = target.closest("[data-items]");
  if (target.closest("[data-add]")) {
    const row = items.querySelector("template").content.cloneNode(true);
    const [part] = row.querySelectorAll("[data-part]");
    items.querySelector("[data-list]").append(row);
    part.focus();
  }
  if (target.closest("[data-remove]")) {
    target.closest("[data-item]").remove();
    items.querySelector("[data-add]").focus();
  }
});

// Before anybody else sees that the form is sent.
document.addEventListener("submit", (event) => {
  try {
    for (const items of event.target.querySelectorAll("[data-items]")) read(items);
  } catch (error) {
    if (!error.part) throw error;
    event.preventDefault();
    event.stopImmediatePropagation();
    complain(error.part, error.message);
  }
}, { capture: true });
