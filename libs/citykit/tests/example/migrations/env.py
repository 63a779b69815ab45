from citykit.migrations import run

run()
