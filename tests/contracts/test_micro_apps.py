"""What the data hub lets its apps ask for is what citizen-pass gives their clients."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from citizen_pass.identity import domain as identity
from citizen_pass.identity.scopes import WORDS
from data_hub.micro_apps import domain as apps

HOST = "city.example"
PARTS = st.lists(
    st.sampled_from(
        ["https:", "http:", "javascript:", "cn.hengshui.app:", "//", "/", HOST, "127.0.0.1", "[::1]", "[", ":8000",
         "a@", "#", "*", "\\", "?x=1", " ", "é"]
    ),
    max_size=6,
)  # fmt: skip


def test_an_app_is_granted_what_every_account_carries_and_nothing_of_citizen_pass() -> None:
    assert apps.GRANTABLE.keys() == {
        scope
        for scope in identity.BASE_SCOPES - identity.OPENID_SCOPES
        if not scope.startswith(f"{identity.OWN_SERVICE}.")
    }


def test_the_store_says_of_a_scope_what_the_consent_page_says() -> None:
    assert {scope: WORDS[scope] for scope in apps.GRANTABLE} == apps.GRANTABLE


@settings(max_examples=500, deadline=None)
@given(PARTS.map("".join))
@example("https://parks.example/back")
@example(f"http://{HOST}/back")
@example("javascript:alert(1)")
@example("https://parks.example/cb#frag")
@example("http://evil.example/cb")
def test_an_address_that_the_hub_lets_through_is_one_that_a_client_may_have(uri: str) -> None:
    assert apps.may_return_to(uri, HOST) == identity.redirect_is_registrable(uri, own_host=HOST)
