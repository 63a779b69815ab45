"""The outside world: one port each, an honest local stand-in, and the real one."""
