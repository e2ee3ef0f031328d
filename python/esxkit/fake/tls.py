# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors

"""Certificates of the fake: a fresh CA for each folder, and server certificates good and bad."""

import datetime
import hashlib
import ssl
from pathlib import Path

import attrs
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_NAMES = ("127.0.0.1", "::1", "localhost", "esx1.example.org")


@attrs.frozen
class Certificates:
    """What the server uses and what a client may be told."""

    context: ssl.SSLContext
    cacert: Path
    sha256: str
    sha1: str


def make(kind: str, folder: Path) -> Certificates:
    """Certificates of a kind: good, selfsigned, expired or wronghost; PEM files go to `folder`.

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


def _colons(digest: "hashlib._Hash") -> str:
    return ":".join(f"{byte:02X}" for byte in digest.digest())


def _self_signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost.localdomain")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
