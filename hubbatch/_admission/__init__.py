"""Who may send now: runs take turns, a broken service is probed, only so many requests are under way at once.

A request passes `gate` first, and gets its place in the quota (`_quota`) there. It knows nothing of what is sent.
"""
