"""BESADU's platform on one machine: emulators, stand-ins and simulated providers. Nothing here is deployed."""
