//! The reference implementation of the pidfile contract: an MCP server on stdio that remembers
//! what it is told, and `mm`, which looks at its state and removes it.
//!
//! | module | holds |
//! |---|---|
//! | [`server_main`] | the start, in the order the lock protocol asks for |
//! | `lifecycle` | what is held while it runs, promotion, and the one way out |
//! | `hold_keeper`, `store`, `tools` | the legacy hold, the database behind it, the MCP tools |
//! | [`mm_main`] | the command line |
//! | `survey`, `database_lock` | looking wherever a server of this user may hold something |
//! | `status`, `inventory`, `uninstall`, `guards`, `removal` | the two subcommands |

mod cli;
mod console;
mod database_lock;
mod guards;
mod hold_keeper;
mod inventory;
mod lifecycle;
mod paths;
mod removal;
mod server;
mod status;
mod store;
mod survey;
mod tools;
mod uninstall;

pub use cli::mm_main;
pub use server::server_main;
