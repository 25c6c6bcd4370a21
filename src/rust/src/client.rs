//! Clients as R holds them: external pointers that work in the process that made them.
use std::cell::RefCell;
use std::{mem, process};

use extendr_api::prelude::*;
use kmsr_client::{Client, Resolved, RetryMode, Sourced, resolve};

use crate::convert::{self, Secrets};
use crate::error::{Failure, into_r};
use crate::runtime;

/// A client and the process it belongs to.
pub(crate) struct Handle {
    pid: u32,
    client: Option<Client>,
    last_request_id: RefCell<Option<String>>,
}

impl Handle {
    /// The client, in its own process only.
    pub(crate) fn client(&self) -> Result<&Client, Failure> {
        match &self.client {
            Some(client) if self.pid == process::id() => Ok(client),
            _ => Err(Failure::Stale),
        }
    }

    /// Remembers the service's id of the last successful request, for receipts.
    pub(crate) fn remember(&self, request_id: Option<String>) {
        self.last_request_id.replace(request_id);
    }

    /// The client behind an R object: stale when there is none, as after a load from a file.
    pub(crate) fn from_r(pointer: &Robj) -> Result<&Self, Failure> {
        let pointer: &ExternalPtr<Self> = pointer.try_into().map_err(|_| Failure::Stale)?;
        pointer.try_addr().map_err(|_| Failure::Stale)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // In a forked child the sockets are the parent's: closing them there would say goodbye in its name.
        if self.pid != process::id() {
            mem::forget(self.client.take());
        }
    }
}

/// Literal keys as an opaque object for [`rs_client`].
#[extendr]
fn rs_secrets(secret_access_key: String, session_token: String) -> ExternalPtr<Secrets> {
    ExternalPtr::new(Secrets::new(secret_access_key, session_token))
}

/// A client for a flat list of settings: an external pointer.
#[extendr]
fn rs_client(settings: List, secrets: Robj) -> Robj {
    into_r(make(&settings, &secrets).map(ExternalPtr::new))
}

/// The service's id of the client's last successful request, or `NULL`.
#[extendr]
fn rs_last_request_id(client: Robj) -> Robj {
    let id = Handle::from_r(&client)
        .ok()
        .and_then(|handle| handle.last_request_id.borrow().clone());
    id.map_or_else(|| ().into(), Robj::from)
}

/// What a client with these settings will use and where each value was found.
#[extendr]
fn rs_resolve(settings: List, secrets: Robj) -> Robj {
    into_r(look_up(&settings, &secrets))
}

fn look_up(settings: &List, secrets: &Robj) -> Result<List, Failure> {
    let settings = convert::settings(settings, secrets)?;
    Ok(describe(&runtime::wait(resolve(&settings))??))
}

fn make(settings: &List, secrets: &Robj) -> Result<Handle, Failure> {
    let settings = convert::settings(settings, secrets)?;
    let client = runtime::wait(async {
        let resolved = resolve(&settings).await?;
        Client::new(&settings, &resolved).await
    })??;
    Ok(Handle {
        pid: process::id(),
        client: Some(client),
        last_request_id: RefCell::default(),
    })
}

fn describe(resolved: &Resolved) -> List {
    let value = |found: &Option<Sourced>| {
        found
            .as_ref()
            .map_or(Robj::from(()), |found| found.value.as_str().into())
    };
    let source = |found: &Option<Sourced>| {
        found
            .as_ref()
            .map_or(Robj::from(()), |found| found.source.as_str().into())
    };
    list!(
        region = value(&resolved.region),
        region_source = source(&resolved.region),
        endpoint = value(&resolved.endpoint),
        endpoint_source = source(&resolved.endpoint),
        profile = resolved.profile.as_str(),
        max_retries = f64::from(resolved.max_retries),
        retry_mode = match resolved.retry_mode {
            RetryMode::Standard => "standard",
            RetryMode::Adaptive => "adaptive",
        },
        use_fips = resolved.use_fips,
        use_dual_stack = resolved.use_dual_stack
    )
}

extendr_module! {
    mod client;
    fn rs_secrets;
    fn rs_client;
    fn rs_resolve;
    fn rs_last_request_id;
}
