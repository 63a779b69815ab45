"""The catalogue in the forms that harvesters read, each made once while nothing changes."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

_MOST_KEPT = 32


class Form(StrEnum):
    """A form of RDF, by the ending of its address."""

    jsonld = "jsonld"
    ttl = "ttl"
    rdf = "rdf"


MEDIA = {Form.jsonld: "application/ld+json", Form.ttl: "text/turtle", Form.rdf: "application/rdf+xml"}
_kept: OrderedDict[str, bytes] = OrderedDict()  # by a tag that changes whenever the text would


async def kept(tag: str, form: Form, document: Callable[[], Awaitable[dict[str, Any]]]) -> bytes:
    """The text with this tag: kept from before, or made of the JSON-LD document in a thread."""
    body = _kept.get(tag)
    if body is None:
        body = await asyncio.to_thread(written, await document(), form)
        _kept[tag] = body
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return body


def written(document: dict[str, Any], form: Form) -> bytes:
    """A JSON-LD document in one of the forms."""
    if form is Form.jsonld:
        return json.dumps(document, ensure_ascii=False).encode()
    from rdflib import RDF, Graph  # noqa: PLC0415 - heavy, and most processes never need it

    from data_hub.resources.dcat.triples import Triples  # noqa: PLC0415 - it stands on the same library

    graph = Graph(bind_namespaces="none")
    graph.bind("rdf", RDF)
    reader = Triples(document["@context"], graph)
    for node in document["@graph"]:
        reader.node(node)
    return graph.serialize(format={Form.ttl: "turtle", Form.rdf: "xml"}[form], encoding="utf-8")
