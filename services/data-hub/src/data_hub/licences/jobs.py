"""What happens to licences after the request: the parts of a batch become licences."""

from citykit.service import Task
from data_hub.licences.batches import ISSUE_PART, issue_part

TASKS = (Task(ISSUE_PART, issue_part),)
