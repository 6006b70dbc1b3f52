// <graphloom-calls>: the requests that an operation made to REST sources, and what the mappings made of the answers.
//
// In: `show(calls)`, `connectors` of a response's `extensions.graphloom`. Out: a list of calls; nothing without one.
//
// Never here: which fetch asked for them (plan.js), leaving credentials out (the gateway has).
//
// Holds: no framework and no import, because the small page takes this file as it stands. Text from outside becomes
// text nodes only. Many calls are folded until somebody opens them.
//
// Read first: `GraphloomCalls`.

const MANY = 4;

class GraphloomCalls extends HTMLElement {
  #shown = null;

  /** Shows these calls; nothing if there are none. */
  show(calls) {
    if (calls === this.#shown) return;
    this.#shown = calls;
    if (!calls?.length) {
      this.replaceChildren();
      return;
    }
    const odd = calls.filter(isOdd).length;
    const title = `${number(calls.length, "call")} of REST sources${odd ? `, ${odd} with something to look at` : ""}`;
    this.replaceChildren(
      element("details", calls.length < MANY ? { open: "" } : {}, element("summary", {}, title), element("ul", { "aria-label": "Calls of REST sources" }, ...calls.map(item))),
    );
  }
}

function isOdd({ error, problems = [], dropped = [], mismatched = [] }) {
  return Boolean(error || problems.length || dropped.length || mismatched.length);
}

function item(call) {
  const { fetch, connector, request, response, error, reused, durationMs, entities, withheld } = call;
  const facts = [response && String(response.status), response && number(response.bytes, "byte"), duration(durationMs), entities > 0 && (entities === 1 ? "1 entity" : `${entities} entities`), reused && "sent once for all that ask it"];
  const asked = request ? `${request.method} ${request.url}` : withheld ? "what was asked is withheld" : "nothing was asked";
  return element(
    "li",
    { class: error ? "gl-call gl-failed" : "gl-call" },
    element("div", { class: "gl-fetch-head" }, element("span", { class: "gl-number", title: `for fetch ${fetch}` }, String(fetch)), element("strong", {}, connector), element("span", { class: "gl-time" }, facts.filter(Boolean).join(" · "))),
    element("code", {}, asked),
    findings(call),
  );
}

function findings({ error, problems = [], dropped = [], mismatched = [], withheld }) {
  const found = [
    ...(error ? [element("li", { class: "gl-call-error" }, error)] : []),
    ...problems.map(({ path, message, count }) => element("li", {}, element("code", {}, path), ` ${message}${count > 1 ? ` (${count} times)` : ""}`)),
    ...mismatched.map(({ path, expected, found }) => element("li", {}, element("code", {}, path), ` should be ${expected} and is ${found}`)),
    ...(dropped.length ? [element("li", { class: "gl-dropped" }, "nobody reads ", element("code", {}, dropped.join(", ")))] : []),
    ...(withheld ? [element("li", {}, "values are withheld, for some of the operation's are masked or sensitive")] : []),
  ];
  return found.length ? element("ul", { class: "gl-found" }, ...found) : null;
}

function duration(milliseconds) {
  return milliseconds === undefined || milliseconds === null ? "" : `${milliseconds.toFixed(milliseconds < 100 ? 1 : 0)} ms`;
}

function number(count, noun) {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter(Boolean));
  return made;
}

customElements.define("graphloom-calls", GraphloomCalls);
