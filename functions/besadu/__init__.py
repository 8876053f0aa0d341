"""What the seven doors share. Imports point down: pages and services, then store, channels and outside things, then domain."""
