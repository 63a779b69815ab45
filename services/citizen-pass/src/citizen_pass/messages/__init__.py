"""消息中心 Messages: what the city tells a person, in one inbox, with receipts; e-mail and short messages refer to it.

Events of the other services become inbox entries by versioned templates in Chinese and English. It fulfils the part
of 城市通 that keeps a citizen or a firm informed of every matter without asking.
"""
