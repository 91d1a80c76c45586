//! Taking the port. It accepts nothing yet: connections made before the service runs wait in the kernel's queue.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// A port that is ours, with its real number.
#[derive(Debug)]
pub struct Listener {
    pub(crate) tcp: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Where it listens; where port 0 was asked for, the port that the system gave.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Why the port is not ours, as one sentence that says what to do.
#[derive(Debug)]
pub struct BindError {
    listen: SocketAddr,
    cause: io::Error,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (listen, ip, port) = (self.listen, self.listen.ip(), self.listen.port());
        match self.cause.kind() {
            io::ErrorKind::AddrInUse => write!(
                f,
                "port {port} on {ip} is in use: stop the program that listens there, or choose another port with --listen"
            ),
            io::ErrorKind::AddrNotAvailable => {
                write!(f, "{ip} is no address of this machine: choose one that is with --listen (wanted port {port})")
            }
            io::ErrorKind::PermissionDenied => {
                write!(f, "port {port} on {ip} needs privileges: choose a port from 1024 up with --listen")
            }
            _ => write!(f, "cannot listen on {listen} ({}): choose another address with --listen", self.cause),
        }
    }
}

impl std::error::Error for BindError {}

/// Takes the port, or says who should do what about it.
pub async fn bind(listen: SocketAddr) -> Result<Listener, BindError> {
    let bound = async {
        let tcp = TcpListener::bind(listen).await?;
        let address = tcp.local_addr()?;
        Ok(Listener { tcp, address })
    };
    bound.await.map_err(|cause| BindError { listen, cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_named_with_what_to_do() {
        let first = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        assert_ne!(first.address().port(), 0);
        let told = bind(first.address()).await.unwrap_err().to_string();
        assert!(told.contains(&first.address().port().to_string()), "{told}");
        assert!(told.contains("in use") && told.contains("--listen"), "{told}");
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_told_as_such() {
        let elsewhere = SocketAddr::from(([203, 0, 113, 7], 4599));
        let told = bind(elsewhere).await.unwrap_err().to_string();
        assert!(told.contains("203.0.113.7") && told.contains("--listen"), "{told}");
    }
}
