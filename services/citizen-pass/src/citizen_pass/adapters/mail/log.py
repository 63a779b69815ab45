"""The stand-in where no SMTP server is named: it says in the log that nothing went out, and never to whom."""

import structlog

from citizen_pass.adapters.mail.port import Mail

log = structlog.get_logger("citizen_pass.mail")


class LoggedMail:
    """Sends nothing, and says so."""

    name = "log"

    async def send(self, mail: Mail) -> None:
        """Write one line; no address and no text."""
        log.info("mail_not_sent", reference=mail.reference, why="no SMTP server is configured")
