"""The rules of identity by example and by property."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citizen_pass.identity import domain
from citizen_pass.identity.domain import Appointment

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


class TestRedirects:
    @pytest.mark.parametrize(
        ("registered", "given_uri"),
        [
            ("https://app.example/cb", "https://app.example/cb"),
            ("http://127.0.0.1/callback", "http://127.0.0.1:1/callback"),
            ("http://127.0.0.1/callback", "http://127.0.0.1:65535/callback"),
            ("http://[::1]/callback", "http://[::1]:8123/callback"),
            ("com.example.app:/cb", "com.example.app:/cb"),
        ],
    )
    def test_matches(self, registered, given_uri):
        assert domain.redirect_matches(registered, given_uri)

    @pytest.mark.parametrize(
        ("registered", "given_uri"),
        [
            ("https://app.example/cb", "https://app.example/cb/"),
            ("https://app.example/cb", "https://app.example/cb?x=1"),
            ("https://app.example/cb", "https://app.example/cb#f"),
            ("https://app.example/cb", "https://app.example:443/cb"),
            ("https://app.example/cb", "HTTPS://APP.EXAMPLE/cb"),
            ("https://app.example/cb", "https://app.example.evil.example/cb"),
            ("https://app.example/cb", "https://app.example@evil.example/cb"),
            ("https://app.example/cb", "https://app.example/cb/../evil"),
            ("https://app.example/cb", "https://app.example/%63b"),
            ("https://app.example/cb", "http://app.example/cb"),
            ("http://127.0.0.1/callback", "http://127.0.0.1.evil.example/callback"),
            ("http://127.0.0.1/callback", "http://127.0.0.1:80@evil.example/callback"),
            ("http://127.0.0.1/callback", "http://127.0.0.1:1/callback?x"),
            ("http://127.0.0.1/callback", "http://127.0.0.1:1/other"),
            ("http://127.0.0.1/callback", "https://127.0.0.1:1/callback"),
            ("http://127.0.0.1/callback", "http://localhost:1/callback"),
            ("http://127.0.0.1/callback", "http://127.0.0.1:1\\@evil.example/callback"),
            ("http://127.0.0.1/callback", "http://127.0.0.1:1/callback\n"),
            ("http://localhost/callback", "http://localhost:99/callback"),
        ],
    )
    def test_does_not_match(self, registered, given_uri):
        assert not domain.redirect_matches(registered, given_uri)

    @pytest.mark.parametrize(
        "uri",
        ["https://a.example/cb", "http://127.0.0.1/cb", "http://[::1]/", "http://localhost:3000/cb", "com.example:/cb"],
    )
    def test_may_be_registered(self, uri):
        assert domain.redirect_is_registrable(uri)

    @pytest.mark.parametrize(
        "uri",
        [
            "http://a.example/cb", "https://a.example/cb#x", "https://u:p@a.example/", "https://*.example/", "/cb",
            "javascript:alert(1)", "data:text/html,x", "https:///cb", "https://a.example/ b", "https://a.example:x/",
            "https://a.example/\\x", "", "https://" + "a" * 2000, "ftp.example",
        ],
    )  # fmt: skip
    def test_may_not_be_registered(self, uri):
        assert not domain.redirect_is_registrable(uri)

    @given(st.text(max_size=60))
    @settings(max_examples=100)
    def test_nothing_raises(self, uri):
        domain.redirect_is_registrable(uri)
        assert domain.redirect_matches(uri, uri)
        assert not domain.redirect_matches("https://app.example/cb", "https://app.example/cb" + (uri or "x"))


class TestPkceAndHashes:
    def test_vector_of_rfc_7636(self):
        verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        assert domain.challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

    @pytest.mark.parametrize(
        ("text", "good"), [("a" * 42, False), ("a" * 43, True), ("a" * 128, True), ("a" * 129, False)]
    )
    def test_length_of_a_verifier(self, text, good):
        assert domain.is_verifier(text) is good

    def test_at_hash_vector(self):
        token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
        assert domain.at_hash(token, "ES256") == "77QmUPtjPfzWtF2AnpK9RQ"

    def test_at_hash_of_ed25519_is_half_of_sha512(self):
        assert len(domain.at_hash("token")) == 43


class TestScopes:
    def test_parse_keeps_order_and_drops_twins(self):
        assert domain.parse_scope("b a b") == ("b", "a")

    @pytest.mark.parametrize("text", ["a  b", " a", "a ", 'a"b', "a\\b", "a\tb", "中文"])
    def test_parse_refuses(self, text):
        with pytest.raises(ValueError, match="scope"):
            domain.parse_scope(text)

    def test_audience_is_the_services_of_the_scopes(self):
        assert domain.audience(["gov-collab.hotline.submit", "city-ops.cases.report"]) == ["city-ops", "gov-collab"]
        assert domain.audience(["openid", "city-ops.cases.report"]) == ["citizen-pass", "city-ops"]
        assert domain.audience([]) == ["citizen-pass"]

    def test_a_star_stands_for_city_scopes_alone(self):
        assert domain.client_may_ask(["*"], "city-ops.cases.handle")
        assert domain.client_may_ask(["*"], "openid")
        assert not domain.client_may_ask(["*"], "anything")
        assert not domain.client_may_ask(["*"], "*")

    @given(*[st.lists(st.sampled_from(sorted(domain.BASE_SCOPES | {"x.y.z", "a.b.c"})), unique=True) for _ in range(3)])
    @settings(max_examples=50)
    def test_a_token_never_carries_more_than_asked_allowed_and_held(self, asked, allowed, held):
        granted = domain.granted_scopes(asked, allowed, held)
        assert set(granted) == set(asked) & set(allowed) & set(held)


class TestNamesAndPasswords:
    @pytest.mark.parametrize("name", ["13900000001", "a@b.example", "131102198503150049", "ab", "A" * 40, "李秀英"])
    def test_a_name_cannot_be_an_identifier_of_a_person(self, name):
        assert domain.username_fault(domain.username_of(name), production=False) == "username-form"

    def test_full_width_and_capitals_are_one_name(self):
        assert domain.username_of(" ＬＩ.Xiu ") == "li.xiu"

    def test_sample_names_are_reserved_in_production_only(self):
        assert domain.username_fault("sample-citizen", production=True) == "username-reserved"
        assert domain.username_fault("sample-citizen", production=False) is None

    @pytest.mark.parametrize(
        ("password", "fault"),
        [
            ("short", "password-short"), ("x" * 129, "password-long"), ("aaaaaaaaaaaa", "password-common"),
            ("1234567890", "password-common"), ("my-xiuying-2026", "password-common"), ("correct horse battery", None),
        ],
    )  # fmt: skip
    def test_passwords(self, password, fault):
        assert domain.password_fault(password, "xiuying") == fault


class TestThrottle:
    rule = domain.ThrottleRule(3, timedelta(seconds=10), timedelta(minutes=1), timedelta(hours=1))

    def test_waits_double_up_to_the_longest(self):
        waits = [self.rule.blocked_until(n, NOW) for n in range(1, 8)]
        assert waits[:2] == [None, None]
        assert [int((w - NOW).total_seconds()) for w in waits[2:]] == [10, 20, 40, 60, 60]

    @given(st.integers(0, 40_000))
    @settings(max_examples=50)
    def test_a_wait_never_passes_the_longest(self, failures):
        until = self.rule.blocked_until(failures, NOW)
        assert until is None or NOW < until <= NOW + self.rule.longest_wait

    def test_old_failures_are_forgotten(self):
        assert self.rule.counts(NOW, NOW + timedelta(minutes=59))
        assert not self.rule.counts(NOW, NOW + timedelta(hours=1))


class TestAssurance:
    def test_levels(self):
        assert domain.assurance(verified=False, amr=["pop"]) == 1
        assert domain.assurance(verified=True, amr=["pwd"]) == 2
        assert domain.assurance(verified=True, amr=["pop", "user"]) == 3


class TestOffice:
    @staticmethod
    def appointment(department="A", scopes=("a.b.c",), days=-10, until=None, ended=None):
        ends = NOW + timedelta(days=until) if until is not None else None
        over = NOW + timedelta(days=ended) if ended is not None else None
        return Appointment(department, f"post-{department}", frozenset(scopes), NOW + timedelta(days=days), ends, over)

    def test_none(self):
        assert domain.office_at([], NOW) == domain.NO_OFFICE

    def test_not_yet_expired_and_ended_ones_give_nothing(self):
        rows = [self.appointment(days=1), self.appointment(until=-1), self.appointment(ended=-1)]
        assert domain.office_at(rows, NOW) == domain.NO_OFFICE

    def test_the_end_is_exclusive(self):
        assert not self.appointment(until=0).holds(NOW)
        assert self.appointment(days=0).holds(NOW)

    def test_posts_of_one_department_add_up(self):
        office = domain.office_at([self.appointment(), self.appointment(scopes=("d.e.f",), days=-1)], NOW)
        assert office.scopes == {"a.b.c", "d.e.f"}

    def test_rights_of_one_department_never_serve_another(self):
        office = domain.office_at([self.appointment(), self.appointment("B", ("x.y.z",), days=-1)], NOW)
        assert (office.department_code, office.scopes) == ("B", {"x.y.z"})
