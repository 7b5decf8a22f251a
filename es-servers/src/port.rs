use std::net::{Ipv4Addr, TcpListener};

use crate::Error;

/// So many ports of the loopback address that nobody listens on now. Another may take one before the server does; then
/// the server says so and is started anew.
pub(crate) fn free<const COUNT: usize>() -> Result<[u16; COUNT], Error> {
    // All are held until all are known, so that none comes twice.
    let mut listeners = Vec::with_capacity(COUNT);
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(Error::io("no port of 127.0.0.1 is free"))?;
        *port = listener
            .local_addr()
            .map_err(Error::io("a port of 127.0.0.1 can't be told"))?
            .port();
        listeners.push(listener);
    }
    Ok(ports)
}
