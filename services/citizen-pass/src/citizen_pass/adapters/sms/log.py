"""The stand-in for a short-message provider: no contract with an operator, no message, and a line that says so."""

import structlog

from citizen_pass.adapters.sms.port import Sms

log = structlog.get_logger("citizen_pass.sms")


class LoggedSms:
    """Sends nothing, and says so."""

    name = "log"

    async def send(self, sms: Sms) -> None:
        """Write one line with the text (which holds no personal data), never with the number."""
        log.info("sms_not_sent", reference=sms.reference, text=sms.text, why="no provider is configured")
