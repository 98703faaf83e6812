"""Sends one request with an HTTP message signature (RFC 9421), made by a library that is not ours.

message.py METHOD URL CERTIFICATE KEY [--body TEXT] [--age SECONDS] [--nonce TEXT] [--without COMPONENT]
           [--spoil body|query|signature] [--times N]

Prints the status and the body of each answer on a line of its own.
"""

import argparse
import base64
import datetime
import hashlib
import http.client
import secrets
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

parser = argparse.ArgumentParser()
parser.add_argument("method")
parser.add_argument("url")
parser.add_argument("certificate")
parser.add_argument("key")
parser.add_argument("--body", default="")
parser.add_argument("--age", type=int, default=0)
parser.add_argument("--nonce", default=None)
parser.add_argument("--without", default=None)
parser.add_argument("--spoil", default=None)
parser.add_argument("--times", type=int, default=1)
asked = parser.parse_args()


class Keys(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id):
        with open(asked.key, "rb") as file:
            return serialization.load_pem_private_key(file.read(), None)


class Message:
    def __init__(self, method, url, headers):
        self.method, self.url, self.headers = method, url, headers


with open(asked.certificate, "rb") as file:
    certificate = x509.load_pem_x509_certificate(file.read())
aki = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
key_id = f"{aki.key_identifier.hex()}.{certificate.serial_number:x}"
body = asked.body.encode()
url = urllib.parse.urlsplit(asked.url)
headers = {"Host": url.netloc}
covered = ["@method", "@authority", "@path", "@query"]
if body:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    headers["Content-Type"] = "application/json"
    covered += ["content-type", "content-digest"]
covered = [name for name in covered if name != asked.without]
if "content-digest" in covered:
    headers["Content-Digest"] = f"sha-256=:{digest}:"
HTTPMessageSigner(signature_algorithm=algorithms.ECDSA_P256_SHA256, key_resolver=Keys()).sign(
    Message(asked.method, asked.url, headers),
    key_id=key_id,
    created=datetime.datetime.now() - datetime.timedelta(seconds=asked.age),
    nonce=asked.nonce if asked.nonce is not None else secrets.token_hex(16),
    covered_component_ids=covered,
    **({"use_existing_digest": True} if "content-digest" in covered else {}),
)
target = url.path + (f"?{url.query}" if url.query else "")
if asked.spoil == "body":
    body = body.replace(b" ", b"  ", 1)
elif asked.spoil == "query":
    target += "?more=1"
elif asked.spoil == "signature":
    label, _, value = headers["Signature"].partition("=:")
    octets = bytearray(base64.b64decode(value.rstrip(":")))
    octets[-1] ^= 1
    headers["Signature"] = f"{label}=:{base64.b64encode(octets).decode()}:"
for _ in range(asked.times):
    connection = http.client.HTTPConnection(url.netloc)
    connection.request(asked.method, target, body=body or None, headers=headers)
    answer = connection.getresponse()
    print(answer.status, answer.read().decode().replace("\n", " "))
    connection.close()
