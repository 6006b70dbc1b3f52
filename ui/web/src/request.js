// Sends a request to the gateway and tells the page what the gateway says about it.
//
// In: a request from GraphiQL. Out: its response for the response pane, and the report for the plan panel.
//
// Never here: the preview of a plan (elements/plan.js asks for it), the state of the graph (elements/header.js).
//
// Holds: the report is taken out of the response before it is shown, because the panel shows it and the response
// pane is for what a client would see.

const GRAPHQL_PATH = document.querySelector('meta[name="graphloom-graphql-path"]').content;
const INTROSPECTION = "IntrospectionQuery";

/** Makes GraphiQL's fetcher; `onReport` gets each request that ran, with its report. */
export function fetcher(onReport) {
  return async (request, { headers } = {}) => {
    const isIntrospection = request.operationName === INTROSPECTION;
    const response = await post(request, isIntrospection ? headers : { ...headers, "graphloom-explain": "1" });
    const report = takeReport(response);
    if (report && !isIntrospection) onReport({ ...request, headers }, report);
    return response;
  };
}

async function post({ query, operationName, variables }, headers) {
  const response = await fetch(GRAPHQL_PATH, {
    method: "POST",
    headers: {
      accept: "application/graphql-response+json, application/json;q=0.9",
      "content-type": "application/json",
      ...headers,
    },
    body: JSON.stringify({ query, operationName: operationName ?? undefined, variables }),
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { errors: [{ message: `${GRAPHQL_PATH} answered ${response.status}, and not with JSON: ${text.slice(0, 400)}` }] };
  }
}

function takeReport(response) {
  const report = response?.extensions?.graphloom;
  if (!report) return undefined;
  delete response.extensions.graphloom;
  if (Object.keys(response.extensions).length === 0) delete response.extensions;
  return report;
}
