"""The outside world 外部服务: one port each, an honest local stand-in, and the real one."""
