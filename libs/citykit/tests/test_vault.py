"""The vault: what was sealed opens in its own place with its own key, and nowhere else."""

import base64
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.vault import ROOT_SIZE, Vault, VaultError, generate_root

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
CONTEXT = "population/01890000-0000-7000-8000-000000001001/id-number"
texts = st.text(st.characters(codec="utf-8"), max_size=60)


class TestSealing:
    @settings(max_examples=60, deadline=None)
    @given(texts, texts)
    def test_what_was_sealed_opens(self, text: str, context: str) -> None:
        vault = Vault([OLD])
        assert vault.open(vault.seal(text, context), context) == text

    def test_pieces_of_files_open_as_they_were(self) -> None:
        vault, piece = Vault([OLD]), bytes(range(256)) * 4096
        blob = vault.seal_bytes(piece, CONTEXT)
        assert vault.open_bytes(blob, CONTEXT) == piece
        with pytest.raises(VaultError):
            vault.open_bytes(blob, CONTEXT + "/2")

    def test_two_seals_of_one_text_differ(self) -> None:
        vault = Vault.generate()
        assert vault.seal("131102200002290019", CONTEXT) != vault.seal("131102200002290019", CONTEXT)

    def test_the_text_is_not_in_the_blob(self) -> None:
        assert b"131102" not in Vault.generate().seal("131102200002290019", CONTEXT)

    def test_a_blob_is_37_bytes_longer_than_its_text(self) -> None:
        assert len(Vault.generate().seal("衡水", CONTEXT)) == len("衡水".encode()) + 1 + 8 + 12 + 16

    def test_a_driver_may_hand_out_a_memoryview(self) -> None:
        vault = Vault.generate()
        assert vault.open(memoryview(vault.seal("衡水", CONTEXT)), CONTEXT) == "衡水"  # type: ignore[arg-type]

    def test_the_root_itself_seals_nothing(self) -> None:
        blob = Vault([OLD]).seal("衡水", CONTEXT)
        with pytest.raises(InvalidTag):
            AESGCM(OLD).decrypt(blob[9:21], blob[21:], blob[:9] + CONTEXT.encode())


class TestColumns:
    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.none() | texts, max_size=20), texts)
    def test_of_texts_open_one_by_one(self, column: list[str | None], context: str) -> None:
        vault = Vault([OLD, NEW])
        blobs = vault.seal_all(column, context)
        assert [None if one is None else vault.open(one, context) for one in blobs] == column
        assert all(vault.is_current(one) for one in blobs if one is not None)

    def test_seal_equal_texts_under_nonces_of_their_own(self) -> None:
        blobs = Vault.generate().seal_all(["131102200002290019"] * 1000, CONTEXT)
        assert len({one[9:21] for one in blobs if one is not None}) == 1000

    @settings(max_examples=40, deadline=None)
    @given(st.lists(texts, max_size=20), texts)
    def test_have_the_hashes_of_their_values(self, column: list[str], kind: str) -> None:
        vault = Vault([OLD, NEW])
        assert vault.index_all(kind, column) == [vault.index(kind, one) for one in column]


class TestTampering:
    def test_every_flipped_bit_is_refused(self) -> None:
        vault = Vault.generate()
        blob = vault.seal("李秀英", CONTEXT)
        for at in range(len(blob) * 8):
            forged = bytearray(blob)
            forged[at // 8] ^= 1 << at % 8
            with pytest.raises(VaultError):
                vault.open(bytes(forged), CONTEXT)

    def test_every_shorter_blob_is_refused(self) -> None:
        vault = Vault.generate()
        blob = vault.seal("李秀英", CONTEXT)
        for size in range(len(blob)):
            with pytest.raises(VaultError):
                vault.open(blob[:size], CONTEXT)

    def test_another_place_is_refused(self) -> None:
        vault = Vault.generate()
        with pytest.raises(VaultError, match="another place"):
            vault.open(vault.seal("李秀英", CONTEXT), CONTEXT.replace("id-number", "name"))

    def test_another_vault_is_refused(self) -> None:
        with pytest.raises(VaultError, match="not in this vault"):
            Vault.generate().open(Vault.generate().seal("李秀英", CONTEXT), CONTEXT)

    def test_an_error_tells_nothing(self) -> None:
        vault = Vault.generate()
        with pytest.raises(VaultError) as refused:
            vault.open(vault.seal("李秀英", CONTEXT), "other")
        assert "李秀英" not in str(refused.value)
        assert refused.value.__cause__ is None


class TestRotation:
    def test_the_newest_seals_and_all_open(self) -> None:
        before, after = Vault([OLD]), Vault([OLD, NEW])
        assert after.open(before.seal("李秀英", CONTEXT), CONTEXT) == "李秀英"
        sealed = after.seal("李秀英", CONTEXT)
        assert Vault([NEW]).open(sealed, CONTEXT) == "李秀英"
        with pytest.raises(VaultError):
            before.open(sealed, CONTEXT)

    def test_an_old_seal_shows_itself(self) -> None:
        before, after = Vault([OLD]), Vault([OLD, NEW])
        assert not after.is_current(before.seal("李秀英", CONTEXT))
        assert after.is_current(after.seal("李秀英", CONTEXT))

    def test_the_look_up_hash_outlives_it(self) -> None:
        assert Vault([OLD]).index("id-number", "1") == Vault([OLD, NEW]).index("id-number", "1")


class TestIndex:
    def test_it_is_the_same_each_time_and_32_bytes_long(self) -> None:
        vault = Vault([OLD])
        assert vault.index("id-number", "131102200002290019") == Vault([OLD]).index("id-number", "131102200002290019")
        assert len(vault.index("id-number", "")) == 32

    def test_it_never_changes_with_a_release(self) -> None:
        """Stored hashes must go on being found: computed once from the documented derivation, kept as text."""
        assert (
            Vault([OLD]).index("id-number", "131102200002290019").hex()
            == "223a2f80589a71489960cdb0ff43b1df071c3b01ad283d9d3781f83b1031d1ef"
        )

    def test_kind_value_and_root_each_count(self) -> None:
        vault = Vault([OLD])
        hashes = {vault.index("id-number", "1"), vault.index("phone", "1"), vault.index("id-number", "2")}
        assert len(hashes | {Vault([NEW]).index("id-number", "1")}) == 4


class TestKeyFile:
    def test_one_line_as_a_deployment_writes_it(self, tmp_path: Path) -> None:
        path = tmp_path / "identifier_key"
        path.write_text(generate_root() + "\n")
        vault = Vault.from_file(path)
        assert vault.open(vault.seal("衡水", CONTEXT), CONTEXT) == "衡水"

    def test_padding_does_not_count(self, tmp_path: Path) -> None:
        path = tmp_path / "identifier_key"
        path.write_text(base64.urlsafe_b64encode(OLD).decode())
        assert Vault.from_file(path).index("k", "v") == Vault([OLD]).index("k", "v")

    def test_an_appended_line_is_the_newest(self, tmp_path: Path) -> None:
        path = tmp_path / "identifier_key"
        path.write_text("".join(base64.urlsafe_b64encode(root).decode() + "\n" for root in (OLD, NEW)))
        assert Vault([NEW]).open(Vault.from_file(path).seal("衡水", CONTEXT), CONTEXT) == "衡水"

    @pytest.mark.parametrize(
        "text", ["", "\n", "short", "!" * 43, "A" * 42, "A" * 44, "衡水", "A" * 43 + "\n" + "A" * 43]
    )
    def test_anything_else_is_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "identifier_key"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(VaultError):
            Vault.from_file(path)

    def test_a_missing_file_is_said_to_be_missing(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            Vault.from_file(tmp_path / "identifier_key")

    def test_a_root_of_another_size_is_refused(self) -> None:
        with pytest.raises(VaultError):
            Vault([bytes(ROOT_SIZE - 1)])

    def test_no_key_shows_in_a_log(self) -> None:
        shown = repr(Vault([OLD]))
        assert OLD.hex() not in shown
        assert base64.urlsafe_b64encode(OLD).decode() not in shown
