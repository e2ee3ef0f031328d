# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Certificates of the fake: a fresh CA for each folder, and server certificates good and bad."""

from __future__ import annotations

import datetime
import hashlib
import ssl
from pathlib import Path

import attrs
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOSTILE = "\x1b[31m\x07\x9b\u202eevil\u2028\u200f\x7f"
"""What the names of hostile certificates end with."""

_NAMES = ("127.0.0.1", "::1", "localhost", "esx1.example.org")


@attrs.frozen
class Certificates:
    """What the server uses and what a client may be told."""

    context: ssl.SSLContext
    cacert: Path
    sha256: str
    sha1: str


def make(kind: str, folder: Path) -> Certificates:
    """Certificates of a kind, one of options.CERTIFICATES; PEM files go to `folder`.

    The hostile ones have controls and marks of direction in their names, of the server and of the authority:
    "hostile" in the alternative names and the subject, "hostile-subject" in the subject alone.

    cacert is always the CA's own file, also where the server's certificate is not signed by it. Those that
    are in the folder already are used again, whatever their kind.
    """
    cacert, chain = folder / "ca.pem", folder / "server.pem"
    if not chain.exists():
        _write(kind, cacert, chain)
    pem = chain.read_bytes()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(chain)
    certificate = pem[pem.index(b"-----BEGIN CERTIFICATE") :].split(b"-----END CERTIFICATE-----")[0]
    der = ssl.PEM_cert_to_DER_cert(certificate.decode() + "-----END CERTIFICATE-----\n")
    return Certificates(context, cacert, _colons(hashlib.sha256(der)), _colons(hashlib.sha1(der)))


def _write(kind: str, cacert: Path, chain: Path) -> None:
    if kind.startswith("hostile"):
        _write_hostile(cacert, chain, alternative=kind == "hostile")
        return
    authority = trustme.CA(organization_name="esxkit fake")
    authority.cert_pem.write_to_path(cacert)
    if kind == "selfsigned":
        pem = _self_signed()
    else:
        names = ("wrong.example.net",) if kind == "wronghost" else _NAMES
        past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=2)
        leaf = authority.issue_cert(*names, not_after=past if kind == "expired" else None)
        pem = leaf.private_key_and_cert_chain_pem.bytes()
    chain.touch(mode=0o600)
    chain.write_bytes(pem)


def _colons(digest: hashlib._Hash) -> str:
    return ":".join(f"{byte:02X}" for byte in digest.digest())


def _self_signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost.localdomain")])
    certificate = _builder(name, name, key).sign(key, hashes.SHA256())
    return _private(key) + certificate.public_bytes(serialization.Encoding.PEM)


def _write_hostile(cacert: Path, chain: Path, alternative: bool) -> None:
    own, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer, subject = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{who}{HOSTILE}", _validate=False)])
        for who in ("authority", "server")
    )
    authority = (
        _builder(issuer, issuer, own)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(own, hashes.SHA256())
    )
    builder = _builder(subject, issuer, own=key)
    if alternative:
        # As bytes of the certificate: no client may take them for the ASCII that they have to be.
        name = x509.DNSName._init_without_validation(f"name{HOSTILE}")
        builder = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False)
    cacert.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    chain.touch(mode=0o600)
    chain.write_bytes(_private(key) + builder.sign(own, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def _builder(subject: x509.Name, issuer: x509.Name, own: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
