"""Which of the standard's media types a reader gets for what she accepts (RFC 9110 §12.5.1); pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offer:
    """A form of an answer: its media type, its version, and what writes it."""

    media: str
    version: str | None
    form: str

    @property
    def content_type(self) -> str:
        """The header of an answer in this form."""
        return f"{self.media};version={self.version}" if self.version else f"{self.media}; charset=utf-8"


_VND = "application/vnd.sdmx."
# In the order of preference: what stands first answers `*/*`, and of one media type the first answers no version.
DATA = (
    Offer(f"{_VND}structurespecificdata+xml", "2.1", "specific"),
    Offer(f"{_VND}genericdata+xml", "2.1", "generic"),
    Offer(f"{_VND}structurespecifictimeseriesdata+xml", "2.1", "specific-ts"),
    Offer(f"{_VND}generictimeseriesdata+xml", "2.1", "generic-ts"),
    Offer(f"{_VND}data+json", "2.0.0", "json-2"),
    Offer(f"{_VND}data+json", "1.0.0", "json-1"),
    Offer(f"{_VND}data+csv", "2.0.0", "csv-2"),
    Offer(f"{_VND}data+csv", "1.0.0", "csv-1"),
    Offer("application/xml", None, "specific"),
    Offer("text/xml", None, "specific"),
    Offer("application/json", None, "json-2"),
    Offer("text/csv", None, "csv-2"),
)
STRUCTURES = (
    Offer(f"{_VND}structure+xml", "2.1", "xml"),
    Offer(f"{_VND}structure+json", "2.0.0", "json-2"),
    Offer(f"{_VND}structure+json", "1.0.0", "json-1"),
    Offer("application/xml", None, "xml"),
    Offer("text/xml", None, "xml"),
    Offer("application/json", None, "json-2"),
)


def chosen(accept: str | None, offers: tuple[Offer, ...]) -> Offer | None:
    """The offer that fits best, None where none is acceptable; without a header the first."""
    if accept is None or not accept.strip():
        return offers[0]
    ranges = [one for one in map(_range, accept[:4000].split(",")) if one is not None]
    best: tuple[float, int] | None = None
    found: Offer | None = None
    for place, offer in enumerate(offers):
        quality = _quality(offer, ranges)
        if quality > 0 and (best is None or (quality, -place) > best):
            best, found = (quality, -place), offer
    return found


def prefers_json(accept: str | None) -> bool:
    """Whether a reader names JSON, and no XML that she likes as much: the standard's first language is XML."""
    ranges = [one for one in map(_range, (accept or "")[:4000].split(",")) if one is not None]
    json, xml = (max((one[2] for one in ranges if one[0].endswith(kind)), default=0.0) for kind in ("json", "xml"))
    return json > xml


def _range(text: str) -> tuple[str, str | None, float] | None:
    media, *parameters = (part.strip() for part in text.split(";"))
    version, quality = None, 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        value = value.strip().strip('"')
        if name.strip().lower() == "version":
            version = value
        elif name.strip().lower() == "q":
            try:
                quality = min(max(float(value), 0.0), 1.0)
            except ValueError:
                return None
    return (media.lower(), version, quality) if media else None


def _quality(offer: Offer, ranges: list[tuple[str, str | None, float]]) -> float:
    """The quality that the most specific fitting range gives an offer."""
    best: tuple[int, float] = (0, 0.0)
    for media, version, quality in ranges:
        if media == offer.media and version is not None and version == offer.version:
            rank = 4
        elif media == offer.media and version is None:
            rank = 3
        elif media == offer.media.partition("/")[0] + "/*":
            rank = 2
        elif media == "*/*":
            rank = 1
        else:
            continue
        if rank > best[0]:
            best = rank, quality
    return best[1]
