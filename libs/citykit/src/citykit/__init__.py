"""The kernel of Smart Hengshui: mechanism without one business noun.

It holds what every service needs in the same way: the app factory, one transaction per request, events that
survive a crash, tokens, problems, pages, audit. It knows no service by name; services tell it who they are.
"""
