// <graphloom-plan>: shows the query plan of an operation, before it runs and after.
//
// In: `preview(request)` while somebody types, `wait(reason)` when there is nothing to plan, `explain(request, report)`
// when a request ran, `refresh()` when the graph changed. Out: a headline, the terms on which it would run now,
// the fetches in columns by depth, and the calls of REST sources.
//
// Never here: sending the operation itself (the page does), the state of the graph (header.js), the terms (terms.js),
// the calls (calls.js).
//
// Holds: no framework and no import, because the small page takes this file as it stands. Text from outside becomes
// text nodes only. A report stays until the request it belongs to is changed; the terms are always those of the next
// request. Of several questions under way the last one's answer counts.
//
// Read first: `GraphloomPlan`.

const EXPLAIN_PATH = "/_graphloom/explain";
const TYPING_PAUSE_MS = 350;
const HEIGHT_KEY = "graphloom:plan-height";
const MIN_HEIGHT = 120;
const HUES = [262, 160, 35, 330, 215, 75, 300, 10, 130, 190, 55, 240];
const SVG = "http://www.w3.org/2000/svg";

class GraphloomPlan extends HTMLElement {
  #request = null;
  #key = null;
  #reportKey = null;
  #plan = null;
  #report = null;
  #note = "";
  #subgraphs = [];
  #opened = new Set();
  #timer = 0;
  #asking = null;
  #parts = null;
  #resize = new ResizeObserver(() => this.#drawArrows());

  connectedCallback() {
    if (this.#parts) return;
    this.#build();
    this.#render();
  }

  /** The names in the graph: each keeps its color as long as the graph keeps its subgraphs. */
  set subgraphs(names) {
    this.#subgraphs = [...names];
    if (this.#plan) this.#render();
  }

  /** Shows the plan of `request` once the typing pauses. */
  preview(request) {
    this.#request = request;
    const key = keyOf(request);
    if (key === this.#key && !this.#note) return;
    this.#key = key;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), TYPING_PAUSE_MS);
  }

  /** Keeps the last plan in sight, but says why it is not the plan of what is written now. */
  wait(reason) {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#request = this.#key = null;
    this.#note = reason;
    if (!reason) {
      this.#plan = this.#report = null;
      this.#parts?.terms.show(null);
    }
    this.#render();
  }

  /** Shows what a request cost: `report` is the response's `extensions.graphloom`. */
  explain(request, report) {
    if (!report.plan) return;
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#request = request;
    this.#key = this.#reportKey = keyOf(request);
    this.#plan = report.plan;
    this.#report = report;
    this.#note = "";
    this.#render();
    // The next one finds less in its budgets.
    this.#ask();
  }

  /** Asks again for the plan of the same request: the graph is another one now. */
  refresh() {
    if (!this.#request) return;
    this.#reportKey = null;
    this.#ask();
  }

  async #ask() {
    if (!this.#request) return;
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const { headers, ...request } = this.#request;
    let answer;
    try {
      const response = await fetch(EXPLAIN_PATH, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(request),
        signal: asking.signal,
      });
      answer = await response.json();
    } catch (error) {
      if (asking.signal.aborted) return;
      answer = { errors: [{ message: `the gateway did not answer with a plan (${error.message})` }] };
    }
    if (asking.signal.aborted) return;
    if (answer.operation) {
      const isReported = this.#key === this.#reportKey && this.#report;
      if (!isReported) {
        this.#plan = answer.operation.plan;
        this.#report = null;
      }
      this.#note = "";
      this.#parts?.terms.show(answer);
    } else {
      this.#note = answer.errors?.[0]?.message ?? answer.detail ?? "the gateway has no plan for this operation";
      this.#parts?.terms.show(null);
    }
    this.#render();
  }

  #build() {
    const grip = node("div", {
      class: "gl-grip",
      role: "separator",
      tabindex: "0",
      "aria-orientation": "horizontal",
      "aria-label": "Height of the plan. Arrow keys change it.",
    });
    const headline = node("p", { class: "gl-headline", role: "status" });
    const facts = node("p", { class: "gl-facts" });
    const note = node("p", { class: "gl-note" });
    const toggle = node("button", { class: "gl-toggle", type: "button", "aria-expanded": "true" }, "Hide");
    const terms = node("graphloom-terms", {});
    const calls = node("graphloom-calls", {});
    const body = node("div", { class: "gl-plan-body", role: "region", "aria-label": "Fetches of the plan", tabindex: "0" });
    this.setAttribute("role", "complementary");
    this.setAttribute("aria-label", "Query plan");
    this.append(
      grip,
      node("header", { class: "gl-plan-head" }, node("h2", {}, "Plan"), headline, facts, note, toggle),
      body,
    );
    this.#parts = { grip, headline, facts, note, terms, calls, body, toggle };
    toggle.addEventListener("click", () => {
      const isHidden = this.toggleAttribute("folded");
      toggle.textContent = isHidden ? "Show" : "Hide";
      toggle.setAttribute("aria-expanded", String(!isHidden));
    });
    this.#resize.observe(body);
    this.#resizable(grip);
  }

  #resizable(grip) {
    const set = (height) => {
      const bounded = Math.round(Math.max(MIN_HEIGHT, Math.min(height, innerHeight * 0.7)));
      this.style.setProperty("--gl-plan-height", `${bounded}px`);
      localStorage.setItem(HEIGHT_KEY, String(bounded));
      grip.setAttribute("aria-valuenow", String(bounded));
    };
    grip.setAttribute("aria-valuemin", String(MIN_HEIGHT));
    grip.setAttribute("aria-valuenow", String(this.offsetHeight));
    const kept = Number(localStorage.getItem(HEIGHT_KEY));
    if (kept) set(kept);
    grip.addEventListener("pointerdown", (down) => {
      const from = this.offsetHeight + down.clientY;
      grip.setPointerCapture(down.pointerId);
      const move = (event) => set(from - event.clientY);
      grip.addEventListener("pointermove", move);
      grip.addEventListener("lostpointercapture", () => grip.removeEventListener("pointermove", move), { once: true });
    });
    grip.addEventListener("keydown", (event) => {
      const change = { ArrowUp: 24, ArrowDown: -24 }[event.key];
      if (!change) return;
      event.preventDefault();
      set(this.offsetHeight + change);
    });
  }

  #render() {
    if (!this.#parts) return;
    const { headline, facts, note, terms, calls, body } = this.#parts;
    const plan = this.#plan;
    headline.replaceChildren(...headlineOf(plan, this.#report));
    facts.textContent = factsOf(plan, this.#report);
    note.textContent = this.#note;
    this.toggleAttribute("stale", Boolean(this.#note));
    if (!plan) {
      body.replaceChildren(terms, node("p", { class: "gl-empty" }, "Write an operation to see which subgraphs it asks, in which order, and for what."));
      return;
    }
    const hues = huesOf([...this.#subgraphs, ...plan.fetches.map((fetch) => fetch.subgraph)]);
    const ran = this.#report ? reportsById(this.#report.fetches ?? []) : null;
    const slowest = ran ? Math.max(0.001, ...[...ran.values()].map((report) => report.milliseconds)) : 1;
    const columns = columnsOf(plan.fetches).map((fetches, depth) =>
      node(
        "ol",
        { class: "gl-column", "aria-label": `Depth ${depth + 1}` },
        ...fetches.map((fetch) => this.#card(fetch, hues.get(fetch.subgraph), ran && { ...ran.get(fetch.id), slowest })),
      ),
    );
    const graph = node("div", { class: "gl-graph" }, arrowLayer(), ...columns);
    calls.show(this.#report?.connectors ?? null);
    body.replaceChildren(terms, ...warningsOf(plan), graph, calls);
    this.#resize.disconnect();
    this.#resize.observe(body);
    this.#resize.observe(graph);
    this.#drawArrows();
  }

  #card(fetch, hue, ran) {
    const key = `${fetch.id} ${fetch.operation}`;
    const details = node(
      "details",
      this.#opened.has(key) ? { open: "" } : {},
      node("summary", {}, "Operation"),
      node("pre", { tabindex: "0" }, indented(fetch.operation)),
    );
    details.addEventListener("toggle", () => {
      if (details.open) this.#opened.add(key);
      else this.#opened.delete(key);
      this.#drawArrows();
    });
    const card = node(
      "li",
      { class: ran?.failed ? "gl-fetch gl-failed" : "gl-fetch", "data-id": String(fetch.id), style: `--hue: ${hue}` },
      node(
        "div",
        { class: "gl-fetch-head" },
        node("span", { class: "gl-number", title: `fetch ${fetch.id}` }, String(fetch.id)),
        node("strong", {}, fetch.subgraph),
        node("span", { class: "gl-kind" }, fetch.kind),
        ran && node("span", { class: "gl-time" }, ran.milliseconds === undefined ? "not sent" : duration(ran.milliseconds)),
      ),
      ran?.milliseconds !== undefined &&
        node("div", { class: "gl-bar", "aria-hidden": "true", style: `--share: ${ran.milliseconds / ran.slowest}` }),
      fetch.path && node("code", { class: "gl-path", title: "where the answers go" }, fetch.path),
      ...(fetch.entities ?? []).map((entity) => node("code", { class: "gl-entity", title: "what it sends" }, entity)),
      node("div", { class: "gl-fetch-foot" }, waits(fetch), deferred(fetch, this.#plan), outcome(ran)),
      details,
    );
    for (const type of ["pointerenter", "focusin"]) card.addEventListener(type, () => this.#trace(fetch.id));
    for (const type of ["pointerleave", "focusout"]) card.addEventListener(type, () => this.#trace(null));
    return card;
  }

  #trace(id) {
    for (const arrow of this.querySelectorAll(".gl-arrow")) {
      arrow.classList.toggle("gl-traced", id !== null && [arrow.dataset.from, arrow.dataset.to].includes(String(id)));
    }
  }

  #drawArrows() {
    const graph = this.querySelector(".gl-graph");
    if (!graph || !this.#plan) return;
    const layer = graph.querySelector(".gl-arrows");
    const box = (id) => {
      const card = graph.querySelector(`[data-id="${CSS.escape(String(id))}"]`);
      const head = card?.querySelector(".gl-fetch-head");
      return head && { left: card.offsetLeft, right: card.offsetLeft + card.offsetWidth, y: card.offsetTop + head.offsetTop + head.offsetHeight / 2 };
    };
    const arrows = [];
    for (const fetch of this.#plan.fetches) {
      for (const before of fetch.waitsFor ?? []) {
        const [from, to] = [box(before), box(fetch.id)];
        if (!from || !to) continue;
        const bend = Math.max(18, (to.left - from.right) / 2);
        const arrow = document.createElementNS(SVG, "path");
        arrow.setAttribute("class", "gl-arrow");
        arrow.setAttribute("marker-end", "url(#gl-arrow-head)");
        arrow.setAttribute("d", `M${from.right} ${from.y}C${from.right + bend} ${from.y} ${to.left - bend} ${to.y} ${to.left - 2} ${to.y}`);
        arrow.dataset.from = before;
        arrow.dataset.to = fetch.id;
        arrows.push(arrow);
      }
    }
    for (const old of layer.querySelectorAll(".gl-arrow")) old.remove();
    layer.append(...arrows);
  }
}

function headlineOf(plan, report) {
  if (!plan) return ["No plan yet"];
  if (!report) return [`${count(plan.requests, "request")}, depth ${plan.depth}`];
  const { requests, naiveRequests } = report;
  if (!(naiveRequests > requests)) return [count(requests, "request")];
  return [node("b", {}, String(requests)), ` ${requests === 1 ? "request" : "requests"} instead of `, node("b", {}, String(naiveRequests))];
}

function factsOf(plan, report) {
  if (!plan) return "";
  if (!report) return plan.operation;
  const facts = [plan.operation, `depth ${plan.depth}`];
  if (report.durationMs !== undefined) facts.push(duration(report.durationMs));
  return facts.join(" · ");
}

function warningsOf(plan) {
  if (!plan.warnings?.length) return [];
  const warnings = plan.warnings.map((warning) => node("li", {}, warning.message));
  return [node("ul", { class: "gl-warnings", "aria-label": "Warnings" }, ...warnings)];
}

function waits(fetch) {
  const before = fetch.waitsFor ?? [];
  return node("span", {}, before.length ? `after ${before.join(", ")}` : "starts at once");
}

function deferred(fetch, plan) {
  const parts = (plan.deferred ?? []).filter((part) => part.fetches.includes(fetch.id));
  if (!parts.length) return null;
  const labels = parts.map((part) => part.label ?? `defer ${part.id}`);
  return node("span", { title: "its answer may come later" }, `deferred: ${labels.join(", ")}`);
}

function outcome(ran) {
  if (!ran || ran.milliseconds === undefined) return null;
  const facts = [];
  if (ran.entities) facts.push(ran.unique < ran.entities ? `${count(ran.entities, "entity")}, ${ran.unique} unique` : count(ran.entities, "entity"));
  if (ran.calls > 1) facts.push(count(ran.calls, "request"));
  if (ran.failed) facts.push(ran.status ? `failed with ${ran.status}` : "failed");
  return facts.length ? node("span", { class: "gl-outcome" }, facts.join(" · ")) : null;
}

// A fetch may be sent in several requests (large batches are split): they are shown as one.
function reportsById(fetches) {
  const byId = new Map();
  for (const report of fetches) {
    const known = byId.get(report.id);
    byId.set(report.id, {
      milliseconds: Math.max(known?.milliseconds ?? 0, report.milliseconds ?? 0),
      entities: (known?.entities ?? 0) + (report.entities ?? 0),
      unique: (known?.unique ?? 0) + (report.unique ?? 0),
      failed: Boolean(known?.failed || report.failed),
      status: known?.failed ? known.status : report.status,
      calls: (known?.calls ?? 0) + 1,
    });
  }
  return byId;
}

function columnsOf(fetches) {
  const byId = new Map(fetches.map((fetch) => [fetch.id, fetch]));
  const depths = new Map();
  const depthOf = (fetch) => {
    if (depths.has(fetch.id)) return depths.get(fetch.id);
    depths.set(fetch.id, 0);
    const before = (fetch.waitsFor ?? []).map((id) => byId.get(id)).filter(Boolean);
    const depth = before.length ? 1 + Math.max(...before.map(depthOf)) : 0;
    depths.set(fetch.id, depth);
    return depth;
  };
  const columns = [];
  for (const fetch of fetches) (columns[depthOf(fetch)] ??= []).push(fetch);
  return columns;
}

// A name's own hue, or the next free one: two subgraphs of one graph differ as long as there are hues left.
function huesOf(names) {
  const hues = new Map();
  const taken = new Set();
  for (const name of [...new Set(names)].sort()) {
    let slot = [...name].reduce((hash, letter) => Math.imul(hash ^ letter.codePointAt(0), 16777619) >>> 0, 2166136261) % HUES.length;
    while (taken.has(slot) && taken.size < HUES.length) slot = (slot + 1) % HUES.length;
    taken.add(slot);
    hues.set(name, HUES[slot]);
  }
  return hues;
}

// Operations are planned as one line; a reader wants one field a line.
function indented(operation) {
  let text = "";
  let depth = 0;
  let parentheses = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const [, space, token] of operation.matchAll(/(\s*)("""[^]*?"""|"(?:\\.|[^"\\])*"|\.\.\.|\w+|\S)/g)) {
    const isSelection = parentheses === 0;
    if (token === "{" && isSelection) {
      text = text ? `${text} {` : "{";
      depth += 1;
    } else if (token === "}" && isSelection) {
      depth = Math.max(0, depth - 1);
      text += `${line()}}`;
    } else if (isSelection && depth > 0 && /^(\w|\.\.\.)/.test(token) && !/(:|@|\.\.\.|\.\.\. on)$/.test(text)) {
      text += line() + token;
    } else {
      if (token === "(") parentheses += 1;
      if (token === ")") parentheses -= 1;
      text += (space ? " " : "") + token;
    }
  }
  return text;
}

function keyOf({ query, operationName, variables, headers }) {
  return JSON.stringify([query, operationName ?? null, variables ?? {}, headers ?? {}]);
}

function count(number, noun) {
  const plural = noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${number} ${number === 1 ? noun : plural}`;
}

function duration(milliseconds) {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${milliseconds.toFixed(milliseconds < 100 ? 1 : 0)} ms`;
}

function arrowLayer() {
  const layer = document.createElementNS(SVG, "svg");
  layer.setAttribute("class", "gl-arrows");
  layer.setAttribute("aria-hidden", "true");
  layer.innerHTML =
    '<defs><marker id="gl-arrow-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 .5 7.5 4 0 7.5z" fill="context-stroke"/></marker></defs>';
  return layer;
}

function node(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter(Boolean));
  return element;
}

customElements.define("graphloom-plan", GraphloomPlan);
