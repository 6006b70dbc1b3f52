// <graphloom-terms>: on which terms an operation would run: for whom, at what price, without which fields.
//
// In: `show(explanation)`, what the gateway says of an operation that is not run. Out: a line of facts, and lists
// that open: what is denied and by which rule, what is masked, which headers would travel.
//
// Never here: asking for the explanation, drawing the plan (plan.js).
//
// Holds: no framework and no import, because the small page takes this file as it stands. Text from outside becomes
// text nodes only. A list that somebody opened stays open while they type.
//
// Read first: `GraphloomTerms`.

class GraphloomTerms extends HTMLElement {
  #opened = new Set(["denied"]);

  /** Shows the terms of an explanation; nothing without one. */
  show(explanation) {
    if (!explanation) {
      this.replaceChildren();
      return;
    }
    const { operation, masks = [], upstreams = [] } = explanation;
    const denied = operation?.denied ?? [];
    const hiding = masks.filter((mask) => mask.hides);
    this.replaceChildren(
      ...[
        element("ul", { class: "gl-terms", "aria-label": "Terms" }, ...this.#facts(explanation)),
        this.#list("denied", denied.length && `${number(denied.length, "field")} denied`, denied.map(denial)),
        this.#list("masked", hiding.length && `${number(hiding.length, "field")} masked`, hiding.map(masking)),
        this.#list("sent", upstreams.length && `headers to ${upstreams.map((upstream) => upstream.name).join(", ")}`, upstreams.map(sent)),
      ].filter(Boolean),
    );
  }

  #facts({ consumer, refused = [], cost, budgets = [] }) {
    const facts = [fact("gl-caller", who(consumer), consumer?.scopes?.length ? `scopes: ${consumer.scopes.join(" ")}` : "")];
    for (const { code, why } of refused) facts.push(fact("gl-refused", `refused: ${why}`, code));
    if (cost) facts.push(fact("gl-cost", priced(cost), cost.formula));
    for (const budget of budgets) facts.push(budgeted(budget));
    return facts;
  }

  #list(key, title, items) {
    if (!title) return null;
    const list = element("details", this.#opened.has(key) ? { open: "" } : {}, element("summary", {}, title), element("ul", { class: `gl-${key}` }, ...items));
    list.addEventListener("toggle", () => (list.open ? this.#opened.add(key) : this.#opened.delete(key)));
    return list;
  }
}

function who(consumer) {
  if (!consumer) return "nobody who is known";
  if (consumer.anonymous) return "anonymous";
  return consumer.plan ? `${consumer.id} (${consumer.plan})` : consumer.id;
}

function priced({ estimated, maximum }) {
  return maximum === undefined || maximum === null ? `costs ${estimated}` : `costs ${estimated} of at most ${maximum}`;
}

function budgeted({ name, remaining, burst, pays, allowed }) {
  const text = allowed ? `${name}: ${remaining} of ${burst} left, pays ${pays}` : `${name}: ${remaining} of ${burst} left, ${pays} would be too much`;
  const meter = element("meter", { min: "0", max: String(burst), value: String(remaining), "aria-label": `what ${name} has left` });
  const item = fact(allowed ? "gl-budget" : "gl-budget gl-refused", text, "");
  item.prepend(meter);
  return item;
}

function denial({ path, because }) {
  const rules = because.map(({ rule, declaredOn, why }) =>
    element("li", {}, sentence(why), element("span", { class: "gl-rule" }, " by ", element("code", {}, rule), " on ", element("code", {}, declaredOn))),
  );
  return element("li", {}, element("code", { class: "gl-denied-path" }, path), element("ul", {}, ...rules));
}

function masking({ of, action, unless }) {
  return element("li", {}, element("code", {}, of), ` ${action}`, unless && ` unless ${unless}`);
}

function sent({ name, headers }) {
  const lines = headers.map((header) => `${header.name}: ${header.value}`).join("\n");
  return element("li", {}, element("strong", {}, name), element("pre", { tabindex: "0" }, lines));
}

function fact(kind, text, more) {
  return element("li", { class: `gl-term ${kind}`, ...(more ? { title: more } : {}) }, text);
}

function number(count, noun) {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}

// Names stand in backticks in what the gateway says.
function sentence(text = "") {
  return element("span", {}, ...text.split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part)));
}

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter(Boolean));
  return made;
}

customElements.define("graphloom-terms", GraphloomTerms);
