//! STS as far as a caller asks who it is: GetCallerIdentity in the query protocol.

use crate::arn;
use crate::sigv4::{Refusal, percent_decode};

/// The answer to a query request: a status and an XML document.
pub(crate) struct Document {
    pub(crate) status: u16,
    pub(crate) xml: String,
}

/// Whether a form asks for anything at all, as query requests do.
pub(crate) fn action(form: &[u8]) -> Option<String> {
    let form = std::str::from_utf8(form).ok()?;
    let value = form
        .split('&')
        .find_map(|field| field.strip_prefix("Action="))?;
    String::from_utf8(percent_decode(&value.replace('+', " "))).ok()
}

/// What a user's identity looks like.
pub(crate) fn user_arn(region: &str, account_id: &str, user_name: &str) -> String {
    format!(
        "arn:{}:iam::{account_id}:user/{user_name}",
        arn::partition(region)
    )
}

/// Answers GetCallerIdentity; any other action is named and refused.
pub(crate) fn answer(
    action: &str,
    user_arn: &str,
    account_id: &str,
    user_id: &str,
    request_id: &str,
) -> Document {
    if action != "GetCallerIdentity" {
        let message = format!("The action {action} is not valid for this endpoint.");
        return error(400, "InvalidAction", &message, request_id);
    }
    let xml = format!(
        r#"<GetCallerIdentityResponse xmlns="{NAMESPACE}">
  <GetCallerIdentityResult>
    <Arn>{}</Arn>
    <UserId>{}</UserId>
    <Account>{account_id}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>{request_id}</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
"#,
        escape(user_arn),
        escape(user_id)
    );
    Document { status: 200, xml }
}

/// What the query protocol says to a request that is not believed.
pub(crate) fn refuse(refusal: &Refusal, request_id: &str) -> Document {
    let (status, code, message) = match refusal {
        Refusal::MissingToken => (
            403,
            "MissingAuthenticationToken",
            "Request is missing Authentication Token",
        ),
        Refusal::Incomplete(message) => (400, "IncompleteSignature", message.as_str()),
        Refusal::InvalidSignature(message) => (403, "SignatureDoesNotMatch", message.as_str()),
        Refusal::UnknownToken => (
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        ),
        Refusal::ExpiredToken => (
            403,
            "ExpiredToken",
            "The security token included in the request is expired",
        ),
    };
    error(status, code, message, request_id)
}

fn error(status: u16, code: &str, message: &str, request_id: &str) -> Document {
    let xml = format!(
        r#"<ErrorResponse xmlns="{NAMESPACE}">
  <Error>
    <Type>Sender</Type>
    <Code>{code}</Code>
    <Message>{}</Message>
  </Error>
  <RequestId>{request_id}</RequestId>
</ErrorResponse>
"#,
        escape(message)
    );
    Document { status, xml }
}

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

fn escape(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control() || matches!(character, '\n' | '\t'))
        .map(|character| match character {
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '&' => "&amp;".to_owned(),
            '"' => "&quot;".to_owned(),
            other => other.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_action_of_a_form() {
        assert_eq!(
            action(b"Action=GetCallerIdentity&Version=2011-06-15").as_deref(),
            Some("GetCallerIdentity")
        );
        assert_eq!(
            action(b"Version=2011-06-15&Action=Get%43allerIdentity").as_deref(),
            Some("GetCallerIdentity")
        );
        assert_eq!(action(b"{}"), None);
        assert_eq!(action(b"\xff"), None);
    }

    #[test]
    fn what_a_caller_sends_cannot_break_out_of_the_document() {
        let document = answer("<x>&\"", "arn", "1", "u", "r");
        assert!(document.xml.contains("&lt;x&gt;&amp;&quot;"));
    }
}
