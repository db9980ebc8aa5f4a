"""HubSpot's bytes to values and back, and what an answer says.

`symptoms` is the table of answers: what each proves, and how often and after which wait it is tried again. Pure: it
knows nothing of batches, or of how anything is sent.
"""
