//! The tour: ten things to try, each with the command to type and what to look at.
//!
//! **In:** where the gateway listens, where its files are, how this program is called.
//! **Out:** the text of the tour.
//!
//! **Never here:** doing any of it; a test types every command.
//!
//! **Holds:** every command is one line of a POSIX shell, typed in the folder where the demo was started.
//!
//! **Read first:** [`text`].

use std::net::SocketAddr;

use subgraphs::Service;

use super::callers::LETTERS;
use super::files::DemoFiles;
use crate::config::Tab;

/// The operation that needs all four subgraphs.
pub(super) const TOP_PRODUCTS: &str = "query TopProducts { topProducts(first: 3) \
     { name inStock reviews(first: 2) { rating author { name } } } }";

/// The operation that joins the REST API with users and products.
const ORDERS: &str = "query Orders { me { name orders(first: 3) \
     { placedOn total shipment { carrier days } items { quantity product { name } } } } }";

/// What the tour speaks of.
pub(super) struct Places<'a> {
    pub(super) address: SocketAddr,
    pub(super) files: &'a DemoFiles,
    /// How to call this program from the shell.
    pub(super) program: &'a str,
    /// Who asks what on the query page.
    pub(super) tabs: &'a [Tab],
}

/// One stop of the tour.
struct Stop {
    title: &'static str,
    steps: Vec<Step>,
}

/// A command, and what to look at after it.
type Step = (String, &'static str);

/// The whole tour, numbered.
pub(super) fn text(places: &Places<'_>) -> String {
    let shell = Shell { url: format!("http://{}", places.address), places };
    let mut text = String::from("Ten things to try:\n");
    for (i, stop) in shell.stops().iter().enumerate() {
        text.push_str(&format!("\n{}. {}\n", i + 1, stop.title));
        for (command, see) in &stop.steps {
            text.push_str(&format!("     $ {command}\n"));
            if !see.is_empty() {
                text.push_str(&format!("       {see}\n"));
            }
        }
    }
    text
}

/// Writes commands.
struct Shell<'a> {
    url: String,
    places: &'a Places<'a>,
}

impl Shell<'_> {
    fn stops(&self) -> [Stop; 10] {
        let stop = |title, steps| Stop { title, steps };
        [
            stop("One query over all four subgraphs", self.one_query()),
            stop("Fifty products instead of three", self.fifty_products()),
            stop("The query page, with the plan beside the answer", self.query_page()),
            stop("The REST door, through the same gateway", self.rest_door()),
            stop("Kill a subgraph", self.kill()),
            stop("Break a schema", self.break_schema()),
            stop("A slow subgraph, and who waits for it", self.slow()),
            stop("A plan that must not change", self.plan_fixture()),
            stop("The same question from three callers", self.callers()),
            stop("A REST API as part of the graph", self.rest_source()),
        ]
    }

    fn one_query(&self) -> Vec<Step> {
        vec![(
            self.ask(TOP_PRODUCTS),
            "The line it leaves here shows who was asked, and who side by side.",
        )]
    }

    fn fifty_products(&self) -> Vec<Step> {
        let many =
            TOP_PRODUCTS.replace("first: 3", "first: 50").replace("TopProducts", "FiftyProducts");
        vec![(self.ask(&many), "Still four requests: a longer list never means more.")]
    }

    fn query_page(&self) -> Vec<Step> {
        vec![(
            format!("curl -s {}/", self.url),
            "Better: open that address in a browser, run a query, and look at its plan.",
        )]
    }

    fn rest_source(&self) -> Vec<Step> {
        vec![(
            self.ask(ORDERS),
            "Two requests to the REST API, whatever the number of orders: schemas/orders.graphql says which.",
        )]
    }

    fn rest_door(&self) -> Vec<Step> {
        vec![(
            format!("curl -si {}/orders/o1", self.url),
            "The same request id, the same log line, the same metrics as /graphql.",
        )]
    }

    fn kill(&self) -> Vec<Step> {
        vec![
            (self.control("reviews/stop"), ""),
            (self.ask(TOP_PRODUCTS), "`reviews` is null with an error; the rest is there."),
            (self.control("reviews/start"), "It is back, and nothing was restarted but itself:"),
            (self.ask(TOP_PRODUCTS), ""),
        ]
    }

    fn break_schema(&self) -> Vec<Step> {
        let schema = self.places.files.schema(Service::Inventory);
        let schema = schema.display();
        vec![
            (
                format!("sed -i.bak 's/inStock: Boolean/inStock: Bolean/' {schema}"),
                "The log and the query page say file, line and why. The old graph stays:",
            ),
            (self.ask(TOP_PRODUCTS), ""),
            (format!("curl -s {}/ready", self.url), "Ready, on the old graph, with the problem."),
            (format!("mv {schema}.bak {schema}"), "Mended."),
        ]
    }

    fn slow(&self) -> Vec<Step> {
        let with_headers = self.ask_all(TOP_PRODUCTS);
        vec![
            (self.control("reviews/slow/300ms"), ""),
            (with_headers, "`Server-Timing` names each request and its time."),
            (self.control("reviews/slow/0ms"), ""),
        ]
    }

    fn plan_fixture(&self) -> Vec<Step> {
        let Places { program, files, .. } = self.places;
        let page = files.fixture.display();
        vec![
            (format!("{program} test --update {page}"), "Writes the plan into the page. Read it."),
            (
                format!("{program} test {page}"),
                "Holds until a schema or the planner changes the plan.",
            ),
        ]
    }

    fn callers(&self) -> Vec<Step> {
        let asked = |(tab, see): (&Tab, &'static str)| {
            let headers = tab.headers.iter().map(|(name, value)| format!(" -H '{name}: {value}'"));
            (self.ask_all(LETTERS) + &headers.collect::<String>(), see)
        };
        let sees = [
            "Nobody known sees no address: it is not even asked for. `ratelimit` says what is left to spend.",
            "A reader may write to people, and sees that there is an address.",
            "An administrator sees it, and has more to spend. The query page has a tab for each of them.",
        ];
        let mut steps: Vec<Step> = self.places.tabs.iter().zip(sees).map(asked).collect();
        let Places { program, files, .. } = self.places;
        let configuration = files.configuration.display();
        steps.push((
            format!("{program} explain -c {configuration} '{LETTERS}'"),
            "Why, and what would be sent to whom, without asking anybody.",
        ));
        steps
    }

    fn ask(&self, operation: &str) -> String {
        format!(
            "curl -s {}/graphql -H 'content-type: application/json' -d '{{\"query\":\"{operation}\"}}'",
            self.url
        )
    }

    /// The same, with the headers of the answer.
    fn ask_all(&self, operation: &str) -> String {
        self.ask(operation).replacen("curl -s ", "curl -si ", 1)
    }

    fn control(&self, action: &str) -> String {
        format!("curl -s -X POST {}/demo/{action}", self.url)
    }
}
