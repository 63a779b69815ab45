"""政务协同 Government collaboration: who answers for what, and the 961890 hotline that asks them.

This service owns the departments, posts, appointments and responsibility lists of the city, the classes of matters,
and the tickets of the hotline. It calls data-hub alone; everything uphill leaves as an event.
"""
