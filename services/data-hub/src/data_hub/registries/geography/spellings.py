"""How people write the names of divisions: 桃城 for 桃城区, 前铺村 for 前铺村民委员会."""

from data_hub.divisions.domain import Level

_COMMITTEES = (
    ("村村民委员会", "村"), ("社区居民委员会", "社区"), ("社区居委会", "社区"), ("村民委员会", "村"),
    ("居民委员会", "社区"), ("村委会", "村"), ("居委会", "社区"),
)  # fmt: skip
_ENDINGS = {
    Level.province: ("省",),
    Level.city: ("市",),
    Level.county: ("区", "县", "市"),
    Level.town: ("街道办事处", "街道", "镇", "乡"),
    Level.village: ("社区", "村"),
}


def usual(name: str, level: Level) -> str:
    """A division's name as it stands in an address: the village, not its committee."""
    if level is not Level.village:
        return name
    return next((name[: -len(end)] + short for end, short in _COMMITTEES if name.endswith(end)), name)


def spellings(name: str, level: Level) -> tuple[str, ...]:
    """The other ways to write a division's name, longest first; one of a single character is none."""
    found = [name, usual(name, level)]
    for end in _ENDINGS[level]:
        if found[-1].endswith(end):
            found.append(found[-1][: -len(end)])
            break
    return tuple(one for one in dict.fromkeys(found) if len(one) >= 2 and one != name)
