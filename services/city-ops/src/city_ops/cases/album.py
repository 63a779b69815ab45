"""The photos of cases: taken in clean, attached by the act that names them, shown to who may see the case."""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import undefer

from city_ops.cases.domain import PhotoPurpose
from city_ops.cases.errors import PhotosRefused
from city_ops.cases.models import PhotoRow
from city_ops.cases.photos import clean
from city_ops.cases.schemas import PhotoInfo
from citykit.access import Actor
from citykit.ids import new_id
from citykit.problems import FieldError, NotFound
from citykit.work import Work

# A photo of 50 million pixels takes some 20 MB while it is read; more at once would crowd out the rest of the process.
_DECODING = asyncio.Semaphore(2)


class Album:
    """The photos within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def take_in(self, upload: bytes, *, by: Actor) -> PhotoInfo:
        """Keep an upload as a clean photo of `by`, until an act attaches it. Raises 422 `not-a-photo`."""
        async with _DECODING:
            photo = await asyncio.to_thread(clean, upload)
        row = PhotoRow(
            id=new_id(),
            owner=by.reference,
            media_type=photo.media_type,
            width=photo.width,
            height=photo.height,
            sha256=sha256(photo.content).digest(),
            content=photo.content,
            uploaded_at=self.work.clock.now(),
        )
        self.work.session.add(row)
        await self.work.session.flush()
        self.work.audit.note(
            stream=f"photo/{row.id}", act="upload", by=by, data={"sha256": row.sha256.hex(), "type": row.media_type}
        )
        return PhotoInfo.of(row)

    async def attach(self, case_id: UUID, photos: Sequence[UUID], purpose: PhotoPurpose, by: Actor) -> None:
        """Give photos that `by` uploaded to a case. Raises 422 `photos-refused` where one is not there to give."""
        if not photos:
            return
        given = await self.work.session.scalars(
            update(PhotoRow)
            .where(PhotoRow.id.in_(photos), PhotoRow.owner == by.reference, PhotoRow.case_id.is_(None))
            .values(case_id=case_id, purpose=purpose.value)
            .returning(PhotoRow.id)
            .execution_options(synchronize_session=False)
        )
        known = set(given)
        errors = [
            FieldError(pointer=f"/body/photos/{place}", code="unknown", message="no such photo to attach")
            for place, photo in enumerate(photos)
            if photo not in known or photo in photos[:place]
        ]
        if errors:
            raise PhotosRefused(errors=errors)

    async def content(self, case_id: UUID, photo_id: UUID) -> PhotoRow:
        """A photo of a case with its content. Raises 404."""
        wanted = select(PhotoRow).where(PhotoRow.id == photo_id, PhotoRow.case_id == case_id)
        row = (await self.work.session.scalars(wanted.options(undefer(PhotoRow.content)))).one_or_none()
        if row is None:
            raise NotFound()
        return row
