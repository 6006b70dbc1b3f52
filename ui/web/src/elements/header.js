// <graphloom-header>: the name, the graph in force, and a banner while the schema in the files has a problem.
//
// In: GET /_graphloom/status, again and again. Out: the event `graph` ({ graph, isChange }) when a graph is first seen
// and when another takes its place.
//
// Never here: what the page does about a new graph (it listens), plans (plan.js).
//
// Holds: no framework and no import, because the small page takes this file as it stands. Text from outside becomes
// text nodes only. A hidden tab asks nothing.
//
// Read first: `GraphloomHeader`.

const STATUS_PATH = "/_graphloom/status";
const EVERY_MS = 1500;

class GraphloomHeader extends HTMLElement {
  #graph = null;
  #shown = "";
  #timer = 0;
  #parts = null;

  connectedCallback() {
    if (!this.#parts) this.#build();
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#poll();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    clearTimeout(this.#timer);
  }

  #onVisibility = () => {
    clearTimeout(this.#timer);
    if (!document.hidden) this.#poll();
  };

  async #poll() {
    clearTimeout(this.#timer);
    try {
      const response = await fetch(STATUS_PATH, { headers: { accept: "application/json" }, cache: "no-store" });
      if (!response.ok) throw new Error(`status ${response.status}`);
      this.#show(await response.json());
    } catch {
      this.#lost();
    }
    clearTimeout(this.#timer);
    if (this.isConnected && !document.hidden) this.#timer = setTimeout(() => this.#poll(), EVERY_MS);
  }

  #show({ graph, problem }) {
    const { state, summary, names, banner } = this.#parts;
    state.className = problem ? "gl-state gl-state-problem" : "gl-state";
    if (graph) {
      summary.textContent = `${graph.subgraphs.length} ${graph.subgraphs.length === 1 ? "subgraph" : "subgraphs"}`;
      names.replaceChildren(...graph.subgraphs.map((name) => node("li", {}, name)), loaded(graph));
      const isChange = this.#graph !== null && this.#graph !== graph.id;
      if (this.#graph !== graph.id) {
        this.#graph = graph.id;
        this.dispatchEvent(new CustomEvent("graph", { detail: { graph, isChange } }));
      }
    } else {
      summary.textContent = "no graph yet";
    }
    // A banner that is rebuilt at each poll would be read aloud at each poll.
    const shown = JSON.stringify(problem ?? null);
    if (shown === this.#shown) return;
    this.#shown = shown;
    banner.className = "gl-banner";
    banner.replaceChildren(...(problem ? bannerOf(problem, graph) : []));
  }

  #lost() {
    const { state, summary, banner } = this.#parts;
    state.className = "gl-state gl-state-lost";
    summary.textContent = "not connected";
    if (this.#shown === "lost") return;
    this.#shown = "lost";
    banner.className = "gl-banner gl-banner-lost";
    banner.replaceChildren(node("p", { class: "gl-banner-title" }, "The gateway does not answer. Trying again."));
  }

  #build() {
    const mark = node("span", { class: "gl-mark", "aria-hidden": "true" });
    mark.innerHTML =
      '<svg viewBox="0 0 32 32" width="26" height="26"><rect width="32" height="32" rx="7"/><g fill="none" stroke-width="2.6" stroke-linecap="round"><path d="M10 6v12.5M10 23.5v2.5M16 6v2.5M16 14v12M22 6v12.5M22 23.5v2.5"/><path class="gl-weft" d="M6 11.3h1M13 11.3h6M25 11.3h1M6 20.7h7M19 20.7h7"/></g></svg>';
    const summary = node("span", {}, "connecting");
    const names = node("ul", { class: "gl-names" });
    const state = node("details", { class: "gl-state" }, node("summary", {}, summary), names);
    const banner = node("section", { class: "gl-banner", role: "alert", "aria-label": "Problems of the schema" });
    const path = document.querySelector('meta[name="graphloom-graphql-path"]')?.content ?? "";
    this.append(
      node("header", { class: "gl-bar-top" }, mark, node("h1", {}, "Graphloom"), node("code", { class: "gl-endpoint" }, path), state),
      banner,
    );
    this.#parts = { state, summary, names, banner };
    document.addEventListener("click", (event) => state.contains(event.target) || state.removeAttribute("open"));
    state.addEventListener("keydown", (event) => event.key === "Escape" && state.removeAttribute("open"));
  }
}

function loaded(graph) {
  const at = new Date(graph.loadedAt);
  const time = Number.isNaN(at.getTime()) ? "" : `, loaded ${at.toLocaleTimeString()}`;
  return node("li", { class: "gl-graph-id" }, `graph ${graph.id}${time}`);
}

function bannerOf(problem, graph) {
  const kept = graph ? "The last good graph stays in force." : "There is no graph in force.";
  const errors = problem.errors ?? [];
  return [
    node("p", { class: "gl-banner-title" }, node("strong", {}, problem.summary || "The schema does not compose."), ` ${kept}`),
    node("ul", {}, ...errors.map(errorOf)),
  ];
}

function errorOf({ code, message, file, line, column, sourceLine, fix }) {
  const place = file && [file, line, column].filter((part) => part !== undefined && part !== null).join(":");
  return node(
    "li",
    {},
    node("p", {}, place && node("code", { class: "gl-place" }, place), code && node("span", { class: "gl-code" }, code), sentence(message)),
    sourceLine && sourceOf(sourceLine, line, column),
    fix && node("p", { class: "gl-fix" }, node("b", {}, "Fix:"), sentence(fix)),
  );
}

// Names stand in backticks in what the gateway says.
function sentence(text = "") {
  return node("span", {}, ...text.split("`").map((part, index) => (index % 2 ? node("code", {}, part) : part)));
}

function sourceOf(sourceLine, line, column) {
  const gutter = `${line ?? ""} | `;
  // Tabs are kept, so that the caret stands below the column whatever a tab's width is.
  const lead = sourceLine.slice(0, Math.max(0, (column ?? 1) - 1)).replace(/[^\t]/g, " ");
  const caret = column ? `\n${gutter.replace(/[^|]/g, " ")}${lead}^` : "";
  return node("pre", {}, `${gutter}${sourceLine}${caret}`);
}

function node(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter(Boolean));
  return element;
}

customElements.define("graphloom-header", GraphloomHeader);
