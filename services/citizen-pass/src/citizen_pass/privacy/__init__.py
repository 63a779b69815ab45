"""谁看过我的数据 Privacy: every read of a person's data by somebody else, from all services, and questions about them.

Each service answers for itself; nothing is copied here, and a service that does not answer is named. It fulfils the
programme's promise that data shared across the city stays under the eyes of the people it is about.
"""
