//! The whole service in a simulated host: its doors on a simulated network, its log on a simulated
//! disk.

use std::{io, net::SocketAddr, sync::LazyLock};

use clap::Parser;
use common::service::listen::Listener;
use fastrand::Rng;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;
use turmoil::net::{TcpListener, TcpStream};

use crate::{
    config::{Cli, Config},
    ingest::Feeds,
    log::proof::foreign::ForeignDisk,
    service,
    subscription::Keys,
};

/// What the host is called.
pub(super) const NAME: &str = "producer";
/// Where it listens.
pub(super) const PORT: u16 = 8080;

/// As it is where nothing is said of it, but for a source.
static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let cli = Cli::try_parse_from([NAME, "--source", "none", "--allow-host", NAME]);
    cli.unwrap().args.check().unwrap()
});

struct Simulated(TcpListener);

impl Listener for Simulated {
    type Connection = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.0.accept().await
    }
}

/// Lives until the power goes.
pub(super) async fn live(disk: ForeignDisk, rng: Rng) -> turmoil::Result {
    let (log, work) = match disk.open(rng) {
        Err(_) if !disk.has_power() => return Ok(()),
        opened => opened?,
    };
    let listener = Simulated(TcpListener::bind(("0.0.0.0", PORT)).await?);
    let (registry, stop) = (Registry::default(), CancellationToken::new());
    let keys = Keys::open(None)?;
    let opened = (log, keys, Feeds::default());
    let service = service::run(listener, opened, registry, CONFIG.clone(), stop);
    let work = async {
        let worked = work.await;
        assert!(worked.is_ok() || !disk.has_power(), "the disk has failed");
    };
    tokio::join!(service, work);
    Ok(())
}
