"""The convenience hotline 961890 便民服务热线: a ticket from its intake to the citizen's rating.

The programme names the 961890 hotline as the door of the "one net" of government services. A matter comes by telephone,
web or app; it is classified, handed to the department that the responsibility list names, signed for, answered, called
back and rated. A matter of city management becomes a case of its own service and comes back answered. Whoever reported
it sees every public step.
"""
