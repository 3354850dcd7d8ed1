//! The event of an HTTP API, read once.

use lambda_http::LambdaEvent;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::request::LambdaRequest;
use serde::de::{Deserialize, Deserializer, Error};

/// An event. `lambda_http::run` would copy its whole text, which may have megabytes, to find out which kind of gateway
/// it is from.
pub(crate) struct HttpEvent(ApiGatewayV2httpRequest);

impl<'de> Deserialize<'de> for HttpEvent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // An error of serde may show a value, and headers hold tokens.
        let read = ApiGatewayV2httpRequest::deserialize(from).map_err(|_| "this is no event of an HTTP API");
        read.map(Self).map_err(Error::custom)
    }
}

/// As the adapter of `lambda_http` takes it.
pub(crate) fn adapted(event: LambdaEvent<HttpEvent>) -> LambdaEvent<LambdaRequest> {
    LambdaEvent::new(LambdaRequest::ApiGatewayV2(event.payload.0), event.context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_event_is_refused_without_a_word_of_it() {
        let event =
            r#"{ "version": "2.0", "headers": { "authorization": "a\u0000secret" }, "requestContext": "x-secret" }"#;
        let error = serde_json::from_str::<HttpEvent>(event).err().unwrap().to_string();
        assert!(error.starts_with("this is no event of an HTTP API") && !error.contains("secret"), "{error}");
    }
}
