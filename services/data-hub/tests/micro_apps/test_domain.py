"""The rules of micro-apps: states, manifests, bundles."""

import contextlib
import hashlib
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_hub.micro_apps import bundle
from data_hub.micro_apps.domain import (
    AppState,
    app_after,
    client_id_of,
    holds_secret,
    manifest_faults,
    path_fault,
    refused_scopes,
    rights_faults,
)
from data_hub.micro_apps.errors import BundleFault

PAGE = b"<!doctype html><title>App</title>"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def packed(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


class TestStates:
    def test_a_retired_app_stays_so(self) -> None:
        for act in ("publish", "suspend", "reinstate", "retire"):
            assert app_after(act, AppState.retired) is None

    def test_a_suspension_ends_with_a_version_or_as_it_ran(self) -> None:
        assert app_after("publish", AppState.suspended) is AppState.published
        assert app_after("reinstate", AppState.suspended) is AppState.published


class TestAManifest:
    def test_of_one_page(self) -> None:
        assert manifest_faults({"index.html": digest(PAGE)}, ["index.html"], 1) == []

    @pytest.mark.parametrize(
        "path",
        [
            "../index.html", "/index.html", "a//b.js", "a/../b.js", ".hidden.js", "run.exe", "a\\b.js", "页.html",
            "x" * 201, "index.html\n", "a/b/c/d/e/f/g/h.js",
        ],
    )  # fmt: skip
    def test_names_no_file_that_could_lead_elsewhere(self, path: str) -> None:
        assert path_fault(path)

    def test_needs_a_city_that_is_there(self) -> None:
        assert manifest_faults({"index.html": digest(PAGE)}, ["index.html"], 2) == [
            "platform_version: the city is at 1"
        ]

    def test_names_pages_that_are_among_its_files(self) -> None:
        assert manifest_faults({"a.js": "0"}, ["index.html"], 1) == [
            "files/a.js: not a SHA-256", "files: index.html is missing", "pages/index.html: not among the files",
        ]  # fmt: skip

    @settings(max_examples=50)
    @given(st.text(max_size=40))
    def test_no_text_is_a_path_out_of_the_app(self, text: str) -> None:
        if path_fault(text) is None:
            assert ".." not in text.split("/")
            assert not text.startswith(("/", "."))


class TestGranting:
    @pytest.mark.parametrize(
        "scope", ["foo.bar.baz", "data-hub.registries.disclose", "city-ops.cases.read", "openid", "*"]
    )
    def test_no_app_is_granted_what_does_not_exist_or_goes_with_a_post(self, scope: str) -> None:
        (fault,) = rights_faults(["city-ops.cases.report", scope], [], "")
        assert fault.startswith("scopes/1: ")
        assert "gov-collab.hotline.submit" in fault

    def test_nobody_is_sent_back_to_where_no_client_may_send_her(self) -> None:
        good = ["https://parks.example/back", "http://127.0.0.1:9000/", "http://city.example/x", "cn.hengshui.parks:/x"]
        bad = [
            "javascript:alert(1)", "http://evil.example/cb", "https://parks.example/cb#frag", "https://a@evil.example/",
            "https://*.example/", "https://parks.example\\@evil.example/", "https://[::1/", "https:///x",
        ]  # fmt: skip
        faults = rights_faults([], good + bad, "city.example")
        assert [fault.partition(":")[0] for fault in faults] == [
            f"redirect_uris/{number}" for number in range(len(good), len(good) + len(bad))
        ]

    def test_what_was_not_asked_for_is_not_granted(self) -> None:
        assert refused_scopes(["a.b.c"], ["a.b.c", "a.b.d"]) == ["a.b.d"]

    def test_a_client_is_named_after_its_app(self) -> None:
        assert client_id_of("cn.hengshui.air-quality") == "app-cn-hengshui-air-quality"


class TestABundle:
    def test_is_what_the_manifest_promised(self) -> None:
        files = {"index.html": PAGE, "js/app.js": b"'use strict'"}
        assert bundle.opened(packed(files), {name: digest(content) for name, content in files.items()}) == files

    def test_with_a_changed_file_is_refused(self) -> None:
        with pytest.raises(BundleFault):
            bundle.opened(packed({"index.html": PAGE + b" "}), {"index.html": digest(PAGE)})

    @pytest.mark.parametrize("files", [{}, {"index.html": PAGE, "more.js": b""}])
    def test_with_a_file_more_or_less_is_refused(self, files: dict[str, bytes]) -> None:
        with pytest.raises(BundleFault):
            bundle.opened(packed(files), {"index.html": digest(PAGE)})

    def test_that_explodes_is_refused(self) -> None:
        bomb = b"0" * (60 * 1024 * 1024)
        small = packed({"index.html": bomb})
        assert len(small) < 100_000
        with pytest.raises(BundleFault):
            bundle.opened(small, {"index.html": digest(bomb)})

    @pytest.mark.parametrize("given", [b"", b"PK", b"PK\x03\x04" + b"\x00" * 200, PAGE])
    def test_that_is_no_zip_is_refused(self, given: bytes) -> None:
        with pytest.raises(BundleFault):
            bundle.opened(given, {"index.html": digest(PAGE)})

    @pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    @settings(max_examples=50, deadline=None)
    @given(data=st.data())
    def test_that_was_damaged_on_its_way_is_refused_or_whole(self, method: int, data: st.DataObject) -> None:
        target, page = io.BytesIO(), PAGE * 20
        with zipfile.ZipFile(target, "w", method) as archive:
            archive.writestr("index.html", page)
        damaged = bytearray(target.getvalue())
        for _ in range(3):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        with contextlib.suppress(BundleFault):
            assert bundle.opened(bytes(damaged), {"index.html": digest(page)}) == {"index.html": page}

    @pytest.mark.parametrize(
        "text",
        [
            "-----BEGIN " + "PRIVATE KEY-----",
            "const c = {client_secret: 'abcdefgh12345678'}",
            "headers: {'Authorization': 'Bearer abcdefghijklmnopqrstuvwxyz'}",
        ],
    )
    def test_with_a_secret_in_it_is_refused(self, text: str) -> None:
        assert holds_secret(text)
        content = text.encode()
        with pytest.raises(BundleFault):
            bundle.opened(packed({"index.html": content}), {"index.html": digest(content)})
