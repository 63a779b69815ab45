"""离线验证 What an auditor runs without the city: a shell script and a Python file, published and in each export."""
