// Starts Monaco's workers from files of our own.
//
// In: the label of the language service Monaco wants. Out: its worker.
//
// Never here: the editors themselves (GraphiQL makes them).
//
// Holds: imported before GraphiQL, which makes its first editor while it loads. GraphiQL's own set-up would do the
// same, and log a line for each worker.

import EditorWorker from "monaco-editor/esm/vs/editor/editor.worker.js?worker";
import JsonWorker from "monaco-editor/esm/vs/language/json/json.worker.js?worker";
import GraphQLWorker from "monaco-graphql/esm/graphql.worker.js?worker";

const WORKERS = { json: JsonWorker, graphql: GraphQLWorker };

globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    return new (WORKERS[label] ?? EditorWorker)();
  },
};
