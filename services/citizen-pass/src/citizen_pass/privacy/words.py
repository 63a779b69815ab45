"""The words of the access log: what services are called, and what lines say that were kept without words.

A line keeps the words of its day (`citykit.usage`). Those of former days, and those of services that say theirs by code
alone, are told by this list; a code that nobody explains stands as it is.
"""

SERVICES = {
    "data-hub": "大数据中心 Data hub",
    "gov-collab": "政务协同 Government collaboration",
    "city-ops": "城市运行管理 City operations",
    "enterprise": "企业融合服务 Enterprise services",
    "citizen-pass": "城市通 City Pass",
}
FIELDS = {
    # the population registry
    "name": "姓名 Name",
    "id_number": "公民身份号码 Citizen number",
    "sex": "性别 Sex",
    "birth_date": "出生日期 Date of birth",
    "ethnicity": "民族 Ethnicity",
    "state": "登记状态 State of registration",
    "division_code": "户籍所在区划 Division of registration",
    "phone": "联系电话 Telephone",
    "relations": "监护关系 Guardianship",
    # licences
    "holder_name": "持证人姓名 Name of the holder",
    "holder_number": "持证人号码 Number of the holder",
    "holder_shown": "脱敏的持证人信息 The holder, masked",
    "standing": "证照状态 Standing of the licence",
    # the hotline, cases and requests
    "title": "标题 Title",
    "text": "内容 Text",
    "description": "描述 Description",
    "location": "位置 Place",
    "address": "地址 Address",
    "answer": "答复 Answer",
    "trail": "办理过程 How it was handled",
    "photos": "照片 Photographs",
    "contact_name": "联系人 Contact",
    "contact_phone": "联系电话 Telephone of the contact",
    # accounts and questions
    "username": "用户名 User name",
    "display_name": "显示名称 Display name",
    "masked_name": "脱敏姓名 Name, masked",
    "usage": "被质疑的访问 The access in question",
}
_KINDS = {"sub": "工作人员 A member of staff", "client": "程序 A program"}


def service_said(service: str) -> str:
    """What a service is called."""
    return SERVICES.get(service, service)


def reader_said(code: str, name: str | None) -> str:
    """Who read, besides the office: the name on the token, or what kind of party it was. A service reads by itself."""
    kind, _, own = code.partition(":")
    return service_said(own) if kind == "service" else name or _KINDS.get(kind, code)


def fields_said(fields: list[str], words: dict[str, str]) -> dict[str, str]:
    """What fields are called: as the line says, else as the list above does; who has no name is left out."""
    known = FIELDS | words
    return {field: known[field] for field in fields if field in known}
