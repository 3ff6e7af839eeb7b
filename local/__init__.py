"""Runs the real deployment on this machine: emulator, Amazon's stand-in, CDK, and the demo's story."""
