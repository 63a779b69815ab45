"""The secrets of a city: made once, readable by its user alone, never replaced under a living database."""

import base64
import json
import re
import stat

import pytest
from cryptography import x509
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from launcher import keyring, stamping
from launcher.city import SERVICES, City
from launcher.refusals import Refusal
from launcher.sealing import FILES as SEAL_FILES


class TestTheSecrets:
    def test_nobody_else_reads_them(self, unbuilt: City) -> None:
        unbuilt.found("demo")
        keyring.settle(unbuilt, "demo")
        for path in unbuilt.secrets.rglob("*"):
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    def test_each_service_has_its_own(self, unbuilt: City) -> None:
        unbuilt.found(None)
        keyring.settle(unbuilt, "production")
        keys = {unbuilt.secret(service, "identifier_key") for service in SERVICES}
        assert len(keys) == 5
        assert {len(base64.urlsafe_b64decode(key + "=")) for key in keys} == {32}
        assert len({unbuilt.secret(service, "database_password") for service in SERVICES}) == 5

    def test_what_one_signs_all_can_check(self, unbuilt: City) -> None:
        unbuilt.found(None)
        keyring.settle(unbuilt, "production")
        own = OKPKey.import_key(json.loads(unbuilt.secret("city-ops", "mesh_key.json")))
        public = json.loads(unbuilt.secret("data-hub", "mesh_keys.json"))
        token = jwt.encode({"alg": "Ed25519", "kid": "city-ops"}, {"sub": "city-ops"}, own, algorithms=["Ed25519"])
        assert jwt.decode(token, KeySet.import_key_set(public), algorithms=["Ed25519"]).claims["sub"] == "city-ops"
        assert all("d" not in key for key in public["keys"])
        assert {key["kid"] for key in public["keys"]} == set(SERVICES)

    def test_a_second_start_changes_nothing(self, unbuilt: City) -> None:
        unbuilt.found("demo")
        keyring.settle(unbuilt, "demo")
        before = {path: path.read_bytes() for path in unbuilt.secrets.rglob("*") if path.is_file()}
        keyring.settle(unbuilt, "demo")
        assert {path: path.read_bytes() for path in unbuilt.secrets.rglob("*") if path.is_file()} == before

    def test_sample_passwords_exist_in_a_demo_only(self, unbuilt: City) -> None:
        unbuilt.found(None)
        keyring.settle(unbuilt, "production")
        assert not (unbuilt.secrets / "citizen-pass" / "sample_password").exists()
        assert not (unbuilt.secrets / "citizen-pass" / "client_bench").exists()
        assert not (unbuilt.secrets / "data-hub" / "sample_partner_key").exists()

    def test_the_key_of_a_demos_partner_is_one_of_the_data_hub(self, unbuilt: City) -> None:
        unbuilt.found("demo")
        keyring.settle(unbuilt, "demo")
        assert re.fullmatch(r"hsk_[0-9a-f]{32}_[A-Za-z0-9_-]{43}", unbuilt.secret("data-hub", "sample_partner_key"))

    def test_lost_keys_of_a_living_database_are_not_made_anew(self, unbuilt: City) -> None:
        unbuilt.found(None)
        keyring.settle(unbuilt, "production")
        unbuilt.cluster.data.mkdir()
        (unbuilt.cluster.data / "PG_VERSION").write_text("18")
        (unbuilt.secrets / "city-ops" / "identifier_key").unlink()
        with pytest.raises(Refusal, match="restore a backup"):
            keyring.settle(unbuilt, "production")


class TestTheSeal:
    def test_the_data_hub_alone_has_one_and_it_stays(self, unbuilt: City) -> None:
        unbuilt.found(None)
        keyring.settle(unbuilt, "production")
        before = {name: unbuilt.secret("data-hub", name) for name in SEAL_FILES}
        keyring.settle(unbuilt, "production")
        assert {name: unbuilt.secret("data-hub", name) for name in SEAL_FILES} == before
        assert not list((unbuilt.secrets / "gov-collab").glob("seal_*"))

    def test_its_certificates_come_from_its_root(self, unbuilt: City) -> None:
        unbuilt.found(None)
        keyring.settle(unbuilt, "production")
        root, document, token = (
            x509.load_pem_x509_certificate(unbuilt.secret("data-hub", name).encode())
            for name in ("seal_root.pem", "seal_document.pem", "seal_token.pem")
        )
        document.verify_directly_issued_by(root)
        token.verify_directly_issued_by(root)

    def test_half_a_seal_of_a_living_city_is_a_loss(self, unbuilt: City) -> None:
        unbuilt.found(None)
        keyring.settle(unbuilt, "production")
        (unbuilt.secrets / "data-hub" / "seal_document_key.pem").unlink()
        unbuilt.cluster.data.mkdir()
        (unbuilt.cluster.data / "PG_VERSION").write_text("18")
        with pytest.raises(Refusal, match="seal_document_key"):
            keyring.settle(unbuilt, "production")

    def test_an_interrupted_first_start_makes_it_whole(self, unbuilt: City) -> None:
        unbuilt.found(None)
        keyring.settle(unbuilt, "production")
        (unbuilt.secrets / "data-hub" / "seal_document_key.pem").unlink()
        keyring.settle(unbuilt, "production")
        assert "PRIVATE KEY" in unbuilt.secret("data-hub", "seal_document_key.pem")


class TestTheEvidence:
    def test_has_a_key_and_an_authority_that_only_stamps(self, unbuilt: City) -> None:
        unbuilt.found(None)
        keyring.settle(unbuilt, "production")
        key = json.loads(unbuilt.secret("data-hub", stamping.EVIDENCE_KEY))
        assert (key["crv"], key["kid"].startswith("evidence-")) == ("Ed25519", True)
        certificate = x509.load_pem_x509_certificate(unbuilt.secret("data-hub", "tsa_certificate.pem").encode())
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        assert (usage.critical, list(usage.value)) == (True, [x509.ExtendedKeyUsageOID.TIME_STAMPING])
        assert not (unbuilt.secrets / "city-ops" / "tsa_key.pem").exists()

    def test_keeps_what_a_city_put_in_its_place(self, unbuilt: City) -> None:
        unbuilt.found(None)
        keyring.settle(unbuilt, "production")
        folder = unbuilt.secrets / "data-hub"
        (folder / "tsa_roots.pem").write_text("another")
        (folder / "tsa_key.pem").unlink()
        keyring.settle(unbuilt, "production")
        assert (folder / "tsa_roots.pem").read_text() == "another"
        assert not (folder / "tsa_key.pem").exists()
