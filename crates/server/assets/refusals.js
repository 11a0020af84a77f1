// Refusals in the words of a page. The server tells a no with its code and, for
// whoever types, the command that goes on; here it goes on with what can be
// done on these pages.

import { briefly } from "./says.js";

const ADMINISTRATOR = "An administrator can change that.";
const REPEAT = "Nothing was recorded. Press the button again in a few seconds.";

// By code: what to do `next`, and the `path` of the page where. `says` stands in
// place of the server's sentence, where that speaks of what nobody sees here.
const NEXT = {
  // Keys and people
  "session-over": { says: "This key does not open a session any more: either it was revoked, or you are deactivated.", next: "Ask an administrator which of both it is. A new invitation gives you a new key." },
  "key-not-live": { says: "This key does not count: it is not enrolled for this name, it was revoked, or the invitation was used, replaced or has ended.", next: "Check the name and the code, or ask an administrator for a new invitation." },
  "invitation-ended": { next: "Ask an administrator for a new invitation." },
  "inactive": { next: ADMINISTRATOR },
  "not-administrator": { next: "Ask one to do it." },
  "not-yours": { next: "Ask one of them." },
  "key-exists": { next: "Make a new one." },
  "key-limit": { next: "Revoke one first.", path: "/settings" },
  "last-administrator": { next: "Make another one first.", path: "/people/invite" },
  "bad-signature": { next: "Nothing was recorded. Press the button again; if it stays so, add a new key.", path: "/settings" },
  "passkey-origin": { next: "Open the portal at its own address." },
  "passkey-mismatch": { next: "Sign out, and sign in with a key of the list.", path: "/settings" },
  "passkey-domain": { next: "Open the portal at its own address, and make one there." },
  "unknown-key": { next: "It is gone already." },
  "passkey-required": { next: "Add a passkey, sign out, and sign in with it.", path: "/settings" },
  "stale": { says: "This was signed too long ago, or the clock of this device is off by more than 5 minutes.", next: "Press the button again." },
  "wrong-instance": { next: "Open this page again and sign in." },
  // Asking
  "disabled": { says: "Privileged access is disabled: nothing can be requested, approved or run.", next: "An administrator can enable it.", path: "/settings/control" },
  "never-enabled": { says: "Privileged access has not been enabled yet.", next: "An administrator does it once.", path: "/settings/control" },
  "unknown-task": { next: "See which there are.", path: "/requests/new" },
  "no-policy": { until: " An administrator", next: "An administrator allows it by a policy.", path: "/policies" },
  "no-approvers": { next: "An administrator sets a default group.", path: "/settings/control" },
  "not-requester": { next: "An administrator can add you to it." },
  "duration": { next: "Write another time under “For how long”." },
  "parameters": { next: "Correct it above." },
  "start": { next: "Write another time under “Not before”, or leave it empty to start when it is approved." },
  "runs": { next: "Ask for no more." },
  "already-pending": { says: "You asked for the same already, and it is pending.", next: "See your requests.", path: "/requests" },
  "pending-limit": { next: "Cancel some first.", path: "/requests" },
  "live-limit": { next: "Some have to end first.", path: "/requests" },
  "quorum": { next: "An administrator can add people to the group.", path: "/groups" },
  // Deciding
  "not-pending": { says: "This request was decided meanwhile, or has ended.", next: "See above what became of it." },
  "self-approval": { next: "This page names who can." },
  "not-approver": { next: "Ask one of them, or an administrator to add you." },
  "already-decided": { next: "Others decide about the rest." },
  "wider": { next: "Write a shorter time, or leave it empty." },
  "comment-required": { says: "Whoever ends somebody else's request has to say why.", next: "Write it under “Why”." },
  "not-yours-to-end": { says: "Only its requester, its approvers and administrators may end this request.", next: "Ask one of them." },
  // Apps
  "app": { next: "Correct it, or see what the app wants." },
  "not-installer": { next: "Ask one of them." },
  "app-runs": { next: "Its installer asks for it." },
  "apps-only": { next: "Whoever installs an app that wants it asks for that app." },
  "not-a-dataset": { next: "Ask for a dataset." },
  "not-consented": { next: "See what was asked for, and what is granted." },
  "dataset-changed": { next: "Its installer asks anew." },
  "stays-so": { next: "A new version of the app is asked for anew." },
  "installer-asks": { next: "Its installer does." },
  "asked-today": { next: "Ask then, or ask its installer." },
  // Running
  "insufficient": { says: "No live grant covers this run.", next: "Ask for it.", path: "/requests/new" },
  "not-started": { next: "Run it then." },
  "used-up": { next: "Ask again.", path: "/requests/new" },
  "too-old": { next: "Ask again.", path: "/requests/new" },
  "still-open": { next: "Wait until it has ended." },
  "unknown-execution": { says: "This run does not exist, or its end is known already.", next: "See the runs.", path: "/executions" },
  "other-node": { next: "Press the button again." },
  "busy": { says: "As many runs are in flight as this node takes.", next: REPEAT },
  // Setting
  "changed": { says: "Somebody else changed this since the page was opened.", next: "" },
  "unknown-object": { next: "Go back to the list." },
  "name-taken": { until: ": ", next: "Choose another one." },
  "group-cycle": { next: "Leave it out." },
  "group-depth": { next: "Put people into it instead of groups." },
  "rules-unknown": { until: ": ", next: "Keep those that are in force." },
  "one-key": { until: ": ", next: "Change one of them." },
  "system-account": { next: "Sign in as a person." },
  "secret-version": { next: "It is given on the command line." },
  "not-a-service": { next: "Name a person of kind service." },
  "exemption": { says: "An exemption ends in the future, and within 90 days.", next: "Choose another time." },
  "other-target": { next: "Set the workload without this secret; then it is given again on the command line." },
  "bad-template": { next: "Nothing was recorded. Correct it above." },
  // The door
  "bad-form": { next: "Nothing was recorded. Correct it above." },
  "bad-attachment": { next: "Nothing was recorded. Open this page again." },
  "too-big": { next: "Shorten its texts." },
  "too-many": { says: "That was too much at once.", next: REPEAT },
  "overloaded": { says: "The server is overloaded.", next: REPEAT },
  "unavailable": { says: "The server cannot reach its database.", next: REPEAT },
  "unknown-fate": { says: "The server lost its database while recording this.", next: "Look what became of it before you press the button again." },
  "stopping": { says: "The server is stopping.", next: REPEAT },
};

// Where the server's sentence goes on with a command.
function bare(detail, until = "; ") {
  const at = detail.lastIndexOf(until);
  return at < 0 ? detail : detail.slice(0, at);
}

const ended = (text) => (text === "" ? "" : `${text[0].toUpperCase()}${text.slice(1).trimEnd()}`.replace(/[^.?!]$/, "$&."));

// A no in plain words: its `text`, and the `path` of the page where it goes on.
export function plainly(code, detail) {
  const known = NEXT[code];
  if (!known) return { text: ended(briefly(detail)) };
  const { says = briefly(bare(detail, known.until)), next, path } = known;
  return { text: `${ended(says.replace(/ at line \d+ column \d+/, ""))} ${next}`.trim(), path };
}
