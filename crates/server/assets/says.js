// What a statement says, in plain lines: the first says what happens, each
// further one a member of the body. They are made from the body that is signed
// and from nothing else; what a body only names, such as the request that is
// approved, the page tells besides. A member that is not known here is told as
// it stands, so that nothing is signed that was not told. Nothing here touches
// the page, so that it is tested against the vectors.

import { canonical } from "./statement.js";

// --- Values in words ---

const UNITS = { s: 1, m: 60, h: 3600, d: 86400 };

// Seconds as somebody would type them.
export function lasting(seconds) {
  const [unit, size] = Object.entries(UNITS).findLast(([, size]) => seconds % size === 0);
  return `${seconds / size}${unit}`;
}

// An id as tables and sentences show it.
export const brief = (id) => `${id.slice(0, 8)}-${id.slice(8, 12)}`;

// A sentence with its ids cut short.
export const briefly = (text) => text.replaceAll(/\b[0-9a-f]{64}\b/g, brief);

const moment = (ms) => new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(ms);
const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const yes = (truth) => (truth ? "yes" : "no");

// A value so that one reads as one: a text in quotes, unless it is plain.
export function exact(value) {
  if (typeof value === "string") {
    return /^[\p{L}\p{N}@._\-\\/:*+#%]([\p{L}\p{N} @._\-\\/:*+#%]*[\p{L}\p{N}@._\-\\/:*+#%])?$/u.test(value) ? value : JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(exact).join(", ")}]`;
  if (typeof value !== "object") return String(value);
  return `{${entries(value).map(([name, inner]) => `${exact(name)}: ${exact(inner)}`).join(", ")}}`;
}

// The members of a table, in one order.
const entries = (table) => Object.entries(table).sort(([one], [other]) => (one < other ? -1 : 1));

const listed = (values) => values.map(exact).join(", ");

// What a parameter must be.
function limit(constraint) {
  if (constraint === "absent") return "not given";
  const [[kind, value]] = Object.entries(constraint);
  switch (kind) {
    case "equals": return `= ${exact(value)}`;
    case "one_of": return `one of ${listed(value)}`;
    case "glob": return `like ${exact(value)}`;
    case "superset_of": return `all of ${listed(value)}`;
    case "subset_of": return `some of ${listed(value)}`;
    case "range": {
      const { min, max } = value;
      if (min !== undefined && max !== undefined) return `from ${min} to ${max}`;
      if (min === undefined && max === undefined) return "any number";
      return min === undefined ? `at most ${max}` : `at least ${min}`;
    }
  }
  return exact(constraint);
}

const limits = (parameters = {}) => entries(parameters).map(([name, constraint]) => `${name} ${limit(constraint)}`);

// The same of a dataset that an app reads; otherwise, where other words are needed.
const OF_DATA = {
  columns: ({ subset_of: names }) => names && `Only the columns ${listed(names)}`,
  scope: ({ subset_of: groups }) => groups && (groups.join() === "everybody" ? "Rows of everybody" : `Only rows of ${listed(groups)}`),
  filter: ({ equals }) => equals && `Only rows with ${listed(equals)}`,
  deny: ({ superset_of: people }) => people && `Without rows of, or mentioning, ${listed(people)}`,
};

const ofData = (parameters = {}, only) =>
  entries(parameters).flatMap(([name, constraint]) => {
    if (name === "filter" && constraint === "absent") return [];
    return OF_DATA[name]?.(constraint) ?? `${only} ${name} ${limit(constraint)}`;
  });

// What is left of a body, as it stands.
const others = (rest) => Object.entries(rest).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${exact(value)}`);

// --- Objects ---

function schema({ type, required, one_of, min, max, max_length, multiline, leading_dash, title, ...rest }) {
  const words = [
    type,
    required && "every run must give it",
    one_of && `one of ${listed(one_of)}`,
    min !== undefined && `at least ${min}`,
    max !== undefined && `at most ${max}`,
    max_length !== undefined && `at most ${max_length} bytes`,
    multiline && "may have several lines",
    leading_dash && "may begin with a dash",
    title !== undefined && `called ${exact(title)}`,
  ];
  return [...words.filter(Boolean), ...others(rest)].join("; ");
}

// The members of each noun: what each is called, how it reads, and how its
// absence does. `list` says what stands in it: what each is known by, and what
// is said of it.
const plain = (label, none = "none", text = String) => ({ label, none, text });
const list = (label, none, known = String, told = () => "") => ({ label, none, list: (values) => values.map((value) => [known(value), told(value)]) });
const table = (label, none, told) => ({ label, none, list: (values) => entries(values).map(([name, value]) => [name, told(value)]) });

// A word of a few; another one as it stands.
const word = (words) => (value) => words[value] ?? exact(value);
const NOUNS = {
  control: {
    enabled: plain("Privileged access", "disabled", (on) => (on ? "enabled" : "disabled")),
    admin_group: plain("Default group"),
    stop_system_accounts: plain("Disabling stops the system accounts, too", "no", yes),
    system_accounts: list("System accounts", "none", ({ upn }) => upn, ({ upn, tasks, until, ...rest }) =>
      [`runs ${tasks ? listed(tasks) : "ALL tasks"} without asking, until ${moment(until)}`, ...others(rest)].join("; ")),
  },
  person: {
    kind: plain("Kind", "human"),
    name: plain("Name"),
    mail: plain("Mail", "to the name that they sign in with"),
    role: plain("Role", "none", word({ installer: "installer: sets up apps and asks for them", administrator: "administrator: sets objects, reads everything", auditor: "auditor: reads everything" })),
    active: plain("May act", "yes", yes),
    invitation: plain("Invitation", "none", ({ until }) => `until ${moment(until)}`),
    manifest: plain("Manifest", "none", exact),
  },
  group: {
    name: plain("Name"),
    members: list("Members", "nobody"),
    mail_to: plain("Mail goes to", "each member", word({ address: "the group's own address", members: "each member" })),
    remind: plain("Reminds", "never", ({ after_s, every_s }) => `after ${lasting(after_s)}, then every ${lasting(every_s)}`),
    escalate_to: plain("Then tells", "nobody else"),
  },
  workload: {
    connector: plain("Connector"),
    origin: plain("Its secrets may go to"),
    settings: table("Settings", "none", (value) => `= ${exact(value)}`),
    secrets: table("Secrets", "none", ({ version }) => `in version ${version}`),
    open_tasks: plain("Its tasks need not be set one by one", "no", yes),
  },
  task: {
    title: plain("Title"),
    risk: plain("Risk", "medium", word({ high: "high: a policy on all tasks never covers it" })),
    template: table("Runs", "nothing", (value) => `= ${exact(value)}`),
    parameters: table("Parameters", "none", schema),
    open: plain("Takes parameters that it does not name, too", "no", yes),
    deadline_s: plain("A run ends within", "5m", lasting),
    output_cap: plain("Output kept, in bytes", "1048576"),
  },
  policy: {
    approval: plain("Approval", "manual", word({ auto: "auto: granted at once, nobody is asked", manual: "manual: somebody is asked" })),
    stages: list("Who is asked", "the default group, for one approval", ({ group }) => group, ({ approvals }) => `for ${plural(approvals, "approval")}`),
    passkey: plain("Approvers must use a passkey", "no", yes),
    requesters: plain("Who may ask", "anybody"),
    max_duration_s: plain("For at most", "1d", lasting),
    max_runs: plain("Most runs", "any number"),
    pending_for_s: plain("A request waits", "1d", lasting),
    parameters: table("Parameters", "any", limit),
    others: plain("Other parameters", "may be given", word({ refuse: "are refused", allow: "may be given" })),
    kill_on_end: plain("Kill a run in flight when its grant ends", "no", yes),
    output_readers: list("Groups that may read output as well", "none"),
  },
  preferences: {
    digest: plain("One mail a day instead of one each", "no", yes),
    quiet: plain("Hours without mail"),
    away_until: plain("Away until", "you are there", moment),
  },
};
// By which member an object is known.
const NAMES = { person: "upn", group: "address", workload: "name", task: "name", policy: "task" };

const memberOf = (noun, name) => NOUNS[noun]?.[name] ?? plain(name, "absent", exact);
const textOf = ({ none, text }, value) => (value === undefined ? none : text(value));
const pair = ([known, told]) => (told ? `${known} ${told}` : known);

function namesOf(noun, ...objects) {
  const known = Object.keys(NOUNS[noun] ?? {});
  const more = objects.flatMap((object) => Object.keys(object)).filter((name) => name !== NAMES[noun] && !known.includes(name));
  return [...known, ...new Set(more)];
}

// All of an object, also what it leaves out.
function whole(noun, object) {
  return namesOf(noun, object).flatMap((name) => {
    const member = memberOf(noun, name);
    const value = object[name];
    if (!member.list) return [`${member.label}: ${textOf(member, value)}`];
    const items = member.list(value ?? []);
    return items.length === 0 ? [`${member.label}: ${member.none}`] : items.map((item) => `${member.label}: ${pair(item)}`);
  });
}

function listChanges({ label, list }, before, after) {
  const [had, has] = [list(before ?? []), list(after ?? [])];
  const [old, now] = [new Map(had), new Map(has)];
  // What stands there twice is not told apart by its name.
  if (old.size < had.length || now.size < has.length) {
    const all = has.map(pair).join(", ");
    return had.map(pair).join(", ") === all ? [] : [`${label}, all of it: ${all || "none"}`];
  }
  const lines = [
    ...had.filter(([known]) => !now.has(known)).map(([known]) => `${label}: removes ${known}`),
    ...has.filter(([known]) => !old.has(known)).map((item) => `${label}: adds ${pair(item)}`),
    ...has.filter(([known, told]) => old.has(known) && old.get(known) !== told).map((item) => `${label}: ${pair(item)} (was ${old.get(item[0])})`),
  ];
  const order = (items) => items.map(([known]) => known).join(", ");
  if (lines.length === 0 && order(had) !== order(has)) lines.push(`${label}, in this order: ${order(has)}`);
  return lines;
}

// What an object has otherwise than before, a line each.
export function changes(noun, before, after) {
  return namesOf(noun, before, after).flatMap((name) => {
    const member = memberOf(noun, name);
    if (member.list) return listChanges(member, before[name], after[name]);
    const [old, now] = [textOf(member, before[name]), textOf(member, after[name])];
    return old === now ? [] : [`${member.label}: ${now} (was ${old})`];
  });
}

// --- Headlines of objects ---

function personHead({ upn, active = true, invitation }, was) {
  if (was && active && was.active === false && !invitation) return `Make ${upn} active again, with the keys, groups and role that they have.`;
  if (was && !active && was.active !== false) {
    return `Deactivate ${upn}. They cannot sign in, ask, approve or run from then on, and approvals of theirs stop counting.`;
  }
  if (!invitation || was?.invitation?.until === invitation.until) return `Set the person ${upn}.`;
  return was ? `Invite ${upn} again. When they use it, the keys that they have now end.` : `Invite ${upn}.`;
}

const exempt = (control) => new Map((control?.system_accounts ?? []).map((account) => [account.upn, canonical(account)]));

function controlHead(control, was) {
  const { enabled } = control;
  if (Boolean(was?.enabled) === enabled) {
    const [now, before] = [exempt(control), exempt(was)];
    const changed = [...new Set([...before.keys(), ...now.keys()])].filter((upn) => now.get(upn) !== before.get(upn));
    return changed.length > 0 ? `Set who runs without asking: ${changed.join(", ")}.` : "Set how privileged access is controlled.";
  }
  return enabled
    ? "Enable privileged access: people can ask, approve and run."
    : "Disable privileged access, at once: nobody can ask, approve or run. Grants go on when it is enabled again, if time is left.";
}

const REMOVED = {
  policy: "What it governed falls to a broader policy, or to nobody; pending requests that it governed end.",
  task: "Requests and grants for it that no other policy carries on end at once.",
  group: "Policies that ask it find nobody there, and its name stays taken.",
  workload: "Nobody can run its tasks from then on.",
};

function headOf(noun, object, was) {
  if (noun === "person") return personHead(object, was);
  if (noun === "control") return controlHead(object, was);
  if (noun === "preferences") return "Set your preferences.";
  const name = object[NAMES[noun]];
  return `Set the ${noun}${name === undefined ? "" : ` ${name}`}.`;
}

// --- Kinds ---

const KINDS = {
  set({ object, remove, seen, ...rest }, { was }) {
    const lines = others(rest);
    for (const [noun, name] of Object.entries(remove ?? {})) {
      lines.unshift([`Remove the ${noun} ${name}.`, REMOVED[noun]].filter(Boolean).join(" "));
    }
    for (const [noun, value] of Object.entries(object ?? {})) {
      const before = was?.[noun];
      lines.unshift(headOf(noun, value, before), ...(before ? changes(noun, before, value) : whole(noun, value)));
    }
    return lines;
  },

  request({ task, duration_s, reason, parameters, runs, start, ticket, for: person, ...rest }) {
    const fixed = limits(parameters);
    return [
      `Ask for ${task}${duration_s === undefined ? "" : ` for ${lasting(duration_s)}`}.`,
      `Why: ${reason}`,
      ...(fixed.length > 0 ? fixed.map((line) => `Only ${line}`) : ["With any parameters"]),
      runs === undefined ? "Any number of runs" : `At most ${plural(runs, "run")}`,
      start === undefined ? "Starts when it is approved" : `Not before ${moment(start)}`,
      ...(ticket === undefined ? [] : [`Ticket: ${ticket}`]),
      ...(person === undefined ? [] : [`Run by ${person}`]),
      ...others(rest),
    ];
  },

  approve({ request, comment, duration_s, parameters, ...rest }, { asked = {} }) {
    const lasts = duration_s ?? asked.duration_s;
    const unsaid = Object.fromEntries(Object.entries(asked.parameters ?? {}).filter(([name]) => !(name in (parameters ?? {}))));
    const [fixed, also] = asked.app
      ? [ofData(parameters, "Only"), ofData(unsaid, "As asked, only")]
      : [limits(parameters).map((line) => `Only ${line}`), limits(unsaid).map((line) => `As asked, only ${line}`)];
    const whose = asked.task ? `${asked.task} for ${asked.app ? `the app ${asked.app}` : asked.by}` : `the request ${brief(request)}`;
    return [
      `Approve ${whose}${lasts === undefined ? "" : `, for ${lasting(lasts)}`}.`,
      ...(duration_s !== undefined && asked.duration_s !== undefined ? [`For ${lasting(duration_s)}, where ${lasting(asked.duration_s)} was asked for`] : []),
      ...fixed,
      ...also,
      ...(fixed.length + also.length > 0 ? [] : ["With any parameters"]),
      asked.runs === undefined || asked.runs === null ? "Any number of runs" : `At most ${plural(asked.runs, "run")}, as asked`,
      ...(comment === undefined ? [] : [`Comment: ${comment}`]),
      ...(asked.task ? [`The request ${brief(request)}`] : []),
      ...others(rest),
    ];
  },

  end({ request, comment, kill, ...rest }, { asked = {} }) {
    const whom = asked.app ? `the app ${asked.app}` : asked.by;
    const heads = {
      cancel: `Cancel your request for ${asked.task}.`,
      deny: `Deny ${asked.task} to ${whom}.`,
      revoke: `Revoke ${asked.task} of ${whom}, at once.`,
    };
    return [
      heads[asked.does] ?? "End a request.",
      ...(comment === undefined ? [] : [`Why: ${comment}`]),
      ...(kill ? ["Kill runs in flight"] : []),
      `The request ${brief(request)}`,
      ...others(rest),
    ];
  },

  invoke({ task, parameters, attached = {}, sealed = {}, request, node, ...rest }) {
    const given = [
      ...Object.entries(parameters).map(([name, value]) => `${name} = ${exact(value)}`),
      ...Object.entries(attached).map(([name, { size, digest }]) => `${name} = a text of ${size} bytes, ${brief(digest)}`),
      ...Object.keys(sealed).map((name) => `Sealed: ${name}, which only the node can read`),
    ];
    return [
      `Run ${task} now.`,
      ...(given.length > 0 ? given : ["With no parameters"]),
      ...(request === undefined ? [] : [`Under the request ${brief(request)}`]),
      ...(node === undefined ? [] : [`On the node ${node}`]),
      ...others(rest),
    ];
  },

  outcome({ execution, result, exit, output, note, ...rest }) {
    return [
      `Say that the run ${brief(execution)} ${result === "unknown" ? "ended, and nobody knows how" : result}.`,
      ...(note === undefined ? [] : [`How you know: ${note}`]),
      ...(exit === undefined ? [] : [`Exit code ${exit}`]),
      ...(output === undefined ? [] : [`Output of ${output.size} bytes, ${brief(output.digest)}`]),
      ...others(rest),
    ];
  },

  enrol({ person, key, label, passkey, rp_id, proof, assertion, ...rest }, { id, other }) {
    return [
      `Add ${passkey ? "a passkey" : "a key"}, called ${exact(label)}, to the keys of ${person}.`,
      ...(other ? ["It must be the device that you have before you: it can do whatever you can."] : []),
      ...(rp_id === undefined ? [] : [`For pages of ${rp_id}`]),
      id === undefined ? `Public key ${brief(key.public)}` : `Key ${brief(id)}`,
      ...others(rest),
    ];
  },

  "revoke-key"({ person, key, ...rest }, { label, signedIn, only }) {
    return [
      `Revoke ${label === undefined ? "a key" : `the key ${exact(label)}`} of ${person}. Nothing that it signs counts from then on.`,
      `Key ${brief(key)}`,
      ...(signedIn ? ["It signed you in here, so you are signed out."] : []),
      ...(only ? ["It is the only key: without another invitation of an administrator, nothing can be done any more."] : []),
      ...others(rest),
    ];
  },

  signout({ person, session, ...rest }) {
    return session === undefined
      ? [`Sign ${person} out everywhere. Every session ends, on every device; the keys stay.`, ...others(rest)]
      : [`Sign ${person} out of one session.`, `Session ${brief(session)}`, ...others(rest)];
  },
};

// The lines of a body. `about` has what the page knows besides: of a `set` what
// the object `was`, of what names a request what was `asked`.
export function says(kind, body, about = {}) {
  return KINDS[kind] ? KINDS[kind](body, about) : [`Say ${kind}.`, ...others(body)];
}
