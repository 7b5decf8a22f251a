use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use crate::find::NATS_SERVER;
use crate::folder::Folder;
use crate::process::Process;
use crate::{Error, port};

/// How often servers are started anew because another took one of their ports.
pub(crate) const TRIES: usize = 5;

/// A NATS server with JetStream: a throwaway one of our own, or the user's.
#[derive(Debug)]
pub struct Nats {
    url: String,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    program: PathBuf,
    ports: Ports,
    // In this order: the server ends before its folder goes.
    process: Option<Process>,
    folder: Folder,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    client: u16,
    monitor: u16,
    pub(crate) route: u16,
}

impl Ports {
    pub(crate) fn free() -> Result<Self, Error> {
        let [client, monitor, route] = port::free()?;
        Ok(Self {
            client,
            monitor,
            route,
        })
    }
}

impl Nats {
    /// The server that the tests of this process share: the one of `NATS_URL`, else one of our own that ends with the
    /// process.
    ///
    /// # Panics
    ///
    /// If there is none: a test that isn't ignored and has no server fails.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Nats> = OnceLock::new();
        SHARED.get_or_init(|| match std::env::var("NATS_URL") {
            Ok(url) => Self { url, own: None },
            Err(_) => Self::start().unwrap_or_else(|error| panic!("no NATS: {error}")),
        })
    }

    /// Starts a server with an empty JetStream.
    ///
    /// # Errors
    ///
    /// Those of [`Error`]: it isn't on this machine, can't be executed, or doesn't become healthy.
    pub fn start() -> Result<Self, Error> {
        Self::start_with("", "", None)
    }

    /// Starts a server with lines of its configuration, and lines within its `jetstream` block, in a folder of its own in
    /// `parent`, or where temporary files are.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start); [`Error::Failed`] also if it refuses a line.
    pub fn start_with(lines: &str, jetstream: &str, parent: Option<&Path>) -> Result<Self, Error> {
        Self::start_beside(&[], lines, jetstream, parent)
    }

    /// Starts a server that takes encrypted connections only, with this certificate and key, as PEM. With `clients`, those
    /// who connect have to show a certificate that one of these vouches for.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start); [`Error::Failed`] also if it refuses a certificate.
    pub fn start_encrypted(
        certificate: &str,
        key: &str,
        clients: Option<&str>,
    ) -> Result<Self, Error> {
        let mut files = vec![("server.crt", certificate), ("server.key", key)];
        let mut tls = String::from("tls {\n cert_file: server.crt\n key_file: server.key\n");
        if let Some(clients) = clients {
            files.push(("clients.crt", clients));
            tls.push_str(" ca_file: clients.crt\n verify: true\n");
        }
        tls.push('}');
        Self::start_beside(&files, &tls, "", None)
    }

    /// As [`start_with`](Self::start_with), with files beside its configuration.
    fn start_beside(
        files: &[(&str, &str)],
        lines: &str,
        jetstream: &str,
        parent: Option<&Path>,
    ) -> Result<Self, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let ports = Ports::free()?;
            let mut nats = Self::prepare("es", ports, lines, jetstream, parent)?;
            for (name, content) in files {
                nats.own("started").folder.keep(name, content)?;
            }
            match nats.begin().and_then(|()| nats.ready()) {
                Ok(()) => return Ok(nats),
                Err(_) if tries < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A server that isn't started yet.
    pub(crate) fn prepare(
        name: &str,
        ports: Ports,
        lines: &str,
        jetstream: &str,
        parent: Option<&Path>,
    ) -> Result<Self, Error> {
        let program = NATS_SERVER.find().ok_or(Error::Missing(NATS_SERVER.name))?;
        let folder = Folder::new("es-nats-", parent)?;
        let configuration = format!(
            "server_name: {name}\nlisten: 127.0.0.1:{}\nhttp: 127.0.0.1:{}\n\
             jetstream {{\n store_dir: data\n{jetstream}\n}}\n{lines}\n",
            ports.client, ports.monitor
        );
        std::fs::write(folder.path().join("nats.conf"), configuration)
            .map_err(Error::io("a configuration can't be written"))?;
        Ok(Self {
            url: format!("nats://127.0.0.1:{}", ports.client),
            own: Some(Own {
                program,
                ports,
                process: None,
                folder,
            }),
        })
    }

    /// Where it is: `nats://…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process's id, if it is our own and runs.
    pub fn id(&self) -> Option<u32> {
        Some(self.own.as_ref()?.process.as_ref()?.id())
    }

    /// `kill -9` of the server and of every process that it started, of which there are none. What it has on disk stays,
    /// for [`restart`](Self::restart).
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the operating system doesn't let it be killed.
    ///
    /// # Panics
    ///
    /// If it isn't our own.
    pub fn kill(&mut self) -> Result<(), Error> {
        match self.own("killed").process.take() {
            Some(process) => process.kill(),
            None => Ok(()),
        }
    }

    /// Starts it again on the same data and the same ports, and waits until it is healthy.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    ///
    /// # Panics
    ///
    /// If it isn't our own.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.kill()?;
        self.begin()?;
        self.ready()
    }

    pub(crate) fn begin(&mut self) -> Result<(), Error> {
        let own = self.own("started");
        let mut command = own.folder.command(&own.program)?;
        command.args(["-c", "nats.conf"]);
        own.process = Some(Process::start(command, &own.folder)?);
        Ok(())
    }

    pub(crate) fn ready(&mut self) -> Result<(), Error> {
        let own = self.own("waited for");
        let port = own.ports.monitor;
        match &mut own.process {
            Some(process) => process
                .ready(|| is_healthy(port).unwrap_or(false))
                .map_err(|what| own.folder.failed(what)),
            None => Err(own.folder.failed("the server wasn't started")),
        }
    }

    fn own(&mut self, what: &str) -> &mut Own {
        match &mut self.own {
            Some(own) => own,
            None => panic!("the server of NATS_URL isn't ours to be {what}"),
        }
    }
}

/// Whether the server says that it and its JetStream can be used: in a cluster, that there is a leader.
fn is_healthy(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer
        .lines()
        .next()
        .is_some_and(|line| line.contains(" 200 ")))
}
