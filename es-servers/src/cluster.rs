use std::path::Path;

use crate::nats::{Ports, TRIES};
use crate::{Error, Nats};

/// A JetStream cluster of NATS servers on the loopback address, which know each other by routes.
///
/// They are called `es-1`, `es-2` and so on; a stream's leader is told by that name.
#[derive(Debug)]
pub struct NatsCluster {
    nodes: Vec<Nats>,
}

impl NatsCluster {
    /// Starts three servers.
    ///
    /// # Errors
    ///
    /// As [`Nats::start`].
    pub fn start() -> Result<Self, Error> {
        Self::start_with("", "", None)
    }

    /// Starts three servers, each configured as [`Nats::start_with`] says.
    ///
    /// # Errors
    ///
    /// As [`Nats::start_with`].
    pub fn start_with(lines: &str, jetstream: &str, parent: Option<&Path>) -> Result<Self, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::try_start(lines, jetstream, parent) {
                Err(_) if tries < TRIES => {}
                started => return started,
            }
        }
    }

    fn try_start(lines: &str, jetstream: &str, parent: Option<&Path>) -> Result<Self, Error> {
        let ports = [Ports::free()?, Ports::free()?, Ports::free()?];
        let routes = ports.map(|port| format!("nats://127.0.0.1:{}", port.route));
        let routes = routes.join(",");
        let mut nodes = Vec::with_capacity(ports.len());
        for (number, port) in (1..).zip(ports) {
            let name = Self::name(number);
            let lines = format!(
                "cluster {{\n name: es\n listen: 127.0.0.1:{}\n routes: [{routes}]\n}}\n{lines}",
                port.route
            );
            let mut node = Nats::prepare(&name, port, &lines, jetstream, parent)?;
            node.begin()?;
            nodes.push(node);
        }
        // Only together are they healthy.
        for node in &mut nodes {
            node.ready()?;
        }
        Ok(Self { nodes })
    }

    fn name(number: usize) -> String {
        format!("es-{number}")
    }

    /// Every server's URL, with commas between them.
    pub fn url(&self) -> String {
        let urls: Vec<&str> = self.nodes.iter().map(Nats::url).collect();
        urls.join(",")
    }

    /// The servers.
    pub fn nodes(&self) -> &[Nats] {
        &self.nodes
    }

    /// The server with this name, to be killed or started again.
    pub fn named(&mut self, name: &str) -> Option<&mut Nats> {
        let number: usize = name.strip_prefix("es-")?.parse().ok()?;
        self.nodes.get_mut(number.checked_sub(1)?)
    }
}
