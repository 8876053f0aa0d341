"""Flask apps behind the doors that show pages: console, desk, upload, portal."""
