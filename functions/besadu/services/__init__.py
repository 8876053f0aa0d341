"""The use cases, one verb a function. They know the rules' modules and the store, and nothing of HTTP."""
