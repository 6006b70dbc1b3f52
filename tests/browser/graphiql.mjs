// Drives the query page in a real browser, the way a person would: write, run, read.
//
//   node graphiql.mjs BASE_URL [--screenshot FILE] [--query TEXT] [--subgraphs a,b] [--call CONNECTOR]
//        [--banner FILE:LINE] [--callers] [--dark]
//
// In: a gateway that serves the page. Out: exit code 0 when the page did its part; else 1 and one line that says what
// was missing. With --call the panel must show a call of this connector. With --banner it runs nothing, and waits for
// the banner that names the place of a schema problem. With --callers it looks at what each caller of a demo is told
// before and after the same query.
//
// Never here: starting the gateway (the test that calls this script does).
//
// Holds: it works for GraphiQL and for the small page. It waits for what must appear and for nothing else. A request
// to any other host, a file that is not found and an exception in the page are failures.
//
// Read first: `main`.

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const WAIT_MS = 20_000;
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const BROWSER_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const QUERY = `query Browser {
  topProducts {
    name
    inStock
    reviews {
      body
      author {
        name
      }
    }
  }
  orders(first: 2) {
    id
    status
  }
}`;

class Missing extends Error {}

async function main() {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      screenshot: { type: "string" },
      query: { type: "string", default: QUERY },
      subgraphs: { type: "string", default: "" },
      banner: { type: "string" },
      call: { type: "string" },
      callers: { type: "boolean", default: false },
      dark: { type: "boolean", default: false },
    },
  });
  const [base] = positionals;
  if (!base) throw new Missing("name the gateway's address: node graphiql.mjs http://127.0.0.1:4000");
  const executablePath = process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path));
  if (!executablePath) throw new Missing(`there is no browser at ${BROWSERS.join(", ")}; install chromium or set CHROMIUM`);

  const browser = await chromium.launch({ executablePath, args: BROWSER_ARGS });
  try {
    const page = await browser.newPage({
      viewport: { width: 1440, height: 900 },
      colorScheme: options.dark ? "dark" : "light",
    });
    page.setDefaultTimeout(WAIT_MS);
    const faults = watch(page, base);
    await page.goto(base).catch((error) => {
      throw new Missing(`the page at ${base} cannot be opened (${error.message.split("\n")[0]})`);
    });
    try {
      if (options.banner) await expectBanner(page, options.banner);
      else if (options.callers) await expectCallers(page);
      else await expectPlan(page, options.query, options.subgraphs.split(",").filter(Boolean), options.call);
    } finally {
      if (options.screenshot) await page.screenshot({ path: options.screenshot });
    }
    if (faults.length) throw new Missing(`the page is not quiet: ${faults.join("; ")}`);
  } finally {
    await browser.close();
  }
}

/** Collects what must not happen on any page of ours. */
function watch(page, base) {
  const faults = [];
  const origin = new URL(base).origin;
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && url.origin !== origin) faults.push(`it asks another host for ${url}`);
  });
  page.on("pageerror", (error) => faults.push(`it throws ${error.message}`));
  page.on("response", (response) => {
    if (response.status() === 404) faults.push(`${new URL(response.url()).pathname} is not found`);
  });
  return faults;
}

async function expectPlan(page, query, subgraphs, connector) {
  const plan = page.locator("graphloom-plan");
  const isSmall = await enter(page, query);
  // The tab had an operation before. Until the plan is of this one, the editor has not read it, and a run would ask for
  // the other by name.
  for (const name of subgraphs.length ? subgraphs : [""]) {
    await needs(`the plan of what is typed, with \`${name}\``, () => plan.locator(".gl-fetch").filter({ hasText: name }).first().waitFor());
  }

  const answered = page.waitForResponse((response) => response.request().headers()["graphloom-explain"] === "1");
  // Whatever fails first is reported; this wait then ends with the browser.
  answered.catch(() => {});
  await page.getByRole("button", { name: isSmall ? "Run" : /^Execute query/ }).click();
  const response = await needs("a request with `graphloom-explain: 1`", () => answered);
  const result = await response.json();
  const report = result.extensions?.graphloom;
  if (!result.data) throw new Missing(`the gateway answered without data: ${JSON.stringify(result).slice(0, 400)}`);
  if (!report) throw new Missing("the response has no `extensions.graphloom`");

  const pane = page.locator(isSmall ? "#response" : ".graphiql-response .view-lines");
  await needs("data in the response pane", () => pane.filter({ hasText: /"data"/ }).waitFor());
  await needs("the headline `requests instead of`", () => plan.locator(".gl-headline").filter({ hasText: /requests? instead of \d+/ }).waitFor());
  const shown = await plan.locator(".gl-fetch strong").allTextContents();
  for (const name of new Set([...subgraphs, ...report.plan.fetches.map((fetch) => fetch.subgraph)])) {
    if (!shown.includes(name)) throw new Missing(`the plan panel shows ${shown.join(", ") || "no subgraph"}, and not \`${name}\``);
  }
  if (connector) {
    const call = plan.locator(".gl-call").filter({ hasText: connector });
    await needs(`a call of \`${connector}\` with its request and status`, () => call.filter({ hasText: /200 · .*GET http:/ }).first().waitFor());
  }
}

/** Opens the page as each caller of the demo: the same query, other terms, another answer. */
async function expectCallers(page) {
  const terms = page.locator("graphloom-terms");
  const small = page.locator("#query");
  const monaco = page.locator(".graphiql-query-editor .monaco-editor .view-lines");
  await needs("an editor", () => small.or(monaco).first().waitFor());
  const isSmall = (await small.count()) > 0;
  const answer = page.locator(isSmall ? "#response" : ".graphiql-response .view-lines");
  for (const [name, caller, told, shown] of [
    ["Anonymous", "anonymous", "the caller lacks the scope people", /"email":\s*null|UNAUTHENTICATED/],
    ["Reader", "keys:reader", "User.email", /\*{4}@example\.com/],
    ["Admin", "keys:admin", null, /[a-z]@example\.com/],
  ]) {
    if (isSmall) await page.locator("#caller").selectOption(name);
    else await page.getByRole("tab", { name }).click();
    await needs(`\`${caller}\` among the terms`, () => terms.locator(".gl-caller").filter({ hasText: caller }).waitFor());
    await needs("the cost", () => terms.locator(".gl-cost").filter({ hasText: /costs \d+/ }).waitFor());
    for (const list of await terms.locator("details:not([open]) > summary").all()) await list.click();
    const text = (await terms.innerText()).replace(/\s+/g, " ");
    if (told && !text.includes(told)) throw new Missing(`the terms of ${name} do not say \`${told}\`, but: ${text}`);
    if (!told && (await terms.locator(".gl-denied, .gl-masked").count())) throw new Missing(`something is kept from ${name}: ${text}`);
    if (/glk_/.test(await terms.innerText())) throw new Missing("the terms show a key");

    const budget = terms.locator(".gl-budget meter").first();
    const before = Number(await needs("what is left of a budget", () => budget.getAttribute("value")));
    await page.getByRole("button", { name: isSmall ? "Run" : /^Execute query/ }).click();
    await needs(`an answer for ${name}`, () => answer.filter({ hasText: shown }).waitFor());
    await needs(`a budget of ${name} with less in it`, () =>
      page.waitForFunction((was) => Number(document.querySelector(".gl-budget meter")?.value) < was, before),
    );
  }
}

/** Puts the operation into whichever editor the page has; true when it is the small page's. */
async function enter(page, query) {
  const small = page.locator("#query");
  const monaco = page.locator(".graphiql-query-editor .monaco-editor .view-lines");
  await needs("an editor", () => small.or(monaco).first().waitFor());
  if (await small.count()) {
    await small.fill(query);
    return true;
  }
  await monaco.click();
  await page.keyboard.press("ControlOrMeta+A");
  // Pasted: Monaco indents each line and closes each brace that is typed.
  await page.evaluate((text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, query);
  return false;
}

async function expectBanner(page, place) {
  const banner = page.locator("graphloom-header .gl-banner");
  await needs(`the banner with \`${place}\``, () => banner.filter({ hasText: place }).waitFor());
}

async function needs(what, wait) {
  try {
    return await wait();
  } catch (error) {
    throw new Missing(`${what} did not appear within ${WAIT_MS / 1000} s (${error.message.split("\n")[0]})`);
  }
}

main().catch((error) => {
  console.error(`query page: ${error instanceof Missing ? error.message : error.stack}`);
  process.exitCode = 1;
});
