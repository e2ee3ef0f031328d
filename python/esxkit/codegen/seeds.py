# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Makes replies in which every field of the tables is filled: seeds for the fuzzer, food for tests."""

from __future__ import annotations

from xml.sax.saxutils import escape

from esxkit.codegen.closure import Closure
from esxkit.model.vim import Field, Kind, Method

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soapenv:Envelope xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"\n'
    ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"\n'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"\n'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
    "<soapenv:Body>\n{}\n</soapenv:Body>\n</soapenv:Envelope>\n"
)

_TEXTS = {
    "boolean": "true",
    "byte": "-128",
    "short": "-7",
    "int": "2147483647",
    "long": "9007199254740993",
    "float": "0.5",
    "double": "-1.25E10",
    "dateTime": "2024-02-29T12:00:00.000001Z",
    "anyURI": "https://127.0.0.1/sdk",
    "base64Binary": "AAEC",
}

_DEEPEST = 5
"""How far objects are filled within each other; types refer to themselves."""


def print_seeds(closure: Closure) -> dict[str, str]:
    """File name to text: one reply a method, one of all types as properties, one of all faults."""
    writer = _Writer(closure)
    seeds = {f"{method.name}.xml": writer.response(method) for method, _replay in closure.methods}
    names = sorted(found.name for found in closure.types)
    seeds["types.xml"] = writer.properties([name for name in names if name not in closure.faults])
    seeds["faults.xml"] = writer.properties([name for name in names if name in closure.faults])
    seeds["arrays.xml"] = writer.arrays()
    if "MethodFault" in closure.faults:
        seeds["fault.xml"] = writer.fault(sorted(closure.faults)[0])
    return seeds


class _Writer:
    def __init__(self, closure: Closure) -> None:
        self.types = {found.name: found for found in closure.types}

    def fields(self, type_name: str) -> list[Field]:
        found = self.types[type_name]
        inherited = self.fields(found.parent) if found.parent else []
        return [*inherited, *found.fields]

    def response(self, method: Method) -> str:
        result = self.field(method.result, 0) if method.result else ""
        name = f"{method.name}Response"
        return _ENVELOPE.format(f'<{name} xmlns="urn:vim25">{result}</{name}>')

    def properties(self, type_names: list[str]) -> str:
        values = [f'<val xsi:type="{name}">{self.body(name, 3)}</val>' for name in type_names]
        return self.retrieved(values)

    def arrays(self) -> str:
        values = [
            f'<val xsi:type="ArrayOf{name.title()}"><{name} xsi:type="xsd:{name}">{text}</{name}></val>'
            for name, text in (("string", "a &lt; b"), ("int", "1"), ("long", "2"), ("boolean", "0"), ("byte", "-1"))
        ]
        reference = (
            '<ManagedObjectReference type="Datastore" xsi:type="ManagedObjectReference">d</ManagedObjectReference>'
        )
        values.append(f'<val xsi:type="ArrayOfManagedObjectReference">{reference}</val>')
        values.append('<val xsi:type="ArrayOfAnyType"><anyType xsi:type="xsd:int">1</anyType></val>')
        values.append('<val xsi:type="ArrayOfUnheardOf"><UnheardOf>a</UnheardOf><UnheardOf/></val>')
        values.append('<val><unheard><of/></unheard></val><val type="Folder">f</val><val>text</val>')
        values.append('<val xsi:nil="true"/>')
        return self.retrieved(values)

    def retrieved(self, values: list[str]) -> str:
        sets = "".join(f"<propSet><name>p{i}</name>{value}</propSet>" for i, value in enumerate(values))
        content = f'<objects><obj type="Datastore">ds</obj>{sets}</objects>'
        return _ENVELOPE.format(
            f'<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval>{content}</returnval>'
            "</RetrievePropertiesExResponse>"
        )

    def fault(self, name: str) -> str:
        detail = f'<{name}Fault xmlns="urn:vim25" xsi:type="{name}">{self.body(name, 3)}</{name}Fault>'
        return _ENVELOPE.format(
            "<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>It failed.</faultstring>"
            f"<detail>{detail}</detail></soapenv:Fault>"
        )

    def body(self, type_name: str, depth: int) -> str:
        return "".join(self.field(field, depth) for field in self.fields(type_name))

    def field(self, field: Field, depth: int) -> str:
        one = self.value(field, depth)
        return one * 2 if field.array and depth < 2 else one

    def value(self, field: Field, depth: int) -> str:
        if field.kind is Kind.OBJECT:
            if depth >= _DEEPEST:
                return ""
            return f"<{field.name}>{self.body(field.type, depth + 1)}</{field.name}>"
        if field.kind is Kind.MOREF:
            return f'<{field.name} type="{field.type}">{field.type.lower()}-1</{field.name}>'
        if field.kind is Kind.ANY:
            return f'<{field.name} xsi:type="xsd:string">any</{field.name}>'
        return f"<{field.name}>{escape(_TEXTS.get(field.type, f'{field.name} &'))}</{field.name}>"
