//! A connection that may go over to TLS in its middle.

use crate::ask::Equipment;
use crate::tls;
use blackstart_model::check::{Host, TlsQuestion};
use blackstart_model::observation::{Outcome, Timing};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

/// A connection.
pub(crate) enum Stream {
    /// In the clear.
    Plain(TcpStream),
    /// Over TLS.
    Tls(Box<TlsStream<TcpStream>>),
    /// A handshake failed: nothing can be said any more.
    Gone,
}

impl Stream {
    /// Our own address.
    pub(crate) fn own_address(&self) -> Option<IpAddr> {
        let stream = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
            Self::Gone => return None,
        };
        stream.local_addr().ok().map(|address| address.ip())
    }

    /// Goes over to TLS. Returns when the certificate ends.
    pub(crate) async fn secure(
        &mut self,
        equipment: &Equipment,
        host: &Host,
        question: &TlsQuestion,
        deadline: Instant,
        timing: &mut Timing,
    ) -> Result<Option<i64>, Outcome> {
        let Self::Plain(stream) = std::mem::replace(self, Self::Gone) else {
            unreachable!("TLS begins once, in the clear");
        };
        let whose = tls::Whose::Verified(question);
        let (stream, ends_s) =
            tls::handshake_as(equipment, stream, host, whose, deadline, timing).await?;
        *self = Self::Tls(Box::new(stream));
        Ok(ends_s)
    }
}

fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::NotConnected)
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, into),
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }
}
