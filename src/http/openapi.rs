//! `openapi.json`: the description of `/api/v2`, made of its endpoints and of the shapes of their bodies.
//! [OpenAPI 3.1](https://spec.openapis.org/oas/v3.1.0)

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::endpoints::{BASE, ENDPOINTS, Endpoint, Shape};
use crate::api::v2::ProblemBody;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| describe().to_string());

pub(super) async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

fn describe() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut shapes = settings.into_generator();
    let problem = shapes.subschema_for::<ProblemBody>();
    let problem = json!({
        "description": "It was not done. The problem's `type` says why.",
        "content": { "application/problem+json": { "schema": problem } },
    });
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in ENDPOINTS {
        let path = paths.entry(format!("{BASE}{}", endpoint.path)).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(endpoint.method.to_owned(), operation(endpoint, &mut shapes));
        }
    }
    let schemas = shapes.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Chancery",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Who are they, are they still members, may they do this here. Fabric CA's \
                API stands beside this one, under /api/v1.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": { "problem": problem },
            "securitySchemes": {
                "message": {
                    "type": "http",
                    "scheme": "signature",
                    "description": "An HTTP message signature (RFC 9421) with the key of an enrolled \
                        certificate. It covers @method, @path and @query (or @request-target) and, with a \
                        body, content-digest (sha-256); its parameters are created (within a minute), \
                        nonce (16 to 128 characters, good once) and keyid: the key identifier of the \
                        certificate's issuer, a dot and its serial number, in hexadecimal.",
                },
                "connection": {
                    "type": "mutualTLS",
                    "description": "An enrolled certificate as the client certificate of the connection.",
                },
            },
        },
    })
}

fn operation(endpoint: &Endpoint, shapes: &mut SchemaGenerator) -> Value {
    let mut body = |shape: Shape| json!({ "application/json": { "schema": shape(shapes) } });
    let (status, done) = match endpoint.response {
        Some(shape) => ("200", json!({ "description": "Done.", "content": body(shape) })),
        None => ("204", json!({ "description": "Done." })),
    };
    let mut operation = Map::new();
    let mut tell = |member: &str, value: Value| operation.insert(member.to_owned(), value);
    tell("summary", endpoint.summary.into());
    let problem = json!({ "$ref": "#/components/responses/problem" });
    tell("responses", json!({ status: done, "default": problem }));
    if let Some(shape) = endpoint.request {
        tell("requestBody", json!({ "required": true, "content": body(shape) }));
    }
    if endpoint.needs_caller {
        tell("security", json!([{ "message": [] }, { "connection": [] }]));
    }
    let named =
        ["id", "kind"].into_iter().filter(|name| endpoint.path.contains(&format!("{{{name}}}")));
    let parameters: Vec<Value> = named
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    if !parameters.is_empty() {
        tell("parameters", parameters.into());
    }
    Value::Object(operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
            match value {
                Value::Object(members) => {
                    for (name, value) in members {
                        match (name.as_str(), value) {
                            ("$ref", Value::String(to)) => found.push(to),
                            _ => references(value, found),
                        }
                    }
                }
                Value::Array(elements) => {
                    for value in elements {
                        references(value, found);
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let document = describe();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 20, "{found:?}");
        for to in found {
            let pointer = to.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{to}");
        }
    }

    #[test]
    fn shapes_tell_their_members() {
        let document = describe();
        let item = &document["components"]["schemas"]["VerifyItem"];
        assert_eq!(item["additionalProperties"], false, "{item}");
        let policy = item["properties"]["policy"]["description"].as_str().unwrap();
        assert!(policy.contains("/Channel/Application/Writers"));
        let problem = &document["components"]["schemas"]["Problem"]["properties"];
        assert!(problem["type"].is_object() && problem["request_id"].is_object());
    }
}
