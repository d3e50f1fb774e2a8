"""The HTTP face: a customer's profile for whoever renders mail, and the pages that links in messages lead to.

Nothing is imported here: commands that answer nothing need not wait for the web framework.
"""
