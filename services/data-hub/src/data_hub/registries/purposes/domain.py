"""The purposes that the city recognises. A new one is a change of this file, reviewed like any other rule."""

from dataclasses import dataclass

# Whose guardian a person is and who hers are: no value of her own, and seen for few purposes.
RELATIONS = "relations"
# What a person reads in her access log: the registry, and what its fields are called.
REGISTER = "人口库 Population registry"
FIELD_WORDS = {
    "name": "姓名 Name",
    "id_number": "公民身份号码 Citizen number",
    "sex": "性别 Sex",
    "birth_date": "出生日期 Date of birth",
    "ethnicity": "民族 Ethnicity",
    "state": "登记状态 State of registration",
    "division_code": "户籍所在区划 Division of registration",
    "address": "住址 Address",
    "phone": "联系电话 Telephone",
    RELATIONS: "监护关系 Guardianship",
}


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose: its names, its legal basis, the fields it may see (masked) and those it may have disclosed.

    `verifies` says whether name and number may be checked against the registry for it.
    """

    code: str
    name_zh: str
    name_en: str
    legal_basis: str
    fields: tuple[str, ...] = ()
    disclosable: tuple[str, ...] = ()
    verifies: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        """Those of the fields that are values of a record."""
        return tuple(field for field in self.fields if field != RELATIONS)

    @property
    def said(self) -> str:
        """The purpose as a person reads it in her access log."""
        return f"{self.name_zh} {self.name_en}"


_WHO = ("name", "id_number", "sex", "birth_date", "state")
_WHERE = ("division_code", "address")
_ALL = (*_WHO, "ethnicity", *_WHERE, "phone")

PURPOSES = (
    Purpose(
        "real-name-verification", "实名核验", "Real-name verification",
        "《中华人民共和国网络安全法》关于用户真实身份信息的规定；《中华人民共和国个人信息保护法》第十三条",
        fields=("name", "id_number", "birth_date", "state"), verifies=True,
    ),
    Purpose(
        "household-registration", "户口登记管理", "Household registration",
        "《中华人民共和国户口登记条例》第三条", fields=(*_ALL, RELATIONS), disclosable=_ALL,
    ),
    Purpose(
        "registry-maintenance", "基础库数据校核", "Checking and mending the registry",
        "《政务数据共享条例》（国务院令第809号）", fields=(*_ALL, RELATIONS), disclosable=_WHO,
    ),
    Purpose(
        "public-service", "政务服务事项办理", "Handling a public service matter",
        "《国务院关于在线政务服务的若干规定》（国务院令第716号）；《中华人民共和国个人信息保护法》第三十四条",
        fields=(*_WHO, *_WHERE, "phone", RELATIONS), disclosable=("name", "id_number", "phone", "address"),
    ),
    Purpose(
        "minor-protection", "未成年人监护核验", "Verifying the guardianship of a minor",
        "《中华人民共和国民法典》第二十七条；《中华人民共和国未成年人保护法》",
        fields=(*_WHO, RELATIONS), disclosable=("name",), verifies=True,
    ),
    Purpose(
        "legal-entity-registration", "市场主体登记核验", "Verifying who registers or represents a firm",
        "《中华人民共和国市场主体登记管理条例》（国务院令第746号）",
        fields=("name", "id_number", "state"), disclosable=("name",), verifies=True,
    ),
    Purpose(
        "emergency-response", "突发事件应对", "Responding to an emergency",
        "《中华人民共和国突发事件应对法》",
        fields=("name", "sex", "birth_date", *_WHERE, "phone"), disclosable=("name", "phone", "address"),
    ),
    Purpose(
        "compliance-audit", "个人信息合规审计", "Audit of how personal data is handled",
        "《中华人民共和国个人信息保护法》第五十四条", fields=("name", "id_number", "state"),
    ),
)  # fmt: skip
BY_CODE = {purpose.code: purpose for purpose in PURPOSES}
# What a person does with her own record needs no permission; the name stands in her own answer only.
OWN_RECORD = Purpose(
    "own-record", "本人查询", "A person's own record", "《中华人民共和国个人信息保护法》第四十五条", fields=_ALL
)
