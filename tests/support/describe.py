#!/usr/bin/env python3
"""Tells certificates and CRLs as JSON, read by the `cryptography` package.

usage: describe.py FILE...     prints one JSON list, an object for each file in order
"""
import json, sys

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID, ObjectIdentifier

N = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}


def extension(object, kind):
    try:
        return object.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def common(object):
    aki = extension(object, x509.AuthorityKeyIdentifier)
    s = decode_dss_signature(object.signature)[1] if "ecdsa" in object.signature_algorithm_oid._name.lower() else None
    return {
        "aki": aki.key_identifier.hex() if aki and aki.key_identifier else None,
        "issuer": object.issuer.rfc4514_string(),
        "issuer_rdns": len(object.issuer.rdns),
        "s": f"{s:x}" if s is not None else None,
        "s_is_low_for": [curve for curve, n in N.items() if s is not None and s <= n // 2],
        "signature": object.signature_hash_algorithm.name if object.signature_hash_algorithm else None,
        "extensions": [[e.oid.dotted_string, e.critical] for e in object.extensions],
    }


def certificate(one):
    ski, san = extension(one, x509.SubjectKeyIdentifier), extension(one, x509.SubjectAlternativeName)
    usage, extended = extension(one, x509.KeyUsage), extension(one, x509.ExtendedKeyUsage)
    basic = extension(one, x509.BasicConstraints)
    names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"]
    fabric = one.extensions.get_extension_for_oid(ObjectIdentifier("1.2.3.4.5.6.7.8.1")).value.value.decode() if any(
        e.oid.dotted_string == "1.2.3.4.5.6.7.8.1" for e in one.extensions) else None
    return {
        **common(one),
        "version": one.version.name,
        "serial": f"{one.serial_number:x}",
        "subject": one.subject.rfc4514_string(),
        "common_name": [a.value for a in one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)],
        "units": [a.value for a in one.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)],
        "unit_rdns": sum(1 for rdn in one.subject.rdns if rdn.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)),
        "not_before": int(one.not_valid_before_utc.timestamp()),
        "not_after": int(one.not_valid_after_utc.timestamp()),
        "ski": ski.digest.hex() if ski else None,
        "ca": bool(basic and basic.ca),
        "path_length": basic.path_length if basic else None,
        "key_usage": [name for name in names if usage and getattr(usage, name)],
        "extended_key_usage": sorted(oid.dotted_string for oid in extended) if extended else [],
        "names": [str(name.value) for name in san] if san else [],
        "attributes": json.loads(fabric)["attrs"] if fabric is not None else None,
    }


def crl(one):
    return {
        **common(one),
        "this_update": int(one.last_update_utc.timestamp()),
        "next_update": int(one.next_update_utc.timestamp()),
        "serials": [f"{entry.serial_number:x}" for entry in one],
    }


def describe(path):
    with open(path, "rb") as file:
        text = file.read()
    blocks = text.count(b"-----BEGIN ")
    if b"BEGIN X509 CRL" in text:
        told = crl(x509.load_pem_x509_crl(text))
    else:
        told = certificate(x509.load_pem_x509_certificate(text))
    return {"blocks": blocks, "starts": text.decode().splitlines()[0], **told}


print(json.dumps([describe(path) for path in sys.argv[1:]]))
