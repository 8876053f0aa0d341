"""The world outside BESADU, simulated: the providers that carry messages, and the phones of citizens and duty posts.

BESADU talks to it over HTTP exactly as to the real providers. A further channel is one file here and one line in
``app.CHANNELS``.
"""
