"""The triples of a JSON-LD document of ours: nodes with an identifier, texts with a language, typed values, lists."""

from collections.abc import Mapping
from typing import Any

from rdflib import RDF, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node


class Triples:
    """Puts the triples of nodes into a graph. Every key is a prefixed name, every node says its `@id`."""

    def __init__(self, context: Mapping[str, str], graph: Graph) -> None:
        self._context = context
        self._graph = graph
        for prefix, address in context.items():
            graph.bind(prefix, address)

    def node(self, node: Mapping[str, Any]) -> URIRef:
        """Add a node and all that hangs on it."""
        subject = URIRef(node["@id"])
        for name, value in node.items():
            values = value if isinstance(value, list) else [value]
            if name == "@type":
                for kind in values:
                    self._graph.add((subject, RDF.type, self._whole(kind)))
            elif name != "@id":
                for one in values:
                    self._graph.add((subject, self._whole(name), self._value(one)))
        return subject

    def _value(self, value: Any) -> Node:
        if not isinstance(value, dict):
            return Literal(value)
        if "@value" in value:
            kind = value.get("@type")
            return Literal(value["@value"], lang=value.get("@language"), datatype=kind and self._whole(kind))
        if "@list" in value:
            head = BNode()
            Collection(self._graph, head, [self._value(one) for one in value["@list"]])
            return head if value["@list"] else RDF.nil
        return self.node(value)

    def _whole(self, name: str) -> URIRef:
        prefix, _, rest = name.partition(":")
        return URIRef(self._context[prefix] + rest)
