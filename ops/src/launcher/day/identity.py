"""Step 1: a citizen registers, has her real name verified, and signs in by authorization code with PKCE."""

import secrets
from datetime import UTC, datetime

from citykit.identifiers.gb11643 import check_character
from launcher import signin
from launcher.day.account import Day
from launcher.day.people import Person, Unexpected

# The sample city's newcomer: a name for her, and a place and day of birth for a number that nobody has yet.
NAME, DIVISION, BORN = "王秀兰", "131102", "19910612"


def register(day: Day) -> None:
    """Register at the population registry's counter, then at the city pass; verify; sign in."""
    with day.step(1, "注册、实名、登录", "A citizen registers, is verified and signs in"):
        number = _a_newcomer(day)
        username, password = f"xiulan-{secrets.token_hex(4)}", secrets.token_urlsafe(18)
        draft = {"username": username, "password": password, "display_name": NAME, "phone": "13900000099"}
        account = day.anyone().post("/api/citizen-pass/v1/accounts", draft)
        day.facts["subject"] = account["subject"]
        day.tell(f"账户 account {username} · {account['subject']} · l{account['assurance']}")
        citizen = Person(day.city, NAME, username, password, signin.BASE_SCOPES)
        day.remember(citizen, username)
        wrong = citizen.send(
            "POST", "/api/citizen-pass/v1/accounts/me/verifications", json={"name": "王秀", "id_number": number}
        )
        if wrong.is_success:
            raise Unexpected("a wrong name was verified")
        day.tell(f"姓名不符被拒 a wrong name is refused: {wrong.status_code} {wrong.json()['title']}")
        verified = citizen.post("/api/citizen-pass/v1/accounts/me/verifications", {"name": NAME, "id_number": number})
        if verified["assurance"] != 2:
            raise Unexpected(f"the verified account has assurance {verified['assurance']}")
        day.was_read("data-hub", "service:citizen-pass")
        citizen.forget()  # the next token says that she is verified
        day.facts["person"] = verified["person"]
        day.citizen = citizen
        me = citizen.get("/api/citizen-pass/v1/accounts/me")
        day.tell(
            f"实名 verified {me['masked_name']} · {verified['person']}", day.url("/api/citizen-pass/pages/account")
        )


def _a_newcomer(day: Day) -> str:
    """The registrar enters a person whom the registry does not know; her identification number."""
    registrar = day.persona("registrar")
    department = signin.personas()["registrar"]["department_code"]
    source = {"department": department, "reason": "迁入登记 moved here"}
    for _ in range(50):
        first = f"{DIVISION}{BORN}{secrets.randbelow(450) * 2:03d}"  # an even sequence number: a woman
        number = first + check_character(first)
        draft = {"name": NAME, "id_number": number, "division_code": DIVISION, "phone": "13900000099", "source": source}
        answer = registrar.send("POST", "/api/data-hub/v1/population/persons", json=draft)
        if answer.status_code == 201:
            day.tell(
                f"人口库登记 population registry: {answer.json()['name']} {answer.json()['id_number']}"
                f" · {datetime.now(UTC):%Y-%m-%d}"
            )
            return number
        if answer.status_code != 409:
            raise Unexpected(f"the registrar could not enter her: {answer.status_code} {answer.text[:300]}")
    raise Unexpected("every number of that day of birth is taken")
