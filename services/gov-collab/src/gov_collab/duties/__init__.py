"""Duty notices 值班通知: what a department on duty must take up at once, told by the city's other services.

The programme asks that a crossing in the air is handed over at once (即时交办). City-operations raises the order and
follows it; here the department that it went to sees it among its own business and signs for having read it.
"""
