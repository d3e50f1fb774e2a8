"""Live customer data in email, at the moment it is sent."""

__version__ = "0.1.0"
