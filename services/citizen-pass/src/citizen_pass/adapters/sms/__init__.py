"""Short messages 短信: the port, and a stand-in that says that nothing was sent."""
