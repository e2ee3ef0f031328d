# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Response envelopes: results, faults and the parser's complaints, as hostd and vpxd write them."""

from __future__ import annotations

from typing import Any

from pyVmomi import VmomiSupport as _V

from esxkit.wire.serializer import Serializer, Style, escape

_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def _head(style: Style) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<soapenv:Envelope xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"\n'
        ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"\n'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"\n'
        f' xmlns:{style.xsi_prefix}="{_XSI}">\n'
        "<soapenv:Body>\n"
    )


_TAIL = "\n</soapenv:Body>\n</soapenv:Envelope>"


def encode_response(info: Any, value: Any, serializer: Serializer, namespace: str = "urn:vim25") -> bytes:
    """The 200 body of a method: `info` is its metadata, `value` its result (None: no returnval)."""
    name = info.wsdlName
    body = ""
    if value is not None and info.result is not type(None):
        body = serializer.element("returnval", value, info.result)
    return (
        f'{_head(serializer.style)}<{name}Response xmlns="{namespace}">{body}</{name}Response>{_TAIL}'
    ).encode()


def encode_fault(fault: Any, serializer: Serializer, namespace: str = "urn:vim25") -> bytes:
    """The 500 body of a VI fault. Its message travels in faultstring and nowhere else."""
    out: list[str] = []
    attributes = f' xmlns="{namespace}"'
    serializer.write_fault(out, _V.GetWsdlName(type(fault)) + "Fault", fault, attributes)
    return _fault_envelope(serializer.style, "ServerFaultCode", fault.msg or "", "".join(out))


def encode_parser_fault(message: str, style: Style, code: str = "ClientFaultCode") -> bytes:
    """The 500 body of a request that could not be read: no detail."""
    return _fault_envelope(style, code, message, None)


def _fault_envelope(style: Style, code: str, message: str, detail: str | None) -> bytes:
    inner = "" if detail is None else f"<detail>{detail}</detail>"
    return (
        f"{_head(style)}<soapenv:Fault><faultcode>{code}</faultcode>"
        f"<faultstring>{escape(message)}</faultstring>{inner}</soapenv:Fault>{_TAIL}"
    ).encode()
