//! Cross-origin requests: what the real server's library answers when it is switched on.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use crate::fabric::options::Cors;

/// Headers and methods that are allowed without being configured.
const HARMLESS_HEADERS: [&str; 4] = ["accept", "accept-language", "content-language", "origin"];
const HARMLESS_METHODS: [&str; 3] = ["GET", "HEAD", "POST"];

impl Cors {
    /// Answers OPTIONS; `None` lets any other request through.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        if method != Method::OPTIONS {
            return None;
        }
        let mut response = Response::new(Body::empty());
        let Some(origin) = self.allowed_origin(headers) else { return Some(response) };
        let Some(wanted) = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD) else {
            return Some(refused(response, StatusCode::BAD_REQUEST));
        };
        let wanted = wanted.to_str().unwrap_or_default();
        let harmless = HARMLESS_METHODS.contains(&wanted);
        if !harmless && !self.methods.contains(wanted) {
            return Some(refused(response, StatusCode::METHOD_NOT_ALLOWED));
        }
        let asked = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        let asked = asked.and_then(|names| names.to_str().ok()).unwrap_or_default();
        let asked = asked.split(',').map(|name| name.trim().to_ascii_lowercase());
        let extra: Vec<String> = asked
            .filter(|name| !name.is_empty() && !HARMLESS_HEADERS.contains(&name.as_str()))
            .collect();
        if !extra.iter().all(|name| self.headers.iter().any(|ours| ours.eq_ignore_ascii_case(name)))
        {
            return Some(refused(response, StatusCode::FORBIDDEN));
        }
        let answered = response.headers_mut();
        if !extra.is_empty() {
            set(answered, header::ACCESS_CONTROL_ALLOW_HEADERS, &extra.join(","));
        }
        if !harmless {
            set(answered, header::ACCESS_CONTROL_ALLOW_METHODS, wanted);
        }
        self.mark(answered, origin);
        Some(response)
    }

    /// Marks the answer to a request of an allowed origin as readable by it.
    pub(super) fn mark_answer(&self, asked: Option<HeaderValue>, answer: &mut Response) {
        if let Some(origin) = asked {
            self.mark(answer.headers_mut(), origin);
        }
    }

    /// What `Access-Control-Allow-Origin` says to this request; `None` when it says nothing.
    pub(super) fn allowed_origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        let text = origin.to_str().ok().filter(|text| !text.is_empty())?;
        if self.origins.is_empty() || self.origins.contains("*") {
            return Some(HeaderValue::from_static("*"));
        }
        self.origins.contains(text).then(|| origin.clone())
    }

    fn mark(&self, headers: &mut HeaderMap, origin: HeaderValue) {
        if self.origins.len() > 1 {
            headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
}

fn refused(mut response: Response, status: StatusCode) -> Response {
    *response.status_mut() = status;
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(cors: &Cors, headers: &[(&'static str, &str)]) -> Response {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
            })
            .collect();
        cors.preflight(&Method::OPTIONS, &headers).unwrap()
    }

    fn one() -> Cors {
        Cors { origins: ["https://a".to_owned()].into(), ..Cors::default() }
    }

    #[test]
    fn only_configured_origins_are_allowed() {
        let method = ("access-control-request-method", "POST");
        let response = ask(&one(), &[("origin", "https://a"), method]);
        assert_eq!(response.headers()["access-control-allow-origin"], "https://a");
        let response = ask(&one(), &[("origin", "https://b"), method]);
        assert!(response.headers().is_empty());
        assert!(one().preflight(&Method::GET, &HeaderMap::new()).is_none());
    }

    #[test]
    fn methods_and_headers_are_refused_unless_configured() {
        let put = ("access-control-request-method", "PUT");
        let post = ("access-control-request-method", "POST");
        let token = ("access-control-request-headers", "Accept, authorization");
        let origin = ("origin", "https://a");
        assert_eq!(ask(&one(), &[origin]).status(), 400);
        assert_eq!(ask(&one(), &[origin, put]).status(), 405);
        assert_eq!(ask(&one(), &[origin, post, token]).status(), 403);
        let wider = Cors {
            headers: ["Authorization".to_owned()].into(),
            methods: ["PUT".to_owned()].into(),
            ..one()
        };
        let response = ask(&wider, &[origin, put, token]);
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["access-control-allow-headers"], "authorization");
        assert_eq!(response.headers()["access-control-allow-methods"], "PUT");
    }
}
