//! Which addresses may be called. A URL that a stranger names (a configuration, a registry, a redirect) reaches
//! public addresses alone. A name is looked up once, judged by all its addresses, and pinned: the address that
//! was judged is the one that is called, whatever its name server says next.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::fault::Fault;

/// Looks names up, judges and pins them.
#[derive(Debug, Default)]
pub(super) struct Guard {
    public_only: AtomicBool,
    pinned: Mutex<HashMap<String, Vec<SocketAddr>>>,
    /// Hosts of proxies that the user configured, which may stand anywhere.
    proxies: Vec<String>,
}

/// An address that may not be called.
#[derive(Debug, thiserror::Error)]
#[error("{host} is {kind}, and this URL may lead to public addresses alone")]
struct NotPublic {
    host: String,
    kind: &'static str,
}

impl Guard {
    pub(super) fn new(public_only: bool) -> Arc<Self> {
        Arc::new(Self {
            public_only: AtomicBool::new(public_only),
            pinned: Mutex::default(),
            proxies: proxy_hosts(),
        })
    }

    /// From now on only public addresses are called.
    pub(super) fn restrict(&self) {
        self.public_only.store(true, Ordering::Relaxed);
    }

    /// Judges a URL before it is called: an address in it never reaches a resolver, and behind a proxy neither
    /// does a name.
    pub(super) async fn check(&self, url: &Url) -> Result<(), Fault> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Fault::Address(format!(
                "only http and https are called, not {}",
                url.scheme()
            )));
        }
        let Some(host) = url.host_str() else {
            return Err(Fault::Address("the URL names no host".to_owned()));
        };
        if !self.public_only.load(Ordering::Relaxed) {
            return Ok(());
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse() {
            return judge(host, address).map_err(|e| Fault::Address(e.to_string()));
        }
        if self.proxies.is_empty() {
            return Ok(());
        }
        match tokio::net::lookup_host((host, 0)).await {
            Ok(found) => found
                .into_iter()
                .try_for_each(|found| judge(host, found.ip()))
                .map_err(|e| Fault::Address(e.to_string())),
            // The proxy may know a name that we do not.
            Err(_) => Ok(()),
        }
    }

    async fn look_up(&self, host: &str) -> Result<Vec<SocketAddr>, Box<dyn StdError + Send + Sync>> {
        let known = self
            .pinned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(host)
            .cloned();
        let found = match known {
            Some(found) => found,
            None => tokio::net::lookup_host((host, 0)).await?.collect(),
        };
        if self.public_only.load(Ordering::Relaxed) && !self.proxies.iter().any(|proxy| proxy == host) {
            for address in &found {
                judge(host, address.ip())?;
            }
        }
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        pinned.insert(host.to_owned(), found.clone());
        Ok(found)
    }
}

/// The guard as `reqwest` takes it.
#[derive(Debug)]
pub(super) struct Resolver(pub(super) Arc<Guard>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let found = guard.look_up(name.as_str()).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The refusal of a guard among the causes of an error.
pub(super) fn refusal(error: &(dyn StdError + 'static)) -> Option<Fault> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<NotPublic>() {
            return Some(Fault::Address(refused.to_string()));
        }
        cause = error.source();
    }
    None
}

/// Whether a URL leads to this machine.
pub(super) fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.ends_with(".localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn judge(host: &str, address: IpAddr) -> Result<(), NotPublic> {
    match private(address) {
        None => Ok(()),
        Some(kind) => Err(NotPublic {
            host: if host.parse::<IpAddr>().is_ok() || host.starts_with('[') {
                host.to_owned()
            } else {
                format!("{host} ({address})")
            },
            kind,
        }),
    }
}

/// What an address is, where it is not a public one.
fn private(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => private_v4(address),
        IpAddr::V6(address) => private_v6(address),
    }
}

fn private_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (127, ..) => Some("an address of this machine"),
        (0, ..) => Some("an unspecified address"),
        (10, ..) | (192, 168, _) | (172, 16..=31, _) => Some("an address of a private network"),
        (100, 64..=127, _) => Some("a shared address of a provider's network"),
        (169, 254, _) => Some("a link-local address, where clouds keep their metadata"),
        (192, 0, 0 | 2) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99) => {
            Some("a reserved address")
        }
        (224.., ..) => Some("a multicast or reserved address"),
        _ => None,
    }
}

fn private_v6(address: Ipv6Addr) -> Option<&'static str> {
    let parts = address.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        private_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("an address of this machine"),
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("an unspecified address"),
        // IPv4 in its IPv6 clothes: mapped, compatible, NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xFFFF | 0, high, low] | [0x64, 0xFF9B, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            embedded(high, low)
        }
        [0x64, 0xFF9B, ..] | [0x2001, 0..=0x1FF | 0xDB8, ..] | [0x100, 0, 0, 0, ..] | [0x3FFF, 0..=0xFFF, ..] => {
            Some("a reserved address")
        }
        [0xFC00..=0xFDFF, ..] => Some("an address of a private network"),
        [0xFE80..=0xFEFF, ..] => Some("a link-local address"),
        [0xFF00..=0xFFFF, ..] => Some("a multicast address"),
        _ => None,
    }
}

/// Hosts of the proxies in the environment.
fn proxy_hosts() -> Vec<String> {
    [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ]
    .iter()
    .filter_map(|name| std::env::var(name).ok())
    .filter_map(|value| Url::parse(&value).ok()?.host_str().map(str::to_owned))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_an_inner_address_is_known() {
        for inner in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "64:ff9b:1::1",
        ] {
            let address: IpAddr = inner.parse().expect("an address");
            assert!(private(address).is_some(), "{inner}");
        }
    }

    fn pinned(host: &str, address: &str, public_only: bool) -> Arc<Guard> {
        let guard = Guard::new(public_only);
        let address: SocketAddr = address.parse().expect("an address");
        guard
            .pinned
            .lock()
            .expect("no panic")
            .insert(host.to_owned(), vec![address]);
        guard
    }

    #[tokio::test]
    async fn a_name_is_looked_up_once_and_judged_each_time() {
        // No name server knows this name: what was found first is what is called.
        let guard = pinned("rebinds.invalid", "8.8.8.8:0", true);
        for _ in 0..2 {
            let found = guard.look_up("rebinds.invalid").await.expect("it is pinned");
            assert_eq!(found, ["8.8.8.8:0".parse().expect("an address")]);
        }
        let error = pinned("rebinds.invalid", "127.0.0.1:0", true)
            .look_up("rebinds.invalid")
            .await;
        assert!(
            error
                .expect_err("it is refused")
                .to_string()
                .contains("public addresses alone")
        );
        // What a user named may be inner, until a redirect leads on.
        let guard = pinned("rebinds.invalid", "10.0.0.1:0", false);
        assert!(guard.look_up("rebinds.invalid").await.is_ok());
        guard.restrict();
        assert!(guard.look_up("rebinds.invalid").await.is_err());
    }

    #[test]
    fn public_addresses_stay_public() {
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            let address: IpAddr = public.parse().expect("an address");
            assert_eq!(private(address), None, "{public}");
        }
    }
}
