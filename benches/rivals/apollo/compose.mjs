// Composes the graphs of folders with @apollo/composition, and prints what it took.
//
//   node compose.mjs FOLDER...      FOLDER/subgraphs.json: [{ name, url, file }]
//
// Out: a line a folder: name, milliseconds of the best of three runs, peak memory in MiB, verdict.
// `benches/compose` runs it beside ours.

import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { composeServices } from "@apollo/composition";
import { parse } from "graphql";

const RUNS = 3;

for (const folder of process.argv.slice(2)) {
  const rows = JSON.parse(readFileSync(join(folder, "subgraphs.json"), "utf8"));
  const sources = rows.map(({ name, url, file }) => ({
    name,
    url,
    text: readFileSync(join(folder, file), "utf8"),
  }));
  let best = Infinity;
  let verdict = "";
  for (let run = 0; run < RUNS; run += 1) {
    const start = performance.now();
    const services = sources.map(({ name, url, text }) => ({ name, url, typeDefs: parse(text) }));
    const result = composeServices(services);
    best = Math.min(best, performance.now() - start);
    verdict = result.errors ? `${result.errors.length} errors` : "composed";
  }
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(`${basename(folder)}\t${best.toFixed(1)}\t${peak}\t${verdict}`);
}
