"""Codebooks (.qdc): what is written keeps to the standard, and is read back."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

import steelyard as sy
from test_qda import GUID, rich

_GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# What the standard (REFI-QDA 1.5, section 5.2) says of each element of a codebook: attributes that it must have, those
# that it may have, as patterns, and the order of its children.
CODEBOOK: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "CodeBook": ({}, {"origin": ".*"}, "Codes (Sets )?"),
    "Codes": ({}, {}, "(Code )+"),
    "Code": (
        {"guid": _GUID, "name": ".*", "isCodable": "true|false"},
        {"color": "#([0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})"},
        "(Description )?(Code )*",
    ),
    "Sets": ({}, {}, "(Set )+"),
    "Set": ({"guid": _GUID, "name": ".*"}, {}, "(Description )?(MemberCode )*"),
    "MemberCode": ({"guid": _GUID}, {}, ""),
    "Description": ({}, {}, ""),
}


def breaches(element: Any, expected: str = "CodeBook") -> list[str]:
    """Return where a codebook breaks the standard."""
    space, _, name = element.tag.rpartition("}")
    if (space, name) != ("{urn:QDA-XML:codebook:1.0", expected):
        return [f"{element.tag} instead of {expected}"]
    must, may, order = CODEBOOK[name]
    found = [f"{name} without {key}" for key in must if key not in element.attrib]
    for key, value in element.attrib.items():
        if not re.fullmatch({**must, **may}.get(key, "(?!)"), value, re.DOTALL):
            found.append(f"{name} with {key}={value!r}")
    children = [child.tag.rpartition("}")[2] for child in element]
    if not re.fullmatch(order, "".join(f"{child} " for child in children)):
        found.append(f"{name} holds {children}")
        return found
    return found + [breach for child, kind in zip(element, children, strict=True) for breach in breaches(child, kind)]


@pytest.mark.parametrize("which", ["rich", "bare"])
def test_a_codebook_keeps_to_the_standard(which: str, tmp_path: Path) -> None:
    corpus = rich() if which == "rich" else sy.Corpus(codes=[{"id": "1", "name": "<a> & 'b'"}])
    path = tmp_path / "codes.qdc"
    corpus.write_qda(path)
    root = ElementTree.fromstring(path.read_bytes())
    assert breaches(root) == []
    codes = {e.get("guid") for e in root.iter("{urn:QDA-XML:codebook:1.0}Code")}
    members = [e.get("guid") for e in root.iter("{urn:QDA-XML:codebook:1.0}MemberCode")]
    assert len(codes) == len(corpus.codes)
    assert codes >= set(members)


@pytest.mark.parametrize(
    ("told", "breach"),
    [
        ("<Codes><Code guid='G' name='a'/></Codes>", "Code without isCodable"),
        ("<Codes><Code guid='1' name='a' isCodable='true'/></Codes>", "Code with guid='1'"),
        ("<Codes><Code guid='G' name='a' isCodable='true' color='red'/></Codes>", "Code with color='red'"),
        ("<Codes><Code guid='G' name='a' isCodable='true' id='1'/></Codes>", "Code with id='1'"),
        ("<Sets/><Codes/>", "CodeBook holds ['Sets', 'Codes']"),
        ("<Codes><Code guid='G' name='a' isCodable='true'><Code/><Description/></Code></Codes>", "Code holds"),
    ],
)
def test_the_check_of_codebooks_finds_breaches(told: str, breach: str) -> None:
    text = f"<CodeBook xmlns='urn:QDA-XML:codebook:1.0'>{told}</CodeBook>".replace("'G'", f"'{GUID.format(1)}'")
    assert any(found.startswith(breach) for found in breaches(ElementTree.fromstring(text)))


def test_a_codebook_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "codes.qdc"
    assert rich().write_qda(path)[-1] == "a codebook holds codes and themes only"
    text = path.read_text(encoding="utf-8")
    assert text.startswith(
        '<?xml version="1.0" encoding="utf-8"?>\n<CodeBook xmlns="urn:QDA-XML:codebook:1.0" origin="Steelyard'
    )
    found = sy.read_qda(path)
    assert [(c.name, c.codable) for c in found.codes] == [("time", True), ("call", False), ("c3", True)]
    assert found.themes[0].codes == (found.codes[0].id,)
    mac = text.replace("codebook:1.0", "codebook:1:0")
    path.write_text(mac, encoding="utf-8")
    assert any("namespace urn:QDA-XML:codebook:1:0 instead of" in note for note in sy.read_qda(path).notes)
