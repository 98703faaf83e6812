#!/usr/bin/env python3
"""Registers, enrolls and revokes as fast as it can until the server is gone; writes down what was answered.

usage: storm.py URL FILE       append a line to FILE for each answer: `enrolled SERIAL` or `revoked SERIAL`
       storm.py URL --list     print `enrolled SERIAL` for each certificate and `revoked SERIAL` for each revoked one
"""
import base64, http.client, json, secrets, sys, threading, urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509.oid import NameOID

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
HOST = urllib.parse.urlsplit(sys.argv[1]).netloc
KEY = ec.generate_private_key(ec.SECP256R1())
b64 = lambda octets: base64.b64encode(octets).decode()


class Gone(Exception):
    """The server does not answer any more."""


def call(method, target, body, authorization):
    data = json.dumps(body).encode() if body is not None else b""
    if callable(authorization):
        authorization = authorization(method, target, data)
    try:
        connection = http.client.HTTPConnection(HOST, timeout=20)
        connection.request(method, target, data or None, {"Authorization": authorization})
        answer = connection.getresponse()
        status, text = answer.status, answer.read()
        connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise Gone from error
    if status == 503:
        return None
    if status not in (200, 201):
        sys.exit(f"{method} {target}: {status} {text.decode()}")
    return json.loads(text)["result"]


def enroll(id, secret):
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, id)]))
    body = {"certificate_request": csr.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()}
    answer = call("POST", "/api/v1/enroll", body, "Basic " + b64(f"{id}:{secret}".encode()))
    return base64.b64decode(answer["Cert"]) if answer else None


def token(certificate):
    def make(method, target, body):
        text = ".".join((method, b64(target.encode()), b64(body), b64(certificate))).encode()
        r, s = decode_dss_signature(KEY.sign(text, ec.ECDSA(hashes.SHA256())))
        return b64(certificate) + "." + b64(encode_dss_signature(r, min(s, N - s)))

    return make


def serial(pem):
    return f"{x509.load_pem_x509_certificate(pem).serial_number:x}"


def work(admin, write):
    try:
        while True:
            id = "storm-" + secrets.token_hex(8)
            if not call("POST", "/api/v1/register", {"id": id, "secret": "s", "max_enrollments": -1, "affiliation": "org1"}, admin):
                continue
            certificate = enroll(id, "s")
            if certificate is None:
                continue
            write("enrolled " + serial(certificate))
            if secrets.randbelow(3) == 0 and call("POST", "/api/v1/revoke", {"id": id, "reason": "keycompromise"}, admin):
                write("revoked " + serial(certificate))
    except Gone:
        return


def listed(admin, query):
    result = call("GET", "/api/v1/certificates" + query, None, admin)
    return [serial(one["PEM"].encode()) for one in result["certs"]]


def main():
    admin = token(enroll("admin", "adminpw"))
    if sys.argv[2] == "--list":
        for word, query in (("enrolled", ""), ("revoked", "?revoked_start=-1d")):
            for one in listed(admin, query):
                print(word, one)
        return
    with open(sys.argv[2], "a", buffering=1) as file:
        lock = threading.Lock()

        def write(line):
            with lock:
                file.write(line + "\n")

        threads = [threading.Thread(target=work, args=(admin, write)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


main()
