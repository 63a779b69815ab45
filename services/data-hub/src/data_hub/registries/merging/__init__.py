"""记录合并: two records of one person or of one firm become one, and a merger that was wrong is undone.

Somebody is registered twice where her number was mistyped once, a firm where its code was. Neither number can be
corrected then, as the other record carries it. The department that keeps the number merges the one record, `subject`,
into the other one, `survivor`, on a legal basis; nothing is lost, and nothing is chosen in silence:

* The survivor keeps her number. Days of which she has no value take over what the merged record says of them, each
  value under the statement that it came with, known of her from now on; what was known when is never rewritten.
* Where both say something of today and it differs, the survivor's value stands and the other is a conflict 数据冲突,
  which the source of the field decides (`registries.corrections`). What differs of former days stays where it was.
* The merged record stands no more: questions, matches and its number find the survivor or nobody. Read by its own
  number it answers 410 with the survivor's; its history stays readable, as of any moment before the merger.
* What was written of it keeps its number and is followed to the survivor (`registries.mergers`): tickets, conflicts,
  licences, credit records, who a token or a firm's register names, the lines of access logs. Relations move, as they
  say what is so today. A register that is fed by the number that was given up hears that it must be mended.
* Followers are told of both records, with `merged_into`; departments that read the merged one get a notice.

As long as the survivor was not changed since, the merger can be undone with a reason: the record is known again from
that moment on, the survivor knows no more what she had taken over, and the conflicts of the merger are ended.
"""
