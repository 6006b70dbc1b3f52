// Loads one of our supergraphs into @apollo/gateway and answers an operation there.
//
//   node answer.mjs SUPERGRAPH.graphql 'query ...'
//
// The subgraphs must be running at the addresses that the supergraph names:
// `cargo run -p subgraphs -- --port 4001` and `graphloom compose -c schemas/graphloom.yaml`.
// Out: the response as JSON; exit code 1 when it has errors.

import { readFileSync } from "node:fs";
import { ApolloGateway } from "@apollo/gateway";
import { parse } from "graphql";

const [file, source] = process.argv.slice(2);
const gateway = new ApolloGateway({ supergraphSdl: readFileSync(file, "utf8") });
const { executor } = await gateway.load();
const document = parse(source);
const operationName = document.definitions[0].name?.value;
const response = await executor({
  document,
  request: { query: source, operationName, variables: {} },
  queryHash: source,
  context: {},
  cache: undefined,
  schema: gateway.schema,
  operationName,
  operation: document.definitions[0],
  metrics: {},
  overallCachePolicy: { restrict() {}, policyIfCacheable: () => null },
});
console.log(JSON.stringify(response));
await gateway.stop();
process.exit(response.errors ? 1 : 0);
