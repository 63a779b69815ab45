"""E-mail 电子邮件: the port, SMTP, and a stand-in that says that nothing was sent."""
