"""Time stamps 时间戳 (RFC 3161): the port, an authority of one's own by OpenSSL, and a real one over HTTP."""
