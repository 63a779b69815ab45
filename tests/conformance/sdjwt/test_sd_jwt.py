"""Licences and credit reports before clients written by others: the library `sd-jwt`, and `zxing-cpp`.

The holder's side and the verifier's side are theirs; the city is asked for nothing but its published keys.
"""

import base64
import io
import json
import zlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import zxingcpp
from joserfc import jws
from joserfc.jwk import KeySet
from jwcrypto.jwk import JWK
from PIL import Image
from sd_jwt.holder import SDJWTHolder
from sd_jwt.verifier import SDJWTVerifier

from citykit.testing import ServiceUnderTest, service_fixture
from data_hub.sample.personas import load_personas
from launcher.sealing import seal_files

city = service_fixture("data_hub.main:service", files=seal_files(rsa_bits=2048))
LICENCES = "/api/data-hub/v1/licences"
MARKET, TYPE = "11131100MB0H00057C", "11100000MB0143028R001"
PERSON = "01890000-0000-7000-8000-000000001001"
BOSS, FIRM = "01890000-0000-7000-8000-000000001007", "91131102MA07XY3K94"  # who represents it
KEYS = "/api/data-hub/v1/seals/jwks.json"


class Wallet:
    """The holder's side."""

    def __init__(self, city: ServiceUnderTest, licence: str) -> None:
        self.city, self.licence = city, licence
        self.key = JWK.generate(kty="EC", crv="P-256")
        self.headers = city.token(["data-hub.licences.hold"], person=PERSON)

    async def fetched(self) -> str:
        public = {name: self.key.export_public(as_dict=True)[name] for name in ("kty", "crv", "x", "y")}
        answer = await self.city.client.post(
            f"{LICENCES}/own/{self.licence}/credentials", json={"holder_key": public}, headers=self.headers
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["credential"])

    def presented(self, credential: str, show: dict[str, bool], *, nonce: str = "n", audience: str = "窗口") -> str:
        holder = SDJWTHolder(credential)
        holder.create_presentation(show, nonce, audience, self.key, "ES256")
        return str(holder.sd_jwt_presentation)


@pytest.fixture
async def wallet(city: ServiceUnderTest) -> Wallet:
    """The wallet of a person who holds a licence."""
    officer = city.token(["data-hub.licences.maintain", "data-hub.licences.issue"], department=MARKET)
    async with city.work() as work:
        await load_personas(work)
    kind = {
        "code": TYPE, "name_zh": "健康证明", "name_en": "Health certificate", "department": MARKET,
        "department_name": "衡水市市场监督管理局", "holder_kind": "person", "valid_months": 12,
        "fields": [{"name": "trade", "title": "从业类别"}, {"name": "clinic", "title": "体检机构"}],
        "template": {"title": "{type_name}", "lines": ["{holder_name}可从事{trade}。"]},
    }  # fmt: skip
    assert (await city.client.post(f"{LICENCES}/types", json=kind, headers=officer)).status_code == 201
    draft = {
        "type_code": TYPE, "person": {"name": "李秀英", "id_number": "131102198503150049"},
        "claims": {"trade": "餐饮", "clinic": "示例医院"},
    }  # fmt: skip
    answer = await city.client.post(LICENCES, json=draft, headers=officer)
    assert answer.status_code == 201, answer.text
    return Wallet(city, str(answer.json()["id"]))


async def verified(
    city: ServiceUnderTest, presentation: str, *, nonce: str | None = "n", audience: str | None = "窗口"
) -> dict[str, Any]:
    """The claims that the library takes for proven; without `nonce` and `audience`, whoever presents them."""
    keys = {key["kid"]: key for key in (await city.client.get(KEYS)).json()["keys"]}

    def key_of(_: str, header: dict[str, Any]) -> JWK:
        assert header["typ"] == "dc+sd-jwt"
        return JWK.from_json(json.dumps(keys[header["kid"]]))

    verifier = SDJWTVerifier(presentation, key_of, audience, nonce)
    claims: dict[str, Any] = verifier.get_verified_payload()
    return claims


async def test_the_holder_shows_one_field_and_proves_that_she_holds_it(city: ServiceUnderTest, wallet: Wallet) -> None:
    shown = await verified(city, wallet.presented(await wallet.fetched(), {"trade": True}))
    assert shown["trade"] == "餐饮"
    assert not {"holder_name", "holder_number", "clinic"} & set(shown)
    assert shown["vct"].endswith(f"/licences/types/{TYPE}/metadata")
    assert shown["iss"].endswith("/api/data-hub/v1/seals")
    assert {"identifier", "iat", "exp", "cnf", "status"} <= set(shown)


async def test_a_proof_for_another_verifier_is_refused(city: ServiceUnderTest, wallet: Wallet) -> None:
    presentation = wallet.presented(await wallet.fetched(), {"trade": True})
    with pytest.raises(ValueError, match="nonce"):
        await verified(city, presentation, nonce="another")


async def test_a_flipped_bit_is_refused(city: ServiceUnderTest, wallet: Wallet) -> None:
    head, body, signature, *rest = wallet.presented(await wallet.fetched(), {"trade": True}).split(".", 2)[0:3]
    flipped = ("A" if signature[3] != "A" else "B").join((signature[:3], signature[4:]))
    assert rest == []
    with pytest.raises(Exception, match=r"."):
        await verified(city, f"{head}.{body}.{flipped}")


async def test_the_city_takes_the_librarys_presentation(city: ServiceUnderTest, wallet: Wallet) -> None:
    presentation = wallet.presented(await wallet.fetched(), {"trade": True})
    answer = await city.client.post(f"{LICENCES}/verifications", json={"text": presentation})
    assert (answer.json()["verdict"], answer.json()["form"]) == ("valid", "sd-jwt-vc")
    assert answer.json()["shown"].get("trade") == "餐饮"
    assert answer.json()["holder_binding"] == "unproven", "the proof answers a question that this verifier did not ask"


async def test_the_city_tells_whether_the_holder_herself_shows_it(city: ServiceUnderTest, wallet: Wallet) -> None:
    """A copy is worth what it says, and proves nobody: only an answer to the verifier's own question does."""
    credential = await wallet.fetched()
    presentation = wallet.presented(credential, {"trade": True}, nonce="问-1", audience="餐厅")
    copy = presentation.rpartition("~")[0] + "~"
    other = Wallet(city, wallet.licence).presented(credential, {"trade": True}, nonce="问-1", audience="餐厅")

    async def told(text: str, **asked: str) -> tuple[str, str | None]:
        answer = await city.client.post(f"{LICENCES}/verifications", json={"text": text} | asked)
        return answer.json()["verdict"], answer.json()["holder_binding"]

    assert await told(presentation, nonce="问-1", audience="餐厅") == ("valid", "proven")
    assert await told(presentation, nonce="问-2", audience="餐厅") == ("valid", "unproven")
    assert await told(presentation, nonce="问-1", audience="旅馆") == ("valid", "unproven")
    assert await told(copy, nonce="问-1", audience="餐厅") == ("valid", "unproven")
    assert await told(other, nonce="问-1", audience="餐厅") == ("tampered", None), "signed with another's key"
    more = wallet.presented(credential, {"trade": True, "clinic": True}, nonce="问-1", audience="餐厅")
    moved = more.rpartition("~")[0] + "~" + presentation.rpartition("~")[2]
    assert await told(moved, nonce="问-1", audience="餐厅") == ("tampered", None), "a proof over another presentation"
    assert await told(f"{copy}eyJhbGciOiJub25lIn0.e30.AAAA") == ("tampered", None)


async def test_a_revoked_licence_shows_in_its_status_list(city: ServiceUnderTest, wallet: Wallet) -> None:
    shown = await verified(city, wallet.presented(await wallet.fetched(), {}))
    entry = shown["status"]["status_list"]
    officer = city.token(["data-hub.licences.issue"], department=MARKET)
    assert await listed(city, entry) == 0
    for act, value in (("suspensions", 2), ("revocations", 1)):
        await city.client.post(f"{LICENCES}/{wallet.licence}/{act}", json={"reason": "复查"}, headers=officer)
        assert await listed(city, entry) == value


async def test_a_credit_report_whose_record_is_repaired_shows_in_its_status_list(city: ServiceUnderTest) -> None:
    report, record, repaired = await credit_report(city)
    shown = await verified(city, report, nonce=None, audience=None)
    assert (shown["uscc"], [one["id"] for one in shown["records"]]) == (FIRM, [record])
    entry = shown["status"]["status_list"]
    assert await listed(city, entry) == 0
    await repaired()
    assert await verified(city, report, nonce=None, audience=None) == shown, "its signature knows nothing of it"
    assert await listed(city, entry) == 1


async def credit_report(city: ServiceUnderTest) -> tuple[str, str, Callable[[], Awaitable[None]]]:
    """A credential of a firm's credit report, the record in it, and the act that repairs that."""
    scopes = [f"data-hub.credit.{one}" for one in ("record", "repair", "read")]
    market = city.token(scopes, department=MARKET)
    boss = city.token([], assurance=2, person=BOSS)
    async with city.work() as work:
        await load_personas(work)

    async def post(path: str, body: Any, headers: dict[str, str] = market) -> Any:
        answer = await city.client.post(f"/api/data-hub/v1{path}", json=body, headers=headers)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    record = await post("/credit/records", {
        "uscc": FIRM, "kind": "penalty", "severity": "general", "title": "虚假宣传", "content": "罚款人民币2万元",
        "basis": "《中华人民共和国反不正当竞争法》第二十条", "document_number": "衡市监罚〔2026〕1号",
        "document_date": (city.clock.now() - timedelta(days=200)).date().isoformat(),
        "department_name": "衡水市市场监督管理局",
    })  # fmt: skip
    of_firm = f"/credit/firms/{FIRM}"
    report = await post(f"{of_firm}/reports", {})
    path = f"/api/data-hub/v1{of_firm}/reports/{report['number']}/credential"
    credential = (await city.client.get(path, headers=market)).json()["credential"]

    async def repaired() -> None:
        wish = {"duties": "罚款已缴清", "commitment": "今后依法经营"}
        asked = await post(f"{of_firm}/records/{record['id']}/repairs", wish, boss)
        await post(f"/credit/repairs/{asked['id']}/decisions", {"granted": True, "reason": "义务已履行"})

    return credential, record["id"], repaired


async def listed(city: ServiceUnderTest, entry: dict[str, Any]) -> int:
    """The value of a credential in its status list, read as the draft says."""
    answer = await city.client.get(entry["uri"].removeprefix("http://city.test"))
    keys = KeySet.import_key_set((await city.client.get(KEYS)).json())
    registry = jws.JWSRegistry(algorithms=["ES256"])
    registry.max_payload_length = 10_000_000
    token = jws.deserialize_compact(answer.text, keys, registry=registry)
    assert token.headers()["typ"] == "statuslist+jwt"
    said = json.loads(token.payload)["status_list"]
    bits = zlib.decompress(base64.urlsafe_b64decode(said["lst"] + "=" * (-len(said["lst"]) % 4)))
    per_byte = 8 // said["bits"]
    byte, place = divmod(entry["idx"], per_byte)
    return int(bits[byte] >> (place * said["bits"])) & ((1 << said["bits"]) - 1)


async def test_a_qr_code_is_read_and_verified_without_the_city(city: ServiceUnderTest, wallet: Wallet) -> None:
    keys = KeySet.import_key_set((await city.client.get(KEYS)).json())
    picture = await city.client.get(f"{LICENCES}/own/{wallet.licence}/code.png", headers=wallet.headers)
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.content)), formats=zxingcpp.BarcodeFormat.QRCode)
    assert code.format == zxingcpp.BarcodeFormat.QRCode
    assert len(code.text) < 700
    address, _, signed = code.text.partition("#")
    assert address == "http://city.test/api/data-hub/verification", "for whoever scans it with a camera"
    said = json.loads(jws.deserialize_compact(signed, keys, algorithms=["ES256"]).payload)
    assert (said["status"], said["holder"], said["type"]) == ("valid", "李*英", "健康证明")
    for text in (code.text, signed):
        answer = await city.client.post(f"{LICENCES}/verifications", json={"text": text})
        assert answer.json()["verdict"] == "valid"
