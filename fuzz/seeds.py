#!/usr/bin/env python3
"""Writes the first inputs of every fuzz target into fuzz/corpus/: from the exchanges recorded with the real Fabric CA
(tests/vectors/fabric-ca), from src/pki/testdata, and small ones made here. What fuzzing finds is added by `fuzz/run --minimize`.

usage: fuzz/seeds.py          (needs Python with `cryptography`: tests/.cache/venv/bin/python fuzz/seeds.py)
"""

import base64
import hashlib
import json
import os
import struct
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz/corpus"
FABRIC = ROOT / "tests/vectors/fabric-ca"
TESTDATA = ROOT / "src/pki/testdata"
BODIES = {
    "/enroll": "enroll_body",
    "/reenroll": "enroll_body",
    "/register": "register_body",
    "/identities": "register_body",
    "/revoke": "revoke_body",
    "/gencrl": "gencrl_body",
    "/affiliations": "affiliation_body",
}


def put(target, octets):
    if isinstance(octets, str):
        octets = octets.encode()
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    if len(octets) < 16384:
        (folder / hashlib.sha1(octets).hexdigest()[:16]).write_bytes(octets)


def verdicts():
    body = '{"items": []}'
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    parameters = 'created=1618884473;nonce="0123456789abcdef";keyid="0a0b.01ff"'
    for covered, target, text in [
        ('"@method" "@path" "@query" "content-digest"', "/api/v2/verify?a=b", body),
        ('"@method" "@request-target"', "/api/v2/channels", ""),
        ('"@method" "@authority" "@path" "x-other"', "/api/v2/channels", ""),
        ('"@path";req "@method"', "/api/v2/channels", ""),
    ]:
        lines = [target, "host: localhost:7054", "x-other: a", "x-other: b"]
        lines += [f"content-digest: sha-256=:{digest}:"] if text else []
        lines += [f"signature-input: sig1=({covered});{parameters}", "signature: sig1=:AQID:"]
        put("message_signature", "\n".join(lines) + "\n\n" + text)
    signature = {"identity": 0, "signature": "cw=="}
    named = {"msp_id": "Org1MSP", "certificate": "-----BEGIN CERTIFICATE-----\n"}
    for request in [
        {"items": []},
        {"identities": ["aWQ="], "explain": True, "items": [{"rule": "OR('A.peer')", "message": "bQ==", "signatures": [signature]}]},
        {"channel": "supply", "items": [{"policy": "/Channel/Writers", "signatures": [{"identity": named, "message": "", "signature": "cw=="}]}]},
        {"identities": [named], "items": [{"resource": "peer/Propose", "message": "bQ", "signatures": [signature]}, {"signatures": []}]},
        {"identities": [3], "items": [{"signature": []}]},
    ]:
        put("verify_body", json.dumps(request))


def recorded():
    shapes, seen = set(), set()
    for path in sorted(FABRIC.glob("*.json")):
        for exchange in json.loads(path.read_text()).get("recorded", []):
            request = exchange["request"]
            target = request["target"]
            where = target.split("?")[0].removeprefix("/api/v1")
            body = json.dumps(request["json"]) if "json" in request else request.get("text", "")
            name = next((name for prefix, name in BODIES.items() if where.startswith(prefix)), None)
            if where.rsplit("/", 1)[0] not in seen:
                seen.add(where.rsplit("/", 1)[0])
                put("path", target)
            query = target.partition("?")[2]
            parameters = tuple(sorted(part.split("=")[0] for part in query.split("&")))
            if query and parameters not in shapes:
                shapes.add(parameters)
                put("query", query)
            try:
                shape = (name, tuple(sorted(json.loads(body))))
            except (ValueError, TypeError):
                shape = (name, body[:12])
            if name and body and shape not in shapes:
                shapes.add(shape)
                put(name, body)
            for header, value in request["headers"]:
                kind = ("Authorization", value.count("."), value[:6] == "Basic ", len(value) // 400)
                if header == "Authorization" and kind not in shapes:
                    shapes.add(kind)
                    put("authorization", value)


def name(**fields):
    oids = {
        "CN": NameOID.COMMON_NAME,
        "C": NameOID.COUNTRY_NAME,
        "O": NameOID.ORGANIZATION_NAME,
        "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
        "L": NameOID.LOCALITY_NAME,
        "SN": NameOID.SERIAL_NUMBER,
    }
    return x509.Name([x509.NameAttribute(oids[key], value) for key, value in fields.items()])


def requests():
    names = [x509.DNSName("peer0.example.com"), x509.RFC822Name("a@example.com"), x509.UniformResourceIdentifier("https://x.org/")]
    subject = name(C="US", O="Org", OU="client", CN="peer0")
    extensions = [
        [x509.SubjectAlternativeName(names)],
        [x509.BasicConstraints(ca=True, path_length=0)],
        [],
    ]
    keys = [ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()]
    keys.append(rsa.generate_private_key(65537, 2048))
    for key in keys:
        for of in extensions:
            builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
            for extension in of:
                builder = builder.add_extension(extension, critical=False)
            digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
            request = builder.sign(key, digest)
            put("csr", request.public_bytes(serialization.Encoding.DER))
            if key is keys[0]:
                text = request.public_bytes(serialization.Encoding.PEM)
                put("csr", text)
                put("pem", text)
                put("enroll_body", json.dumps({"certificate_request": text.decode(), "hosts": ["a.b", "10.0.0.1"], "attr_reqs": [None, {"name": "x", "optional": True}],
                                               "subject": {"CN": "peer0", "names": [{"C": "US", "O": "x"}], "SerialNumber": "7"}, "NotBefore": "2030-01-02T03:04:05Z", "profile": "tls", "caname": "ca"}))
                attributes = certify_attributes(request)
                for hosts in (b"", b"peer0.example.com\n10.0.0.1\n::1", b"a@b.c\nhttps://x.org/y"):
                    der = subject.public_bytes()
                    put("certify", struct.pack(">H", len(der)) + der + struct.pack(">H", len(attributes)) + attributes + hosts)
    for text in TESTDATA.glob("*.csr"):
        put("csr", text.read_bytes())


def certify_attributes(request):
    """The content of `[0] attributes` of a request."""
    info = request.tbs_certrequest_bytes
    at = info.rindex(b"\xa0") if b"\xa0" in info else len(info)
    for at in range(len(info)):
        if info[at] == 0xA0 and (length := info[at + 1]) < 0x80 and at + 2 + length == len(info):
            return info[at + 2 :]
    return b""


def certificates():
    from datetime import datetime, timedelta

    key = ec.generate_private_key(ec.SECP256R1())
    for extensions in ([], [x509.BasicConstraints(True, 1), x509.SubjectAlternativeName([x509.DNSName("x.org")])]):
        builder = x509.CertificateBuilder(name(CN="issuer"), name(CN="subject", OU="peer"), key.public_key(), 1234567, datetime(2029, 1, 1), datetime(2059, 1, 1))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        certificate = builder.sign(key, hashes.SHA256())
        put("certificate", certificate.public_bytes(serialization.Encoding.DER))
        put("name", certificate.subject.public_bytes())
    for count in (0, 1, 3):
        builder = x509.CertificateRevocationListBuilder().issuer_name(name(CN="issuer"))
        builder = builder.last_update(datetime(2030, 1, 1)).next_update(datetime(2030, 1, 1) + timedelta(days=1))
        builder = builder.add_extension(x509.CRLNumber(7), critical=False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        for serial in range(1, count + 1):
            entry = x509.RevokedCertificateBuilder(serial, datetime(2029, 5, 5))
            if serial > 1:
                entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            if serial > 2:
                entry = entry.add_extension(x509.InvalidityDate(datetime(2029, 1, 1)), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        crl = builder.sign(key, hashes.SHA256())
        put("crl", crl.public_bytes(serialization.Encoding.DER))
        put("pem", crl.public_bytes(serialization.Encoding.PEM).replace(b"BEGIN X509", b"BEGIN X509"))
    for path in sorted(TESTDATA.glob("*.pem")) + [TESTDATA / "fabric.crl"]:
        text = path.read_text()
        put("pem", text)
        der = base64.b64decode("".join(line for line in text.split("-----")[2].split()))
        put("crl" if path.suffix == ".crl" else "certificate", der)
    chain = (TESTDATA / "fabric-member.pem").read_text() + "text between\r\n" + (TESTDATA / "fabric-root.pem").read_text()
    put("pem", chain.replace("\n", "\r\n"))
    put("pem", "-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END X-----\n")
    for fields in ({"CN": "a"}, {"C": "US", "O": "ä,+\"\\<>;= #", "OU": "client", "CN": "peer0", "SN": "7"}, {"L": "x" * 100}):
        put("name", name(**fields).public_bytes())
    put("name", bytes.fromhex("3015311330080603550403130161300706035504030c00"))
    names = x509.SubjectAlternativeName([x509.DNSName("*.x.org"), x509.RFC822Name("a@b.c"), x509.UniformResourceIdentifier("ldap://x")])
    put("name", names.public_bytes())
    put("name", bytes.fromhex("3018870410000001871020010db8000000000000000000000001"))


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def text(value):
    return varint(len(value)) + value.encode()


def frame(body):
    return struct.pack(">I", len(body)) + body


def protocol():
    hello = frame(b"chancery" + varint(1))
    key = bytes(range(32))
    sign = lambda purpose, message: b"\x00" + key + purpose + message
    whole = b"\x00" + varint(5) + b"hello"
    digests = b"\x01" + bytes(32) + varint(48) + bytes(48)
    asks = [sign(bytes([purpose]), message) for purpose in (0, 1, 5) for message in (whole, digests)]
    asks += [sign(text("certificate"), whole), b"\x01" + key + varint(3) + b"abc", b"\x03", b"\x04", b"\x05", b"\x06" + varint(1)]
    asks += [b"\x02" + text("ca") + text("p256") + varint(2) + text("certificate") + text("crl"), b"\x02" + text("ca") + text("p256") + varint(2) + b"\x00\x01"]
    request = lambda number, ask, deadline=1000: frame(varint(number) + varint(deadline) + ask)
    for at, ask in enumerate(asks):
        put("signer_end", hello + request(at + 1, ask))
    put("signer_end", hello + b"".join(request(at + 1, ask) for at, ask in enumerate(asks)))
    put("signer_end", hello + request(1, b"\x04", 0) + request(1, b"\x06\x01"))
    put("signer_end", frame(b"chancery" + varint(2)))
    put("signer_end", b"\x00\x10\x00\x01")
    welcome = frame(varint(1) + varint(77) + varint(64) + b"\x01")
    reply = lambda number, answer: frame(varint(number) + answer)
    ok, no = b"\x00", b"\x01"
    health = ok + b"\x05" + varint(7) + b"\x01" + text("") + varint(1) + b"\x01" + text("t") + text("1") + text("/m.so") + bytes([2, 0, 0, 0, 9, 1])
    answers = [ok + b"\x00" + varint(4) + b"\x30\x02\x01\x01", ok + b"\x01" + bytes(32), ok + b"\x03\x00", health]
    answers += [no + bytes([kind]) for kind in range(3)] + [no + b"\x03" + text("ca") + b"\x00", no + b"\x05" + text("why")]
    answers += [no + b"\x09" + varint(50) + text("why"), no + b"\x0a" + text("pin"), no + b"\x08" + text("sign") + b"\x00" + text("CKR")]
    for at, answer in enumerate(answers):
        put("service_end", welcome + reply(at % 4 + 1, answer))
    put("service_end", welcome + b"".join(reply(at % 5, answer) for at, answer in enumerate(answers)))
    put("service_end", welcome)
    put("service_end", frame(varint(2) + varint(77) + varint(64) + b"\x01"))


def field(number, content):
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content



def documents():
    """Documents of channels and collections."""
    channel = 'kind: channel\nid: supply\ncapabilities: {channel: [V2_0], orderer: [V2_0], application: [V2_5]}\npolicies: {application: {Audit: "OutOf(2, \'A.admin\', \'B.peer\')"}}\norganizations:\n  - &org {name: Org1, msp_id: A, sections: [application, orderer], msp: msp, anchor_peers: [\'p:7051\'], endpoints: [\'o:7050\']}\norderer:\n  type: etcdraft\n  batch_size: {absolute_max_bytes: 9 MB}\n  consenters: [{host: o, port: 7050, client_tls: tls.pem, server_tls: tls.pem}]\nacls: {peer/Propose: Writers}\n'
    put("document", channel)
    solo = channel.replace("etcdraft", "solo").split("  consenters")[0]
    put("document", solo + "acls: {peer/Propose: Writers}\nsequence: 3\nversions: {group /Channel: 3}\nraw: {value /Channel/Consortium: CgFj}\n")
    put("document", 'kind: collections\nchaincodes:\n  a:\n    - {name: b, members: [A, B], max_peer_count: 1, endorsement: /Channel/Application/Endorsement}\n    - {name: c, members: "OR(\'A.peer\', \'B.admin\')", required_peer_count: 1, max_peer_count: 2, block_to_live: 9, member_only_read: false, endorsement: "AND(\'A.peer\')"}\n')
    put("document", "kind: [channel")


def profiles_of_channels():
    """Files with a profile `P`: each kind of orderers, merges, loose kinds, and what is refused."""
    policies = "{Readers: {Type: ImplicitMeta, Rule: ANY Readers}, Writers: {Type: Signature, Rule: \"OR('M.member')\"}, Admins: {Type: ImplicitMeta, Rule: MAJORITY Admins}}"
    org = "Organizations: [&Org {Name: Org1, ID: M, MSPDir: ./msp, OrdererEndpoints: 'a:1', Policies: &P %s}]\n" % policies
    orderer = "    Orderer: {OrdererType: %s, BatchTimeout: 2s, Policies: {<<: *P, BlockValidation: {Type: ImplicitMeta, Rule: ANY Writers}}, Organizations: [*Org], %s}\n"
    profile = org + "Profiles:\n  P:\n    Policies: *P\n    Capabilities: {%s: true}\n" + orderer + "    %s\n"
    application = "Application: {Policies: *P, Organizations: [{<<: *Org, AnchorPeers: {Host: h, Port: 7051}}], ACLs: {a/b: Admins}, Capabilities: {V2_5: 'true', V2_0: 0}}"
    raft = "EtcdRaft: {Options: {ElectionTick: 0x14}, Consenters: [{Host: o, Port: 1, ClientTLSCert: tls.pem, ServerTLSCert: tls.pem}]}, Capabilities: {V2_0: true}"
    bft = "ConsenterMapping: [{ID: 1, Host: o, Port: 1, MSPID: M, Identity: tls.pem, ClientTLSCert: tls.pem, ServerTLSCert: tls.pem}], SmartBFT: {SyncOnStart: true}"
    put("configtx", profile % ("V2_0", "etcdraft", raft, application))
    put("configtx", profile % ("V3_0", "BFT", bft, application))
    put("configtx", profile % ("V1_4_2", "solo", "Addresses: '[a:1, b:2]', BatchSize: {AbsoluteMaxBytes: 99 MB}, MaxChannels: 1.5", "Consortiums: {C: {Organizations: *Org}}"))
    put("configtx", profile % ("V2_0", "solo", "Colour: blue", application))
    put("configtx", "Profiles: {P: {Consortium: 007}}\n---\n- more")
    documents()


def admissions():
    """Rules of admission with an application: one that lacks little, one that lacks much, rules that are none."""
    rules = "kind: admission\nchannel: channel\napproval: %s\n"
    more = (
        "documents:\n  - {name: licence, description: The licence, media_type: application/pdf}\ncustody: declared\nopen_for_days: 14\n"
        "certificates: {algorithms: [p256, rsa-3072], issuer_lifetime_days: 3650, root_remaining_days: 365, issuer_remaining_days: 90, "
        "node_ous: true, intermediates: true, tls_roots: true, revocation_lists: true, no_listed_admins: true}\n"
    )
    msp = base64.b64encode(field(2, field(1, "OrgMSP"))).decode()
    good = {
        "channel": "channel", "organization": "Org", "msp": msp, "contact": "Ada",
        "documents": [{"name": "licence", "sha256": "ab" * 32, "uri": "https://org/licence"}],
        "policies": {"Readers": "OR('OrgMSP.member')"}, "custody": {"statement": "HSM", "evidence": "licence"},
        "at": "2030-01-01T00:00:00Z",
    }
    put("admission", rules % "MAJORITY Admins" + more + "\0" + json.dumps(good))
    put("admission", rules % "\"OR('A.admin', 'B.admin')\"" + "\0" + json.dumps({**good, "documents": [], "msp": "", "contact": "\n", "at": ""}))
    put("admission", rules % "/Channel/Admins" + "custody: token\n\0" + json.dumps(good))
    put("admission", rules % "&a [*a]" + more)
    put("admission", "kind: collection\n---\nkind: admission\n")


def channels():
    """Configurations without organizations, whose MSPs would be large."""
    entry = lambda number, name, value: field(number, field(1, name) + field(2, value))
    role = lambda msp, number: field(2, field(1, msp) + (field(2, number) if number else b""))
    signed = lambda n, count: field(2, field(1, n) + b"".join(field(2, field(1, index)) for index in range(count)))
    body = lambda kind, value: field(2, field(1, kind) + field(2, value)) + field(3, "Admins")
    envelope = lambda n, roles: body(1, field(2, signed(n, len(roles))) + b"".join(field(3, one) for one in roles))
    meta = lambda rule, name: body(3, field(1, name) + (field(2, rule) if rule else b""))
    admins = entry(4, "Admins", envelope(1, [role("Org1MSP", 1), role("Org2MSP", 1)]))
    writers = entry(4, "Writers", envelope(2, [role("Org1MSP", 2), role("Org1MSP", 0), role("Org3MSP", 3)]))
    acls = entry(3, "ACLs", field(2, field(1, field(1, "event/Block") + field(2, field(1, "Writers")))) + field(3, "Admins"))
    capabilities = entry(3, "Capabilities", field(2, field(1, field(1, "V2_0") + field(2, b""))) + field(3, "Admins"))
    application = entry(2, "Application", admins + writers + acls + capabilities + field(5, "Admins"))
    root = application + capabilities + entry(4, "Admins", meta(2, "Admins")) + entry(4, "Readers", meta(0, "Writers")) + entry(4, "Nobody", meta(1, "Missing")) + field(5, "Admins")
    config = field(1, 3) + field(2, root)
    put("channel_rules", config)
    put("channel_rules", field(2, entry(4, "Admins", envelope(0, []))))
    put("channel_rules", field(1, config) + field(2, field(1, b"x")))
    for kind in (1, 3):
        header = field(1, field(1, kind) + field(4, "trade"))
        data = field(1, field(1, header) + field(2, field(1, config)))
        block = field(1, field(1, 7) + field(2, bytes(32)) + field(3, hashlib.sha256(data).digest())) + field(2, field(1, data)) + field(3, field(1, b"") * 5)
        put("channel_rules", block)
    put("channel_rules", field(1, "trade") + field(2, root) + field(3, root))


def texts():
    for number in range(24):
        put("chain", bytes([number * 3, 100, 1 + number % 3, 18 + number * 7] + [(number * 11 + k * 5) % 90 for k in range(2 + number % 9)]))
    put("chain", bytes([0, 0, 1, 18, 0]))
    minimal = '[server]\nlisten = "127.0.0.1:0"\n[store]\nurl = "sqlite://ca.db"\n[signer]\nmodule = "/m.so"\ntoken = "t"\n[[ca]]\nname = "ca-a"\n'
    put("config", minimal)
    put("config", minimal + '\0SERVER__LISTEN=127.0.0.1:9\0CA__0__LIMITS__MAX_ENROLLMENTS=3\0FABRIC__CORS_ORIGINS=["a"]')
    put("config", minimal + '[ca.root]\n[server.tls]\nhosts = ["x"]\n')
    for path in sorted((ROOT / "tests/cli").glob("*.toml")):
        put("config", path.read_text())
    book = (ROOT / "docs/configuration.md").read_text().split("```toml\n")[1:]
    for block in book:
        put("config", block.split("```")[0])
        put("config", minimal + block.split("```")[0])
    for path in sorted((ROOT / "policies/profiles").glob("*.yaml")):
        put("profile", path.read_text())
    put("profile", "{name: x, description: x, life_seconds: 60, key_usage: [digitalSignature], crl_urls: ['http://x/y'], alternative_names: required, basic_constraints: always}")
    put("profile", "name: &a x\ndescription: *a\nlife_seconds: 0x10\nkey_usage: [digitalSignature]\nextended_key_usage: [serverAuth, clientAuth]\n")
    for uri in (
        "pkcs11:token=chancery;serial=1234?pin-source=file:/etc/pin&module-path=/usr/lib/m.so",
        "pkcs11:object=ca%20root;type=private;id=%01%02%ff;model=x;manufacturer=y",
        "pkcs11:",
        "pkcs11:token=%C3%A9?pin-source=/x",
        "pkcs11:slot-id=1",
        "pkcs11:token=a;token=b?pin-value=1234",
    ):
        put("uri", uri)
    for query in ("ca=ca-a&force=TRUE", "revoked_start=-1h30m&revoked_end=%2B30d", "expired_start=2030-01-02T03:04:05.6%2b01:00&notrevoked=1", "a;b&=c&%zz=1&id=a+b%20c", "id=a&id=b&serial=0A&aki=0b", "expired_end=1.5us&notexpired=t"):
        put("query", query)
    for path in ("/api/v1/identities/a%2Fb", "//x/../enroll?ca=y", "/api/v1/affiliations/org1.department1?force=true", "/identities/%zz", "/identities/%c3%28", "/a/./b/../c/", "http://x/cainfo", "*", "/api/v1/identities/%2e%2e", "/idemix/cri"):
        put("path", path)
    for value in (
        ("authorization", "Basic " + base64.b64encode(b"admin:admin:pw").decode()),
        ("authorization", "Bearer x"),
        ("authorization", "idemix.1.x.y"),
        ("affiliation_body", '{"name": "org1.x", "NAME": "b", "caname": "ca"}'),
        ("affiliation_body", '{"Name": "old", "name": "new"}'),
        ("register_body", '{"id": "a", "type": "peer", "secret": "s", "max_enrollments": -1, "affiliation": ".", "attrs": [{"name": "a", "value": "b", "ecert": true}, null]}'),
        ("register_body", '{"ID": "a/\\u00e9\\ud83d\\ude00\\ud800", "max_enrollments": 1e3}'),
        ("revoke_body", '{"id": "", "serial": "0A", "aki": "0b", "reason": "keycompromise", "gencrl": true}'),
        ("gencrl_body", '{"revokedafter": "2030-01-01T00:00:00+0000", "expirebefore": "0001-01-01T00:00:00Z", "caname": null}'),
        ("gencrl_body", '{"revokedbefore": "0000-01-01T00:00:00+23:59", "expireafter": "9999-12-31T23:59:59,9-24:00"}'),
    ):
        put(*value)
    words = ["ca-org1", "0a1b", "org1.department1", "2030-01-02T03:04:05Z", "certificate", "keyCompromise", "cessationOfOperation", "10.0.0.1", "::1", "a@b.c", "https://x/y", "::ffff:1.2.3.4", "00ff"]
    words.append(f"2030-01-02T03:04:05Z {'ab' * 32} crl {'01' * 32}")
    words.append(f"2030-01-02T03:04:05Z {'ab' * 32} certificate {'01' * 32} {'02' * 48}")
    for word in words:
        put("words", word)


def field(number, content):
    """A field of a protobuf message: a number, or octets with their length."""
    if isinstance(content, int):
        return bytes([number << 3]) + varint(content)
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def entry(number, name, content):
    return field(number, field(1, name) + field(2, content))


def updates():
    """Updates of the small channel in fuzz/src/channel.rs, and the smallest of Fabric's configurations."""

    def update(read, write, *signers, channel="channel"):
        sets = (field(2, read) if read is not None else b"") + field(3, write)
        signed = b"".join(field(2, field(1, field(1, who)) + field(2, "y")) for who in signers)
        put("config_update", field(1, field(1, channel) + sets) + signed)

    timeout = lambda text, version=1: field(1, version) + field(2, field(1, text)) + field(3, "Admins")
    in_orderer = lambda content: entry(2, "Orderer", content)
    write = in_orderer(entry(3, "BatchTimeout", timeout("1500ms")))
    update(in_orderer(b""), write, "C.admin")
    update(in_orderer(b""), write, "A.admin", "B.admin")
    update(None, write, "C.admin")
    update(in_orderer(b""), write, "C.admin", channel="other")
    update(in_orderer(b""), in_orderer(entry(3, "BatchTimeout", timeout("2", 2))), "C.admin")
    # A policy joins the application: its group says which members it has.
    policy = field(2, field(1, 3) + field(2, field(1, "Admins"))) + field(3, "Admins")
    have = entry(4, "Admins", b"") + entry(3, "Capabilities", b"")
    grown = field(1, 1) + have + entry(4, "Readers", policy) + field(5, "Admins")
    update(entry(2, "Application", have), entry(2, "Application", grown), "A.admin")
    update(entry(2, "Application", have), entry(2, "Application", field(1, 1) + have + field(5, "a_b")), "A.admin")
    # The root is changed by both, and keeps all that it lists.
    root = entry(2, "Application", b"") + entry(2, "Orderer", b"")
    root += b"".join(entry(3, name, b"") for name in ("BlockDataHashingStructure", "Capabilities", "HashingAlgorithm"))
    root += b"".join(entry(4, name, b"") for name in ("Admins", "Any"))
    update(root, field(1, 1) + root + field(5, "Any"), "A.admin", "B.admin")
    update(root, field(1, 1) + field(5, "/Channel"), "A.admin", "B.admin")

    put("channel_rules", b"")
    put("channel_rules", field(1, 7) + field(2, field(5, "Admins")))
    vectors = Path(os.environ.get("CHANCERY_MSP_VECTORS", ROOT / "../shared/vectors/msp"))
    for family in ("channel-config", "compute-update"):
        path = vectors / f"{family}.json"
        if not path.exists():
            print(f"{path} is not there: no configurations from it", file=sys.stderr)
            continue
        configs = json.loads(path.read_text())["tables"]["configs"].values()
        for octets in sorted((base64.b64decode(text) for text in configs), key=len)[:4]:
            put("channel_rules", octets)


def orderers():
    """Answers to somebody who walks back from the newest block: configurations and transactions, good and bad."""
    status = lambda number: field(1, number)

    def block(number, data, last, previous=bytes(32)):
        header = (field(1, number) if number else b"") + field(2, previous) + field(3, hashlib.sha256(data).digest())
        signed = field(1, field(1, field(1, last) if last else b"")) + field(2, field(1, field(1, b"who")) + field(2, b"s"))
        return field(2, field(1, header) + field(2, field(1, data)) + field(3, field(1, signed) + field(1, b"") * 4))

    def entry(kind, content, channel="channel"):
        header = field(1, field(1, kind) + field(4, channel))
        return field(1, field(1, header) + (field(2, content) if content else b""))

    def config(sequence, name="Admins"):
        return entry(1, field(1, field(1, sequence) + field(2, field(5, name))) + field(2, field(1, b"x")))

    def answers(*all):
        put("orderer_answers", b"".join(struct.pack(">H", len(one)) + one for one in all))

    transaction = entry(3, b"t")
    answers(status(404))
    answers(block(0, config(3), 0))
    answers(block(7, transaction, 5), block(5, config(3), 5))
    answers(block(7, transaction, 5), block(5, config(5), 5), block(4, transaction, 2), block(2, config(4), 2))
    answers(block(7, config(6), 7), block(6, config(5), 6), block(5, config(4), 5))
    answers(block(7, transaction, 9))
    answers(block(7, transaction, 5), block(6, config(4), 6))
    answers(block(7, entry(3, b"t", "another"), 5))
    answers(block(7, transaction, 5), block(5, transaction, 5))
    answers(block(2, transaction, 1), block(1, config(2, ""), 1), status(200))
    put("orderer_answers", field(1, 200) + field(2, "why"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    recorded()
    requests()
    certificates()
    protocol()
    channels()
    verdicts()
    profiles_of_channels()
    admissions()
    texts()
    updates()
    orderers()
    for folder in sorted(CORPUS.iterdir()):
        files = list(folder.iterdir())
        print(f"{folder.name}: {len(files)} inputs, {sum(file.stat().st_size for file in files)} octets")
