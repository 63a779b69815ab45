"""Sends queued messages outside, by e-mail or short message, each in a transaction of its own."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from citizen_pass.adapters.mail.log import LoggedMail
from citizen_pass.adapters.mail.port import Mail, MailRefused, MailSender
from citizen_pass.adapters.mail.smtp import SmtpMail
from citizen_pass.adapters.sms.log import LoggedSms
from citizen_pass.adapters.sms.port import Sms, SmsSender
from citizen_pass.identity.service import Accounts, Contact
from citizen_pass.messages.domain import TEMPLATES, DeliveryState
from citizen_pass.messages.models import DeliveryRow, MessageRow
from citizen_pass.messages.service import SEND, Messages
from citizen_pass.settings import Settings
from citykit.service import Task
from citykit.work import Work

GIVE_UP_AFTER = timedelta(days=3)  # news older than that misleads more than it helps
SIGNATURE = "【智慧衡水】"


def mail_sender(settings: Settings) -> MailSender:
    """SMTP where a server is named, the stand-in otherwise."""
    return SmtpMail(settings) if settings.smtp_host else LoggedMail()


def sms_sender(settings: Settings) -> SmsSender:
    """The stand-in: a provider needs a contract, and comes as one more adapter."""
    return LoggedSms()


async def send(work: Work, message_id: str, channel: str) -> None:
    """Send one message on one channel. A temporary fault raises, and the job is tried again later."""
    statement = select(DeliveryRow).where(DeliveryRow.message_id == UUID(message_id), DeliveryRow.channel == channel)
    delivery = (await work.session.scalars(statement.with_for_update())).first()
    if delivery is None or delivery.state != DeliveryState.queued:
        return  # sent by an earlier run whose end was not noted
    messages = Messages(work)
    message = await work.session.get_one(MessageRow, delivery.message_id)
    contact = await Accounts(work).contact(message.subject)
    if contact is None or work.clock.now() - message.created_at > GIVE_UP_AFTER:
        messages.report(delivery, DeliveryState.failed, "too late, or no account any more")
        return
    try:
        sender = await _hand_over(work, message, contact, channel)
    except MailRefused as refused:
        messages.report(delivery, DeliveryState.failed, f"refused: {refused}")
        return
    if sender == "log":
        # The stand-in is honest: what never left is not called sent.
        messages.report(delivery, DeliveryState.failed, "no provider is configured")
        return
    messages.report(delivery, DeliveryState.sent)


async def _hand_over(work: Work, message: MessageRow, contact: Contact, channel: str) -> str:
    """Hand a message to the channel's sender and answer the sender's name."""
    english = contact.language == "en"
    short = TEMPLATES[message.kind].short[1 if english else 0]
    link = f"{work.settings.public_url.rstrip('/')}/"
    invitation = f"Sign in to read it: {link}" if english else f"请登录城市通查看：{link}"
    if channel == "email":
        mail = mail_sender(work.settings)
        title = message.title_en if english else message.title_zh
        await mail.send(Mail(contact.email or "", short, f"{title}\n\n{invitation}\n", f"message-{message.id}"))
        return mail.name
    sms = sms_sender(work.settings)
    await sms.send(Sms(contact.phone or "", f"{SIGNATURE}{short}，{invitation}", f"message-{message.id}"))
    return sms.name


TASKS = (Task(SEND, send),)
