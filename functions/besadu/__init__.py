"""What the seven doors share. Imports point down: pages, services, then store and channels, then domain."""
