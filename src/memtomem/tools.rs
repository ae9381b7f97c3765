//! The MCP tools. Each database call runs on a thread for blocking work, so that the protocol goes
//! on meanwhile.

use std::sync::Arc;

use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{Implementation, ServerCapabilities, ServerConfig};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

use super::store::{Store, StoreError};

/// The handler of a connection.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    store: Arc<Store>,
}

/// Arguments of `mem_add`.
#[derive(Debug, Deserialize, JsonSchema)]
struct AddArguments {
    /// What to remember.
    content: String,
    /// Words to find it by.
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// Arguments of `mem_search`.
#[derive(Debug, Deserialize, JsonSchema)]
struct SearchArguments {
    /// Words that all have to occur.
    query: String,
    /// How many memories to return at most; 10 if left out, 100 at most.
    #[serde(default)]
    limit: Option<u32>,
}

impl Tools {
    pub(super) fn new(store: &Arc<Store>) -> Self {
        Self {
            store: Arc::clone(store),
        }
    }

    /// Runs a call of the store; an error becomes a tool result that says so.
    async fn call(
        &self,
        work: impl FnOnce(&Store) -> Result<String, StoreError> + Send + 'static,
    ) -> Result<String, String> {
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(error) => Err(format!("the call was given up: {error}")),
        }
    }
}

#[tool_router]
impl Tools {
    /// Remember something.
    #[tool(name = "mem_add")]
    async fn add(
        &self,
        Parameters(AddArguments { content, tags }): Parameters<AddArguments>,
    ) -> Result<String, String> {
        self.call(move |store| {
            let id = store.add(&content, &tags.unwrap_or_default())?;
            Ok(format!("remembered as {id}"))
        })
        .await
    }

    /// Find memories by the words in them.
    #[tool(name = "mem_search", annotations(read_only_hint = true))]
    async fn search(
        &self,
        Parameters(SearchArguments { query, limit }): Parameters<SearchArguments>,
    ) -> Result<String, String> {
        self.call(move |store| {
            let found = store.search(&query, limit.unwrap_or(10).min(100))?;
            if found.is_empty() {
                return Ok("nothing found".to_owned());
            }
            let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
            Ok(lines.join("\n"))
        })
        .await
    }

    /// Tell where the memories are kept and how many there are.
    #[tool(name = "mem_status", annotations(read_only_hint = true))]
    async fn status(&self) -> Result<String, String> {
        self.call(|store| {
            let place = store.path().display();
            Ok(match store.count()? {
                Some(count) => format!("{count} memories in {place}"),
                None => format!("no memories yet; {place} is made when the first is added"),
            })
        })
        .await
    }
}

#[tool_handler]
impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("memtomem", env!("CARGO_PKG_VERSION")))
    }
}
