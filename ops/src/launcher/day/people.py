"""Those who take part in the day: each signs in through the city's own pages and calls the public gateway."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from launcher import signin
from launcher.city import City
from launcher.refusals import Refusal

Found = TypeVar("Found")
PATIENCE_SECONDS = 90
NOT_NOW = {429, 502, 503, 504}


class Unexpected(Refusal):
    """The day did not go as it should; it ends here and says why."""

    def __init__(self, what: str) -> None:
        super().__init__(f"演示中断：{what}", f"The day ended early: {what}")


class Caller:
    """Somebody who calls the gateway: anybody without a token, a person or a program with one."""

    def __init__(self, city: City, name: str) -> None:
        self.city = city
        self.name = name
        self._client = httpx.Client(base_url=city.public_url, timeout=30, trust_env=False)

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def headers(self) -> dict[str, str]:
        """The headers that say who calls."""
        return {}

    def forget(self) -> None:
        """Throw the token away, so that the next call gets a new one."""

    def call(self, method: str, path: str, **options: Any) -> Any:
        """The JSON answer of a call that must succeed; patient with a gateway or service that says "not now".

        Raises Unexpected with the problem's own words.
        """
        response = self.send(method, path, **options)
        if not response.is_success:
            raise Unexpected(f"{self.name}: {method} {path}: {response.status_code} {response.text[:400]}")
        return response.json() if response.content else None

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The response, whatever it says. One expired token is renewed; "not now" is waited for within bounds."""
        given = options.pop("headers", {})
        for attempt in range(12):
            response = self._client.request(method, path, headers=self.headers() | given, **options)
            if response.status_code == 401 and attempt == 0:
                self.forget()
            elif response.status_code in NOT_NOW and attempt < 11:
                time.sleep(min(float(response.headers.get("retry-after", "0.5")), 5.0))
            else:
                return response
        return response

    def get(self, path: str, **params: Any) -> Any:
        """GET `path`."""
        return self.call("GET", path, params=params)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """POST `body` as JSON to `path`, with an idempotency key where one is given."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.call("POST", path, headers=headers, **({} if body is None else {"json": body}))


class Person(Caller):
    """A person who signs in by authorization code with PKCE."""

    def __init__(self, city: City, name: str, username: str, password: str, scopes: list[str]) -> None:
        super().__init__(city, name)
        self.username = username
        self._password = password
        self._scopes = scopes
        self._token: str | None = None

    def headers(self) -> dict[str, str]:
        """A bearer token, got by signing in where there is none yet."""
        if self._token is None:
            self._token = signin.sign_in(self.city, self.username, self._password, self._scopes)["access_token"]
        return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """Sign in again at the next call."""
        self._token = None


class Program(Caller):
    """A client program that proves itself with its secret (client credentials)."""

    def __init__(self, city: City, client_id: str, scope: str) -> None:
        super().__init__(city, client_id)
        self._scope = scope
        self._token: str | None = None

    def headers(self) -> dict[str, str]:
        """A bearer token, got from the token endpoint where there is none yet."""
        if self._token is None:
            answer = self._client.post(
                f"{self.city.issuer}/token",
                data={"grant_type": "client_credentials", "scope": self._scope},
                auth=(self.name, self.city.secret("citizen-pass", f"client_{self.name}")),
            )
            if not answer.is_success:
                raise Unexpected(f"{self.name}: no token: {answer.status_code} {answer.text[:200]}")
            self._token = str(answer.json()["access_token"])
        return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """Get a new token at the next call."""
        self._token = None


def persona(city: City, key: str) -> Person:
    """A persona of the sample city, with all her scopes."""
    who = signin.personas()[key]
    password = city.secret("citizen-pass", "sample_password")
    return Person(city, who["name"], who["username"], password, [*signin.BASE_SCOPES, *who["scopes"]])


def wait_for(what: str, look: Callable[[], Found | None]) -> Found:
    """What `look` finds, once it finds something. Raises Unexpected after a minute and a half of nothing."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > limit:
            raise Unexpected(f"waited in vain for {what}")
        time.sleep(0.25)
