"""Runs the real deployment on this machine: the AWS emulator, Amazon's stand-in, the CDK and the demo's story."""
