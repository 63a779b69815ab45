"""The acts on messages: notify a person, mark as read, send outside, keep preferences; and what each event says."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from citizen_pass.identity.service import Accounts
from citizen_pass.messages import repository
from citizen_pass.messages.domain import TEMPLATES, DeliveryState, after_quiet_hours, later, write
from citizen_pass.messages.models import DeliveryRow, MessageRow, PreferenceRow
from citizen_pass.messages.schemas import Delivery, Message, MessageDetail, Preferences
from citykit.work import Work

SEND = "citizen-pass.messages.send"


class Messages:
    """The acts on messages, inside one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def notify(
        self, subject: UUID, kind: str, *, reference: str, places: dict[str, str], link: str | None = None
    ) -> UUID | None:
        """Put a message into a person's inbox and queue it for the channels that she wants.

        `reference` names the event: a second one changes nothing. None for a repeated one, and where the person has no
        open account here.
        """
        contact = await Accounts(self._work).contact(subject)
        if contact is None:
            return None
        words, now = write(kind, places), self._work.clock.now()
        made = await self._work.session.scalars(
            insert(MessageRow)
            .values(
                subject=subject, reference=reference, kind=kind, template_version=TEMPLATES[kind].version, link=link,
                title_zh=words.title[0], title_en=words.title[1], body_zh=words.body[0], body_en=words.body[1],
                created_at=now,
            )
            .on_conflict_do_nothing()
            .returning(MessageRow.id)
        )  # fmt: skip
        message_id = made.one_or_none()
        if message_id is None:
            return None
        self._delivery(message_id, "in-app", DeliveryState.delivered)
        wanted = await repository.preferences(self._work.session, subject)
        if wanted is not None and wanted.email and contact.email:
            self._queue(message_id, "email")
        if wanted is not None and wanted.sms and contact.phone:
            self._queue(message_id, "sms")
        return message_id

    def _delivery(self, message_id: UUID, channel: str, state: DeliveryState) -> None:
        now = self._work.clock.now()
        self._work.session.add(DeliveryRow(message_id=message_id, channel=channel, state=state, updated_at=now))

    def _queue(self, message_id: UUID, channel: str) -> None:
        """Queue one channel; within the quiet hours it waits for their end."""
        settings = self._work.settings
        at = after_quiet_hours(self._work.clock.now(), settings.quiet_from, settings.quiet_until)
        self._delivery(message_id, channel, DeliveryState.queued)
        self._work.jobs.defer(SEND, at=at, message_id=str(message_id), channel=channel)

    async def detail(self, row: MessageRow, *, english: bool) -> MessageDetail:
        """A message with its deliveries."""
        deliveries = [
            Delivery(channel=d.channel, state=d.state, updated_at=d.updated_at)
            for d in await repository.deliveries(self._work.session, row.id)
        ]
        return MessageDetail(**dict(Message.of(row, english=english)), deliveries=deliveries)

    async def read(self, row: MessageRow) -> None:
        """The person opened a message: the receipt 回执. The first one counts."""
        if row.read_at is None:
            row.read_at = self._work.clock.now()
            for delivery in await repository.deliveries(self._work.session, row.id):
                if delivery.channel == "in-app":
                    self.report(delivery, DeliveryState.read)

    async def read_all(self, subject: UUID) -> None:
        """The person saw her whole inbox."""
        now = self._work.clock.now()
        unread = MessageRow.subject == subject, MessageRow.read_at.is_(None)
        statement = update(MessageRow).where(*unread).values(read_at=now).returning(MessageRow.id)
        read = (await self._work.session.scalars(statement)).all()
        await self._work.session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.message_id.in_(read), DeliveryRow.channel == "in-app")
            .values(state=DeliveryState.read, updated_at=now)
        )

    def report(self, delivery: DeliveryRow, state: DeliveryState, fault: str | None = None) -> None:
        """Take a report on a delivery; a late one never sets it back."""
        reached = later(delivery.state, state)
        if reached != delivery.state:
            delivery.state, delivery.fault, delivery.updated_at = reached, fault, self._work.clock.now()

    async def prefer(self, subject: UUID, wanted: Preferences) -> Preferences:
        """Keep what a person wants outside the inbox."""
        values = wanted.model_dump() | {"updated_at": self._work.clock.now()}
        statement = insert(PreferenceRow).values(subject=subject, **values)
        await self._work.session.execute(statement.on_conflict_do_update(index_elements=["subject"], set_=values))
        return wanted
