//! What is said when everything runs: the address, the keys, and two calls to try.

#[cfg(test)]
mod tests;

use super::first_keys::{FirstKeys, PROJECT};
use crate::args::UpArgs;
use crate::ports::{Ports, local_address, reachable};

/// The run that the two calls send and read back; sending it again is a duplicate.
const EXAMPLE_RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";

/// What people need to know to use the installation.
#[derive(Debug)]
pub(super) struct Banner {
    public_url: String,
    local_url: String,
    grpc_url: String,
    keys: FirstKeys,
    setup_token: Option<String>,
    is_open: bool,
    has_demo: bool,
}

impl Banner {
    /// Puts it together.
    pub(super) fn new(
        args: &UpArgs,
        ports: Ports,
        keys: FirstKeys,
        setup_token: Option<String>,
    ) -> Self {
        let scheme = if args.front.tls_cert.is_some() {
            "https"
        } else {
            "http"
        };
        let reached = format!("{scheme}://{}", reachable(args.front.listen, ports.nginx));
        let public_url = args.front.public_url.as_deref().unwrap_or(&reached);
        Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            local_url: format!("http://{}", local_address(args, ports)),
            grpc_url: format!("{scheme}://{}", reachable(args.front.listen, ports.grpc)),
            keys,
            setup_token,
            is_open: !args.front.listen.is_loopback() && args.front.tls_cert.is_none(),
            has_demo: args.demo,
        }
    }

    /// The URL under which people reach the installation.
    pub(super) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Where this machine itself reaches the installation.
    pub(super) fn local_url(&self) -> &str {
        &self.local_url
    }

    /// The key that may only send.
    pub(super) fn ingest_key(&self) -> &str {
        &self.keys.ingest
    }

    /// The file from which scripts take address and key.
    pub(super) fn env_file(&self) -> String {
        let Self {
            local_url, keys, ..
        } = self;
        format!(
            "RUNWATCH_URL={local_url}\nRUNWATCH_API_KEY={}\n",
            keys.all_scopes
        )
    }

    /// The whole text.
    pub(super) fn text(&self) -> String {
        let Self {
            public_url,
            local_url,
            grpc_url,
            keys: FirstKeys { ingest, all_scopes },
            setup_token,
            is_open,
            has_demo,
        } = self;
        let warning = if *is_open {
            "This address is plain HTTP for all who reach it, so nobody can sign in there: name a \
             certificate (--tls-cert), or put a TLS proxy before it.\n"
        } else {
            ""
        };
        let demo = if *has_demo {
            "\nSix made-up agents send to this project; their runs have the tag \"demo\".\n"
        } else {
            ""
        };
        let setup = setup_token.as_deref().map_or_else(String::new, |token| {
            format!("Make the first account, once, within a day: {public_url}/setup#{token}\n")
        });
        format!(
            r#"
Runwatch is running at {public_url}
{warning}{setup}
OpenTelemetry: OTEL_EXPORTER_OTLP_ENDPOINT={local_url} for HTTP, {grpc_url} for gRPC
Keys of the project "{PROJECT}":
  for agents, may only send:  {ingest}
  for scripts, all scopes:    {all_scopes}
{demo}
Send a run:
  curl -sS {local_url}/v1/runs -H 'X-API-Key: {ingest}' -H 'Content-Type: application/json' -d '{{"run_id":"{EXAMPLE_RUN}","agent_id":"support-bot","status":"succeeded","input":{{"question":"Where is my order?"}},"output":{{"answer":"On its way."}},"steps":[{{"name":"answer","kind":"llm","model":"gpt-4o","usage":{{"input_tokens":812,"output_tokens":96}}}}]}}'
Read it back:
  curl -sS {local_url}/v1/runs/{EXAMPLE_RUN} -H 'X-API-Key: {all_scopes}'

Ctrl-C stops everything."#
        )
    }
}
