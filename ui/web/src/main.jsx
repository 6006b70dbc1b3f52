// Puts the page together: workers first, then the styles, then GraphiQL between our two elements.
//
// Never here: what the parts do (Page.jsx, elements/).

import "./workers.js";
// Not `graphiql/style.css`: it would carry Monaco's styles and its font a second time.
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./elements/elements.css";
import "./page.css";
import "./elements/header.js";
import "./elements/terms.js";
import "./elements/calls.js";
import "./elements/plan.js";
import { createRoot } from "react-dom/client";
import { Page } from "./Page.jsx";
import { tabs } from "./tabs.js";

tabs().then((first) => createRoot(document.getElementById("page")).render(<Page first={first} />));
