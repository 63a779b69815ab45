"""E-mail over SMTP (RFC 5321), with STARTTLS where the settings say so."""

from email.message import EmailMessage
from email.utils import formatdate

import aiosmtplib

from citizen_pass.adapters.mail.port import Mail, MailRefused
from citizen_pass.settings import Settings

_TIMEOUT_SECONDS = 20


class SmtpMail:
    """Sends mail through the server that the settings name; the password is the secret file `smtp_password`."""

    name = "smtp"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def send(self, mail: Mail) -> None:
        """Send `mail`. Raises MailRefused for a 5xx answer; connection faults and 4xx answers pass for a later try."""
        settings = self._settings
        password = settings.secret("smtp_password") if settings.smtp_username else None
        try:
            await aiosmtplib.send(
                _letter(mail, settings.smtp_sender),
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_username or None,
                password=password,
                start_tls=settings.smtp_start_tls,
                timeout=_TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            if all(one.code >= 500 for one in refused.recipients):
                raise MailRefused(str(refused.recipients[0].code)) from refused
            raise
        except aiosmtplib.SMTPResponseException as refused:
            if refused.code >= 500:
                raise MailRefused(str(refused.code)) from refused
            raise


def _letter(mail: Mail, sender: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = sender, mail.to, mail.subject
    letter["Date"] = formatdate(localtime=False)
    letter["Message-ID"] = f"<{mail.reference}@{sender.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers, please
    letter.set_content(mail.text)
    return letter
