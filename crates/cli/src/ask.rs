//! Which server the verbs ask that look at a running one.

use anyhow::Context as _;
use blackstart_server::client;

#[derive(clap::Args)]
pub(crate) struct Server {
    /// The console of the server.
    #[arg(long, env = "BLACKSTART_SERVER", default_value = "http://127.0.0.1:8480", value_parser = address)]
    server: String,
    /// `name:password`, where the console demands it.
    #[arg(long, env = "BLACKSTART_LOGIN", hide_env_values = true)]
    login: Option<String>,
}

fn address(text: &str) -> Result<String, &'static str> {
    let is_one = text.starts_with("http://") || text.starts_with("https://");
    is_one.then(|| text.to_owned()).ok_or("an address such as http://127.0.0.1:8480")
}

impl Server {
    /// The answer to a request, as JSON; a body makes it a POST.
    pub(crate) fn ask(
        &self,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> anyhow::Result<serde_json::Value> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let body = body.map(ToString::to_string);
        let asking = client::ask(&self.server, self.login.as_deref(), path, body);
        let text = runtime.block_on(asking)?;
        if text.is_empty() {
            return Ok(serde_json::Value::Null);
        }
        serde_json::from_str(&text)
            .with_context(|| format!("{} did not answer in JSON", self.server))
    }
}
