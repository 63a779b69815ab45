"""个人数据查阅留痕 Reads of persons in gathered data: who of the rows that leave the hub is told of it, and how.

A row belongs to the person whose citizen number (GB 11643) stands in it: an information item whose quality rule is the
check digit of that standard says where. Whatever slice lets rows out (data services, files, subscriptions) notes here
whose they were, and each person of the population registry has one line in the access log, in the same transaction.
"""
