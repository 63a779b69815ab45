"""What the launcher says when it cannot go on: one sentence, Chinese then English, and an exit code that is not 0."""


class Refusal(Exception):
    """The act is not possible; the text is for the person at the terminal and needs no stack trace."""

    def __init__(self, chinese: str, english: str, *, code: int = 1) -> None:
        super().__init__(f"{chinese}\n{english}")
        self.chinese = chinese
        self.english = english
        self.code = code
