"""Pure rules: standard library only, time passed in as ``now``, no I/O."""
