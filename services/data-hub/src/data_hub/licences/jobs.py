"""What happens to licences after the request: the parts of a batch become licences, unknown holders are found."""

from citykit.service import Task
from data_hub.licences.awaiting import find_holders, keep_older
from data_hub.licences.batches import ISSUE_PART, issue_part

TASKS = (
    Task(ISSUE_PART, issue_part),
    Task("data-hub.licences.find-holders", find_holders, every="*/10 * * * *"),
    Task("data-hub.licences.keep-older-holders", keep_older, every="17 * * * *"),
)
