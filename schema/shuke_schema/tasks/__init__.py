"""The staff API of tasks: to-do lists, hand-over, how advisors do."""
