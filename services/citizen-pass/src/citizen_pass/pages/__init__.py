"""The service's own pages: one look, two languages, no script but for passkeys, nothing loaded from elsewhere."""
