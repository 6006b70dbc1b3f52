// The query page: GraphiQL between the header with the state of the graph and the panel with the plan.
//
// In: what is typed. Out: GraphiQL's editors, and their operation to the plan panel.
//
// Never here: requests (request.js), which tabs there are at first (tabs.js), how a plan is drawn (elements/plan.js), problems of the graph (elements/header.js).
//
// Holds: the panel is told of every change of the operation, also of those GraphiQL makes itself (tabs, history,
// leaves filled in), because it listens to the editors and not to GraphiQL's events.
//
// Read first: `Page`.

import { DOC_EXPLORER_PLUGIN, DocExplorerStore } from "@graphiql/plugin-doc-explorer";
import { HISTORY_PLUGIN, HistoryStore } from "@graphiql/plugin-history";
import { GraphiQLProvider, pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { GraphiQL, GraphiQLInterface } from "graphiql";
import { parse } from "graphql";
import { parse as parseJson } from "jsonc-parser";
import { useEffect, useRef, useState } from "react";
import { fetcher } from "./request.js";

const PLUGINS = [DOC_EXPLORER_PLUGIN, HISTORY_PLUGIN];
const DEFAULT_QUERY = `# Write an operation; its plan appears below while you type.
# Ctrl+Enter runs it. Ctrl+Space completes names from the schema.

query Hello {
  __typename
}
`;

/** `first`: the tabs to open with, and where to keep them; none for GraphiQL's own. */
export function Page({ first }) {
  const plan = useRef(null);
  const [send] = useState(() => fetcher((request, report) => plan.current?.explain(request, report)));
  const [linked] = useState(() => new URLSearchParams(location.search));
  const own = first && !linked.has("query") ? { defaultTabs: first.tabs, storage: first.storage, shouldPersistHeaders: true } : {};

  return (
    <GraphiQLProvider
      fetcher={send}
      plugins={PLUGINS}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      defaultQuery={DEFAULT_QUERY}
      initialQuery={linked.get("query") ?? undefined}
      initialVariables={linked.get("variables") ?? undefined}
      {...own}
    >
      <HistoryStore>
        <DocExplorerStore>
          <Header plan={plan} />
          <main className="gl-editors">
            <GraphiQLInterface>
              <GraphiQL.Logo>{null}</GraphiQL.Logo>
            </GraphiQLInterface>
          </main>
          <graphloom-plan ref={plan} />
          <PlanOfEditor plan={plan} />
        </DocExplorerStore>
      </HistoryStore>
    </GraphiQLProvider>
  );
}

function Header({ plan }) {
  const header = useRef(null);
  const { introspect } = useGraphiQLActions();

  useEffect(() => {
    const element = header.current;
    const onGraph = ({ detail }) => {
      plan.current.subgraphs = detail.graph.subgraphs;
      if (detail.isChange) {
        introspect();
        plan.current.refresh();
      }
    };
    element.addEventListener("graph", onGraph);
    return () => element.removeEventListener("graph", onGraph);
  }, [introspect, plan]);

  return <graphloom-header ref={header} />;
}

function PlanOfEditor({ plan }) {
  const { queryEditor, variableEditor, headerEditor, operationName } = useGraphiQL(
    pick("queryEditor", "variableEditor", "headerEditor", "operationName"),
  );

  useEffect(() => {
    if (!queryEditor) return undefined;
    const update = () => previewOf(plan.current, queryEditor, variableEditor, headerEditor, operationName);
    const listeners = [queryEditor, variableEditor, headerEditor].filter(Boolean).map((editor) => editor.onDidChangeModelContent(update));
    update();
    return () => listeners.forEach((listener) => listener.dispose());
  }, [plan, queryEditor, variableEditor, headerEditor, operationName]);

  return null;
}

function previewOf(plan, queryEditor, variableEditor, headerEditor, operationName) {
  const query = queryEditor.getValue();
  let document;
  try {
    document = parse(query, { noLocation: true });
  } catch (error) {
    plan.wait(query.trim() && error.message);
    return;
  }
  const operations = document.definitions.filter((definition) => definition.kind === "OperationDefinition");
  // The store learns the name a moment after the editor changes; a name that is gone would be refused.
  const isDefined = operations.some((operation) => operation.name?.value === operationName);
  try {
    plan.preview({
      query,
      operationName: isDefined ? operationName : operations[0]?.name?.value,
      variables: json(variableEditor),
      headers: json(headerEditor),
    });
  } catch {
    plan.wait("the variables or the headers are not JSON yet");
  }
}

function json(editor) {
  const mistakes = [];
  const value = parseJson(editor?.getValue() ?? "", mistakes, { allowTrailingComma: true, allowEmptyContent: true });
  if (mistakes.length) throw new SyntaxError("not JSON");
  return value;
}
