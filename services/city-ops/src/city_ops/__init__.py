"""City operations 城市运行管理: the air of the city with its orders, and the cases of city management."""
