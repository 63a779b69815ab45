"""The service under test: cheap password hashes, an issuer at the real path, the sample city's secrets."""

from citizen_pass.sample import drafts
from citykit.testing import service_fixture

GATEWAY = "http://city.test"
ISSUER = f"{GATEWAY}/api/citizen-pass/oidc"
SAMPLE_PASSWORD = "a-sample-password-for-tests"
CLIENT_SECRETS = {
    f"client_{draft.client_id}": f"secret-of-{draft.client_id}-for-tests"
    for draft in drafts(GATEWAY)
    if draft.auth != "none"
}

city = service_fixture(
    "citizen_pass.main:service",
    files={"sample_password": SAMPLE_PASSWORD, **CLIENT_SECRETS},
    token_issuer=ISSUER,
    argon2_memory_kib=8192,
    argon2_time_cost=1,
    trusted_proxies=1,
)
