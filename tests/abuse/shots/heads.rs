//! Request lines and headers.

use super::{Expect, Shots};

impl Shots<'_> {
    /// Request lines and headers.
    pub(super) fn heads(&mut self) {
        let line = |line: &str| format!("{line}\r\nHost: ca\r\n\r\n").into_bytes();
        for target in [
            "/%",
            "/%zz",
            "/%00",
            "/api/v1/identities/%c3%28",
            "/api/v1/identities/%00",
            "/api/v1/identities/..%2f..",
            "/../../etc/passwd",
            "//",
            "/./",
            "/api/v1/",
            "/api/v2/enroll",
            "/api/v1/identities/a/b",
            "/cainfo?ca=%zz",
            "/cainfo?ca=%00",
            "/cainfo?ca=a;b",
            "/cainfo?=&&=&",
            "/crl/%ff.crl",
            "/crl/..%2f.crl",
            "/crl/.crl",
            "/?",
            "/#x",
            "*",
            "http://other/cainfo",
            "https://:/cainfo",
            "x:y",
        ] {
            for method in ["GET", "POST", "OPTIONS", "HEAD"] {
                self.add(
                    "request lines",
                    format!("{method} {target}"),
                    Expect::AnswerOrEnd,
                    line(&format!("{method} {target} HTTP/1.1")),
                );
            }
        }
        for long in [4000, 8000, 60_000, 70_000, 1_000_000] {
            let target = format!("/cainfo?ca={}", "a".repeat(long));
            self.add(
                "request lines",
                format!("a target of {long}"),
                Expect::Answer,
                line(&format!("GET {target} HTTP/1.1")),
            );
            let method = "A".repeat(long);
            self.add(
                "request lines",
                format!("a method of {long}"),
                Expect::Answer,
                line(&format!("{method} / HTTP/1.1")),
            );
        }
        let many = "/identities?".to_owned() + &"a=b&".repeat(10_000);
        self.add(
            "request lines",
            "10000 parameters",
            Expect::Answer,
            line(&format!("GET {many} HTTP/1.1")),
        );
    }

    /// Request lines that are none.
    pub(super) fn no_heads(&mut self) {
        let line = |line: &str| format!("{line}\r\nHost: ca\r\n\r\n").into_bytes();
        for bad in [
            "GET /cainfo",
            "GET /cainfo HTTP/0.9",
            "GET /cainfo HTTP/2.0",
            "GET /cainfo HTTP/1.2",
            "GET  /cainfo HTTP/1.1",
            "GET /cainfo  HTTP/1.1",
            "GET /cai nfo HTTP/1.1",
            " GET /cainfo HTTP/1.1",
            "GET\t/cainfo\tHTTP/1.1",
            "G\u{0}T /cainfo HTTP/1.1",
            "GET /cainfo\u{0} HTTP/1.1",
            "GET /\u{e9} HTTP/1.1",
            "CONNECT ca:443 HTTP/1.1",
            "TRACE / HTTP/1.1",
            "BREW /pot HTTP/1.1",
            "PRI * HTTP/2.0",
            "\u{16}\u{3}\u{1}\u{2}\u{0}",
            "GET /cainfo HTTP/1.1 x",
            "HTTP/1.1 200 OK",
        ] {
            self.add(
                "request lines",
                bad.escape_debug().to_string(),
                Expect::AnswerOrEnd,
                line(bad),
            );
        }
        self.add(
            "request lines",
            "line feeds alone",
            Expect::AnswerOrEnd,
            b"GET /cainfo HTTP/1.1\nHost: ca\n\n".to_vec(),
        );
        self.add(
            "request lines",
            "the preface of HTTP/2",
            Expect::AnswerOrEnd,
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        );
        self.add(
            "request lines",
            "TLS on a plain port",
            Expect::AnswerOrEnd,
            [&[22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[7; 500]].concat(),
        );
        self.add("request lines", "10000 empty lines", Expect::AnswerOrEnd, b"\r\n".repeat(10_000));
    }

    /// Headers: too many, too long, twice, and none at all.
    pub(super) fn headers(&mut self) {
        let get = |headers: &str| {
            format!("GET /cainfo HTTP/1.1\r\nHost: ca\r\n{headers}\r\n").into_bytes()
        };
        for count in [50, 63, 64, 65, 100, 1000, 10_000] {
            let headers: String = (0..count)
                .flat_map(|n| ["X-".to_owned(), n.to_string(), ": x\r\n".to_owned()])
                .collect();
            self.add("header floods", format!("{count} headers"), Expect::Answer, get(&headers));
        }
        for length in [1000, 16_000, 60_000, 100_000, 1_000_000] {
            self.add(
                "header floods",
                format!("a value of {length}"),
                Expect::Answer,
                get(&format!("X: {}\r\n", "a".repeat(length))),
            );
            self.add(
                "header floods",
                format!("a name of {length}"),
                Expect::Answer,
                get(&format!("{}: a\r\n", "a".repeat(length))),
            );
        }
        for (what, headers) in [
            ("two hosts", "Host: other\r\n".to_owned()),
            ("50 authorizations", "Authorization: Basic YTpi\r\n".repeat(50)),
            ("50 cookies", "Cookie: a=b\r\n".repeat(50)),
            ("no colon", "X\r\n".to_owned()),
            ("a blank before the colon", "X : y\r\n".to_owned()),
            ("folding", "X: a\r\n b\r\n\tc\r\n".to_owned()),
            ("an empty name", ": y\r\n".to_owned()),
            ("NUL", "X: a\u{0}b\r\n".to_owned()),
            ("a carriage return", "X: a\rb\r\n".to_owned()),
            ("no ASCII", "X: \u{e9}\u{202e}\r\n".to_owned()),
            ("no ASCII in a name", "X\u{e9}: a\r\n".to_owned()),
            ("an upgrade", "Connection: Upgrade\r\nUpgrade: websocket\r\n".to_owned()),
            ("an upgrade to HTTP/2", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n".to_owned()),
            ("a range", "Range: bytes=0-,1-,2-,3-\r\n".repeat(10)),
            ("an origin", "Origin: null\r\nAccess-Control-Request-Method: PUT\r\n".to_owned()),
        ] {
            self.add("header floods", what, Expect::AnswerOrEnd, get(&headers));
        }
        self.add(
            "header floods",
            "no host",
            Expect::AnswerOrEnd,
            b"GET /cainfo HTTP/1.1\r\n\r\n".to_vec(),
        );
    }
}
