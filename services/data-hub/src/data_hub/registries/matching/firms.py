"""The part of a firm's name that tells it from others (字号 with its trade): place and legal form left out."""

import re
from functools import lru_cache

_PLACES = (
    "桃城", "冀州", "枣强", "武邑", "武强", "饶阳", "安平", "故城", "景县", "阜城", "深州", "滨湖", "高新",
)  # fmt: skip
_PLACE = re.compile(rf"^(?:河北省?)?(?:衡水市?)?(?:(?:{'|'.join(_PLACES)})(?:市|县|区|新区)?)?")
# The first look is for speed alone: a form begins with few characters, and each place of a name is tried.
_FORM = re.compile(
    r"(?=[(（股有集合农专服经商超分总公厂店中协学基事]|$)"
    r"(?:[(（][^)）]{1,12}[)）])?"
    r"(?:股份有限公司|有限责任公司|集团有限公司|有限公司|合伙企业|农民专业合作社联合社|农民专业合作社|专业合作社|合作社"
    r"|服务中心|经营部|经销部|商店|商行|超市|分公司|总公司|公司|厂|店|中心|协会|学会|商会|基金会|事务所)?"
    r"(?:[(（][^)）]{1,12}[)）])?$"
)


@lru_cache(maxsize=20_000)
def core(key: str) -> str:
    """What is left of a firm's name (as compared) without place and legal form; the whole name where nothing would be.

    >>> core("衡水桃城思远橡塑制品有限公司")
    '思远橡塑制品'
    """
    left = _PLACE.sub("", key, count=1)
    left = _FORM.sub("", left, count=1) or left
    return left if len(left) > 1 else key
