//! Lengths, chunks, and bodies that are too large.

use super::{Expect, Shots};

impl Shots<'_> {
    /// Lengths and chunks: what two readers could read as different requests.
    pub(super) fn framing(&mut self) {
        let post = |headers: &str, body: &str| {
            format!("POST /api/v1/register HTTP/1.1\r\nHost: ca\r\n{headers}\r\n{body}")
                .into_bytes()
        };
        let hidden = "0\r\n\r\nGET /cainfo HTTP/1.1\r\nHost: ca\r\n\r\n";
        for (what, headers) in [
            ("length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
            ("chunks and length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
            ("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n"),
            ("two equal lengths", "Content-Length: 5\r\nContent-Length: 5\r\n"),
            ("a list of lengths", "Content-Length: 5, 5\r\n"),
            ("a negative length", "Content-Length: -5\r\n"),
            ("a length with a plus", "Content-Length: +5\r\n"),
            ("a hexadecimal length", "Content-Length: 0x5\r\n"),
            ("an endless length", "Content-Length: 99999999999999999999999999\r\n"),
            ("an empty length", "Content-Length: \r\n"),
            ("another coding", "Transfer-Encoding: gzip\r\n"),
            ("chunks that are not last", "Transfer-Encoding: chunked, identity\r\n"),
            ("chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
            ("xchunked", "Transfer-Encoding: xchunked\r\n"),
            ("a tab before chunked", "Transfer-Encoding:\tchunked\r\n"),
            ("CHUNKED", "Transfer-Encoding: CHUNKED\r\n"),
            ("an unknown expectation", "Expect: a-miracle\r\nContent-Length: 5\r\n"),
        ] {
            // The end of what is sent: a server may rightly wait for more.
            self.add("lengths and chunks", what, Expect::AnswerOrEnd, post(headers, hidden));
        }
        let chunked = "Transfer-Encoding: chunked\r\n";
        for (what, body) in [
            ("no number", "zz\r\n{}\r\n0\r\n\r\n".to_owned()),
            ("a negative chunk", "-2\r\n{}\r\n0\r\n\r\n".to_owned()),
            ("an endless chunk", "ffffffffffffffff\r\n{}\r\n0\r\n\r\n".to_owned()),
            ("a longer number", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n".to_owned()),
            ("a chunk that is too long", "2\r\n{}x\r\n0\r\n\r\n".to_owned()),
            ("no line end", "2\r\n{}0\r\n\r\n".to_owned()),
            ("line feeds alone", "2\n{}\n0\n\n".to_owned()),
            ("a blank in the number", "2 2\r\n{}\r\n0\r\n\r\n".to_owned()),
            ("100000 extensions", format!("2{}\r\n{{}}\r\n0\r\n\r\n", ";a=b".repeat(100_000))),
            (
                "an extension on each of 10000",
                format!("{}0\r\n\r\n", "1;abcdefgh\r\n \r\n".repeat(10_000)),
            ),
            ("10000 trailers", format!("2\r\n{{}}\r\n0\r\n{}\r\n", "X: y\r\n".repeat(10_000))),
            (
                "a trailer of authority",
                "2\r\n{}\r\n0\r\nAuthorization: Basic YTpi\r\nContent-Length: 9\r\n\r\n".to_owned(),
            ),
            ("100000 chunks of one octet", format!("{}0\r\n\r\n", "1\r\n \r\n".repeat(100_000))),
            ("no end", "2\r\n{}\r\n".to_owned()),
        ] {
            self.add(
                "lengths and chunks",
                format!("chunks: {what}"),
                Expect::AnswerOrEnd,
                post(chunked, &body),
            );
        }
    }

    pub(super) fn large(&mut self) {
        let megabyte = 1 << 20;
        for (what, length) in
            [("1 MiB and 1", megabyte + 1), ("10 MB", 10_000_000), ("100 MB", 100_000_000)]
        {
            let mut octets = self.material.enroll_body(b"");
            octets.truncate(octets.len() - "Content-Length: 0\r\n\r\n".len());
            let head = octets.len();
            octets.extend(format!("Content-Length: {length}\r\n\r\n").into_bytes());
            octets.resize(octets.len() + length, b' ');
            self.add(
                "100 MB bodies",
                format!("{what}, with its length"),
                Expect::Refusal,
                octets.clone(),
            );
            octets.truncate(head);
            octets.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 65_536], b"\r\n"].concat();
            for _ in 0..length.div_ceil(65_536) {
                octets.extend(&chunk);
            }
            octets.extend(b"0\r\n\r\n");
            self.add("100 MB bodies", format!("{what}, in chunks"), Expect::Refusal, octets);
        }
    }
}
