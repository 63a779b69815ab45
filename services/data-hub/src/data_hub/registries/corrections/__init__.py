"""校核: how a wrong value is found, decided on by its source department, and made known to everybody who has it.

What a department that is not the source says is kept beside the value as a conflict 数据冲突. Whoever doubts a value
raises a dispute 校核申请: a department about a record that it uses, a person about her own. The source decides within
a limit in working days; past it the ticket is escalated 督办. A corrected value goes into the history with its
statement, and to every recipient: departments that read the field, that follow it, and the one that asked.
"""
