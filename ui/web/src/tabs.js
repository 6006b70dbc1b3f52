// Asks the gateway with which tabs the page opens: a demo has one for each of its callers, other gateways have none.
//
// In: GET /_graphloom/tabs. Out: GraphiQL's tabs with their headers, and where they are kept.
//
// Never here: GraphiQL (Page.jsx), who the callers are (the gateway).
//
// Holds: the credentials of a demo end with it. So do its tabs: they are kept under the name of their credentials,
// and those of another demo are thrown away.

const TABS_PATH = "/_graphloom/tabs";
const KEPT = "graphloom:tabs:";

/** The tabs to open with; none if the gateway names none. */
export async function tabs() {
  try {
    const response = await fetch(TABS_PATH, { headers: { accept: "application/json" } });
    const named = response.ok ? await response.json() : [];
    if (!named.length) return null;
    const shown = named.map(({ query, headers }) => ({ query, headers: Object.keys(headers).length ? JSON.stringify(headers, null, 2) : null }));
    return { tabs: shown, storage: await storageOf(JSON.stringify(named)) };
  } catch {
    return null;
  }
}

async function storageOf(text) {
  const digest = await nameOf(text);
  const prefix = `${KEPT}${digest}:`;
  for (const key of Object.keys(localStorage)) if (key.startsWith(KEPT) && !key.startsWith(prefix)) localStorage.removeItem(key);
  const own = () => Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  return {
    getItem: (key) => localStorage.getItem(prefix + key),
    setItem: (key, value) => localStorage.setItem(prefix + key, value),
    removeItem: (key) => localStorage.removeItem(prefix + key),
    clear: () => own().forEach((key) => localStorage.removeItem(key)),
    get length() {
      return own().length;
    },
  };
}

async function nameOf(text) {
  // Pages that came over the network in the clear have no digests.
  if (!globalThis.crypto?.subtle) return String(text.length);
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...bytes.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
