#!/usr/bin/env python3
"""Registers, enrolls and revokes by the Fabric CA protocol, and keeps what comes back.

usage: enroll.py URL FOLDER ORDERS

ORDERS is JSON: {"ca": NAME, "members": [{"name", "id", "secret", "register": {...}, "enroll": {...},
"key": "p256"|"p384"|"rsa2048", "hosts": [...], "revoke": REASON}], "crl": true}. Each member gets FOLDER/NAME/{key,cert,chain}.pem;
the CRL goes to FOLDER/crl.pem. Without "register" the member is there already (the administrator).
"""
import base64, json, os, sys, urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509.oid import NameOID

URL, FOLDER, ORDERS = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
CA = ORDERS.get("ca", "")
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
b64 = lambda octets: base64.b64encode(octets).decode()


def new_key(kind):
    if kind == "p384":
        return ec.generate_private_key(ec.SECP384R1())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:]))
    return ec.generate_private_key(ec.SECP256R1())


def call(path, body, authorization):
    target = "/api/v1/" + path
    data = json.dumps({**body, "caname": CA}).encode()
    if callable(authorization):
        authorization = authorization("POST", target, data)
    request = urllib.request.Request(URL + target, data, {"Authorization": authorization, "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["result"]
    except urllib.error.HTTPError as error:
        sys.exit(f"{path}: {error.code} {error.read().decode()}")


def signer(key, cert_pem):
    cert = b64(cert_pem)

    def token(method, target, body):
        text = f"{method}.{b64(target.encode())}.{b64(body)}.{cert}".encode()
        r, s = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
        return cert + "." + b64(encode_dss_signature(r, min(s, N - s)))

    return token


def enroll(member):
    key = new_key(member.get("key", "p256"))
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, member["id"])]))
    csr = csr.sign(key, None if member.get("key") == "ed25519" else hashes.SHA256())
    body = {"certificate_request": csr.public_bytes(serialization.Encoding.PEM).decode(), **member.get("enroll", {})}
    result = call("enroll", body, "Basic " + b64(f"{member['id']}:{member['secret']}".encode()))
    folder = os.path.join(FOLDER, member["name"])
    os.makedirs(folder, exist_ok=True)
    cert, chain = base64.b64decode(result["Cert"]), base64.b64decode(result["ServerInfo"]["CAChain"])
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for name, text in (("key.pem", pem), ("cert.pem", cert), ("chain.pem", chain)):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(text)
    return key, cert


admin = signer(*enroll({"name": "admin", "id": "admin", "secret": "adminpw"}))
for member in ORDERS.get("members", []):
    if "register" in member:
        answer = call("register", {"id": member["id"], "max_enrollments": -1, **member["register"]}, admin)
        member["secret"] = answer["secret"]
    enroll(member)
    if "revoke" in member:
        call("revoke", {"id": member["id"], "reason": member["revoke"]}, admin)
if ORDERS.get("crl"):
    with open(os.path.join(FOLDER, "crl.pem"), "wb") as file:
        file.write(base64.b64decode(call("gencrl", {}, admin)["CRL"]))
