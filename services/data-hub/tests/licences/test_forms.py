"""Every form of a licence, whole and tampered with, and the one status behind them all."""

import base64
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey
from lxml import etree

from citykit.testing import ServiceUnderTest
from data_hub.licences.ofd import Line, written
from data_hub.seals.service import Seals, paragraph

from .factories import LI, TYPE, Desk, jws_of, scanned

FORMS = ("pdf", "ofd", "sd-jwt-vc", "qr")
OFD = "{http://www.ofdspec.org/2016}"
Box = tuple[float, float, float, float]


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    return Desk(city)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def every_form(desk: Desk, licence: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What to hand in for each form of a licence."""
    return {
        "pdf": {"document": b64((await desk.form(licence, "document.pdf")).content)},
        "ofd": {"document": b64((await desk.form(licence, "document.ofd")).content)},
        "sd-jwt-vc": {"text": await desk.credential(licence)},
        "qr": {"text": scanned((await desk.form(licence, "code.png")).content)},
    }


class TestOneStatus:
    async def test_every_form_says_the_same_as_the_status_changes(self, desk: Desk) -> None:
        licence = await desk.issued()
        forms = await every_form(desk, licence)
        for act, verdict in (
            (None, "valid"), ("suspensions", "suspended"), ("resumptions", "valid"), ("revocations", "revoked"),
        ):  # fmt: skip
            if act:
                await desk.act(licence, act)
            for name, body in forms.items():
                said = await desk.verify(**body)
                assert (said["form"], said["verdict"]) == (name, verdict)
                assert said["identifier"] == licence["identifier"]
                assert said["type_name"] == "健康证明"
                assert said["holder"] == "李*英"

    async def test_it_expires_in_every_form(self, desk: Desk) -> None:
        licence = await desk.issued()
        forms = await every_form(desk, licence)
        desk.city.clock.advance(days=370)
        assert {(await desk.verify(**body))["verdict"] for body in forms.values()} == {"expired"}

    async def test_a_renewed_licence_is_superseded_in_every_form(self, desk: Desk) -> None:
        licence = await desk.issued()
        desk.city.clock.advance(days=320)
        forms = await every_form(desk, licence)
        assert (await desk.post(f"/{licence['id']}/renewals", {})).status_code == 201
        assert {(await desk.verify(**body))["verdict"] for body in forms.values()} == {"superseded"}

    async def test_what_is_not_in_force_has_no_form(self, desk: Desk) -> None:
        licence = await desk.issued()
        await desk.act(licence, "suspensions")
        for name in ("document.pdf", "document.ofd", "code.png", "code.svg"):
            assert (await desk.form(licence, name)).json()["type"] == "/problems/licence-not-in-force"
        refused = await desk.post(f"/own/{licence['id']}/credentials", {}, desk.holder)
        assert refused.status_code == 409

    async def test_nobody_else_gets_a_form(self, desk: Desk) -> None:
        licence = await desk.issued()
        for name in ("document.pdf", "document.ofd", "code.png", "code.svg", ""):
            assert (await desk.get(f"/own/{licence['id']}/{name}".rstrip("/"), desk.other)).status_code == 404


class TestTampered:
    async def test_a_changed_pdf(self, desk: Desk) -> None:
        licence = await desk.issued()
        data = bytearray((await desk.form(licence, "document.pdf")).content)
        data[len(data) // 3] ^= 1
        said = await desk.verify(document=b64(bytes(data)))
        assert (said["verdict"], said["form"], said["identifier"]) == ("tampered", "pdf", None)

    async def test_another_document_under_the_same_seal_is_no_licence(self, desk: Desk) -> None:
        licence = await desk.issued()
        import asyncio

        seals = Seals(desk.city.settings)
        pdf = await asyncio.to_thread(
            lambda: seals.sealed_pdf([paragraph("报告")], title="t", reason="r", subject=licence["identifier"])
        )
        assert (await desk.verify(document=b64(pdf)))["verdict"] == "unreadable"

    @pytest.mark.parametrize("victim", ["OFD.xml", "Doc_0/Pages/Page_0/Content.xml", "Doc_0/Res/code.png"])
    async def test_a_changed_file_of_an_ofd(self, desk: Desk, victim: str) -> None:
        licence = await desk.issued()
        data = (await desk.form(licence, "document.ofd")).content
        said = await desk.verify(document=b64(repacked(data, change=victim)))
        assert (said["verdict"], said["form"]) == ("tampered", "ofd")

    async def test_a_file_more_or_less_in_an_ofd(self, desk: Desk) -> None:
        licence = await desk.issued()
        data = (await desk.form(licence, "document.ofd")).content
        for changed in (repacked(data, add="Doc_0/Signs.xml"), repacked(data, drop="Doc_0/PublicRes.xml")):
            assert (await desk.verify(document=b64(changed)))["verdict"] == "tampered"
        assert (await desk.verify(document=b64(repacked(data, drop="OFD.xml"))))["verdict"] == "unreadable"

    async def test_an_ofd_that_blows_up(self, desk: Desk) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("OFD.xml", b"0" * 50_000_000)
        assert (await desk.verify(document=b64(out.getvalue())))["verdict"] == "tampered"

    async def test_an_ofd_of_a_licence_that_never_was(self, desk: Desk) -> None:
        seals = Seals(desk.city.settings)
        identifier = "1.2.156.3005.2.11131100MB0ABCDEXD001.11131100MB0ABCDEXD.2026000001.001.Q"
        data = written(
            "证", desk.city.clock.now().date(), [Line("a<b", 5)], b"png", identifier=identifier,
            sign=lambda said: seals.jws(said, typ="licence-ofd+jwt"),
        )  # fmt: skip
        assert (await desk.verify(document=b64(data)))["verdict"] == "unknown"

    async def test_a_changed_credential(self, desk: Desk) -> None:
        token, *disclosures = (await desk.credential(await desk.issued())).split("~")
        head, body, signature = token.split(".")
        flipped = ("A" if signature[9] != "A" else "B").join((signature[:9], signature[10:]))
        assert (await desk.verify(text="~".join([f"{head}.{body}.{flipped}", *disclosures])))["verdict"] == "tampered"
        forged = base64.urlsafe_b64encode(json.dumps(["s", "trade", "托幼"]).encode()).decode().rstrip("=")
        assert (await desk.verify(text=f"{token}~{forged}~"))["verdict"] == "tampered"

    async def test_a_changed_code(self, desk: Desk) -> None:
        licence = await desk.issued()
        text = scanned((await desk.form(licence, "code.png")).content)
        head, _, signature = jws_of(text).split(".")
        other = base64.urlsafe_b64encode(b'{"id":"1"}').decode().rstrip("=")
        assert (await desk.verify(text=f"{head}.{other}.{signature}"))["verdict"] == "tampered"
        assert (await desk.verify(text=text))["verdict"] == "valid"

    async def test_a_code_of_yesterday_is_stale(self, desk: Desk) -> None:
        licence = await desk.issued()
        text = scanned((await desk.form(licence, "code.png")).content)
        desk.city.clock.advance(hours=25)
        assert (await desk.verify(text=text))["verdict"] == "stale"

    @pytest.mark.parametrize(
        "body",
        [
            {"text": "x"}, {"text": "a.b.c"}, {"text": "~~~"}, {"text": "é~é"}, {"document": "!!!"},
            {"document": b64(b"%PDF-1.7\n%%EOF")}, {"document": b64(b"PK\x03\x04")}, {"document": b64(b"\x00" * 99)},
            {"document": "JVBERi0xLjcK" * 4000},
        ],
    )  # fmt: skip
    async def test_anything_else_gets_a_clear_answer(self, desk: Desk, body: dict[str, str]) -> None:
        said = await desk.verify(**body)
        assert said["verdict"] in {"unreadable", "tampered"}
        assert said["said_zh"]

    async def test_neither_or_both_is_refused(self, desk: Desk) -> None:
        for body in ({}, {"text": "a", "document": "b"}, {"file": "x"}, []):
            assert (await desk.send("POST", "/verifications", json=body)).status_code == 422


def repacked(data: bytes, *, change: str = "", add: str = "", drop: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == change:
                content += b" "
            if name != drop:
                new.writestr(name, content)
        if add:
            new.writestr(add, b"<x/>")
    return out.getvalue()


class TestForms:
    async def test_the_ofd_is_a_container_whose_parts_are_there(self, desk: Desk) -> None:
        answer = await desk.form(await desk.issued(), "document.ofd")
        assert answer.headers["content-type"] == "application/ofd"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            trees = {name: etree.fromstring(archive.read(name)) for name in archive.namelist() if name.endswith(".xml")}
            names = set(archive.namelist())
        entry = trees["OFD.xml"]
        assert entry.get("DocType") == "OFD"
        assert entry.findtext(f".//{OFD}DocRoot") in names
        document = trees["Doc_0/Document.xml"]
        picture = trees["Doc_0/DocumentRes.xml"].findtext(f".//{OFD}MediaFile")
        named = [document.findtext(f".//{OFD}PublicRes"), document.findtext(f".//{OFD}DocumentRes"), f"Res/{picture}"]
        for path in (*named, document.find(f".//{OFD}Page").get("BaseLoc")):
            assert f"Doc_0/{path}" in names
        page = trees["Doc_0/Pages/Page_0/Content.xml"]
        said = "".join(page.itertext())
        assert LI[0] in said
        assert "可从事餐饮服务" in said.replace("\n", "")
        numbers = [int(one.get("ID")) for tree in trees.values() for one in tree.iter() if one.get("ID")]
        assert len(set(numbers)) == len(numbers)
        assert max(numbers) <= int(document.findtext(f".//{OFD}MaxUnitID"))
        for text in page.iter(f"{OFD}TextObject"):
            code = text.find(f"{OFD}TextCode")
            assert len((code.get("DeltaX") or "").split()) == len(code.text) - 1

    async def test_the_code_is_small_and_holds_without_the_city(self, desk: Desk) -> None:
        from joserfc import jws
        from joserfc.jwk import KeySet

        licence = await desk.issued()
        text = scanned((await desk.form(licence, "code.png")).content)
        assert len(text) < 700
        keys = (await desk.city.client.get("/api/data-hub/v1/seals/jwks.json")).json()
        found = jws.deserialize_compact(jws_of(text), KeySet.import_key_set(keys), algorithms=["ES256"])
        said = json.loads(found.payload)
        assert (said["id"], said["holder"], said["status"]) == (licence["identifier"], "李*英", "valid")
        assert said["exp"] - said["iat"] == 86_400
        assert (await desk.form(licence, "code.svg")).content.startswith(b"<?xml")

    async def test_the_holder_shows_only_what_she_wants(self, desk: Desk) -> None:
        token, *disclosures = (await desk.credential(await desk.issued())).rstrip("~").split("~")
        whole = await desk.verify(text="~".join([token, *disclosures, ""]))
        assert whole["shown"]["holder_number"] == LI[1]
        trade = next(one for one in disclosures if b"trade" in base64.urlsafe_b64decode(one + "=="))
        part = await desk.verify(text=f"{token}~{trade}~")
        assert part["verdict"] == "valid"
        assert set(part["shown"]) & {"holder_name", "holder_number", "trade"} == {"trade"}
        assert (whole["holder"], part["holder"]) == ("李*英", None), "what she leaves out nobody tells for her"

    async def test_a_credential_is_bound_to_the_holders_key(self, desk: Desk) -> None:
        licence = await desk.issued()
        key = ECKey.generate_key("P-256").as_dict(private=False)
        public = {name: key[name] for name in ("kty", "crv", "x", "y")}
        token = (await desk.credential(licence, holder_key=public)).split("~")[0]
        body = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        assert {name: body["cnf"]["jwk"][name] for name in public} == public
        off_curve = public | {"x": "A" * 43}
        refused = await desk.post(f"/own/{licence['id']}/credentials", {"holder_key": off_curve}, desk.holder)
        assert refused.json()["type"] == "/problems/holder-key"
        private = public | {"d": "A" * 43}
        assert (
            await desk.post(f"/own/{licence['id']}/credentials", {"holder_key": private}, desk.holder)
        ).status_code == 422

    async def test_its_type_metadata_is_where_its_vct_points(self, desk: Desk) -> None:
        token = (await desk.credential(await desk.issued())).split("~")[0]
        body = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        metadata = (await desk.city.client.get(body["vct"].removeprefix("http://city.test"))).json()
        assert metadata["vct"] == body["vct"]
        assert ["trade"] in [claim["path"] for claim in metadata["claims"]]
        assert body["type_code"] == TYPE


class TestLongLicences:
    """What a licence says is on its pages to the last word, and its code lies open."""

    async def wordy(self, desk: Desk, fields: int, text: str) -> dict[str, Any]:
        """A licence of many words."""
        await desk.person()
        names = [f"f{number}" for number in range(fields)]
        await desk.type(
            fields=[{"name": one, "title": f"项目{one}", "longest": 2000} for one in names],
            template={"title": "{type_name}", "lines": ["{holder_name}"]},
        )
        answer = await desk.draft(claims=dict.fromkeys(names, text))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    @pytest.mark.parametrize(("fields", "pages"), [(1, 1), (5, 2), (8, 2), (40, 8)])
    async def test_an_ofd_takes_as_many_pages_as_it_needs(self, desk: Desk, fields: int, pages: int) -> None:
        licence = await self.wordy(desk, fields, "食品销售" * 49)
        data = (await desk.form(licence, "document.ofd")).content
        drawn = drawings(data)
        assert len(drawn) == pages
        assert said_on(drawn).count("食品销售" * 49) == fields
        for page in drawn:
            assert all(inside(box, (0, 0, 210, 297)) for _, box in page.lines)
            assert not any(overlap(one, other) for _, one in page.lines for _, other in page.lines if one != other)
            assert not any(overlap(box, code) for _, box in page.lines for code in page.pictures)
        assert [len(page.pictures) for page in drawn] == [0] * (pages - 1) + [1]
        assert (await desk.verify(document=b64(data)))["verdict"] == "valid"

    async def test_a_pdf_breaks_a_field_that_is_longer_than_a_page(self, desk: Desk) -> None:
        licence = await self.wordy(desk, 3, "食品销售" * 500)
        answer = await desk.form(licence, "document.pdf")
        assert answer.status_code == 200
        assert answer.content.count(b"/Type /Page\n") > 3
        assert (await desk.verify(document=b64(answer.content)))["verdict"] == "valid"


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.text(max_size=300), max_size=30).map(lambda texts: [Line(one, 4.2) for one in texts]),
    st.lists(st.text("长题目Ab 1", max_size=120), max_size=2),
)
def test_whatever_is_said_is_on_pages_of_xml_and_within_them(lines: list[Line], titles: list[str]) -> None:
    whole = [*(Line(one, 8, after=0.9, centred=True) for one in titles), *lines]
    data = written("证", date(2026, 11, 1), whole, b"png", identifier="1", sign=lambda _: "a.b.c")
    drawn = drawings(data)
    for page in drawn:
        assert all(inside(box, (25, 25, 185, 290)) for _, box in page.lines)
        assert not any(overlap(box, code) for _, box in page.lines for code in page.pictures)
    said = said_on(drawn)
    words = "".join(line.text for line in whole)
    assert [one for one in said if one.isalnum()] == [one for one in words if one.isalnum()]


@dataclass
class Drawing:
    """A page: its lines and its pictures, with their boxes in millimetres (left, top, right, bottom)."""

    lines: list[tuple[str, Box]]
    pictures: list[Box]


def said_on(pages: list[Drawing]) -> str:
    """The text of all pages without their numbers, which stand at their feet."""
    return "".join(text for page in pages for text, box in page.lines if box[1] < 280)


def drawings(data: bytes) -> list[Drawing]:
    """The pages of an OFD in their order."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        document = etree.fromstring(archive.read("Doc_0/Document.xml"))
        paths = [page.get("BaseLoc") for page in document.iter(f"{OFD}Page")]
        trees = [etree.fromstring(archive.read(f"Doc_0/{path}")) for path in paths]
    return [
        Drawing(
            [(one.findtext(f"{OFD}TextCode") or "", box_of(one)) for one in tree.iter(f"{OFD}TextObject")],
            [box_of(one) for one in tree.iter(f"{OFD}ImageObject")],
        )
        for tree in trees
    ]


def box_of(item: Any) -> Box:
    x, y, width, height = map(float, item.get("Boundary").split())
    return x, y, x + width, y + height


def inside(box: Box, whole: Box) -> bool:
    return box[0] >= whole[0] and box[1] >= whole[1] and box[2] <= whole[2] + 0.01 and box[3] <= whole[3]


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
