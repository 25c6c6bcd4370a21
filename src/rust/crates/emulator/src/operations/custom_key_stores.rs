//! Custom key stores need hardware or a proxy of one's own: the account has none, and says so as AWS would.

use serde_json::json;

use super::{Answer, Call, answer};
use crate::error::ServiceError;

pub(super) fn describe_custom_key_stores(call: &mut Call<'_>) -> Answer {
    let parameters = call.parameters;
    let named = (
        parameters.text("CustomKeyStoreId")?,
        parameters.text("CustomKeyStoreName")?,
    );
    match named {
        (Some(_), Some(_)) => Err(ServiceError::validation(
            "You can specify CustomKeyStoreId or CustomKeyStoreName, but not both.",
        )),
        (Some(store), None) | (None, Some(store)) => Err(not_found(store)),
        (None, None) => Ok(answer([
            ("CustomKeyStores", json!([])),
            ("Truncated", json!(false)),
        ])),
    }
}

/// There is no cluster and no proxy to make one with.
pub(super) fn create_custom_key_store(call: &mut Call<'_>) -> Answer {
    let parameters = call.parameters;
    if parameters.text("CustomKeyStoreType")? == Some("EXTERNAL_KEY_STORE") {
        let endpoint = parameters.text("XksProxyUriEndpoint")?.ok_or_else(|| {
            ServiceError::validation("XksProxyUriEndpoint is required for an external key store.")
        })?;
        return Err(ServiceError::new(
            "XksProxyUriUnreachableException",
            format!(
                "The external key store proxy {endpoint} cannot be reached. External key stores are not emulated."
            ),
        ));
    }
    let cluster = parameters.text("CloudHsmClusterId")?.ok_or_else(|| {
        ServiceError::validation("CloudHsmClusterId is required for an AWS CloudHSM key store.")
    })?;
    Err(ServiceError::new(
        "CloudHsmClusterNotFoundException",
        format!("Cluster {cluster} does not exist. AWS CloudHSM key stores are not emulated."),
    ))
}

/// Every operation on a store that must exist already.
pub(super) fn no_such_store(call: &mut Call<'_>) -> Answer {
    Err(not_found(
        call.parameters.required_text("CustomKeyStoreId")?,
    ))
}

pub(super) fn not_found(store: &str) -> ServiceError {
    ServiceError::new(
        "CustomKeyStoreNotFoundException",
        format!("Custom key store {store} does not exist."),
    )
}
