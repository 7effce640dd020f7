//! How the system asks a service to end.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// From this call on, Ctrl-C and SIGTERM no longer end the process; what is returned resolves when one of them arrives.
///
/// # Errors
/// The system does not pass on signals.
pub fn stop_asked() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt: Signal = signal(SignalKind::interrupt())?;
    let mut terminate: Signal = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
