//! The socket that a server listens on, and what its connections are like.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// How many bytes the kernel may keep that a connection's other side has not read; Linux takes this twice for its own bookkeeping. Left to
/// itself it lets megabytes wait, which a thousand pages that sleep would multiply. Much less would stall large frames.
const SEND_BUFFER: u32 = 128 * 1024;
/// How many connections may wait to be accepted, when all browsers come back at once. The system may have a lower limit.
const BACKLOG: u32 = 4_096;

/// Listens there. Connections inherit the size of the buffer.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A server that is started again takes its address at once.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What is written to a connection leaves at once. Otherwise a frame waits until the one before it has been acknowledged, which a
/// browser that has nothing to say does some 40 ms later.
pub fn at_once(stream: &mut TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection sends late");
    }
}
