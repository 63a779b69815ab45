"""Refusals of identity: problems of the JSON interface, and the errors that OAuth 2.0 and OpenID Connect name."""

from citykit.problems import Conflict, Invalid, NotFound, TooManyRequests


class UsernameTaken(Conflict):
    """Somebody registered this name before. Names say nothing about persons, so this may be told."""

    slug = "username-taken"
    title = ("用户名已被使用", "The user name is taken")


class AccountFault(Invalid):
    """A name, password or contact cannot be taken; `errors` says which and why."""

    slug = "account-fault"
    title = ("账户信息不符合要求", "The account cannot be made with this")


class TooManyTries(TooManyRequests):
    """Too many tries from this account or address."""

    slug = "too-many-tries"
    title = ("尝试次数过多，请稍后再试", "Too many tries, please wait")


class IdentityNotMatched(Invalid):
    """The population registry knows no living person with this name and number together."""

    slug = "identity-not-matched"
    title = ("姓名与公民身份号码不一致", "Name and identity number do not belong together")


class AlreadyVerified(Conflict):
    """The account's real name is verified already."""

    slug = "already-verified"
    title = ("该账户已完成实名认证", "This account is verified already")


class PersonBound(Conflict):
    """The person is bound to another account; a counter can release it."""

    slug = "person-bound"
    title = (
        "该身份已绑定其他账户，请到服务窗口办理",
        "This person is bound to another account; please go to a counter",
    )


class ClientExists(Conflict):
    """There is a client with this id."""

    slug = "client-exists"
    title = ("客户端标识已存在", "There is a client with this id")


class ClientFault(Invalid):
    """The registration of a client contradicts itself or a standard; `errors` says where."""

    slug = "client-fault"
    title = ("客户端登记信息有误", "The client cannot be registered like this")


class NoSuchClient(NotFound):
    """There is no such client."""

    slug = "no-such-client"
    title = ("未找到该客户端", "No such client")


class OAuthError(Exception):
    """An error of the token, pushed-request, introspection or revocation endpoint (RFC 6749 §5.2).

    It is answered inside the endpoint, which commits: what a refusal must leave behind (a spent code, a revoked
    family, a counted failure) is written before it is raised.
    """

    def __init__(self, error: str, description: str = "", *, status: int = 400, challenge: str | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status
        self.challenge = challenge


class PageError(Exception):
    """An authorization request that must not be answered at its redirect URI: shown to the person instead."""

    def __init__(self, said: tuple[str, str], *, status: int = 400) -> None:
        super().__init__(said[1])
        self.said = said
        self.status = status


class RedirectError(Exception):
    """An authorization request that is refused at the client's verified redirect URI (RFC 6749 §4.1.2.1)."""

    def __init__(self, redirect_uri: str, error: str, description: str, state: str | None) -> None:
        super().__init__(error)
        self.redirect_uri = redirect_uri
        self.error = error
        self.description = description
        self.state = state
