"""Sources of data elsewhere 外部数据源: one port, read over HTTP, from PostgreSQL, or from another data hub."""
